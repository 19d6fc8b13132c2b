"""A SALMONN of any shape with random weights, made on the device: for benchmarks and checks without checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from audit.inference.salmonn.beats import Beats, BeatsConfig
from audit.inference.salmonn.checkpoint import add_lora
from audit.inference.salmonn.config import Precision
from audit.inference.salmonn.model import Salmonn


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the parts; LLaMA's heads are 128 wide in the published models."""

    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    whisper_width: int
    whisper_layers: int
    whisper_heads: int
    beats_width: int
    beats_layers: int


SHAPES = {
    "13b": Shape(5120, 40, 40, 13824, 32000, 1280, 32, 20, 768, 12),
    "7b": Shape(4096, 32, 32, 11008, 32000, 1280, 32, 20, 768, 12),
    "wide": Shape(2048, 4, 16, 5504, 4000, 128, 2, 2, 128, 2),
    "small": Shape(512, 8, 8, 1376, 4000, 128, 2, 2, 128, 2),
    "tiny": Shape(64, 2, 4, 160, 384, 64, 2, 4, 48, 2),
}


def random_model(
    shape: Shape, precision: Precision, device: str, attention: str = "sdpa", seed: int = 0, spread: float = 4.0
) -> Salmonn:
    """Build the model.

    Args:
        shape: Its sizes.
        precision: As in a model file; Vicuna's weights are stored in it, the rest in fp32. Those of int8-cpu are fp32 until
            they are made int8.
        device: Where.
        attention: For transformers' parts.
        seed: Of torch's generator.
        spread: Standard deviation of the logits: wide enough that rounding seldom decides a token.
    """
    from transformers import LlamaConfig, LlamaForCausalLM, WhisperConfig, WhisperModel

    torch.manual_seed(seed)
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16, "int8": torch.float16}.get(precision, torch.float32)
    whisper = WhisperConfig(
        d_model=shape.whisper_width,
        encoder_layers=shape.whisper_layers,
        encoder_attention_heads=shape.whisper_heads,
        encoder_ffn_dim=4 * shape.whisper_width,
        decoder_layers=1,
        decoder_attention_heads=shape.whisper_heads,
        decoder_ffn_dim=shape.whisper_width,
        num_mel_bins=80,
        attn_implementation=attention,
    )
    llama_config = LlamaConfig(
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        intermediate_size=shape.intermediate,
        vocab_size=shape.vocabulary + 1,
        max_position_embeddings=2048,
        rms_norm_eps=1e-6,
        attn_implementation=attention,
    )
    beats = BeatsConfig(
        embed_dim=512 if shape.beats_width == 768 else 32,
        encoder_layers=shape.beats_layers,
        encoder_embed_dim=shape.beats_width,
        encoder_ffn_embed_dim=4 * shape.beats_width,
        encoder_attention_heads=12 if shape.beats_width == 768 else 4,
        deep_norm=True,
        relative_position_embedding=True,
        max_distance=800,
        gru_rel_pos=True,
    )
    before = torch.get_default_dtype()
    with torch.device(device):
        encoder = WhisperModel(whisper).encoder
        ears = Beats(beats)
        torch.set_default_dtype(dtype)
        try:
            llama: Any = LlamaForCausalLM(llama_config)
        finally:
            torch.set_default_dtype(before)
        llama = add_lora(llama, rank=8, alpha=32)
        model = Salmonn(encoder, ears, llama, precision)
    _fill(model, spread)
    return model.to(device).eval().requires_grad_(requires_grad=False)


@torch.no_grad()
def _fill(model: Salmonn, spread: float) -> None:
    for name, value in model.named_parameters():
        if value.dim() < 2:
            value.fill_(0.0 if name.endswith("bias") else 1.0)
        else:
            scale = 1.0 if "embed_tokens" in name or "query_tokens" in name else value[0].numel() ** -0.5
            scale = 0.1 if "lora_B" in name else spread * scale if "lm_head" in name else scale
            value.normal_(std=scale)
    model.embedding.weight[-1].zero_()
    model.decoder.lm_head.weight[-1].zero_()
