"""Task: a test set, its reference type, and the conventions under which it can be scored."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from tasks.convention import Convention
from tasks.row import ReferenceType


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a task is built from; hashable, and small enough to be sent to a process that counts rows.

    Attributes:
        id: The id, as in file names: `st-en-zh`.
        family: The id of a family in `tasks.registry`.
        name: The paper's name: `En2Zh`.
        dataset: The data set and split, for readers.
        parameters: The family's parameters as canonical JSON, see `declare`.
        leave_out: Ids of conventions that the task does without.
        own: Conventions of the study in addition, each as canonical JSON, see `tasks.declared`.
        source: The source of the task's definition.
        card: The id of its set card; None if it has none.
        short: The task as a header of narrow columns, in one or two words.
        fields: (field of a row, field of the source) for importing its outputs.
    """

    id: str
    family: str
    name: str = ""
    dataset: str = ""
    parameters: str = "{}"
    leave_out: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    source: str = ""
    card: str | None = None
    short: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()


def declare(
    id: str,  # noqa: A002  # the field's name
    family: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    own: Sequence[Mapping[str, Any]] = (),
    **others: Any,
) -> Declaration:
    """A declaration from plain values; `others` are further fields of `Declaration`."""
    return Declaration(
        id, family, parameters=_canonical(parameters or {}), own=tuple(_canonical(one) for one in own), **others
    )


def _canonical(value: Mapping[str, Any]) -> str:
    # The order of labels and options is kept: a family may give it a meaning.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Task:
    """A row of a paper's table of test sets.

    Attributes:
        id: The id, as in file names: `st-en-zh`.
        name: The paper's name: `En2Zh`.
        dataset: The data set and split, for readers.
        reference_type: The type of `reference` in a predictions file.
        conventions: By metric id, in display order.
        source: The source of the task's definition and size.
        family: The id of its family.
        parameters: The family's parameters, with defaults.
        declaration: What it was built from; None for a task made in code.
    """

    id: str
    name: str
    dataset: str
    reference_type: ReferenceType
    conventions: Mapping[str, tuple[Convention, ...]]
    source: str = ""
    family: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    declaration: Declaration | None = None

    @property
    def card(self) -> str | None:
        """The id of its set card; None if it has none."""
        return self.declaration.card if self.declaration else None

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
