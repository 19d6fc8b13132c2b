"""Checkpoint loading: every part is checked, and pickled code is never executed.

The original ignores mismatches silently (R models/salmonn.py:500-504: `strict=False`, result discarded). Here a
missing, unexpected or mis-shaped parameter, the wrong Vicuna, Whisper or BEATs, the wrong number of LoRA
tensors or a tokenizer with different ids is an error that says what to download.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from audit._util.files import refuse_pointer_file
from audit.errors import InputError, MissingError
from audit.inference.json_files import read_object
from audit.inference.salmonn.beats import Beats, BeatsConfig
from audit.inference.salmonn.config import VARIANTS, ModelConfig, ModelSettings, Variant
from audit.inference.salmonn.int8 import quantise
from audit.inference.salmonn.model import Salmonn
from audit.inference.salmonn.packed import pack
from audit.inference.salmonn.tokenizer import Tokenizer
from audit.inference.salmonn.weights import UNUSED, WEIGHT_FILES, check_names, read_tensors, weight_hashes


@dataclass(frozen=True, slots=True)
class ModelRecord(ModelSettings):
    """A loaded model as records describe it: its settings, the parameters that it does not use, and its files' hashes."""

    ignored_parameters: tuple[str, ...]
    weights: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model ready to run, its tokenizer and log-mel extractor, and their description for the run's record."""

    model: Salmonn
    tokenizer: Tokenizer
    extractor: Any
    record: ModelRecord


def load(config: ModelConfig, weights: Mapping[str, str] | None = None) -> Loaded:
    """Load and check the four parts, assemble them, and move them to the device.

    Args:
        config: The files and run-time settings.
        weights: The hashes of the files, if already known; otherwise they are computed.

    Raises:
        InputError: A part is missing, damaged, or not the one that the variant needs.
        MissingError: A library or device in the configuration is not available.
    """
    from transformers.utils import logging

    logging.disable_progress_bar()
    variant = VARIANTS[config.variant]
    device = _device(config.device)
    tokenizer = Tokenizer(config.vicuna / "tokenizer.model")
    tokenizer.check(variant)
    speech_encoder, extractor = _whisper(config, variant)
    beats = _beats(config, variant)
    llama = _vicuna(config, variant, tokenizer, device)
    model = Salmonn(speech_encoder, beats, llama, config.precision)
    ignored = _salmonn(config, variant, model)
    if config.lora == "merged":
        model.llama_model = model.llama_model.merge_and_unload()
    if config.precision == "fp32":
        # fp32 is the reference, so products and convolutions must not use TF32.
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
    _place(model, config, device)
    model.eval().requires_grad_(requires_grad=False)
    if config.precision == "int8-cpu":
        quantise(model.llama_model)
        model.float()  # what is left of Vicuna
    if config.precision in {"fp32", "int8-cpu"} and device.type == "cpu":
        pack(model)
    hashes = dict(weights) if weights is not None else weight_hashes(config)
    record = ModelRecord(**asdict(config.settings()), ignored_parameters=tuple(ignored), weights=hashes)
    return Loaded(model, tokenizer, extractor, record)


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"no such device: {name} ({str(error).splitlines()[0]})") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise MissingError(f"no CUDA device for {name}", fix="install a CUDA build of torch, or use --device cpu")
    return device


def _folder(folder: Path, fix: str) -> dict[str, Any]:
    config = folder / "config.json"
    if not config.is_file():
        raise InputError("no Hugging Face model folder (config.json)", where=str(folder), fix=f"download {fix}")
    for file in (config, *(path for pattern in WEIGHT_FILES for path in sorted(folder.glob(pattern)))):
        refuse_pointer_file(file)
    return read_object(config, f"download {fix} again")


def _expect(found: Mapping[str, Any], wanted: Mapping[str, Any], where: str, fix: str) -> None:
    wrong = [f"{k} is {found.get(k)}, not {v}" for k, v in wanted.items() if v is not None and found.get(k) != v]
    if wrong:
        raise InputError(f"wrong model: {'; '.join(wrong)}", where=where, fix=f"download {fix}")


