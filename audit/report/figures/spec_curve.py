"""The specification curve of a claim.

Top: all measurements in the order of their values, with intervals, and the rounding interval of the reported value as a
band. Bottom: the choices in which the conventions differ, one row each. After the specification curve of Simonsohn, Simmons
and Nelson, applied to conventions for scoring one set of outputs.
"""

from __future__ import annotations

from audit.report.figures.scale import Scale, around
from audit.report.figures.steps import Matrix, matrix
from audit.report.figures.svg import element, number, text
from audit.report.views import ClaimView, MeasurementView

WIDTH = 720.0
_PLOT = 190.0
_TOP = 26.0
_ROW = 15.0
_MARGIN = 74.0
# From this many columns on, marks in the matrix are too small to distinguish, so choices not made are left blank.
_DENSE = 60
_DASH = {True: "2 1.5", False: None}
_SANS = "'Source Sans 3', 'Source Sans Extended', 'Noto Sans CJK SC', Helvetica, Arial, sans-serif"
_INK, _MUTED, _RULE, _BAND, _BAND_EDGE = "#1f2328", "#5b636d", "#dfe2e6", "#f6e3b4", "#c48f1c"
_AGREES, _OFF = "#0f5f8a", "#6a7078"


def draw(claim: ClaimView) -> str:
    """The figure as an `<svg>` element; empty if fewer than two measurements have a value."""
    items = [m for m in claim.measurements if m.position is not None]
    if len(items) < 2 or claim.reported is None:
        return ""
    table = matrix([m.convention.signature if m.convention else None for m in items])
    left = _left(table)
    # If there are few columns, keep them close together and close to their labels.
    step = min(48.0, (WIDTH - left - _MARGIN) / len(items))
    right = max(left + step * len(items), left + 200.0)
    xs = [left + step * (n + 0.5) for n in range(len(items))]
    scale = _scale(claim, items)
    bottom = _TOP + _PLOT
    rows_top = bottom + 38.0
    height = rows_top + _ROW * len(table.differing) + 12.0
    body = [
        *_axis(scale, left, right),
        *_band(claim, scale, left, right),
        *_columns(items, xs, step, bottom, height - 12.0),
        *_marks(items, xs, scale, step),
        *_numbers(items, xs, step, bottom),
        *_matrix(table, xs, step, rows_top, left, right),
    ]
    name = f"{claim.anchor}-figure"
    title = element("title", text(f"{claim.title}: {len(items)} measurements by value"), id=f"{name}-title")
    return element(
        "svg",
        [title, element("desc", text(_description(claim, items)), id=f"{name}-desc"), *body],
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(WIDTH)} {number(height)}",
        width=number(WIDTH),
        height=number(height),
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        font_family=_SANS,
        font_size="11",
        fill=_INK,
    )


def common(claim: ClaimView) -> tuple[str, ...]:
    """The choices that all conventions in the figure share."""
    items = [m for m in claim.measurements if m.position is not None]
    return matrix([m.convention.signature if m.convention else None for m in items]).common


def _left(table: Matrix) -> float:
    longest = max((len(c.name) for c in table.differing), default=0)
    return min(230.0, max(170.0, 16.0 + 5.3 * longest))


def _scale(claim: ClaimView, items: list[MeasurementView]) -> Scale:
    values = [m.position for m in items if m.position is not None]
    if claim.band:
        values += claim.band
    # Intervals may exceed the plot if they would otherwise compress everything else.
    spread = max(values) - min(values)
    for m in items:
        for bound in m.bounds or ():
            if min(values) - spread <= bound <= max(values) + spread:
                values.append(bound)
    return around(values, _TOP + _PLOT - 8.0, _TOP)


def _axis(scale: Scale, left: float, right: float) -> list[str]:
    parts = []
    for tick in scale.ticks():
        y = scale(tick)
        parts.append(
            element("path", d=f"M{number(left)} {number(y)}H{number(right)}", stroke=_RULE, stroke_width="0.7")
        )
        parts.append(element("text", text(f"{tick:f}".replace("-", "\u2212")), x=left - 7, y=y + 3.6, fill=_MUTED,
                             text_anchor="end"))  # fmt: skip
    return parts


def _band(claim: ClaimView, scale: Scale, left: float, right: float) -> list[str]:
    if claim.band is None or claim.reported is None:
        return []
    top, bottom = scale(claim.band[1]), scale(claim.band[0])
    middle = scale(claim.reported)
    return [
        element("rect", x=left, y=top, width=right - left, height=max(bottom - top, 0.8), fill=_BAND),
        element("path", d=f"M{number(left)} {number(middle)}H{number(right)}", stroke=_BAND_EDGE, stroke_width="1",
                stroke_dasharray="4 2"),
        element("text", text("reported"), x=right + 6, y=middle - 1.5, fill="#7a5605"),
        element("text", text(claim.value), x=right + 6, y=middle + 10.5, fill="#7a5605", font_weight="600"),
    ]  # fmt: skip


def _columns(items: list[MeasurementView], xs: list[float], step: float, top: float, bottom: float) -> list[str]:
    """Tint the column of the deciding measurement, from its dot to the end of the matrix."""
    return [
        element(
            "rect",
            x=x - step / 2,
            y=_TOP - 6,
            width=step,
            height=bottom - _TOP + 6,
            fill="#0f5f8a",
            fill_opacity="0.07",
        )
        for m, x in zip(items, xs, strict=True)
        if m.deciding and bottom > top
    ]


