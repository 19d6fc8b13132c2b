from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import InputError, MissingError
from audit.judge.cache import NAME, ReplyCache
from audit.judge.interface import Reply


def test_replies_are_there_afterwards(tmp_path: Path) -> None:
    reply = Reply('Ja\n\u2028\x85 "x" 答え', "m-1", "stop", 3, None, 2)
    with ReplyCache(tmp_path) as cache:
        cache.asking("k")
        assert cache.in_doubt == {"k"}
        cache.put("k", reply)
        assert cache.in_doubt == frozenset()
        cache.put("k", Reply("another", "m"))  # the first one stays: it is the one that was paid for
    with ReplyCache(tmp_path, write=False) as cache:
        assert cache.get("k") == reply
        assert cache.get("other") is None
        assert dict(cache.items()) == {"k": reply}
        assert len(cache) == 1


def test_a_reply_is_on_the_disk_when_put_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (synced.append(os.fstat(fd).st_size), real(fd)))
    with ReplyCache(tmp_path) as cache:
        synced.clear()
        cache.put("k", Reply("x", "m"))
        assert synced == [(tmp_path / NAME).stat().st_size]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_any_cut_at_the_end_loses_at_most_the_last_line(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    folder = tmp_path_factory.mktemp("cache")
    with ReplyCache(folder) as cache:
        for number in range(5):
            cache.asking(f"k{number}")
            cache.put(f"k{number}", Reply(f"reply {number}", "m"))
    path = folder / NAME
    raw = path.read_bytes()
    size = cut % (len(raw) + 1)
    path.write_bytes(raw[:size])
    whole = raw[:size].count(b'"reply":{') - (0 if raw[:size].endswith(b"\n") or not size else 1)
    with ReplyCache(folder) as cache:
        assert all(reply == Reply(f"reply {key[1:]}", "m") for key, reply in cache.items())
        assert len(cache) >= max(0, whole)
        for number in range(5):
            cache.put(f"k{number}", Reply(f"reply {number}", "m"))
    with ReplyCache(folder) as cache:
        assert len(cache) == 5


def test_a_damaged_line_in_the_middle_is_an_error(tmp_path: Path) -> None:
    with ReplyCache(tmp_path) as cache:
        cache.put("a", Reply("Correct: True", "m"))
        cache.put("b", Reply("x", "m"))
    path = tmp_path / NAME
    path.write_bytes(path.read_bytes().replace(b"Correct: True", b"Correct: Tru3"))
    with pytest.raises(InputError, match=r"replies\.jsonl:1: damaged line"):
        ReplyCache(tmp_path)


def test_one_process_writes_at_a_time(tmp_path: Path) -> None:
    code = f"""
import sys
from audit.judge.cache import ReplyCache
with ReplyCache({str(tmp_path)!r}):
    print("ready", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == b"ready\n"
        with pytest.raises(MissingError, match="another process"):
            ReplyCache(tmp_path)
        ReplyCache(tmp_path, write=False).close()
        other.stdin.close()
        assert other.wait(timeout=30) == 0
    ReplyCache(tmp_path).close()


def test_threads_may_share_it(tmp_path: Path) -> None:
    with ReplyCache(tmp_path) as cache:

        def work(start: int) -> None:
            for number in range(start, start + 50):
                cache.asking(str(number))
                cache.put(str(number), Reply(f"r{number}", "m"))

        threads = [threading.Thread(target=work, args=(50 * index,)) for index in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with ReplyCache(tmp_path) as cache:
        assert {key: reply.text for key, reply in cache.items()} == {str(n): f"r{n}" for n in range(200)}


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ReplyCache(tmp_path) as cache:
        cache.put("a", Reply("x", "m"))
        before = (tmp_path / NAME).read_bytes()
        real = os.write
        calls: list[int] = []

        def full(fd: int, data: bytes) -> int:
            calls.append(len(data))
            if len(calls) > 1:
                raise OSError(28, "No space left on device")
            return real(fd, data[:10])

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(MissingError, match="No space left"):
            cache.put("b", Reply("y", "m"))
        monkeypatch.undo()
        assert (tmp_path / NAME).read_bytes() == before
        assert "b" not in cache


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot open the reply cache"):
        ReplyCache(tmp_path / "file" / "cache")


def test_the_file_is_for_its_owner(tmp_path: Path) -> None:
    with ReplyCache(tmp_path):
        assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
