from __future__ import annotations

import json
from typing import Any

import pytest

from audit.document.write import to_bytes
from audit.pipeline.request import AuditRequest
from audit.pipeline.run import run


@pytest.fixture(scope="session")
def default_audit() -> bytes:
    """audit.json of the study that comes with the project."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1763856000")
        return to_bytes(run(AuditRequest()).document)


@pytest.fixture
def value(default_audit: bytes) -> dict[str, Any]:
    """The same as a JSON value of the test's own."""
    found: dict[str, Any] = json.loads(default_audit)
    return found
