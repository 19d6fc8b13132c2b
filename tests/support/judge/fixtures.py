"""A server that answers as it is told to, for the tests of one test function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.judge.helpers import FakeServer


@pytest.fixture
def serve() -> Iterator[Callable[..., FakeServer]]:
    pytest.importorskip("openai", reason="needs the extra judge (the openai package)")
    running: list[FakeServer] = []

    def start(**options: Any) -> FakeServer:
        running.append(FakeServer(**options))
        return running[-1]

    yield start
    for server in running:
        server.stop()
