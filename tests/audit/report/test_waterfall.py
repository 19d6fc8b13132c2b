"""The waterfall: whole names, nothing outside, parts that lead from one value to the other."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from audit.report.figures.waterfall import WIDTH, draw
from audit.schema import AttributedGap, AttributedStep, Interval

NS = "{http://www.w3.org/2000/svg}"
LONG = "drop-thinking+spelled-digits+whisper-en+lower-no-punct-and-a-word-that-is-longer-than-any-line-of-the-figure"


def gap(*parts: str, printed: str | None = None, interval: Interval | None = None) -> AttributedGap:
    end = 50 + sum(float(part) for part in parts)
    steps = tuple(
        AttributedStep(axes=(f"axis {n}",), before="verbatim", after=LONG, part=part, interval=interval)
        for n, part in enumerate(parts)
    )
    return AttributedGap("t", "wer", "a", "b", "50", f"{end:g}", steps, (), (10, 10), 10, printed=printed)


@pytest.mark.parametrize("printed", [None, "49", "55", "61"])
def test_names_are_whole_and_nothing_is_outside(printed: str | None) -> None:
    svg = draw(gap("4", "-1.5", "7", printed=printed), "x")
    root = ET.fromstring(svg)
    words = [e.text or "" for e in root.iter(f"{NS}text")]
    assert "\u2026" not in "".join(words)
    assert "".join(words).replace(" ", "").count(LONG) == 3
    assert ("reported" in " ".join(words)) == (printed is not None)
    height = float(root.get("height", "0"))
    for e in root.iter():
        assert 0 <= float(e.get("x", "0")) <= WIDTH
        assert 0 <= float(e.get("y", "0")) <= height
        for x, y in re.findall(r"M([-\d.]+) ([-\d.]+)", e.get("d", "")):
            assert 0 <= float(x) <= WIDTH
            assert 0 <= float(y) <= height


def test_bars_lead_from_one_value_to_the_other() -> None:
    bars = list(ET.fromstring(draw(gap("4", "-1.5"), "x")).iter(f"{NS}rect"))
    first, second = ((float(e.get("x", "0")), float(e.get("x", "0")) + float(e.get("width", "0"))) for e in bars)
    assert second[1] == pytest.approx(first[1], abs=0.02)
    assert (second[1] - second[0]) / (first[1] - first[0]) == pytest.approx(1.5 / 4, rel=0.01)
    assert bars[0].get("fill") != bars[1].get("fill")


def test_an_interval_is_a_line_over_its_bar() -> None:
    root = ET.fromstring(draw(gap("4", interval=Interval("3", "5", "95", "bootstrap")), "x"))
    lines = [e for e in root.iter(f"{NS}path") if e.get("stroke") == "#1f2328"]
    assert len(lines) == 1
