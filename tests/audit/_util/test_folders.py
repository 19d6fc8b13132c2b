"""Folders are whole or old, at every moment and after every kill; one run holds a folder at a time."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit._util import folders
from audit._util.files import write_atomic
from audit._util.folders import held, recover, remove, write_folder
from audit._util.paths import ROOT
from audit.errors import MissingError

OLD = [("a", b"old"), ("sub/b", b"old")]
NEW = [("a", b"new"), ("sub/b", b"new"), ("c", b"new")]


def content(folder: Path) -> set[bytes]:
    return {path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("exchange", [True, False])
def test_a_folder_is_replaced(exchange: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not exchange:
        monkeypatch.setattr(folders, "_exchange", lambda *_: False)
    target = tmp_path / "made"
    write_folder(iter(OLD), target)
    write_folder(iter(NEW), target)
    assert content(target) == {b"new"}
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    assert target.stat().st_mode & 0o777 == (target / "sub").stat().st_mode & 0o777 == 0o755


def test_an_error_keeps_the_old_folder(tmp_path: Path) -> None:
    target = tmp_path / "made"
    write_folder(iter(OLD), target)

    def fail() -> Iterator[tuple[str, bytes]]:
        yield "a", b"half"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_folder(fail(), target)
    assert content(target) == {b"old"}
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


# Ends the process at the given call of the given functions of `os`, as kill -9 would.
KILLED = """
import os, signal, sys
from pathlib import Path
left = int(sys.argv[2])
def counted(real):
    def call(*arguments, **named):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **named)
    return call
from audit._util import folders
if sys.argv[3] == "no-exchange":
    folders._exchange = lambda *_: False
else:
    folders._exchange = counted(folders._exchange)
for name in ("rename", "replace", "unlink", "rmdir", "mkdir", "open", "link"):
    setattr(os, name, counted(getattr(os, name)))
with folders.held(Path(sys.argv[1]).parent):
    folders.write_folder(iter([("a", b"new"), ("sub/b", b"new"), ("c", b"new")]), Path(sys.argv[1]))
print("done")
"""


@pytest.mark.parametrize("way", ["exchange", "no-exchange"])
def test_killed_at_every_step_the_folder_is_old_or_new(way: str, tmp_path: Path) -> None:
    target = tmp_path / "made"
    states = set()
    for number in range(200):
        if not target.exists() or content(target) != {b"old"}:
            write_folder(iter(OLD), target)
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(target), str(number), way],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in {0, -signal.SIGKILL}, done.stderr
        if way == "no-exchange":
            with held(tmp_path):
                recover(target)
        found = content(target)
        assert found in ({b"old"}, {b"new"}), number
        states |= found
        if done.returncode == 0:
            break
    assert done.stdout == "done\n"
    assert states == {b"old", b"new"}
    with held(tmp_path):
        recover(target)
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_a_removed_folder_is_gone(tmp_path: Path) -> None:
    write_folder(iter(OLD), tmp_path / "made")
    remove(tmp_path / "made")
    assert not list(tmp_path.iterdir())


def test_a_folder_with_signs_of_patterns(tmp_path: Path) -> None:
    (tmp_path / ".mad.x.new").mkdir()
    write_folder(iter(OLD), tmp_path / "ma[d]*")
    assert {path.name for path in tmp_path.iterdir()} == {".mad.x.new", "ma[d]*"}


HOLDER = """
import sys, time
from pathlib import Path
from audit._util.folders import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_run_in_a_folder_says_so(tmp_path: Path) -> None:
    (tmp_path / ".left.tmp").write_text("", "utf-8")
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        assert not (tmp_path / ".left.tmp").exists()
        with pytest.raises(MissingError, match="another run is writing into this folder"), held(tmp_path):
            pass
        other.send_signal(signal.SIGKILL)
    with held(tmp_path), held(tmp_path / "."):
        pass


def test_a_process_may_hold_a_folder_again(tmp_path: Path) -> None:
    with held(tmp_path):
        with held(tmp_path):
            pass
        found = []
        thread = threading.Thread(target=lambda: found.append(folders._held[os.path.realpath(tmp_path)]))
        thread.start()
        thread.join()
        assert found == [1]


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr("fcntl.flock", refuse)
    with held(tmp_path):
        pass


def test_the_mode_of_a_swapped_temporary_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that others can write to, the temporary name may be made to stand for a file of root."""
    secret = tmp_path / "secret"
    secret.write_text("x", "utf-8")
    secret.chmod(0o600)
    real = os.fsync

    def swap(descriptor: int) -> None:
        (name,) = (path for path in tmp_path.iterdir() if path.name.endswith(".tmp"))
        name.unlink()
        name.symlink_to(secret)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", swap)
    write_atomic(tmp_path / "made", b"data")
    assert secret.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_stays_empty_is_not_left(tmp_path: Path) -> None:
    with held(tmp_path / "out"):
        assert (tmp_path / "out").is_dir()
    assert not (tmp_path / "out").exists()
    with held(tmp_path / "out"):
        (tmp_path / "out" / "a").write_text("", "utf-8")
    assert (tmp_path / "out" / "a").exists()
