"""Errors raised while scoring; `audit` turns them into messages and exit codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    """Texts beyond what a metric can process in bounded time and memory: errors of their rows, while the others are scored.

    Attributes:
        items: The indices at fault in the lists passed to the metric, each with its reason; `item` is the first.
        rows: The same by the rows' ids, once they are known.
    """

    def __init__(self, what: str, *, row: str | None = None, item: int | None = None) -> None:
        super().__init__(what, row=row, item=item)
        self.items: Mapping[int, str] = {} if item is None else {item: what}
        self.rows: Mapping[str, str] = {}

    @classmethod
    def of_items(cls, items: Mapping[int, str]) -> TooLongError:
        """The error of several texts, at least one."""
        first = min(items)
        error = cls(items[first], item=first)
        error.items = items
        return error

    def at(self, indices: Sequence[int] | NDArray[np.intp]) -> TooLongError:
        """See `ScoringError.at`."""
        return type(self).of_items({int(indices[i]): why for i, why in self.items.items()}) if self.items else self

    def of(self, ids: Sequence[str]) -> ScoringError:
        """See `ScoringError.of`."""
        if not self.items:
            return self
        error = type(self)(self.what, row=ids[min(self.items)])
        error.rows = {ids[item]: why for item, why in self.items.items()}
        return error


class UnavailableError(RuntimeError):
    """A convention cannot be computed here; the message is the reason in a few words (`needs a judge`, `Java not found`)."""

    @property
    def reason(self) -> str:
        """The message as it was raised: a phrase stays one."""
        return str(self) if not self.args or type(self.args[0]) is str else self.args[0]


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
