"""The account of rows: how many a convention scored, skipped, missed or could not read; they add up to the set."""

from __future__ import annotations

from dataclasses import dataclass

from audit.errors import InputError
from tasks.phrase import joined, phrase


@dataclass(frozen=True, slots=True)
class Skipped:
    """The rows skipped by a rule of the convention."""

    rule: str
    reason: str
    rows: int


@dataclass(frozen=True, slots=True)
class Account:
    """The number of rows in each state.

    Raises:
        InputError: On construction, if the states do not add up to the size of the set.
    """

    expected: int
    scored: int
    skipped: tuple[Skipped, ...]
    missing: int
    error: int
    where: str

    def __post_init__(self) -> None:
        total = self.scored + sum(s.rows for s in self.skipped) + self.missing + self.error
        if total != self.expected or min(self.scored, self.missing, self.error) < 0:
            skipped = sum(s.rows for s in self.skipped)
            raise InputError(
                f"scored {self.scored} + skipped {skipped} + missing {self.missing} + error {self.error} "
                f"is not the size of the set, {self.expected}",
                where=self.where,
                fix="The predictions contain rows that are not in the set, or the claim's expected_rows is wrong.",
            )

    @property
    def why_none(self) -> str:
        """Why no row was scored, by the states of the rows."""
        states: list[str] = [
            phrase("{n} dropped ({reason})", n=s.rows, reason=s.reason) for s in self.skipped if s.rows
        ]
        if self.error:
            states.append(phrase("{n} with an error", n=self.error))
        if self.missing:
            states.append(phrase("{n} missing", n=self.missing))
        if not states:
            return phrase("not defined: no row was scored; there are none")
        return phrase("not defined: no row was scored; {states}", states=joined(states, ", "))
