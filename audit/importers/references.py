"""A task's reference from the texts that a foreign format has for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from audit.errors import InputError
from tasks.row import ReferenceType

if TYPE_CHECKING:
    from tasks.task import Task

_LISTS = frozenset(
    {
        ReferenceType.TEXTS,
        ReferenceType.CAPTIONS,
        ReferenceType.SPEAKERS,
        ReferenceType.KEYPHRASES,
        ReferenceType.OPTIONAL,
    }
)


def reference_of(texts: Sequence[str], task: Task, where: str, question: str | None = None) -> Any:
    """The reference that a task expects, from one or several texts.

    Args:
        texts: The texts, at least one unless the task's reference is optional.
        task: The task.
        where: The record's place.
        question: What was asked, for tasks whose reference holds it.

    Raises:
        InputError: The task expects another kind of reference.
    """
    kind = task.reference_type
    if kind is ReferenceType.OPTIONAL and len(texts) < 2:
        return texts[0] if texts else None
    if kind in _LISTS:
        return list(texts)
    if kind is ReferenceType.TEXT and len(texts) == 1:
        return texts[0]
    if kind is ReferenceType.QUESTION_ANSWERS and question is not None:
        return {"question": question, "answers": list(texts)}
    found = "one text" if len(texts) == 1 else f"{len(texts)} texts"
    raise InputError(
        f"the record has {found}, but a reference of {task.id} must be {kind.value}",
        where=where,
        fix="Give another --task, or convert the file and import it with `repro-audit import jsonl`.",
    )
