"""`-q` and `-v`: how much a command says on standard error."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

from audit._util.terminal import in_a_line


class _State:
    """Whether the running command is verbose; the interpreter keeps a hook for good, so it has to ask."""

    verbose = False
    hooked = False


# Where Python and its packages lie: what they open says nothing about the user's files.
_OURS = tuple({str(Path(place).resolve()) for place in (sys.prefix, sys.base_prefix, os.__file__.rpartition("/")[0])})
_ELSEWHERE = ("/proc", "/dev", "/sys", "/etc", "/usr")


@contextmanager
def verbosity(*, quiet: bool, verbose: bool) -> Iterator[None]:
    """How much is said in this block."""
    if quiet:
        with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):  # noqa: PTH123  # no path
            yield
        return
    _State.verbose = verbose
    if verbose and not _State.hooked:
        sys.addaudithook(_opened)
        _State.hooked = True
    yield


def traceback_of(error: BaseException) -> None:
    """Print where an error arose, if the command is verbose; called once, after the command."""
    if _State.verbose:
        traceback.print_exception(error, file=sys.stderr)
    _State.verbose = False


def _opened(event: str, arguments: tuple[object, ...]) -> None:
    if event != "open" or not _State.verbose:
        return
    path, mode, flags = arguments
    if not isinstance(path, str | bytes) or (mode is None and not isinstance(flags, int)):
        return
    place = os.path.abspath(os.fsdecode(path))  # noqa: PTH100  # a hook must not open a file itself
    if place.startswith((*_OURS, *_ELSEWHERE)) or "__pycache__" in place or place.endswith((".py", ".pyc", ".so")):
        return
    _State.verbose = False  # what is printed may open files, too
    writes = (
        any(letter in str(mode) for letter in "wax+") if mode else bool(int(str(flags)) & (os.O_WRONLY | os.O_RDWR))
    )
    print(f"{'writes' if writes else 'reads '} {in_a_line(place)}", file=sys.stderr)
    _State.verbose = True
