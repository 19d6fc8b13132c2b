"""Model configuration: the published SALMONN variants, their files and precision."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from audit.errors import InputError
from audit.inference.model_file import SALMONN, engine_name, open_model_file

Precision = Literal["fp32", "fp16", "bf16", "int8", "int8-cpu"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "fp16", "bf16", "int8", "int8-cpu")

TEMPLATE = "USER: {}\nASSISTANT:"
SPEECH_MARK = "<SpeechHere>"
SPEECH_PREFIX = "<Speech><SpeechHere></Speech> "


@dataclass(frozen=True, slots=True)
class Variant:
    """Required properties of the files of a published model; None is not checked (custom model).

    Source: R README.md:50-60 and issue #39 (which Vicuna), R models/salmonn.py:132-192 (sizes). The two
    Vicunas differ in their config: v1.1 is based on LLaMA 1 (2048 positions, epsilon 1e-6), v1.5 on Llama 2
    (4096, 1e-5).
    """

    name: str
    whisper: str = "the Whisper that the model was trained with"
    vicuna: str = "the Vicuna that the model was trained with"
    beats: str = "the BEATs checkpoint that the model was trained with"
    salmonn: str = "the model's own checkpoint"
    hidden_size: int | None = None
    layers: int | None = None
    vocab_size: int | None = None
    positions: int | None = None
    rms_norm_eps: float | None = None
    whisper_width: int | None = None
    whisper_layers: int | None = None
    beats_width: int | None = None
    beats_layers: int | None = None


_WHISPER = "openai/whisper-large-v2 (Hugging Face; not large-v3, which has 128 mel bins)"
_BEATS = "BEATs_iter3_plus_AS2M_finetuned_on_AS2M_cpt2.pt (fine-tuned BEATs_iter3+ (AS2M) (cpt2))"

VARIANTS: dict[str, Variant] = {
    "13b": Variant(
        "13b",
        whisper=_WHISPER,
        vicuna="lmsys/vicuna-13b-v1.1 (with v1.5 the outputs are empty)",
        beats=_BEATS,
        salmonn="salmonn_v1.pth of tsinghua-ee/SALMONN",
        hidden_size=5120,
        layers=40,
        vocab_size=32000,
        positions=2048,
        rms_norm_eps=1e-6,
        whisper_width=1280,
        whisper_layers=32,
        beats_width=768,
        beats_layers=12,
    ),
    "7b": Variant(
        "7b",
        whisper=_WHISPER,
        vicuna="lmsys/vicuna-7b-v1.5",
        beats=_BEATS,
        salmonn="salmonn_7b_v0.pth of tsinghua-ee/SALMONN-7B",
        hidden_size=4096,
        layers=32,
        vocab_size=32000,
        positions=4096,
        rms_norm_eps=1e-5,
        whisper_width=1280,
        whisper_layers=32,
        beats_width=768,
        beats_layers=12,
    ),
    "custom": Variant("custom"),
}


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """The settings of a model that affect numbers, as run records have them; without paths and device."""

    variant: str
    precision: Precision
    lora: Literal["adapter", "merged"]
    lora_rank: int
    lora_alpha: int
    attention: Literal["sdpa", "eager"]


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The files of a model's four parts, and how to run it.

    Attributes:
        variant: A key of `VARIANTS`; `custom` checks only that the parts match each other.
        whisper: Hugging Face folder (config.json and weights).
        beats: `.pt` with `cfg` and `model`, or `.safetensors` with a `.json` of the config beside it.
        vicuna: Hugging Face folder with `tokenizer.model`.
        salmonn: `.pth`/`.pt` with `model`, or `.safetensors`: LoRA, Q-Former, projection, norms and query.
        precision: fp16 as released: Vicuna in fp16, the rest in fp32 under fp16 autocast (R
            cli_inference.py:57). int8: Vicuna by bitsandbytes, the rest as in fp16. int8-cpu: the linear layers of
            Vicuna's blocks by `int8.py`, the rest in fp32; on a CPU alone. All give different outputs.
        lora_alpha: 32 as published; R README recommends 28 for the 7B model in 8 bits.
        lora: `adapter` keeps LoRA separate, as in the original; `merged` merges it into the weights once.
        attention: Of Whisper, and of LLaMA with `current` decoding: `sdpa`, or `eager` as in the original.
    """

    variant: str
    whisper: Path
    beats: Path
    vicuna: Path
    salmonn: Path
    precision: Precision = "fp16"
    lora_rank: int = 8
    lora_alpha: int = 32
    lora: Literal["adapter", "merged"] = "adapter"
    attention: Literal["sdpa", "eager"] = "sdpa"
    device: str = "cpu"
    source: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.precision == "int8-cpu" and str(self.device).partition(":")[0] != "cpu":
            raise InputError(
                f"int8-cpu runs on a CPU alone, not on {self.device}",
                where=self.source,
                fix="use --precision int8 (bitsandbytes) there, or --device cpu",
            )

    def settings(self) -> ModelSettings:
        """The part for records."""
        return ModelSettings(self.variant, self.precision, self.lora, self.lora_rank, self.lora_alpha, self.attention)


PARTS = ("whisper", "beats", "vicuna", "salmonn")
_OPTIONS = ("precision", "lora_rank", "lora_alpha", "lora", "attention", "device")


def read_model_config(path: str | Path, **overrides: Any) -> ModelConfig:
    """Read `model.yaml` (or that of a folder); its paths are relative to it.

    Raises:
        InputError: The file is missing or invalid YAML, is of a model engine, or has unknown fields, variants or values.
    """
    document = open_model_file(path)
    file, data, where = document.path, dict(document.data), str(document.path)
    if engine_name(document) != SALMONN:
        raise InputError(
            f"the model runs by the engine {engine_name(document)}; this command is for SALMONN",
            where=document.where(("engine",)),
        )
    data.pop("engine", None)
    unknown = set(data) - {"variant", *PARTS, *_OPTIONS}
    if unknown:
        raise InputError(f"unknown fields: {', '.join(sorted(map(str, unknown)))}", where=where)
    missing = [name for name in ("variant", *PARTS) if name not in data]
    if missing:
        raise InputError(f"missing fields: {', '.join(missing)}", where=where)
    data |= {k: v for k, v in overrides.items() if v is not None}
    _choose(data, "variant", tuple(VARIANTS), where)
    _choose(data, "precision", PRECISIONS, where)
    _choose(data, "lora", ("adapter", "merged"), where)
    _choose(data, "attention", ("sdpa", "eager"), where)
    for name in ("lora_rank", "lora_alpha"):
        if name in data and (not isinstance(data[name], int) or isinstance(data[name], bool) or data[name] < 1):
            raise InputError(f"{name} must be a positive integer, not {data[name]!r}", where=where)
    for name in PARTS:
        data[name] = file.parent / str(data[name])
    return ModelConfig(**data, source=str(file))


def _choose(data: dict[str, Any], name: str, allowed: tuple[str, ...], where: str) -> None:
    if name in data and data[name] not in allowed:
        raise InputError(f"{name} must be one of {', '.join(allowed)}, not {data[name]!r}", where=where)
