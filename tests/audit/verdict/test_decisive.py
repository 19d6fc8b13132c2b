"""Decisive steps: a smallest set of changes after which the value agrees no more, against brute force."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations, product

import pytest

from audit.literature.known_tasks import known_tasks as tasks
from audit.verdict.decisive import decisive_steps
from tasks.analysis.multiverse import Axis, Option, Specification, universe
from tasks.analysis.specifications import specification
from tasks.convention import Convention
from tasks.errors import ScoringError, UnavailableError
from tasks.metrics.metric import Metric
from tasks.row import Row

EMOTION = tasks()["er-iemocap"]
Agrees = Callable[[Fraction | float | None], bool]


def emotions(*pairs: tuple[str, str]) -> list[Row]:
    return [Row(f"{n:03}", hypothesis, reference) for n, (hypothesis, reference) in enumerate(pairs)]


def found(rows: Sequence[Row], agrees: Agrees, *names: str) -> Mapping[str, tuple[tuple[str, str], ...] | None]:
    return decisive_steps(EMOTION, "accuracy", rows, names, agrees)


def above(limit: Fraction) -> Agrees:
    return lambda value: value is not None and value > limit


def test_no_step_decides_where_every_alternative_agrees() -> None:
    rows = emotions(("Sad", "Sad"), ("Happy", "Happy"))
    assert found(rows, above(Fraction(-1)), "iemocap-4way", "llaso") == {"iemocap-4way": (), "llaso": ()}


def test_one_step_decides() -> None:
    """A long answer that contains the label is right by containment alone."""
    rows = emotions(*(("They sound Sad today", "Sad") for _ in range(10)))
    assert found(rows, above(Fraction(1, 2)), "llaso") == {"llaso": (("answer", "contained"),)}


def test_two_steps_decide_where_only_both_together_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """No single change ends the agreement; case and punctuation together do, and so would all three."""
    everything = list(product(*([(axis, option) for option in "xy"] for axis in ("case", "punctuation", "fold"))))
    own = everything[0]
    agreeing = {c: not (dict(c)["case"] == dict(c)["punctuation"] == "y") for c in everything}
    assert _decisive_of(agreeing, own, monkeypatch) == (("case", "x"), ("punctuation", "x"))
    agreeing[(("case", "x"), ("punctuation", "x"), ("fold", "y"))] = False
    assert _decisive_of(agreeing, own, monkeypatch) == (("fold", "x"),)


def test_an_easier_way_to_end_the_agreement_is_the_one_that_counts() -> None:
    """`sad.` beside `Sad` is wrong by case and by its full stop; the rule for answers alone would find the label."""
    rows = emotions(*((f"{label.lower()}.", label) for label in ("Sad", "Angry") * 5))
    assert found(rows, lambda value: value == 0, "iemocap-4way") == {"iemocap-4way": (("answer", "equal"),)}


def test_a_convention_that_is_no_combination_has_no_decisive_steps_of_its_own() -> None:
    rows = emotions(("Sad", "Sad"))
    assert found(rows, above(Fraction(-1)), "qwen-audio", "iemocap-4way") == {"qwen-audio": None, "iemocap-4way": ()}
    assert found(rows, above(Fraction(-1))) == {}


@pytest.mark.parametrize("error", [ScoringError("no"), UnavailableError("no")])
def test_alternatives_that_cannot_be_computed_make_every_step_decisive(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    from audit.verdict import decisive

    def fail(rows: object, pipelines: object) -> None:
        raise error

    monkeypatch.setattr(decisive, "universe", fail)
    assert found(emotions(("Sad", "Sad")), above(Fraction(-1)), "iemocap-4way") == {"iemocap-4way": None}


def test_that_all_units_are_scored_is_no_step_that_needs_evidence() -> None:
    """Unfinished rows that are wrong: dropping them would end the agreement, and is no alternative."""
    rows = [Row(f"{n:03}", "Sad</s>" if n else "Happy", "Sad", finished=bool(n)) for n in range(10)]
    tenth_wrong = found(rows, lambda value: value == Fraction(9, 10), "iemocap-4way")
    assert tenth_wrong == {"iemocap-4way": (("cleaning", "special"),)}


def test_dropping_the_rows_on_which_a_step_matters_does_not_hide_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over finished rows case does not matter; over all of them it does."""
    everything = list(product((("selection", "all"), ("selection", "finished")), (("case", "x"), ("case", "y"))))
    agreeing = {choices: choices != (("selection", "all"), ("case", "y")) for choices in everything}
    for own in (everything[0], everything[2]):
        assert _decisive_of(agreeing, own, monkeypatch) == (("case", "x"),)
    # Of other selections nothing is asked, and that all rows are scored is no step.
    more = {**agreeing, (("selection", "no-fault"), ("case", "x")): False}
    assert _decisive_of(dict.fromkeys(more, True) | {list(more)[-1]: False}, everything[0], monkeypatch) == ()


