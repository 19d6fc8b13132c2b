"""The chapter on differences and its waterfall: exact numbers, hostile names, extremes."""

from __future__ import annotations

import random
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from audit.report.claim_views import claims
from audit.report.differences import differences
from audit.report.editions import Edition
from audit.report.figures import waterfall
from audit.report.page import render
from audit.schema import AttributedGap, AttributedStep, GapRow, Interaction, Interval, JointClaims, PayingRowsOfGap
from tests.support.example_audit import HOSTILE, build, document

SVG = "{http://www.w3.org/2000/svg}"


def gap(
    *parts: str, start: str = "50", printed: str | None = None, interval: bool = False, name: str = "b"
) -> AttributedGap:
    end = Fraction(start) + sum((Fraction(part) for part in parts), Fraction(0))
    between = Interval("-1.25", "2.5", "95", "bootstrap") if interval else None
    steps = tuple(AttributedStep((f"axis-{n}",), "one", "two", part, between) for n, part in enumerate(parts))
    residual = None if printed is None else str(Fraction(printed) - end)
    return AttributedGap("t", "wer", "a", name, start, str(end), steps, (), (9, 9), 9, between, "c", printed, residual)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]


def bars(svg: str) -> list[tuple[float, float]]:
    found = ET.fromstring(svg).iter(f"{SVG}rect")
    return [(float(bar.get("x", "")), float(bar.get("width", ""))) for bar in found]


def test_bars_follow_one_another_from_start_to_end() -> None:
    svg = waterfall.draw(gap("10", "-30", "5"), "g")
    first, second, third = bars(svg)
    assert first[0] + first[1] == pytest.approx(second[0] + second[1])
    assert second[0] == pytest.approx(third[0])
    assert second[1] == pytest.approx(3 * first[1], rel=0.01)
    shown = texts(svg)
    assert {"a", "b", "50.00", "35.00", "+10.00", "\u221230.00", "+5.00"} <= set(shown)


def test_everything_stays_inside_whatever_the_numbers() -> None:
    rng = random.Random(6)
    for _ in range(60):
        size = Fraction(10) ** rng.randint(-6, 9)
        parts = [str(rng.randint(-999, 999) * size / rng.randint(1, 99)) for _ in range(rng.randint(1, 6))]
        one = gap(*parts, start=str(rng.randint(0, 999) * size / 7), interval=rng.random() < 0.5,
                  printed="12.5" if rng.random() < 0.3 else None)  # fmt: skip
        svg = waterfall.draw(one, "g")
        assert all(x >= waterfall._LEFT - 0.01 and x + width <= waterfall.WIDTH for x, width in bars(svg))
        right = [
            e.text or ""
            for e in ET.fromstring(svg).iter(f"{SVG}text")
            if float(e.get("x", "0")) == waterfall.WIDTH - waterfall._RIGHT + 6
        ]
        numbers = [Decimal(text.replace("\u2212", "-")) for text in right[1:-1]]
        assert len(numbers) == len(parts)
        ends = (round(Fraction(one.start), 2), round(Fraction(one.end), 2))
        assert sum(map(Fraction, numbers)) == ends[1] - ends[0]


