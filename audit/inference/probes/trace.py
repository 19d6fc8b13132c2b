"""Locating a difference between two runs: the first module, in order of execution, whose output differs.

Both runs are repeated with the tokens of the first one, so that they process the same text. Hooks record the outputs of
modules for one row, first of whole blocks, then of the parts of the first block that differs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from audit.inference.salmonn.model import Salmonn

BLOCKS = re.compile(
    r"^(speech_encoder\.(conv\d|layers\.\d+|layer_norm)|ln_speech|ln_audio|speech_llama_proj"
    r"|beats\.(patch_embedding|layer_norm|post_extract_proj|encoder\.(pos_conv|layer_norm|layers\.\d+))"
    r"|speech_Qformer\.bert\.(embeddings\.LayerNorm|encoder\.layer\.\d+)"
    r"|llama_model\..*(layers\.\d+|model\.norm|lm_head))$"
)
# Relative differences larger than rounding alone can cause, by precision.
TOLERANCE = {"fp32": 1e-4, "fp16": 3e-2, "bf16": 1e-1, "int8": 1e-1, "int8-cpu": 1e-2}


@dataclass(frozen=True, slots=True)
class Place:
    """A module and the difference of its outputs, relative to the largest value in the first run."""

    module: str
    difference: float


@dataclass(frozen=True, slots=True)
class RowView:
    """The part of every module's output that belongs to one row.

    Attributes:
        row: The row's index in the batch.
        rows: The batch size.
        patches: The number of the row's BEATs patches.
        positions: The number of positions of its prompt, which is right-aligned in the padded batch.
    """

    row: int
    rows: int
    patches: int
    positions: int

    def cut(self, name: str, value: Tensor) -> Tensor:
        """The part of the row, without other rows and padding."""
        if value.shape[0] == self.rows:
            own = value[self.row]
        elif value.shape[0] % self.rows == 0:  # the Q-Former's windows, 88 per row
            each = value.shape[0] // self.rows
            own = value[self.row * each : (self.row + 1) * each]
        else:
            own = value
        if name.startswith("beats.encoder") or name in {"beats.layer_norm", "beats.post_extract_proj", "ln_audio"}:
            return (
                own[:, : self.patches] if own.dim() == 3 else own[: self.patches]
            )  # in the gates, heads are the first dimension
        if name == "beats.patch_embedding":  # (E, F // 16, 8)
            return own[:, : self.patches // 8]
        if name.startswith("llama_model") and own.dim() == 2 and own.shape[0] > self.positions:
            return own[-self.positions :]
        return own


@contextmanager
def recording(
    model: Salmonn, wanted: Callable[[str], bool], view: RowView, out: list[tuple[str, Tensor]]
) -> Iterator[None]:
    """Record the outputs of modules while the block runs, on the CPU in float32."""

    def hook(name: str) -> Callable[..., None]:
        def keep(_: Any, __: Any, result: Any) -> None:
            value = result[0] if isinstance(result, tuple) else result
            if isinstance(value, Tensor) and value.is_floating_point():
                out.append((name, view.cut(name, value.detach()).float().cpu().clone()))

        return keep

    handles = [module.register_forward_hook(hook(name)) for name, module in model.named_modules() if wanted(name)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


Replay = Callable[[Callable[[str], bool]], list[tuple[str, Tensor]]]


def first_difference(one: Replay, two: Replay, model: Salmonn, tolerance: float) -> Place | None:
    """The first and innermost module whose outputs differ by more than `tolerance`; None if none does."""
    block = _first(one(lambda n: bool(BLOCKS.match(n))), two(lambda n: bool(BLOCKS.match(n))), tolerance)
    if block is None:
        return None
    inner = {name for name, _ in model.named_modules() if name.startswith(f"{block.module}.")}
    leaves = {name for name in inner if not any(other.startswith(f"{name}.") for other in inner)}
    if not leaves:
        return block
    return _first(one(leaves.__contains__), two(leaves.__contains__), tolerance) or block


def _first(one: list[tuple[str, Tensor]], two: list[tuple[str, Tensor]], tolerance: float) -> Place | None:
    for (name, a), (other, b) in zip(one, two, strict=False):
        if name != other or a.shape != b.shape:
            return Place(name, float("inf"))
        scale = max(float(a.abs().max()), 1e-6) if a.numel() else 1.0
        gap = float((a - b).abs().max()) / scale if a.numel() else 0.0
        if not gap <= tolerance:  # NaN counts as a difference
            return Place(name, gap)
    return None


def logit_gap(logits: Tensor, token: int, other: int) -> float:
    """The margin of a token over another, in log-probability."""
    scores = torch.log_softmax(logits.float(), dim=-1)
    return float(scores[token] - scores[other])
