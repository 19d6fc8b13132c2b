"""METEOR's jar: answers to request lines, by as many processes as pay, each with a part of the paraphrase table that suffices.

The requests of a run are best asked at once: the table is cut to their texts (`tasks.backends.paraphrases`), and a process
ends when it has answered. Who asks little by little starts a process every time; after a few, one with the whole table is
started, and kept.
"""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from tasks.backends.java import PACKAGE, SHORT_LIVED, JavaChild, Shared, jar, processors
from tasks.backends.paraphrases import cut
from tasks.step import digest

JAR = "meteor/meteor-1.5.jar"
PARAPHRASES = "meteor/data/paraphrase-en.gz"
SEPARATOR = "|||"
SETTINGS = (*SHORT_LIVED, "-Xmx2G")
OPTIONS = ("-", "-", "-stdio", "-l", "en", "-norm")
# Pairs of words that one more process must have to compare; starting it costs about as much as 220,000.
WORTH_A_PROCESS = 250_000
MOST_PROCESSES = 4
# Words of a text from which one process works alone: its memory grows with the square of the length.
LONG = 1_000
# Processes with a part of the table that cost as much as one with the whole table.
WORTH_THE_WHOLE = 8


def _start(table: Path | None = None) -> JavaChild:
    """The jar, with its own table or another."""
    jar(PARAPHRASES)
    other = () if table is None else ("-a", str(table))
    return JavaChild("METEOR", (*SETTINGS, "-jar", str(jar(JAR)), *OPTIONS, *other))


# The jar makes a URL of the table's path.
_SAFE_PATH = re.compile(r"[A-Za-z0-9/._-]+")

WHOLE = Shared(_start)
_started = 0


def texts(line: str) -> tuple[str, list[str]]:
    """The output and the captions of a request line, separated as the jar does."""
    _, *captions, output = line.split(SEPARATOR)
    return output, captions


def shares(lines: Sequence[str], most: int) -> list[int]:
    """Where the parts of the requests end that processes answer at the same time: one part where more do not pay.

    Args:
        lines: The requests.
        most: The most processes.
    """
    costs = []
    longest = 0
    for line in lines:
        output, captions = texts(line)
        sizes = [len(caption.split()) for caption in captions]
        own = len(output.split())
        longest = max(longest, own, *sizes)
        costs.append(own * sum(sizes))
    until = list(accumulate(costs))
    parts = max(1, min(most, sum(costs) // WORTH_A_PROCESS)) if longest < LONG else 1
    ends, at = [], 0
    for part in range(1, parts):
        while until[at] * parts < until[-1] * part:
            at += 1
        ends.append(at + 1)
    return [*ends, len(lines)]


class Answers:
    """Requests that are being answered.

    Processes are started by the thread that makes this, and asked by others. A thread that waits for its process does not
    keep the program from ending, and the process ends with it.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        self._found: list[list[str] | BaseException] = []
        self._threads: list[threading.Thread] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        try:
            self._begin(lines)
        except BaseException:
            self._clean()
            raise

    def _begin(self, lines: Sequence[str]) -> None:
        global _started  # noqa: PLW0603  # a count for the whole process
        ends = shares(lines, min(processors(), MOST_PROCESSES))
        table = None
        if len(ends) > 1 or not (WHOLE.running or _started >= WORTH_THE_WHOLE):
            table = self._table(lines)
        if table is None:
            self._ask(WHOLE.get(), lines, close=False)
            return
        start = 0
        for end in ends:
            if end > start:
                _started += 1
                self._ask(_start(table), lines[start:end], close=True)
            start = end

    def _table(self, lines: Sequence[str]) -> Path | None:
        """A table for these requests; None if they need the whole one."""
        outputs, captions = [], []
        for line in lines:
            output, some = texts(line)
            outputs.append(output)
            captions += some
        try:
            self._folder = tempfile.TemporaryDirectory(prefix="repro-audit-meteor-", ignore_cleanup_errors=True)
            path = Path(self._folder.name) / "paraphrases.gz"
            if not _SAFE_PATH.fullmatch(str(path)):
                return None
            with path.open("wb") as file:
                made = cut(jar(PARAPHRASES), digest(f"file:{PACKAGE}/{PARAPHRASES}"), outputs, captions, file)
        except OSError:
            return None
        return path if made else None

    def _ask(self, child: JavaChild, lines: Sequence[str], *, close: bool) -> None:
        number = len(self._found)
        self._found.append([])

        def asked() -> None:
            try:
                self._found[number] = child.ask(lines)
            except BaseException as error:  # noqa: BLE001  # raised by who waits
                self._found[number] = error
            finally:
                if close:
                    child.close()

        self._threads.append(threading.Thread(target=asked, daemon=True))
        self._threads[-1].start()

    def result(self) -> list[str]:
        """Wait for all answers, in the order of the requests.

        Raises:
            UnavailableError: A process failed.
        """
        for thread in self._threads:
            thread.join()
        self._clean()
        answers: list[str] = []
        for found in self._found:
            if isinstance(found, BaseException):
                raise found
            answers += found
        return answers

    def _clean(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
