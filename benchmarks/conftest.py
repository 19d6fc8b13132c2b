"""The option of the benchmarks."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--write`."""
    parser.addoption("--write", action="store_true", help="write docs/explanation/performance.md")
