"""Decoding: the beam search of transformers 4.28, or that of the installed library.

The rule of 4.28, reimplemented from `generation/beam_search.py` and `generation/utils.py` of transformers
v4.28.0:

- The search starts from a dummy BOS, which is returned, and counts as a token in every length.
- A beam with `</s>` among the best K of 2K candidates becomes a hypothesis with score sum / length,
  where the length counts BOS but not `</s>`; below rank K it is dropped.
- A clip stops when it holds K hypotheses and the worst of them is at least as good as (best candidate's sum)
  / (tokens + 1), where the 1 is BOS.
- At the length limit the open beams become hypotheses too, with score sum / (tokens + 1).

The library increments that stop length from row to row of a batch (a bug: `cur_len += 1` inside the
loop over rows); here every row uses the value for batch size 1. Rows stop independently; the original's stopping criterion
checks only the first row (R models/utils.py:19-30).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from audit.errors import InputError
from audit.inference.salmonn.beam_cache import BeamCache, beam_attention
from audit.inference.salmonn.model import Beginnings, Salmonn, prompt_positions
from audit.inference.salmonn.tokenizer import BOS, EOS

Rule = Literal["transformers-4.28", "current"]
RULES: tuple[Rule, ...] = ("transformers-4.28", "current")


@dataclass(frozen=True, slots=True)
class Decoding:
    """Decoding parameters; the defaults are the released settings (R configs/decode_config.yaml:50-58)."""

    rule: Rule = "transformers-4.28"
    beams: int = 4
    max_new_tokens: int = 200
    length_penalty: str = "1.0"

    def record(self) -> dict[str, str | int | bool]:
        """The parameters for the run's record; no sampling, and a repetition penalty of 1, as released."""
        return {**asdict(self), "sampling": False, "early_stopping": False}


@dataclass(frozen=True, slots=True)
class Generation:
    """Token ids as returned by the rule (4.28: BOS first), and whether they end with an end token."""

    ids: tuple[int, ...]
    finished: bool


NOT_FINITE_FIX = "check the weights and the precision: fp16 overflows where bf16 and fp32 do not"


class NotFiniteError(InputError):
    """The model's numbers are NaN: what it would say next means nothing."""


def _finite(logits: Tensor) -> Tensor:
    """The logits; an error if any is NaN."""
    if bool(torch.isnan(logits).any()):
        raise NotFiniteError("the language model's output contains NaN", fix=NOT_FINITE_FIX)
    return logits


class BeamRow:
    """The hypotheses of one clip, and the selection of candidates."""

    def __init__(self, beams: int, penalty: float) -> None:
        self.beams, self.penalty = beams, penalty
        self.held: list[tuple[float, list[int], bool]] = []
        self.worst = 1e9
        self.done = False

    def add(self, total: float, ids: list[int], finished: bool) -> None:
        """Keep the K best by total / length ** penalty."""
        score = total / len(ids) ** self.penalty
        if len(self.held) < self.beams or score > self.worst:
            self.held.append((score, ids, finished))
            if len(self.held) > self.beams:
                order = sorted((item[0], index) for index, item in enumerate(self.held))
                del self.held[order[0][1]]
                self.worst = order[1][0]
            else:
                self.worst = min(score, self.worst)

    def step(
        self, sequences: list[list[int]], totals: list[float], tokens: list[int], parents: list[int]
    ) -> tuple[list[float], list[int], list[int]]:
        """Process the 2K best candidates in descending order; returns totals, tokens, parents of the K beams that continue."""
        alive: list[tuple[float, int, int]] = []
        for rank, (total, token, parent) in enumerate(zip(totals, tokens, parents, strict=True)):
            if token != EOS:
                alive.append((total, token, parent))
            elif rank < self.beams:
                self.add(total, sequences[parent], finished=True)
            if len(alive) == self.beams:
                break
        length = len(sequences[0]) + 1
        if len(self.held) >= self.beams and self.worst >= max(totals) / length**self.penalty:
            self.done = True
        best, chosen, origin = zip(*alive, strict=True)
        return list(best), list(chosen), list(origin)

    def result(self) -> Generation:
        """The best hypothesis; ties go to the latest, as with the last element of a stable sort."""
        best = max(range(len(self.held)), key=lambda index: (self.held[index][0], index))
        _, ids, finished = self.held[best]
        return Generation((*ids, EOS) if finished else tuple(ids), finished)


