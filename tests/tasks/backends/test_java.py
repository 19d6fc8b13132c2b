"""Children that die, hang, or lose their parent: always an error with a reason, never a process that stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tasks.backends import java
from tasks.backends.java import JavaChild, Shared, _last_line, run
from tasks.errors import UnavailableError
from tests.support.paths import ROOT

# Stands for Java: answers lines in capitals until its input ends; some words make it misbehave.
FAKE = """#!{python} -IS
import os, signal, sys, time
if "sleep" in sys.argv:
    print(os.getpid(), file=open(sys.argv[-1], "w"), flush=True)
    time.sleep(600)
if "fail" in sys.argv:
    print("first line\\nthe reason", file=sys.stderr)
    sys.exit(3)
if "cat" in sys.argv:
    sys.stdout.write(sys.stdin.read().upper())
    sys.exit(0)
for line in sys.stdin:
    word = line.strip()
    if word == "die":
        print("out of memory", file=sys.stderr, flush=True)
        sys.exit(1)
    if word == "hang":
        time.sleep(600)
    if word == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    print(line.rstrip("\\n").upper(), flush=True)
    if word == "twice":
        print("again", flush=True)
"""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "java"
    program.write_text(FAKE.replace("{python}", sys.executable))
    program.chmod(0o755)
    monkeypatch.setenv(java.JAVA_VARIABLE, str(program))
    return program


def gone(pid: int) -> bool:
    """Ended, or only waiting to be reaped by a parent that is not ours."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state in {"Z", "X"}


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 30
    while not gone(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.02)


def test_answers_come_in_order_however_long_the_list(fake: Path) -> None:
    child = JavaChild("test", ())
    lines = [f"line {i} " + "x" * (i % 700) for i in range(5000)]
    assert child.ask(lines) == [line.upper() for line in lines]
    assert child.ask([]) == []
    assert child.ask(["ünï \ud800"]) == ["ÜNÏ ?"]
    child.close()
    assert not child.alive


@pytest.mark.parametrize(
    ("word", "reason"),
    [("die", "Java ended with status 1: out of memory"), ("kill", r"Java was killed \(signal 9\)")],
)
def test_a_child_that_dies_is_an_error_with_its_reason(fake: Path, word: str, reason: str) -> None:
    child = JavaChild("METEOR", ())
    with pytest.raises(UnavailableError, match=f"METEOR: {reason}"):
        child.ask(["a", "b", word, "c"])
    assert gone(child.pid)
    with pytest.raises(UnavailableError, match="no longer running"):
        child.ask(["a"])


@pytest.mark.parametrize(
    ("errors", "reason"),
    [
        (
            b'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space\n\tat a.b(X.java:1)\n\tat M.main()\n',
            ": java.lang.OutOfMemoryError: Java heap space",
        ),
        (
            b"x\nCaused by: java.io.IOException: no space\n\tat a.b(X)\n\t... 3 more\n",
            ": java.io.IOException: no space",
        ),
        (b"Error: Unable to access jarfile x.jar\n", ": Error: Unable to access jarfile x.jar"),
        (b"\n\tat a.b(X)\n", ""),
        (b"", ""),
    ],
)
def test_the_reason_is_the_exception_not_a_frame_of_its_trace(errors: bytes, reason: str) -> None:
    assert _last_line(errors) == reason


def test_a_child_killed_from_outside_in_the_middle(fake: Path) -> None:
    child = JavaChild("METEOR", ())
    assert child.ask(["a"]) == ["A"]
    timer = threading.Timer(0.3, os.kill, (child.pid, signal.SIGKILL))
    timer.start()
    with pytest.raises(UnavailableError, match=r"METEOR: Java was killed \(signal 9\)"):
        child.ask(["hang"] + ["x" * 1000] * 1000)
    timer.join()


def test_a_child_that_hangs_is_killed(fake: Path) -> None:
    child = JavaChild("METEOR", ())
    with pytest.raises(UnavailableError, match=r"no answer within 0\.2 s"):
        child.ask(["hang"], timeout=0.2)
    assert gone(child.pid)


def test_the_number_of_answers_is_checked(fake: Path) -> None:
    child = JavaChild("test", ())
    assert child.ask(["twice"], answers=2) == ["TWICE", "again"]

    def ask_thrice() -> None:
        for _ in range(3):
            child.ask(["twice"])
            time.sleep(0.2)

    with pytest.raises(UnavailableError, match=r"more than 1 answers|unexpected output"):
        ask_thrice()


def test_a_line_end_inside_a_line_is_refused(fake: Path) -> None:
    child = JavaChild("test", ())
    for text in ("a\nb", "a\rb"):
        with pytest.raises(ValueError, match="line break"):
            child.ask([text])
    assert child.ask(["a"]) == ["A"]
    child.close()


def test_a_shared_child_is_replaced_after_it_died(fake: Path) -> None:
    shared = Shared(lambda: JavaChild("test", ()))
    first = shared.get()
    assert shared.get() is first
    with pytest.raises(UnavailableError):
        first.ask(["die"])
    second = shared.get()
    assert second is not first
    assert second.ask(["a"]) == ["A"]
    shared.close()
    assert gone(second.pid)


def test_java_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(java.JAVA_VARIABLE, str(tmp_path / "nothing"))
    with pytest.raises(UnavailableError, match="Java not found"):
        java.java()
    with pytest.raises(UnavailableError, match="Java not found"):
        run("test", ())
    with pytest.raises(UnavailableError, match="METEOR: Java not found"):
        JavaChild("METEOR", ())


def test_package_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java, "PACKAGE", "no_such_package_of_jars")
    with pytest.raises(UnavailableError, match="not installed"):
        java.jar("meteor/meteor-1.5.jar")
    assert java.sources("meteor/meteor-1.5.jar") == ("module:tasks.backends.java",)


def test_run_gives_output_or_the_reason(fake: Path) -> None:
    assert run("test", ("cat",), stdin=b"abc\n") == b"ABC\n"
    with pytest.raises(UnavailableError, match="test: Java ended with status 3: the reason"):
        run("test", ("fail",))


def test_run_kills_what_takes_too_long(fake: Path, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="timed out after 2 s"):
        run("test", ("sleep", str(tmp_path / "pid")), timeout=2)
    wait_until_gone(int((tmp_path / "pid").read_text()))


PARENTS = {
    "a child that reads": "from tasks.backends.java import JavaChild; "
    "c = JavaChild('t', ()); c.ask(['a']); print(c.pid, flush=True)",
    "a program run to its end": "from tasks.backends.java import run; run('t', ('sleep', {file!r}))",
}


@pytest.mark.parametrize("kind", PARENTS)
def test_no_orphan_when_the_parent_is_killed(fake: Path, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "pid"
    code = PARENTS[kind].format(file=str(file)) + "\nimport time; time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        if kind == "a child that reads":
            pid = int(parent.stdout.readline())
        else:
            deadline = time.monotonic() + 30
            while not (file.exists() and file.read_text().strip()):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            pid = int(file.read_text())
        assert not gone(pid)
        parent.kill()
    wait_until_gone(pid)
