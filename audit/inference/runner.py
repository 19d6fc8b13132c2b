"""Runner: executes the plan of a manifest with an engine, records batches in a journal, and writes the predictions."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from audit._util.files import write_atomic
from audit._util.folders import sweep_files
from audit.errors import InputError, MissingError
from audit.inference.audio import AUDIO_FIX, MAX_SECONDS, SAMPLE_RATE
from audit.inference.journal import Journal
from audit.inference.merge import merge, work_folder
from audit.inference.plan import Batch, make_plan, take_shard
from audit.inference.run_records import Identity, Outcome, TestSetName
from audit.inference.sampled import SampledRun, first_rows, make_batches
from audit.scoring.predictions import file_stem
from tasks.datasets.manifest import Manifest

if TYPE_CHECKING:
    from audit.inference.engines.interface import Engine, WorkSpec

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Job:
    """A model and a test set.

    Attributes:
        spec: The model; of SALMONN with `weights`.
        sampled: The sampling plan that it follows.
        name: The run's name, for files `TASK@NAME`; None for `TASK`.
    """

    task: str
    manifest: Manifest
    spec: WorkSpec
    batch_size: int
    out: Path
    shard: tuple[int, int] = (1, 1)
    sampled: SampledRun | None = None
    name: str | None = None

    @property
    def stem(self) -> str:
        """The name of its files: `TASK` or `TASK@NAME`."""
        return file_stem(self.task, self.name)

    def identity(self, batches: int) -> Identity:
        """Everything that determines the rows; a journal continues only with the same."""
        facts = self.spec.facts()
        return Identity(
            task=self.task,
            manifest=self.manifest.sha256,
            items=len(self.manifest.items),
            dataset=TestSetName(self.manifest.dataset, self.manifest.split),
            prompt=facts.prompt,
            prompt_key=facts.prompt_key,
            model=facts.model,
            weights=facts.weights,
            decoding=facts.decoding,
            resampler=facts.resampler,
            batch_size=self.batch_size,
            encode_batch=facts.encode_batch,
            zero_audio=facts.zero_audio,
            batches=batches,
            shard=self.shard,
            sampling=None if self.sampled is None else self.sampled.plan,
        )

    def batches(self) -> list[Batch]:
        """The plan of the run: batches of similar length, or in the order of a sampling plan.

        Raises:
            InputError: The sampling plan is of another set, or the run is a shard of one.
        """
        items = self.manifest.items
        if self.sampled is None:
            return make_plan(items, clip_lengths(self.manifest), self.batch_size)
        if self.shard != (1, 1):
            raise InputError(
                "a shard cannot follow a sampling plan, which stops as a whole",
                where="--shard",
                fix="Use several devices or Ray actors instead.",
            )
        return make_batches(items, self.sampled, self.batch_size)


def clip_lengths(manifest: Manifest) -> dict[str, int]:
    """The length of each item for the plan: samples at 16 kHz, at most 30 s; 0 for unreadable files."""
    try:
        import soundfile
    except ImportError:
        raise MissingError("the Python package soundfile is not installed", fix=AUDIO_FIX) from None
    lengths = {}
    for item in manifest.items:
        total = 0
        for path in manifest.paths(item):
            try:
                info = soundfile.info(path)
            except Exception:  # noqa: BLE001, S112 - reading the clip gives the reason
                continue
            total += int(info.frames * SAMPLE_RATE // max(1, info.samplerate))
        lengths[item.id] = min(total, MAX_SECONDS * SAMPLE_RATE)
    return lengths


def run(job: Job, engine: Engine, tell: Tell | None = None, who: str | None = None) -> Outcome:
    """Run the batches that are not in the journal; when all are done, write the predictions.

    Args:
        job: The job.
        engine: The engine that runs it.
        tell: Called with (rows done, rows of this shard) after every batch.
        who: Who ran it, for the meta file.

    Raises:
        InputError: The journal is of a different run.
        MissingError: The disk is full, the memory does not suffice for one clip, or a batch crashes workers.
    """
    plan = job.batches()
    mine = take_shard(plan, job.shard)
    folder = work_folder(job.out, job.stem)
    try:
        # Other shards write here, too.
        sweep_files(folder, shared=True)
        write_atomic(folder / "manifest.jsonl", job.manifest.text())
        journal = Journal(folder / f"shard-{job.shard[0]}-of-{job.shard[1]}.journal", job.identity(len(plan)))
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=str(error.filename or folder)) from None
    with journal:
        try:
            _run_rest(journal, job.spec, mine, engine, tell, job.sampled)
        except KeyboardInterrupt:
            # What was drawn so far is a sample, too; without a plan, a part of a run is no predictions file.
            if job.sampled is None or not first_rows(journal.done):
                raise
            _note_environment(folder, job)
            merge(job.stem, [job.out], job.out, who=who, first=True)
            raise
        _note_environment(folder, job)
        rows = journal.rows()
    if job.shard[1] > 1:
        return Outcome(len(rows), sum(row.hypothesis is None for row in rows), None)
    return merge(job.stem, [job.out], job.out, who=who, first=job.sampled is not None)


def _run_rest(
    journal: Journal,
    spec: WorkSpec,
    mine: list[Batch],
    engine: Engine,
    tell: Tell | None,
    sampled: SampledRun | None = None,
) -> None:
    """Run what the journal lacks; with a sampling plan, until it says stop. A batch that is running then is lost."""
    total = sum(len(batch.items) for batch in mine)
    left = [batch for batch in mine if batch.number not in journal.done]
    done = total - sum(len(batch.items) for batch in left)
    if tell is not None:
        tell(done, total)
    if not left or (sampled is not None and journal.done and sampled.stop(first_rows(journal.done))):
        return
    results = engine.run(spec, left)
    try:
        for result in results:
            journal.add(result)
            done += len(result.rows)
            if tell is not None:
                tell(done, total)
            if sampled is not None and sampled.stop(first_rows(journal.done)):
                break
    finally:
        # Stops the workers of a run that ends early.
        if isinstance(results, Generator):
            results.close()


def _note_environment(folder: Path, job: Job) -> None:
    name = f"environment-{job.shard[0]}-of-{job.shard[1]}.json"
    write_atomic(folder / name, json.dumps(job.spec.environment().as_json(), indent=1, sort_keys=True) + "\n")
