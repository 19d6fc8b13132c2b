from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from audit.literature.known_tasks import conventions_of as conventions
from tasks.analysis.specifications import specification
from tasks.analysis.spider_alone import with_parts
from tasks.backends import java
from tasks.backends.assets import FOLDER_VARIABLE
from tasks.backends.wordnet import PATH_VARIABLE, wordnet_unavailable
from tasks.convention import Convention
from tasks.errors import ScoringError
from tasks.families.caption_clips import clips, join_clips
from tasks.families.captioning import SPIDER
from tasks.metrics.meteor import meteor_unavailable
from tasks.registry import build
from tasks.row import ReferenceType, Row
from tasks.step_cache import ChainCache
from tasks.steps.normalise.ltu import ltu_caption
from tasks.steps.ptb import ptb_unavailable
from tasks.task import declare

KNOWN = conventions()
TASK = build(declare("aac-audiocaps", "captioning"))
needs_wordnet = pytest.mark.skipif(wordnet_unavailable() is not None, reason=str(wordnet_unavailable()))
needs_ptb = pytest.mark.skipif(ptb_unavailable() is not None, reason=str(ptb_unavailable()))
needs_meteor = pytest.mark.skipif(meteor_unavailable() is not None, reason=str(meteor_unavailable()))


def aac(metric: str, name: str) -> Convention:
    return KNOWN["aac-audiocaps", metric, name]


def score(rows: Sequence[Row], convention: Convention) -> float:
    kept = [row for row in rows if all(rule.keep(row) for rule in convention.select)]
    cache = ChainCache(kept)
    counts = convention.metric.count(
        cache.values(convention.hypothesis_view, convention.hypothesis),
        cache.values(convention.reference_view, convention.reference),
    )
    value = convention.metric.fold(counts)
    assert value is not None
    return float(value)


@pytest.fixture(scope="module")
def one_caption(shared_real: Path) -> list[Row]:
    items = json.loads((shared_real / "audiobench/audiocaps_test.json").read_text(encoding="utf-8"))
    return [
        Row(str(i), item["model_prediction"], [item["answer"]], prompt=item["text"]) for i, item in enumerate(items)
    ]


@pytest.fixture(scope="module")
def five_captions(shared_real: Path, one_caption: list[Row]) -> list[Row]:
    with (shared_real / "captions/fense_audiocaps_test.csv").open(encoding="utf-8", newline="") as file:
        pairs = [(item["youtube_id"], item["caption"]) for item in csv.DictReader(file)]
    joined = join_clips(one_caption, clips(pairs, 5))
    assert (len(joined.rows), len(joined.ambiguous), len(joined.unknown)) == (4193, 207, 0)
    return list(joined.rows)


@needs_wordnet
def test_audiobench_published_meteor(one_caption: list[Row]) -> None:
    assert len(one_caption) == 4400
    assert score(one_caption, aac("meteor", "audiobench")) / 100 == pytest.approx(0.208492, abs=1e-5)


@needs_wordnet
@pytest.mark.slow
def test_the_number_of_captions_alone(one_caption: list[Row], five_captions: list[Row]) -> None:
    assert score(five_captions, aac("meteor", "audiobench-five")) == pytest.approx(31.68, abs=0.005)
    assert score(five_captions, aac("meteor", "hufs-nltk-five")) == pytest.approx(32.71, abs=0.005)
    # Of rows with one caption the best is that one.
    few = one_caption[:50]
    assert score(few, aac("meteor", "audiobench-five")) == score(few, aac("meteor", "audiobench"))


@needs_ptb
@pytest.mark.java
def test_aac_metrics_example(shared_real: Path) -> None:
    """The values of pycocoevalcap ad63453 on these captions, recorded from its own run."""
    with (shared_real / "captions/aac_metrics_example_1.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            Row(str(i), item["caption_predicted"], [item[f"caption_{n}"] for n in range(1, 6)])
            for i, item in enumerate(csv.DictReader(file))
        ]
    assert len(rows) == 464
    assert score(rows, aac("cider", "coco")) == pytest.approx(40.172373459481703, abs=1e-8)
    assert score(rows, KNOWN["mc-musiccaps", "rouge-l", "coco"]) == pytest.approx(39.58084293671707, abs=1e-8)
    assert score(rows, KNOWN["mc-musiccaps", "bleu", "coco"]) == pytest.approx(14.49174503141603, abs=1e-4)


@needs_meteor
@needs_ptb
@pytest.mark.slow
@pytest.mark.java
def test_meteor_of_the_aac_metrics_example(shared_real: Path) -> None:
    with (shared_real / "captions/aac_metrics_example_1.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            Row(str(i), item["caption_predicted"], [item[f"caption_{n}"] for n in range(1, 6)])
            for i, item in enumerate(csv.DictReader(file))
        ]
    for name in ("coco", "aac-metrics"):
        assert score(rows, aac("meteor", name)) == pytest.approx(17.883999368875647, abs=1e-8)
    assert score(rows, aac("meteor", "coco-one")) < 17


@needs_ptb
@pytest.mark.java
def test_one_caption_rows_and_five_caption_rows_agree() -> None:
    five = [
        Row("1", "A dog barks.</s>", ["a dog is barking", "dogs bark", "wind"]),
        Row("2", "Rain falls", ["rain is falling", "heavy rain falls", "a dog barks"]),
    ]
    one = [Row(f"{row.id}-{n}", row.hypothesis, [text]) for row in five for n, text in enumerate(row.reference)]
    for metric, name in (("cider", "coco-one"), ("cider", "hufs-coco"), ("spider", "nota-v1.0")):
        assert score(five, aac(metric, name)) == pytest.approx(score(one, aac(metric, name)))
    assert score(five, aac("cider", "coco")) != pytest.approx(score(five, aac("cider", "coco-one")))


