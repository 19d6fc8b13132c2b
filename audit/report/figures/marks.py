"""The marks of a specification curve: values, their intervals, and arrows where an interval leaves the frame."""

from __future__ import annotations

from audit._util.axis import Axis
from audit.report.figures.columns import Column
from audit.report.figures.svg import element, number
from audit.report.views import MeasurementView

_ARROW = 3.2


def bar_of(column: Column, x: float, axis: Axis) -> str:
    """The interval of a column."""
    bounds = column.bounds
    return f"M{number(x)} {number(axis(bounds[0]))}V{number(axis(bounds[1]))}" if bounds else ""


def range_of(column: Column, x: float, axis: Axis) -> str:
    """The values of several measurements that differ."""
    return f"M{number(x)} {number(axis(column.low))}V{number(axis(column.high))}" if column.low != column.high else ""


def arrows_of(column: Column, x: float, axis: Axis) -> str:
    """An arrow at each end of an interval that leaves the frame."""
    found = ""
    for bound in column.bounds or ():
        way = axis.beyond(bound)
        if way:
            tip = axis(bound) - way * 2 * _ARROW
            found += f"M{number(x)} {number(tip)}l{number(_ARROW)} {number(way * 2 * _ARROW)}h-{number(2 * _ARROW)}z"
    return found


def shape_of(m: MeasurementView, x: float, axis: Axis, r: float) -> str:
    """A cross for an invalid value, a diamond for a part of the set, else a circle."""
    assert m.position is not None
    y = axis(m.position)
    if m.invalid:
        side = number(2 * r)
        return element("path", d=f"M{number(x - r)} {number(y - r)}l{side} {side}m0 -{side}l-{side} {side}")
    if m.partial:
        q = number(r * 1.25)
        return element("path", d=f"M{number(x)} {number(y - r * 1.25)}l{q} {q}l-{q} {q}l-{q} -{q}z")
    return element("circle", cx=x, cy=y, r=r)
