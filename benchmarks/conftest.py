"""The options of the benchmarks."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--write` and `--captions`."""
    parser.addoption("--write", action="store_true", help="write docs/explanation/performance.md")
    parser.addoption(
        "--captions", metavar="FILE", help="also measure captions, of a CSV file: candidate, ref_1, ref_2, ..."
    )
