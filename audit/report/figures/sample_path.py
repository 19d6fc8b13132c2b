"""The path of a planned sample's bounds over the units, against the values that agree with the claim."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from audit._util.axis import Scale, around
from audit.report.figures.band import band
from audit.report.figures.svg import MUTED, RULE, element, figure, number, text
from audit.report.language import tr, trn
from audit.report.numbers import decimal, whole
from audit.report.views import ClaimView, MeasurementView

WIDTH, _HEIGHT = 720.0, 250.0
_TOP, _BOTTOM = 16.0, 40.0
_AREA, _LINE = "#cfe1ec", "#0f5f8a"


@dataclass(frozen=True, slots=True)
class Shape:
    """The width of a figure and its margins; without room at the right the reported value stands above its line."""

    name: str
    width: float
    left: float
    margin: float
    beside: bool

    @property
    def right(self) -> float:
        """Where the plot ends."""
        return self.width - self.margin


WIDE = Shape("path", WIDTH, 70.0, 80.0, beside=True)
NARROW = Shape("path-narrow", 340.0, 44.0, 12.0, beside=False)


def subject(claim: ClaimView) -> MeasurementView | None:
    """The measurement whose path is drawn: the deciding one, or else the first with a path."""
    with_path = [m for m in claim.measurements if m.sample is not None and len(m.sample.path) > 1]
    return next((m for m in with_path if m.deciding), next(iter(with_path), None))


def draw(claim: ClaimView, shape: Shape = WIDE) -> str:
    """The figure as an `<svg>` element; empty without a path. Bounds beyond the frame end in an arrow at its edge."""
    best = subject(claim)
    if best is None or best.sample is None or claim.reported is None:
        return ""
    sample = best.sample
    points = [(p.units, decimal(p.low), decimal(p.high)) for p in sample.path]
    scale = _scale(claim, best, points)
    last = sample.of
    bottom = _HEIGHT - _BOTTOM

    def x(units: int) -> float:
        # Sequential samples settle early or late: a logarithmic axis shows both.
        return shape.left + math.log(max(units, 1)) / math.log(max(last, 2)) * (shape.right - shape.left)

    lower = [(x(n), scale(low if low is not None else scale.low)) for n, low, _ in points]
    upper = [(x(n), scale(high if high is not None else scale.high)) for n, _, high in points]
    area = _steps(upper) + "L" + _steps(lower, back=True)[1:] + "z"
    name = f"{claim.anchor}-{shape.name}"
    described = trn(
        "Bounds of {convention} on the whole set after 1 to {scored} of {n} unit; the reported value is {reported}.",
        "Bounds of {convention} on the whole set after 1 to {scored} of {n} units; the reported value is {reported}.",
        sample.of,
        convention=best.label,
        scored=whole(sample.units),
        n=whole(sample.of),
        reported=claim.value,
    )
    body = [
        element("path", d=area, fill=_AREA),
        *_band(claim, scale, shape),
        element("path", d=_steps(lower), fill="none", stroke=_LINE, stroke_width="1.4"),
        element("path", d=_steps(upper), fill="none", stroke=_LINE, stroke_width="1.4"),
        *_ticks(scale, shape),
        *_units(x, last, bottom, shape),
        *_beyond(points, scale, x),
    ]
    return figure(
        body, (shape.width, _HEIGHT), name, tr("{claim}: bounds over the units", claim=claim.title), described
    )


def _scale(claim: ClaimView, best: MeasurementView, points: list[tuple[int, Decimal | None, Decimal | None]]) -> Scale:
    """Around the claim, the sample's value and the last bounds; a bound far away exceeds the plot, as early ones do."""
    _, low, high = points[-1]
    values = [v for v in (claim.reported, best.position, *(claim.band or ())) if v is not None]
    spread = max(values) - min(values)
    near = [v for v in (low, high) if v is not None and min(values) - 2 * spread <= v <= max(values) + 2 * spread]
    return around([*values, *near], _HEIGHT - _BOTTOM, _TOP)


def _steps(points: list[tuple[float, float]], *, back: bool = False) -> str:
    """A staircase: a bound holds until the next one; `back` draws it from right to left."""
    parts = [f"M{number(points[0][0])} {number(points[0][1])}"]
    for (_, y), (right, below) in itertools.pairwise(points):
        parts += [f"L{number(right)} {number(y)}", f"L{number(right)} {number(below)}"]
    if back:
        corners = [part[1:] for part in parts]
        return "M" + "L".join(reversed(corners))
    return "".join(parts)


def _beyond(
    points: list[tuple[int, Decimal | None, Decimal | None]], scale: Scale, x: Callable[[int], float]
) -> list[str]:
    """An arrow at the edge of the frame where bounds, the first ones as a rule, lie beyond it."""
    found = []
    for way, beyond in (
        (1, [n for n, _, high in points if high is None or high > scale.high]),
        (-1, [n for n, low, _ in points if low is None or low < scale.low]),
    ):
        if beyond:
            at, edge = x(beyond[0]) + 5, _TOP if way > 0 else _HEIGHT - _BOTTOM
            base = number(edge + 7.0 * way)
            arrow = f"M{number(at)} {number(edge)}L{number(at + 4)} {base}L{number(at - 4)} {base}z"
            found.append(element("path", d=arrow, fill=_LINE))
    return found


def _band(claim: ClaimView, scale: Scale, shape: Shape) -> list[str]:
    if claim.band is None or claim.reported is None:
        return []
    heights = scale(claim.band[1]), scale(claim.reported), scale(claim.band[0])
    sides = shape.left, shape.right
    if not shape.beside:
        return band(claim.value, heights, sides, _TOP, label=None)
    return band(claim.value[:12], heights, sides, _TOP, label=min(heights[1], _HEIGHT - _BOTTOM - 12))


def _ticks(scale: Scale, shape: Shape) -> list[str]:
    found = []
    for tick in scale.ticks():
        y = scale(tick)
        line = f"M{number(shape.left)} {number(y)}H{number(shape.right)}"
        found.append(element("path", d=line, stroke=RULE, stroke_width="0.7"))
        shown = f"{tick:f}".replace("-", "\u2212")
        found.append(element("text", text(shown), x=shape.left - 7, y=y + 3.6, fill=MUTED, text_anchor="end"))
    return found


def _units(x: Callable[[int], float], last: int, bottom: float, shape: Shape) -> list[str]:
    marks = [10**n for n in range(len(str(last))) if 10**n < last / 1.5]
    found = []
    for units in (*marks, last):
        at = x(units)
        found.append(element("path", d=f"M{number(at)} {number(bottom)}v4", stroke=MUTED, stroke_width="0.8"))
        half = 3.0 * len(whole(units))
        found.append(element("text", text(whole(units)), x=min(at, shape.width - half), y=bottom + 16, text_anchor="middle",
                             fill=MUTED))  # fmt: skip
    found.append(element("text", text(tr("units scored")), x=(shape.left + shape.right) / 2, y=bottom + 32,
                         text_anchor="middle", fill=MUTED))  # fmt: skip
    return found
