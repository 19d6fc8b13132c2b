"""The outputs of an audit that a package holds, read from the folder of a run."""

from __future__ import annotations

from pathlib import Path

from audit.errors import InputError, MissingError
from audit.provenance.errors import RejectedError
from audit.provenance.format import archive, layout

# Outputs of an audit besides those that a package needs; missing ones are left out.
ARTEFACTS = (
    layout.ANSWERS,
    layout.ANNEX,
    "measurements.csv",
    "table.tex",
    layout.COUNTS,
    layout.LITERATURE,
    layout.PLANS,
)


def read(out: Path) -> dict[str, bytes]:
    """The outputs of an audit that a package holds, by name.

    Raises:
        MissingError: audit.json or a report is missing.
    """
    files: dict[str, bytes] = {}
    for name in (layout.AUDIT, layout.REPORT_HTML, layout.REPORT_PDF):
        if not (out / name).is_file():
            raise MissingError("an audit's output is missing", where=str(out / name), fix="run `repro-audit run` first")
        files[name] = (out / name).read_bytes()
    for name in ARTEFACTS:
        if name.endswith("/"):
            files |= read_folder(out, name)
        elif (out / name).is_file():
            files[name] = (out / name).read_bytes()
    return files


def read_folder(out: Path, name: str) -> dict[str, bytes]:
    """The files of a folder of an audit's output, by their names in the package; none if there is no such folder.

    Args:
        out: The output folder.
        name: The folder in it, with a slash at its end.

    Raises:
        InputError: It holds what no package can hold: a link, an empty folder, an unsafe name.
    """
    if not (out / name).is_dir():
        return {}
    try:
        return {name + path: data for path, data in archive.read_folder(out / name).items()}
    except RejectedError as error:
        raise InputError(
            error.why, where=str(out / name / error.file), fix="remove it, or run the audit again"
        ) from None
