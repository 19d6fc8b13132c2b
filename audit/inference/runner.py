"""Runner: executes the plan of a manifest with an engine, records batches in a journal, and writes the predictions."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from audit._util.files import write_atomic
from audit.errors import InputError, MissingError
from audit.inference.journal import Journal
from audit.inference.merge import merge, work_folder
from audit.inference.plan import Batch, make_plan, take_shard
from audit.inference.run_records import Identity, Outcome, RunEnvironment, TestSetName, Tf32
from audit.inference.salmonn.config import MAX_SECONDS, SAMPLE_RATE
from audit.inference.sampled import SampledRun, first_rows, make_batches
from tasks.datasets.manifest import Manifest

if TYPE_CHECKING:
    from audit.inference.engines.interface import Engine
    from audit.inference.worker import Spec

LIBRARIES = ("torch", "transformers", "peft", "numpy", "soundfile", "soxr", "sentencepiece", "safetensors")
Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Job:
    """A model and a test set; `spec.weights` must be set. `sampled`: the sampling plan that it follows."""

    task: str
    manifest: Manifest
    spec: Spec
    batch_size: int
    out: Path
    shard: tuple[int, int] = (1, 1)
    sampled: SampledRun | None = None

    def identity(self, batches: int) -> Identity:
        """Everything that determines the rows; a journal continues only with the same."""
        return Identity(
            task=self.task,
            manifest=self.manifest.sha256,
            items=len(self.manifest.items),
            dataset=TestSetName(self.manifest.dataset, self.manifest.split),
            prompt=self.spec.setting.instruction,
            prompt_key=self.spec.setting.key,
            model=self.spec.model.settings(),
            weights=dict(self.spec.weights or {}),
            decoding=self.spec.decoding.record(),
            resampler=self.spec.resampler,
            batch_size=self.batch_size,
            encode_batch=self.spec.encode_batch,
            zero_audio=self.spec.zero_audio,
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
        raise MissingError(
            "the Python package soundfile is not installed", fix="pip install 'repro-audit[inference]'"
        ) from None
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


def environment(device: str) -> RunEnvironment:
    """The libraries, machine, device and numeric settings of this process, for the run's record."""
    import torch

    packages = {}
    for name in LIBRARIES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            continue
    found = RunEnvironment(
        python=platform.python_version(),
        platform=platform.platform(),
        packages=packages,
        device=device,
        threads=torch.get_num_threads(),
        tf32=Tf32(torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32),
        cublas_workspace=os.environ.get("CUBLAS_WORKSPACE_CONFIG"),
        deterministic_algorithms=torch.are_deterministic_algorithms_enabled(),
    )
    if not (device.startswith("cuda") and torch.cuda.is_available()):
        return found
    properties = torch.cuda.get_device_properties(torch.device(device))
    return replace(
        found,
        device=properties.name,
        compute_capability=f"{properties.major}.{properties.minor}",
        cuda=torch.version.cuda,
        cudnn=torch.backends.cudnn.version(),
    )


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
    folder = work_folder(job.out, job.task)
    try:
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
            merge(job.task, [job.out], job.out, who=who, first=True)
            raise
        _note_environment(folder, job)
        rows = journal.rows()
    if job.shard[1] > 1:
        return Outcome(len(rows), sum(row.hypothesis is None for row in rows), None)
    return merge(job.task, [job.out], job.out, who=who, first=job.sampled is not None)


def _run_rest(
    journal: Journal,
    spec: Spec,
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
    write_atomic(
        folder / name, json.dumps(environment(job.spec.model.device).as_json(), indent=1, sort_keys=True) + "\n"
    )
