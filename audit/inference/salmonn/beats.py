"""BEATs: a transformer over 16 x 16 patches of a filter bank, with gated relative positions.

Source: Chen et al. 2022 (arXiv 2212.09058); R models/beats/BEATs.py and backbone.py. Reimplemented with the
checkpoint's parameter names. In a batch every clip gets the same features as alone: padded patches are zero
before the convolution, masked in attention, and zero in the output (in the original they are not: R
backbone.py:111).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the name that everybody uses


@dataclass(frozen=True, slots=True)
class BeatsConfig:
    """The fields of a checkpoint's `cfg` that affect inference (defaults: R BEATs.py:30-68)."""

    input_patch_size: int = 16
    embed_dim: int = 512
    conv_bias: bool = False
    encoder_layers: int = 12
    encoder_embed_dim: int = 768
    encoder_ffn_embed_dim: int = 3072
    encoder_attention_heads: int = 12
    activation_fn: str = "gelu"
    layer_norm_first: bool = False
    deep_norm: bool = False
    conv_pos: int = 128
    conv_pos_groups: int = 16
    relative_position_embedding: bool = False
    num_buckets: int = 320
    max_distance: int = 1280
    gru_rel_pos: bool = False
    finetuned_model: bool = False
    predictor_class: int = 527

    @staticmethod
    def from_checkpoint(cfg: dict[str, Any]) -> BeatsConfig:
        """Select the fields of a checkpoint's `cfg` that affect inference, unlike dropout and decay rates."""
        names = {f.name for f in fields(BeatsConfig)}
        return BeatsConfig(**{k: v for k, v in cfg.items() if k in names})


