"""A real HTTPS server on this machine with a test certificate; each path misbehaves as it is told."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Answer = Callable[["Handler"], None]


def certificate(folder: Path) -> tuple[Path, Path]:
    """(certificate, key) for 127.0.0.1 and localhost, self-signed, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "server.pem", folder / "server.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


class Handler(BaseHTTPRequestHandler):
    """Answers as `answers[path]` says, and notes what was asked."""

    protocol_version = "HTTP/1.1"
    server: Any

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Range")))
        self.close_connection = True
        answer = self.server.answers.get(self.path)
        if answer is None:
            self.begin(404, 0)
            return
        answer(self)

    def begin(self, status: int, length: int | None, **headers: str) -> None:
        """Send the head of an answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


class Server:
    """A running server.

    Attributes:
        url: Its address, without a path.
        asked: (path, range asked for) of every request.
    """

    def __init__(self, server: ThreadingHTTPServer, trusted: Path) -> None:
        self._server = server
        self.trusted = trusted
        self.url = f"https://localhost:{server.server_address[1]}"
        self.asked: list[tuple[str, str | None]] = server.asked  # type: ignore[attr-defined]

    def on(self, path: str, answer: Answer) -> str:
        """Answer a path so; returns its address."""
        self._server.answers[path] = answer  # type: ignore[attr-defined]
        return f"{self.url}{path}"


@contextmanager
def https_server(folder: Path) -> Iterator[Server]:
    """A server for a test; its certificate is in `folder`."""
    trusted, key = certificate(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.answers, server.asked = {}, []  # type: ignore[attr-defined]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Server(server, trusted)
    finally:
        server.shutdown()
        server.server_close()


def whole(data: bytes) -> Answer:
    """The bytes, from where a range starts."""

    def answer(handler: Handler) -> None:
        start = _start(handler)
        if start:
            handler.begin(206, len(data) - start, Content_Range=f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            handler.begin(200, len(data))
        handler.wfile.write(data[start:])

    return answer


def cut(data: bytes, after: int, *, times: int) -> Answer:
    """The connection ends after so many bytes of each of the first answers; then all is well."""
    left = [times]

    def answer(handler: Handler) -> None:
        if not left[0]:
            whole(data)(handler)
            return
        left[0] -= 1
        start = _start(handler)
        if start:
            handler.begin(206, len(data) - start, Content_Range=f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            handler.begin(200, len(data))
        handler.wfile.write(data[start : start + after])
        handler.wfile.flush()
        handler.connection.close()

    return answer


def without_ranges(data: bytes) -> Answer:
    """Always all bytes, whatever is asked for."""

    def answer(handler: Handler) -> None:
        handler.begin(200, len(data))
        handler.wfile.write(data)

    return answer


def says(data: bytes, length: int | None, **headers: str) -> Answer:
    """The bytes, with another length announced; None announces none."""

    def answer(handler: Handler) -> None:
        handler.begin(200, length, **headers)
        handler.wfile.write(data)

    return answer


def status(code: int, **headers: str) -> Answer:
    """A status without a body."""
    return lambda handler: handler.begin(code, 0, **headers)


def slow(data: bytes, pieces: int, pause: float) -> Answer:
    """The bytes in pieces, with a pause before each."""

    def answer(handler: Handler) -> None:
        handler.begin(200, len(data))
        size = -(-len(data) // pieces)
        for offset in range(0, len(data), size):
            time.sleep(pause)
            handler.wfile.write(data[offset : offset + size])
            handler.wfile.flush()

    return answer


def silent(released: threading.Event) -> Answer:
    """Nothing, until the test ends."""

    def answer(_: Handler) -> None:
        released.wait(30)

    return answer


def _start(handler: Handler) -> int:
    asked = handler.headers.get("Range") or "bytes=0-"
    return int(asked.removeprefix("bytes=").partition("-")[0])
