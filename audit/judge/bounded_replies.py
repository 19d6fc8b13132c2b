"""A limit on what a judge's server may answer: a reply is a few kilobytes, whatever a server sends."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

# Bytes of a reply with its headers and usage; 32,768 tokens take some 200 kB, a stream of them ten times as much.
MOST = 16 << 20


def bound_replies(client: Any) -> None:
    """Let a client of the package openai read no more than `MOST` bytes of any answer, errors included, and none compressed.

    Args:
        client: The `openai.OpenAI`; its transport is httpx or httpx2.
    """
    client._client.event_hooks = {**client._client.event_hooks, "response": [_bound]}


def _bound(response: Any) -> None:
    library = importlib.import_module(type(response).__module__.partition(".")[0])
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        response.close()
        raise library.DecodingError(f"the server's reply is compressed ({encoding[:40]}), which was not asked for")
    whole = response.stream

    class Bounded(library.SyncByteStream):  # type: ignore[misc, name-defined]
        def __iter__(self) -> Iterator[bytes]:
            left = MOST
            for chunk in whole:
                left -= len(chunk)
                if left < 0:
                    raise library.ReadError(f"the server's reply has more than {MOST} bytes")
                yield chunk

        def close(self) -> None:
            whole.close()

    response.stream = Bounded()
