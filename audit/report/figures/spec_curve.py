"""The specification curve of a claim.

Top: all measurements in the order of their values, with intervals, and the rounding interval of the reported value as a
band. Bottom: the choices in which the conventions differ, one row each. After the specification curve of Simonsohn, Simmons
and Nelson, applied to conventions for scoring one set of outputs.

Many measurements are drawn in fewer columns, neighbours as one. An axis is broken, visibly, where a value far away would
press all others together; an interval that leaves the frame ends in an arrow. There are four shapes: `WIDE` for desktops and
for figures of many columns on paper, `BESIDE` for paper, beside the text, `NARROW` for telephones, where the name of each
choice stands above its row, and `SLIDE` for a talk.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from audit._util.axis import Axis, broken
from audit.report.figures import marks
from audit.report.figures.band import band
from audit.report.figures.columns import Column, columns
from audit.report.figures.steps import Choice, Matrix, matrix
from audit.report.figures.svg import INK, MUTED, RULE, element, extent, figure, number, text
from audit.report.language import tr, trc, trn
from audit.report.numbers import whole
from audit.report.views import ClaimView, MeasurementView

WIDTH = 720.0
_TOP = 26.0
_DASH = {True: "2 1.5", False: None}
_AGREES, _OFF = "#0f5f8a", "#6a7078"


@dataclass(frozen=True, slots=True)
class Shape:
    """How a figure is laid out.

    Attributes:
        name: Part of the ids in the figure.
        width: Of the figure, in pixels at its natural size.
        margin: At the right.
        most: Columns.
        step: The widest column.
        above: Whether the name of a choice stands above its row instead of to the left.
        characters: Of a line of a name.
        least: The least room for names to the left.
        plot: The height of the plot.
        row: The height of a choice's row.
    """

    name: str
    width: float
    margin: float
    most: int
    step: float
    above: bool
    characters: int
    least: float = 170.0
    plot: float = 190.0
    row: float = 15.0

    @property
    def beside(self) -> bool:
        """Whether the label of the reported value stands to the right of the plot."""
        return self.margin > 20.0


WIDE = Shape("figure", WIDTH, 74.0, 36, 48.0, above=False, characters=38)
BESIDE = Shape("figure", 350.0, 10.0, 12, 40.0, above=False, characters=26, least=60.0, plot=92.0, row=12.8)
NARROW = Shape("narrow", 340.0, 10.0, 15, 40.0, above=True, characters=54)
SLIDE = Shape("figure", 400.0, 62.0, 14, 40.0, above=False, characters=26, least=70.0, plot=140.0, row=13.0)


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where things stand."""

    shape: Shape
    columns: list[Column]
    xs: list[float]
    step: float
    axis: Axis
    left: float
    right: float

    @property
    def bottom(self) -> float:
        return _TOP + self.shape.plot


def draw(claim: ClaimView, shape: Shape = WIDE) -> str:
    """The figure as an `<svg>` element; empty if fewer than two measurements have a value."""
    items = [m for m in claim.measurements if m.position is not None]
    if len(items) < 2 or claim.reported is None:
        return ""
    table = matrix([m.convention.signature if m.convention else None for m in items])
    made = columns(items, shape.most)
    left = _left(table, shape)
    # If there are few columns, keep them close together and close to their labels.
    step = min(shape.step, (shape.width - left - shape.margin) / len(made))
    right = max(left + step * len(made), min(left + 200.0, shape.width - shape.margin))
    frame = _Frame(
        shape, made, [left + step * (n + 0.5) for n in range(len(made))], step, _axis(claim, items, shape), left, right
    )
    rows_top = frame.bottom + (52.0 if len(made) < len(items) else 38.0)
    rows, end = _matrix(table, frame, rows_top)
    height = end + 12.0
    body = [
        *_ticks(frame),
        *_band(claim, frame),
        *_tint(frame, height - 12.0),
        *_breaks(frame),
        *_marks(frame),
        *_numbers(frame),
        *rows,
    ]
    name = f"{claim.anchor}-{shape.name}"
    title = trn(
        "{claim}: {n} measurement by value",
        "{claim}: {n} measurements by value",
        len(items),
        claim=claim.title,
        n=whole(len(items)),
    )
    return figure(body, (shape.width, height), name, title, _description(claim, items, frame))


