"""`repro-audit report`: render the reports of an audit.json again."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audit._util.files import write_atomic
from audit.errors import InputError, MissingError

HELP = """Render report.html, report.pdf, table.tex and measurements.csv from an audit.json. Nothing else is read, and the
same audit.json gives the same files."""

SCHEMA = "repro-audit/audit/1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("audit", type=Path, metavar="AUDIT.JSON", help="as `repro-audit run` writes it")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the files go (default: beside the audit.json)")
    parser.add_argument("--format", default="html,pdf,tex,csv", metavar="LIST",
                        help="which of them, separated by commas (default: %(default)s)")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Render and write; 3 if one of the formats cannot be made here, the others being written."""
    from audit.report.formats import FORMATS, RENDERERS

    wanted = [part.strip() for part in args.format.split(",") if part.strip()]
    unknown = sorted(set(wanted) - set(FORMATS))
    if unknown or not wanted:
        raise InputError(
            f"unknown format {', '.join(unknown)}" if unknown else "no format is named",
            where="--format",
            fix=f"Use: {', '.join(FORMATS)}.",
        )
    audit = load(args.audit)
    out = args.out or args.audit.parent
    missing: list[MissingError] = []
    content: dict[str, bytes] = {}
    for name in (FORMATS[part] for part in wanted):
        try:
            content[name] = RENDERERS[name](audit)
        except MissingError as error:
            missing.append(error)
    for name, data in content.items():
        try:
            write_atomic(out / name, data)
        except OSError as error:
            raise InputError(
                f"cannot be written ({error.strerror})", where=str(out / name), fix="Give --out another folder."
            ) from error
        print(f"wrote {out / name}")
    if missing:
        raise missing[0]
    return 0


def load(path: Path) -> Mapping[str, Any]:
    """Read an audit.json.

    Raises:
        InputError: It cannot be read, is no JSON, or is of another schema.
    """
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path), fix="Run `repro-audit run`.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"is no JSON: {error}", where=str(path), fix="Give the audit.json of a run.") from error
    found = data.get("schema") if isinstance(data, dict) else None
    if found != SCHEMA:
        raise InputError(
            f"has the schema {found!r}, not {SCHEMA!r}", where=str(path), fix="Give the audit.json of a run."
        )
    _check(data, path)
    return data  # type: ignore[no-any-return]  # an object: its schema was read from it


_LISTS = ("claims", "conventions", "measurements", "verdicts", "inputs")
_NEEDED = {
    "claims": ("id", "task", "metric", "value"),
    "conventions": ("task", "metric", "id", "signature", "hash"),
    "measurements": ("id", "claim", "convention", "origin", "value"),
    "verdicts": ("claim", "verdict"),
    "inputs": ("path", "sha256"),
}


def _check(data: Mapping[str, Any], path: Path) -> None:
    """The parts that the report cannot do without."""
    for key in _LISTS:
        items = data.get(key, [])
        if not isinstance(items, list):
            raise InputError("is no list", where=f"{path}: {key}", fix="The file is damaged; run the audit again.")
        for index, item in enumerate(items):
            gone = [f for f in _NEEDED[key] if not isinstance(item, dict) or f not in item]
            if gone:
                raise InputError(
                    f"the field {gone[0]!r} is missing",
                    where=f"{path}: {key}[{index}]",
                    fix="The file is damaged; run the audit again.",
                )
