"""The coverage of a measurement, in words."""

from __future__ import annotations

from audit.report.language import tr, trn
from audit.report.numbers import part_of, range_of, share, shown, whole
from audit.schema import Bounds, Measurement, Rows


def reach(bounds: Bounds | None, digits: int) -> str:
    """What the value on the whole set can be: `21.4 to 27.9`, `at least 21.4`; empty without bounds."""
    if bounds is None:
        return ""
    if bounds.high is None:
        return tr("at least {value}", value=shown(bounds.low, digits))
    return range_of(shown(bounds.low, digits), shown(bounds.high, digits))


def rows_scored(rows: Rows | None) -> str:
    """`15,473 of 15,531`, as far as known."""
    if rows is None or (rows.scored is None and rows.expected is None):
        return ""
    if rows.expected is None:
        return whole(rows.scored)
    return part_of("?" if rows.scored is None else rows.scored, rows.expected)


def share_scored(rows: Rows | None) -> str:
    """`99.6 %`; empty if unknown."""
    return share(rows.scored, rows.expected) if rows and rows.scored is not None and rows.expected is not None else ""


def partial(rows: Rows | None) -> bool:
    """Whether only a part of the set was scored."""
    return rows is not None and rows.scored is not None and bool(rows.expected) and rows.coverage < 1


def unread(item: Measurement) -> str:
    """`12 outputs without a readable answer`; empty if there are none, or if the convention does not say."""
    number = item.unread
    if not number:
        return ""
    return trn("{n} output without a readable answer", "{n} outputs without a readable answer", number, n=whole(number))


def not_scored(rows: Rows | None) -> tuple[str, ...]:
    """Why rows were not scored, one phrase per reason."""
    if rows is None:
        return ()
    parts = [
        trn("{n} skipped: {reason}", "{n} skipped: {reason}", s.rows, n=whole(s.rows), reason=s.reason or s.rule)
        for s in rows.skipped
    ]
    if rows.missing:
        parts.append(trn("{n} missing", "{n} missing", rows.missing, n=whole(rows.missing)))
    if rows.error:
        parts.append(trn("{n} failed", "{n} failed", rows.error, n=whole(rows.error)))
    return tuple(parts)
