# ruff: noqa: E402 - torch is asked for first
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from audit.inference.salmonn import packed
from audit.inference.salmonn.checkpoint import load
from audit.inference.salmonn.config import read_model_config
from audit.inference.salmonn.decoding import Decoding, generate
from audit.inference.salmonn.packed import PackedLinear, pack
from tests.support.inference import tiny

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(not packed.can_pack(), reason="this torch or this processor has no such kernels"),
]


def kinds(model: Any) -> dict[str, int]:
    found = [type(module).__name__ for module in model.modules()]
    return {name: found.count(name) for name in ("Linear", "PackedLinear")}


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", [(1, 48), (3, 7, 48), (0, 48)])
def test_a_packed_layer_gives_the_products_of_the_plain_one(bias: bool, shape: tuple[int, ...]) -> None:
    plain = torch.nn.Linear(48, 131, bias=bias)
    holder = torch.nn.ModuleDict({"one": plain, "thin": torch.nn.Linear(48, 8)})
    x = torch.randn(shape)
    with torch.inference_mode():
        wanted = plain(x)
        assert pack(holder) == 1
        found = holder["one"](x)
    assert isinstance(holder["one"], PackedLinear)
    assert type(holder["thin"]) is torch.nn.Linear
    for name, value in plain.state_dict().items():
        assert torch.equal(holder["one"].state_dict()[name], value)
    assert found.shape == wanted.shape
    assert torch.allclose(found, wanted, atol=1e-5)
    # A view whose rows do not lie one after another.
    turned = torch.randn(48, 5).t()
    with torch.inference_mode():
        assert torch.allclose(holder["one"](turned), plain(turned), atol=1e-5)
    assert pack(holder) == 0


def test_a_model_is_packed_in_fp32_on_a_cpu_alone(tiny_model: Path, loaded: Any) -> None:
    assert kinds(loaded.model)["PackedLinear"] > 40
    thin = [m for m in loaded.model.modules() if type(m) is torch.nn.Linear]
    assert all(min(m.in_features, m.out_features) < 16 for m in thin)
    half = load(read_model_config(tiny_model, precision="bf16"))
    assert kinds(half.model)["PackedLinear"] == 0


def test_without_the_kernels_the_answers_are_the_same(
    tiny_model: Path, loaded: Any, heard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "can_pack", lambda: False)
    plain = load(read_model_config(tiny_model))
    assert kinds(plain.model)["PackedLinear"] == 0
    ids = [loaded.tokenizer.prompt(prompt) for prompt in tiny.PROMPTS.values()]
    for wav in ("mid_3.3s", "long_12s"):
        one, two = (model.encode(*heard[wav]) for model in (plain.model, loaded.model))
        assert not torch.equal(one, two)
        assert (one - two).abs().max() < 1e-4
        decoding = Decoding(max_new_tokens=24)
        found = generate(loaded.model, two.expand(len(ids), -1, -1), ids, decoding)
        assert found == generate(plain.model, one.expand(len(ids), -1, -1), ids, decoding)
