"""What is known of a prediction set's rows beside the card of their test set."""

from __future__ import annotations

from dataclasses import dataclass

from audit.schema import IdentityState, Invalid
from audit.scoring.predictions import PredictionSet


@dataclass(frozen=True, slots=True)
class Reason:
    """One finding: a code for programs, a text with both numbers for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity of a prediction set."""

    state: IdentityState
    reasons: tuple[Reason, ...] = ()
    units: int | None = None

    def invalid(self) -> tuple[Invalid, ...]:
        """Contradicted rows justify nothing."""
        if self.state is not IdentityState.CONTRADICTED:
            return ()
        return tuple(Invalid("identity", reason.text) for reason in self.reasons)


def identity(predictions: PredictionSet, units: int | None) -> Identity:
    """The identity by the number of units alone.

    Args:
        predictions: The rows.
        units: How many the set has; None where it is unknown.
    """
    rows = len(predictions.rows)
    if units is None:
        return Identity(IdentityState.UNKNOWN)
    if rows > units:
        return Identity(IdentityState.CONTRADICTED, (Reason("units", f"{rows} rows, and the set has {units}."),), units)
    return Identity(IdentityState.PART if rows < units else IdentityState.CONSISTENT, (), units)
