"""SPICE for tests: whether it can run here, and where its files are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.metrics.spice import spice_unavailable

UNAVAILABLE = spice_unavailable()
needs_spice = pytest.mark.skipif(UNAVAILABLE is not None, reason=str(UNAVAILABLE))


def running(mark: str) -> list[int]:
    """Processes whose command line contains a text."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:  # it ended meanwhile
            continue
    return found
