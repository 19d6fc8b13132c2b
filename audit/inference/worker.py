"""Worker: a loaded SALMONN that turns batches of items into prediction rows. Engines run one or several workers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from audit.errors import AuditError, InputError, MissingError
from audit.inference.audio import AudioError
from audit.inference.environment import torch_environment
from audit.inference.feature_cache import FeatureStore, model_key
from audit.inference.frontend import Frontend, Prepared, compute
from audit.inference.plan import Batch
from audit.inference.prefetch import Prefetcher, unexpected
from audit.inference.run_records import BatchResult, Event, RunEnvironment, RunFacts
from audit.inference.salmonn.checkpoint import Loaded, load
from audit.inference.salmonn.config import ModelConfig
from audit.inference.salmonn.decoding import NOT_FINITE_FIX, Decoding, Generation, NotFiniteError, generate
from audit.inference.salmonn.tokenizer import BOS, EOS, UNK
from audit.inference.settings import TaskSetting
from tasks.datasets.manifest import Item
from tasks.row import Row


@dataclass(frozen=True, slots=True)
class Spec:
    """Everything needed to create a worker in another process.

    Attributes:
        zero_audio: Replace the auditory tokens by zeros, to probe what the language model answers without audio.
        weights: Hashes of the weight files, if already known.
        encode_batch: The batch size of the encoders; with 1, a clip's tokens do not depend on the rest of the batch.
    """

    model: ModelConfig
    setting: TaskSetting
    decoding: Decoding
    root: Path
    resampler: str = "none"
    features: Path | None = None
    encode_batch: int = 1
    prefetch: int = 0
    zero_audio: bool = False
    weights: Mapping[str, str] | None = None

    @property
    def device(self) -> str:
        """The device of model.yaml."""
        return self.model.device

    def on(self, device: str) -> Spec:
        """The same on another device."""
        return replace(self, model=replace(self.model, device=device))

    def load(self) -> Loaded:
        """Load the model; see `audit.inference.salmonn.checkpoint.load`."""
        return load(self.model, self.weights)

    def worker(self, loaded: Loaded | None = None) -> Worker:
        """A worker with this model, loaded now if it is not yet."""
        return Worker(self, loaded)

    def facts(self) -> RunFacts:
        """What determines the rows; `weights` must be set."""
        return RunFacts(
            prompt=self.setting.instruction,
            prompt_key=self.setting.key,
            model=self.model.settings(),
            weights=dict(self.weights or {}),
            decoding=self.decoding.record(),
            resampler=self.resampler,
            encode_batch=self.encode_batch,
            zero_audio=self.zero_audio,
        )

    def environment(self) -> RunEnvironment:
        """What this process runs on."""
        return torch_environment(self.model.device)


class Worker:
    """A loaded model with its front end."""

    def __init__(self, spec: Spec, loaded: Loaded | None = None) -> None:
        self.spec = spec
        self.loaded = spec.load() if loaded is None else loaded
        key = model_key(self.loaded.record, spec.encode_batch)
        self.store = FeatureStore(spec.features)
        self.frontend = Frontend(spec.root, spec.model.whisper, key, spec.resampler, spec.features)
        self.prefetcher = Prefetcher(self.frontend, spec.prefetch)

    def close(self) -> None:
        """Stop the front end's processes."""
        self.prefetcher.close()

    def begin(self, batches: Iterable[Batch]) -> None:
        """Let the front end start preparing upcoming batches."""
        for batch in batches:
            self.prefetcher.begin(batch.items)

    def run(self, batch: Batch) -> BatchResult:
        """Process a batch; unreadable clips become error rows."""
        prepared = self.prefetcher.take(batch.items)
        rows: dict[str, Row] = {}
        good: list[tuple[Item, Prepared]] = []
        for item, clip in zip(batch.items, prepared, strict=True):
            if clip.error is not None:
                rows[item.id] = self.row(item, None, {**item.extra, "error": clip.error})
            else:
                good.append((item, clip))
        events: list[Event] = []
        if good:
            for (item, clip), found in zip(good, self._answers(good, batch.number, events), strict=True):
                if isinstance(found, str):
                    rows[item.id] = self.row(item, None, {**item.extra, "error": found})
                    continue
                extra = {**item.extra, "ids": list(found.ids)}
                if clip.notes:
                    extra["audio"] = clip.notes
                rows[item.id] = self.row(item, found, extra)
        return BatchResult(batch.number, tuple(rows[name] for name in sorted(rows)), tuple(events))

    def _answers(self, clips: list[tuple[Item, Prepared]], number: int, events: list[Event]) -> list[Generation | str]:
        """The answer to each clip, or why there is none: an error of a library ends one clip, not the run."""
        items = [item for item, _ in clips]
        reason = ""
        try:
            return [_checked(found) for found in self._answer(items, self.hear(clips), number, events)]
        except (AudioError, NotFiniteError) as error:
            reason = error.what
        except InputError as error:
            # The task's instruction is the same for every clip; a question is the clip's own.
            if any(item.query is None for item in items):
                raise
            reason = error.what
        except AuditError:
            raise
        except Exception as error:  # noqa: BLE001
            reason = unexpected(error)
            self._check_device(error)
        if len(clips) == 1:
            return [reason]
        # A batch does not say which clip it was: one by one, outside the exception handler as above.
        events.append(Event("batch-divided", number, rows=len(clips)))
        return [found for clip in clips for found in self._answers([clip], number, events)]

    def _check_device(self, error: Exception) -> None:
        """Raise if the device itself no longer works: then every further clip would be an error row.

        Raises:
            MissingError: It does not.
        """
        try:
            torch.ones(1, device=self.loaded.model.device).sum().item()
        except Exception:  # noqa: BLE001
            raise MissingError(
                f"the device {self.loaded.model.device} no longer works ({unexpected(error)})",
                fix="start again: the finished batches are kept",
            ) from None

    def hear(self, clips: list[tuple[Item, Prepared]]) -> Tensor:
        """The auditory tokens (B, 88, hidden), from the cache if possible."""
        found: list[Tensor | None] = [self.store.get(clip.key) for _, clip in clips]
        todo = [i for i, tokens in enumerate(found) if tokens is None]
        for start in range(0, len(todo), self.spec.encode_batch):
            chunk = todo[start : start + self.spec.encode_batch]
            inputs = []
            for i in chunk:
                item, clip = clips[i]
                # The clip was cached when it was prepared, but is no longer: damaged or removed.
                inputs.append(compute(self.frontend, item, clip.key, clip.notes) if clip.mel is None else clip)
            for i, tokens in zip(chunk, self.encode(inputs), strict=True):
                if not bool(torch.isfinite(tokens).all()):
                    raise NotFiniteError("the encoders' output contains NaN or infinity", fix=NOT_FINITE_FIX)
                found[i] = tokens
                self.store.put(clips[i][1].key, tokens)
        device, model = self.loaded.model.device, self.loaded.model
        audio = torch.stack([t.to(device, model.embedding.weight.dtype) for t in found if t is not None])
        return torch.zeros_like(audio) if self.spec.zero_audio else audio

    def encode(self, clips: list[Prepared]) -> Tensor:
        """Run the encoders on a batch of clips: (B, 88, hidden)."""
        model = self.loaded.model
        banks = [torch.from_numpy(clip.bank) for clip in clips if clip.bank is not None]
        frames = torch.tensor([len(bank) for bank in banks], device=model.device)
        bank = torch.nn.utils.rnn.pad_sequence(banks, batch_first=True).to(model.device)
        mel = torch.stack([torch.from_numpy(clip.mel) for clip in clips if clip.mel is not None]).to(model.device)
        return model.encode(mel, bank, frames)

    def _answer(self, items: list[Item], audio: Tensor, number: int, events: list[Event]) -> list[Generation]:
        try:
            return generate(self.loaded.model, audio, self.prompts(items), self.spec.decoding)
        except (torch.OutOfMemoryError, RuntimeError) as error:
            if not out_of_memory(error):
                raise
        # Outside the exception handler, so that the tensors of the failed attempt have been freed.
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if len(items) == 1:
            raise MissingError(
                "not enough memory for a single clip",
                fix="use a device with more memory, --precision fp16 or int8, or fewer --beams",
            )
        half = len(items) // 2
        events.append(Event("out-of-memory", number, rows=len(items), halved_to=(half, len(items) - half)))
        first = self._answer(items[:half], audio[:half], number, events)
        return first + self._answer(items[half:], audio[half:], number, events)

    def prompts(self, items: list[Item]) -> list[tuple[list[int], list[int]]]:
        """The ids before and after the auditory tokens, for every item."""
        return [self.loaded.tokenizer.prompt(self.spec.setting.prompt(item.query)) for item in items]

    def row(self, item: Item, answer: Generation | None, extra: Mapping[str, Any] | None = None) -> Row:
        """A row as in the predictions file."""
        text = None if answer is None else self.loaded.tokenizer.decode(answer.ids)
        return Row(
            item.id,
            hypothesis=text,
            reference=item.reference,
            finished=None if answer is None else answer.finished,
            prompt=self.spec.setting.prompt(item.query),
            extra=dict(item.extra if extra is None else extra),
        )


def _checked(answer: Generation) -> Generation | str:
    """The answer, or why it is none: a model whose numbers are NaN answers with the first token, `<unk>`, alone."""
    said = [token for token in answer.ids if token not in {BOS, EOS}]
    return "the output consists of <unk> alone" if said and set(said) == {UNK} else answer


def out_of_memory(error: BaseException) -> bool:
    """Whether a torch error is an out-of-memory error, on a GPU or on the CPU."""
    return isinstance(error, torch.OutOfMemoryError) or "not enough memory" in str(error)
