"""Options from `repro-audit.toml`, or from `[tool.repro-audit]` of `pyproject.toml`, of the current folder.

They are put into the command line behind the command's words, so that what is typed counts more, and every check of an option
holds for them, too.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from audit._util.suggest import did_you_mean
from audit.errors import InputError

OWN = Path("repro-audit.toml")
PROJECT = Path("pyproject.toml")


def settings() -> tuple[Mapping[str, Any], str]:
    """The file's tables and its name; empty without a file.

    Raises:
        InputError: The file cannot be read, or is not TOML.
    """
    path = OWN if OWN.is_file() else PROJECT if PROJECT.is_file() else None
    if path is None:
        return {}, ""
    import tomllib

    try:
        raw = path.read_bytes()
        if path == PROJECT and b"repro-audit" not in raw:
            return {}, ""
        data = tomllib.loads(raw.decode("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        if path == PROJECT:
            return {}, ""  # somebody else's file; its own tools will tell
        raise InputError(
            f"cannot be read as TOML ({error})", where=str(path), fix="Correct it, or rename it."
        ) from error
    if path == PROJECT:
        data = data.get("tool", {}).get("repro-audit", {})
        return (data if isinstance(data, dict) else {}), f"{path}: tool.repro-audit"
    return data, str(path)


def with_settings(arguments: Sequence[str], parser: argparse.ArgumentParser, commands: Sequence[str]) -> list[str]:
    """The command line with the options of the file.

    Args:
        arguments: As typed.
        parser: The parser of the typed command.
        commands: All commands, for what is mistyped in the file.

    Raises:
        InputError: The file is invalid, or names a command or an option that does not exist.
    """
    data, where = settings()
    for name, table in data.items():
        if name not in commands:
            raise InputError(f"there is no command {name!r}", where=where,
                             fix=did_you_mean(name, commands, "Name a table after a command."))  # fmt: skip
        if not isinstance(table, dict):
            raise InputError("must be a table of options", where=f"{where}: {name}", fix=f"Write [{name}] above them.")
    found = list(arguments)
    chosen: Any = data
    place = 0
    path: list[str] = []
    # The words of the command and its actions: `judge`, `run`.
    while True:
        below = _below(parser)
        position = next((i for i in range(place, len(found)) if not found[i].startswith("-")), None)
        if below is None or position is None or found[position] not in below.choices:
            break
        word = found[position]
        path.append(word)
        chosen = chosen.get(word, {}) if isinstance(chosen, dict) else {}
        parser = below.choices[word]
        place = position + 1
    below = _below(parser)
    if not path or not isinstance(chosen, dict) or below is not None:
        return found
    return [*found[:place], *_options(chosen, parser, f"{where}: {'.'.join(path)}"), *found[place:]]


def _below(parser: argparse.ArgumentParser) -> argparse._SubParsersAction[Any] | None:
    return next((a for a in parser._actions if isinstance(a, argparse._SubParsersAction)), None)


def _options(table: Mapping[str, Any], parser: argparse.ArgumentParser, where: str) -> list[str]:
    by_name = {text[2:]: action for action in parser._actions for text in action.option_strings if text[:2] == "--"}
    found: list[str] = []
    for name, value in table.items():
        action = by_name.get(name)
        place = f"{where}.{name}"
        if action is None:
            raise InputError(f"there is no option --{name}", where=place,
                             fix=did_you_mean(name, by_name, "`--help` lists the options."))  # fmt: skip
        values = value if isinstance(value, list) else [value]
        if isinstance(value, dict) or not values or any(isinstance(one, dict | list) for one in values):
            raise InputError(
                "must be a text, a number, true, false, or a list of these", where=place, fix="Correct it."
            )
        if action.nargs == 0:
            if not isinstance(value, bool):
                raise InputError("takes no value", where=place, fix="Write true or false.")
            found += [f"--{name}"] if value else []
        elif any(isinstance(one, bool) for one in values):
            raise InputError("needs a value", where=place, fix="Write a text or a number.")
        elif action.nargs in {None, 1, "?"}:
            found += [f"--{name}={one}" for one in values]
        else:
            found += [f"--{name}", *map(str, values)]
    return found