def test_a_gap_without_steps_or_effect_is_drawn() -> None:
    assert bars(waterfall.draw(gap(), "g")) == []
    assert len(bars(waterfall.draw(gap("0", "0"), "g"))) == 2
    assert "reported 49.9" in texts(waterfall.draw(gap("-1/10", printed="49.9"), "g"))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_names_are_escaped_in_every_place(hostile: str) -> None:
    example = document(build())
    claim = example.claims[0]
    step = AttributedStep((hostile,), hostile, hostile, "-1/3", Interval("-1", "1", "95", "bootstrap"))
    one = AttributedGap(claim.task, "wer", hostile, hostile, "5", "13/3", (step, step), (Interaction(0, 1, "1/7"),), (9, 8), 9,
                        claim=claim.id, printed="4.3", residual="-1/30", run=hostile)  # fmt: skip
    rows = PayingRowsOfGap(claim.id, hostile, hostile, "-2/3", (GapRow(hostile, "-1/3", hostile),), 7, hostile)
    joint = JointClaims(hostile, "wer", (claim.id, example.claims[1].id), 7, (hostile,), "0.250000")
    audit = replace(
        example, differences=(one, replace(one, printed=None, residual=None)), joint=(joint,), paying=(rows,)
    )
    for paged in (False, True):
        page = render(audit, Edition.REPORT if paged else Edition.HTML)
        assert "<script>alert" not in page
        assert "{{ 7 * 7 }}" in page or "7 * 7" not in hostile
        for figure in re.findall(r'<figure class="waterfall">.*?(<svg.*?</svg>)', page, re.DOTALL):
            ET.fromstring(figure)
        ids = re.findall(r'\bid="([^"]+)"', page)
        assert len(ids) == len(set(ids))


def test_parts_interactions_rows_and_rounding_are_told() -> None:
    example = document(build(hostile=False))
    claim = example.claims[0]
    step = AttributedStep(("normaliser",), "lower", "", "-1/3", None)
    nothing = AttributedStep(("cleaning", "fold"), "raw", "special", "0", None)
    one = AttributedGap(claim.task, "wer", "c00", "c01", "5", "14/3", (step, nothing), (Interaction(0, 1, "-1/7"),), (9, 8), 9,
                        claim=claim.id)  # fmt: skip
    audit = replace(example, differences=(one,))
    (found,) = differences(audit, claims(audit), paged=False).gaps
    (other,) = found.others
    assert [(s.axes, s.change, s.part) for s in other.steps] == [("normaliser", "lower \u2192 none", "\u22120.333")]
    assert other.notes == (
        "without effect on these rows: cleaning, fold",
        "interaction of normaliser and cleaning, fold: \u22120.143",
        "9 rows scored, then 8",
    )
    assert (found.value, other.value, other.gap) == ("5.000", "4.667", "\u22120.333")
    assert found.printed is None
    assert "attributed to no step" in render(audit)
    leading = replace(audit, differences=(replace(one, steps=(), pairs=(), end="5", printed="5.0", residual="0"),))
    assert "prints the reported value itself" in render(leading)


def test_a_value_with_all_digits_of_a_float_does_not_lengthen_the_parts() -> None:
    example = document(build(hostile=False))
    claim = replace(example.claims[0], value="0.555834307918663")
    one = replace(gap("-1/3"), task=claim.task, claim=claim.id)
    audit = replace(example, claims=(claim, *example.claims[1:]), differences=(one,))
    (found,) = differences(audit, claims(audit), paged=False).gaps
    assert found.others[0].steps[0].part == "\u22120.333333"


def test_joint_odds_are_told() -> None:
    example = document(build(hostile=False))
    names = (example.claims[0].id, example.claims[1].id)
    for chance, words in (("0.500000", "at most 50 %"), ("0.000001", "less than 1 %"), (None, "")):
        audit = replace(example, joint=(JointClaims("asr", "wer", names, 7, (), chance),))
        (view,) = differences(audit, claims(audit), paged=False).joint
        assert words in view.sentence
        assert view.sentence.startswith("No convention agrees with all 2 claims")
        assert len(view.rows[0][3]) == 2
    one = replace(example, joint=(JointClaims("asr", "wer", names, 7, ("c00",), None),))
    assert differences(one, claims(one), paged=False).joint[0].sentence == "c00 agrees with all 2 claims."
    two = replace(example, joint=(JointClaims("asr", "wer", names, 7, ("c00", "c01"), None),))
    assert differences(two, claims(two), paged=False).joint[0].sentence == "c00 and c01 agree with all 2 claims."


def test_claims_that_are_not_in_the_document_are_left_out() -> None:
    example = document(build(hostile=False))
    audit = replace(example, differences=(gap("1"),), joint=(JointClaims("asr", "wer", ("x", "y"), 2, ()),))
    assert not differences(audit, claims(audit), paged=False)
