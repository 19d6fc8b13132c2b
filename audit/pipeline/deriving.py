"""What follows from an audit's own counts and literature, derived again without outputs, to verify a package."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from audit._util.files import write_atomic
from audit.analysis.folds import lacking
from audit.document.build import convention_facts
from audit.document.write import plain
from audit.errors import AuditError
from audit.facts import Claim
from audit.literature.grades import SALMONN
from audit.literature.survey import survey
from audit.pipeline.blind_names import own_names
from audit.pipeline.evidence import Evidence, evidence
from audit.pipeline.measure import recorded_measurements
from audit.pipeline.run import audited_claims
from audit.pipeline.scored_sets import official_size
from audit.schema import AuditDocument, Decision, Measurement
from audit.verdict.decisions import decisions, supersede
from audit.verdict.means import with_means, with_runs
from audit.verdict.measurements import Measured, Names
from audit.verdict.rebuilt import rebuilt
from audit.verdict.rules import RULES


@dataclass(frozen=True, slots=True)
class Derivation:
    """What deriving an audit again has shown.

    Attributes:
        verdicts: The number of verdicts that were derived and are equal.
        departures: Statements of the document that do not follow from it; each names the place.
        notes: What could not be derived, or would be decided differently by today's rules; none of it is an error.
    """

    verdicts: int
    departures: tuple[str, ...]
    notes: tuple[str, ...] = ()


def derive(audit: AuditDocument, carried: Mapping[str, bytes]) -> Derivation:
    """Derive an audit again from its summed counts and the literature that a package carries.

    Args:
        audit: The document.
        carried: The package's files of the literature, by their names below `literature/`.
    """
    try:
        names = own_names(audit, carried)
    except AuditError as error:
        return Derivation(0, (f"literature: {error.what}",))
    if names.pairs:
        audit, carried = names.audit(audit), names.literature(carried)
    if f"studies/{audit.study.id}.yaml" not in carried:
        return Derivation(0, (), ("the package does not carry the study, so verdicts were not derived again",))
    with tempfile.TemporaryDirectory(prefix="repro-audit-") as name:
        folder = Path(name)
        for path, data in carried.items():
            write_atomic(folder / path, data)
        try:
            known = evidence(str(folder / "studies" / f"{audit.study.id}.yaml"), folder)
            foreign = _foreign(audit, known)
            if foreign:
                return Derivation(0, (foreign,))
            again = _Again(audit, known)
        except AuditError as error:
            return Derivation(0, (f"literature: {error.what}",))
        found = tuple(again.departures())
        if tuple((r.rule, r.verdict, r.when) for r in audit.rules) != _RULES:
            changed = [
                f"{new.claim}: {old.verdict} would be {new.verdict}"
                for old, new in zip(audit.verdicts, again.decided, strict=False)
                if old.verdict != new.verdict
            ]
            what = "; ".join(changed) if changed else "no verdict would change"
            return Derivation(0, (), (f"the audit follows an earlier edition of the rules; by today's, {what}",))
        if again.earlier:
            note = "audit.json of an earlier version lacks the decisive steps of its values: verdicts need --rescore"
            return Derivation(0, (), (note,))
        without = ", ".join(sorted(again.left_out))
        notes = (f"means over runs need --rescore: {without}",) if without else ()
        return Derivation(len(audit.verdicts) - len(again.left_out), found, notes)


_RULES = tuple((number, rule.verdict, rule.words) for number, rule in enumerate(RULES, start=1))


def _foreign(audit: AuditDocument, known: Evidence) -> str:
    """Which computed measurement cannot be one of this study's, and why; empty if all can."""
    tasks = known.study.tasks
    for item in audit.measurements:
        if not item.recorded and (item.task not in tasks or item.metric not in tasks[item.task].conventions):
            return f"measurements: {item.id} is of a task or a metric that the study does not have"
        missing = () if item.fold is None or item.counts is None else lacking(item.fold, item.counts)
        if missing:
            return f"measurements: {item.id}: the counts lack {missing[0]!r}, from which its value follows"
    return ""