def test_nota_counts_case_and_punctuation_of_captions() -> None:
    rows = [Row("1", "A Dog barks<|end_of_text|>x</s>", ["a dog barks"]), Row("2", "wind", ["Wind."])]
    assert score(rows, aac("spider", "nota-v1.0")) == pytest.approx(1000 * 3 / 4 / 2)  # no 4-gram in three words


@pytest.mark.parametrize(
    ("text", "caption"),
    [
        ("Audio caption: A dog, barking.", "a dog barking"),
        ("a: b: C d", "c d"),
        ("A dog.", "a dog"),
        ("", ""),
        ("x:", ""),
    ],
)
def test_ltu(text: str, caption: str) -> None:
    assert ltu_caption(text) == caption


@needs_meteor
@needs_ptb
@pytest.mark.java
def test_awkward_captions_are_scored_as_the_package_scores_them() -> None:
    """`|||` and line ends are tokens and spaces once the tokenizer has seen them; an empty caption matches nothing."""
    rows = [
        Row("1", "a dog ||| barks", ["a dog | | | barks"]),
        Row("2", "a dog\nbarks", ["a dog barks"]),
        Row("3", "", ["a dog barks"]),
        Row("4", "a dog", ["..."]),
    ]
    assert score(rows[:2], aac("meteor", "coco")) == pytest.approx(100)
    assert score(rows[2:], aac("meteor", "coco")) == 0
    assert score(rows[2:], aac("cider", "coco")) == 0


def test_captions_of_the_wrong_kind() -> None:
    assert ReferenceType.CAPTIONS.problem([]) is not None
    assert ReferenceType.CAPTIONS.problem("a caption") is not None
    with pytest.raises(ScoringError, match="no reference caption") as raised:
        score([Row("1", "a", [])], aac("spider", "nota-v1.0"))
    assert (raised.value.what, raised.value.item) == ("no reference caption", 0)


def missing() -> dict[tuple[str, str], str | None]:
    return {(metric, c.id): c.unavailable() for metric, items in TASK.conventions.items() for c in items}


def test_without_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(java.JAVA_VARIABLE, "/no/java")
    found = missing()
    assert "Java not found" in (found["meteor", "coco"] or "")
    assert "Java not found" in (found["cider", "coco"] or "")
    assert "Java not found" in (found["spider", "coco"] or "")
    assert found["spider", "nota-v1.0"] is None
    assert found["meteor", "audiobench"] == wordnet_unavailable()


def test_without_the_jars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java, "java", lambda: "java")
    monkeypatch.setattr("tasks.metrics.meteor.java", lambda: "java")
    monkeypatch.setattr(java, "PACKAGE", "no_such_package_of_jars")
    assert "not installed" in (missing()["meteor", "coco"] or "")


@needs_ptb
def test_without_spices_parser_everything_else_works(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.delenv("REPRO_AUDIT_CORENLP", raising=False)
    found = missing()
    affected = {key for key, reason in found.items() if reason and reason.startswith("SPICE's parser not found")}
    assert affected == {(metric, name) for metric, name in found if metric in {"spice", "spider"}} - {
        ("spider", "nota-v1.0")
    }


def test_without_wordnet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(PATH_VARIABLE, str(tmp_path))
    found = missing()
    affected = {key for key, reason in found.items() if reason and "WordNet" in reason}
    names = {"hufs-nltk", "hufs-nltk-finished", "hufs-nltk-five", "audiobench", "audiobench-five"}
    assert affected == {("meteor", name) for name in names}


def test_every_convention_has_a_signature_and_a_hash() -> None:
    hashes = {(metric, c.id): c.hash for metric, items in TASK.conventions.items() for c in items}
    assert all(len(value) == 64 for value in hashes.values())
    assert hashes["meteor", "coco"] != hashes["meteor", "coco-one"]
    assert hashes["meteor", "coco"] == hashes["meteor", "aac-metrics"]  # the same count under two names


def test_explaining_a_spider_also_tries_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """CIDEr-D and SPICE alone under that name, as printed by others; no pipeline of the plain multiverse does so."""
    for name in ("spice_unavailable", "ptb_unavailable"):
        monkeypatch.setattr(f"tasks.analysis.specifications.{name}", lambda: None, raising=False)
    here = replace(TASK, conventions={"spider": tuple(replace(c, unavailable=lambda: None) for c in SPIDER)})
    plain = {option.name for option in specification(here, "spider").axes[-1].options}
    parts = {option.name: option for option in with_parts(here, "spider").axes[-1].options if option.name not in plain}
    assert {"coco-spice-alone", "nota-v1.1-spice-alone", "ltu-cider-d-alone"} <= set(parts)
    assert {type(option.base.metric).__name__ for option in parts.values() if option.base} == {"CiderD", "Spice"}
    assert {option.base.metric.id for option in parts.values() if option.base} == {"spider"}
    assert with_parts(here, "spider").axes[:-1] == specification(here, "spider").axes[:-1]
    assert with_parts(TASK, "meteor") == specification(TASK, "meteor")


def test_hashes_need_no_jars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java, "PACKAGE", "no_such_package_of_jars")
    assert "module:tasks.metrics.spice" in aac("spider", "coco").metric.sources
    assert not [s for s in aac("spider", "coco").metric.sources if s.startswith("file:") and "tasks/" not in s]
