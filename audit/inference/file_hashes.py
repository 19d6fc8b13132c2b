"""SHA-256 of a model's files, remembered between runs because tens of gigabytes take minutes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from audit._util.files import sha256_file, write_atomic
from audit.errors import InputError
from audit.inference.json_files import read_object

_SHA256 = re.compile("[0-9a-f]{64}")


def file_hashes(files: Mapping[str, Path], fix: str, memory: Path | None = None) -> dict[str, str]:
    """SHA-256 of every file, by its name in records.

    Args:
        files: Name in records -> file.
        fix: What to do about a missing one.
        memory: A JSON file that keeps hashes by path, size and modification time; one that is damaged is written anew.

    Raises:
        InputError: A file is missing.
    """
    known = _remembered(memory)
    found, fresh = {}, {}
    for name, path in files.items():
        if not path.is_file():
            raise InputError("no such file", where=str(path), fix=fix)
        state = path.stat()
        key = f"{path.resolve()} {state.st_size} {state.st_mtime_ns}"
        found[name] = fresh[key] = known.get(key) or sha256_file(path)
    if memory is not None:
        write_atomic(memory, json.dumps(fresh, indent=1, sort_keys=True))
    return found


def _remembered(memory: Path | None) -> dict[str, str]:
    if memory is None or not memory.is_file():
        return {}
    try:
        found = read_object(memory, "")
    except InputError:
        return {}
    return {key: value for key, value in found.items() if isinstance(value, str) and _SHA256.fullmatch(value)}
