"""Fetching over real HTTPS: whatever the server does, no half of a file is kept as a whole one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.errors import AuditError, CheckFailedError, InputError, MissingError
from audit.literature.outputs.fetch import Fetcher, UnreachableError
from audit.literature.outputs.records import OutputRecord
from audit.literature.outputs.store import State, Store
from tests.support import https_server as answers
from tests.support.https_server import Server, https_server
from tests.support.output_records import body, fields, loaded

DATA = body()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    folder = tmp_path / "certificate"
    folder.mkdir()
    with https_server(folder) as running:
        monkeypatch.setenv("SSL_CERT_FILE", str(running.trusted))
        monkeypatch.delenv("HTTPS_PROXY", raising=False)
        monkeypatch.delenv("https_proxy", raising=False)
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def record(tmp_path: Path, address: str, data: bytes = DATA, **file: Any) -> OutputRecord:
    (one,) = loaded(tmp_path / "literature", fields(data, address, file=file))
    return one


def kept(store: Store) -> list[str]:
    return sorted(path.name for path in store.folder.iterdir()) if store.folder.exists() else []


def test_a_file_is_fetched_whole_and_asked_for_once(server: Server, store: Store, tmp_path: Path) -> None:
    one = record(tmp_path, server.on("/made.json", answers.whole(DATA)))
    seen: list[int] = []
    path = Fetcher(store).fetch(one, seen.append)
    assert path.read_bytes() == DATA
    assert kept(store) == [path.name]
    assert seen[-1] == len(DATA)
    assert path.stat().st_mode & 0o777 == 0o644
    assert Fetcher(store).fetch(one) == path
    assert server.asked == [("/made.json", None)]


def test_a_cut_connection_is_gone_on_with_where_it_ended(server: Server, store: Store, tmp_path: Path) -> None:
    one = record(tmp_path, server.on("/made.json", answers.cut(DATA, 700, times=2)))
    assert Fetcher(store).fetch(one).read_bytes() == DATA
    assert server.asked == [("/made.json", None), ("/made.json", "bytes=700-"), ("/made.json", "bytes=1400-")]


def test_a_connection_that_is_always_cut_keeps_what_came(server: Server, store: Store, tmp_path: Path) -> None:
    one = record(tmp_path, server.on("/made.json", answers.cut(DATA, 100, times=9)))
    with pytest.raises(MissingError, match=f"the connection ended after 300 of {len(DATA):,} bytes") as error:
        Fetcher(store).fetch(one)
    assert "Run the command again" in str(error.value)
    assert store.state(one) is State.MISSING
    assert kept(store) == [f".{one.file.sha256}.part"]
    server.on("/made.json", answers.whole(DATA))
    assert Fetcher(store).fetch(one).read_bytes() == DATA
    assert server.asked[-1] == ("/made.json", "bytes=300-")
    assert len(kept(store)) == 1


def test_a_server_without_ranges_starts_again(server: Server, store: Store, tmp_path: Path) -> None:
    one = record(tmp_path, server.on("/made.json", answers.without_ranges(DATA)))
    store.folder.mkdir()
    (store.folder / f".{one.file.sha256}.part").write_bytes(b"x" * 50)
    assert Fetcher(store).fetch(one).read_bytes() == DATA


def test_a_partial_file_of_something_else_is_not_kept(server: Server, store: Store, tmp_path: Path) -> None:
    one = record(tmp_path, server.on("/made.json", answers.whole(DATA)))
    store.folder.mkdir()
    (store.folder / f".{one.file.sha256}.part").write_bytes(b"x" * 50)
    with pytest.raises(CheckFailedError, match=r"the server sent other bytes: SHA-256 [0-9a-f]{64}"):
        Fetcher(store).fetch(one)
    assert kept(store) == []
    assert Fetcher(store).fetch(one).read_bytes() == DATA


def test_a_partial_file_that_is_too_long_is_thrown_away(server: Server, store: Store, tmp_path: Path) -> None:
    one = record(tmp_path, server.on("/made.json", answers.whole(DATA)))
    store.folder.mkdir()
    (store.folder / f".{one.file.sha256}.part").write_bytes(DATA + b"more")
    with pytest.raises(CheckFailedError):
        Fetcher(store).fetch(one)
    assert kept(store) == []


OTHER = bytes(reversed(DATA))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (answers.without_ranges(OTHER), "the server sent other bytes"),
        (answers.without_ranges(DATA[:-1]), "the server announces a file of"),
        (answers.without_ranges(DATA + b" "), "the server announces a file of"),
        (answers.says(DATA + b" ", None), "the server sent more than the"),
        (answers.says(DATA, len(DATA), Content_Encoding="br"), "in the encoding 'br'"),
        (answers.status(302, Location="https://localhost/elsewhere"), r"the server redirects \(status 302\)"),
        (answers.status(301, Location="http://localhost/plain"), r"the server redirects \(status 301\)"),
    ],
)
def test_what_is_not_the_file_is_refused(
    server: Server, store: Store, tmp_path: Path, answer: answers.Answer, message: str
) -> None:
    one = record(tmp_path, server.on("/made.json", answer))
    with pytest.raises(CheckFailedError, match=message) as error:
        Fetcher(store).fetch(one)
    assert error.value.where == one.file.address
    assert error.value.exit_code == 1
    assert kept(store) == []
    assert {path for path, _ in server.asked} == {"/made.json"}  # no other address was asked


def test_a_wrong_range_is_refused(server: Server, store: Store, tmp_path: Path) -> None:
    lying = answers.says(DATA, len(DATA))

    def answer(handler: answers.Handler) -> None:
        if handler.headers.get("Range"):
            handler.begin(206, 10, Content_Range=f"bytes 0-9/{len(DATA)}")
            handler.wfile.write(DATA[:10])
        else:
            lying(handler)

    one = record(tmp_path, server.on("/made.json", answer))
    store.folder.mkdir()
    (store.folder / f".{one.file.sha256}.part").write_bytes(DATA[:50])
    with pytest.raises(CheckFailedError, match="another range than 50 onwards"):
        Fetcher(store).fetch(one)
    assert kept(store) == []


@pytest.mark.parametrize("code", [404, 403, 500, 503])
def test_a_status_that_is_an_error(server: Server, store: Store, tmp_path: Path, code: int) -> None:
    one = record(tmp_path, server.on("/made.json", answers.status(code)))
    with pytest.raises(MissingError, match=f"the server answers with status {code}"):
        Fetcher(store).fetch(one)
    assert kept(store) == []


def test_a_slow_server_is_waited_for(server: Server, store: Store, tmp_path: Path) -> None:
    one = record(tmp_path, server.on("/made.json", answers.slow(DATA, 6, 0.3)))
    assert Fetcher(store, silence=1.5).fetch(one).read_bytes() == DATA


def test_a_silent_server_is_given_up(server: Server, store: Store, tmp_path: Path) -> None:
    released = threading.Event()
    one = record(tmp_path, server.on("/made.json", answers.silent(released)))
    try:
        with pytest.raises(UnreachableError, match="does not answer"):
            Fetcher(store, silence=0.3).fetch(one)
    finally:
        released.set()
    assert kept(store) == []


def test_an_absent_server(store: Store, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    one = record(tmp_path, f"https://localhost:{port}/made.json")
    with pytest.raises(UnreachableError, match="cannot be reached") as error:
        Fetcher(store).fetch(one)
    assert "--from FOLDER" in str(error.value)
    assert error.value.exit_code == 3
    assert kept(store) == []


def test_a_certificate_that_nobody_vouches_for(
    server: Server, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    one = record(tmp_path, server.on("/made.json", answers.whole(DATA)))
    with pytest.raises(UnreachableError, match="the server's certificate was not accepted"):
        Fetcher(store).fetch(one)
    assert kept(store) == []
    assert server.asked == []


def test_two_processes_do_not_write_one_file(server: Server, store: Store, tmp_path: Path) -> None:
    one = record(tmp_path, server.on("/made.json", answers.slow(DATA, 4, 0.3)))
    first = threading.Thread(target=Fetcher(store).fetch, args=(one,))
    first.start()
    while not server.asked:
        pass
    with pytest.raises(InputError, match="is being downloaded by another process"):
        Fetcher(store).fetch(one)
    first.join()
    assert store.state(one) is State.PRESENT


def test_a_folder_that_cannot_be_written(server: Server, tmp_path: Path) -> None:
    one = record(tmp_path, server.on("/made.json", answers.whole(DATA)))
    blocked = tmp_path / "file"
    blocked.write_text("x")
    with pytest.raises(InputError, match="cannot be written"):
        Fetcher(Store(blocked / "store")).fetch(one)
    assert server.asked == []


def test_a_full_disk_keeps_what_fits(server: Server, store: Store, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    one = record(tmp_path, server.on("/made.json", answers.whole(DATA)))
    store.folder.mkdir()
    (store.folder / f".{one.file.sha256}.part").symlink_to("/dev/full")
    with pytest.raises(AuditError, match="cannot be written"):  # links are not followed either
        Fetcher(store).fetch(one)
    assert store.state(one) is State.MISSING


def test_a_record_without_a_hash_is_never_fetched(store: Store, tmp_path: Path) -> None:
    (one,) = loaded(tmp_path, fields(None))
    assert store.state(one) is State.UNIDENTIFIED
    with pytest.raises(InputError, match="size and hash are unknown"):
        Fetcher(store).fetch(one)
