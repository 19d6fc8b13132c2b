"""AU-Harness's binary judge: one JSON object with a score, asked with the two answers alone."""

from __future__ import annotations

from fractions import Fraction

import pytest

from audit.judge.templates import load
from tasks.judging.conventions import find, row_counts
from tasks.judging.parsers import PARSERS
from tasks.judging.verdict import JudgedCounts, JudgeVerdict
from tasks.row import Row


@pytest.mark.parametrize(
    ("reply", "grade", "status"),
    [
        ('{"score": 1, "explanation": "x"}', 1, "ok"),
        (' {"score": 0}\n', 0, "ok"),
        ('{"score": "1"}', 1, "ok"),
        ('{"score": 0.5}', Fraction(1, 2), "ok"),
        ('{"score": true}', 1, "ok"),
        ('{"score": 2}', 2, "off-scale"),
        ('{"explanation": "no score"}', 0, "ok"),
        ('```json\n{"score": 1}\n```', None, "unparsed"),
        ('Sure: {"score": 1}', None, "unparsed"),
        ("1", None, "unparsed"),
        ("[1]", None, "unparsed"),
        ('{"score": null}', None, "unparsed"),
        ('{"score": "one"}', None, "unparsed"),
        ('{"score": NaN}', None, "unparsed"),
        ('{"score": 1e999}', None, "unparsed"),
        ('{"score": ' + "1" * 400 + "}", None, "unparsed"),
        ('{"score": ' + "[" * 100_000, None, "unparsed"),
        (" \n", None, "empty"),
    ],
)
def test_replies(reply: str, grade: Fraction | int | None, status: str) -> None:
    found = PARSERS["au-harness"](reply)
    assert (found.grade, found.status) == (grade, status)


def test_the_judge_is_asked_without_the_question() -> None:
    convention = find("multiple-choice", "au-harness-judge")
    assert convention is not None
    row = Row("r1", "<s> It is a lion.</s>", "(b) lion")
    assert convention.parts(row, "")[0].values == {"reference": "(b) lion", "output": "It is a lion."}
    answer = Row("r1", "x", {"answer": "lion", "choices": ["cat", "lion"]})
    assert convention.parts(answer, "")[0].values["reference"] == "lion"
    template = load(convention.template)
    assert template.fidelity == "described"


def test_a_reply_without_a_score_counts_as_zero() -> None:
    convention = find("multiple-choice", "au-harness-judge")
    assert convention is not None
    assert row_counts(convention, [JudgeVerdict(None, "unparsed")]) == JudgedCounts(0, 1000, 1, 0, 1)
    right = convention.read(Row("r1", "x", "y"), '<think>hm</think> {"score": 1}')
    assert row_counts(convention, [right]) == JudgedCounts(1000, 1000, 1, 0, 0)
