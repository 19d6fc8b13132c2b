"""Requirements of inference by task: libraries, weights, data, memory."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit._util.files import refuse_pointer_file
from audit._util.strict_yaml import Document
from audit.errors import AuditError, InputError
from audit.inference.layouts import SetLocation
from audit.inference.model_file import SALMONN, engine_name, open_model_file
from audit.inference.salmonn.config import VARIANTS, ModelConfig, read_model_config
from audit.inference.settings import SETTINGS

LIBRARIES = ("torch", "transformers", "peft", "safetensors", "sentencepiece", "soundfile")
_GIB = 2**30
# Bytes per parameter of the language model, by precision; encoders and Q-Former are always in fp32. int8-cpu has 1 when
# it runs, but is made from fp16.
_BYTES = {"fp32": 4, "bf16": 2, "fp16": 2, "int8": 1, "int8-cpu": 2}
_OTHERS = 650_000_000 + 90_000_000 + 27_000_000  # Whisper's encoder, BEATs, Q-Former with projection
_LLAMA = {"13b": 13_016_000_000, "7b": 6_739_000_000}
_CACHE = {"13b": 2 * 40 * 5120, "7b": 2 * 32 * 4096}  # keys and values of one position


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement of one task: whether it is met, and the remedy if not."""

    task: str
    part: str
    ok: bool
    detail: str


def memory_needed(config: ModelConfig, batch: int = 1, beams: int = 4, new_tokens: int = 200) -> int | None:
    """The memory in bytes that a run needs on its device, or None for a custom model.

    Weights, the key-value cache of the prompt per clip (about 140 positions) and of new tokens per beam, plus 10 % for
    temporary tensors.
    """
    if config.variant not in _LLAMA:
        return None
    width = 4 if config.precision in {"fp32", "int8-cpu"} else 2
    weights = _LLAMA[config.variant] * _BYTES[config.precision] + _OTHERS * 4
    cache = _CACHE[config.variant] * width * batch * (140 + beams * new_tokens)
    return int((weights + cache) * 1.1)


def check(
    model: Path | None, sets: Sequence[SetLocation], batch: int = 1, tasks: Iterable[str] = SETTINGS
) -> list[Requirement]:
    """Check all requirements.

    Args:
        model: model.yaml; None is reported as missing.
        sets: The locations of test sets; tasks without one are reported as lacking data.
        batch: The batch size, for the memory estimate.
        tasks: The tasks whose data are checked.
    """
    found = _model(model, batch)
    by_task = {item.task: item for item in sets}
    found += [_data(task, by_task.get(task)) for task in tasks]
    return found


def _model(model: Path | None, batch: int) -> list[Requirement]:
    """What the model needs, by SALMONN's own code or by the engine that model.yaml names."""
    if model is None:
        return [
            _libraries(),
            Requirement("all", "model", False, "no model.yaml given: see docs/how-to/run-inference.md"),
        ]
    found: list[Requirement] = []
    try:
        document = open_model_file(model)
        if engine_name(document) != SALMONN:
            return _engine_model(document)
        found.append(_libraries())
        config = read_model_config(model)
        return [*found, *_weights(config), _memory(config, batch)]
    except AuditError as error:
        return [*(found or [_libraries()]), Requirement("all", "model", False, str(error))]


def _engine_model(document: Document) -> list[Requirement]:
    from audit.inference.model_engines import engine_named
    from audit.inference.model_engines.document import read_engine_model

    engine = engine_named(engine_name(document), document.where(("engine",)))
    missing = engine.missing()
    text = f"missing: {', '.join(missing)}; pip install {engine.extra}" if missing else "all there"
    libraries = Requirement("all", "libraries", not missing, text)
    try:
        _, found = read_engine_model(document)
    except AuditError as error:
        return [libraries, Requirement("all", "model", False, str(error))]
    return [
        libraries,
        Requirement("all", "model", True, f"{found.name} {found.variant} by {engine.name}: {found.folder}"),
    ]


def _libraries() -> Requirement:
    missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    text = f"missing: {', '.join(missing)}; pip install 'repro-audit[inference]'" if missing else "all there"
    return Requirement("all", "libraries", not missing, text)


def _weights(config: ModelConfig) -> list[Requirement]:
    variant = VARIANTS[config.variant]
    parts = {
        "whisper": (config.whisper / "config.json", variant.whisper),
        "vicuna": (config.vicuna / "config.json", variant.vicuna),
        "tokenizer": (config.vicuna / "tokenizer.model", variant.vicuna),
        "beats": (config.beats, variant.beats),
        "salmonn": (config.salmonn, variant.salmonn),
    }
    return [_weight(part, path, what) for part, (path, what) in parts.items()]


def _weight(part: str, path: Path, what: str) -> Requirement:
    if not path.is_file():
        return Requirement("all", part, False, f"{path} is missing: download {what}")
    try:
        refuse_pointer_file(path)
    except InputError as error:
        return Requirement("all", part, False, f"{path} is {error.what}: {error.fix}")
    return Requirement("all", part, True, str(path))


def _memory(config: ModelConfig, batch: int) -> Requirement:
    need = memory_needed(config, batch)
    free = _free(config.device)
    if need is None:
        return Requirement("all", "memory", True, "custom model: not known")
    text = f"{need / _GIB:.0f} GiB needed for {config.variant} in {config.precision}, batch {batch}"
    if free is None:
        return Requirement("all", "memory", False, f"{text}; device {config.device} not found")
    fix = "" if free >= need else "; use --precision int8, a smaller batch, or another device"
    return Requirement("all", "memory", free >= need, f"{text}; {free / _GIB:.0f} GiB free on {config.device}{fix}")


def _free(device: str) -> int | None:
    if device.startswith("cuda"):
        if importlib.util.find_spec("torch") is None:
            return None
        import torch

        return int(torch.cuda.mem_get_info(device)[0]) if torch.cuda.is_available() else None
    for line in Path("/proc/meminfo").read_text("ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _data(task: str, place: SetLocation | None) -> Requirement:
    from audit.inference.dataset_errors import explain
    from audit.literature.known_tasks import tasks_here
    from audit.literature.set_manifest import notes as differences
    from audit.literature.sets import card_of, load_sets
    from tasks.datasets.errors import DatasetError
    from tasks.datasets.registry import READERS, Options, read

    if task not in READERS and place is None:
        return Requirement(task, "data", False, "the set was never published")
    if place is None:
        return Requirement(task, "data", False, f"no folder given (--data {task}=FOLDER)")
    try:
        manifest = read(task, place.data, Options(labels=place.labels, speech=place.speech))
    except DatasetError as error:
        return Requirement(task, "data", False, str(explain(error)).replace("\n ", ";"))
    known = tasks_here().get(task)
    card = None if known is None else card_of(known, load_sets())
    notes = "; ".join((*manifest.notes, *differences(manifest, card)))
    text = f"{len(manifest.items)} items" + (f"; {notes}" if notes else "")
    if manifest.missing:
        return Requirement(
            task, "data", False, f"{text}; {len(manifest.missing)} missing, the first is {manifest.missing[0]}"
        )
    return Requirement(task, "data", True, text)
