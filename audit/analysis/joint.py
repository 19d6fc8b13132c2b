"""One convention for all claims of a group: a paper's claims on tasks of one family, explained on their outputs at once.

Claims on other models whose outputs are at hand (`TASK@RUN.jsonl`) belong to the group too: a system whose printed value
stands in the same table was counted by the same program.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING
from fractions import Fraction
from pathlib import Path
from typing import Any

from audit._util.progress import progress
from audit._util.terminal import in_a_line
from audit.analysis.gap_lines import wrapped
from audit.analysis.multiverse import counted, in_unit, unit_factor
from audit.errors import InputError, MissingError
from audit.facts import Claim
from audit.literature.studies import Study
from audit.scoring.predictions import PredictionSet, file_stem, load
from tasks.analysis.joint import JointExplanation, JointOutcome, explain_jointly, joint_specification
from tasks.analysis.specifications import specification
from tasks.statistics.bootstrap import decimal, stored
from tasks.statistics.printed import Unit

SCHEMA = "repro-audit/joint-explanation/1"
_MOST = 20


@dataclass(frozen=True, slots=True, repr=False)
class JointlyExplained:
    """What explains the claims of a group at once.

    Attributes:
        group: The family.
        metric: The metric.
        claims: Those with outputs, in the study's order.
        predictions: The outputs of each.
        without: Ids of claims of the group without outputs.
        answer: The ways of counting.
        margins: For every claim, how far two honest runs may differ.
    """

    group: str
    metric: str
    claims: tuple[Claim, ...]
    predictions: tuple[PredictionSet, ...]
    without: tuple[str, ...]
    answer: JointExplanation
    margins: tuple[Fraction, ...]

    def lines(self, most: int | None = _MOST) -> list[str]:
        """The answer for a terminal of 80 columns, with at most this many matches; None for all."""
        answer = self.answer
        found = [f"{self.group}, {self.metric}: {len(self.claims)} claims, {answer.tried} ways of counting all of them"]
        for number, (claim, rows) in enumerate(zip(self.claims, self.predictions, strict=True), 1):
            found.append(
                f"  {number}  {claim.value:>8}  {claim.id}; {len(rows.rows)} rows of {in_a_line(rows.meta.model)}"
            )
        found += [f"  no outputs: {name}" for name in self.without]
        found.append(f"{len(answer.matches)} of them print all {len(self.claims)} values")
        shown = answer.matches if most is None else answer.matches[:most]
        found += [self._line(outcome) for outcome in shown]
        if len(shown) < len(answer.matches):
            found.append(f"  and {len(answer.matches) - len(shown)} more (--all)")
        if answer.best:
            found += ["Those that print most of them, the nearest first:", *(self._line(o) for o in answer.best)]
        found += ["Registered conventions (= prints the value, ~ within the margin):"]
        found += [self._line(outcome) for outcome in answer.registered]
        if answer.chance is not None:
            found.append(
                f"Chance that some of them prints {len(self.claims)} random values of the spreads at once: {self.chance}"
            )
        # Rows of the table are not broken: the way of counting stands at their end.
        return [part for line in found for part in ([line] if line.startswith("  ") else wrapped(line))]

    @property
    def chance(self) -> str | None:
        """The joint look-elsewhere odds, rounded up."""
        found = self.answer.chance
        return None if found is None else str(decimal(found, 2 if found >= Fraction(1, 100) else 6, ROUND_CEILING))

    def _line(self, outcome: JointOutcome) -> str:
        cells = []
        for value, met, claim, margin in zip(outcome.values, outcome.met, self.claims, self.margins, strict=True):
            mark = "=" if met else "~" if agrees(value, claim, margin) else " "
            cells.append(f"{'-' if value is None else f'{float(value):.4f}':>9}{mark}")
        names = [name for name in outcome.pipeline.known_as if name != outcome.pipeline.id]
        return f"  {''.join(cells)} {outcome.pipeline.id}" + (f" = {', '.join(names)}" if names else "")

    def as_json(self) -> dict[str, Any]:
        """Everything as plain JSON without floats."""
        return {
            "schema": SCHEMA,
            "group": self.group,
            "metric": self.metric,
            "claims": [
                {"claim": c.id, "value": c.value, "model": rows.meta.model, "predictions_sha256": rows.sha256}
                for c, rows in zip(self.claims, self.predictions, strict=True)
            ],
            "without_outputs": list(self.without),
            "tried": self.answer.tried,
            "matches": [_outcome(o) for o in self.answer.matches],
            "best": [_outcome(o) for o in self.answer.best],
            "registered": [_outcome(o) for o in self.answer.registered],
            "chance": self.chance,
        }

    def __repr__(self) -> str:
        return "\n".join(self.lines())


def agrees(value: Fraction | float | None, claim: Claim, margin: Fraction) -> bool:
    """Whether a value lies in the claim's rounding interval widened by the margin."""
    half = Fraction(1, 2 * 10 ** len(claim.value.partition(".")[2]))
    return value is not None and abs(Fraction(value) - claim.reported) <= half + margin


