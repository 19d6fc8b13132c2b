"""Kills a command before each of its changes to a folder: `python -m tests.support.killed CASE.json`.

A change is an audit event of Python (PEP 578): a file opened for writing, a rename, a link, a removal, a new folder. The
exchange of two folders, a system call of our own, counts as well. Each run is a fork of one process that has loaded every
module that an undisturbed run loads.

CASE.json: `argv` of the command, `place` (the folder that holds all of its files), `template` (its contents before the
command), `under` (folders below `place` whose changes count), `states` (a folder for the results), `every` (1 for every
change).
For the change number N, `states/N/killed` is the place after the kill, and `states/N/again` after the command ran once more.
`states/whole` is the place after an undisturbed run.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_PATHS = {"os.rename": 2, "os.link": 2, "os.remove": 1, "os.rmdir": 1, "os.mkdir": 1, "os.symlink": 2, "os.truncate": 1}


def count(under: list[str], change: Callable[[], None]) -> None:
    """Call `change` before each change below these folders."""

    def ours(path: object) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return False
        full = os.path.normpath(Path.cwd() / os.fsdecode(path))
        return any(full == folder or full.startswith(folder + os.sep) for folder in under)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if flags & _WRITES and ours(path):
                change()
        elif event in _PATHS:
            # Only the removal of a whole folder names files by a descriptor.
            relative = event in {"os.remove", "os.rmdir"} and arguments[-1] not in {-1, None}
            if relative or any(ours(path) for path in arguments[: _PATHS[event]]):
                change()

    sys.addaudithook(hook)
    from audit._util import folders

    exchange = folders._exchange

    def counted(one: Path, other: Path) -> bool:
        change()
        return exchange(one, other)

    folders._exchange = counted


def run(argv: list[str], under: list[str], number: int | None, place: Path, modules: Path | None = None) -> int:
    """Fork, run the command in `place`, and kill it before its change of this number; returns the wait status.

    With `modules`, that file gets the names of the modules that the command has loaded at its end.
    """
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    left = number

    def change() -> None:
        nonlocal left
        if left is not None:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    status = 70
    try:
        os.chdir(place)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        if number is not None:
            count(under, change)
        from audit.cli import main

        status = main(argv)
        if modules is not None:
            modules.write_text("\n".join(sorted(sys.modules)), "utf-8")
    finally:
        os._exit(status)


def main(case: dict[str, Any]) -> None:
    """Make all states of a case."""
    place, template, states = (Path(case[name]) for name in ("place", "template", "states"))
    under = [str(place / name) for name in case["under"]]
    if case.get("made_engine"):
        from audit.inference import model_engines
        from tests.support.inference.made_engine import Made

        model_engines.ENGINES = (*model_engines.ENGINES, Made())
    import audit.cli.commands
    import audit.pipeline.publish  # noqa: F401  # loaded once, for all forks

    def fresh() -> None:
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(template, place, symlinks=True)

    def keep(name: str) -> None:
        shutil.copytree(place, states / name, symlinks=True)

    fresh()
    states.mkdir(parents=True)
    loaded = states.with_name("modules.txt")
    status = run(case["argv"], under, None, place, loaded)
    if status:
        raise SystemExit(f"undisturbed, the command ends with {os.waitstatus_to_exitcode(status)}")
    keep("whole")
    for name in loaded.read_text("utf-8").splitlines():
        # Some modules bear a name that no file has.
        with contextlib.suppress(ImportError, ValueError):
            importlib.import_module(name)
    number = 1
    while True:
        fresh()
        status = run(case["argv"], under, number, place)
        if not os.WIFSIGNALED(status):
            break
        keep(f"{number}/killed")
        status = run(case["argv"], under, None, place)
        if status:
            raise SystemExit(f"after a kill before change {number}, it ends with {os.waitstatus_to_exitcode(status)}")
        keep(f"{number}/again")
        number += case.get("every", 1)
    print(number)


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text("utf-8")))
