"""The specification curve of a multiverse, as a stand-alone SVG without scripts.

Top: the value of every pipeline, in order, with its interval if any, and the reported value as a band as wide as its
rounding. Bottom: each pipeline's option on each axis, one row per option. A pattern in a row means that the option moves
the value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from tasks.analysis.multiverse import Outcome, Specification
from tasks.statistics.printed import rounding_interval

_LEFT, _WIDTH, _TOP, _PLOT, _ROW, _GAP = 190.0, 760.0, 40.0, 240.0, 13.0, 8.0
_INK, _MUTED, _BAND, _EDGE, _DOT = "#1f2328", "#5b636d", "#f6e3b4", "#c48f1c", "#0f5f8a"


def draw(spec: Specification, known: Sequence[Outcome], reported: str | None = None) -> str:
    """Draw the curve.

    Args:
        spec: The axes.
        known: Pipelines with a value, sorted by value; at least one.
        reported: A printed value to show as a band.
    """
    ends = [bound for o in known for bound in (*(o.interval or ()), float(o.value or 0))]
    band = rounding_interval(reported) if reported else None
    if band:
        ends += [float(band.low), float(band.high)]
    low, high = min(ends), max(ends)
    span = (high - low) or 1.0
    step = _WIDTH / max(1, len(known))

    def x(index: float) -> float:
        return _LEFT + step * (index + 0.5)

    def y(value: float) -> float:
        return float(_TOP + _PLOT * (high - value) / span)

    body = []
    if band:
        top = y(float(band.high))
        height = max(1.0, y(float(band.low)) - top)
        shape = f'x="{_LEFT}" y="{top:.2f}" width="{_WIDTH}" height="{height:.2f}"'
        body.append(f'<rect {shape} fill="{_BAND}" stroke="{_EDGE}" stroke-width="0.8"/>')
        body.append(_text(_LEFT + _WIDTH + 4, top + height / 2 + 3, f"reported {reported}"))
    bars = "".join(
        f"M{x(i):.2f} {y(o.interval[0]):.2f}V{y(o.interval[1]):.2f}" for i, o in enumerate(known) if o.interval
    )
    if bars:
        body.append(f'<path d="{bars}" stroke="{_MUTED}" stroke-opacity="0.35" stroke-width="{min(1.0, step):.2f}"/>')
    dots = "".join(f"M{x(i):.2f} {y(float(o.value or 0)):.2f}h0" for i, o in enumerate(known))
    body.append(
        f'<path d="{dots}" stroke="{_DOT}" stroke-width="{max(1.6, min(4.0, step)):.2f}" stroke-linecap="round"/>'
    )
    for value in (low, (low + high) / 2, high):
        body.append(_text(_LEFT - 6, y(value) + 3, f"{value:.4g}", anchor="end"))
    place = _TOP + _PLOT + 2 * _GAP
    for axis in spec.axes:
        body.append(_text(_LEFT - 6, place + 9, axis.name, anchor="end", weight="bold"))
        place += _ROW
        for option in axis.options:
            body.append(_text(_LEFT - 6, place + 9, option.name, anchor="end"))
            ticks = _ticks(known, axis.name, option.name, x, place)
            if ticks:
                body.append(f'<path d="{ticks}" stroke="{_INK}" stroke-width="{max(0.25, step * 0.9):.2f}"/>')
            place += _ROW
        place += _GAP
    title = f"{spec.task}, {spec.metric}: {len(known)} pipelines by value"
    about = f"From {low:.6g} to {high:.6g}" + (f"; reported {reported}." if reported else ".")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + _WIDTH + 110:.0f} {place + 10:.0f}" '
        'role="img" aria-labelledby="t d" font-family="Helvetica, Arial, sans-serif" font-size="10" fill="none">'
        f'<title id="t">{escape(title)}</title><desc id="d">{escape(about)}</desc>'
        f"{_text(_LEFT, 22, title, size=13)}{''.join(body)}</svg>\n"
    )


def _ticks(known: Sequence[Outcome], axis: str, option: str, x: Callable[[float], float], top: float) -> str:
    return "".join(
        f"M{x(i):.2f} {top + 1:.1f}v{_ROW - 2:.0f}"
        for i, outcome in enumerate(known)
        if (axis, option) in outcome.pipeline.choices
    )


def _text(x: float, y: float, words: str, *, anchor: str = "start", weight: str = "normal", size: int = 10) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" font-size="{size}" '
        f'fill="{_INK}">{escape(words)}</text>'
    )
