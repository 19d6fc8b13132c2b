"""Agreement of a value, or of bounds on it, with a reported value: exact, within the margin, better or worse.

A value is known exactly once all units are scored, so intervals for other test sets play no role here.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from audit.facts import WHOLE, Claim, Direction
from audit.schema import Agreement, Comparison
from tasks.statistics.bootstrap import stored
from tasks.statistics.printed import places_of, printed_as, rounding_interval

Exact = Fraction | Decimal


@dataclass(frozen=True, slots=True)
class Target:
    """What a value is compared with.

    Attributes:
        printed: The reported value as a string.
        direction: The metric's better side.
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
        """Whether the value, truncated to the printed digits, is the reported string."""
        scale = 10 ** places_of(self.printed)
        return Fraction(int(Fraction(value) * scale), scale) == Fraction(self.printed)

    def compare(self, value: Exact) -> Comparison:
        """The agreement, with the signed difference."""
        kind = self.agreement(value)
        truncated = kind is Agreement.EXACT and not self.prints(value)
        return Comparison(kind, difference(value, self.printed), truncated)

    def bounded(self, low: Fraction | None, high: Fraction | None) -> Agreement:
        """Agreement of a value known only to lie between `low` and `high`; None means unbounded.

        `undecided` unless all values between the bounds agree alike: inside, better, or worse.
        """
        reported, slack = rounding_interval(self.printed), Fraction(self.margin)
        bottom, top = Fraction(reported.low) - slack, Fraction(reported.high) + slack
        # Values that truncate to the reported string also agree: up to, but excluding, the next string away from zero.
        step, number = Fraction(1, 10 ** places_of(self.printed)), Fraction(self.printed)
        under, over = number - step * (number <= 0), number + step * (number >= 0)
        if low is not None and low > top and low >= over:
            return Agreement.BETTER if self.direction == "higher" else Agreement.WORSE
        if high is not None and high < bottom and high <= under:
            return Agreement.WORSE if self.direction == "higher" else Agreement.BETTER
        if low is not None and high is not None and (bottom <= low or under < low) and (high <= top or high < over):
            return Agreement.WITHIN_MARGIN
        return Agreement.UNDECIDED


def difference(value: Exact, printed: str) -> str:
    """The value minus the reported one, signed, without trailing zeros: `+1.92756`, `-0.006`, `0`."""
    rounded = stored(Fraction(value) - Fraction(printed))
    if not rounded:
        return "0"
    text = format(rounded.normalize(), "f")
    return text if text.startswith("-") else f"+{text}"


def unit_factor(claim: Claim | None, scale: int) -> Decimal:
    """The factor from a metric's scale to the claim's unit."""
    whole = None if claim is None else WHOLE[claim.unit]
    return Decimal(1) if whole is None else Decimal(whole) / scale


def in_unit(exact: Fraction | float | None, factor: Decimal) -> Fraction | Decimal | None:
    """A value in the claim's unit; a float is only as exact as it is stored."""
    if exact is None:
        return None
    return stored(exact) * factor if isinstance(exact, float) else exact * Fraction(factor)
