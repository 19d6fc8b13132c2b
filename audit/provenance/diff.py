"""Comparison of two audits: which claims changed, and which differences could be the cause.

Impossible causes are left out: if the predictions are equal, then model, data and hardware cannot be the cause. A possible
cause differs and affects the claim's task; only a run that changes nothing else can show that it is the cause.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TypeVar

from audit._util import typed_json
from audit._util.strict_json import InvalidJsonError
from audit.errors import CheckFailedError, InputError
from audit.provenance.errors import RejectedError
from audit.provenance.format import archive, layout
from audit.provenance.format.canonical_encoding import b64decode
from audit.provenance.records import audit_facts
from audit.provenance.records.environment import Code, Environment
from audit.provenance.records.inputs import FOLDER
from audit.provenance.records.run_record import Machine, RunRecord, Torch
from audit.provenance.records.statement import Dependency, read_dependencies
from audit.provenance.verification import verify
from audit.provenance.verification.trust import Trust
from audit.schema import AuditDocument

SCHEMA = "repro-audit/diff/1"
Record = TypeVar("Record")


# Verdicts from good to bad; a claim that moves to a later group got worse. What is not known is between what holds and what
# does not.
_GROUPS: tuple[set[str | None], ...] = (
    {"reproduced"},
    {"justified"},
    {"undocumented", "exceeds"},
    {"selective"},
    {"undecided", "not-comparable", "not-run", None},
    {"not-reproduced", "infeasible"},
)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two audits.

    Args:
        name: The name in messages.
        audit: audit.json.
        environment: environment.json; None if only audit.json is available.
        run: run.json, or None.
        dependencies: The resolved dependencies of the provenance statement, or None.
    """

    name: str
    audit: AuditDocument
    environment: Environment | None = None
    run: RunRecord | None = None
    dependencies: tuple[Dependency, ...] | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """A difference that could have moved a claim.

    Attributes:
        cause: claim, convention, literature, library, code, model, data, judge, settings, predictions or hardware.
    """

    cause: str
    detail: str


@dataclass(frozen=True, slots=True)
class ChangedValue:
    """A measurement's values in the two audits; None if absent."""

    measurement: str
    a: str | None
    b: str | None


@dataclass(frozen=True, slots=True)
class ComparedClaim:
    """A claim in two audits.

    Attributes:
        verdict: The verdicts in A and B, if they differ; None for an absent claim.
    """

    claim: str
    verdict: tuple[str | None, str | None] | None
    values: tuple[ChangedValue, ...]
    why: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Differences:
    """Differences between the two audits as a whole, one per line."""

    library: tuple[str, ...]
    code: tuple[str, ...]
    hardware: tuple[str, ...]
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """The comparison of two audits; the fields are those of the JSON.

    Attributes:
        moved: The claims with a different verdict or value.
        unmoved: The ids of the other claims.
        complete: Whether both sides record model, data and hardware.
    """

    schema: str
    a: str
    b: str
    moved: tuple[ComparedClaim, ...]
    unmoved: tuple[str, ...]
    differences: Differences
    complete: bool

    @property
    def worse(self) -> tuple[str, ...]:
        """The claims whose verdict in B is worse than in A; a claim that only B has is not among them."""
        return tuple(
            one.claim
            for one in self.moved
            if one.verdict is not None
            and one.verdict[0] is not None
            and _group(one.verdict[0]) < _group(one.verdict[1])
        )

    def as_text(self) -> str:
        """The comparison as text for the terminal."""
        lines = [f"A {self.a}", f"B {self.b}", ""]
        for claim in self.moved:
            verdict = claim.verdict
            lines.append(
                f"{claim.claim}: "
                + (
                    f"{verdict[0] or 'absent'} -> {verdict[1] or 'absent'}"
                    if verdict
                    else "same verdict, different values"
                )
            )
            shown = claim.values[:6]
            lines += [f"    {one.measurement}: {one.a or '-'} -> {one.b or '-'}" for one in shown]
            if len(claim.values) > len(shown):
                lines.append(f"    and {len(claim.values) - len(shown)} more")
            lines += [f"  {one.cause}: {one.detail}" for one in claim.why] or ["  why: no recorded difference"]
        if self.differences.inputs:
            lines += ["", "Inputs that differ:", *(f"  {one}" for one in self.differences.inputs), ""]
        lines.append(f"{len(self.moved)} of {len(self.moved) + len(self.unmoved)} claims moved")
        if not self.complete:
            lines.append("One side is only an audit.json: model, data and hardware cannot be compared; give packages.")
        return "\n".join(lines) + "\n"