def _pretrained(kind: Any, folder: Path, fix: str, **options: Any) -> Any:
    from safetensors import SafetensorError

    try:
        model, info = kind.from_pretrained(folder, local_files_only=True, output_loading_info=True, **options)
    except (
        OSError,
        RuntimeError,
        ValueError,
        KeyError,
        EOFError,
        SafetensorError,
        pickle.UnpicklingError,
    ) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"cannot load the weights: {reason}", where=str(folder), fix=f"download {fix} again") from None
    problems = []
    for key in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        names = sorted(str(n) for n in info.get(key, ()) if not UNUSED.search(str(n)))
        if names:
            problems.append(f"{len(names)} {key.replace('_', ' ')}: {', '.join(names[:3])}")
    if problems:
        raise InputError(f"parameter mismatch: {'; '.join(problems)}", where=str(folder), fix=f"download {fix}")
    return model


def _whisper(config: ModelConfig, variant: Variant) -> tuple[Any, Any]:
    from transformers import WhisperModel

    from audit.inference.salmonn.features import whisper_extractor

    data = _folder(config.whisper, variant.whisper)
    wanted = {
        "model_type": "whisper",
        "num_mel_bins": 80,
        "d_model": variant.whisper_width,
        "encoder_layers": variant.whisper_layers,
        "max_source_positions": 1500,
    }
    _expect(data, wanted, str(config.whisper / "config.json"), variant.whisper)
    model = _pretrained(
        WhisperModel,
        config.whisper,
        variant.whisper,
        dtype=torch.float32,
        attn_implementation=config.attention,
    )
    return model.encoder, whisper_extractor(str(config.whisper))


def _beats(config: ModelConfig, variant: Variant) -> Beats:
    where, fix = str(config.beats), variant.beats
    data = read_tensors(config.beats, fix)
    if config.beats.suffix == ".safetensors":
        beside = config.beats.with_suffix(".json")
        if not beside.is_file():
            raise InputError("the configuration is missing", where=str(beside), fix=f"write the `cfg` of {fix} there")
        data = {"cfg": read_object(beside, f"write the `cfg` of {fix} there"), "model": data}
    if not isinstance(data.get("cfg"), dict) or not isinstance(data.get("model"), dict):
        raise InputError("not a BEATs checkpoint: it lacks `cfg` or `model`", where=where, fix=f"download {fix}")
    cfg = data["cfg"]
    wanted = {
        "encoder_embed_dim": variant.beats_width,
        "encoder_layers": variant.beats_layers,
        "input_patch_size": 16,
        "activation_fn": "gelu",
        # The pre-trained file of the same name without "finetuned" gives different features.
        "finetuned_model": True if variant.beats_layers is not None else None,
    }
    _expect(cfg, wanted, where, fix)
    beats = Beats(BeatsConfig.from_checkpoint(cfg))
    state: dict[str, Tensor] = dict(data["model"])
    # The layers share one table, stored under each layer's name; the reference keeps the last one loaded.
    table = re.compile(r"^encoder\.layers\.(\d+)\.self_attn\.relative_attention_bias\.weight$")
    copies = sorted((name for name in state if table.match(name)), key=lambda name: int(name.split(".")[2]))
    if copies:
        last = state[copies[-1]]
        for name in copies:
            del state[name]
        state["encoder.layers.0.self_attn.relative_attention_bias.weight"] = last
    check_names(state, beats.state_dict(), where, fix)
    beats.load_state_dict(state)
    return beats


def _vicuna(config: ModelConfig, variant: Variant, tokenizer: Tokenizer, device: torch.device) -> Any:
    from transformers import LlamaForCausalLM

    fix = variant.vicuna
    data = _folder(config.vicuna, fix)
    wanted = {
        "model_type": "llama",
        "vocab_size": variant.vocab_size or tokenizer.pad_id,
        "hidden_size": variant.hidden_size,
        "num_hidden_layers": variant.layers,
        "max_position_embeddings": variant.positions,
        "rms_norm_eps": variant.rms_norm_eps,
    }
    _expect(data, wanted, str(config.vicuna / "config.json"), fix)
    options: dict[str, Any] = {"dtype": torch.float16, "attn_implementation": config.attention}
    if config.precision == "int8":
        options |= _eight_bits(device)
    # Always load in fp16 first, as the original does even if it then computes in fp32.
    llama = _pretrained(LlamaForCausalLM, config.vicuna, fix, **options)
    add_pad_row(llama)
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}.get(config.precision)
    return llama if dtype is None else llama.to(dtype)


