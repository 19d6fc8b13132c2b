"""Recompute an audit's values from its predictions, to verify a package."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from audit._util.files import write_atomic
from audit.pipeline.blind_names import own_names
from audit.pipeline.request import AuditRequest
from audit.pipeline.run import run
from audit.provenance.errors import RejectedError
from audit.provenance.format import layout
from audit.provenance.verification.rescore import Again
from audit.schema import AuditDocument
from tasks.statistics.defaults import MOST_REPLICATES, REPLICATES


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
    if replicates > MOST_REPLICATES:
        why = f"it asks for {replicates} bootstrap replicates; at most {MOST_REPLICATES} are drawn"
        raise RejectedError(layout.AUDIT, "too-large", why)
    plain = AuditRequest(study=audit.study.id, predictions=predictions, replicates=replicates)
    if literature is not None:
        return _again(replace(plain, literature=literature), decided=bool(carried))
    if not carried:
        return _again(plain)
    names = own_names(audit, carried)
    with tempfile.TemporaryDirectory(prefix="repro-audit-") as name:
        folder = Path(name)
        literature_files = names.literature(carried)
        for path, data in literature_files.items():
            write_atomic(folder / path, data)
        study = folder / _study_among(literature_files, names.back.text(audit.study.id))
        again = _again(replace(plain, study=str(study), literature=folder), decided=True)
    if not names.pairs or again.document is None:
        return again
    document, forth = names.neutral(again.document), names.forth
    counts = [(forth.text(path), forth.bytes(data)) for path, data in again.counts]
    return Again(document.measurements, counts, document)


def _study_among(carried: Mapping[str, bytes], name: str) -> str:
    """The study's file below `literature/`: one that the package carries, wherever its id may lead.

    Raises:
        RejectedError: The package does not carry it.
    """
    path = f"studies/{name}.yaml"
    if path not in carried:
        raise RejectedError(layout.AUDIT, "missing", "the package does not carry the study that it names")
    return path


def _again(request: AuditRequest, *, decided: bool = False) -> Again:
    again = run(request)
    # Counted now: the folder of the literature may be temporary.
    return Again(again.document.measurements, list(again.counts), again.document if decided else None)