def _group(verdict: str | None) -> int:
    return next(index for index, group in enumerate(_GROUPS) if verdict in group)


def load(path: Path) -> Side:
    """Load an audit from a package (which is verified), an audit.json, or its folder.

    Raises:
        InputError: The path contains no audit.
        CheckFailedError: The package does not verify.
    """
    alone = path / layout.AUDIT if path.is_dir() and not (path / layout.CHECKSUMS).exists() else path
    try:
        if alone.suffix == ".json" and alone.is_file():
            return Side(str(path), audit_facts.read_audit(alone.read_bytes(), str(alone), canonical=False))
        files = archive.read(path)
        report = verify.verify_files(files, Trust())
        if not report.intact:
            raise CheckFailedError(
                report.failures[0].detail,
                where=f"{path}: {report.failures[0].file}",
                fix="run `repro-audit verify` for details",
            )
    except RejectedError as error:
        raise InputError(error.why, where=f"{path}: {error.file}") from None
    payload = b64decode(json.loads(files[layout.PROVENANCE])["dsseEnvelope"]["payload"], layout.PROVENANCE)
    return Side(
        str(path),
        audit_facts.read_audit(files[layout.AUDIT]),
        _record(Environment, path, layout.ENVIRONMENT, files),
        _record(RunRecord, path, layout.RUN, files),
        read_dependencies(json.loads(payload)["predicate"]),
    )


def _record(kind: type[Record], path: Path, name: str, files: Mapping[str, bytes]) -> Record:
    try:
        return typed_json.read(kind, files[name])
    except InvalidJsonError as error:
        raise InputError(
            f"not a record of this version: {error}",
            where=f"{path}: {name}",
            fix="Compare the two audit.json files, or use the version of repro-audit that made the package.",
        ) from None


def compare(left: Side, right: Side) -> Comparison:
    """Find the claims that moved and what differs."""
    verdicts = audit_facts.verdicts(left.audit), audit_facts.verdicts(right.audit)
    claims = [_claim(name, left, right, verdicts) for name in sorted(set(verdicts[0]) | set(verdicts[1]))]
    return Comparison(
        schema=SCHEMA,
        a=left.name,
        b=right.name,
        moved=tuple(claim for claim in claims if claim.verdict or claim.values),
        unmoved=tuple(claim.claim for claim in claims if not (claim.verdict or claim.values)),
        differences=Differences(
            library=tuple(_libraries(left, right)),
            code=tuple(_code(left, right)),
            hardware=tuple(_hardware(left, right)),
            inputs=tuple(f"{path} {words}" for path, words in _inputs(left, right).items()),
        ),
        complete=left.dependencies is not None and right.dependencies is not None,
    )


def _claim(name: str, left: Side, right: Side, verdicts: tuple[Mapping[str, str], Mapping[str, str]]) -> ComparedClaim:
    before, after = (side.get(name) for side in verdicts)
    values = _values(name, left, right)
    return ComparedClaim(
        name,
        verdict=(before, after) if before != after else None,
        values=values,
        why=tuple(_why(name, left, right)) if before != after or values else (),
    )


def _values(name: str, left: Side, right: Side) -> tuple[ChangedValue, ...]:
    both = [{m.id: m.value for m in side.audit.measurements if m.claim == name} for side in (left, right)]
    pairs = ((key, both[0].get(key), both[1].get(key)) for key in sorted(set(both[0]) | set(both[1])))
    return tuple(ChangedValue(key, a, b) for key, a, b in pairs if a != b)


def _why(name: str, left: Side, right: Side) -> list[Reason]:
    before, after = (next((c for c in side.audit.claims if c.id == name), None) for side in (left, right))
    if before is None or after is None:
        return [Reason("claim", f"only in {'B' if before is None else 'A'}")]
    task, metric = before.task, before.metric
    found = [
        Reason("claim", f"its {key} differs")
        for key in sorted(item.name for item in fields(before))
        if getattr(before, key) != getattr(after, key)
    ]
    found += _conventions(task, metric, left, right)
    if left.dependencies is None or right.dependencies is None:
        own = f"{FOLDER}{task}."
        found += [
            Reason("predictions", f"{path} {words}")
            for path, words in _inputs(left, right).items()
            if path.startswith(own)
        ]
    same_predictions = (
        _of(left, "predictions", task) == _of(right, "predictions", task) and left.dependencies is not None
    )
    if not same_predictions:
        found += _inference(task, left, right)
    found += [Reason("library", one) for one in _scoring_libraries(left, right)]
    found += [Reason("code", one) for one in _code(left, right)]
    return found or _literature(left, right)


