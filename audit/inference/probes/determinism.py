"""Determinism probe: whether a clip gets the same output when repeated, batched, reordered, padded, restarted or in fp32.

Every test reports the first row that differs, the first different token, the margin of the base run's token, the first
module whose output differs, and the effect of the changed rows on the task's metrics.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

import torch

from audit._util.child_processes import end_with_parent
from audit.inference.frontend import Prepared
from audit.inference.probes.effect import effects
from audit.inference.probes.results import Determinism, DeterminismTest, FirstDifference, about
from audit.inference.probes.setups import Runner, Setup
from audit.inference.probes.trace import TOLERANCE, first_difference, logit_gap
from audit.inference.salmonn.decoding import Generation
from audit.inference.worker import Spec, Worker
from tasks.datasets.manifest import Item
from tasks.task import Task

BASE = Setup("base")
TESTS = ("twice", "batch", "order", "padding", "threads", "restart", "fp32")


def setups(batch: int, threads: int) -> dict[str, tuple[Setup, Setup]]:
    """The base setup and the compared setup of every test."""
    together = Setup("batch", size=batch)
    return {
        "twice": (BASE, replace(BASE, name="twice")),
        "batch": (BASE, together),
        "order": (together, replace(together, name="order", seed=1)),
        "padding": (BASE, replace(BASE, name="padding", frames=160, positions=24)),
        "threads": (BASE, replace(BASE, name="threads", threads=threads)),
    }


def probe(
    worker: Worker, items: Sequence[Item], task: Task | None, *, batch: int = 4, tests: Sequence[str] = TESTS,
    tell: Callable[[str], None] | None = None,
) -> Determinism:  # fmt: skip
    """Run the tests on some items; clips that cannot be read are left out and counted.

    Args:
        worker: A loaded model.
        items: The items to run; a few dozen suffice.
        task: For the effect on its metrics; None for no effects.
        batch: The batch size of the batched tests.
        tests: The names of the tests.
        tell: Called with the name of every test before it starts.
    """
    prepared = dict(zip((item.id for item in items), worker.prefetcher.take(items), strict=True))
    good = [item for item in items if prepared[item.id].error is None]
    runner = Runner(worker, prepared)
    known: dict[Setup, dict[str, Generation]] = {}

    def answers(setup: Setup) -> dict[str, Generation]:
        if setup not in known:
            known[setup] = runner.answers(setup, good)
        return known[setup]

    found = []
    pairs = setups(batch, threads=1 if torch.get_num_threads() > 1 else 2)
    for test in tests:
        if tell is not None:
            tell(test)
        if test in pairs:
            one, two = pairs[test]
            found.append(_compare(test, runner, good, task, (one, answers(one)), (two, answers(two))))
        elif test == "restart":
            found.append(_restart(runner, good, task, answers(BASE)))
        elif test == "fp32":
            found.append(_reference(runner, good, task, answers(BASE)))
    return Determinism(
        probe="determinism",
        **about(worker, items, task),
        unreadable=len(items) - len(good),
        batch=batch,
        tests=tuple(found),
    )


def _compare(
    test: str, runner: Runner, items: Sequence[Item], task: Task | None,
    one: tuple[Setup, dict[str, Generation]], two: tuple[Setup, dict[str, Generation]], other: Runner | None = None,
    *, here: bool = True,
) -> DeterminismTest:  # fmt: skip
    """Compare tokens and, if the second run can be repeated in this process (`here`), first-token logits."""
    second = other or runner
    tolerance = TOLERANCE[runner.model.precision]
    changed = tuple(sorted(name for name in one[1] if one[1][name] != two[1][name]))
    drifted: tuple[str, ...] = ()
    if here:
        a, b = runner.first_logits(one[0], items), second.first_logits(two[0], items)
        drifted = tuple(sorted(n for n in a if not bool((a[n] - b[n]).abs().max() <= tolerance * a[n].abs().max())))
    if not changed and not drifted:
        return DeterminismTest(test, len(items))
    row = (changed or drifted)[0]
    left, right = one[1][row].ids, two[1][row].ids
    short = min(len(left), len(right))
    at = next((i for i in range(short) if left[i] != right[i]), short) if row in changed else 1
    gap = None
    if row in changed and at < short:
        logits = runner.logits_at(one[0], items, row, one[1], at - 1)
        gap = _number(logit_gap(logits, left[at], right[at]))
    place = first_difference(
        runner.replay(one[0], items, row, one[1], at - 1),
        second.replay(two[0], items, row, one[1], at - 1),
        runner.model,
        tolerance,
    )
    first = FirstDifference(
        row,
        token=at - 1 if row in changed else None,
        logit_gap=gap,
        module="decoding" if place is None else place.module,
        module_difference=None if place is None else _number(place.difference),
    )
    sides = [
        sorted((runner.worker.row(item, side[item.id]) for item in items), key=lambda row: row.id)
        for side in (one[1], two[1])
    ]
    effect = effects(task, sides[0], sides[1])
    return DeterminismTest(test, len(items), len(changed), len(drifted), first, effect)


def _restart(runner: Runner, items: Sequence[Item], task: Task | None, base: dict[str, Generation]) -> DeterminismTest:
    """The base setup in a new process."""
    context = get_context("spawn")
    inbox = context.Queue()
    process = context.Process(target=_again, args=(runner.worker.spec, list(items), runner.clips, inbox))
    process.start()
    again: dict[str, Generation] | None = None
    try:
        while again is None:
            try:
                again = inbox.get(timeout=1)
            except queue.Empty:
                if not process.is_alive():
                    reason = f"the new process ended with exit code {process.exitcode}"
                    return DeterminismTest("restart", len(items), skipped=reason)
    except BaseException:
        process.kill()
        raise
    process.join()
    return _compare("restart", runner, items, task, (BASE, base), (replace(BASE, name="restart"), again), here=False)


def _again(spec: Spec, items: list[Item], clips: dict[str, Prepared], outbox: Any) -> None:
    end_with_parent()
    worker = Worker(spec)
    outbox.put(Runner(worker, clips).answers(BASE, items))
    worker.close()


def _reference(
    runner: Runner, items: Sequence[Item], task: Task | None, base: dict[str, Generation]
) -> DeterminismTest:
    """The base setup in fp32."""
    if runner.model.precision == "fp32":
        return DeterminismTest("fp32", len(items), skipped="the run is in fp32 itself")
    spec = runner.worker.spec
    model = replace(spec.model, precision="fp32")
    try:
        other = Worker(replace(spec, model=model))
        exact = Runner(other, runner.clips).answers(BASE, items)
    except (torch.OutOfMemoryError, RuntimeError) as error:
        return DeterminismTest("fp32", len(items), skipped=f"no fp32 model here: {str(error).splitlines()[0]}")
    return _compare(
        "fp32", runner, items, task, (BASE, base), (replace(BASE, name="fp32"), exact), Runner(other, runner.clips)
    )


def _number(value: float) -> str:
    return f"{value:.6g}"
