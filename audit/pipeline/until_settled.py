"""Score a planned run as it goes, show its bounds against every claim, and say when all are settled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from audit._util.files import write_atomic
from audit.analysis.sampling.plan import Ordered, PlannedClaim, Sampled
from audit.analysis.sampling.plan_files import PlanFiles, beside, load_plan, plan_path
from audit.analysis.sampling.quantities import undropped
from audit.errors import InputError
from audit.facts import Claim
from audit.judge.scores import judged_scores
from audit.literature.known_tasks import find_task
from audit.literature.studies import Study
from audit.pipeline.plans import plan_files, registered
from audit.report.samples import bounds_in_words
from audit.schema import Agreement
from audit.scoring.cache import ScoreCache
from audit.scoring.prediction_meta import PredictionMeta
from audit.scoring.predictions import PredictionSet, file_stem
from audit.scoring.rows_in_memory import IN_MEMORY
from audit.scoring.score import Score, score
from audit.verdict.agreement import Target, unit_factor
from audit.verdict.planned import Following, Settled, is_settled, settle
from tasks.row import Row
from tasks.statistics.printed import places_of
from tasks.task import Task

# Between two looks the number of units grows by this share: a look scores all units again.
_GROWTH = 0.05
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Look:
    """The state of a planned run.

    Attributes:
        units: Units of the plan that are there.
        settled: Whether every claim is settled.
        lines: For a terminal: every claim with its bounds under every convention that counts.
    """

    units: int
    settled: bool
    lines: tuple[str, ...]


def look(plan: Ordered, task: Task, rows: Sequence[Row]) -> Look:
    """Score what a planned run has so far.

    Args:
        plan: The plan with its order.
        task: Its task.
        rows: The rows so far, in any order.

    Raises:
        InputError: A row cannot be scored, or a convention was changed after the plan.
    """
    ordered_rows = tuple(sorted(rows, key=lambda row: row.id))
    meta = PredictionMeta(task.id, "unknown", "unknown")
    predictions = PredictionSet(task.id, ordered_rows, meta, IN_MEMORY, "", "")
    following = Following(
        plan, "", frozenset(row.id for row in ordered_rows), {row.id: row for row in predictions.rows}
    )
    lines: list[str] = []
    done = True
    for planned in plan.plan.claims:
        done &= _tell(planned, _claim(planned, following, task, predictions), lines)
    return Look(len(ordered_rows), done, tuple(lines))


def look_at_judgements(plan: Ordered, task: Task, predictions: PredictionSet) -> Look:
    """The same for a planned sample of judgements, from the file beside the predictions.

    Args:
        plan: The plan with its order.
        task: Its task.
        predictions: The outputs, all of them.

    Raises:
        InputError: The judgement file is invalid.
        CheckFailedError: It is about different outputs.
    """
    judged = judged_scores(task, predictions, expected=None, replicates=0, cache=ScoreCache(None))
    base = Following(plan, "", frozenset(), {row.id: row for row in predictions.rows})
    lines: list[str] = []
    done = True
    for planned in plan.plan.claims:
        claim, held = _held(planned, task)
        found: dict[str, Settled | None] = {one.id: None for one in planned.conventions}
        mine = [
            j for j in judged if j.counts and j.attached.metric == planned.metric and j.score.convention.id in found
        ]
        for item in mine:
            following = base.judged(item.judged, sum(j.score.convention.id == item.score.convention.id for j in mine))
            factor = unit_factor(claim, item.score.convention.metric.scale)
            name = item.score.convention.id
            several = f"{name}, {item.attached.rating.name}"
            found.pop(name, None)
            found[several] = settle(following, claim, item.score, held, factor, twin=None, free=False, with_path=False)
        done &= _tell(planned, found, lines)
    units = len(frozenset[str]().union(*(item.judged for item in judged)))
    return Look(units, done, tuple(lines))


def _tell(planned: PlannedClaim, found: dict[str, Settled | None], lines: list[str]) -> bool:
    """Add the lines about a claim; returns whether it is settled."""
    states = {name: None if one is None else one.whole for name, one in found.items()}
    settled = is_settled(states)
    lines.append(f"{planned.metric} {planned.value}: {'settled' if settled else 'open'}")
    digits = places_of(planned.value) + 2
    for name, one in found.items():
        bounds = "no bounds" if one is None else one.record.problem or bounds_in_words(one.record, min(digits, 6))
        lines.append(f"  {name}: {bounds} ({states[name] or Agreement.UNDECIDED})")
    return settled


def _held(planned: PlannedClaim, task: Task) -> tuple[Claim, Target]:
    claim = Claim(
        id="", task=task.id, metric=planned.metric, value=planned.value, unit=planned.unit, direction=planned.direction,
        family=task.family,
    )  # fmt: skip
    return claim, Target(planned.value, planned.direction, planned.margin)


def _claim(
    planned: PlannedClaim, following: Following, task: Task, predictions: PredictionSet
) -> dict[str, Settled | None]:
    """What the sample says about a claim, by the conventions that count."""
    claim, held = _held(planned, task)
    names = [one.id for one in planned.conventions]
    items = score(
        predictions,
        task,
        expected=len(following.plan.plan.units),
        metrics=[planned.metric],
        conventions=names,
        replicates=0,
    )
    hashes = {item.convention.id: item.convention.hash for item in items}
    for one in planned.conventions:
        if hashes.get(one.id) != one.hash:
            raise InputError(
                f"the convention {one.id} was changed after the plan, or is gone",
                where=f"plan of {task.id}",
                fix="Use the version of the program that made the plan, or plan again before any run.",
            )
    found: dict[str, Settled | None] = {}
    for item in items:
        factor = unit_factor(claim, item.convention.metric.scale)
        twin = _twin(item, planned.metric, task, predictions)
        found[item.convention.id] = settle(following, claim, item, held, factor, twin=twin, free=False, with_path=False)
    return found


def _twin(item: Score, metric: str, task: Task, predictions: PredictionSet) -> Score | None:
    if item.account is None or not item.account.skipped:
        return None
    try:
        (found,) = score(predictions, undropped(task, metric, item.convention), replicates=0)
    except InputError:
        return None
    return found


@dataclass(slots=True)
class Watch:
    """Called after every batch; looks now and then, tells what it sees, and returns true once the run should stop.

    Args:
        plan: The plan.
        task: Its task.
        say: Receives the lines of every look.
        most: Stop after this many units, settled or not; None for the whole set.
    """

    plan: Ordered
    task: Task
    say: Say
    most: int | None = None
    last: Look | None = field(default=None, init=False)
    _next: int = field(default=1, init=False)

    def __call__(self, rows: Sequence[Row]) -> bool:
        """Whether the run should stop, from the rows of the first units."""
        units = len(rows)
        enough = self.most is not None and units >= self.most
        if units < self._next and not enough and units < len(self.plan.plan.units):
            return False
        self._next = max(units + 1, int(units * (1 + _GROWTH)))
        self.last = look(self.plan, self.task, rows)
        self.say(f"{self.task.id}: {units} of {len(self.plan.plan.units)} units")
        for line in self.last.lines:
            self.say(f"  {line}")
        return self.last.settled or enough


def adopt(
    path: Path,
    task: str,
    out: Path,
    study: Study | None = None,
    *,
    sampled: Sampled = "outputs",
    run: str | None = None,
) -> tuple[PlanFiles, Task]:
    """Read the plan of a run and put it where `run` looks for it: beside the predictions that follow it.

    Args:
        path: The plan's file.
        task: The task that is run.
        out: The folder of the predictions.
        study: Its tasks come first; None for those at hand.
        sampled: What is run: outputs, or judgements.
        run: The name of the run of outputs; None without one.

    Returns:
        The plan and its task.

    Raises:
        InputError: The plan is of another task, is not drawn yet, its registration does not hold, or the folder has another
            plan for this run.
    """
    found = load_plan(path)
    plan = found.ordered.plan
    if plan.task != task:
        raise InputError(f"the plan is of {plan.task}, not of {task}", where=str(path), fix="Give the task's own plan.")
    if plan.run != run and sampled == "outputs":
        raise InputError(
            f"the plan is of {file_stem(task, plan.run)}, and `infer` writes {file_stem(task, run)}.jsonl",
            where=str(path),
            fix="Omit --run." if plan.run is None else f"Give --run {plan.run}.",
        )
    if plan.sampled != sampled:
        command = "judge run" if plan.sampled == "judgements" else "infer"
        raise InputError(
            f"the plan samples {plan.sampled}, not {sampled}", where=str(path), fix=f"Give it to `{command}`."
        )
    registered(found)
    target = plan_path(out, file_stem(plan.task, plan.run), sampled)
    if target.exists() and target.resolve() != path.resolve():
        if target.read_bytes() != path.read_bytes():
            raise InputError(
                "two plans for one run: the folder has another one",
                where=str(target),
                fix="Give the plan that the run began with, or another --out.",
            )
    elif not target.exists():
        for _, file in plan_files(path):
            copy = (
                target if file == path else beside(target, file.name.removeprefix(path.name.removesuffix(".plan.json")))
            )
            write_atomic(copy, file.read_bytes())
    known = study.tasks.get(task) if study is not None else None
    return found, known or find_task(task)
