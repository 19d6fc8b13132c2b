"""Java programs as child processes: persistent ones that answer line by line, and ones that run once.

No child outlives this process: every one is started such that the kernel kills it with its parent (`PR_SET_PDEATHSIG`),
however that ends. Where the kernel cannot, a child that reads standard input to the end stops when the pipe closes.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import re
import selectors
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from tasks.availability import reason
from tasks.errors import UnavailableError

JAVA_VARIABLE = "REPRO_AUDIT_JAVA"
PACKAGE = "pycocoevalcap"
# Decimal points and UTF-8, whatever the machine's locale.
SETTINGS = ("-Duser.country=US", "-Duser.language=en", "-Dfile.encoding=UTF-8", "-Djava.awt.headless=true")


# For programs that live for seconds: the second compiler and parallel garbage collection cost more than they save.
SHORT_LIVED = ("-XX:+IgnoreUnrecognizedVMOptions", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


def settings() -> tuple[str, ...]:
    """`SETTINGS`, and Python's folder for temporary files: Java's default folder may not be writable."""
    return (*SETTINGS, "-XX:-UsePerfData", f"-Djava.io.tmpdir={tempfile.gettempdir()}")


_CHUNK = 1 << 16
# Asks the kernel to be killed when the parent ends, then executes the program given as arguments.
_TIED = """
import ctypes, os, signal, sys
prctl = getattr(ctypes.CDLL(None), "prctl", None)
if prctl is not None:
    prctl(1, int(signal.SIGKILL), 0, 0, 0)
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
os.execvp(sys.argv[2], sys.argv[2:])
"""


def java() -> str:
    """The path of the Java program: `REPRO_AUDIT_JAVA`, otherwise `java` on the search path.

    Raises:
        UnavailableError: Java was not found.
    """
    wanted = os.environ.get(JAVA_VARIABLE) or "java"
    found = shutil.which(wanted)
    if found is None:
        raise UnavailableError(f"Java not found (install a Java runtime, or set {JAVA_VARIABLE})")
    return found


def jar(path: str) -> Path:
    """A jar of the `pycocoevalcap` package, by its path in the package, which is not imported.

    Raises:
        UnavailableError: The package or the file is missing.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise UnavailableError(f"{PACKAGE} is not installed (pip install 'repro-audit[captions]')")
    found = Path(next(iter(spec.submodule_search_locations))) / path
    if not found.is_file():
        raise UnavailableError(f"{found.name} not found in {PACKAGE}")
    return found


def sources(*paths: str) -> tuple[str, ...]:
    """Sources for a convention's hash: this module, and files of the package if it is installed."""
    found = [path for path in paths if reason(lambda path=path: jar(path)) is None]  # type: ignore[misc]
    return (f"module:{__name__}", *(f"file:{PACKAGE}/{path}" for path in found))