def _outcome(outcome: JointOutcome) -> dict[str, Any]:
    return {
        "pipeline": outcome.pipeline.id,
        "known_as": list(outcome.pipeline.known_as),
        "signatures": list(outcome.pipeline.signatures),
        "values": [None if value is None else str(stored(value)) for value in outcome.values],
        "prints": [int(met) for met in outcome.met],
    }


def group_of(study: Study, group: str, metric: str | None) -> tuple[str, list[Claim]]:
    """The metric and the claims of a family: whole sets, no means.

    Raises:
        InputError: No claim of the study is on this family, or they are on several metrics and none is named.
    """
    families = sorted({claim.family for claim in study.claims if claim.family})
    claims = [c for c in study.claims if c.family == group and not c.mean_of and c.subset is None and c.unit != "count"]
    if not claims:
        raise InputError(
            f"the study {study.id} makes no claim on {group!r}", where="--joint", fix=f"Groups: {', '.join(families)}."
        )
    metrics = list(dict.fromkeys(claim.metric for claim in claims))
    if metric is None and len(metrics) > 1:
        raise InputError(
            f"claims on {group} have several metrics", where="--metric", fix=f"Name one: {', '.join(metrics)}."
        )
    chosen = metric or metrics[0]
    if chosen not in metrics:
        raise InputError(f"{group} has no claim on {chosen!r}", where="--metric", fix=f"Metrics: {', '.join(metrics)}.")
    return chosen, [claim for claim in claims if claim.metric == chosen]


def _unit(claim: Claim) -> Unit:
    if claim.unit not in {"percent", "fraction"}:
        what = f"the claim {claim.id} is in the unit {claim.unit}"
        raise InputError(what, where="--joint", fix="Ways of counting give percent or fractions.")
    return "percent" if claim.unit == "percent" else "fraction"


def explain_group(study: Study, group: str, folder: Path, metric: str | None = None) -> JointlyExplained:
    """Find what explains all claims of a group on the outputs in a folder.

    Args:
        study: The study that makes the claims.
        group: A family, such as `asr`.
        folder: Holds `TASK.jsonl`, and `TASK@RUN.jsonl` for claims on other models.
        metric: Required if the group's claims have several.

    Raises:
        InputError: Fewer than two claims have outputs, the tasks share no axes, or a row cannot be scored.
        MissingError: Nothing can be computed here.
    """
    metric, claims = group_of(study, group, metric)
    if not folder.is_dir():
        raise InputError("there is no such folder", where=str(folder), fix="Give the folder that holds TASK.jsonl.")
    paths = {claim.id: folder / f"{file_stem(claim.task, claim.run)}.jsonl" for claim in claims}
    there = [claim for claim in claims if paths[claim.id].is_file()]
    if len(there) < 2:
        names = ", ".join(paths[claim.id].name for claim in claims if claim.model is None)
        raise InputError(
            f"{len(there)} of {len(claims)} claims on {group} have outputs: at least two are explained jointly",
            where=str(folder),
            fix=f"Import the outputs: {names}.",
        )
    order = list(dict.fromkeys(claim.task for claim in there))
    tasks = [study.tasks[name] for name in order]
    spec = joint_specification(
        [specification(task, metric) for task in tasks], [task.conventions[metric] for task in tasks]
    )
    if spec is None:
        raise InputError(f"the tasks {', '.join(order)} share no axes", where="--joint", fix="Explain them one by one.")
    if not spec.pipelines:
        raise MissingError(f"no way of counting {metric} can be computed here", where=group)
    numbers = [order.index(claim.task) for claim in there]
    sets = tuple(load(paths[claim.id], study.tasks[claim.task]) for claim in there)
    outcomes = []
    with progress(f"{len(spec.pipelines)} ways of counting", sum(len(rows.rows) for rows in sets)) as bar:
        for claim, rows, number in zip(there, sets, numbers, strict=True):
            found = counted(tasks[number], rows, spec.to_count(number), bar.advance).outcomes()
            factor = unit_factor(tasks[number].conventions[metric][0].metric, _unit(claim))
            outcomes.append(in_unit(found, factor))
    answer = explain_jointly(spec, outcomes, [claim.value for claim in there], claims=numbers)
    margins = tuple(Fraction(study.facts.margins[claim.metric].value) for claim in there)
    without = tuple(claim.id for claim in claims if claim not in there and claim.model is None)
    return JointlyExplained(group, metric, tuple(there), sets, without, answer, margins)
