"""Signal handling and live output of a container run."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO

from audit.container.host_paths import HostPaths

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """A signal requests the end of the run; a BaseException, so that ordinary error handlers do not catch it."""


class Signals:
    """Turns signals into exceptions, but only inside `heeded`; outside, they are deferred to the next such block."""

    def __init__(self) -> None:
        self.number: int | None = None
        self._waiting = 0
        self._heeded = False

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        self.number = number if self.number is None else self.number
        self._waiting += 1
        self._raise()

    def _raise(self) -> None:
        if self._heeded and self._waiting:
            self._waiting = 0
            raise Interrupted

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Install the handlers in this block; only possible in the main thread."""
        before = {number: signal.signal(number, self._receive) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextlib.contextmanager
    def heeded(self) -> Iterator[None]:
        """Raise Interrupted when a signal arrives in this block, or immediately for a deferred one."""
        self._heeded = True
        try:
            self._raise()
            yield
        finally:
            self._heeded = False


class Pump:
    """A thread that copies the program's two output streams to ours, with the host's paths in them."""

    def __init__(self, stdout: BinaryIO, stderr: BinaryIO, places: Mapping[str, Path] | None = None) -> None:
        self._targets = (stdout, stderr)
        self._paths = (HostPaths(places or {}), HostPaths(places or {}))
        self._thread: threading.Thread | None = None
        self._error: OSError | None = None

    def start(self, stream: Any, kill: Callable[[], None]) -> None:
        """Copy until the stream ends; if our output is closed, call `kill`."""
        self._thread = threading.Thread(target=self._carry, args=(stream, kill), daemon=True)
        self._thread.start()

    def _carry(self, stream: Any, kill: Callable[[], None]) -> None:
        try:
            # If the engine disconnects, the stream ends without an error; `wait` reports it.
            for pair in stream:
                for data, target, paths in zip(pair, self._targets, self._paths, strict=True):
                    if data:
                        target.write(paths.take(data))
                        target.flush()
            for target, paths in zip(self._targets, self._paths, strict=True):
                target.write(paths.rest())
                target.flush()
        except OSError as error:
            self._error = error
            with contextlib.suppress(Exception):
                kill()
        finally:
            # The package closes only one of the two ends.
            ends: tuple[Any, ...] = (stream, getattr(stream, "_response", None))
            for end in ends:
                with contextlib.suppress(Exception):
                    end.close()

    def join(self, seconds: float) -> None:
        """Wait for the rest of the output, at most `seconds`.

        Raises:
            OSError: The output could not be written.
        """
        if self._thread is not None:
            self._thread.join(timeout=seconds)
        if self._error is not None:
            raise self._error
