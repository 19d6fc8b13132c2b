"""Worker: a loaded model that turns batches of items into prediction rows. Engines run one or several workers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from audit.errors import MissingError
from audit.inference.feature_cache import FeatureStore, model_key
from audit.inference.frontend import Frontend, Prefetcher, Prepared, compute
from audit.inference.plan import Batch
from audit.inference.run_records import BatchResult, Event
from audit.inference.salmonn.checkpoint import Loaded, load
from audit.inference.salmonn.config import ModelConfig
from audit.inference.salmonn.decoding import Decoding, Generation, generate
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


class Worker:
    """A loaded model with its front end."""

    def __init__(self, spec: Spec, loaded: Loaded | None = None) -> None:
        self.spec = spec
        self.loaded = load(spec.model, spec.weights) if loaded is None else loaded
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
            audio = self.hear(good)
            answers = self._answer([item for item, _ in good], audio, batch.number, events)
            for (item, clip), found in zip(good, answers, strict=True):
                extra = {**item.extra, "ids": list(found.ids)}
                if clip.notes:
                    extra["audio"] = clip.notes
                rows[item.id] = self.row(item, found, extra)
        return BatchResult(batch.number, tuple(rows[name] for name in sorted(rows)), tuple(events))

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


def out_of_memory(error: BaseException) -> bool:
    """Whether a torch error is an out-of-memory error, on a GPU or on the CPU."""
    return isinstance(error, torch.OutOfMemoryError) or "not enough memory" in str(error)
