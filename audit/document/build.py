"""The audit document: everything the report says, as one canonical JSON value (schema repro-audit/audit/1).

No floats: counts are integers, values are decimal strings. The same inputs give the same bytes on any machine, so nothing
of the machine is in it; the environment has a file of its own in the package.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from audit._util.files import sha256_file
from audit._util.version import PROJECT, project_version
from audit.literature.grades import Grading, Key
from audit.literature.studies import Claim, Study
from audit.verdict.agreement import rounding_interval
from audit.verdict.measurements import Measurement
from audit.verdict.rules import RULES, Decision
from tasks.availability import Always
from tasks.convention import Convention
from tasks.statistics.bootstrap import SEED
from tasks.task import Task

SCHEMA = "repro-audit/audit/1"
# Libraries that decide numbers; their versions stand in the audit.
SCORING_LIBRARIES = (
    "ipadic",
    "jiwer",
    "mecab-python3",
    "nltk",
    "num2words",
    "numpy",
    "rapidfuzz",
    "rouge-score",
    "sacrebleu",
    "whisper-normalizer",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A claim with its verdict: the decision, and what goes beside it."""

    claim: Claim
    decision: Decision
    reasons: tuple[Mapping[str, Any], ...]
    odds: Mapping[str, Any] | None
    certificate: Mapping[str, Any] | None


def build(
    *,
    study: Study,
    tasks: Mapping[str, Task],
    measurements: Sequence[Measurement],
    outcomes: Iterable[Outcome],
    gradings: Mapping[Key, Grading],
    literature: Mapping[str, Any],
    findings: Mapping[str, Any],
    inputs: Iterable[tuple[str, Path]],
    replicates: int,
    epoch: int,
) -> dict[str, Any]:
    """The document as plain dicts and lists.

    Args:
        study: The paper and its claims.
        tasks: Of the claims, by id.
        measurements: All of them.
        outcomes: One a claim.
        gradings: Grade and works of every convention.
        literature: The survey's data.
        findings: Detectors, prompts, baselines, determinism: what was seen besides the values.
        inputs: (name shown, path) of every file that was read.
        replicates: Of the bootstrap.
        epoch: The audit's date, seconds since 1970.
    """
    claimed = {claim.task for claim in study.claims}
    return {
        "schema": SCHEMA,
        "project": {"name": PROJECT, "version": project_version()},
        "source_date_epoch": epoch,
        "study": _study(study),
        "claims": [_claim(claim, tasks[claim.task]) for claim in study.claims],
        "conventions": [
            _convention(task.id, metric, convention, gradings)
            for task in tasks.values()
            if task.id in claimed
            for metric, items in task.conventions.items()
            for convention in items
        ],
        "measurements": [dict(m.data) for m in measurements],
        "verdicts": [_outcome(outcome) for outcome in outcomes],
        "rules": [{"rule": n, "verdict": r.verdict.value, "when": r.words} for n, r in enumerate(RULES, start=1)],
        "literature": dict(literature),
        "findings": dict(findings),
        "bootstrap": {"replicates": replicates, "seed": SEED},
        "inputs": [{"path": name, "sha256": sha256_file(path)} for name, path in sorted(inputs)],
        "software": software(),
    }


def software() -> dict[str, Any]:
    """What decides numbers besides our own code: Unicode tables and library versions."""
    import unicodedata

    versions = {name: _version(name) for name in SCORING_LIBRARIES}
    return {
        "unicode": unicodedata.unidata_version,
        "packages": {name: found for name, found in versions.items() if found is not None},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _study(study: Study) -> dict[str, Any]:
    paper = study.paper
    return {
        "id": study.id,
        "title": study.title,
        "model": study.model,
        "variants": dict(study.variants),
        "paper": {
            "title": paper.title,
            "authors_first": paper.authors_first,
            "year": paper.year,
            "venue": paper.venue,
            "arxiv": paper.arxiv,
            "url": paper.url,
        },
        "sources": dict(study.sources),
        "prompts_note": study.prompts_note,
        "not_found": list(study.not_found),
        "tolerances": {m: {"value": t.value, "reason": t.reason} for m, t in sorted(study.tolerances.items())},
    }


def _claim(claim: Claim, task: Task) -> dict[str, Any]:
    interval = rounding_interval(claim.value)
    return {
        "id": claim.id,
        "task": claim.task,
        "task_name": task.name,
        "dataset": f"{claim.dataset}, {claim.split}" if claim.split else claim.dataset,
        "metric": claim.metric,
        "value": claim.value,
        "unit": claim.unit,
        "direction": claim.direction,
        "rounding": {"low": format(interval.low, "f"), "high": format(interval.high, "f")},
        "locator": {"table": claim.locator.table, "row": claim.locator.row, "column": claim.locator.column},
        "variant": claim.variant,
        "expected_rows": claim.expected_rows,
        "expected_rows_reason": claim.expected_rows_reason,
        "prompt": None if claim.prompt is None else {"key": claim.prompt_key, "text": claim.prompt},
        "judge": claim.judge,
        "verified": claim.verified,
        "source": claim.source,
        "notes": claim.notes,
        "other_columns": [
            {"name": name, "value": c.value, "verified": c.verified, "note": c.detail}
            for name, c in claim.other_columns.items()
        ],
    }


def _convention(task: str, metric: str, item: Convention, gradings: Mapping[Key, Grading]) -> dict[str, Any]:
    grading = gradings[task, metric, item.id]
    # What only this machine lacks (Java, a model file) is said where a value is missing, not here.
    unavailable = item.unavailable.text if isinstance(item.unavailable, Always) else None
    return {
        "task": task,
        "metric": metric,
        "id": item.id,
        "summary": item.summary,
        "signature": item.signature,
        "hash": item.hash,
        "grade": grading.grade,
        "works": list(dict.fromkeys(s.work for s in grading.support)),
        "notes": item.notes or None,
        "unavailable": unavailable,
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "claim": outcome.claim.id,
        "verdict": outcome.decision.verdict.value,
        "rule": outcome.decision.rule,
        "measurement": outcome.decision.deciding,
        "supporting": list(outcome.decision.supporting),
        "reasons": [dict(reason) for reason in outcome.reasons],
        "odds": None if outcome.odds is None else dict(outcome.odds),
        "certificate": None if outcome.certificate is None else dict(outcome.certificate),
    }