def _conventions(task: str, metric: str, left: Side, right: Side) -> list[Reason]:
    both = [{c.id: c for c in side.audit.conventions if (c.task, c.metric) == (task, metric)} for side in (left, right)]
    found = []
    for name in sorted(set(both[0]) | set(both[1])):
        a, b = both[0].get(name), both[1].get(name)
        if a is None or b is None:
            found.append(Reason("convention", f"{name} is only in {'B' if a is None else 'A'}"))
        elif a.hash != b.hash:
            found.append(
                Reason("convention", f"{name} has different code or data (hash {a.hash[:12]} -> {b.hash[:12]})")
            )
        elif a.grade != b.grade:
            found.append(Reason("literature", f"the evidence for {name} has grade {a.grade} -> {b.grade}"))
    return found


def _inference(task: str, left: Side, right: Side) -> list[Reason]:
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
            found.append(Reason(cause, f"{gone or 'none'} -> {new or 'none'}"))
    for key, cause in (("model", "model"), ("variant", "model"), ("device", "hardware")):
        values = [_annotation(side, task, key) for side in (left, right)]
        if values[0] != values[1]:
            found.append(Reason(cause, f"{key} {values[0]} -> {values[1]}"))
    if not found:
        detail = "different outputs from the same model, data and settings: nondeterminism or a different device"
        found.append(Reason("predictions", detail))
        found += [Reason("hardware", one) for one in _machine(left, right)]
    return found


def _of(side: Side, role: str, task: str) -> dict[str, str]:
    found = [one for one in side.dependencies or () if (one.role, one.task) == (role, task)]
    return {one.name: one.digest["sha256"] for one in found if one.name and not one.name.endswith(".meta.json")}


def _annotation(side: Side, task: str, key: str) -> str | None:
    found = [one.annotations for one in side.dependencies or () if (one.role, one.task) == ("settings", task)]
    return str(found[0][key]) if found and key in found[0] else None


def _changes(a: Mapping[str, str], b: Mapping[str, str]) -> list[str]:
    return [
        f"{name} {a.get(name, 'absent')} -> {b.get(name, 'absent')}"
        for name in sorted(set(a) | set(b))
        if a.get(name) != b.get(name)
    ]


def _libraries(left: Side, right: Side) -> list[str]:
    if left.environment is None or right.environment is None:
        return _scoring_libraries(left, right)
    before, after = ({one.name: one.version for one in side.packages} for side in (left.environment, right.environment))
    return _changes(before, after)


def _scoring_libraries(left: Side, right: Side) -> list[str]:
    """The libraries listed in audit.json (those that affect values) that differ."""
    before, after = left.audit.software, right.audit.software
    found = _changes(before.packages, after.packages)
    if before.unicode != after.unicode:
        found.append(f"unicode {before.unicode} -> {after.unicode}")
    return found


def _code(left: Side, right: Side) -> list[str]:
    if left.environment is None or right.environment is None:
        return []
    return _differs(left.environment.code, right.environment.code)


def _machine(left: Side, right: Side) -> list[str]:
    return [] if left.run is None or right.run is None else _differs(left.run.machine, right.run.machine)


def _hardware(left: Side, right: Side) -> list[str]:
    if left.run is None or right.run is None:
        return []
    return _machine(left, right) + _differs(left.run.torch, right.run.torch)


def _differs(left: Code | Machine | Torch | None, right: Code | Machine | Torch | None) -> list[str]:
    """The fields that differ, one per line; None counts as a record without fields."""
    a, b = ({} if side is None else asdict(side) for side in (left, right))
    return [f"{name} {a.get(name)} -> {b.get(name)}" for name in sorted(set(a) | set(b)) if a.get(name) != b.get(name)]


def _literature(left: Side, right: Side) -> list[Reason]:
    changed = _inputs(left, right).items()
    return [Reason("literature", f"{path} {words}") for path, words in changed if path.startswith("literature/")]


def _inputs(left: Side, right: Side) -> dict[str, str]:
    """The input files that differ, by path, with how they do."""
    a, b = ({one.path: one.sha256 for one in side.audit.inputs} for side in (left, right))
    changed = (path for path in sorted(set(a) | set(b)) if a.get(path) != b.get(path))
    return {
        path: "is only in B" if path not in a else "is only in A" if path not in b else "changed" for path in changed
    }
