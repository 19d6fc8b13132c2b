"""Key-value cache for beam search: the prompt is cached once per clip, every new token once, and nothing is moved.

All beams of a clip share one row of the cache: its prompt, then K slots for each step, one a beam. Which slots a beam reads
is a mask. When beams are expanded or reordered, rows of that mask are, and keys and values stay where they are. They are
read once per step and clip, by the K beams together; the results equal those of ordinary attention up to rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

ATTENTION = "repro_audit_beams"
_GROW = 32  # steps


@dataclass(frozen=True, slots=True)
class Step:
    """What the beams of a step attend to: keys and values (B, H, S, D), and a mask (B, 1, K, S), 0 or minus infinity."""

    keys: Tensor
    values: Tensor
    mask: Tensor


class BeamCache:
    """Cache of all layers for B clips with K beams; replaces transformers' cache."""

    def __init__(self, layers: int, beams: int, prefix_mask: Tensor | None, owner: Tensor | None = None) -> None:
        """An empty cache.

        Args:
            layers: Of the language model.
            beams: K.
            prefix_mask: (B, P), true for prompt positions that are not padding; None if there is no padding.
            owner: (B,), if prompts have common beginnings: which one each has. They come first, then the rest of each prompt.
        """
        self.beams = beams
        self.prefix_mask = prefix_mask
        self.owner = owner
        self.begun: list[tuple[Tensor, Tensor] | None] = [None] * layers  # (U, H, first part of P, D)
        self.held: list[tuple[Tensor, Tensor] | None] = [None] * layers  # (B, H, room, D)
        self.used = 0  # slots
        self.seen: Tensor | None = None  # (B, K, used), 0 or minus infinity
        self.mask: Tensor | None = None  # of the current step: (B, 1, K, used + K)

    def update(self, key: Tensor, value: Tensor, layer: int, *_: Any, **__: Any) -> tuple[Any, Any]:
        """Store the keys and values of one layer: (B, H, P, D) for the prompt, then (B * K, H, 1, D) per step.

        With `owner`, (U, H, *, D) for the common beginnings comes before the prompt, which is then its rest alone.
        """
        held = self.held[layer]
        if held is None:
            if self.owner is not None:
                begun = self.begun[layer]
                if begun is None:
                    self.begun[layer] = (key, value)
                    return key, value
                key, value = (torch.cat([one.index_select(0, self.owner), new], dim=2)
                              for one, new in zip(begun, (key, value), strict=True))  # fmt: skip
                self.begun[layer] = None
            self.held[layer] = (self._with_room(key), self._with_room(value))
            self.used = key.shape[2]
            return key, value
        beams = self.beams
        if held[0].shape[2] < self.used + beams:
            held = (self._with_room(held[0][:, :, : self.used]), self._with_room(held[1][:, :, : self.used]))
            self.held[layer] = held
        end = self.used + beams
        for half, new in zip(held, (key, value), strict=True):
            rows, heads, _, width = new.shape
            half[:, :, self.used : end] = new.view(rows // beams, beams, heads, width).transpose(1, 2)
        if self.mask is None:
            self.mask = self._step_mask(key)
        return Step(held[0][:, :, :end], held[1][:, :, :end], self.mask), None

    def _with_room(self, part: Tensor) -> Tensor:
        rows, heads, length, width = part.shape
        new = part.new_empty(rows, heads, length + _GROW * self.beams, width)
        new[:, :, :length] = part
        return new

    def _step_mask(self, like: Tensor) -> Tensor:
        """What the beams have seen so far, and each its own new slot."""
        clips, beams = like.shape[0] // self.beams, self.beams
        if self.seen is None:
            self.seen = torch.zeros(clips, beams, self.used, device=like.device)
            if self.prefix_mask is not None:
                self.seen.masked_fill_(~self.prefix_mask[:, None], float("-inf"))
        own = torch.full((beams, beams), float("-inf"), device=like.device).fill_diagonal_(0.0)
        self.seen = torch.cat([self.seen, own.expand(clips, beams, beams)], dim=2)
        return self.seen[:, None]

    def advance(self) -> None:
        """Mark the current token as stored in every layer."""
        self.used += self.beams
        self.mask = None

    def reorder(self, order: Tensor) -> None:
        """Let beam row i continue row `order[i]`: (B * K,), never across clips."""
        if self.seen is not None:
            self.seen = self.seen.flatten(0, 1).index_select(0, order).view_as(self.seen)

    def keep(self, rows: Tensor) -> None:
        """Drop finished clips; `rows` (B',) are the indices of the clips to keep."""
        for index, held in enumerate(self.held):
            if held is not None:
                self.held[index] = (held[0].index_select(0, rows), held[1].index_select(0, rows))
        if self.prefix_mask is not None:
            self.prefix_mask = self.prefix_mask.index_select(0, rows)
        if self.seen is not None:
            self.seen = self.seen.index_select(0, rows)


def _attend(_: Any, query: Tensor, key: Any, value: Any, mask: Tensor | None, **options: Any) -> tuple[Tensor, None]:
    """Attention function for transformers: SDPA for the prompt, the K beams of a clip over one row of slots for a step."""
    scale: float = options["scaling"]
    if not isinstance(key, Step):
        attend = torch.nn.functional.scaled_dot_product_attention
        out = attend(query, key, value, attn_mask=mask, is_causal=mask is None and query.shape[2] > 1, scale=scale)
        return out.transpose(1, 2).contiguous(), None
    rows, heads, _, width = query.shape
    clips, _, beams, _ = key.mask.shape
    # (B * K, H, 1, D) -> (B, H, K, D): the beams of a clip are K queries over one row of slots
    together = query.view(clips, beams, heads, width).transpose(1, 2) * scale
    scores = torch.matmul(together, key.keys.transpose(2, 3)).float()  # (B, H, K, S)
    weights = torch.softmax(scores.add_(key.mask), dim=-1).to(query.dtype)
    out = torch.matmul(weights, key.values)  # (B, H, K, D)
    return out.transpose(1, 2).reshape(rows, 1, heads, width), None


@contextmanager
def beam_attention(llama: Any) -> Iterator[None]:
    """Use this module's attention in a transformers LLaMA inside the block."""
    from transformers import AttentionInterface

    AttentionInterface.register(ATTENTION, _attend)
    before = llama.config._attn_implementation
    llama.config._attn_implementation = ATTENTION
    try:
        yield
    finally:
        llama.config._attn_implementation = before
