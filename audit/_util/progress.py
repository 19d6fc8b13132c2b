"""Progress of long work: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

# Without a terminal a line is written at most this often, in seconds.
_INTERVAL = 10.0


class Progress(Protocol):
    """What `progress` gives: call `advance` for every piece of work done."""

    def advance(self, amount: int = 1) -> None:
        """Say that `amount` more of the total is done."""


class _Lines:
    def __init__(self, label: str, total: int, stream: TextIO) -> None:
        self.label, self.total, self.stream, self.done, self.last = label, total, stream, 0, time.monotonic()

    def advance(self, amount: int = 1) -> None:
        self.done += amount
        if time.monotonic() - self.last >= _INTERVAL:
            self.last = time.monotonic()
            print(f"{self.label}: {self.done} of {self.total}", file=self.stream, flush=True)


@contextmanager
def progress(label: str, total: int, stream: TextIO | None = None) -> Iterator[Progress]:
    """Show the progress of `total` pieces of work on standard error."""
    stream = sys.stderr if stream is None else stream
    if not stream.isatty():
        print(f"{label}: {total} to do", file=stream, flush=True)
        yield _Lines(label, total, stream)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Rich

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Rich(*columns, console=Console(file=stream), transient=True) as bars:
        bar = bars.add_task(label, total=total)

        class _Bar:
            def advance(self, amount: int = 1) -> None:
                bars.advance(bar, amount)

        yield _Bar()
