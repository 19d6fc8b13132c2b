"""The works whose outputs are public, audited: what each prints, what its own rule gives, and the range of all other rules."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from audit._util.csv_cells import csv_text
from audit.facts import WHOLE, Unit
from audit.literature.known_tasks import find_study
from audit.literature.outputs.records import OutputRecord, PrintedScore
from audit.literature.outputs.store import Store
from audit.literature.studies import Study, load_study
from audit.pipeline.public_outputs import for_study, predictions_of, records_of
from audit.pipeline.request import AuditRequest
from audit.pipeline.run import run
from audit.schema import AuditDocument
from audit.scoring.predictions import file_stem

SCHEMA = "repro-audit/survey/1"
# Decimals of a value on the common scale, where the work prints more.
_PLACES = 3


@dataclass(frozen=True, slots=True)
class SurveyRow:
    """One printed score of one public file.

    Attributes:
        record: The record of the file.
        claim: The claim that the score is; None if no study makes it.
        printed: As the work prints it; None if only the rows have scores.
        convention: The work's own convention; None if none is registered.
        own: What the work's own convention gives; None if it gives nothing here.
        low: The lowest value under any convention that can be compared. high: The highest.
        conventions: The number of conventions between them.
        verdict: On the claim; None without one.
        here: Whether the file is in the store.
        why: Why there is no value.
    """

    work: str | None
    record: str
    system: str
    metric: str
    unit: Unit | None
    printed: str | None
    study: str | None = None
    claim: str | None = None
    convention: str | None = None
    own: str | None = None
    low: str | None = None
    high: str | None = None
    conventions: int = 0
    scored: int | None = None
    verdict: str | None = None
    here: bool = False
    why: str | None = None


@dataclass(frozen=True, slots=True)
class WorksSurvey:
    """All printed scores of all public files, by work."""

    rows: tuple[SurveyRow, ...]

    def lines(self, *, everything: bool = False) -> list[str]:
        """A table for a terminal: the values on a common scale of 100.

        Args:
            everything: Also the printed scores that could not be counted again, each with its reason.
        """
        counted = [row for row in self.rows if row.own is not None or row.conventions]
        found = ["In percent of the scale: fractions times 100, grades in percent of full marks."]
        head = f"{'public file':<44} {'printed':>9} {'own rule':>9} {'all rules':>17}  verdict"
        for work in dict.fromkeys(row.work for row in counted):
            found += ["", str(work), head]
            found += [_line(row) for row in counted if row.work == work]
        rest = [row for row in self.rows if row not in counted]
        absent = [row for row in rest if not row.here and row.claim]
        if absent:
            files = len({row.record for row in absent})
            found += ["", f"{files} public files are not here: repro-audit outputs fetch"]
        others = [row for row in rest if row not in absent]
        if others and not everything:
            found += ["", f"{len(others)} printed scores cannot be counted again (--all shows why)."]
        if others and everything:
            found += ["", "Not counted again:"]
            found += [f"  {row.record}, {row.metric} {row.printed or 'by row'}: {row.why}" for row in others]
        return found

    def as_json(self) -> dict[str, Any]:
        """Everything as plain JSON without floats."""
        return {"schema": SCHEMA, "rows": [asdict(row) for row in self.rows]}

    def csv(self) -> str:
        """Everything as CSV, a line a printed score."""
        columns = list(asdict(self.rows[0])) if self.rows else ["record"]
        lines = [["yes" if v is True else "no" if v is False else v for v in asdict(row).values()] for row in self.rows]
        return csv_text(columns, lines, numbers={"printed", "own", "low", "high"})


def survey(literature: Path, store: Store, cache: Path | None = None, *, only: str | None = None) -> WorksSurvey:
    """Audit every study whose outputs the store has, and put what they print beside what is counted.

    Args:
        literature: The folder with studies, works and records of outputs.
        store: Where the outputs are.
        cache: Folder of counts.
        only: The id of one study.

    Raises:
        CheckFailedError: A file of the store is damaged (exit code 1).
        InputError: A record or study is invalid.
    """
    records = records_of(literature)
    names = list(dict.fromkeys(one.audit.study for one in records if one.audit is not None))
    audited: dict[str, tuple[Study, AuditDocument | None]] = {}
    for name in names:
        if only in {None, name}:
            study = load_study(find_study(name, literature))
            audited[name] = study, _audit(study, records, literature, store, cache)
    rows: list[SurveyRow] = []
    for one in sorted(records, key=lambda one: (one.work or "~", one.id)):
        mine = one.audit.study if one.audit is not None else None
        if only in {None, mine}:
            rows += _rows(one, store, *audited.get(mine or "", (None, None)))
    return WorksSurvey(tuple(rows))


def _audit(
    study: Study, records: Sequence[OutputRecord], literature: Path, store: Store, cache: Path | None
) -> AuditDocument | None:
    there = for_study(records, study, store)
    if not there:
        return None
    with tempfile.TemporaryDirectory(prefix="repro-audit-") as name:
        folder = predictions_of(there, study, store, Path(name) / "predictions")
        request = AuditRequest(
            study=str(study.path), predictions=folder, literature=literature, replicates=0, cache=cache
        )
        return run(request).document


def _rows(one: OutputRecord, store: Store, study: Study | None, document: AuditDocument | None) -> Iterator[SurveyRow]:
    here = store.has(one)
    seen: set[tuple[str, str | None]] = set()
    for item in one.printed:
        # A work may print one value in several places.
        if (item.metric, item.value) in seen:
            continue
        seen.add((item.metric, item.value))
        plain = SurveyRow(
            one.work, one.id, one.system, item.metric, item.unit, item.value, convention=item.convention, here=here
        )
        yield _counted(plain, one, item, study, document)


def _counted(
    plain: SurveyRow, one: OutputRecord, item: PrintedScore, study: Study | None, document: AuditDocument | None
) -> SurveyRow:
    if one.audit is None or study is None:
        return replace(plain, why=one.not_counted or "No study makes a claim on these outputs.")
    claim = next((c for c in study.on(one.audit.task, one.audit.run) if c.metric == item.metric), None)
    if claim is None:
        return replace(
            plain, study=study.id, why=one.not_counted or f"No family counts {item.named} for these outputs."
        )
    found = replace(plain, study=study.id, claim=claim.id, unit=claim.unit)
    if document is None or not plain.here:
        return replace(found, why="The file is not here.")
    name = f"predictions/{file_stem(one.audit.task, one.audit.run)}.jsonl"
    mine = [
        m
        for m in document.measurements
        if m.claim == claim.id and m.value is not None and m.prediction is not None and m.prediction.path == name
    ]
    own = next((m for m in mine if m.convention == item.convention), None)
    comparable = [m for m in mine if not any(reason.code == "normalised-twice" for reason in m.invalid)]
    values = sorted(Decimal(m.value) for m in comparable if m.value is not None)
    verdict = next((v for v in document.verdicts if v.claim == claim.id), None)
    return replace(
        found,
        own=None if own is None else own.value,
        scored=None if own is None or own.rows is None else own.rows.scored,
        low=format(values[0], "f") if values else None,
        high=format(values[-1], "f") if values else None,
        conventions=len(values),
        verdict=None if verdict is None else str(verdict.verdict),
        why=one.not_counted if own is None else None,
    )


def _line(row: SurveyRow) -> str:
    own = _scaled(row.own, row.unit) if row.own is not None else "-"
    span = f"{_scaled(row.low, row.unit)} to {_scaled(row.high, row.unit)}" if row.conventions else "-"
    printed = _scaled(row.printed, row.unit)
    return (
        f"{_short(f'{row.record} {row.metric}', row.work):<44} {printed:>9} {own:>9} {span:>17}  {row.verdict or '-'}"
    )


def _short(name: str, work: str | None) -> str:
    """The name without the work's, which stands above, and at most as wide as its column."""
    plain = name.removeprefix(f"{work}-")
    return plain if len(plain) <= 44 else f"{plain[:43]}…"


def _scaled(value: str | None, unit: Unit | None) -> str:
    if value is None:
        return "by row"
    whole = WHOLE[unit] if unit is not None else 100
    scaled = Decimal(value) * 100 / (whole or 100)
    places = min(_PLACES, max(0, -int(scaled.as_tuple().exponent)))
    return f"{scaled:.{places}f}"
