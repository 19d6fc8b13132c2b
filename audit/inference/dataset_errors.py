"""Conversion of data set errors to command line errors, and parsing of `--data` options. Does not import torch."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from audit.errors import InputError
from tasks.datasets.errors import DatasetError


def explain(error: DatasetError) -> InputError:
    """Convert a data set error to a command line error."""
    return InputError(error.what, where=error.where, fix=error.fix)


def folders(pairs: Iterable[str]) -> dict[str, Path]:
    """Parse `TASK=FOLDER` options; returns folders by task id.

    Raises:
        InputError: An option does not have this form, or the task is unknown.
    """
    from audit.inference.settings import SETTINGS

    found = {}
    for text in pairs:
        task, equals, folder = text.partition("=")
        if not equals or not folder or task not in SETTINGS:
            raise InputError(f"{text!r} is not TASK=DIR", where="--data", fix=f"Tasks: {', '.join(SETTINGS)}.")
        found[task] = Path(folder)
    return found
