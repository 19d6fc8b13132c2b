from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.document.write import to_bytes
from audit.provenance.records import page_seal
from audit.report.page import render
from audit.schema import AuditDocument
from tests.support import browser as chromium
from tests.support import scored_audit
from tests.support.provenance import made

SIGNER = made.key(2001)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Not for the whole session: while it is there, nothing else in this process can run an event loop."""
    with chromium.browser() as started:
        yield started


@pytest.fixture(scope="session")
def predictions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("audit") / "predictions"


@pytest.fixture(scope="session")
def scored(predictions: Path) -> AuditDocument:
    """An audit of made-up outputs, really scored."""
    return scored_audit.document(predictions, rows=14)


@pytest.fixture(scope="session")
def plain(scored: AuditDocument) -> bytes:
    """Its page."""
    return render(scored).encode()


@pytest.fixture(scope="session")
def signed(scored: AuditDocument, plain: bytes) -> bytes:
    """Its page with a signature."""
    return page_seal.sign(plain, to_bytes(scored), SIGNER)


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Callable[..., chromium.Opened]]:
    """Opens a page's text as a file."""
    contexts = []

    def open_page(text: bytes | str, **options: Any) -> chromium.Opened:
        path = tmp_path / f"page-{len(contexts)}.html"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        context = chromium.opened(browser, path, **options)
        contexts.append(context)
        return context.__enter__()

    yield open_page
    for context in contexts:
        context.__exit__(None, None, None)
