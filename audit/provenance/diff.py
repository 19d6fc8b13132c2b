"""Comparison of two audits: which claims changed, and which differences could be the cause.

Impossible causes are left out: if the predictions are equal, then model, data and hardware cannot be the cause. A possible
cause differs and affects the claim's task; only a run in which nothing else changed can show that it is the
cause.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from audit.errors import CheckFailedError, InputError
from audit.provenance.errors import RejectedError
from audit.provenance.format import archive, layout
from audit.provenance.format.canonical_encoding import b64decode
from audit.provenance.records import audit_facts
from audit.provenance.verification import verify
from audit.provenance.verification.trust import Trust
from audit.schema import AuditDocument

SCHEMA = "repro-audit/diff/1"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two audits.

    Args:
        name: Its name in messages.
        audit: audit.json.
        environment: environment.json; None if only audit.json is available.
        run: run.json, or None.
        dependencies: The resolved dependencies of its provenance statement, or None.
    """

    name: str
    audit: AuditDocument
    environment: Mapping[str, Any] | None = None
    run: Mapping[str, Any] | None = None
    dependencies: list[Mapping[str, Any]] | None = None


def load(path: Path) -> Side:
    """Load an audit from a package (which is verified), an audit.json, or its folder.

    Raises:
        InputError: There is no audit.
        CheckFailedError: The package does not verify.
    """
    alone = path / layout.AUDIT if path.is_dir() and not (path / layout.CHECKSUMS).exists() else path
    try:
        if alone.suffix == ".json" and alone.is_file():
            return Side(str(path), audit_facts.read_audit(alone.read_bytes(), str(alone), canonical=False))
        files = archive.read(path)
        report = verify.verify_files(files, Trust())
        if not report.accepted:
            raise CheckFailedError(
                report.failures[0].detail,
                where=f"{path}: {report.failures[0].file}",
                fix="`repro-audit verify` says more",
            )
    except RejectedError as error:
        raise InputError(error.why, where=f"{path}: {error.file}") from None
    payload = b64decode(json.loads(files[layout.PROVENANCE])["dsseEnvelope"]["payload"], layout.PROVENANCE)
    return Side(
        str(path),
        audit_facts.read_audit(files[layout.AUDIT]),
        json.loads(files[layout.ENVIRONMENT]),
        json.loads(files[layout.RUN]),
        json.loads(payload)["predicate"]["buildDefinition"]["resolvedDependencies"],
    )


def compare(left: Side, right: Side) -> dict[str, Any]:
    """The changes and differences as JSON."""
    verdicts = audit_facts.verdicts(left.audit), audit_facts.verdicts(right.audit)
    claims = [_claim(name, left, right, verdicts) for name in sorted(set(verdicts[0]) | set(verdicts[1]))]
    return {
        "schema": SCHEMA,
        "a": left.name,
        "b": right.name,
        "moved": [claim for claim in claims if claim["verdict"] or claim["values"]],
        "unmoved": [claim["claim"] for claim in claims if not (claim["verdict"] or claim["values"])],
        "differences": {
            "library": _libraries(left, right),
            "code": _differs("code", left.environment, right.environment),
            "hardware": _differs("machine", left.run, right.run) + _differs("torch", left.run, right.run),
        },
        "complete": left.dependencies is not None and right.dependencies is not None,
    }


def as_text(found: Mapping[str, Any]) -> str:
    """The result as text."""
    lines = [f"A {found['a']}", f"B {found['b']}", ""]
    for claim in found["moved"]:
        verdict = claim["verdict"]
        lines.append(
            f"{claim['claim']}: "
            + (f"{verdict[0] or 'absent'} -> {verdict[1] or 'absent'}" if verdict else "same verdict, different values")
        )
        shown = claim["values"][:6]
        lines += [f"    {one['measurement']}: {one['a'] or '-'} -> {one['b'] or '-'}" for one in shown]
        if len(claim["values"]) > len(shown):
            lines.append(f"    and {len(claim['values']) - len(shown)} more")
        lines += [f"  {one['cause']}: {one['detail']}" for one in claim["why"]] or ["  why: no recorded difference"]
    lines.append(f"{len(found['moved'])} of {len(found['moved']) + len(found['unmoved'])} claims moved")
    if not found["complete"]:
        lines.append("One side has only audit.json: model, data and hardware could not be compared; give packages.")
    return "\n".join(lines) + "\n"


def _claim(name: str, left: Side, right: Side, verdicts: tuple[Mapping[str, str], Mapping[str, str]]) -> dict[str, Any]:
    before, after = (side.get(name) for side in verdicts)
    values = _values(name, left, right)
    moved = before != after or bool(values)
    return {
        "claim": name,
        "verdict": [before, after] if before != after else None,
        "values": values,
        "why": _why(name, left, right) if moved else [],
    }


def _values(name: str, left: Side, right: Side) -> list[dict[str, Any]]:
    both = [{m.id: m.value for m in side.audit.measurements if m.claim == name} for side in (left, right)]
    found = []
    for key in sorted(set(both[0]) | set(both[1])):
        a, b = (side.get(key) for side in both)
        if a != b:
            found.append({"measurement": key, "a": a, "b": b})
    return found


