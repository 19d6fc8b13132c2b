"""How far long work is, on standard error: a bar on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TextIO, TypeAlias

from audit._util.terminal import in_a_line, unfiltered

if TYPE_CHECKING:
    import rich.progress

# Without a terminal a line is written at most this often, in seconds.
_INTERVAL = 10.0


_View: TypeAlias = Callable[[int, int], None]


class Progress:
    """What `progress` gives."""

    def __init__(self, view: _View, total: int) -> None:
        self._view, self._done, self._total = view, 0, total

    def advance(self, amount: int = 1) -> None:
        """Say that `amount` more of the total is done."""
        self.show(self._done + amount, self._total)

    def show(self, done: int, total: int) -> None:
        """Say that `done` of `total` pieces are done; those of the first call were done before, and say nothing of speed."""
        self._done, self._total = done, total
        self._view(done, total)


@contextmanager
def progress(
    label: str,
    total: int | None = None,
    stream: TextIO | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Progress]:
    """Show how much of some work is done, how much a second, and how long the rest will take.

    Args:
        label: What is being done.
        total: Pieces of work, where they are known and none is done; else the first `Progress.show` says it.
        stream: Where it is shown; standard error.
        clock: Seconds; for tests.
    """
    stream = sys.stderr if stream is None else stream
    terminal = stream.isatty() and os.environ.get("TERM", "").lower() not in {"dumb", "unknown"}
    with _bar(label, stream) if terminal else _lines(label, stream, clock) as view:
        shown = Progress(view, total or 0)
        if total is not None:
            shown.show(0, total)
        yield shown


class Watched:
    """Work that may turn out to be too little to be shown: what `watched` gives."""

    def __init__(self, label: str, worth: int, stack: ExitStack) -> None:
        self._label, self._worth, self._stack = label, worth, stack
        self._shown: Progress | None = None

    def show(self, done: int, total: int) -> None:
        """Say that `done` of `total` pieces are done."""
        if self._shown is None and total >= self._worth:
            self._shown = self._stack.enter_context(progress(self._label))
        if self._shown is not None:
            self._shown.show(done, total)

    def tell(self, text: str) -> None:
        """A line for the user."""
        print(f"note: {text}", file=sys.stderr, flush=True)


@contextmanager
def watched(label: str, worth: int = 50) -> Iterator[Watched]:
    """Show work as `progress` does, if it has at least `worth` pieces."""
    with ExitStack() as stack:
        yield Watched(label, worth, stack)


@contextmanager
def _lines(label: str, stream: TextIO, clock: Callable[[], float]) -> Iterator[_View]:
    first: tuple[float, int] | None = None
    last, shown = 0.0, (-1, -1)

    def view(done: int, total: int) -> None:
        nonlocal first, last, shown
        now = clock()
        began, before = first = first or (now, done)
        # The first and the last are always shown.
        due = shown[0] < 0 or now - last >= _INTERVAL or done == total
        if not due or (done, total) == shown:
            return
        last, shown = now, (done, total)
        rate = (done - before) / max(now - began, 1e-9)
        text = f", {_rate(rate)}" if rate > 0 else ""
        text += f", {_time((total - done) / rate)} left" if rate > 0 and done < total else ""
        print(f"{in_a_line(label)}: {done} of {total}{text}", file=stream, flush=True)

    yield view


@contextmanager
def _bar(label: str, stream: TextIO) -> Iterator[_View]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: rich.progress.Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else _rate(speed), style="progress.data.speed")

    task: rich.progress.TaskID | None = None
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    # What is printed meanwhile stands above the bar; what goes into a file or a pipe still goes there.
    with Bars(
        *columns, console=Console(file=unfiltered(stream)), transient=True, redirect_stdout=sys.stdout.isatty()
    ) as bars:

        def view(done: int, total: int) -> None:
            nonlocal task
            if task is None:
                task = bars.add_task(in_a_line(label), total=total, completed=done)
            else:
                bars.update(task, completed=done, total=total)

        yield view


def _rate(speed: float) -> str:
    return f"{speed:.1f}/s" if speed >= 1 else f"{60 * speed:.1f}/min"


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
