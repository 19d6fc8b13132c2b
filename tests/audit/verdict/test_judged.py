"""Scores of other judges beside a claim: what is compared, in the claim's unit, and what it means for a value."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from audit.facts import Claim
from audit.judge.attach import Attached
from audit.judge.scores import JudgedScore
from audit.judge.scoring import Rating
from audit.judge.sensitivity import Comparability
from audit.literature.known_tasks import known_tasks as tasks
from audit.schema import Invalid
from audit.scoring.score import Score
from audit.verdict.judged import compare, problems

TASK = tasks()["sqqa-wikiqa"]
OURS, THEIRS = (TASK.convention("accuracy", name) for name in ("paper-judge", "hufs-judge"))
CLAIM = Claim("sqqa-wikiqa.accuracy", TASK.id, "accuracy", "0.41", unit="fraction", judge="gpt-3.5")


def judged(exact: Any, judge: str = "tiny", convention: Any = OURS, **facts: Any) -> JudgedScore:
    item = Attached(
        metric="accuracy",
        convention=convention,
        rating=Rating(judge),
        failure="wrong",
        own_rule=True,
        model=f"{judge}-2026",
        source_judge="gpt-4",
        fidelity="verbatim",
        note="",
    )
    item = replace(item, **facts)
    return JudgedScore(item, Score(item.convention, item.metric, exact, None, None, None, None, ()))


def test_two_judges_whose_scores_cover_the_claim() -> None:
    found = compare([judged(Fraction(2, 5)), judged(Fraction(9, 20), "big")], CLAIM)
    assert found == {
        "paper-judge": Comparability(
            "covered-by-judges",
            "Reported with gpt-3.5; judged here by 2 other judges (big-2026, tiny-2026), whose scores range from 0.4000 to "
            "0.4500. The range covers the reported 0.41: the choice of judge alone can account for the difference.",
            "0.4000",
            "0.4500",
            ("big", "tiny"),
        )
    }


@pytest.mark.parametrize(("unit", "value", "lowest", "highest"), [
    ("fraction", "0.41", "0.4000", "0.4500"),
    ("percent", "41.0", "40.0000", "45.0000"),
    ("of-5", "2.05", "2.0000", "2.2500"),
])  # fmt: skip
def test_shares_are_compared_in_the_unit_of_the_claim(unit: Any, value: str, lowest: str, highest: str) -> None:
    claim = replace(CLAIM, unit=unit, value=value)
    found = compare([judged(Fraction(2, 5)), judged(Fraction(9, 20), "big")], claim)["paper-judge"]
    assert (found.state, found.lowest, found.highest) == ("covered-by-judges", lowest, highest)


def test_every_convention_is_compared_alone() -> None:
    found = compare([judged(Fraction(2, 5)), judged(Fraction(9, 20), "big", THEIRS)], CLAIM)
    assert {name: (one.state, one.judges) for name, one in found.items()} == {
        "paper-judge": ("not-comparable", ("tiny",)),
        "hufs-judge": ("not-comparable", ("big",)),
    }
    assert compare([], CLAIM) == {}


@pytest.mark.parametrize(
    "other",
    [
        judged(Fraction(9, 20), "big", own_rule=False),
        judged(Fraction(9, 20), "big", over_followed=True),
        judged(Fraction(9, 20), "big", metric="following-rate"),
        judged(None, "big"),
        judged(0.45, "big"),
    ],
    ids=["other-failure-rule", "over-followed", "other-metric", "no-value", "float"],
)
def test_what_is_left_out(other: JudgedScore) -> None:
    assert compare([other], CLAIM) == {}
    for order in ([other, judged(Fraction(2, 5))], [judged(Fraction(2, 5)), other]):
        assert compare(order, CLAIM)["paper-judge"].judges == ("tiny",)


@pytest.mark.parametrize(
    ("named", "model", "state"),
    [
        ("gpt-3.5", "GPT-3.5-turbo", "same-judge"),
        ("gpt-3.5", "gpt-4", "not-comparable"),
        (None, "gpt-4-turbo", "same-judge"),  # the judge of the convention's source
        (None, "gpt-3.5", "not-comparable"),
    ],
)
def test_the_papers_judge_or_that_of_the_source(named: str | None, model: str, state: str) -> None:
    found = compare([judged(Fraction(2, 5), model=model)], replace(CLAIM, judge=named))
    assert found["paper-judge"].state == state


def test_what_a_different_judge_means_for_a_value() -> None:
    one, big = judged(Fraction(1, 10)), judged(Fraction(2, 5), "big")
    alone, together = compare([one], CLAIM), compare([judged(Fraction(9, 20)), big], CLAIM)
    text = (
        "Reported with gpt-3.5; judged here by 1 other judge (tiny-2026), whose scores are 0.1000 to 0.1000, against the "
        "reported 0.41. A score by a different judge is a different measurement."
    )
    assert problems(one, alone) == (Invalid("other-judge", text),)
    assert problems(one, together) == problems(one, {}) == ()
    assert problems(judged(Fraction(1, 10), convention=THEIRS), alone) == ()
    same = compare([judged(Fraction(2, 5), model="gpt-3.5")], CLAIM)
    assert problems(one, same) == ()
    described = judged(Fraction(1, 10), fidelity="described")
    prompt = Invalid(
        "other-judge-prompt",
        "The judge's prompt is this project's wording: the source describes its prompt but does not print it.",
    )
    assert problems(described, alone) == (Invalid("other-judge", text), prompt)
    assert problems(described, {}) == (prompt,)
    assert problems(judged(Fraction(1, 10), fidelity=""), {}) == ()
