"""Views: parts of a row other than its output and its reference."""

from __future__ import annotations

from tasks.convention import View
from tasks.row import Row


def _prompt(row: Row) -> str | None:
    return row.prompt


PROMPT = View("prompt", _prompt)
