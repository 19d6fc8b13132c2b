"""Recompute an audit's values from its predictions, to verify a package."""

from __future__ import annotations

from pathlib import Path

from audit.pipeline.outputs import count_files
from audit.pipeline.request import AuditRequest
from audit.pipeline.run import run
from audit.provenance.verification.rescore import Again
from audit.schema import AuditDocument
from tasks.statistics.defaults import REPLICATES


def score_again(predictions: Path, audit: AuditDocument) -> Again:
    """The measurements and counts that this version of the program computes from the predictions.

    No cache is used: counts of an earlier run would verify nothing.
    """
    replicates = audit.bootstrap.replicates if audit.bootstrap else REPLICATES
    again = run(AuditRequest(study=audit.study.id, predictions=predictions, replicates=replicates))
    return Again(again.document.measurements, count_files(again.scored))
