"""Macro-F1, weighted F1 and unweighted average recall against scikit-learn."""

from __future__ import annotations

import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, f1_score, recall_score

from tasks.errors import ScoringError
from tasks.metrics.class_scores import ClassScore

LABELS = ("Neutral", "Happy", "Sad", "Angry")
MACRO, SEEN = ClassScore(LABELS, "macro-f1"), ClassScore(LABELS, "macro-f1", "seen")
WEIGHTED, UAR = ClassScore(LABELS, "weighted-f1"), ClassScore(LABELS, "uar")
ROWS = st.lists(st.tuples(st.sampled_from([*LABELS, "unknown"]), st.sampled_from(LABELS)), min_size=1, max_size=30)


def value(metric: ClassScore, rows: list[tuple[str, str]]) -> Fraction:
    found = metric.fold(metric.count([said for said, _ in rows], [gold for _, gold in rows]))
    assert found is not None
    return found


@given(ROWS)
@settings(max_examples=200)
def test_scores_are_scikit_learns(rows: list[tuple[str, str]]) -> None:
    said, gold = [row[0] for row in rows], [row[1] for row in rows]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes without a row
        expected = {
            MACRO: f1_score(gold, said, labels=LABELS, average="macro", zero_division=0),
            SEEN: f1_score(gold, said, average="macro", zero_division=0),
            WEIGHTED: f1_score(gold, said, average="weighted", zero_division=0),
            UAR: balanced_accuracy_score(gold, said),
        }
        occurring = sorted(set(gold))
        recall = recall_score(gold, said, labels=occurring, average="macro", zero_division=0)
    for metric, score in expected.items():
        assert float(value(metric, rows)) == pytest.approx(score, rel=1e-12, abs=1e-12), metric
    assert float(value(UAR, rows)) == pytest.approx(recall, rel=1e-12, abs=1e-12)


@given(ROWS, ROWS)
def test_replicates_are_folds(rows: list[tuple[str, str]], drawn: list[tuple[str, str]]) -> None:
    for metric in (MACRO, SEEN, WEIGHTED, UAR):
        counts = [metric.count([r[0] for r in part], [r[1] for r in part]) for part in (rows, drawn)]
        sums = np.array([part.sum(axis=0) for part in counts], dtype=float)
        folds = [float(value(metric, part)) for part in (rows, drawn)]
        assert metric.from_sums(sums).tolist() == pytest.approx(folds, rel=1e-12, abs=1e-12)


def test_rows_counted_by_hand() -> None:
    rows = [("Happy", "Happy"), ("Happy", "Sad"), ("Sad", "Sad"), ("no idea", "Sad")]
    counts = MACRO.count([r[0] for r in rows], [r[1] for r in rows])
    assert counts.shape == (4, 13)
    assert dict(zip(MACRO.columns, counts.sum(axis=0).tolist(), strict=True)) == {
        **dict.fromkeys(MACRO.columns, 0),
        "hit:Happy": 1, "hit:Sad": 1, "gold:Happy": 1, "gold:Sad": 3, "answered:Happy": 2, "answered:Sad": 1, "unread": 1,
    }  # fmt: skip
    happy, sad = Fraction(2, 3), Fraction(2, 4)
    assert value(MACRO, rows) == (happy + sad) / 4
    assert value(SEEN, rows) == (happy + sad) / 3  # the unread output is a class of its own
    assert value(SEEN, rows[:3]) == (happy + Fraction(2, 3)) / 2
    assert value(WEIGHTED, rows) == (happy + 3 * sad) / 4
    assert value(UAR, rows) == (1 + Fraction(1, 3)) / 2


def test_spellings_of_labels() -> None:
    """The gold label's own spelling is a hit; the same label in another case is what the convention does not accept."""
    rows = [("sad", "sad"), ("SAD", "Sad"), ("happy", "SAD"), ("HAPPY", "sad")]
    counts = MACRO.count([r[0] for r in rows], [r[1] for r in rows]).sum(axis=0).tolist()
    found = dict(zip(MACRO.columns, counts, strict=True))
    assert (found["hit:Sad"], found["gold:Sad"], found["answered:Sad"]) == (1, 4, 1)
    assert (found["answered:Happy"], found["unread"]) == (2, 1)


def test_gold_labels_that_are_none_are_errors() -> None:
    with pytest.raises(
        ScoringError, match=r"^the gold label 'Fear' is not one of Neutral, Happy, Sad, Angry$"
    ) as caught:
        MACRO.count(["Sad", "Sad"], ["Sad", "Fear"])
    assert caught.value.item == 1
    for labels in (("A", "a"), ()):
        with pytest.raises(ValueError, match="labels must differ"):
            ClassScore(labels, "uar")


def test_what_the_signature_says() -> None:
    signatures = {metric.signature for metric in (MACRO, SEEN, WEIGHTED, UAR)}
    assert len(signatures) == 4
    assert [MACRO.id, WEIGHTED.id, UAR.id] == ["macro-f1", "weighted-f1", "uar"]
    assert MACRO.counting == UAR.counting != ClassScore(("a", "b"), "uar").counting
