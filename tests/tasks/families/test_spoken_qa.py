from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from audit.literature.known_tasks import conventions_of as conventions
from tasks.metrics.triggered import Triggered
from tasks.row import ReferenceType, Row
from tasks.step_cache import ChainCache

KNOWN = conventions()


def row(name: str, said: str, question: str = "who wrote the song", *answers: str, **extra: object) -> Row:
    return Row(name, said, {"question": question, "answers": list(answers)}, extra=extra)


def score(rows: list[Row], metric: str, name: str) -> list[int]:
    convention = KNOWN["sqqa-wikiqa", metric, name]
    kept = [r for r in rows if all(rule.keep(r) for rule in convention.select)]
    cache = ChainCache(kept)
    counts = convention.metric.count(
        cache.values(convention.hypothesis_view, convention.hypothesis),
        cache.values(convention.reference_view, convention.reference),
    )
    return [int(n) for n in counts.sum(axis=0)]


def test_string_matches() -> None:
    rows = [
        row("1", "The song was written by Ann Lee, in 1990.</s>", "q", "written by Ann Lee"),
        row("2", "Ann Lee.", "q", "The song was written by Ann Lee in 1990."),
        row("3", "Ann", "q", "Anna"),
        row("4", "", "q", "..."),
        row("5", "anything", "q"),
    ]
    assert score(rows, "accuracy", "string-match") == [1, 5]
    assert score(rows, "accuracy", "string-match-within") == [1, 5]


def test_following_compares_with_the_question_or_with_the_answers() -> None:
    rows = [
        row("1", "Who wrote the song?</s>", "who wrote the song", "Ann Lee wrote it"),  # transcribed
        row("2", "ann lee wrote it", "who wrote the song", "Ann Lee wrote it"),
        row("3", "who wrote a song", "who wrote the song", "a", "b"),  # one of four words: 25 % WER
        row("4", "who wrote a tune", "who wrote the song", "a"),  # 50 %
    ]
    assert score(rows, "following-rate", "appendix-e") == [2, 4]
    assert score(rows, "following-rate", "hufs-answers") == [3, 4]


def test_hufs_takes_the_candidates_whatever_their_label() -> None:
    reference = {
        "question": "q",
        "answers": ["Yes"],
        "candidates": [{"text": "yes", "label": 1}, {"text": "no", "label": 0}],
    }
    said = Row("1", "yes", reference)
    assert ReferenceType.QUESTION_ANSWERS.problem(reference) is None
    assert score([said], "following-rate", "hufs-answers") == [1, 1]  # far from `no`
    del reference["candidates"]
    assert score([said], "following-rate", "hufs-answers") == [0, 1]


def test_wikiqa_needs_scores() -> None:
    candidates = [{"text": "x", "label": 0}, {"text": "y", "label": 1}]
    rows = [
        Row("1", "a", {"question": "q", "answers": [], "candidates": candidates}, extra={"scores": [0.1, 0.9]}),
        Row("2", "a", {"question": "q", "answers": [], "candidates": candidates}, extra={"scores": [0.9, 0.1]}),
        Row("3", "a", {"question": "q", "answers": [], "candidates": candidates}, extra={"scores": [0.0, 0.1]}),
        Row("4", "a", {"question": "q", "answers": [], "candidates": candidates}),
    ]
    assert score(rows, "f1", "wikiqa") == [1, 2, 3]
    assert score(rows[3:], "f1", "wikiqa") == [0, 0, 0]


def test_triggered() -> None:
    counts = Triggered().count([(0.11,), (0.1,), ()], [(1,), (1,), ()])
    assert counts.tolist() == [[1, 1, 1], [0, 0, 1], [0, 0, 0]]
    assert Triggered().count([(Fraction(11, 100),)], [(1,)]).tolist() == [[1, 1, 1]]
    assert Triggered().fold(counts) == Fraction(2, 3)
    assert Triggered("precision").fold(counts) == 1
    assert Triggered("recall").fold(counts) == Fraction(1, 2)
    assert Triggered("precision").fold(counts[2:]) is None
    for measure in ("precision", "recall", "f1"):
        metric = Triggered(measure)  # type: ignore[arg-type]
        assert metric.replicate(counts, np.ones((1, 3)))[0] == pytest.approx(float(metric.fold(counts) or 0))
    with pytest.raises(ValueError, match="1 scores for 2"):
        Triggered().count([(1.0,)], [(1, 0)])


def test_judges_have_their_places() -> None:
    for key in (("sqqa-wikiqa", "paper-judge"), ("sqqa-wikiqa", "hufs-judge"), ("sf-slurp", "hufs-judge"),
                ("sf-slurp", "llaso-judge"), ("sac-inhouse", "paper-judge"), ("sac-inhouse", "jasco-judge")):  # fmt: skip
        assert KNOWN[key[0], "accuracy", key[1]].unavailable() == "needs a judge"
    assert KNOWN["sac-inhouse", "following-rate", "paper-judge"].unavailable() == "needs a judge"
