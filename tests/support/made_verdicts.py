"""Audits of one claim made up from a seed, without files: rows, card, evidence, claim; the program decides."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from audit.facts import Claim, Direction, Grade, Margin, StudyFacts, Unit
from audit.literature.grades import Grading, Key, Support
from audit.literature.known_tasks import known_tasks as tasks
from audit.literature.make_set import layout_facts
from audit.literature.set_texts import Case
from audit.literature.sets import Called, Ids, Layout, Repeats, SetCard, Terms, Texts
from audit.literature.studies import Study
from audit.literature.works import Evidence
from audit.pipeline.measure import recomputed_measurements
from audit.pipeline.scored_sets import Scored, set_size
from audit.schema import Decision
from audit.scoring.predictions import PredictionMeta, PredictionSet
from audit.scoring.score import score
from audit.verdict.decisions import decisions, supersede
from audit.verdict.identity import identity
from audit.verdict.measurements import Measured, Names
from tasks.analysis.specifications import specification
from tasks.row import Row

SOURCE = ("made",)
METRICS = {"er-iemocap": "accuracy", "ke-inspec": "accuracy", "pr-librispeech": "per", "sv-voxceleb1": "accuracy"}
_LABELS = ("Happy", "Sad", "Angry", "Neutral")
_PHRASES = (
    "speech recognition",
    "neural network",
    "graph",
    "large margin",
    "test set",
    "kernel",
    "parser",
    "tree bank",
)
_PHONES = ("AH0", "K", "AE1", "T", "sil", "S", "IY2", "D", "OW1", "N")


@dataclass(frozen=True)
class MadeAudit:
    """One made-up audit."""

    task: str
    rows: tuple[Row, ...]
    card: SetCard | None
    claim: Claim
    margin: str
    gradings: Mapping[Key, Grading]

    @property
    def metric(self) -> str:
        """The claim's metric."""
        return self.claim.metric

    def decide(self, rows: Sequence[Row] | None = None) -> tuple[Decision, list[Measured]]:
        """What the program says of the rows (by default the honest ones)."""
        predictions = prediction_set(self.task, self.rows if rows is None else rows, self.claim.variant)
        ordered = predictions.rows
        facts = StudyFacts("made", margins={self.metric: Margin(self.margin)})
        study = Study(facts, (self.claim,), Path("made.yaml"), {self.task: tasks()[self.task]})
        cards = {} if self.card is None else {self.card.id: self.card}
        known = identity(predictions, self.card)
        size = max(known.expected or set_size(study, self.task, {}) or 0, len(ordered))
        scores = score(predictions, tasks()[self.task], expected=size, metrics=[self.metric], replicates=0)
        scored = {self.task: Scored(predictions, known, tuple(scores))}
        measured = supersede(recomputed_measurements(scored, study, cards, self.gradings, Names()))
        (decision,) = decisions(study, measured)
        return decision, measured


def prediction_set(task: str, rows: Sequence[Row], variant: str = "13b") -> PredictionSet:
    """Rows as the reader of prediction files gives them: sorted by id."""
    ordered = tuple(sorted(rows, key=lambda row: row.id))
    meta = PredictionMeta(task, "made up", variant)
    return PredictionSet(task, ordered, meta, Path(f"{task}.jsonl"), "0" * 64, "0" * 64)


def make(seed: int) -> MadeAudit:
    """The audit of a seed."""
    rng = random.Random(seed)
    # Keyphrases take most of the time.
    (task,) = rng.choices(tuple(METRICS), (4, 1, 4, 2))
    rows = tuple(_row(rng, task, n) for n in range(rng.randint(8, 20)))
    metric = METRICS[task]
    unit: Unit = "percent" if metric == "per" else rng.choice(("percent", "fraction"))
    margin = rng.choice(("0", "0.2", "1")) if unit == "percent" else rng.choice(("0", "0.002", "0.01"))
    direction: Direction = "lower" if metric == "per" else "higher"
    claim = Claim(f"{task}.{metric}", task, metric, "0", unit=unit, direction=direction, variant="13b",
                  family=tasks()[task].family)  # fmt: skip
    if rng.random() < 0.4 and task in {"er-iemocap", "sv-voxceleb1"}:
        claim = replace(claim, expected_rows=len(rows))
    case = MadeAudit(task, rows, card_of(task, rows, rng), claim, margin, made_gradings(rng, task, metric))
    return replace(case, claim=replace(claim, value=_printed(rng, case)))


def _row(rng: random.Random, task: str, n: int) -> Row:
    hypothesis, reference = _TEXTS[task](rng, n)
    finished = rng.random() < 0.9
    return Row(f"unit-{n:03}", f"{hypothesis}</s>" if finished else hypothesis, reference, finished=finished)


def _emotion(rng: random.Random, n: int) -> tuple[str, Any]:
    gold = _LABELS[n % 4]
    said = gold if rng.random() < 0.6 else rng.choice(_LABELS)
    form = rng.choice(("{}", "{}", "{}", "It is {}", "{}.", " {}"))
    return form.format(rng.choice((said, said, said.lower()))), gold


