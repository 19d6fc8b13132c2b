"""Key-value cache for beam search: the prompt is cached once per clip, new tokens once per beam.

All beams of a clip share the cache of its prompt, which is not copied when beams are expanded or reordered and is
read once per step instead of once per beam. The results equal those of ordinary attention up to rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

ATTENTION = "repro_audit_beams"
_GROW = 32


class BeamCache:
    """Cache of all layers for B clips with K beams; replaces transformers' cache."""

    def __init__(self, layers: int, beams: int, prefix_mask: Tensor | None) -> None:
        """`prefix_mask` (B, P): true for prompt positions that are not padding; None if there is no padding."""
        self.beams = beams
        self.prefix_mask = prefix_mask
        self.prefix: list[tuple[Tensor, Tensor] | None] = [None] * layers
        self.suffix: list[tuple[Tensor, Tensor] | None] = [None] * layers
        self.length = 0  # number of cached new tokens

    def update(self, key: Tensor, value: Tensor, layer: int, *_: Any, **__: Any) -> tuple[Any, Any]:
        """Store the keys and values of one layer: (B, H, P, D) for the prompt, then (B * K, H, 1, D) per step."""
        held = self.prefix[layer]
        if held is None:
            self.prefix[layer] = (key.contiguous(), value.contiguous())
            return key, value
        keys, values = self._room(layer, key)
        keys[:, :, self.length] = key[:, :, 0]
        values[:, :, self.length] = value[:, :, 0]
        end = self.length + 1
        step = (*held, keys[:, :, :end], values[:, :, :end], self.beams, self.prefix_mask)
        return step, None

    def _room(self, layer: int, like: Tensor) -> tuple[Tensor, Tensor]:
        held = self.suffix[layer]
        if held is not None and held[0].shape[2] > self.length:
            return held
        rows, heads, _, width = like.shape
        new = like.new_empty(2, rows, heads, self.length + _GROW, width)
        if held is not None:
            new[0, :, :, : self.length], new[1, :, :, : self.length] = held
        self.suffix[layer] = (new[0], new[1])
        return new[0], new[1]

    def advance(self) -> None:
        """Mark the current token as stored in every layer."""
        self.length += 1

    def reorder(self, order: Tensor) -> None:
        """Let beam row i continue row `order[i]`: (B * K,), never across clips."""
        for index, held in enumerate(self.suffix):
            if held is not None:
                for half in held:
                    half[:, :, : self.length] = half[:, :, : self.length].index_select(0, order)
                self.suffix[index] = held

    def keep(self, rows: Tensor) -> None:
        """Drop finished clips; `rows` (B',) are the indices of the clips to keep."""
        width = torch.arange(self.beams, device=rows.device)
        beams = (rows[:, None] * self.beams + width).flatten()
        for index in range(len(self.prefix)):
            prefix, suffix = self.prefix[index], self.suffix[index]
            if prefix is not None:
                self.prefix[index] = (prefix[0].index_select(0, rows), prefix[1].index_select(0, rows))
            if suffix is not None:
                self.suffix[index] = (suffix[0].index_select(0, beams), suffix[1].index_select(0, beams))
        if self.prefix_mask is not None:
            self.prefix_mask = self.prefix_mask.index_select(0, rows)


def _attend(_: Any, query: Tensor, key: Any, value: Any, mask: Tensor | None, **options: Any) -> tuple[Tensor, None]:
    """Attention function for transformers: SDPA for the prompt, one softmax over prompt and new tokens for a step."""
    scale: float = options["scaling"]
    if value is not None:
        attend = torch.nn.functional.scaled_dot_product_attention
        out = attend(query, key, value, attn_mask=mask, is_causal=mask is None and query.shape[2] > 1, scale=scale)
        return out.transpose(1, 2).contiguous(), None
    prefix_key, prefix_value, keys, values, beams, prefix_mask = key
    rows, heads, _, width = query.shape
    clips = rows // beams
    # (B * K, H, 1, D) -> (B, H, K, D): the beams of a clip are K queries over one prompt
    shared = query.view(clips, beams, heads, width).transpose(1, 2)
    far = torch.matmul(shared * scale, prefix_key.transpose(2, 3)).float()  # (B, H, K, P)
    if prefix_mask is not None:
        far = far.masked_fill(~prefix_mask[:, None, None, :], float("-inf"))
    near = torch.matmul(query * scale, keys.transpose(2, 3)).float()  # (B * K, H, 1, T)
    near = near.view(clips, beams, heads, -1).transpose(1, 2)  # (B, H, K, T)
    split = far.shape[-1]
    weights = torch.softmax(torch.cat([far, near], dim=-1), dim=-1).to(query.dtype)
    out_far = torch.matmul(weights[..., :split], prefix_value)  # (B, H, K, D)
    weights_near = weights[..., split:].transpose(1, 2).reshape(rows, heads, 1, -1)
    out_near = torch.matmul(weights_near, values)  # (B * K, H, 1, D)
    out = out_far.transpose(1, 2).reshape(rows, 1, heads, width) + out_near.transpose(1, 2)
    return out, None


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
