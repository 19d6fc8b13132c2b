"""Probes of the prompt wording, of the text prior (no audio), and of the library's beam search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from audit.inference.plan import Batch
from audit.inference.probes.effect import effects
from audit.inference.probes.results import BeamRules, PromptRun, Prompts, TextPrior, about
from audit.inference.salmonn.decoding import RULES
from audit.inference.salmonn.tokenizer import BOS
from audit.inference.settings import TaskSetting
from audit.inference.worker import Worker
from tasks.datasets.manifest import Item
from tasks.row import Row
from tasks.task import Task


def _rows(worker: Worker, items: Sequence[Item], size: int) -> list[Row]:
    batches = [Batch(n, tuple(items[start : start + size])) for n, start in enumerate(range(0, len(items), size))]
    return sorted((row for batch in batches for row in worker.run(batch).rows), key=lambda row: row.id)


def _changed(one: Sequence[Row], two: Sequence[Row]) -> int:
    return sum(a.hypothesis != b.hypothesis for a, b in zip(one, two, strict=True))


def prompts(
    worker: Worker, items: Sequence[Item], task: Task | None, wordings: Sequence[str], size: int = 1
) -> Prompts:
    """The same clips under several instructions; each is compared with the first.

    Args:
        worker: A loaded model; its feature cache avoids encoding the clips again.
        items: The items to run.
        task: For the metrics.
        wordings: Instructions, the task's own first.
        size: The batch size.
    """
    runs = []
    for text in wordings:
        setting = TaskSetting("given", text, worker.spec.setting.max_new_tokens)
        other = Worker(replace(worker.spec, setting=setting), worker.loaded)
        runs.append(_rows(other, items, size))
        other.close()
    found = tuple(
        PromptRun(text, _changed(runs[0], rows), effects(task, runs[0], rows))
        for text, rows in zip(wordings, runs, strict=True)
    )
    return Prompts(probe="prompts", **about(worker, items, task), prompts=found)


def text_prior(worker: Worker, items: Sequence[Item], task: Task | None, size: int = 1) -> TextPrior:
    """The same questions with zeros as auditory tokens: accuracy without audio comes from the text alone.

    The variant of the effect is the run without audio.
    """
    heard = _rows(worker, items, size)
    deaf = Worker(replace(worker.spec, zero_audio=True), worker.loaded)
    unheard = _rows(deaf, items, size)
    deaf.close()
    outputs = {row.id: row.hypothesis for row in unheard}
    return TextPrior(
        probe="text-prior",
        **about(worker, items, task),
        changed=_changed(heard, unheard),
        distinct_without_audio=len(set(outputs.values())),
        outputs_without_audio=outputs,
        effect=effects(task, heard, unheard),
    )


def decoding(worker: Worker, items: Sequence[Item], task: Task | None, size: int = 1) -> BeamRules:
    """The beam search of transformers 4.28 against that of the installed library, on the same clips.

    The variant of the effect is the installed library. The leading BOS, which only the old rule returns, is ignored.
    """
    runs = []
    for rule in RULES:
        chosen = replace(worker.spec, decoding=replace(worker.spec.decoding, rule=rule))
        other = Worker(chosen, worker.loaded)
        runs.append(_rows(other, items, size))
        other.close()
    old, now = runs
    changed = [a.id for a, b in zip(old, now, strict=True) if _new_tokens(a) != _new_tokens(b)]
    return BeamRules(
        probe="decoding",
        **about(worker, items, task),
        rules=RULES,
        changed=len(changed),
        first=changed[0] if changed else None,
        effect=effects(task, old, now),
    )


def _new_tokens(row: Row) -> list[int] | None:
    ids = row.extra.get("ids")
    return None if ids is None else list(ids[1:] if ids[:1] == [BOS] else ids)