class _Again:
    """The derivable parts of a document, derived."""

    def __init__(self, audit: AuditDocument, known: Evidence) -> None:
        self._audit, self._known = audit, known
        study, names = known.study, Names()
        claims = {claim.id: claim for claim in study.claims}
        stated = [m for m in audit.measurements if not m.recorded and not m.parts]
        single = recorded_measurements(known.reproductions.of_study, study, known.cards, known.gradings, names)
        for record in stated:
            names.take(record.id)
            single.append(self._rebuilt(record, claims.get(record.claim or "")))
        self._measured = with_means(supersede(with_runs(single, study, names)), study, names)
        self._claims = audited_claims(study, self._measured)
        self.decided = decisions(replace(study, claims=self._claims[0]), self._measured)
        self.left_out = self._over_runs(stated)
        self.earlier = self._earlier()

    def _rebuilt(self, record: Measurement, claim: Claim | None) -> Measured:
        known = self._known
        official = None if record.subset else official_size(known.study, record.task, known.cards)
        grading = known.gradings.get((record.task, record.metric, record.convention or ""))
        return rebuilt(record, claim, known.study, grading, official)

    def _over_runs(self, stated: Sequence[Measurement]) -> set[str]:
        """Claims whose mean over runs rests on which outputs are copies, and the means that rest on such claims."""
        valued = {record.claim for record in stated}
        found = {claim.id for claim in self._known.study.claims if claim.runs is not None and claim.id in valued}
        for claim in self._known.study.claims:
            if found.intersection(claim.mean_of):
                found.add(claim.id)
        return found

    def _earlier(self) -> bool:
        by_id = {m.id: m for m in self._audit.measurements}
        deciding = ((d, by_id.get(d.measurement or "")) for d in self._audit.verdicts if d.decisive is not None)
        return any(m is not None and not m.recorded and m.decisive is None for _, m in deciding)

    def departures(self) -> Iterator[str]:
        """Statements that do not follow, the first of each part."""
        audit, known = self._audit, self._known
        yield from _differing("study", audit.study, known.study.facts)
        yield from _by_id("claims", audit.claims, self._claims[0])
        yield from _by_id("others", audit.others, self._claims[1])
        yield from self._of_measurements()
        yield from self._of_verdicts()
        yield from self._of_conventions()
        if known.works and known.study.id == SALMONN:
            made = survey(known.works, self._claims[0], gradings=known.gradings)
            yield from _differing("literature", audit.literature, made)

    def _of_measurements(self) -> Iterator[str]:
        files = {(entry.path, entry.sha256) for entry in self._audit.inputs}
        for record in self._audit.measurements:
            rests_on = record.prediction
            if (
                not record.recorded
                and not record.parts
                and (rests_on is None or (rests_on.path, rests_on.sha256) not in files)
            ):
                yield f"measurements: {record.id} rests on no predictions file that the audit lists"
        made = {m.record.id: m.record for m in self._measured if m.record.claim not in self.left_out}
        for record in self._audit.measurements:
            if record.claim in self.left_out:
                continue
            other = made.pop(record.id, None)
            if other is None:
                yield f"measurements: {record.id} is neither recorded in the literature nor computed"
            else:
                yield from _differing(f"measurements: {record.id}", record, other)
        for name in made:
            yield f"measurements: {name} is missing"

    def _of_verdicts(self) -> Iterator[str]:
        made: dict[str, Decision] = {d.claim: d for d in self.decided if d.claim not in self.left_out}
        for decision in self._audit.verdicts:
            if decision.claim in self.left_out:
                continue
            other = made.pop(decision.claim, None)
            if other is None:
                yield f"verdicts: {decision.claim} is not an audited claim, or is decided twice"
            elif decision.verdict != other.verdict:
                yield f"verdicts: {decision.claim} is {other.verdict}, not {decision.verdict}"
            else:
                yield from _differing(f"verdicts: {decision.claim}", decision, other)
        for name in made:
            yield f"verdicts: {name} is missing"

    def _of_conventions(self) -> Iterator[str]:
        """Their grades and works; what they do is this program's, and may differ from that of an earlier one."""
        made = {
            (item.task, item.metric, item.id): item
            for item in convention_facts(self._known.study, self._known.gradings)
        }
        for item in self._audit.conventions:
            other = made.get((item.task, item.metric, item.id))
            if other is not None and (item.grade, item.works) != (other.grade, other.works):
                yield f"conventions: {item.id} of {item.metric}, {item.task}: the evidence in the literature differs"


def _by_id(part: str, stated: Sequence[Claim], made: Sequence[Claim]) -> Iterator[str]:
    if [claim.id for claim in stated] != [claim.id for claim in made]:
        yield f"{part}: not those of the study"
        return
    for one, other in zip(stated, made, strict=True):
        yield from _differing(f"{part}: {one.id}", one, other)


def _differing(place: str, stated: Any, made: Any) -> Iterator[str]:
    """The first field that differs, with both values."""
    for item in fields(stated):
        one, other = plain(getattr(stated, item.name)), plain(getattr(made, item.name))
        if one != other:
            yield f"{place}: {item.name} is {_short(other)}, not {_short(one)}"
            return


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:120]}\u2026"
