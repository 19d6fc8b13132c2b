"""A waterfall: from one value to another, one bar for each step's part of the gap.

The name of each step stands above its bar, in as many lines as it needs, so that the figure fits a telephone.
"""

from __future__ import annotations

import textwrap
from decimal import Decimal
from fractions import Fraction

from audit._util.adding_up import adding_up, rounded
from audit._util.axis import Scale, around
from audit.report.figures.svg import INK, MUTED, REPORTED, RULE, element, figure, number, text
from audit.report.language import tr
from audit.schema import AttributedGap, AttributedStep

WIDTH = 340.0
_LEFT, _RIGHT, _TOP, _LINE, _BAR, _GAP = 12.0, 12.0, 24.0, 13.0, 11.0, 5.0
_UP, _DOWN, _END = "#b5541c", "#0f5f8a", "#6a7078"
# Characters of a line beside the number at its end.
_CHARACTERS = 44


def draw(gap: AttributedGap, anchor: str, places: int = 2) -> str:
    """The figure as an `<svg>` element.

    Args:
        gap: The gap and its parts.
        anchor: What the ids of its title and description begin with.
        places: Decimals of the numbers beside the bars.
    """
    start, end = rounded(Fraction(gap.start), places), rounded(Fraction(gap.end), places)
    parts = adding_up([Fraction(step.part) for step in gap.steps], end - start, places)
    levels = [start]
    for part in parts:
        levels.append(levels[-1] + part)
    bounds = [(levels[n] + Decimal(s.interval.low), levels[n] + Decimal(s.interval.high)) if s.interval else None
              for n, s in enumerate(gap.steps)]  # fmt: skip
    reached = [*levels, *(bound for pair in bounds if pair for bound in pair)]
    reached += [Decimal(gap.printed)] if gap.printed else []
    scale = around(reached, _LEFT, WIDTH - _RIGHT)
    body: list[str] = []
    y = _TOP
    entries = [
        (gap.first, f"{start:f}", start, start, None, True),
        *(
            (_label(step), f"{part:+f}".replace("-", "\u2212"), level, level + part, bound, False)
            for step, part, level, bound in zip(gap.steps, parts, levels, bounds, strict=False)
        ),
        (gap.second, f"{end:f}", end, end, None, True),
    ]
    for label, value, low, high, bound, is_end in entries:
        drawn, y = _entry(label, value, (scale(low), scale(high)), y, bold=is_end)
        body += drawn
        if bound is not None and bound[0] != bound[1]:
            line = f"M{number(scale(bound[0]))} {number(y - _GAP - _BAR / 2)}H{number(scale(bound[1]))}"
            body.append(element("path", d=line, stroke=INK, stroke_width="1"))
    bottom = y
    body = [*_axis(scale, bottom), *_printed(gap, scale, bottom), *body]
    title = tr(
        "From {first} ({start}) to {second} ({end}), step by step",
        first=gap.first,
        start=format(start, "f"),
        second=gap.second,
        end=format(end, "f"),
    )
    return figure(body, (WIDTH, bottom + 22), anchor, title, _description(gap, parts))


def _axis(scale: Scale, bottom: float) -> list[str]:
    parts = []
    for tick in scale.ticks():
        x = scale(tick)
        parts.append(
            element("path", d=f"M{number(x)} {number(_TOP - 4)}V{number(bottom)}", stroke=RULE, stroke_width="0.7")
        )
        parts.append(element("text", text(f"{tick:f}".replace("-", "\u2212")), x=x, y=bottom + 14, fill=MUTED,
                             text_anchor="middle"))  # fmt: skip
    return parts


def _printed(gap: AttributedGap, scale: Scale, bottom: float) -> list[str]:
    if gap.printed is None:
        return []
    x = scale(Decimal(gap.printed))
    side = "start" if x < WIDTH / 4 else "end" if x > 3 * WIDTH / 4 else "middle"
    line = element(
        "path", d=f"M{number(x)} {number(_TOP - 4)}V{number(bottom)}", stroke="#c48f1c", stroke_dasharray="4 2"
    )
    return [
        line,
        element(
            "text", text(tr("reported {value}", value=gap.printed)), x=x, y=_TOP - 9, fill=REPORTED, text_anchor=side
        ),
    ]


def _label(step: AttributedStep) -> str:
    return f"{', '.join(step.axes)}: {step.before} \u2192 {step.after}"


def _entry(label: str, value: str, ends: tuple[float, float], y: float, *, bold: bool) -> tuple[list[str], float]:
    """A step, or an end of the gap: its name and number, below them its bar; and where the next one begins."""
    weight = "600" if bold else None
    lines = textwrap.wrap(label, _CHARACTERS) or [label]
    # White around the letters: lines of the axis pass behind them.
    found = [
        element("text", text(line), x=_LEFT - 6, y=y + 10 + _LINE * n, font_weight=weight, stroke="#ffffff", stroke_width="3",
                paint_order="stroke")
        for n, line in enumerate(lines)
    ]  # fmt: skip
    found.append(element("text", text(value), x=WIDTH - _RIGHT + 6, y=y + 10, text_anchor="end", font_weight=weight,
                         stroke="#ffffff", stroke_width="3", paint_order="stroke"))  # fmt: skip
    top = y + _LINE * len(lines) + 1
    left, right = sorted(ends)
    if bold:
        found.append(element("path", d=f"M{number(left)} {number(top)}v{number(_BAR)}", stroke=_END, stroke_width="3"))
    else:
        found.append(element("rect", x=left, y=top, width=max(right - left, 1.2), height=_BAR,
                             fill=_UP if ends[1] > ends[0] else _DOWN))  # fmt: skip
    return found, top + _BAR + _GAP


def _description(gap: AttributedGap, parts: list[Decimal]) -> str:
    steps = "; ".join(f"{', '.join(s.axes)} {part:+f}" for s, part in zip(gap.steps, parts, strict=True))
    if not steps:
        return tr("The parts of the gap: no step differs.")
    return tr("The parts of the gap: {steps}.", steps=steps)