def _marks(items: list[MeasurementView], xs: list[float], scale: Scale, step: float) -> list[str]:
    """Filled: recomputed; hollow: recorded; diamond: a part of the set; cross: invalid.

    Marks that look alike form one group, and their intervals one path, so that figures of hundreds of columns stay small.
    """
    r = min(4.2, max(1.6, step * 0.36))
    groups: dict[tuple[str, bool], list[tuple[MeasurementView, float]]] = {}
    for m, x in zip(items, xs, strict=True):
        color = _AGREES if m.agrees else _OFF
        groups.setdefault((color, m.recorded), []).append((m, x))
    # Marks that agree are drawn last, on top of the others.
    found = []
    for (color, recorded), marks in sorted(groups.items(), key=lambda g: (g[0][0] == _AGREES, g[0])):
        bars = "".join(_bar(m, x, scale) for m, x in marks)
        if bars:
            found.append(element("path", d=bars, stroke=color, stroke_width="1.3", stroke_dasharray=_DASH[recorded]))
        shapes = (_shape(m, x, scale, r) for m, x in marks)
        fill = "#ffffff" if recorded else color
        found.append(element("g", shapes, fill=fill, stroke=color, stroke_width="1.5"))
    return found


def _bar(m: MeasurementView, x: float, scale: Scale) -> str:
    return f"M{number(x)} {number(scale(m.bounds[0]))}V{number(scale(m.bounds[1]))}" if m.bounds else ""


def _shape(m: MeasurementView, x: float, scale: Scale, r: float) -> str:
    assert m.position is not None
    y = scale(m.position)
    if m.invalid:
        side = number(2 * r)
        return element("path", d=f"M{number(x - r)} {number(y - r)}l{side} {side}m0 -{side}l-{side} {side}")
    if m.partial:
        q = number(r * 1.25)
        return element("path", d=f"M{number(x)} {number(y - r * 1.25)}l{q} {q}l-{q} {q}l-{q} -{q}z")
    return element("circle", cx=x, cy=y, r=r)


def _numbers(items: list[MeasurementView], xs: list[float], step: float, bottom: float) -> list[str]:
    """The number of each measurement in the table, as space permits, and its grade below."""
    every = max(1, round(13.0 / step + 0.49)) if step < 13.0 else 1
    parts = [element("text", text("no."), x=xs[0] - step / 2 - 7, y=bottom + 10, text_anchor="end", fill=_MUTED)]
    if step >= 9.0:
        parts.append(
            element("text", text("grade"), x=xs[0] - step / 2 - 7, y=bottom + 25, text_anchor="end", fill=_MUTED)
        )
    for n, (m, x) in enumerate(zip(items, xs, strict=True)):
        weight = "600" if m.deciding else None
        if n % every == 0 or m.deciding:
            parts.append(element("text", text(str(m.number)), x=x, y=bottom + 10, text_anchor="middle", font_weight=weight,
                                 font_size="10.5"))  # fmt: skip
        if step >= 9.0:
            parts.append(element("text", text(m.grade or "?"), x=x, y=bottom + 25, text_anchor="middle", fill=_MUTED,
                                 font_weight=weight, font_size="10.5"))  # fmt: skip
    return parts


def _matrix(table: Matrix, xs: list[float], step: float, top: float, left: float, right: float) -> list[str]:
    parts = []
    group = ""
    r = min(3.4, max(0.8, step * 0.3))
    for n, choice in enumerate(table.differing):
        y = top + _ROW * n + _ROW / 2
        if choice.group != group:
            group = choice.group
            line = f"M8 {number(y - _ROW / 2)}H{number(right)}"
            parts.append(element("path", d=line, stroke=_RULE, stroke_width="0.7"))
        label = choice.name if len(choice.name) <= 40 else f"{choice.name[:39]}\u2026"
        parts.append(element("text", text(label), x=left - 7, y=y + 3.6, text_anchor="end", font_size="10.5"))
        if len(xs) >= _DENSE:
            dots = "".join(f"M{number(xs[c])} {number(y)}h.01" for c in choice.columns)
            parts.append(element("path", d=dots, stroke=_INK, stroke_width=2 * r, stroke_linecap="round", fill="none"))
            continue
        others = sorted(set(range(len(xs))) - set(choice.columns) - set(table.unknown))
        rest = "".join(f"M{number(xs[c])} {number(y)}h.01" for c in others)
        if rest:
            parts.append(element("path", d=rest, stroke="#d3d7dc", stroke_width=r, stroke_linecap="round", fill="none"))
        parts.append(element("path", d="".join(_disc(xs[c], y, r) for c in choice.columns), fill=_INK))
    for c in table.unknown:
        if table.differing:
            height = _ROW * len(table.differing)
            line = f"M{number(xs[c])} {number(top + 4)}v{number(height - 8)}"
            parts.append(element("path", d=line, stroke="#b9bec5", stroke_width="1", stroke_dasharray="1.5 3"))
    return parts


def _disc(x: float, y: float, r: float) -> str:
    """A filled circle as part of a path: one path per row keeps figures of many columns small."""
    size, across = number(r), number(2 * r)
    return f"M{number(x - r)} {number(y)}a{size} {size} 0 1 0 {across} 0a{size} {size} 0 1 0 -{across} 0"


def _description(claim: ClaimView, items: list[MeasurementView]) -> str:
    recorded = sum(m.recorded for m in items)
    agree = sum(m.agrees for m in items)
    return (
        f"{len(items)} values from {items[0].value} to {items[-1].value}, {recorded} of them recorded, not recomputed; "
        f"the reported value is {claim.value}. {agree} of them agree with it. The table below lists all of them."
    )