def about(claim: ClaimView, shape: Shape = WIDE) -> str:
    """What the caption says about columns of several values and broken axes; empty if there are none."""
    items = [m for m in claim.measurements if m.position is not None]
    if len(items) < 2 or claim.reported is None:
        return ""
    said = []
    if len(columns(items, shape.most)) < len(items):
        said.append(
            tr(
                "Neighbouring values share a column; the mark is the middle one, a bar spans them, and a dot below "
                "is as large as the share of them that make the choice."
            )
        )
    if (axis := _axis(claim, items, shape)).breaks:
        said.append(tr("The axis of values is broken at the jagged lines."))
    if any(axis.beyond(bound) for m in items for bound in m.bounds or ()):
        said.append(tr("An arrow marks an interval that reaches beyond the frame."))
    return " ".join(said)


def common(claim: ClaimView) -> tuple[str, ...]:
    """The choices that all conventions in the figure share."""
    items = [m for m in claim.measurements if m.position is not None]
    return matrix([m.convention.signature if m.convention else None for m in items]).common


def _left(table: Matrix, shape: Shape) -> float:
    if shape.above:
        return 44.0
    longest = max((extent(line) for c in table.differing for line in _lines(c, shape)), default=0)
    return min(230.0, max(shape.least, 16.0 + 5.6 * longest))


def _lines(choice: Choice, shape: Shape) -> list[str]:
    """The name of a choice, in as many lines as it needs."""
    return textwrap.wrap(choice.name, shape.characters) or [choice.name]


def _axis(claim: ClaimView, items: Sequence[MeasurementView], shape: Shape) -> Axis:
    points = [m.position for m in items if m.position is not None]
    if claim.reported is not None:
        points.append(claim.reported)
    # Intervals may exceed the plot if they would otherwise compress everything else.
    others = [bound for m in items for bound in m.bounds or ()]
    return broken(points, [*(claim.band or ()), *others], _TOP + shape.plot - 8.0, _TOP)


def _ticks(frame: _Frame) -> list[str]:
    parts = []
    for tick in frame.axis.ticks():
        y = frame.axis(tick)
        line = f"M{number(frame.left)} {number(y)}H{number(frame.right)}"
        parts.append(element("path", d=line, stroke=RULE, stroke_width="0.7"))
        parts.append(element("text", text(f"{tick:f}".replace("-", "\u2212")), x=frame.left - 7, y=y + 3.6, fill=MUTED,
                             text_anchor="end"))  # fmt: skip
    return parts


def _band(claim: ClaimView, frame: _Frame) -> list[str]:
    if claim.band is None or claim.reported is None:
        return []
    heights = frame.axis(claim.band[1]), frame.axis(claim.reported), frame.axis(claim.band[0])
    label = heights[1] if frame.shape.beside else None
    return band(claim.value, heights, (frame.left, frame.right), _TOP, label=label)


def _tint(frame: _Frame, bottom: float) -> list[str]:
    """Tint the column of the deciding measurement, from its dot to the end of the matrix."""
    return [
        element("rect", x=x - frame.step / 2, y=_TOP - 6, width=frame.step, height=bottom - _TOP + 6, fill=_AGREES,
                fill_opacity="0.07")
        for column, x in zip(frame.columns, frame.xs, strict=True)
        if column.deciding
    ]  # fmt: skip


