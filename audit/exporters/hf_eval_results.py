"""Hugging Face `.eval_results`: reproduced values as the YAML list for a model's repository.

Fields as in huggingface/hub-docs@242f4a1e:docs/hub/eval-results.md. The user maps tasks to data sets of the Hub; tasks
without an entry are left out and listed. No `verifyToken` is written: tokens are issued only for runs in the Hub's own jobs.

The Hub shows every entry as a measured value, and only the free text of `notes` can state its origin. Recorded values, which
nobody recomputed, are therefore left out unless requested.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from audit.errors import InputError
from audit.facts import Claim
from audit.schema import AuditDocument, Measurement, Verdict

_FIELDS = frozenset({"id", "task_id", "revision"})


@dataclass(frozen=True, slots=True)
class Results:
    """The entries of an `.eval_results` file, and the claims left out, with reasons."""

    entries: list[dict[str, Any]]
    left_out: dict[str, str]


def load_datasets(path: Path, cards: Mapping[str, str] = MappingProxyType({})) -> dict[str, dict[str, str]]:
    """Read the mapping from task or claim ids to `{id, task_id}` of a Hub benchmark, optionally with `revision`.

    Args:
        path: The file.
        cards: Task -> the Hub data set on the task's set card; its entry in the file may leave out `id`.

    Raises:
        InputError: The file cannot be read, or an entry is invalid; the message gives its location.
    """
    from audit._util.strict_yaml import load

    data = load(path).data
    if not isinstance(data, dict) or not data:
        raise InputError("must map tasks to data sets", where=str(path), fix="asr-x: {id: owner/name, task_id: test}")
    for name, entry in data.items():
        where = f"{path}: {name}"
        if not isinstance(entry, dict) or not all(isinstance(v, str) for v in entry.values()):
            raise InputError("must be an object of strings", where=where, fix="{id: owner/name, task_id: test}")
        task = name.partition(".")[0]
        if "id" not in entry and task in cards:
            entry["id"] = cards[task]
        if not {"id", "task_id"} <= set(entry) <= _FIELDS:
            raise InputError(
                "needs id and task_id, and may have revision",
                where=where,
                fix="Correct the fields; only tasks whose set card has a Hub data set may leave out id.",
            )
        if entry["id"].count("/") != 1:
            raise InputError(f"{entry['id']!r} is not the id of a Hub data set", where=f"{where}.id", fix="owner/name")
    return data


def results(
    audit: AuditDocument,
    datasets: Mapping[str, Mapping[str, str]],
    source_url: str | None = None,
    *,
    include_recorded: bool = False,
    cards: Mapping[str, str] = MappingProxyType({}),
) -> Results:
    """One entry per claim: the measurement on which its verdict rests.

    Args:
        audit: The audit.
        datasets: The data sets by claim id or task id.
        source_url: A URL of the evidence.
        include_recorded: Whether to include recorded values, with a warning at the start of their notes.
        cards: Task -> the Hub data set on its set card, for the reasons of what is left out.
    """
    measurements = {m.id: m for m in audit.measurements}
    claims = {c.id: c for c in audit.claims}
    day = datetime.fromtimestamp(audit.source_date_epoch, UTC).date().isoformat()
    entries, left_out = [], {}
    for verdict in audit.verdicts:
        claim = claims[verdict.claim]
        dataset = datasets.get(claim.id) or datasets.get(claim.task)
        best = measurements.get(verdict.measurement or "")
        if verdict.verdict == Verdict.NOT_COMPARABLE:
            left_out[claim.id] = "no comparable measurement"
        elif best is None or best.value is None:
            left_out[claim.id] = "nothing was measured"
        elif best.origin != "recomputed" and not include_recorded:
            left_out[claim.id] = f"the value was {best.origin}, not computed from predictions"
        elif dataset is None and claim.task in cards:
            left_out[claim.id] = (
                f"its set card names the Hub data set {cards[claim.task]}, but not the task's id there (in its eval.yaml): "
                f"add `{claim.task}: {{task_id: ...}}` to --datasets"
            )
        elif dataset is None:
            left_out[claim.id] = "not mapped to a Hub data set"
        else:
            entry: dict[str, Any] = {"dataset": dict(dataset), "value": float(best.value), "date": day}
            if source_url is not None:
                entry["source"] = {"url": source_url, "name": f"{audit.project.name} report"}
            entry["notes"] = _notes(claim, best, verdict.verdict)
            entries.append(entry)
    return Results(entries, left_out)


def _notes(claim: Claim, measurement: Measurement, verdict: str) -> str:
    scored, expected = (measurement.rows.scored, measurement.rows.expected) if measurement.rows else (None, None)
    counted = measurement.convention or measurement.rule or "not recorded"
    parts = [
        f"{claim.metric} ({claim.unit})",
        f"counted as {counted}",
        f"{_known(scored)} of {_known(expected)} rows",
        f"reported {claim.value}",
        f"verdict: {verdict}",
    ]
    if measurement.origin != "recomputed":
        parts.insert(
            0, f"NOT MEASURED HERE: {measurement.origin} by a reproduction team, not computed from predictions"
        )
    return "; ".join(parts)


def _known(count: int | None) -> str:
    return "?" if count is None else str(count)


def dumps(found: Results) -> bytes:
    """The file's bytes."""
    text: str = yaml.safe_dump(found.entries, sort_keys=False, allow_unicode=True, width=100)
    return text.encode()
