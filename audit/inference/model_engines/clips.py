"""Runs the clips of a test set through a model engine: the same rows, error rows and events as with SALMONN."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from audit.errors import AuditError, InputError, MissingError
from audit.inference.audio import AudioError, read_clip
from audit.inference.model_engines import engine_named
from audit.inference.model_engines.interface import Answer, EngineModel, Heard, LoadedModel, Samples
from audit.inference.plan import Batch
from audit.inference.prefetch import Prefetcher, reason, unexpected
from audit.inference.run_records import BatchResult, EngineSettings, Event, RunEnvironment, RunFacts
from audit.inference.settings import TaskSetting
from tasks.datasets.manifest import Item
from tasks.row import Row


@dataclass(frozen=True, slots=True)
class ReadClip:
    """A clip: samples (n,) float32 at 16 kHz, or the error; and notes on how they were obtained."""

    samples: Samples | None
    notes: Mapping[str, int]
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ClipReader:
    """Reads clips as an engine hears them."""

    root: Path
    resampler: str
    longest: int | None

    def prepare(self, item: Item) -> ReadClip:
        """Read a clip; a problem with it becomes `error`."""
        try:
            clip = read_clip([self.root / name for name in item.audio], self.resampler, self.longest, shortest=0)
            return ReadClip(clip.samples.astype(np.float32), clip.notes)
        except AudioError as error:
            return self.failed(reason(error, self.root))
        except AuditError:
            raise  # a library is missing: every clip would fail
        except Exception as error:  # noqa: BLE001
            return self.failed(unexpected(error))

    def failed(self, why: str) -> ReadClip:
        """A clip that cannot be used."""
        return ReadClip(None, {}, why)


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """A model of a model engine and a test set; see `WorkSpec`.

    Attributes:
        setting: The instruction; None if the model takes none.
        weights: SHA-256 of the model's files, by name.
    """

    model: EngineModel
    setting: TaskSetting | None
    root: Path
    weights: Mapping[str, str]
    resampler: str = "none"
    prefetch: int = 0

    @property
    def device(self) -> str:
        """The device of model.yaml."""
        return self.model.device

    def on(self, device: str) -> ClipSpec:
        """The same on another device."""
        return replace(self, model=replace(self.model, device=device))

    def load(self) -> LoadedModel:
        """Load the model."""
        engine = engine_named(self.model.engine)
        engine.need()
        return engine.load(self.model)

    def worker(self, loaded: LoadedModel | None = None) -> ClipWorker:
        """A worker with this model, loaded now if it is not yet."""
        return ClipWorker(self, self.load() if loaded is None else loaded)

    def facts(self) -> RunFacts:
        """What determines the rows."""
        engine, model = engine_named(self.model.engine), self.model
        return RunFacts(
            prompt=None if self.setting is None else self.setting.instruction,
            prompt_key="none" if self.setting is None else self.setting.key,
            model=EngineSettings(model.engine, model.name, model.variant, engine.special_tokens(model)),
            weights=dict(self.weights),
            decoding=engine.decoding(model),
            resampler=self.resampler,
        )

    def environment(self) -> RunEnvironment:
        """What this process runs on."""
        return engine_named(self.model.engine).environment(self.model)


class ClipWorker:
    """A loaded model with what reads its clips."""

    def __init__(self, spec: ClipSpec, loaded: LoadedModel) -> None:
        self.spec, self.loaded = spec, loaded
        longest = engine_named(spec.model.engine).longest(spec.model)
        self.prefetcher = Prefetcher(ClipReader(spec.root, spec.resampler, longest), spec.prefetch)

    def close(self) -> None:
        """Stop the processes that read ahead."""
        self.prefetcher.close()

    def begin(self, batches: Iterable[Batch]) -> None:
        """Let the processes start reading upcoming batches."""
        for batch in batches:
            self.prefetcher.begin(batch.items)

    def run(self, batch: Batch) -> BatchResult:
        """Process a batch; unreadable clips, and clips on which the library fails, become error rows."""
        rows: dict[str, Row] = {}
        good: list[tuple[Item, ReadClip, Heard]] = []
        for item, clip in zip(batch.items, self.prefetcher.take(batch.items), strict=True):
            prompt, why = self._prompt(item)
            why = why or clip.error
            if clip.samples is None or why is not None:
                rows[item.id] = self._row(item, prompt, why or "no samples", clip.notes)
            else:
                good.append((item, clip, Heard(clip.samples, prompt)))
        events: list[Event] = []
        answers = self._answers([heard for _, _, heard in good], batch.number, events) if good else []
        for (item, clip, heard), found in zip(good, answers, strict=True):
            rows[item.id] = self._row(item, heard.prompt, found, clip.notes)
        return BatchResult(batch.number, tuple(rows[name] for name in sorted(rows)), tuple(events))

    def _prompt(self, item: Item) -> tuple[str | None, str | None]:
        """What the model is asked about an item, and why it cannot be asked.

        Raises:
            InputError: The instruction fits no item.
        """
        if self.spec.setting is None:
            return None, None
        try:
            return self.spec.setting.prompt(item.query), None
        except InputError as error:
            # The task's instruction is the same for every clip; a question is the clip's own.
            if item.query is None:
                raise
            return None, error.what

    def _answers(self, clips: Sequence[Heard], number: int, events: list[Event]) -> list[Answer | str]:
        """The answer to each clip, or why there is none: an error of a library ends one clip, not the run."""
        try:
            found: list[Answer | str] = list(self.loaded.answer(clips))
            return found
        except AuditError:
            raise
        except Exception as error:  # noqa: BLE001
            why, memory = unexpected(error), _out_of_memory(error)
            self._check_device(error, memory)
        # Outside the exception handler, so that the tensors of the failed attempt have been freed.
        if len(clips) == 1:
            if memory:
                fix = "Use a device with more memory, a smaller number format, or fewer beams."
                raise MissingError("not enough memory for a single clip", fix=fix)
            return [why]
        if memory:
            half = len(clips) // 2
            events.append(Event("out-of-memory", number, rows=len(clips), halved_to=(half, len(clips) - half)))
            parts = [clips[:half], clips[half:]]
        else:
            # A batch does not say which clip it was: one by one.
            events.append(Event("batch-divided", number, rows=len(clips)))
            parts = [[clip] for clip in clips]
        return [one for part in parts for one in self._answers(part, number, events)]

    def _check_device(self, error: Exception, memory: bool) -> None:
        """Raise if it is the device that failed: then every further clip would be an error row.

        Raises:
            MissingError: It is.
        """
        words = str(error)
        if not memory and any(name in words for name in ("CUDA", "cuBLAS", "cuDNN", "CUBLAS", "CUDNN")):
            raise MissingError(
                f"the device {self.spec.device} no longer works ({unexpected(error)})",
                fix="Start again: the finished batches are kept.",
            ) from None

    def _row(self, item: Item, prompt: str | None, found: Answer | str, notes: Mapping[str, int]) -> Row:
        """A row as in the predictions file; `found` is the answer, or why there is none."""
        extra: dict[str, Any] = dict(item.extra)
        if isinstance(found, str):
            extra["error"] = found
        else:
            extra |= found.extra
            if notes:
                extra["audio"] = dict(notes)
        return Row(
            item.id,
            hypothesis=None if isinstance(found, str) else found.text,
            reference=item.reference,
            finished=None if isinstance(found, str) else found.finished,
            prompt=prompt,
            extra=extra,
        )


def _out_of_memory(error: BaseException) -> bool:
    words = str(error).lower()
    return "out of memory" in words or "not enough memory" in words or isinstance(error, MemoryError)
