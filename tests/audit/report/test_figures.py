from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from audit.report.figures.scale import Scale, around
from audit.report.figures.spec_curve import WIDTH, common, draw
from audit.report.figures.steps import choices, matrix
from audit.report.views import claims
from tests.support.example_audit import CLAIMS, build, document

NS = "{http://www.w3.org/2000/svg}"


def figure(audit: dict[str, Any], verdict: str) -> ET.Element:
    return ET.fromstring(draw(next(c for c in claims(document(audit)) if c.verdict.id == verdict)))


def test_every_measurement_is_a_mark_and_marks_ascend(audit: dict[str, Any]) -> None:
    claim = next(c for c in claims(document(audit)) if c.verdict.id == "reproduced")
    root = ET.fromstring(draw(claim))
    circles = list(root.iter(f"{NS}circle"))
    diamonds = [e for e in root.iter(f"{NS}path") if e.get("d", "").endswith("z")]
    crosses = [e for e in root.iter(f"{NS}path") if "m0 -" in e.get("d", "")]
    assert len(circles) + len(diamonds) + len(crosses) == len(claim.measurements)
    assert len(crosses) == sum(bool(m.invalid) for m in claim.measurements) == 1
    placed = sorted((float(e.get("cx", "0")), float(e.get("cy", "0"))) for e in circles)
    assert [y for _, y in placed] == sorted((y for _, y in placed), reverse=True)


def test_recorded_values_are_hollow(audit: dict[str, Any]) -> None:
    claim = next(c for c in claims(document(audit)) if c.verdict.id == "reproduced")
    root = ET.fromstring(draw(claim))
    hollow = [e for g in root.iter(f"{NS}g") if g.get("fill") == "#ffffff" for e in g]
    filled = [e for g in root.iter(f"{NS}g") if g.get("fill") != "#ffffff" for e in g]
    assert len(hollow) == sum(m.recorded for m in claim.measurements) > 0
    assert len(filled) == sum(not m.recorded for m in claim.measurements) > 0


def test_the_band_is_what_the_reported_digits_stand_for(audit: dict[str, Any]) -> None:
    root = figure(audit, "reproduced")
    band = next(e for e in root.iter(f"{NS}rect") if e.get("fill") == "#f6e3b4")
    texts = [e.text for e in root.iter(f"{NS}text")]
    assert "28.4" in texts
    assert float(band.get("height", "0")) > 0.8


def test_nothing_is_drawn_outside() -> None:
    for number in (2, 7, 40, 200):
        drawn = [text for claim in claims(document(build(conventions=number, hostile=False))) if (text := draw(claim))]
        assert len(drawn) == len(CLAIMS) - 1  # one was not run
        for text in drawn:
            root = ET.fromstring(text)
            height = float(root.get("height", "0"))
            for e in root.iter():
                for name, limit in (("x", WIDTH), ("cx", WIDTH), ("y", height), ("cy", height)):
                    assert 0 <= float(e.get(name, "0")) <= limit
            xs = [float(m) for m in re.findall(r"M([-\d.]+) ", text)]
            assert max(xs) <= WIDTH
            assert min(xs) >= 0


def test_no_figure_of_one_value() -> None:
    assert all(draw(c) == "" for c in claims(document(build(conventions=1))))


def test_the_matrix_has_the_choices_that_differ_and_the_caption_the_others(audit: dict[str, Any]) -> None:
    found = matrix(["wer|sel:all|hyp:lower,words|ref:lower,words|count:levenshtein|fold:corpus", None,
                    "wer|sel:finished|hyp:words|ref:words,tail|count:levenshtein|fold:mean"])  # fmt: skip
    differing = {(c.group, c.name): c.columns for c in found.differing}
    assert differing == {
        ("rows", "every row"): (0,),
        ("rows", "only finished"): (2,),
        ("steps", "lower"): (0,),
        ("reference", "tail (reference only)"): (2,),
        ("pooling", "fold corpus"): (0,),
        ("pooling", "fold mean"): (2,),
    }
    assert found.common == ("words", "count levenshtein")
    assert found.unknown == (1,)
    claim = next(c for c in claims(document(audit)) if c.verdict.id == "reproduced")
    assert set(common(claim)) >= {"count levenshtein", "fold corpus"}


def test_versions_stay_in_the_table_of_conventions() -> None:
    assert choices("bleu|sel:all|hyp:tok.zh@sacrebleu-2.6.0|ref:tok.zh@sacrebleu-2.6.0|smooth:exp") == [
        ("rows", "every row"), ("steps", "tok.zh"), ("counting", "smooth exp"),
    ]  # fmt: skip


_NUMBER = st.decimals(-1000, 1000, places=4)


@given(st.lists(_NUMBER, min_size=1, max_size=20))
def test_a_scale_holds_its_values_in_order_with_few_round_ticks(numbers: list[Decimal]) -> None:
    scale = around(numbers, 100.0, 0.0)
    placed = [scale(n) for n in sorted(numbers)]
    assert all(0 <= y <= 100 for y in placed)
    assert placed == sorted(placed, reverse=True)
    ticks = scale.ticks()
    assert 1 <= len(ticks) <= 6
    assert all(scale.low <= t <= scale.high for t in ticks)
    assert len({b - a for a, b in itertools.pairwise(ticks)}) <= 1


def test_ticks_are_round() -> None:
    assert Scale(Decimal("3.1"), Decimal("4.2"), 0.0, 1.0).ticks() == [Decimal("3.5"), Decimal("4.0")]