def _breaks(frame: _Frame) -> list[str]:
    """Each break of the axis: a strip without paper between two jagged lines, and a word beside it."""
    found = []
    for start, end in frame.axis.breaks:
        top, bottom = min(start, end), max(start, end)
        left, right = frame.left - 4, frame.right
        teeth = max(2, round((right - left) / 12))
        width = (right - left) / (2 * teeth)
        for y in (top + 3.0, bottom - 3.0):
            jags = "".join(f"l{number(width)} -3l{number(width)} 3" for _ in range(teeth))
            found.append(element("path", d=f"M{number(left)} {number(y + 1.5)}{jags}", stroke="#b9bec5", stroke_width="0.8",
                                 fill="none"))  # fmt: skip
        word = text(trc("beside a broken axis", "break"))
        found.append(element("text", word, x=left - 3, y=(top + bottom) / 2 + 3, fill=MUTED, font_size="9.5",
                             text_anchor="end"))  # fmt: skip
    return found


def _marks(frame: _Frame) -> list[str]:
    """Filled: recomputed; hollow: recorded; diamond: a part of the set; cross: invalid. A bar: several values.

    Marks that look alike form one group, and their intervals one path, so that figures of many columns stay small.
    """
    r = min(4.2, max(1.6, frame.step * 0.36))
    groups: dict[tuple[str, bool], list[tuple[Column, float]]] = {}
    for column, x in zip(frame.columns, frame.xs, strict=True):
        color = _AGREES if column.agrees else _OFF
        groups.setdefault((color, all(m.recorded for m in column.items)), []).append((column, x))
    # Marks that agree are drawn last, on top of the others.
    found = []
    for (color, recorded), drawn in sorted(groups.items(), key=lambda g: (g[0][0] == _AGREES, g[0])):
        bars = "".join(marks.bar_of(column, x, frame.axis) for column, x in drawn)
        if bars:
            found.append(element("path", d=bars, stroke=color, stroke_width="1.3", stroke_dasharray=_DASH[recorded]))
        arrows = "".join(marks.arrows_of(column, x, frame.axis) for column, x in drawn)
        if arrows:
            found.append(element("path", d=arrows, fill=color, stroke="none"))
        ranges = "".join(marks.range_of(column, x, frame.axis) for column, x in drawn)
        if ranges:
            found.append(element("path", d=ranges, stroke=color, stroke_width=number(r), stroke_opacity="0.45"))
        shapes = (marks.shape_of(column.middle, x, frame.axis, r) for column, x in drawn)
        fill = "#ffffff" if recorded else color
        found.append(element("g", shapes, fill=fill, stroke=color, stroke_width="1.5"))
    return found


def _numbers(frame: _Frame) -> list[str]:
    """The numbers of each column's measurements in the table, as space permits, their grades, and how many they are."""
    rows = [
        (trc("row of a figure", "no."), [column.numbers for column in frame.columns], None),
        (trc("row of a figure", "grade"), [c.grade for c in frame.columns], MUTED),
    ]
    if any(len(column.items) > 1 for column in frame.columns):
        rows.append((trc("row of a figure", "values"), [str(len(column.items)) for column in frame.columns], MUTED))
    parts = []
    for row, (name, labels, color) in enumerate(rows):
        y = frame.bottom + 10 + 14 * row
        x = frame.xs[0] - frame.step / 2 - 7
        parts.append(element("text", text(name), x=x, y=y, text_anchor="end", fill=MUTED))
        parts += [
            element("text", text(labels[n]), x=frame.xs[n], y=y, text_anchor="middle", fill=color, font_size="10",
                    font_weight="600" if frame.columns[n].deciding else None)
            for n in _fitting(labels, frame)
        ]  # fmt: skip
    return parts


def _fitting(labels: Sequence[str], frame: _Frame) -> Iterator[int]:
    """The columns whose labels fit without touching; that of the deciding measurement comes first."""
    widths = [5.4 * len(label) + 3.0 for label in labels]
    taken = [
        (frame.xs[n] - widths[n] / 2, frame.xs[n] + widths[n] / 2) for n, c in enumerate(frame.columns) if c.deciding
    ]
    yield from (n for n, c in enumerate(frame.columns) if c.deciding)
    for n, column in enumerate(frame.columns):
        low, high = frame.xs[n] - widths[n] / 2, frame.xs[n] + widths[n] / 2
        fits = all(high <= start or low >= end for start, end in taken)
        if fits and not column.deciding and high <= frame.shape.width and low >= frame.left - 6.0:
            taken.append((low, high))
            yield n


