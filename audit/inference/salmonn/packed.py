"""Linear layers whose weights are laid out for the processor's matrix kernels once, when a model is loaded.

torch multiplies fp32 matrices by MKL, from rows as they lie in memory. oneDNN, which torch brings too, arranges a weight in
blocks of its kernels' size. With that done beforehand, a product takes half the time on an AMD EPYC with AVX-512; others were
not measured. The products are the same up to the order of their sums.
"""

from __future__ import annotations

import platform
from typing import Any

import torch
from torch import Tensor, nn

# Thinner layers (LoRA's factors, BEATs' gates) are bound by their inputs, which are read in either way.
_THINNEST = 16


class PackedLinear(nn.Linear):
    """A linear layer in fp32 on a CPU; `weight` is an opaque tensor of the same shape."""

    def __init__(self, plain: nn.Linear) -> None:
        nn.Module.__init__(self)  # nn.Linear's own would make another weight
        self.in_features, self.out_features = plain.in_features, plain.out_features
        packed = torch.ops.mkldnn._reorder_linear_weight(plain.weight.detach())
        self.weight = nn.Parameter(packed, requires_grad=False)
        self.bias = plain.bias

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[f"{prefix}weight"] = self.weight.detach().to_dense()  # as it was loaded

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) to (..., out)."""
        out: Tensor = torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], "")
        return out


def can_pack() -> bool:
    """Whether this torch and this processor have the kernels."""
    names: Any = torch.ops.mkldnn
    return (
        platform.machine() in {"x86_64", "AMD64"}
        and torch.backends.mkldnn.is_available()
        and all(hasattr(names, name) for name in ("_reorder_linear_weight", "_linear_pointwise"))
    )


@torch.no_grad()
def pack(model: nn.Module) -> int:
    """Replace the linear layers of a model in fp32 on a CPU, one by one, so that only one weight is held twice.

    Returns:
        The number of layers replaced: 0 where the kernels are not there.
    """
    count = 0
    if not can_pack():
        return count
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Linear and min(child.in_features, child.out_features) >= _THINNEST:
                setattr(parent, name, PackedLinear(child).eval())
                count += 1
    return count
