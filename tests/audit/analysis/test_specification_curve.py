"""The figure of a multiverse: legible as wide as a telephone, whatever the number and the spread of the values."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest

from audit.analysis.specification_curve import MOST_COLUMNS, WIDTH, draw
from tasks.analysis.multiverse import Axis, Outcome, Specification, universe
from tests.support.multiverse_rows import rows, small_specification

NS = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def spec() -> Specification:
    return small_specification()


@pytest.fixture(scope="module")
def known(spec: Specification) -> list[Outcome]:
    found = [o for o in universe(rows(40), spec.pipelines()).outcomes() if o.value is not None]
    return sorted(found, key=lambda o: (float(o.value or 0), o.pipeline.id))


def words(svg: str) -> list[str]:
    return [e.text or "" for e in ET.fromstring(svg).iter(f"{NS}text")]


def dots(svg: str) -> list[float]:
    path = next(e for e in ET.fromstring(svg).iter(f"{NS}path") if e.get("stroke-linecap") == "round")
    return [float(y) for y in re.findall(r"M[\d.]+ ([-\d.]+)h", path.get("d", ""))]


def check_inside(svg: str) -> None:
    root = ET.fromstring(svg)
    height = float(root.get("viewBox", "").split()[3])
    for e in root.iter():
        assert -0.1 <= float(e.get("x", "0")) <= WIDTH
        assert -0.1 <= float(e.get("y", "0")) <= height
        for x, y in re.findall(r"M([-\d.]+) ([-\d.]+)", e.get("d", "")):
            assert 0 <= float(x) <= WIDTH
            assert 0 <= float(y) <= height


@pytest.mark.parametrize("number", [1, 2, 7, 60, 61, 256])
def test_any_number_of_pipelines(spec: Specification, known: Sequence[Outcome], number: int) -> None:
    some = known[:: max(1, len(known) // number)][:number]
    svg = draw(spec, some, "55.6")
    check_inside(svg)
    assert len(dots(svg)) == min(len(some), MOST_COLUMNS)
    assert dots(svg) == sorted(dots(svg), reverse=True)
    assert "reported 55.6" in words(svg)
    assert ("values in" in svg) == (len(some) > MOST_COLUMNS)


def test_every_option_has_its_name(spec: Specification, known: Sequence[Outcome]) -> None:
    long = "a-normaliser-with-a-name-that-is-longer-than-a-line-of-the-figure"
    first = spec.axes[0]
    axes = (Axis(first.name, (replace(first.options[0], name=long), *first.options[1:])), *spec.axes[1:])
    svg = draw(replace(spec, axes=axes), known)
    assert "\u2026" not in "".join(words(svg))
    assert long in "".join(words(svg))
    assert {option.name for axis in spec.axes for option in axis.options} <= set(words(draw(spec, known)))


def test_marks_are_as_high_as_the_share_that_takes_an_option(spec: Specification, known: Sequence[Outcome]) -> None:
    """With a column for each pipeline a mark is whole; in shared columns the heights of an axis's options add up to one."""
    alone = re.findall(r"v-([\d.]+)", draw(spec, known[:20]))
    assert set(alone) == {"10.00"}
    shared = [float(height) for height in re.findall(r"v-([\d.]+)", draw(spec, known))]
    assert sum(shared) == pytest.approx(10.0 * MOST_COLUMNS * len(spec.axes), rel=1e-3)


def test_an_outlier_breaks_the_axis(spec: Specification, known: Sequence[Outcome]) -> None:
    far = [*known[:-1], replace(known[-1], value=Fraction(90_000))]
    svg = draw(spec, far)
    check_inside(svg)
    assert "break" in words(svg)
    assert "The axis is broken." in svg
    assert "break" not in words(draw(spec, known))
    assert max(dots(svg)) - sorted(dots(svg))[1] > 80


def test_an_interval_beyond_the_frame_ends_in_an_arrow(spec: Specification, known: Sequence[Outcome]) -> None:
    wide = [replace(known[0], interval=(-9000.0, 9000.0)), *known[1:20]]
    svg = draw(spec, wide)
    check_inside(svg)
    arrows = [e.get("d", "") for e in ET.fromstring(svg).iter(f"{NS}path") if e.get("fill")]
    assert [d.count("z") for d in arrows] == [2]
    assert not [e for e in ET.fromstring(draw(spec, known[:20])).iter(f"{NS}path") if e.get("fill")]
