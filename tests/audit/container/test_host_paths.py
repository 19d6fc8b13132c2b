"""Paths of the container in a program's messages become the host's, however the stream is cut into pieces."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.container.host_paths import HostPaths

PLACES = {
    "/out": Path("results"),
    "/predictions": Path("/home/me/my predictions"),
    "/run/secrets/repro-audit-key": Path("key.pem"),
}


def translated(*pieces: bytes) -> bytes:
    paths = HostPaths(PLACES)
    return b"".join([*map(paths.take, pieces), paths.rest()])


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        (b"wrote /out/report.html\n", b"wrote results/report.html\n"),
        (b"/out: cannot be written to", b"results: cannot be written to"),
        (b"into /out.\n", b"into results.\n"),
        (b"see '/predictions/a.jsonl:3'", b"see '/home/me/my predictions/a.jsonl:3'"),
        (b"--key=/run/secrets/repro-audit-key,", b"--key=key.pem,"),
        (b'{"written": "/out/audit.json"}', b'{"written": "results/audit.json"}'),
        (b"/out /out", b"results results"),
        # Other paths and addresses are left as they are.
        (b"/output /out-2 /out.json /outer/out x/out ./out", b"/output /out-2 /out.json /outer/out x/out ./out"),
        (b"https://example.org/out/x //out", b"https://example.org/out/x //out"),
        (b"/run/secrets/repro-audit-keys", b"/run/secrets/repro-audit-keys"),
        (b"\xff\xfe /out \x00", b"\xff\xfe results \x00"),
    ],
)
def test_a_message(inside: bytes, outside: bytes) -> None:
    assert translated(inside) == outside
    assert translated(*(inside[n : n + 1] for n in range(len(inside)))) == outside


WORDS = st.lists(
    st.sampled_from([b"/out", b"/predictions", b"/", b"o", b"ut", b" ", b"\n", b".", b"-", b"x" * 40, b"/run/secrets/",
                     b"repro", b"-audit-key", b":", b"http://", b"\xe2\x80"]),
    max_size=30,
)  # fmt: skip


@given(WORDS)
def test_pieces_make_no_difference(pieces: list[bytes]) -> None:
    assert translated(*pieces) == translated(b"".join(pieces))


@given(st.binary(max_size=200))
def test_without_mounts_nothing_changes(raw: bytes) -> None:
    paths = HostPaths({})
    assert paths.take(raw) + paths.rest() == raw


def test_what_cannot_be_a_path_is_shown_at_once() -> None:
    paths = HostPaths(PLACES)
    assert paths.take(b"first line\n10 %\r") == b"first line\n10 %\r"
    assert paths.take(b"done: /ou") == b"done: "
    assert paths.take(b"t/x ") == b"results/x "
