"""The inputs of an audit: prediction files, and the model, data and device stated in their meta files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from audit._util.files import sha256_file
from audit.errors import InputError
from audit.provenance.errors import RejectedError
from audit.provenance.format.archive import check_name
from audit.schema import AuditDocument
from audit.scoring.prediction_meta import PredictionMeta, folder_of, load_meta

FOLDER = "predictions/"
_JUDGEMENTS = ".judgements.jsonl"


@dataclass(frozen=True, slots=True)
class Sources:
    """The files of a predictions folder.

    Args:
        digests: Name in the folder -> SHA-256.
        meta: Task -> its meta file.
        folder: Where the files are; None if they were not at hand.
    """

    digests: Mapping[str, str]
    meta: Mapping[str, PredictionMeta]
    folder: Path | None = None

    @property
    def weights(self) -> dict[str, str]:
        """Name -> SHA-256 of the weights used for the predictions of any task."""
        found: dict[str, str] = {}
        for task, meta in sorted(self.meta.items()):
            for name, digest in sorted((meta.weights or {}).items()):
                # Two tasks may have used different weights under one name; both are then listed.
                found[name if found.get(name, digest) == digest else f"{name} ({task})"] = digest
        return found


def read(folder: Path | None, audit: AuditDocument) -> Sources:
    """Read the sources in a predictions folder, named by itself or by a file in it.

    Without one, they are the predictions listed by hash in audit.json.

    Raises:
        InputError: A file cannot be read, or is not the one from which audit.json was computed.
    """
    stated = _stated(audit)
    if folder is None:
        return Sources(stated, {})
    folder = folder_of(folder)
    if not folder.is_dir():
        raise InputError(
            "no such folder", where=str(folder), fix="give the folder of TASK.jsonl files with --predictions"
        )
    digests: dict[str, str] = {}
    meta: dict[str, PredictionMeta] = {}
    for path in sorted(folder.iterdir()):
        if path.name not in stated and path.name.removesuffix(_JUDGEMENTS) + ".jsonl" not in stated:
            continue
        try:
            check_name(path.name, str(path))
        except RejectedError as error:
            raise InputError(error.why, where=error.file) from None
        if path.name.endswith(".meta.json"):
            task = path.name.removesuffix(".meta.json")
            meta[task], _ = load_meta(path, task)
        digests[path.name] = sha256_file(path)
    for name, digest in stated.items():
        if digests.get(name, digest) != digest:
            raise InputError(
                "not the file from which audit.json was computed",
                where=str(folder / name),
                fix="run the audit again, then package it",
            )
    missing = sorted(set(stated) - set(digests))
    if missing:
        raise InputError(f"audit.json was computed from {missing[0]}, which is missing", where=str(folder))
    return Sources(digests, meta, folder)


def _stated(audit: AuditDocument) -> dict[str, str]:
    """The inputs of audit.json that are predictions: file name -> SHA-256."""
    inputs = {entry.path: entry.sha256 for entry in audit.inputs}
    return {path.removeprefix(FOLDER): digest for path, digest in inputs.items() if path.startswith(FOLDER)}
