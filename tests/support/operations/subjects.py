"""What reads a model's or a judge's text, by name: from the registries, so that what is new is there without a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from audit.literature.known_tasks import known_tasks
from tasks.analysis.detectors import detectors_of
from tasks.catalogue.rows import RULES
from tasks.catalogue.steps import STEPS
from tasks.errors import ScoringError
from tasks.judging.parsers import PARSERS
from tasks.metrics.accuracy import Share
from tasks.row import ReferenceType, Row
from tasks.step import Step, function

Read = Callable[[str], object]
# Its Java program is started for every call; it reads one line at a time, by a generated automaton.
NOT_HERE = {"ptb"}
_PROMPT = "Which? (a) dog (b) cat (c) cow"
_REFERENCES: dict[ReferenceType, Any] = {
    ReferenceType.TEXT: "dog",
    ReferenceType.TEXTS: ["dog", "a dog"],
    ReferenceType.CAPTIONS: ["a dog barks", "dogs bark"],
    ReferenceType.SPEAKERS: ["one two", "three"],
    ReferenceType.KEYPHRASES: ["neural networks", "fuzzy logic"],
    ReferenceType.QUESTION_ANSWERS: {"question": "who?", "answers": ["he"], "candidates": [{"text": "he", "label": 1}]},
    ReferenceType.SLOT: {"slot": "date", "value": "tomorrow", "transcript": "wake me tomorrow"},
    ReferenceType.OPTIONAL: "dog",
}
GROUPS = ("steps", "batches", "parsers", "rules", "detectors", "chains", "answers")


def subjects(group: str) -> Iterator[tuple[str, Read]]:
    """Names of a group of `GROUPS`, and functions of a text."""
    made = {"steps": _steps, "batches": _batches, "parsers": _parsers, "rules": _rules, "detectors": _detectors,
            "chains": _chains, "answers": _answers, "planted": _planted}  # fmt: skip
    yield from made[group]()


def _here(step: Step) -> bool:
    if step.name in NOT_HERE:
        return False
    return not any(one.missing() for one in STEPS.values() if one.step == step)


def _steps() -> Iterator[tuple[str, Read]]:
    for name, one in STEPS.items():
        if _here(one.step):
            yield name, function(one.step)


def _batches() -> Iterator[tuple[str, Read]]:
    for name, one in STEPS.items():
        if _here(one.step) and one.step.batch is not None:
            batch = one.step.batch
            yield name, lambda text, batch=batch: batch([text])  # type: ignore[misc]


def _parsers() -> Iterator[tuple[str, Read]]:
    yield from PARSERS.items()


def rows(text: str, reference: Any = "dog") -> Iterator[Row]:
    """Rows in which a text is the output, what was asked, or the options."""
    choices = {"choices": ["dog", "cat", "cow"]}
    yield Row("r", text, reference, prompt=_PROMPT, extra=choices)
    yield Row("r", "dog", text if isinstance(reference, str) else reference, prompt=text)
    yield Row("r", "dog", reference, prompt=_PROMPT, extra={"choices": text})


def _each_row(read: Callable[[Row], object], reference: Any = "dog") -> Read:
    def call(text: str) -> None:
        for row in rows(text, reference):
            with suppress(ScoringError, ValueError):
                read(row)

    return call


def _rules() -> Iterator[tuple[str, Read]]:
    for name, one in RULES.items():
        yield name, _each_row(one.rule.keep)


def _detectors() -> Iterator[tuple[str, Read]]:
    """Those that no rule of the catalogue selects by, or that also say how near a row is."""
    rules = {one.rule for one in RULES.values()}
    every = [one for task in known_tasks().values() for one in detectors_of(task)]
    found = {f"{one.id} {one.version}": one for one in every if one.suspicion or one.selection not in rules}
    for name, one in found.items():
        yield (
            name,
            _each_row(lambda row, one=one: one.judged(row) and (one.found(row), one.suspicion and one.suspicion(row))),
        )


def _planted() -> Iterator[tuple[str, Read]]:
    from tests.support.operations.planted import PLANTED

    yield from PLANTED.items()


def _chains() -> Iterator[tuple[str, Read]]:
    """Steps of conventions that have no name of their own in the catalogue: readers of labels, of options."""
    named = {one.step for one in STEPS.values()}
    known: set[object] = set()
    for task in known_tasks().values():
        for conventions in task.conventions.values():
            for convention in conventions:
                for step in (*convention.hypothesis, *convention.reference):
                    # Readers of the labels of a set share their code.
                    code = getattr(function(step), "__code__", step) if step not in named and _here(step) else None
                    if code is not None and code not in known:
                        known.add(code)
                        yield f"{task.id} {step.signature}", function(step)


def _answers() -> Iterator[tuple[str, Read]]:
    """Scoring rules that read the answer in an output themselves."""
    known: set[object] = set()
    for task in known_tasks().values():
        for conventions in task.conventions.values():
            for convention in conventions:
                metric = convention.metric
                if not isinstance(metric, Share) or convention.unavailable():
                    continue
                # Readers of the labels of a set share their code.
                code = getattr(metric.points, "__code__", metric.signature)
                if code not in known:
                    known.add(code)

                    def score(row: Row, convention: Any = convention) -> None:
                        said, wanted = convention.hypothesis_view.take(row), convention.reference_view.take(row)
                        for step in convention.hypothesis:
                            said = step(said)
                        for step in convention.reference:
                            wanted = step(wanted)
                        convention.metric.points(said, wanted)

                    yield f"{task.id} {metric.signature}", _each_row(score, _REFERENCES[task.reference_type])
