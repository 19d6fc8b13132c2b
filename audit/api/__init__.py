"""The public API: score outputs, audit a study, explain a number, render and verify reports.

Each command of `repro-audit` parses its options, calls one of these functions or one of the pipeline's, and prints the
result. Nothing heavy is imported until a function needs it.
"""

from __future__ import annotations

from audit.api.audits import audit, load_audit, load_predictions, load_study, plan, render, survey, verify
from audit.api.outputs import attribute, compare, explain, explain_jointly, multiverse, rows, score
from audit.pipeline.request import AuditRequest, ClaimRequest, PlanRequest

__all__ = [
    "AuditRequest",
    "ClaimRequest",
    "PlanRequest",
    "attribute",
    "audit",
    "compare",
    "explain",
    "explain_jointly",
    "load_audit",
    "load_predictions",
    "load_study",
    "multiverse",
    "plan",
    "render",
    "rows",
    "score",
    "survey",
    "verify",
]
