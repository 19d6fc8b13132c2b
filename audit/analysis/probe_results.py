"""Results of `repro-audit probe` for the audit: what changes the outputs, and how far the metric moves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audit._util.files import refuse_pointer
from audit._util.strict_json import InvalidJsonError, loads
from audit.errors import InputError
from audit.inference.probes import SCHEMA

KINDS = ("determinism", "prompts", "text-prior", "decoding")
# The outputs are left out: the audit shows figures, and licences of data sets forbid publishing texts.
_LEFT_OUT = ("outputs_without_audio",)


def load_probes(
    folder: Path | None, tasks: Mapping[str, object]
) -> tuple[dict[str, dict[str, Any]], list[tuple[str, Path]]]:
    """Probe results of a folder, `TASK.KIND.json`.

    Args:
        folder: May be None or missing.
        tasks: The study's tasks; results of others are ignored.

    Returns:
        `probe-KIND` -> task -> result, as in audit.json's findings; and the files, by the name shown.

    Raises:
        InputError: A file is not a probe result, or its task or kind differs from its name.
    """
    found: dict[str, dict[str, Any]] = {}
    files: list[tuple[str, Path]] = []
    if folder is None or not folder.is_dir():
        return found, files
    for path in sorted(folder.glob("*.json")):
        task, _, kind = path.stem.partition(".")
        if task not in tasks:
            continue
        if kind not in KINDS:
            raise InputError(f"there is no probe {kind!r}", where=str(path), fix=f"Probes: {', '.join(KINDS)}.")
        result = _read(path)
        if (result.get("schema"), result.get("task"), result.get("probe")) != (SCHEMA, task, kind):
            raise InputError(
                "does not match its file name",
                where=str(path),
                fix=f"Write it again: repro-audit probe {kind}.",
            )
        kept = {key: value for key, value in result.items() if key not in _LEFT_OUT}
        found.setdefault(f"probe-{kind}", {})[task] = kept
        files.append((f"probes/{path.name}", path))
    return found, files


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = path.read_bytes()
        refuse_pointer(raw, path)
        value = loads(raw, "refused", exact=True)
    except (OSError, InvalidJsonError) as error:
        raise InputError(f"cannot be read: {error}", where=str(path), fix="Run the probe again.") from None
    if not isinstance(value, dict):
        raise InputError("is not a JSON object", where=str(path), fix="Run the probe again.")
    return value
