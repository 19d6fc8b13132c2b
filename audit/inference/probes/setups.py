"""Setups of the determinism probe, and the replay of a row under two setups."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from audit.inference.frontend import Prepared
from audit.inference.probes.trace import RowView, recording
from audit.inference.salmonn.beam_cache import beam_attention
from audit.inference.salmonn.decoding import Generation, Stepper, answer
from audit.inference.salmonn.tokenizer import EOS
from audit.inference.worker import Worker
from tasks.datasets.manifest import Item


@dataclass(frozen=True, slots=True)
class Setup:
    """A configuration of a run.

    Attributes:
        name: The test: `batch`, `order`, ...
        size: The batch size of the encoders and of the language model.
        seed: Seed for shuffling the items; None keeps the order by id.
        frames: Number of noise frames appended to every filter bank, marked as padding.
        positions: Number of noise positions before every prompt, marked as padding.
        threads: Number of torch threads; None leaves it unchanged.
    """

    name: str
    size: int = 1
    seed: int | None = None
    frames: int = 0
    positions: int = 0
    threads: int | None = None

    def batches(self, items: Sequence[Item]) -> list[list[Item]]:
        """The items in batches."""
        order = sorted(items, key=lambda item: item.id)
        if self.seed is not None:
            random.Random(self.seed).shuffle(order)  # noqa: S311 - an order, no secret
        return [order[i : i + self.size] for i in range(0, len(order), self.size)]


@contextmanager
def _threads(setup: Setup) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(setup.threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Runner:
    """Runs prepared clips of one worker in any setup."""

    def __init__(self, worker: Worker, clips: dict[str, Prepared]) -> None:
        self.worker, self.clips = worker, clips
        self.model = worker.loaded.model

    def answers(self, setup: Setup, items: Sequence[Item]) -> dict[str, Generation]:
        """The generation for every item."""
        found: dict[str, Generation] = {}
        with _threads(setup):
            for batch in setup.batches(items):
                embeds, mask = self._embeds(setup, batch)
                out = answer(self.model, embeds, mask, self.worker.spec.decoding)
                found |= {item.id: generation for item, generation in zip(batch, out, strict=True)}
        return found

    def first_logits(self, setup: Setup, items: Sequence[Item]) -> dict[str, Tensor]:
        """The logits (V,) of the first token for every item, on the CPU in float32."""
        found: dict[str, Tensor] = {}
        with _threads(setup), torch.inference_mode(), beam_attention(self.model.decoder):
            for batch in setup.batches(items):
                first = Stepper(self.model, *self._embeds(setup, batch), 1).first.float().cpu()
                found |= {item.id: logits for item, logits in zip(batch, first, strict=True)}
        return found

    def _frames(self, setup: Setup, batch: Sequence[Item]) -> tuple[Tensor, Tensor, Tensor]:
        banks = [torch.from_numpy(bank) for item in batch if (bank := self.clips[item.id].bank) is not None]
        mels = [torch.from_numpy(mel) for item in batch if (mel := self.clips[item.id].mel) is not None]
        frames = torch.tensor([len(bank) for bank in banks])
        bank = torch.nn.utils.rnn.pad_sequence(banks, batch_first=True, padding_value=1.0)
        if setup.frames:
            bank = torch.nn.functional.pad(bank, (0, 0, 0, setup.frames), value=1.0)
        device = self.model.device
        return torch.stack(mels).to(device), bank.to(device), frames.to(device)

    def _embeds(self, setup: Setup, batch: Sequence[Item]) -> tuple[Tensor, Tensor | None]:
        audio = self.model.encode(*self._frames(setup, batch))
        audio = torch.zeros_like(audio) if self.worker.spec.zero_audio else audio
        embeds, mask = self.model.assemble(audio, self.worker.prompts(list(batch)))
        if setup.positions:
            if mask is None:
                mask = torch.ones(embeds.shape[:2], dtype=torch.bool, device=embeds.device)
            embeds = torch.nn.functional.pad(embeds, (0, 0, setup.positions, 0), value=1.0)
            mask = torch.nn.functional.pad(mask, (setup.positions, 0), value=False)
        return embeds, mask

    def replay(
        self, setup: Setup, items: Sequence[Item], row: str, tokens: dict[str, Generation], steps: int
    ) -> Callable[[Callable[[str], bool]], list[tuple[str, Tensor]]]:
        """A function that runs the row's batch again with given tokens and records the outputs of its modules."""
        batch = next(batch for batch in setup.batches(items) if any(item.id == row for item in batch))
        index = [item.id for item in batch].index(row)

        def run(wanted: Callable[[str], bool]) -> list[tuple[str, Tensor]]:
            found: list[tuple[str, Tensor]] = []
            frames = len(bank) if (bank := self.clips[row].bank) is not None else 0
            patches = int(self.model.beats.lengths(torch.tensor(frames)))
            left, right = self.worker.prompts([batch[index]])[0]
            view = RowView(index, len(batch), patches, len(left) + 88 + len(right))
            with _threads(setup), recording(self.model, wanted, view, found), torch.inference_mode():
                embeds, mask = self._embeds(setup, batch)
                with beam_attention(self.model.decoder):
                    stepper = Stepper(self.model, embeds, mask, 1)
                    for step in range(1, steps + 1):
                        fed = [self._token(tokens[item.id], step) for item in batch]
                        stepper(torch.tensor(fed, device=embeds.device))
            return found

        return run

    @staticmethod
    def _token(generation: Generation, step: int) -> int:
        return generation.ids[step] if step < len(generation.ids) else EOS

    def logits_at(
        self, setup: Setup, items: Sequence[Item], row: str, tokens: dict[str, Generation], step: int
    ) -> Tensor:
        """The logits (V,) from which the token after `step` given ones is chosen."""
        batch = next(batch for batch in setup.batches(items) if any(item.id == row for item in batch))
        index = [item.id for item in batch].index(row)
        with _threads(setup), torch.inference_mode(), beam_attention(self.model.decoder):
            stepper = Stepper(self.model, *self._embeds(setup, batch), 1)
            logits = stepper.first
            for now in range(1, step + 1):
                fed = [self._token(tokens[item.id], now) for item in batch]
                logits = stepper(torch.tensor(fed, device=logits.device))
        return logits[index]
