from __future__ import annotations

from fractions import Fraction

import pytest

from audit.literature.known_tasks import conventions_of as conventions
from audit.literature.known_tasks import known_tasks as tasks
from tasks.analysis.baselines import MOST_ANSWERS, Baseline, constant_baseline, gold_label, single_class
from tasks.convention import Convention
from tasks.metrics.accuracy import Accuracy
from tasks.row import Row

KNOWN = conventions()
SV = KNOWN["sv-voxceleb1", "accuracy", "hufs"]


def rows(*pairs: tuple[str, str]) -> list[Row]:
    return [Row(str(i), said, gold) for i, (said, gold) in enumerate(pairs)]


def test_constant_answer() -> None:
    data = rows(("Yes", "Yes"), ("No", "Yes"), ("Yes", "No"), ("yes", "Yes"))
    assert constant_baseline(data, SV) == Baseline("Yes", 3, 4)
    assert constant_baseline(data, SV, ("maybe",)) == Baseline("maybe", 1, 4)  # anything but `yes` is a no there
    found = constant_baseline(data, SV)
    assert found is not None
    assert found.value == Fraction(3, 4)


def test_emotion_and_choices() -> None:
    emotion = KNOWN["er-iemocap", "accuracy", "iemocap-4way"]
    data = rows(*[("x", "Neutral")] * 5, *[("x", "Sad")] * 3)
    assert constant_baseline(data, emotion) == Baseline("Neutral", 5, 8)
    letters = KNOWN["sakura-animal-single", "accuracy", "choice-letter"]
    asked = [Row(str(i), "x", gold, extra={"choices": ["dog", "cat"]}) for i, gold in enumerate(["cat", "cat", "dog"])]
    assert constant_baseline(asked, letters, ("(a)", "(b)")) == Baseline("(b)", 2, 3)


def test_what_has_no_constant_baseline() -> None:
    assert constant_baseline(rows(("a", "b")), KNOWN["asr-librispeech-clean", "wer", "hufs"]) is None
    assert constant_baseline([], SV) is None


def test_many_answers_are_tried_only_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    monkeypatch.setattr("tasks.analysis.baselines.replace", lambda row, hypothesis: tried.append(hypothesis) or row)
    data = rows(*[("x", f"label {i}") for i in range(500)])
    found = constant_baseline(data, Convention("equal", "The output equals the reference.", Accuracy()))
    assert found is not None
    assert len(set(tried)) == MOST_ANSWERS


def test_one_class() -> None:
    assert (
        single_class(rows(("Yes", "yes"), ("No", "Yes "))) == "all 2 gold answers are 'yes': a constant answer scores 1"
    )
    assert single_class(rows(("Yes", "Yes"), ("No", "No"))) is None
    assert single_class(rows(("Yes", "Yes"))) is None
    assert single_class([]) is None
    assert gold_label(Row("1", "", {"slot": "x", "value": "v", "transcript": ""})) == "v"
    assert gold_label(Row("1", "", ["a"])) is None


def test_speaker_verification() -> None:
    """The recorded re-run has clips of the same speaker alone: a constant yes scores 1, and every accuracy is void."""
    same = rows(("Yes", "Yes"), ("No", "Yes"), ("Yes.", "Yes"))
    assert constant_baseline(same, SV) == Baseline("Yes", 3, 3)
    assert single_class(same) is not None
    both = rows(("Yes", "Yes"), ("No", "Yes"), ("Yes", "No"), ("No", "No"), ("No", "No"))
    assert constant_baseline(both, KNOWN["sv-voxceleb1", "accuracy", "first-word"]) == Baseline("No", 3, 5)
    assert single_class(both) is None


def test_labels_count_as_the_convention_reads_them() -> None:
    view = tasks()["er-iemocap"].convention("accuracy", "iemocap-4way").reference_view
    found = [Row(str(n), "Happy", label) for n, label in enumerate(["Happy", "exc", "hap", "frustrated", "bored"])]
    assert single_class(found) is None
    assert single_class(found, view) == "all 3 gold answers are 'happy': a constant answer scores 1"
    best = constant_baseline(found[:3], tasks()["er-iemocap"].convention("accuracy", "iemocap-4way"))
    assert best == Baseline("Happy", 3, 3)