def _eight_bits(device: torch.device) -> dict[str, Any]:
    import importlib.util

    if importlib.util.find_spec("bitsandbytes") is None:
        raise MissingError(
            "8-bit weights need the Python package bitsandbytes",
            fix="pip install bitsandbytes, or use fp16, or int8-cpu on a CPU",
        )
    from transformers import BitsAndBytesConfig

    return {"quantization_config": BitsAndBytesConfig(load_in_8bit=True), "device_map": {"": str(device)}}


def add_pad_row(llama: Any) -> None:
    """Append a row of zeros for `[PAD]` to the embedding and the output layer (R models/salmonn.py:127)."""
    for get, put in (
        ("get_input_embeddings", "set_input_embeddings"),
        ("get_output_embeddings", "set_output_embeddings"),
    ):
        old = getattr(llama, get)()
        weight = torch.cat([old.weight.data, torch.zeros_like(old.weight.data[:1])])
        new = (
            nn.Embedding(*weight.shape, _weight=weight)
            if isinstance(old, nn.Embedding)
            else nn.Linear(1, 1, bias=False)
        )
        if isinstance(new, nn.Linear):
            new.weight = nn.Parameter(weight, requires_grad=False)
            new.out_features, new.in_features = weight.shape
        getattr(llama, put)(new)
    llama.config.vocab_size += 1


def add_lora(llama: Any, rank: int, alpha: int) -> Any:
    """LoRA on q_proj and v_proj by peft, in fp32 (R models/salmonn.py:132-142; peft v0.3.0 other.py:202)."""
    from peft import LoraConfig, TaskType, get_peft_model

    settings = LoraConfig(
        task_type=TaskType.CAUSAL_LM,
        inference_mode=True,
        r=rank,
        lora_alpha=alpha,
        lora_dropout=0.1,
        bias="none",
        target_modules=["q_proj", "v_proj"],
    )
    return get_peft_model(llama, settings)


def _salmonn(config: ModelConfig, variant: Variant, model: Salmonn) -> list[str]:
    where, fix = str(config.salmonn), variant.salmonn
    data = read_tensors(config.salmonn, fix)
    state = data if config.salmonn.suffix == ".safetensors" else data.get("model")
    if not isinstance(state, dict):
        raise InputError("not a SALMONN checkpoint: it lacks `model`", where=where, fix=f"download {fix}")
    model.llama_model = add_lora(model.llama_model, config.lora_rank, config.lora_alpha)
    layers = model.decoder.config.num_hidden_layers
    lora = sum(".lora_" in name for name in state)
    if lora != 4 * layers:
        raise InputError(
            f"{lora} LoRA tensors, not {4 * layers}: LoRA and Vicuna belong to different models",
            where=where,
            fix=f"download {fix} together with {variant.vicuna}",
        )
    own = re.compile(r"\.lora_|^speech_Qformer\.|^speech_query_tokens$|^speech_llama_proj\.|^ln_(speech|audio)\.")
    wanted = {name: value for name, value in model.state_dict().items() if own.search(name)}
    ignored = check_names(state, wanted, where, fix, UNUSED)
    for name, value in wanted.items():
        value.copy_(state[name])
    return ignored


def _place(model: Salmonn, config: ModelConfig, device: torch.device) -> None:
    if config.precision != "int8":
        model.to(device)
        return
    for name, child in model.named_children():
        if name != "llama_model":  # bitsandbytes has already moved it
            child.to(device)
    model.speech_query_tokens.data = model.speech_query_tokens.data.to(device)