@torch.inference_mode()
def generate(
    model: Salmonn, audio: Tensor, prompts: Sequence[tuple[list[int], list[int]]], decoding: Decoding
) -> list[Generation]:
    """Decode a batch of auditory tokens (B, 88, hidden) with one prompt (ids left, ids right) per row.

    Rows of one clip that follow each other share the beginning of their prompts, which is computed once.
    """
    apart = None if decoding.rule == "current" else model.assemble_rests(audio, prompts)
    if apart is not None:
        begun, rests, mask = apart
        return answer(model, rests, mask, decoding, begun)
    embeds, mask = model.assemble(audio, prompts)
    return answer(model, embeds, mask, decoding)


@torch.inference_mode()
def answer(
    model: Salmonn, embeds: Tensor, mask: Tensor | None, decoding: Decoding, begun: Beginnings | None = None
) -> list[Generation]:
    """Decode assembled prompts.

    Args:
        model: The model.
        embeds: (B, P, hidden): whole prompts, or what follows after `begun`.
        mask: (B, P), false for padding; None if there is none.
        decoding: The rule.
        begun: The prompts' common beginnings; not with the library's own decoding.
    """
    if decoding.rule == "current":
        return _library(model, embeds, mask, decoding)

    def make(beams: int) -> Stepper:
        return Stepper(model, embeds, mask, beams, begun)

    if decoding.beams == 1:
        return _greedy(model, embeds, decoding, make)
    return beam_search(model, embeds, decoding, make)


class Stepper:
    """The language model as a step function: tokens of every beam in, logits of the next tokens out."""

    def __init__(
        self, model: Salmonn, embeds: Tensor, mask: Tensor | None, beams: int, begun: Beginnings | None = None
    ) -> None:
        rows, length = embeds.shape[:2]
        layers, before = len(model.decoder.model.layers), 0
        self.model, self.beams = model, beams
        if begun is None:
            self.cache = BeamCache(layers, beams, mask)
        else:
            count, before = begun.embeds.shape[:2]
            whole = None if mask is None else torch.nn.functional.pad(mask, (before, 0), value=True)
            self.cache = BeamCache(layers, beams, whole, begun.owner)
            positions, allowed = prompt_positions(None, count, before, embeds.device)
            model.logits(begun.embeds, positions, self.cache, allowed, last=1)  # for the cache alone
        positions, allowed = prompt_positions(mask, rows, length, embeds.device, before)
        self.next_position = (positions[:, -1] + 1).repeat_interleave(beams)  # (B * K,)
        self.first = model.logits(embeds, positions, self.cache, allowed, last=1)[:, 0]  # (B, V)

    def __call__(self, tokens: Tensor) -> Tensor:
        """Append one token to every beam, (B * K,); returns logits (B * K, V)."""
        embeds = self.model.embedding(tokens)[:, None]
        out = self.model.logits(embeds, self.next_position[:, None], self.cache, None, last=1)[:, 0]
        self.cache.advance()
        self.next_position = self.next_position + 1
        return out

    def reorder(self, order: Tensor) -> None:
        """Let beam row i continue row `order[i]`."""
        self.cache.reorder(order)

    def keep(self, rows: list[int]) -> None:
        """Continue with only these clips."""
        index = torch.tensor(rows, device=self.next_position.device)
        self.cache.keep(index)
        self.next_position = self.next_position.view(-1, self.beams)[index].flatten()


@torch.inference_mode()
def _greedy(model: Salmonn, embeds: Tensor, decoding: Decoding, make: Callable[[int], Stepper]) -> list[Generation]:
    ids = [[BOS] for _ in range(len(embeds))]
    live = list(range(len(embeds)))
    with beam_attention(model.decoder):
        stepper = make(1)
        logits = _finite(stepper.first)
        for step in range(decoding.max_new_tokens):
            tokens = logits.argmax(-1).tolist()
            for row, token in zip(live, tokens, strict=True):
                ids[row].append(token)
            going = [i for i, token in enumerate(tokens) if token != EOS]
            if not going or step + 1 == decoding.max_new_tokens:
                break
            if len(going) < len(live):
                stepper.keep(going)
                live = [live[i] for i in going]
            logits = _finite(stepper(torch.tensor([ids[row][-1] for row in live], device=embeds.device)))
    return [Generation(tuple(row), row[-1] == EOS) for row in ids]