def test_steps_may_matter_over_the_rows_that_are_kept_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over all rows case does not matter; over finished ones, which the convention keeps, it does."""
    everything = list(product((("selection", "all"), ("selection", "finished")), (("case", "x"), ("case", "y"))))
    agreeing = {choices: choices != (("selection", "finished"), ("case", "y")) for choices in everything}
    assert _decisive_of(agreeing, everything[2], monkeypatch) == (("case", "x"),)
    assert _decisive_of(agreeing, everything[0], monkeypatch) == ()


def test_a_rule_that_is_no_combination_is_no_alternative(monkeypatch: pytest.MonkeyPatch) -> None:
    agreeing = {(("case", "x"),): True, (("case", "y"),): False, (("convention", "theirs"),): False}
    assert _decisive_of(agreeing, (("case", "x"),), monkeypatch) == (("case", "x"),)
    agreeing[("case", "y"),] = True
    assert _decisive_of(agreeing, (("case", "x"),), monkeypatch) == ()


def brute_force(
    rows: Sequence[Row],
    agrees: Agrees,
    own: Mapping[str, str],
    spec: Specification,
    conventions: Sequence[Convention],
) -> tuple[tuple[str, str], ...]:
    """Every change of one step, then of two, ... until one ends the agreement; each pipeline is computed alone."""
    axes = [axis for axis in spec.axes if axis.name != "selection"]
    by_choices = {p.choices: p for p in spec.pipelines(conventions)}
    for size in range(1, len(axes) + 1):
        decided: set[str] = set()
        for changed in combinations(axes, size):
            others = [[o.name for o in axis.options if o.name != own[axis.name]] for axis in changed]
            for options in product(*others):
                choice = {**own, **dict(zip((a.name for a in changed), options, strict=True))}
                pipeline = by_choices.get(tuple(choice.items()))
                if pipeline is None:
                    continue
                (outcome,) = universe(rows, [pipeline]).outcomes()
                if not agrees(outcome.value):
                    decided |= {axis.name for axis in changed}
        if decided:
            return tuple((axis, option) for axis, option in own.items() if axis in decided)
    return ()


@pytest.mark.parametrize("seed", range(25))
def test_against_brute_force_on_made_rows(seed: int) -> None:
    rng = random.Random(seed)
    forms: tuple[Callable[[str], str], ...] = (
        str, str.lower, lambda x: f"{x}.", lambda x: f"It is {x}", lambda x: f"<s>{x}</s>", lambda x: f" {x}",
        lambda x: x[:-1],
    )  # fmt: skip
    labels = ("Sad", "Angry", "Happy", "Neutral")
    rows = emotions(*((rng.choice(forms)(rng.choice(labels)), rng.choice(labels)) for _ in range(12)))
    spec = specification(EMOTION, "accuracy")
    conventions = EMOTION.conventions["accuracy"]
    pipelines = spec.pipelines(conventions)
    values = sorted({Fraction(o.value) for o in universe(rows, pipelines).outcomes() if o.value is not None})
    limit = rng.choice(values)
    for agrees in (
        lambda v: v is not None and v >= limit,
        lambda v: v is not None and v <= limit,
        lambda v: v == limit,
    ):
        steps = found(rows, agrees, "iemocap-4way", "llaso", "fairmllm")
        for pipeline in pipelines:
            for name in pipeline.known_as:
                if name in steps and pipeline.choices[0][0] != "convention":
                    (outcome,) = universe(rows, [pipeline]).outcomes()
                    if agrees(outcome.value):
                        assert steps[name] == brute_force(rows, agrees, dict(pipeline.choices), spec, conventions)


@pytest.mark.parametrize("seed", range(40))
def test_against_brute_force_on_a_made_specification(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three axes with made agreements, so that two and three steps together occur as often as one."""
    rng = random.Random(seed)
    axes = tuple(Axis(name, tuple(Option(f"{name}{n}") for n in range(rng.randint(2, 3)))) for name in "abc")
    everything = list(product(*([(axis.name, o.name) for o in axis.options] for axis in axes)))
    own = rng.choice(everything)
    agreeing = {choices: choices == own or rng.random() < rng.choice((0.5, 0.9, 0.98)) for choices in everything}
    steps = _decisive_of(agreeing, own, monkeypatch)
    by_distance: dict[int, set[str]] = {}
    for choices, holds in agreeing.items():
        if not holds:
            changed = {a for (a, o), (_, p) in zip(choices, own, strict=True) if o != p}
            by_distance.setdefault(len(changed), set()).update(changed)
    wanted = by_distance[min(by_distance)] if by_distance else set()
    assert steps == tuple((axis, option) for axis, option in own if axis in wanted)


def _decisive_of(
    agreeing: Mapping[tuple[tuple[str, str], ...], bool],
    own: tuple[tuple[str, str], ...],
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[tuple[str, str], ...] | None:
    """The decisive steps where alternatives agree as the mapping says."""
    from audit.verdict import decisive
    from tasks.analysis.multiverse import Outcome, Pipeline

    convention = next(iter(EMOTION.conventions["accuracy"]))
    pipelines = [Pipeline(choices, convention, ("own",) if choices == own else ()) for choices in agreeing]

    class Made:
        def __init__(self, some: Sequence[Pipeline]) -> None:
            self.some = some

        def pipelines(self, conventions: object) -> list[Pipeline]:
            return pipelines

        def outcomes(self) -> list[Outcome]:
            return [Outcome(p, Fraction(agreeing[p.choices]), 1, 1) for p in self.some]

    monkeypatch.setattr(decisive, "specification", lambda task, metric: Made(pipelines))
    monkeypatch.setattr(decisive, "universe", lambda rows, some: Made(some))
    return decisive_steps(EMOTION, "accuracy", [], ["own"], lambda value: value == 1)["own"]


def test_metrics_have_one_scale_within_a_task() -> None:
    """Alternatives are compared in the scale of the convention's own metric."""
    scales: dict[tuple[str, str], set[int]] = {}
    for task in tasks().values():
        for metric, conventions in task.conventions.items():
            pipelines = specification(task, metric).pipelines(conventions)
            metrics: list[Metric] = [*(c.metric for c in conventions), *(p.convention.metric for p in pipelines)]
            scales[task.id, metric] = {m.scale for m in metrics}
    assert {key: found for key, found in scales.items() if len(found) > 1} == {}
