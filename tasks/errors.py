"""Errors raised while scoring; `audit` turns them into messages and exit codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class ScoringError(ValueError):
    """A value that cannot be scored.

    Attributes:
        what: What is wrong.
        row: The id of the row at fault, if there is one.
        item: The index at fault in the lists passed to a metric, which does not know row ids.
    """

    def __init__(self, what: str, *, row: str | None = None, item: int | None = None) -> None:
        super().__init__(f"row {row}: {what}" if row else what)
        self.what = what
        self.row = row
        self.item = item

    def at(self, indices: Sequence[int] | NDArray[np.intp]) -> ScoringError:
        """The same error for longer lists, of which `indices` were passed to the metric."""
        return self if self.item is None else type(self)(self.what, row=self.row, item=int(indices[self.item]))

    def of(self, ids: Sequence[str]) -> ScoringError:
        """The same error with the id of its row; `ids` are those of the lists."""
        return self if self.item is None or self.row else type(self)(self.what, row=ids[self.item])

    def in_item(self, item: int) -> ScoringError:
        """The same error of the value at an index of the lists."""
        return type(self)(self.what, item=item)


class TooLongError(ScoringError):
    """A text beyond what a metric can process in bounded time and memory: an error of its row, while the others are scored."""


class UnavailableError(RuntimeError):
    """A convention cannot be computed here; the message is the reason in a few words (`needs a judge`, `Java not found`)."""


class DeclarationError(ValueError):
    """A declared task or convention that cannot be built.

    Attributes:
        what: What is wrong.
        field: The path of the field at fault inside the declaration.
        fix: What to do.
    """

    def __init__(self, what: str, *, field: tuple[str | int, ...], fix: str) -> None:
        super().__init__(f"{'.'.join(map(str, field))}: {what} ({fix})")
        self.what = what
        self.field = field
        self.fix = fix
