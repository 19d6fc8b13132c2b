"""The window-level Q-Former: a query attends to 17 frames of both encoders and becomes one auditory token.

Source: Tang et al. 2023, section 3.1; R models/Qformer.py (BLIP-2's) as reduced by R models/salmonn.py:169-181: no
word or position embeddings, no text branch, cross-attention in every layer. The original's attention masks are all ones
and therefore omitted.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the name that everybody uses


@dataclass(frozen=True, slots=True)
class QFormerConfig:
    """BERT-base's sizes with two layers; `encoder_width` is the sum of the widths of Whisper and BEATs."""

    encoder_width: int
    hidden_size: int = 768
    heads: int = 12
    intermediate_size: int = 3072
    layers: int = 2
    queries: int = 1
    layer_norm_eps: float = 1e-12


class SelfPart(nn.Module):
    """Attention with queries from `x` and keys and values from `source`: self- or cross-attention."""

    def __init__(self, config: QFormerConfig, source_width: int) -> None:
        super().__init__()
        self.heads = config.heads
        self.query = nn.Linear(config.hidden_size, config.hidden_size)
        self.key = nn.Linear(source_width, config.hidden_size)
        self.value = nn.Linear(source_width, config.hidden_size)

    def forward(self, x: Tensor, source: Tensor) -> Tensor:
        """(N, Q, C) and (N, S, W) to (N, Q, C)."""
        """(N, Q, C) and (N, S, W) to (N, Q, C)."""
        q, k, v = (
            y.view(y.shape[0], y.shape[1], self.heads, -1).transpose(1, 2)  # (N, H, *, D)
            for y in (self.query(x), self.key(source), self.value(source))
        )
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)


class OutputPart(nn.Module):
    """Projection, residual and norm."""

    def __init__(self, config: QFormerConfig, width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        """(N, Q, *) and (N, Q, C) to (N, Q, C)."""
        out: Tensor = self.LayerNorm(self.dense(x) + residual)
        return out


class AttentionBlock(nn.Module):
    """Attention and output projection, with BERT's parameter names."""

    def __init__(self, config: QFormerConfig, source_width: int) -> None:
        super().__init__()
        self.self = SelfPart(config, source_width)
        self.output = OutputPart(config, config.hidden_size)

    def forward(self, x: Tensor, source: Tensor) -> Tensor:
        """(N, Q, C) and (N, S, W) to (N, Q, C)."""
        out: Tensor = self.output(self.self(x, source), x)
        return out


class Intermediate(nn.Module):
    """The first layer of the feed-forward block."""

    def __init__(self, config: QFormerConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.intermediate_size)

    def forward(self, x: Tensor) -> Tensor:
        """(N, Q, C) to (N, Q, 4C)."""
        return F.gelu(self.dense(x))


class QFormerLayer(nn.Module):
    """Self-attention between the queries, cross-attention to the frames, feed-forward block of the query branch."""

    def __init__(self, config: QFormerConfig) -> None:
        super().__init__()
        self.attention = AttentionBlock(config, config.hidden_size)
        self.crossattention = AttentionBlock(config, config.encoder_width)
        self.intermediate_query = Intermediate(config)
        self.output_query = OutputPart(config, config.intermediate_size)

    def forward(self, x: Tensor, frames: Tensor) -> Tensor:
        """(N, Q, C) and (N, S, W) to (N, Q, C)."""
        x = self.attention(x, x)
        x = self.crossattention(x, frames)
        out: Tensor = self.output_query(self.intermediate_query(x), x)
        return out


class Bert(nn.Module):
    """The layers, with the checkpoint's names `bert.embeddings` and `bert.encoder.layer`."""

    def __init__(self, config: QFormerConfig) -> None:
        super().__init__()
        self.embeddings = nn.Module()
        self.embeddings.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.encoder = nn.Module()
        self.encoder.layer = nn.ModuleList([QFormerLayer(config) for _ in range(config.layers)])

    def forward(self, queries: Tensor, frames: Tensor) -> Tensor:
        """(N, Q, C) and (N, S, W) to (N, Q, C)."""
        """(N, Q, C) and (N, S, W) to (N, Q, C)."""
        x: Tensor = self.embeddings.LayerNorm(queries)
        layers: nn.ModuleList = self.encoder.layer
        for layer in layers:
            x = layer(x, frames)
        return x


class QFormer(nn.Module):
    """`speech_Qformer` of the checkpoint."""

    def __init__(self, config: QFormerConfig) -> None:
        super().__init__()
        self.config = config
        self.bert = Bert(config)

    def forward(self, queries: Tensor, frames: Tensor) -> Tensor:
        """(N, Q, C) and (N, S, W) to (N, Q, C)."""
        out: Tensor = self.bert(queries, frames)
        return out


def windows(features: Tensor, seconds: float = 0.333333) -> Tensor:
    """Divide (B, T, W) into non-overlapping windows: (B, L, k, W).

    k = round(T * seconds / 30), 17 for Whisper's 1500 frames; L = T // k, 88; the last T - k * L frames are
    dropped (R models/salmonn.py:232-243).
    """
    batch, length, width = features.shape
    size = round(length * seconds / 30.0)
    count = length // size
    return features[:, : count * size].reshape(batch, count, size, width)
