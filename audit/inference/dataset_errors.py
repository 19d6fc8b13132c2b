"""Reading a task's test set for a command: a reader's error becomes one of the command line's. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from audit.errors import InputError
from tasks.datasets.errors import DatasetError


def explain(error: DatasetError) -> InputError:
    """A reader's error as one of the command line's."""
    return InputError(error.what, where=error.where, fix=error.fix)


def folders(pairs: Iterable[str]) -> dict[str, Path]:
    """`TASK=FOLDER` options by task id.

    Raises:
        InputError: One is not of that form, or names no task.
    """
    from audit.inference.settings import SETTINGS

    found = {}
    for text in pairs:
        task, equals, folder = text.partition("=")
        if not equals or not folder or task not in SETTINGS:
            raise InputError(f"{text!r} is not TASK=DIR", where="--data", fix=f"Tasks: {', '.join(SETTINGS)}.")
        found[task] = Path(folder)
    return found
