"""Linear layers by products of int8 on a CPU: weights of 8 bits, inputs as two digits of 8 bits each.

Weights are rounded to int8 once, with a scale for each output. Inputs are rounded as they come, with a scale for each token:
to int8, and what is left over to int8 again, which makes about 15 bits. oneDNN's kernels sum products of integers exactly, so
what a layer gives for a token depends neither on other tokens, nor on the batch, nor on the number of threads. A weight is
read once for both digits.

Weights have the vector-wise quantisation of LLM.int8() (Dettmers et al. 2022, arXiv:2208.07339, section 3.1). Its second part
(3.2), outlying features in higher precision, is not needed with two digits; bitsandbytes finds these features in the whole
batch. One digit would be faster, but magnifies the rounding of what stands between the layers, and with it the dependence of
answers on the batch.
"""

from __future__ import annotations

import platform
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from audit.errors import MissingError

_MOST = 127
# oneDNN's fast kernels take unsigned inputs; it subtracts this again, in integers.
_ZERO = 128
# A step of the first digit in steps of the second: half a step is 127 of them.
_FINER = 2 * _MOST


def _scaled(x: Tensor) -> tuple[Tensor, Tensor]:
    """Rows divided by their scales, within 127 of 0, and the scales: (..., in), (..., 1)."""
    # A row of zeros must not be divided by zero.
    scale = (x.abs().amax(-1, keepdim=True) / _MOST).clamp_min_(torch.finfo(torch.float32).tiny)
    return x / scale, scale


class Int8Linear(nn.Linear):
    """A linear layer for fp32 inputs on a CPU; `weight` is an opaque tensor of int8, (in, out)."""

    scale: Tensor
    zeros: Tensor

    def __init__(self, plain: nn.Linear) -> None:
        nn.Module.__init__(self)  # nn.Linear's own would make another weight
        self.in_features, self.out_features = plain.in_features, plain.out_features
        scaled, scale = _scaled(plain.weight.detach().float())
        packed = torch.ops.onednn.qlinear_prepack(scaled.round_().to(torch.int8), None)
        self.weight = nn.Parameter(packed, requires_grad=False)
        self.bias = plain.bias
        self.register_buffer("scale", scale.flatten())
        self.register_buffer("zeros", torch.zeros(self.out_features, dtype=torch.int32))

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) to (..., out)."""
        scaled, scale = _scaled(x)
        digits = torch.empty((2, *x.shape), dtype=x.dtype)
        torch.round(scaled, out=digits[0])
        torch.sub(scaled, digits[0], out=digits[1]).mul_(_FINER).round_()
        whole = digits.add_(_ZERO).to(torch.uint8)
        sums: Tensor = torch.ops.onednn.qlinear_pointwise(
            whole, 1.0, _ZERO, self.weight, self.scale, self.zeros, None, 1.0, 0, torch.float32, "none", [], ""
        )
        first, second = sums.view(2, *x.shape[:-1], self.out_features)
        out = first.add_(second, alpha=1 / _FINER).mul_(scale)
        return out if self.bias is None else out.add_(self.bias)


@cache
def can_multiply() -> bool:
    """Whether this torch has the kernels, and this processor adds int8 products without saturating.

    Some kernels for processors without VNNI add two products in 16 bits, which the largest numbers overflow.
    """
    names: Any = torch.ops.onednn
    if platform.machine() not in {"x86_64", "AMD64"} or not torch.backends.mkldnn.is_available():
        return False
    if not all(hasattr(names, name) for name in ("qlinear_prepack", "qlinear_pointwise")):
        return False
    plain = nn.Linear(64, 32, bias=False)
    with torch.inference_mode():
        plain.weight.fill_(_MOST)
        most = torch.tensor([[float(_MOST)], [-float(_MOST)]]).expand(2, 64)
        return torch.equal(Int8Linear(plain)(most), 64 * _MOST * most[:, :32])


@torch.no_grad()
def quantise(llama: nn.Module) -> int:
    """Replace the linear layers of a language model's blocks, one by one, so that only one weight is held twice.

    As with bitsandbytes, the output layer stays as it is, and so do LoRA's factors beside a layer.

    Returns:
        The number of layers replaced.

    Raises:
        MissingError: The kernels are not there, or not exact on this processor.
    """
    if not can_multiply():
        raise MissingError(
            "this torch or this processor has no exact int8 kernels (x86 with VNNI, by oneDNN)", fix="use fp32 or bf16"
        )
    count = 0
    for place, parent in list(llama.named_modules()):
        if ".layers." not in f".{place}." or ".lora_" in f".{place}":
            continue
        for name, child in list(parent.named_children()):
            if type(child) is nn.Linear:
                setattr(parent, name, Int8Linear(child).eval())
                count += 1
    return count