def _why(name: str, left: Side, right: Side) -> list[dict[str, str]]:
    before, after = (next((c for c in side.audit.claims if c.id == name), None) for side in (left, right))
    if before is None or after is None:
        return [{"cause": "claim", "detail": f"only in {'B' if before is None else 'A'}"}]
    task, metric = before.task, before.metric
    found = [
        {"cause": "claim", "detail": f"its {key} differs"}
        for key in sorted(item.name for item in fields(before))
        if getattr(before, key) != getattr(after, key)
    ]
    found += _conventions(task, metric, left, right)
    same_predictions = (
        _of(left, "predictions", task) == _of(right, "predictions", task) and left.dependencies is not None
    )
    if not same_predictions:
        found += _inference(task, left, right)
    found += [{"cause": "library", "detail": one} for one in _scoring_libraries(left, right)]
    found += [{"cause": "code", "detail": one} for one in _differs("code", left.environment, right.environment)]
    return found or _literature(left, right)


def _conventions(task: str, metric: str, left: Side, right: Side) -> list[dict[str, str]]:
    both = [{c.id: c for c in side.audit.conventions if (c.task, c.metric) == (task, metric)} for side in (left, right)]
    found = []
    for name in sorted(set(both[0]) | set(both[1])):
        a, b = both[0].get(name), both[1].get(name)
        if a is None or b is None:
            found.append({"cause": "convention", "detail": f"{name} is only in {'B' if a is None else 'A'}"})
        elif a.hash != b.hash:
            found.append(
                {
                    "cause": "convention",
                    "detail": f"{name} has different code or data (hash {a.hash[:12]} -> {b.hash[:12]})",
                }
            )
        elif a.grade != b.grade:
            found.append(
                {
                    "cause": "literature",
                    "detail": f"the evidence for {name} has grade {a.grade} -> {b.grade}",
                }
            )
    return found


def _inference(task: str, left: Side, right: Side) -> list[dict[str, str]]:
    if left.dependencies is None or right.dependencies is None:
        return []
    found = []
    words = {"weights": "model", "dataset": "data", "judge": "judge", "settings": "settings"}
    for role, cause in words.items():
        a, b = _of(left, role, task), _of(right, role, task)
        if a != b:
            gone, new = (
                ", ".join(f"{name} {digest[:12]}" for name, digest in sorted(one.items() - other.items()))
                for one, other in ((a, b), (b, a))
            )
            found.append({"cause": cause, "detail": f"{gone or 'none'} -> {new or 'none'}"})
    for key, cause in (("model", "model"), ("variant", "model"), ("device", "hardware")):
        values = [_annotation(side, task, key) for side in (left, right)]
        if values[0] != values[1]:
            found.append({"cause": cause, "detail": f"{key} {values[0]} -> {values[1]}"})
    if not found:
        detail = "different outputs from the same model, data and settings: not repeatable, or a different device"
        found.append({"cause": "predictions", "detail": detail})
        found += [{"cause": "hardware", "detail": one} for one in _differs("machine", left.run, right.run)]
    return found


def _of(side: Side, role: str, task: str) -> dict[str, str]:
    entries = [
        one
        for one in side.dependencies or []
        if one["annotations"]["role"] == role and one["annotations"].get("task") == task
    ]
    return {
        str(one["name"]): str(one["digest"]["sha256"]) for one in entries if not str(one["name"]).endswith(".meta.json")
    }


def _annotation(side: Side, task: str, key: str) -> str | None:
    entries = [
        one["annotations"]
        for one in side.dependencies or []
        if one["annotations"]["role"] == "settings" and one["annotations"].get("task") == task
    ]
    return str(entries[0][key]) if entries and key in entries[0] else None


def _packages(side: Side) -> dict[str, str]:
    return {str(one["name"]): str(one["version"]) for one in (side.environment or {}).get("packages", [])}


def _changes(a: Mapping[str, str], b: Mapping[str, str]) -> list[str]:
    return [
        f"{name} {a.get(name, 'absent')} -> {b.get(name, 'absent')}"
        for name in sorted(set(a) | set(b))
        if a.get(name) != b.get(name)
    ]


def _libraries(left: Side, right: Side) -> list[str]:
    return (
        _changes(_packages(left), _packages(right))
        if left.environment and right.environment
        else _scoring_libraries(left, right)
    )


def _scoring_libraries(left: Side, right: Side) -> list[str]:
    """The libraries listed in audit.json (those that affect values) that differ."""
    before, after = left.audit.software, right.audit.software
    found = _changes(before.packages, after.packages)
    if before.unicode != after.unicode:
        found.append(f"unicode {before.unicode} -> {after.unicode}")
    return found


def _differs(key: str, left: Mapping[str, Any] | None, right: Mapping[str, Any] | None) -> list[str]:
    if left is None or right is None:
        return []
    a, b = left.get(key) or {}, right.get(key) or {}
    return [f"{name} {a.get(name)} -> {b.get(name)}" for name in sorted(set(a) | set(b)) if a.get(name) != b.get(name)]


def _literature(left: Side, right: Side) -> list[dict[str, str]]:
    both = [
        {one.path: one.sha256 for one in side.audit.inputs if one.path.startswith("literature/")}
        for side in (left, right)
    ]
    changed = sorted(path for path in set(both[0]) | set(both[1]) if both[0].get(path) != both[1].get(path))
    return [{"cause": "literature", "detail": path} for path in changed]