def _keyphrases(rng: random.Random, n: int) -> tuple[str, Any]:
    gold = [*rng.sample(_PHRASES, rng.randint(1, 3)), f"number {n}"]
    said = [g for g in gold if rng.random() < 0.7] + rng.sample(_PHRASES, rng.randint(0, 2))
    return ", ".join(said or ["nothing"]), gold


def _phones(rng: random.Random, n: int) -> tuple[str, Any]:
    gold = [rng.choice(_PHONES) for _ in range(rng.randint(6, 12))]
    said = [rng.choice(_PHONES) if rng.random() < 0.2 else g for g in gold if rng.random() > 0.05]
    if rng.random() < 0.3:
        said = [p.rstrip("012") for p in said]
    return " ".join(said) * (3 if rng.random() < 0.05 else 1), " ".join(gold)


def _trial(rng: random.Random, n: int) -> tuple[str, Any]:
    gold = ("Yes", "No")[n % 2]
    said = gold if rng.random() < 0.7 else rng.choice(("Yes", "No", "Maybe"))
    return rng.choice((said, said, said.lower(), f"{said}, I think")), gold


_TEXTS = {"er-iemocap": _emotion, "ke-inspec": _keyphrases, "pr-librispeech": _phones, "sv-voxceleb1": _trial}


def card_of(task: str, rows: Sequence[Row], rng: random.Random) -> SetCard | None:
    """A card that says these rows are the set: official or not; None in one of five."""
    if rng.random() < 0.2:
        return None
    labelled = task in {"er-iemocap", "sv-voxceleb1"}
    case: Case = "lower" if labelled else "keep"
    facts, hashes = layout_facts([(row.id, row.reference) for row in rows], [("reference", case, None)], "made up")
    official = rng.random() < 0.7
    (entry,) = facts["texts"]
    labels = dict(Counter(str(row.reference).lower() for row in rows)) if labelled else None
    units = None if labelled else hashes.get("reference")
    part = Texts(**{**entry, "official": official, "labels": labels, "units": units, "source": SOURCE})
    ids = Ids("unit-[0-9]{3}", True, facts["sha256"], facts["pairs_sha256"], True, "made up", SOURCE)
    layout = Layout("rows", "a row", len(rows), None, facts["texts_per_row"], ids,
                    Repeats(facts["repeats"], "made up", SOURCE), (part,), SOURCE)  # fmt: skip
    terms = Terms("unknown", "made up", SOURCE)
    return SetCard("made-set", "Made up", "test", terms, terms, None, Called("made", None, None), (layout,), None,
                   {}, None, Path("made-set.yaml"))  # fmt: skip


@cache
def axes_of(task: str, metric: str) -> tuple[str, ...]:
    """The axes of a convention but the selection."""
    return tuple(a.name for a in specification(tasks()[task], metric).axes if a.name != "selection")


def made_gradings(rng: random.Random, task: str, metric: str) -> dict[Key, Grading]:
    """Random evidence for every convention: for some steps, for all, or for none; never for the selection."""
    axes = axes_of(task, metric)
    grades: tuple[Grade, ...] = ("A", "B", "C", "D", "E")
    found: dict[Key, Grading] = {}
    for convention in tasks()[task].conventions[metric]:
        support = []
        for n in range(rng.randint(0, 3)):
            steps = axes if rng.random() < 0.5 else tuple(a for a in axes if rng.random() < 0.6)
            support.append(Support(f"work-{n}", 0, rng.choice(grades), Evidence("code", verified=True, steps=steps)))
        order = sorted(support, key=lambda s: (s.grade, s.work, s.entry))
        found[task, metric, convention.id] = Grading(axes, tuple(order))
    return found


def _printed(rng: random.Random, case: MadeAudit) -> str:
    """A printed value: a convention's own, rounded or cut off, a little or far beside it, or anything."""
    predictions = prediction_set(case.task, case.rows)
    scores = score(predictions, tasks()[case.task], metrics=[case.metric], replicates=0)
    values = [Fraction(s.exact) * _factor(case.claim, s.convention.metric.scale) for s in scores if s.exact is not None]
    places = rng.choice((1, 2)) if case.claim.unit == "percent" else rng.choice((2, 3))
    value = rng.choice(values) if values else Fraction(0)
    top = 100 if case.claim.unit == "percent" else 1
    match rng.randrange(8):
        case 0 | 1 | 2:
            pass
        case 3:
            return _text(Decimal(int(value * 10**places)), places)
        case 4:
            value += Fraction(case.margin) * rng.choice((-1, 1))
        case 5:
            value += (Fraction(case.margin) * 2 + Fraction(top, 50)) * rng.choice((-1, 1))
        case 6:
            value = max(values, default=value) * Fraction(rng.choice((5, 15)), 10)
        case _:
            value = Fraction(rng.randint(0, 1000) * top, 1000)
    return _text(Decimal(round(max(value, Fraction(0)) * 10**places)), places)


def _factor(claim: Claim, scale: int) -> Fraction:
    return Fraction(100 if claim.unit == "percent" else 1, scale)


def _text(units: Decimal, places: int) -> str:
    return f"{units.scaleb(-places):.{places}f}"
