"""Parts of a difference as text."""

from __future__ import annotations

from fractions import Fraction

from tasks.analysis.row_shares import Amount
from tasks.statistics.bootstrap import stored


def exact_text(value: Amount) -> str:
    """An exact amount as a fraction, `-1234/567`, so that a reader can add up; another one as a decimal."""
    return str(value) if isinstance(value, Fraction) else format(stored(value), "f")


def percent(share: Amount, whole: Amount) -> str:
    """A share in percent of a difference; empty if there is no difference."""
    return f"{float(share / whole * 100):.2f} %" if whole else ""
