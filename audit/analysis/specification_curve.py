"""The specification curve of a multiverse, as a stand-alone SVG without scripts.

Top: the value of every pipeline, in order, with its interval if any, and the reported value as a band as wide as its
rounding. Bottom: each pipeline's option on each axis, one row per option. A pattern in a row means that the option moves
the value.

The drawing is as wide as a telephone and scales without loss. Neighbouring pipelines share a column if there are many: a bar
spans their values, a dot is their median, and the height of a mark below is the share of them that take the option. The axis
is broken, visibly, where a value far away would press all others together; an interval that leaves the frame ends in an arrow.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from decimal import Decimal
from html import escape
from itertools import pairwise

from audit._util.axis import Axis, broken
from tasks.analysis.multiverse import Axis as Options
from tasks.analysis.multiverse import Outcome, Specification
from tasks.statistics.bootstrap import stored
from tasks.statistics.printed import rounding_interval

WIDTH, MOST_COLUMNS = 390.0, 60
_RIGHT, _TOP, _PLOT, _ROW, _GAP, _ARROW = 8.0, 40.0, 200.0, 12.0, 6.0, 2.5
_CHARACTERS = 24
_INK, _MUTED, _BAND, _EDGE, _DOT, _REPORTED = "#1f2328", "#5b636d", "#f6e3b4", "#c48f1c", "#0f5f8a", "#7a5605"


def draw(spec: Specification, known: Sequence[Outcome], reported: str | None = None) -> str:
    """Draw the curve.

    Args:
        spec: The axes.
        known: Pipelines with a value, sorted by value; at least one.
        reported: A printed value to show as a band.
    """
    number = min(MOST_COLUMNS, len(known))
    bounds = [len(known) * n // number for n in range(number + 1)]
    columns = [known[a:b] for a, b in pairwise(bounds)]
    names = [option.name for axis in spec.axes for option in axis.options]
    left = min(130.0, 10.0 + 5.0 * max(len(line) for name in names for line in _lines(name)))
    step = (WIDTH - left - _RIGHT) / len(columns)
    band = rounding_interval(reported) if reported else None
    points = [_value(outcome) for outcome in known]
    ends = [stored(bound) for outcome in known for bound in outcome.interval or ()]
    middle = [] if band is None else [stored((band.low + band.high) / 2)]
    # Intervals may exceed the plot if they would otherwise compress everything else.
    axis = broken([*points, *middle], [*ends, *(stored(end) for end in ((band.low, band.high) if band else ()))],
                  _TOP + _PLOT, _TOP)  # fmt: skip

    def x(index: float) -> float:
        return left + step * (index + 0.5)

    body = [*_ticks(axis, left), *_breaks(axis, left)]
    if band is not None:
        body += _band(axis, stored(band.low), stored(band.high), reported or "", left)
    body += _values(columns, axis, x, step)
    place = _TOP + _PLOT + 2 * _GAP
    for options in spec.axes:
        rows, place = _rows(options, columns, x, step, place, left)
        body += rows
    title = f"{spec.task}, {spec.metric}: {len(known)} pipelines by value"
    about = f"From {float(points[0]):.6g} to {float(points[-1]):.6g}" + (f"; reported {reported}." if reported else ".")
    if len(columns) < len(known):
        about += f" {len(known)} values in {len(columns)} columns."
    if axis.breaks:
        about += " The axis is broken."
    heading = [
        _text(6, 14 + 13 * n, line, size=11, weight="bold") for n, line in enumerate(textwrap.wrap(title, 62)[:2])
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {place + 6:.0f}" '
        'role="img" aria-labelledby="t d" font-family="Helvetica, Arial, sans-serif" font-size="9.5" fill="none">'
        f'<title id="t">{escape(title)}</title><desc id="d">{escape(about)}</desc>'
        f"{''.join(heading)}{''.join(body)}</svg>\n"
    )


def _value(outcome: Outcome) -> Decimal:
    return stored(outcome.value or 0)


def _lines(name: str) -> list[str]:
    """A name in as many lines as it needs."""
    return textwrap.wrap(name, _CHARACTERS) or [name]


def _ticks(axis: Axis, left: float) -> list[str]:
    found = []
    for tick in axis.ticks():
        y = axis(tick)
        found.append(f'<path d="M{left:.1f} {y:.2f}H{WIDTH - _RIGHT:.1f}" stroke="#dfe2e6" stroke-width="0.7"/>')
        found.append(_text(left - 5, y + 3, f"{tick:f}".replace("-", "\u2212"), anchor="end", colour=_MUTED))
    return found


def _breaks(axis: Axis, left: float) -> list[str]:
    found = []
    for start, end in axis.breaks:
        low, high = min(start, end) + 3, max(start, end) - 3
        for y in (low, high):
            jags = "l3 -3l3 3" * int((WIDTH - _RIGHT - left) / 6)
            found.append(f'<path d="M{left:.1f} {y + 1.5:.2f}{jags}" stroke="#b9bec5" stroke-width="0.8"/>')
        found.append(_text(left - 5, (low + high) / 2 + 3, "break", anchor="end", colour=_MUTED))
    return found


def _band(axis: Axis, low: Decimal, high: Decimal, reported: str, left: float) -> list[str]:
    top, bottom = axis(high), axis(low)
    width = WIDTH - _RIGHT - left
    shape = f'x="{left:.1f}" y="{top:.2f}" width="{width:.1f}" height="{max(1.0, bottom - top):.2f}"'
    # Above the band, or below it at the top of the plot; the end of the curve that is farther away has room.
    y = top - 3 if top - 14 > _TOP else bottom + 10
    at_left = top < _TOP + _PLOT / 2
    words = _text(left + 3 if at_left else WIDTH - _RIGHT, y, f"reported {reported}", anchor="start" if at_left else "end",
                  weight="bold", colour=_REPORTED)  # fmt: skip
    return [f'<rect {shape} fill="{_BAND}" stroke="{_EDGE}" stroke-width="0.6"/>', words]


def _values(columns: Sequence[Sequence[Outcome]], axis: Axis, x: Callable[[float], float], step: float) -> list[str]:
    bars = arrows = spans = dots = ""
    for n, column in enumerate(columns):
        intervals = [outcome.interval for outcome in column if outcome.interval]
        if intervals:
            ends = stored(min(low for low, _ in intervals)), stored(max(high for _, high in intervals))
            bars += f"M{x(n):.2f} {axis(ends[0]):.2f}V{axis(ends[1]):.2f}"
            for end in ends:
                if way := axis.beyond(end):
                    tip = axis(end) - way * 2 * _ARROW
                    arrows += f"M{x(n):.2f} {tip:.2f}l{_ARROW} {way * 2 * _ARROW}h{-2 * _ARROW}z"
        low, high = axis(_value(column[0])), axis(_value(column[-1]))
        if low != high:
            spans += f"M{x(n):.2f} {low:.2f}V{high:.2f}"
        dots += f"M{x(n):.2f} {axis(_value(column[len(column) // 2])):.2f}h.01"
    width = max(1.6, min(4.0, step))
    found = [
        (bars, f'stroke="{_MUTED}" stroke-opacity="0.45" stroke-width="1"'),
        (arrows, f'fill="{_MUTED}"'),
        (spans, f'stroke="{_DOT}" stroke-opacity="0.4" stroke-width="{width:.2f}"'),
        (dots, f'stroke="{_DOT}" stroke-width="{width:.2f}" stroke-linecap="round"'),
    ]
    return [f'<path d="{path}" {style}/>' for path, style in found if path]


def _rows(
    options: Options,
    columns: Sequence[Sequence[Outcome]],
    x: Callable[[float], float],
    step: float,
    place: float,
    left: float,
) -> tuple[list[str], float]:
    """The rows of one axis, and where they end."""
    body = [_text(left - 5, place + 9, options.name, anchor="end", weight="bold")]
    place += _ROW
    for option in options.options:
        lines = _lines(option.name)
        body += [_text(left - 5, place + 9 + 10 * n, line, anchor="end") for n, line in enumerate(lines)]
        base = place + _ROW - 1
        marks = ""
        for n, column in enumerate(columns):
            taken = sum((options.name, option.name) in outcome.pipeline.choices for outcome in column)
            if taken:
                marks += f"M{x(n):.2f} {base:.1f}v{-(_ROW - 2) * taken / len(column):.2f}"
        if marks:
            body.append(f'<path d="{marks}" stroke="{_INK}" stroke-width="{max(0.25, step * 0.8):.2f}"/>')
        place += _ROW + 10 * (len(lines) - 1)
    return body, place + _GAP


def _text(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "start",
    weight: str = "normal",
    size: float = 9.5,
    colour: str = _INK,
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" font-size="{size}" '
        f'fill="{colour}">{escape(words)}</text>'
    )
