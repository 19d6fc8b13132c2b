"""What is printed: one filter for texts that others chose, and streams that survive a closed pipe and a full disk."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

# Control and format characters (general categories Cc, Cf, Cs, Zl and Zp of Unicode) but the line feed and the tab, and the
# variation selectors beyond the usual ones: they move the cursor, change colours, reorder a line, or hide what they say.
_HIDDEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u2064\u2066-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f\U000e0100-\U000e01ef"
)
_UNSAFE = re.compile(f"[{_HIDDEN}]")
_UNSAFE_IN_A_LINE = re.compile(f"[\n{_HIDDEN}]")


def visible(text: str) -> str:
    r"""A text with its control and format characters written as JSON escapes (`\u001b`); line feeds and tabs stay.

    Inside a JSON string the escapes stand for the same characters, so JSON on standard output keeps its value.
    """
    return _UNSAFE.sub(_escaped, text)


def in_a_line(text: object) -> str:
    """As `visible`, with line feeds escaped too: for a value inside a line, which must not start a line of its own."""
    return _UNSAFE_IN_A_LINE.sub(_escaped, str(text))


def _escaped(found: re.Match[str]) -> str:
    character = found.group()
    if character == "\n":
        return "\\n"
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


class _Guarded:
    """A text stream that shows control characters as escapes, and keeps silent once it cannot be written to.

    A reader that has left (`| head`) must not end the work that a command still has to do; a full disk is said at the end.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.failure: OSError | None = None
        self.unfiltered = _Unfiltered(self)

    def write(self, text: str) -> int:
        self.write_unfiltered(visible(text))
        return len(text)

    def write_unfiltered(self, text: str) -> None:
        if self.failure is None:
            try:
                self.stream.write(text)
            except OSError as error:
                self._fail(error)

    def flush(self) -> None:
        if self.failure is None:
            try:
                self.stream.flush()
            except OSError as error:
                self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.failure = error
        # What is still in the buffers goes nowhere, so that Python does not fail again when it flushes them at exit.
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())
            os.close(nowhere)
        except (OSError, ValueError):
            pass

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class _Unfiltered:
    """The same stream without the filter."""

    def __init__(self, guarded: _Guarded) -> None:
        self._guarded = guarded

    def write(self, text: str) -> int:
        self._guarded.write_unfiltered(text)
        return len(text)

    def flush(self) -> None:
        self._guarded.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._guarded.stream, name)


def coloured(stream: TextIO) -> bool:
    """Whether to colour what is written to a stream: https://no-color.org, https://force-color.org.

    NO_COLOR counts more than FORCE_COLOR; without both, a terminal is coloured and a pipe is not.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM", "").lower() not in {"dumb", "unknown"}


def unfiltered(stream: TextIO) -> TextIO:
    """The stream without its filter, for output whose colours and cursor movements are our own."""
    return cast("TextIO", getattr(stream, "unfiltered", stream))


@contextmanager
def guarded_streams() -> Iterator[tuple[_Guarded, _Guarded]]:
    """Guard standard output and standard error in this block; closed ones are opened on nothing."""
    before = sys.stdout, sys.stderr
    _occupy()
    pair = _Guarded(sys.stdout), _Guarded(sys.stderr)
    sys.stdout, sys.stderr = cast("TextIO", pair[0]), cast("TextIO", pair[1])
    try:
        yield pair
    finally:
        pair[0].flush()
        pair[1].flush()
        sys.stdout, sys.stderr = before


def _occupy() -> None:
    """Open the null device on closed standard streams; the next file that is opened would get their descriptors."""
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            try:
                os.fstat(number)
            except OSError:
                nowhere = os.open(os.devnull, os.O_RDWR)
                if nowhere != number:
                    os.dup2(nowhere, number)
                    os.close(nowhere)
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))  # noqa: SIM115
        stream = getattr(sys, name)
        if number and hasattr(stream, "reconfigure"):
            # A terminal without UTF-8 shows what it cannot write as escapes.
            stream.reconfigure(errors="backslashreplace")