@torch.inference_mode()
def beam_search(model: Salmonn, embeds: Tensor, decoding: Decoding, make: Callable[[int], Any]) -> list[Generation]:
    """The rule of 4.28 with more than one beam.

    Args:
        model: The model.
        embeds: (B, *, hidden), as many rows as there are answers.
        decoding: The rule's parameters.
        make: Makes a stepper for a number of beams.
    """
    beams, penalty, device = decoding.beams, float(decoding.length_penalty), embeds.device
    rows = [BeamRow(beams, penalty) for _ in range(len(embeds))]
    live = list(range(len(rows)))
    sequences: list[list[list[int]]] = [[[BOS]] for _ in rows]  # beams of each active clip
    with beam_attention(model.decoder):
        stepper = make(beams)
        scores = torch.log_softmax(_finite(stepper.first), dim=-1)[:, None]  # (B, 1, V): a single beam at the start
        for step in range(decoding.max_new_tokens):
            vocabulary = scores.shape[-1]
            best, flat = scores.flatten(1).topk(2 * beams, dim=1)  # (B, 2K), descending
            flat_cpu, best_cpu = flat.tolist(), best.tolist()
            totals: list[list[float]] = []
            orders: list[list[int]] = []
            for i, row in enumerate(live):
                tokens = [index % vocabulary for index in flat_cpu[i]]
                parents = [index // vocabulary for index in flat_cpu[i]]
                kept, chosen, origin = rows[row].step(sequences[i], best_cpu[i], tokens, parents)
                sequences[i] = [[*sequences[i][p], t] for p, t in zip(origin, chosen, strict=True)]
                totals.append(kept)
                orders.append(origin)
            going = [i for i, row in enumerate(live) if not rows[row].done]
            if step + 1 == decoding.max_new_tokens:
                for i in going:
                    for total, sequence in zip(totals[i], sequences[i], strict=True):
                        rows[live[i]].add(total, sequence, finished=False)
                break
            if not going:
                break
            # At the first step all beams share one parent, and the cache of new tokens is empty.
            order = [i * beams + p for i, origin in enumerate(orders) for p in origin]
            if step > 0 and order != list(range(len(order))):
                stepper.reorder(torch.tensor(order, device=device))
            if len(going) < len(live):
                stepper.keep(going)
                live = [live[i] for i in going]
                sequences = [sequences[i] for i in going]
                totals = [totals[i] for i in going]
            tokens_now = torch.tensor([beam[-1] for clip in sequences for beam in clip], device=device)
            logits = _finite(stepper(tokens_now))
            held = torch.tensor(totals, device=device)[..., None]  # (B, K, 1)
            scores = torch.log_softmax(logits, dim=-1).view(len(live), beams, -1) + held
    return [row.result() for row in rows]


@torch.inference_mode()
def _library(model: Salmonn, embeds: Tensor, mask: Tensor | None, decoding: Decoding) -> list[Generation]:
    """`generate` of the installed transformers with the released settings, as in a re-run today."""
    from transformers import GenerationConfig

    settings = GenerationConfig(
        max_new_tokens=decoding.max_new_tokens,
        num_beams=decoding.beams,
        do_sample=False,
        length_penalty=float(decoding.length_penalty),
        bos_token_id=BOS,
        eos_token_id=EOS,
        pad_token_id=0,
    )
    # Override the generation settings of the checkpoint.
    model.decoder.generation_config = settings
    attention = torch.ones(embeds.shape[:2], dtype=torch.long, device=embeds.device) if mask is None else mask.long()
    with model.autocast():
        out = model.decoder.generate(inputs_embeds=embeds, attention_mask=attention)
    results = []
    for row in out.tolist():
        end = row.index(EOS) + 1 if EOS in row else len(row)
        results.append(Generation(tuple(row[:end]), EOS in row))
    return results
