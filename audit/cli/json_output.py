"""`--json`, which means one thing in every command: the result as JSON on standard output, and nothing else there."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any


def add_json(parser: argparse._ActionsContainer, file: str | None = None) -> None:
    """The option; with `file`, also `--json-out FILE`, whose help it is."""
    parser.add_argument(
        "--json", action="store_true", help="print the result as JSON on standard output, and nothing else"
    )
    if file is not None:
        parser.add_argument("--json-out", type=Path, metavar="FILE", help=file)


def show(args: argparse.Namespace, lines: Iterable[str], document: Callable[[], Any]) -> None:
    """Print a result, as lines or as JSON, and write the file of `--json-out`.

    Args:
        args: With `json` and, where the command has it, `json_out`.
        lines: The result for people.
        document: The result as a JSON value.
    """
    if args.json:
        print(json.dumps(document(), ensure_ascii=False, indent=1, allow_nan=False))
    else:
        for line in lines:
            print(line)
    write_file(args, document)


def plain(value: Any) -> Any:
    """A value of ours as JSON has it: dataclasses and mappings become objects, sequences lists, paths texts."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return str(value) if isinstance(value, Path) else value


def write_file(args: argparse.Namespace, document: Callable[[], Any]) -> None:
    """Write the file of `--json-out`, if it is given, as canonical JSON."""
    target: Path | None = getattr(args, "json_out", None)
    if target is not None:
        from audit._util import canonical_json
        from audit._util.files import write_atomic

        write_atomic(target, canonical_json.dumps(document()))
        say_written(args, target)


def say_written(args: argparse.Namespace, path: Path) -> None:
    """Say that a file was written; beside JSON on standard output, on standard error."""
    say(args, f"written: {path}")


def say(args: argparse.Namespace, text: object) -> None:
    """Print remarks, which are not results: on standard output for people, on standard error beside JSON."""
    print(text, file=sys.stderr if args.json else sys.stdout)