def processors() -> int:
    """The number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(name: str, arguments: Sequence[str], *, stdin: bytes = b"", timeout: float = 600) -> bytes:
    """Run a Java program and return its standard output.

    Raises:
        UnavailableError: Java is missing, the program failed, or it took more than `timeout` seconds.
    """
    try:
        done = subprocess.run(_tied(arguments), input=stdin, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        raise UnavailableError(f"{name}: timed out after {timeout:g} s") from None
    if done.returncode:
        raise UnavailableError(f"{name}: {_ending(done.returncode)}{_last_line(done.stderr)}")
    return done.stdout


def _tied(arguments: Sequence[str]) -> list[str]:
    """The command that runs Java with these arguments and dies with this process."""
    return [sys.executable, "-I", "-S", "-c", _TIED, str(os.getpid()), java(), *settings(), *arguments]


class JavaChild:
    """A Java program that answers every input line with an output line.

    The program must stop at the end of its standard input. Calls from several threads are serialised. After an error the child
    is stopped and every further call fails; start a new one.
    """

    def __init__(self, name: str, arguments: Sequence[str]) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the child
        try:
            self._process = subprocess.Popen(
                # The kernel ties a child to the thread that started it, and a thread may end before the program does.
                _tied(arguments)
                if threading.current_thread() is threading.main_thread()
                else [java(), *settings(), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                bufsize=0,
            )
        except (OSError, UnavailableError) as error:
            self._errors.close()
            raise UnavailableError(f"{name}: {error}") from None
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the child still runs."""
        return self._process.poll() is None

    def ask(self, lines: Sequence[str], timeout: float = 600, *, answers: int | None = None) -> list[str]:
        """The answers to lines, in order; writing and reading overlap, so that long lists do not block.

        Args:
            lines: Must not contain line breaks; characters that UTF-8 cannot encode are replaced.
            answers: The number of output lines; by default one per input line.
            timeout: Seconds without progress after which the child is killed; long, because a loaded machine can starve it.

        Raises:
            UnavailableError: The child died, closed its output, made no progress, or wrote too many lines.
        """
        return list(self.stream(lines, timeout, answers=answers))

    def stream(self, lines: Sequence[str], timeout: float = 600, *, answers: int | None = None) -> Iterator[str]:
        """As `ask`, but every answer is given as soon as it is there; who stops before the last one ends the child."""
        if any("\n" in line or "\r" in line for line in lines):
            raise ValueError("a line for a child process contains a line break")
        with self._lock:
            try:
                waiting = "".join(f"{line}\n" for line in lines).encode(errors="replace")
                yield from self._exchange(waiting, len(lines) if answers is None else answers, timeout)
            except BaseException:
                self._stop()
                raise

    def close(self) -> None:
        """End the child and wait for it."""
        with self._lock:
            self._stop()

    def _exchange(self, waiting: bytes, wanted: int, timeout: float) -> Iterator[str]:
        source, sink = self._process.stdout, self._process.stdin
        if source is None or sink is None or source.closed or sink.closed:
            raise UnavailableError(f"{self.name}: Java is no longer running")
        left, received, found = memoryview(waiting), bytearray(), 0
        with selectors.DefaultSelector() as ready:
            ready.register(source, selectors.EVENT_READ)
            if ready.select(0) and (early := os.read(source.fileno(), _CHUNK)):
                raise UnavailableError(f"{self.name}: unexpected output: {early[:80]!r}")
            if left:
                ready.register(sink, selectors.EVENT_WRITE)
            deadline = time.monotonic() + timeout
            while found < wanted:
                events = ready.select(max(0.0, deadline - time.monotonic()))
                if not events:
                    raise UnavailableError(f"{self.name}: no answer within {timeout:g} s")
                deadline = time.monotonic() + timeout
                for key, _ in events:
                    if key.fileobj is sink:
                        try:
                            left = left[os.write(sink.fileno(), left[:_CHUNK]) :]
                        except BrokenPipeError:
                            raise self._died() from None
                        if not left:
                            ready.unregister(sink)
                    else:
                        chunk = os.read(source.fileno(), _CHUNK)
                        if not chunk:
                            raise self._died()
                        *whole, rest = (bytes(received) + chunk).split(b"\n")
                        received = bytearray(rest)
                        found += len(whole)
                        if found > wanted or (found == wanted and rest):
                            text = " ".join((chunk or received).decode(errors="replace").split())[:200]
                            raise UnavailableError(
                                f"{self.name}: more than {wanted} answers to {wanted} requests: {text}"
                            )
                        yield from (line.decode(errors="replace") for line in whole)
                        deadline = time.monotonic() + timeout

    def _died(self) -> UnavailableError:
        try:
            status = self._process.wait(5)
        except subprocess.TimeoutExpired:
            return UnavailableError(f"{self.name}: Java closed its output")
        self._errors.seek(0)
        return UnavailableError(f"{self.name}: {_ending(status)}{_last_line(self._errors.read())}")

    def _stop(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._errors.close()


class Shared:
    """One child per process: started at first use, replaced if it died, stopped at exit, never shared across a fork."""

    def __init__(self, start: Callable[[], JavaChild]) -> None:
        self._start = start
        self._child: JavaChild | None = None
        self._owner = 0
        self._lock = threading.Lock()
        atexit.register(self.close)

    def get(self) -> JavaChild:
        """The child.

        Raises:
            UnavailableError: The child cannot be started.
        """
        with self._lock:
            if self._child is None or self._owner != os.getpid() or not self._child.alive:
                if self._child is not None and self._owner == os.getpid():
                    self._child.close()
                self._child, self._owner = self._start(), os.getpid()
            return self._child

    @property
    def running(self) -> bool:
        """Whether there is a child."""
        return self._child is not None and self._owner == os.getpid() and self._child.alive

    def close(self) -> None:
        """Stop the child if this process started it."""
        with self._lock:
            if self._child is not None and self._owner == os.getpid():
                self._child.close()
            self._child = None


def _ending(status: int) -> str:
    return f"Java was killed (signal {-status})" if status < 0 else f"Java ended with status {status}"


def _last_line(errors: bytes) -> str:
    """Java's reason: the last exception, or else the last line; the frames of a stack trace say nothing to a reader."""
    lines = [line.strip() for line in errors.decode(errors="replace").splitlines()]
    told = [line for line in lines if line and not line.startswith(("at ", "..."))]
    thrown = [line for line in told if line.startswith(("Exception in thread", "Caused by:"))]
    reason = (thrown or told or [""])[-1]
    reason = re.sub(r'^Exception in thread "[^"]*" |^Caused by: ', "", reason)
    return f": {reason}" if reason else ""
