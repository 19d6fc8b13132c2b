from __future__ import annotations

from typing import Any

import pytest

from tests.support.example_audit import build, document


@pytest.fixture(scope="session")
def audit() -> dict[str, Any]:
    return build()


@pytest.fixture(scope="session")
def page(audit: dict[str, Any]) -> str:
    from audit.report.page import render

    return render(document(audit))