class PositionConv(nn.Module):
    """A grouped convolution with weight normalisation per tap, truncated to the input's length."""

    def __init__(self, config: BeatsConfig) -> None:
        super().__init__()
        width, taps, groups = config.encoder_embed_dim, config.conv_pos, config.conv_pos_groups
        self.groups, self.taps = groups, taps
        self.weight_v = nn.Parameter(torch.empty(width, width // groups, taps))
        self.weight_g = nn.Parameter(torch.empty(1, 1, taps))
        self.bias = nn.Parameter(torch.empty(width))

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) to (B, T, C)."""
        weight = self.weight_g * self.weight_v / self.weight_v.norm(dim=(0, 1), keepdim=True)
        y = F.conv1d(x.transpose(1, 2), weight, self.bias, padding=self.taps // 2, groups=self.groups)
        if self.taps % 2 == 0:
            y = y[:, :, :-1]
        return F.gelu(y).transpose(1, 2)


class Attention(nn.Module):
    """Self-attention with a relative position bias that is gated per query."""

    def __init__(self, config: BeatsConfig, has_bias: bool) -> None:
        super().__init__()
        width, heads = config.encoder_embed_dim, config.encoder_attention_heads
        self.heads, self.head_dim = heads, width // heads
        self.k_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.q_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)
        self.gated = config.gru_rel_pos
        if has_bias:
            self.relative_attention_bias = nn.Embedding(config.num_buckets, heads)
        if self.gated:
            self.grep_linear = nn.Linear(self.head_dim, 8)
            self.grep_a = nn.Parameter(torch.ones(1, heads, 1, 1))

    def forward(self, x: Tensor, bias: Tensor | None, padding: Tensor | None) -> Tensor:
        """`x` (B, T, C), `bias` (H, T, T), `padding` (B, T) true for padding -> (B, T, C)."""
        batch, length, width = x.shape
        shape = (batch, length, self.heads, self.head_dim)
        q = self.q_proj(x).view(shape).transpose(1, 2)  # (B, H, T, D)
        k = self.k_proj(x).view(shape).transpose(1, 2)
        v = self.v_proj(x).view(shape).transpose(1, 2)
        mask = None
        if bias is not None:
            mask = bias[None]
            if self.gated:
                # (B, H, T, 8) -> two gates per query: R backbone.py:617-625
                gates = torch.sigmoid(self.grep_linear(q).view(batch, self.heads, length, 2, 4).sum(-1))
                one, two = gates.chunk(2, dim=-1)
                mask = (one * (two * self.grep_a - 1.0) + 2.0) * mask  # (B, H, T, T)
        if padding is not None:
            blocked = padding[:, None, None, :]
            mask = torch.zeros_like(blocked, dtype=q.dtype) if mask is None else mask
            mask = mask.masked_fill(blocked, float("-inf"))
        if mask is not None:
            mask = mask.to(q.dtype)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        out: Tensor = self.out_proj(y.transpose(1, 2).reshape(batch, length, width))
        return out


class Layer(nn.Module):
    """An encoder layer; with deep norm the residual is scaled by (2 * layers) ** (1/4)."""

    def __init__(self, config: BeatsConfig, has_bias: bool) -> None:
        super().__init__()
        width = config.encoder_embed_dim
        self.first = config.layer_norm_first
        self.alpha = math.pow(2 * config.encoder_layers, 0.25) if config.deep_norm else 1.0
        self.self_attn = Attention(config, has_bias)
        self.self_attn_layer_norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, config.encoder_ffn_embed_dim)
        self.fc2 = nn.Linear(config.encoder_ffn_embed_dim, width)
        self.final_layer_norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, bias: Tensor | None, padding: Tensor | None) -> Tensor:
        """(B, T, C), (H, T, T) and (B, T) to (B, T, C)."""
        if self.first:
            x = x + self.self_attn(self.self_attn_layer_norm(x), bias, padding)
            return x + self.fc2(F.gelu(self.fc1(self.final_layer_norm(x))))
        x = self.self_attn_layer_norm(x * self.alpha + self.self_attn(x, bias, padding))
        out: Tensor = self.final_layer_norm(x * self.alpha + self.fc2(F.gelu(self.fc1(x))))
        return out


class Encoder(nn.Module):
    """Position convolution, norm and layers; the layers share a relative position table."""

    def __init__(self, config: BeatsConfig) -> None:
        super().__init__()
        self.config = config
        self.pos_conv = nn.Sequential(PositionConv(config))
        relative = config.relative_position_embedding
        self.layers = nn.ModuleList([Layer(config, relative and i == 0) for i in range(config.encoder_layers)])
        self.layer_norm = nn.LayerNorm(config.encoder_embed_dim)

    def position_bias(self, length: int) -> Tensor | None:
        """(H, T, T): the bias of the bucket of every pair of positions (T5's bidirectional buckets)."""
        if not self.config.relative_position_embedding:
            return None
        half = self.config.num_buckets // 2
        exact = half // 2
        distance = torch.arange(1 - length, length)  # all that there are, each once
        size = distance.abs()
        # Clamp to avoid log(0), which is not used: small distances have their own buckets.
        growth = torch.log(size.clamp(min=1).float() / exact) / math.log(self.config.max_distance / exact)
        far = exact + (growth * (half - exact)).long()
        bucket = torch.where(size < exact, size, far.clamp(max=half - 1)) + (distance > 0).long() * half
        table = self.layers[0].self_attn.relative_attention_bias.weight
        line = table[bucket.to(table.device)].t().contiguous()  # (H, 2T - 1)
        # Row i of the pairs begins with the distance -i.
        return line.unfold(1, length, 1).flip(1)

    def forward(self, x: Tensor, padding: Tensor | None) -> Tensor:
        """(B, T, C) and (B, T) to (B, T, C)."""
        if padding is not None:
            x = x.masked_fill(padding[..., None], 0.0)
        x = x + self.pos_conv(x)
        if not self.config.layer_norm_first:
            x = self.layer_norm(x)
        bias = self.position_bias(x.shape[1])
        for layer in self.layers:
            x = layer(x, bias, padding)
        return self.layer_norm(x) if self.config.layer_norm_first else x


class Beats(nn.Module):
    """The complete encoder. SALMONN does not use the checkpoint's classifier (`predictor`)."""

    def __init__(self, config: BeatsConfig) -> None:
        super().__init__()
        self.config = config
        patch, width = config.input_patch_size, config.embed_dim
        self.patch_embedding = nn.Conv2d(1, width, kernel_size=patch, stride=patch, bias=config.conv_bias)
        self.layer_norm = nn.LayerNorm(width)
        same = width == config.encoder_embed_dim
        self.post_extract_proj = nn.Identity() if same else nn.Linear(width, config.encoder_embed_dim)
        self.encoder = Encoder(config)
        if config.finetuned_model:
            self.predictor = nn.Linear(config.encoder_embed_dim, config.predictor_class)

    def lengths(self, frames: Tensor) -> Tensor:
        """The number of patches for a number of frames: 8 (over 128 mel bins) per 16 complete frames."""
        patch = self.config.input_patch_size
        return (frames // patch) * (128 // patch)

    def forward(self, fbank: Tensor, frames: Tensor | None = None) -> Tensor:
        """Encode filter banks.

        Args:
            fbank: (B, F, 128), normalised; shorter rows are padded with arbitrary values.
            frames: (B,) true number of frames of each row; None if all have F.

        Returns:
            (B, 8 * (F // 16), C); the caller must zero the patches beyond a row's length.
        """
        x = self.patch_embedding(fbank[:, None])  # (B, E, F // 16, 8)
        x = self.layer_norm(x.flatten(2).transpose(1, 2))  # (B, T, E): time first, 8 bands within each step
        x = self.post_extract_proj(x)  # (B, T, C)
        padding = None
        if frames is not None:
            lengths = self.lengths(frames)
            padding = torch.arange(x.shape[1], device=x.device)[None] >= lengths[:, None]
            padding = padding if bool(padding.any()) else None
        out: Tensor = self.encoder(x, padding)
        return out
