"""What the probes find, as typed values; `as_json` gives the file that the audit reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, TypedDict

from audit.inference.probes import SCHEMA
from audit.inference.probes.effect import Effect
from audit.inference.run_records import Settings
from audit.inference.salmonn.checkpoint import ModelRecord
from audit.inference.worker import Worker
from tasks.datasets.manifest import Item
from tasks.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """What every probe records: its kind, the task's id, the number of items, the model and the decoding."""

    probe: str
    task: str | None
    items: int
    model: ModelRecord
    decoding: Settings

    def as_json(self) -> dict[str, Any]:
        """The file's object, without floats: differences are decimal strings."""
        return {"schema": SCHEMA, **asdict(self)}


@dataclass(frozen=True, slots=True)
class FirstDifference:
    """The first row that differs between two runs.

    Attributes:
        row: Its id.
        token: The index of its first different token; None if only logits differ.
        logit_gap: How far the base's token was ahead there.
        module: The first module whose output differs; `decoding` if none does.
        module_difference: By how much.
    """

    row: str
    token: int | None
    logit_gap: str | None
    module: str
    module_difference: str | None


@dataclass(frozen=True, slots=True)
class DeterminismTest:
    """The result of one test.

    Attributes:
        compared: Rows.
        changed: Rows with different tokens.
        drifted: Rows whose first token's logits differ beyond rounding, regardless of the tokens.
        skipped: Why the test was not run.
    """

    test: str
    compared: int
    changed: int = 0
    drifted: int = 0
    first: FirstDifference | None = None
    effect: tuple[Effect, ...] = ()
    skipped: str | None = None

    @property
    def passed(self) -> bool | None:
        """Whether nothing differs; None if the test was skipped."""
        return None if self.skipped is not None else not (self.changed or self.drifted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Determinism(ProbeResult):
    """The same clips in other batches, orders, processes and precisions.

    Attributes:
        unreadable: Clips that were left out.
        batch: Items per batch in tests with batches.
    """

    unreadable: int
    batch: int
    tests: tuple[DeterminismTest, ...]

    @property
    def margins(self) -> dict[str, str]:
        """Metric -> the largest difference over the tests, in the metric's scale; absent if no test moved the metric.

        Model, prompt, decoding and items are equal in all tests, so a study can name these as measured margins.
        """
        found: dict[str, Decimal] = {}
        for effect in (effect for test in self.tests for effect in test.effect):
            if effect.difference is not None:
                found[effect.metric] = max(found.get(effect.metric, Decimal(0)), abs(Decimal(effect.difference)))
        return {metric: format(value.normalize(), "f") for metric, value in sorted(found.items())}

    def as_json(self) -> dict[str, Any]:
        """See `ProbeResult.as_json`."""
        tests = [{**asdict(test), "passed": test.passed} for test in self.tests]
        return {"schema": SCHEMA, **asdict(self), "tests": tests, "margins": self.margins}


@dataclass(frozen=True, slots=True)
class PromptRun:
    """One instruction: how many outputs differ from those under the first, and what that does to the metrics."""

    prompt: str
    changed: int
    effect: tuple[Effect, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts(ProbeResult):
    """The same clips under several instructions."""

    prompts: tuple[PromptRun, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPrior(ProbeResult):
    """The same questions with zeros as auditory tokens; outputs by row id."""

    changed: int
    distinct_without_audio: int
    outputs_without_audio: Mapping[str, str | None]
    effect: tuple[Effect, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BeamRules(ProbeResult):
    """Two beam searches on the same clips; `first` is the first row that differs."""

    rules: tuple[str, ...]
    changed: int
    first: str | None
    effect: tuple[Effect, ...]


class About(TypedDict):
    """What `about` gives."""

    task: str | None
    items: int
    model: ModelRecord
    decoding: Settings


def about(worker: Worker, items: Sequence[Item], task: Task | None) -> About:
    """The fields of `ProbeResult` besides its kind."""
    return {
        "task": task.id if task is not None else None,
        "items": len(items),
        "model": worker.loaded.record,
        "decoding": worker.spec.decoding.record(),
    }
