"""Task: a test set, its reference type, and the conventions under which it can be scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tasks.convention import Convention
from tasks.row import ReferenceType


@dataclass(frozen=True, slots=True)
class Task:
    """A row of the paper's table of test sets.

    Attributes:
        id: The id, as in file names: `st-en-zh`.
        name: The paper's name: `En2Zh`.
        dataset: The data set and split, for readers.
        reference_type: The type of `reference` in a predictions file.
        conventions: By metric id, in display order.
        source: The source of the task's definition and size.
    """

    id: str
    name: str
    dataset: str
    reference_type: ReferenceType
    conventions: Mapping[str, tuple[Convention, ...]]
    source: str = ""

    def __post_init__(self) -> None:
        for metric, items in self.conventions.items():
            ids = [c.id for c in items]
            if len(set(ids)) != len(ids):
                raise ValueError(f"task {self.id}: duplicate convention id for {metric}")
        object.__setattr__(self, "conventions", MappingProxyType(dict(self.conventions)))

    def convention(self, metric: str, convention: str) -> Convention:
        """The convention with that id.

        Raises:
            KeyError: The task has no such convention for that metric.
        """
        for item in self.conventions.get(metric, ()):
            if item.id == convention:
                return item
        raise KeyError(f"{self.id} has no convention {convention} for {metric}")
