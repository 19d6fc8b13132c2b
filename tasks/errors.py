"""Errors of the scorers. They know nothing of exit codes; `audit` turns them into messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class ScoringError(ValueError):
    """A value that a scorer cannot use: what is wrong, and for which row if one is to blame.

    Attributes:
        what: What is wrong.
        row: The row's id.
        item: Where a metric, which knows no rows, does not: the index in the lists that it was given.
    """

    def __init__(self, what: str, *, row: str | None = None, item: int | None = None) -> None:
        super().__init__(f"row {row}: {what}" if row else what)
        self.what = what
        self.row = row
        self.item = item

    def at(self, indices: Sequence[int] | NDArray[np.intp]) -> ScoringError:
        """The same for longer lists, of which `indices` were given."""
        return self if self.item is None else ScoringError(self.what, row=self.row, item=int(indices[self.item]))

    def of(self, ids: Sequence[str]) -> ScoringError:
        """The same with its row's id, if one is to blame: `ids` are those of the lists."""
        return self if self.item is None or self.row else ScoringError(self.what, row=ids[self.item])


class UnavailableError(RuntimeError):
    """A convention that cannot be computed here, with the reason in a few words (`needs a judge`, `Java not found`)."""
