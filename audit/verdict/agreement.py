"""Agreement of a value with a reported one: exact, within the margin, better or worse; and of bounds on a value.

A value is known exactly once all units are scored: no interval over imagined other test sets has a part in this.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from audit.schema import Agreement, Comparison, Direction
from tasks.statistics.printed import places_of, printed_as, rounding_interval

Exact = Fraction | Decimal


@dataclass(frozen=True, slots=True)
class Target:
    """What a value is held against.

    Attributes:
        printed: The reported value as a string.
        direction: Of the metric: which side is better.
        margin: How far the value may lie outside the printed value's rounding interval, in the same unit.
    """

    printed: str
    direction: Direction
    margin: str

    def agreement(self, value: Exact) -> Agreement:
        """`exact` if the value prints as the reported string, by rounding or by truncation; `within-margin` inside the
        rounding interval widened by the margin; otherwise `better` or `worse`.
        """  # noqa: D205
        if self.prints(value) or self.truncates(value):
            return Agreement.EXACT
        reported, slack, exact = rounding_interval(self.printed), Fraction(self.margin), Fraction(value)
        if exact > Fraction(reported.high) + slack:
            return Agreement.BETTER if self.direction == "higher" else Agreement.WORSE
        if exact < Fraction(reported.low) - slack:
            return Agreement.WORSE if self.direction == "higher" else Agreement.BETTER
        return Agreement.WITHIN_MARGIN

    def prints(self, value: Exact) -> bool:
        """Whether the value rounds to the reported string."""
        return self.printed in printed_as(value, self.printed)

    def truncates(self, value: Exact) -> bool:
        """Whether the value's digits, cut off after those printed, are the reported string."""
        scale = 10 ** places_of(self.printed)
        return Fraction(int(Fraction(value) * scale), scale) == Fraction(self.printed)

    def compare(self, value: Exact) -> Comparison:
        """The agreement with the signed difference."""
        kind = self.agreement(value)
        truncated = kind is Agreement.EXACT and not self.prints(value)
        return Comparison(kind, difference(value, self.printed), truncated)

    def bounded(self, low: Fraction | None, high: Fraction | None) -> Agreement:
        """Agreement of a value that is only known to lie from `low` to `high`; None for no bound.

        `undecided` unless all values between the bounds have one answer: inside, better, or worse.
        """
        reported, slack = rounding_interval(self.printed), Fraction(self.margin)
        bottom, top = Fraction(reported.low) - slack, Fraction(reported.high) + slack
        # Values that truncate to the reported string agree as well: up to the next string away from zero, which does not.
        step, number = Fraction(1, 10 ** places_of(self.printed)), Fraction(self.printed)
        under, over = number - step * (number <= 0), number + step * (number >= 0)
        if low is not None and low > top and low >= over:
            return Agreement.BETTER if self.direction == "higher" else Agreement.WORSE
        if high is not None and high < bottom and high <= under:
            return Agreement.WORSE if self.direction == "higher" else Agreement.BETTER
        if low is not None and high is not None and (bottom <= low or under < low) and (high <= top or high < over):
            return Agreement.WITHIN_MARGIN
        return Agreement.UNDECIDED


def difference(value: Exact, printed: str, places: int = 6) -> str:
    """The value less the reported one, signed, without trailing zeros: `+1.92756`, `-0.006`, `0`."""
    exact = Fraction(value) - Fraction(printed)
    rounded = Decimal(round(exact * 10**places)).scaleb(-places)
    if not rounded:
        return "0"
    text = format(rounded.normalize(), "f")
    return text if text.startswith("-") else f"+{text}"