def _matrix(table: Matrix, frame: _Frame, top: float) -> tuple[list[str], float]:
    """A row of dots for each choice, their areas the share of the column's values in quarters; and where the rows end."""
    parts = []
    group = ""
    shape, xs = frame.shape, frame.xs
    r = min(3.4, max(0.8, frame.step * 0.3))
    at = {place: n for n, column in enumerate(frame.columns) for place in column.places}
    unknown = {at[place] for place in table.unknown}
    y = top
    for choice in table.differing:
        if choice.group != group:
            group = choice.group
            line = f"M{number(2.0 if shape.above else 8.0)} {number(y)}H{number(frame.right)}"
            parts.append(element("path", d=line, stroke=RULE, stroke_width="0.7"))
        lines = _lines(choice, shape)
        for n, line in enumerate(lines):
            place = {"x": 2.0} if shape.above else {"x": frame.left - 7, "text_anchor": "end"}
            parts.append(element("text", text(line), y=y + shape.row / 2 + 3.6 + 12.0 * n, font_size="10.5", **place))
        y += 12.0 * (len(lines) - 1) + (shape.row - 2 if shape.above else 0.0)
        middle = y + shape.row / 2
        parts += _dots(choice, frame, at, unknown, middle, r)
        y += shape.row
    for n in sorted(unknown):
        if table.differing:
            line = f"M{number(xs[n])} {number(top + 4)}V{number(y - 4)}"
            parts.append(element("path", d=line, stroke="#b9bec5", stroke_width="1", stroke_dasharray="1.5 3"))
    # Dots are lines of no length with round ends: short enough for figures of many rows.
    return [element("g", parts, stroke_linecap="round")], y


def _dots(choice: Choice, frame: _Frame, at: dict[int, int], unknown: set[int], y: float, r: float) -> Iterator[str]:
    made: dict[int, int] = {}
    for place in choice.columns:
        made[at[place]] = made.get(at[place], 0) + 1
    sizes: dict[int, list[int]] = {}
    for n, column in enumerate(frame.columns):
        if n in made or n not in unknown:
            sizes.setdefault(-(-4 * made.get(n, 0) // len(column.items)), []).append(n)
    for quarters, places in sorted(sizes.items()):
        dots = "".join(f"M{number(frame.xs[n])} {number(y)}h.01" for n in places)
        width = number(2 * r * (quarters / 4) ** 0.5 if quarters else r)
        yield element("path", d=dots, stroke=INK if quarters else "#d3d7dc", stroke_width=width)


def _description(claim: ClaimView, items: Sequence[MeasurementView], frame: _Frame) -> str:
    recorded = sum(m.recorded for m in items)
    agree = sum(m.agrees for m in items)
    said = [
        tr(
            "{n} values from {lowest} to {highest}, {recorded} of them recorded, not recomputed; the reported value is "
            "{reported}. {agreeing} of them agree with it. The table below lists all of them.",
            n=whole(len(items)),
            lowest=items[0].value,
            highest=items[-1].value,
            recorded=whole(recorded),
            reported=claim.value,
            agreeing=whole(agree),
        )
    ]
    if drawn := len(frame.columns) if len(frame.columns) < len(items) else 0:
        said.append(
            trn(
                "They are drawn in {n} column, neighbouring values as one.",
                "They are drawn in {n} columns, neighbouring values as one.",
                drawn,
                n=whole(drawn),
            )
        )
    if breaks := len(frame.axis.breaks):
        once, twice = tr("The axis of values is broken once."), tr("The axis of values is broken twice.")
        said.append(once if breaks == 1 else twice)
    outside = sum(any(frame.axis.beyond(bound) for bound in column.bounds or ()) for column in frame.columns)
    if outside:
        said.append(
            trn(
                "{n} interval reaches beyond the frame, marked by arrows.",
                "{n} intervals reach beyond the frame, marked by arrows.",
                outside,
                n=whole(outside),
            )
        )
    return " ".join(said)
