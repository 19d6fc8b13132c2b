"""Availability: the reasons why a convention cannot be computed on this machine (`Convention.unavailable`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tasks.errors import UnavailableError

Reason = Callable[[], str | None]


def reason(*needs: Callable[[], object]) -> str | None:
    """The reason given by the first of `needs` that raises `UnavailableError`, or None if none raises."""
    for need in needs:
        try:
            need()
        except UnavailableError as error:
            return error.reason
    return None


@dataclass(frozen=True, slots=True)
class First:
    """The first of several reasons, or None; equal to another of the same reasons, so that each need be asked only once."""

    reasons: tuple[Reason, ...]

    def __call__(self) -> str | None:
        """The reason."""
        return next((found for found in (one() for one in self.reasons) if found is not None), None)


def first_reason(*reasons: Reason) -> Reason:
    """A function that returns the first of several reasons, or None."""
    return First(reasons)


@dataclass(frozen=True, slots=True)
class Always:
    """A reason that holds on every machine: a judge, logits or another system's output is missing, not a program."""

    text: str

    def __call__(self) -> str:
        """The reason."""
        return self.text


# The reason for every convention scored by a judge.
needs_judge = Always("needs a judge")
