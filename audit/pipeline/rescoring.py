"""Recompute an audit's values from its predictions, to verify a package."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from audit._util.files import write_atomic
from audit.pipeline.outputs import count_files
from audit.pipeline.request import AuditRequest
from audit.pipeline.run import run
from audit.provenance.verification.rescore import Again
from audit.schema import AuditDocument
from tasks.statistics.defaults import REPLICATES


def score_again(
    predictions: Path, audit: AuditDocument, carried: Mapping[str, bytes], literature: Path | None = None
) -> Again:
    """The measurements and counts that this version of the program computes from the predictions.

    No cache is used: counts of an earlier run would verify nothing.

    Args:
        predictions: The folder of predictions, or a file in it.
        audit: The audit.
        carried: The package's files of the literature, by their names below `literature/`; empty in packages of the first
            edition.
        literature: The folder to read instead; None for what the package carries, or else this program's own.
    """
    replicates = audit.bootstrap.replicates if audit.bootstrap else REPLICATES
    plain = AuditRequest(study=audit.study.id, predictions=predictions, replicates=replicates)
    if literature is not None:
        return _again(replace(plain, literature=literature), decided=bool(carried))
    if not carried:
        return _again(plain)
    with tempfile.TemporaryDirectory(prefix="repro-audit-") as name:
        folder = Path(name)
        for path, data in carried.items():
            write_atomic(folder / path, data)
        study = folder / "studies" / f"{audit.study.id}.yaml"
        return _again(replace(plain, study=str(study), literature=folder), decided=True)


def _again(request: AuditRequest, *, decided: bool = False) -> Again:
    again = run(request)
    # Counted now: the folder of the literature may be temporary.
    return Again(again.document.measurements, list(count_files(again.scored)), again.document if decided else None)
