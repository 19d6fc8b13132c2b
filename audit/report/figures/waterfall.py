"""A waterfall: from one value to another, one bar for each step's part of the gap."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from audit._util.adding_up import adding_up, rounded
from audit.report.figures.scale import Scale, around
from audit.report.figures.svg import element, number, text
from audit.schema import AttributedGap, AttributedStep

WIDTH = 720.0
_LABEL, _RIGHT, _TOP, _ROW, _BAR = 282.0, 88.0, 24.0, 24.0, 13.0
_SANS = "'Source Sans 3', 'Source Sans Extended', 'Noto Sans CJK SC', Helvetica, Arial, sans-serif"
_INK, _MUTED, _RULE, _UP, _DOWN, _END = "#1f2328", "#5b636d", "#dfe2e6", "#b5541c", "#0f5f8a", "#6a7078"
# Characters of a label that fit beside the bars.
_LONGEST = 50


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
    scale = around(reached, _LABEL, WIDTH - _RIGHT)
    rows = len(gap.steps) + 2
    bottom = _TOP + _ROW * rows
    body = [*_axis(scale, bottom), *_printed(gap, scale, bottom), _row(0, gap.first, f"{start:f}", scale, start)]
    for index, (step, part) in enumerate(zip(gap.steps, parts, strict=True)):
        body += _step(index + 1, step, part, levels[index], scale, bounds[index])
    body.append(_row(rows - 1, gap.second, f"{end:f}", scale, end))
    title = f"From {gap.first} ({start:f}) to {gap.second} ({end:f}), step by step"
    return element(
        "svg",
        [
            element("title", text(title), id=f"{anchor}-title"),
            element("desc", text(_description(gap, parts)), id=f"{anchor}-desc"),
            *body,
        ],
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(WIDTH)} {number(bottom + 22)}",
        width=number(WIDTH),
        height=number(bottom + 22),
        role="img",
        aria_labelledby=f"{anchor}-title {anchor}-desc",
        font_family=_SANS,
        font_size="11",
        fill=_INK,
    )


def _axis(scale: Scale, bottom: float) -> list[str]:
    parts = []
    for tick in scale.ticks():
        x = scale(tick)
        parts.append(
            element("path", d=f"M{number(x)} {number(_TOP - 4)}V{number(bottom)}", stroke=_RULE, stroke_width="0.7")
        )
        parts.append(element("text", text(f"{tick:f}".replace("-", "\u2212")), x=x, y=bottom + 14, fill=_MUTED,
                             text_anchor="middle"))  # fmt: skip
    return parts


def _printed(gap: AttributedGap, scale: Scale, bottom: float) -> list[str]:
    if gap.printed is None:
        return []
    x = scale(Decimal(gap.printed))
    line = element(
        "path", d=f"M{number(x)} {number(_TOP - 4)}V{number(bottom)}", stroke="#c48f1c", stroke_dasharray="4 2"
    )
    return [
        line,
        element("text", text(f"reported {gap.printed}"), x=x, y=_TOP - 9, fill="#7a5605", text_anchor="middle"),
    ]


def _row(index: int, label: str, value: str, scale: Scale, level: Decimal) -> str:
    """An end of the gap: its name, its value and a line at its level."""
    y = _TOP + _ROW * index + _ROW / 2
    x = scale(level)
    return "".join((
        element("text", text(_cut(label)), x=8.0, y=y + 3.8, font_weight="600"),
        element("path", d=f"M{number(x)} {number(y - _BAR / 2)}v{number(_BAR)}", stroke=_END, stroke_width="3"),
        element("text", text(value), x=WIDTH - 8, y=y + 3.8, text_anchor="end", font_weight="600"),
    ))  # fmt: skip


def _step(
    index: int,
    step: AttributedStep,
    part: Decimal,
    level: Decimal,
    scale: Scale,
    bounds: tuple[Decimal, Decimal] | None,
) -> list[str]:
    y = _TOP + _ROW * index + _ROW / 2
    left, right = sorted((scale(level), scale(level + part)))
    label = f"{', '.join(step.axes)}: {step.before} \u2192 {step.after}"
    link = element("path", d=f"M{number(scale(level))} {number(y - _ROW + _BAR / 2)}V{number(y - _BAR / 2)}",
                   stroke=_END, stroke_width="0.8")  # fmt: skip
    bar = element(
        "rect", x=left, y=y - _BAR / 2, width=max(right - left, 1.2), height=_BAR, fill=_UP if part > 0 else _DOWN
    )
    found = [element("text", text(_cut(label)), x=8.0, y=y + 3.8), link, bar]
    if bounds is not None and bounds[0] != bounds[1]:
        ends = (number(scale(bounds[0])), number(scale(bounds[1])))
        found.append(element("path", d=f"M{ends[0]} {number(y)}H{ends[1]}", stroke=_INK, stroke_width="1"))
    shown = f"{part:+f}".replace("-", "\u2212")
    found.append(element("text", text(shown), x=WIDTH - 8, y=y + 3.8, text_anchor="end"))
    return found


def _cut(label: str) -> str:
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}\u2026"


def _description(gap: AttributedGap, parts: list[Decimal]) -> str:
    steps = "; ".join(f"{', '.join(s.axes)} {part:+f}" for s, part in zip(gap.steps, parts, strict=True))
    return f"The parts of the gap: {steps or 'no step differs'}."
