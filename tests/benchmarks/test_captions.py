"""The benchmark of captions: what it reads, whom it compares, and what it prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import captions
from tasks.backends.wordnet import wordnet_unavailable
from tasks.metrics.meteor import meteor_unavailable
from tasks.metrics.spice import Spice, Spider


def test_a_row_has_its_captions_in_order(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text('file,candidate,ref_1,ref_2,spice\nx.wav,"a dog, barking",dogs,"a ""dog""",0.1\n', encoding="utf-8")
    [row] = captions.rows(file)
    assert (row.hypothesis, row.reference, row.finished) == ("a dog, barking", ["dogs", 'a "dog"'], True)


def test_both_sets_leave_spice_out() -> None:
    every = [one for some in captions.chosen("all").values() for one in some]
    assert every
    assert not any(isinstance(one.metric, Spice | Spider) for one in every)
    assert {one.id for some in captions.chosen("coco").values() for one in some} <= {"coco"}


@pytest.mark.skipif(meteor_unavailable() is not None, reason=str(meteor_unavailable()))
@pytest.mark.skipif(wordnet_unavailable() is not None, reason=str(wordnet_unavailable()))
# pycocoevalcap leaves METEOR's pipes open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.slow
@pytest.mark.java
def test_scripts_and_this_program_have_the_same_values(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    lines = ["A dog barks,Dogs are barking.,A hound is loud", "rain,It rains.,Heavy rain on a roof", "music,x,y"]
    file.write_text("\n".join(["candidate,ref_1,ref_2", *lines]) + "\n", encoding="utf-8")
    for which, number in (("coco", 2), ("hufs-nltk", 1), ("coco-one", 2)):
        usual = captions.usual(str(file), which)["values"]
        ours = captions.ours(str(file), which, str(tmp_path / "cache"))["values"]
        assert len(usual) == number
        assert usual == pytest.approx(ours, abs=2e-6)
        assert min(usual.values()) > 0
