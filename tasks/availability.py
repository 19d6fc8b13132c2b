"""Why a convention cannot be computed here: what `Convention.unavailable` is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tasks.errors import UnavailableError

Reason = Callable[[], str | None]


def reason(*needs: Callable[[], object]) -> str | None:
    """The reason of the first need that is not met (that raises `UnavailableError`), or None."""
    for need in needs:
        try:
            need()
        except UnavailableError as error:
            return str(error)
    return None


def first_reason(*reasons: Reason) -> Reason:
    """A question that gives the first of several reasons, or None."""

    def asked() -> str | None:
        return next((found for found in (one() for one in reasons) if found is not None), None)

    return asked


@dataclass(frozen=True, slots=True)
class Always:
    """The same reason on every machine: what is missing is no program, but a judge, logits, another system's output."""

    text: str

    def __call__(self) -> str:
        """The reason."""
        return self.text


# The reason of every convention whose answers a language model judges.
needs_judge = Always("needs a judge")
