"""The coverage of a measurement, in words."""

from __future__ import annotations

from audit.report.numbers import share, shown, whole
from audit.schema import Bounds, Measurement, Rows


def reach(bounds: Bounds | None, digits: int) -> str:
    """What the value on the whole set can be: `21.4 to 27.9`, `at least 21.4`; empty without bounds."""
    if bounds is None:
        return ""
    if bounds.high is None:
        return f"at least {shown(bounds.low, digits)}"
    return f"{shown(bounds.low, digits)} to {shown(bounds.high, digits)}"


def rows_scored(rows: Rows | None) -> str:
    """`15,473 of 15,531`, as far as known."""
    if rows is None or (rows.scored is None and rows.expected is None):
        return ""
    if rows.scored is None:
        return f"? of {whole(rows.expected)}"
    return whole(rows.scored) if rows.expected is None else f"{whole(rows.scored)} of {whole(rows.expected)}"


def share_scored(rows: Rows | None) -> str:
    """`99.6 %`; empty if unknown."""
    return share(rows.scored, rows.expected) if rows and rows.scored is not None and rows.expected is not None else ""


def partial(rows: Rows | None) -> bool:
    """Whether only a part of the set was scored."""
    return rows is not None and rows.scored is not None and bool(rows.expected) and rows.coverage < 1


def unread(item: Measurement) -> str:
    """`12 outputs without a readable answer`; empty if there are none, or if the convention does not say."""
    number = item.unread
    noun = "output" if number == 1 else "outputs"
    return f"{whole(number)} {noun} without a readable answer" if number else ""


def not_scored(rows: Rows | None) -> tuple[str, ...]:
    """Why rows were not scored, one phrase per reason."""
    if rows is None:
        return ()
    parts = [f"{whole(s.rows)} skipped: {s.reason or s.rule}" for s in rows.skipped]
    parts += [f"{whole(n)} {word}" for n, word in ((rows.missing, "missing"), (rows.error, "failed")) if n]
    return tuple(parts)
