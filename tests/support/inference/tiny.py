"""Tiny checkpoints by the recipe of tests/assets/salmonn_tiny/README.md, in the layouts on disk."""

from __future__ import annotations

import json
import shutil
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.support import paths

ASSETS = paths.ASSETS / "salmonn_tiny"
MANIFEST: dict[str, Any] = json.loads((ASSETS / "manifest.json").read_text("utf-8"))
WAVS = ("short_0.5s", "mid_3.3s", "long_12s", "over_31s")
PROMPTS = {
    "asr": "Recognize the speech and give me the transcription.",
    "translation_ec": "Listen to the speech and translate it into Chinese.",
    "QA": "what is the date?",
}


def tensor(kind: str, name: str, shape: list[int]) -> torch.Tensor:
    recipe = MANIFEST["recipe"]
    seed = zlib.crc32(f"{recipe['salt']}/{kind}/{name}".encode())
    z = np.random.RandomState(seed).standard_normal(shape).astype(np.float32)
    one = np.float32(1)
    last = name.rsplit(".", maxsplit=1)[-1]
    if "lora_B" in name:
        value = np.float32(0.1) * z
    elif any(part in name for part in ("embed_tokens", "query_tokens", "relative_attention_bias")):
        value = np.float32(recipe["embedding_scale"]) * z
    elif last == "weight_g":
        value = one + np.float32(0.2) * np.abs(z)
    elif "grep_a" in name:
        value = one + np.float32(0.1) * z
    elif len(shape) >= 2:
        value = z / np.sqrt(np.float32(np.prod(shape[1:])))
    elif last == "bias":
        value = np.float32(0.05) * z
    else:
        value = one + np.float32(0.1) * z
    if kind == "vicuna" and name == "lm_head.weight":
        value[2] *= np.float32(recipe["eos_row_scale"])
    return torch.from_numpy(np.ascontiguousarray(value, dtype=np.float32))


def tensors(kind: str) -> dict[str, torch.Tensor]:
    return {name: tensor(kind, name, shape) for name, shape in MANIFEST[kind].items()}


def build(folder: Path) -> Path:
    """Write the four checkpoints and model.yaml; give model.yaml's path."""
    from safetensors.torch import save_file

    whisper, vicuna = folder / "whisper", folder / "vicuna"
    for path, kind in ((whisper, "whisper"), (vicuna, "vicuna")):
        path.mkdir(parents=True)
        (path / "config.json").write_text(json.dumps(MANIFEST[f"{kind}_config"]))
    save_file(tensors("whisper"), whisper / "model.safetensors", metadata={"format": "pt"})
    torch.save(tensors("vicuna"), vicuna / "pytorch_model.bin")
    shutil.copy(ASSETS / "tokenizer.model", vicuna / "tokenizer.model")
    torch.save({"cfg": MANIFEST["beats_cfg"], "model": tensors("beats")}, folder / "beats.pt")
    torch.save({"model": tensors("salmonn")}, folder / "salmonn.pth")
    lora = MANIFEST["salmonn_lora"]
    lines = [
        "variant: custom",
        "whisper: whisper",
        "beats: beats.pt",
        "vicuna: vicuna",
        "salmonn: salmonn.pth",
    ]
    lines += ["precision: fp32", f"lora_rank: {lora['rank']}", f"lora_alpha: {lora['alpha']}"]
    (folder / "model.yaml").write_text("\n".join(lines) + "\n")
    return folder / "model.yaml"
