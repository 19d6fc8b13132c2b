"""A pytest plugin for mutation runs, where a process is forked for every mutant: the quickest tests first, small heaps."""

from __future__ import annotations

import gc
import json
from pathlib import Path

import pytest

# Written by mutmut, in the folder where it runs pytest.
TIMES = Path("mutmut-stats.json")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A mutant that a quick test kills costs nothing more."""
    if TIMES.is_file():
        seconds: dict[str, float] = json.loads(TIMES.read_text(encoding="utf-8"))["duration_by_test"]
        items.sort(key=lambda item: seconds.get(item.nodeid, 0.0))


def pytest_collection_finish() -> None:
    """Hypothesis and pytest collect garbage again and again; what was imported before the fork is left out."""
    gc.freeze()
