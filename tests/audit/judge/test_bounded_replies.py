"""What a judge's server answers is bounded: its size, also of an error or a stream, and what it unpacks to."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

pytest.importorskip("openai", reason="needs the extra judge")

from audit.judge import bounded_replies
from audit.judge.interface import Message, Params, TransientError
from audit.judge.openai_server import OpenAIServer

BODY = {"choices": [{"message": {"content": "Yes"}, "finish_reason": "stop"}], "model": "m"}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        kind = self.server.kind  # type: ignore[attr-defined]
        self.server.asked.append(self.headers.get("Accept-Encoding"))  # type: ignore[attr-defined]
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps(BODY).encode()
        self.send_response(500 if kind == "error" else 200)
        if kind == "bomb":
            body = gzip.compress(b" " * (64 << 20) + body)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Type", "text/event-stream" if kind == "stream" else "application/json")
        if kind in {"bomb", "fine"}:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body if kind in {"bomb", "fine"} else b"data: ")
            while kind in {"endless", "error", "stream"}:
                self.wfile.write(b" " * 65536)
        except OSError:
            self.server.left.set()  # type: ignore[attr-defined]

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.asked, made.left = [], threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def ask(server: ThreadingHTTPServer, kind: str, **options: Any) -> str:
    server.kind = kind  # type: ignore[attr-defined]
    judge = OpenAIServer("m", base_url=f"http://127.0.0.1:{server.server_port}/v1", timeout=60, **options)
    try:
        return judge.ask([Message("user", "x")], Params()).text
    finally:
        judge.close()


def test_an_answer_is_asked_for_as_it_is(server: ThreadingHTTPServer) -> None:
    assert ask(server, "fine") == "Yes"
    assert server.asked == ["identity"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["endless", "error", "stream"])
def test_an_answer_without_end(kind: str, server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_replies, "MOST", 1 << 20)
    with pytest.raises(TransientError, match="has more than 1048576 bytes"):
        ask(server, kind, stream=kind == "stream")
    assert server.left.wait(60)  # type: ignore[attr-defined]  # nobody reads on


def test_a_compressed_answer_is_not_unpacked(server: ThreadingHTTPServer) -> None:
    with pytest.raises(TransientError, match=r"is compressed \(gzip\), which was not asked for"):
        ask(server, "bomb")
