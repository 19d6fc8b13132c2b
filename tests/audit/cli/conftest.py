from __future__ import annotations

from typing import Any

import pytest

from tests.support.example_audit import build
from tests.support.judge.fixtures import serve

__all__ = ["serve"]


@pytest.fixture(scope="session")
def audit() -> dict[str, Any]:
    return build()
