"""Reads `model.yaml` of a model engine: a strict schema, in which every error names file, line and field."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from audit._util.files import refuse_pointer_file
from audit._util.strict_yaml import Document
from audit._util.suggest import did_you_mean
from audit.errors import CheckFailedError, InputError, MissingError
from audit.inference.file_hashes import file_hashes
from audit.inference.model_engines import engine_named
from audit.inference.model_engines.interface import EngineModel, ModelEngine
from audit.inference.model_engines.keys import TEXT, Key, Kind, Value, names
from audit.inference.model_file import PAGE, engine_name

_DEVICE = re.compile(r"(cpu|mps|cuda(:[0-9]{1,3})?)\Z")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}\Z")
DEVICE = Kind(
    "cpu, cuda, cuda:0, ...", lambda value: value if isinstance(value, str) and _DEVICE.match(value) else None
)
ENGINE = Key("engine", TEXT, None, "the library that runs the model")
NAME = Key("name", TEXT, None, "the model's name in meta files, the report and the study; required")
VARIANT = Key("variant", TEXT, "released", "which of the model's variants it is, as the study names it")
MODEL = Key("model", TEXT, None, "the folder of the model's files, relative to model.yaml; required")
DEVICE_KEY = Key("device", DEVICE, "cpu", "where it runs; `--device` replaces it")
SHA256 = Key("sha256", TEXT, None, "file -> the SHA-256 that it must have; a different file ends the command with 1")
PROMPT = Key(
    "prompt", TEXT, None, "the instruction for every task, for models that take one; `{}` is the item's question"
)
PROMPTS = Key("prompts", TEXT, None, "task -> its instruction, before `prompt`")
# What the model files of all engines share.
COMMON: tuple[Key, ...] = (ENGINE, NAME, VARIANT, MODEL, DEVICE_KEY, SHA256, PROMPT, PROMPTS)


def read_engine_model(document: Document, device: str | None = None) -> tuple[ModelEngine, EngineModel]:
    """The engine and the model of a model file.

    Args:
        document: The file, a mapping.
        device: Replaces its device.

    Raises:
        InputError: An unknown engine or key, a missing key, or a value of a different type.
        MissingError: The model's folder or one of its files is missing.
    """
    data = document.data
    engine = engine_named(engine_name(document), document.where(("engine",)))
    known = (*COMMON, *engine.keys)
    for name in data:
        if name not in names(known):
            every = f"Keys of {engine.name}: {', '.join(names(known))}."
            raise InputError("unknown key", where=document.where((name,)), fix=did_you_mean(name, names(known), every))
    for key in (NAME, MODEL):
        if data.get(key.name) is None:
            raise InputError(f"the key `{key.name}` is missing", where=document.where(), fix=f"Add it; see {PAGE}.")
    given = DEVICE_KEY if device is None else None
    chosen = _value(document, DEVICE_KEY, data) if given else DEVICE.read(device)
    if chosen is None:
        raise InputError(f"not a device: {device!r}", where="--device", fix=f"Give {DEVICE.name}.")
    model = EngineModel(
        engine=engine.name,
        name=str(_value(document, NAME, data)),
        variant=str(_value(document, VARIANT, data)),
        folder=document.path.parent / str(_value(document, MODEL, data)),
        device=str(chosen),
        sha256=_hashes(document),
        prompt=None if data.get("prompt") is None else str(_value(document, PROMPT, data)),
        prompts=_texts(document, "prompts"),
        options={key.name: _value(document, key, data) for key in engine.keys},
        source=str(document.path),
    )
    engine.check(model)
    if (model.prompt is not None or model.prompts) and not engine.asks(model):
        field = "prompt" if model.prompt is not None else "prompts"
        raise InputError("this model takes no instruction", where=document.where((field,)), fix="Remove the key.")
    _check_folder(engine, model, document)
    return engine, model


def _value(document: Document, key: Key, data: dict[str, Any]) -> Value:
    if key.name not in data:
        return key.default
    given = data[key.name]
    if given is None and key.optional:
        return None
    found = key.kind.read(given)
    if found is None:
        or_null = ", or null" if key.optional else ""
        shown = "a mapping" if isinstance(given, dict) else "a list" if isinstance(given, list) else repr(given)[:80]
        raise InputError(f"must be {key.kind.name}{or_null}, not {shown}", where=document.where((key.name,)))
    return found


def _texts(document: Document, field: str) -> dict[str, str]:
    """A mapping of texts; empty if it is absent."""
    given = document.data.get(field)
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise InputError("must be a mapping of texts", where=document.where((field,)))
    for name, value in given.items():
        if not isinstance(value, str) or not value.strip():
            raise InputError("must be a text", where=document.where((field, name)))
    return dict(given)


def _hashes(document: Document) -> dict[str, str]:
    found = _texts(document, "sha256")
    for name, value in found.items():
        if not _SHA256.match(value):
            raise InputError("not a SHA-256: 64 hexadecimal digits", where=document.where(("sha256", name)))
    return {name: value.lower() for name, value in found.items()}


def _check_folder(engine: ModelEngine, model: EngineModel, document: Document) -> None:
    where = document.where(("model",))
    try:
        there = model.folder.is_dir()
    except OSError:  # a name that the file system cannot hold, or a folder that may not be entered
        there = False
    if not there:
        raise MissingError(
            f"there is no folder {model.folder}",
            where=where,
            fix=f"Get the model's files for {engine.name}; see {PAGE}.",
        )
    absent = [name for name in engine.required if not (model.folder / name).is_file()]
    if absent:
        raise MissingError(
            f"{model.folder} lacks {', '.join(absent)}", where=where, fix=f"Get a model for {engine.name}; see {PAGE}."
        )


def model_hashes(engine: ModelEngine, model: EngineModel, memory: Path | None = None) -> dict[str, str]:
    """SHA-256 of the model's files, by name; `memory` keeps them between runs.

    Raises:
        CheckFailedError: A file is not the one that the model file names by its hash.
        InputError: A file is a Git LFS pointer, or the model file names the hash of a file that is not there.
    """
    files = engine.files(model)
    for path in files.values():
        refuse_pointer_file(path)
    found = file_hashes(files, f"Get the model's files; see {PAGE}.", memory)
    for name, wanted in model.sha256.items():
        if name not in found:
            raise InputError(
                f"the folder has no file {name!r}", where=f"{model.source}: sha256", fix=f"Files: {', '.join(found)}."
            )
        if found[name] != wanted:
            raise CheckFailedError(
                f"a different file: its SHA-256 is {found[name]}, not {wanted}",
                where=str(model.folder / name),
                fix=f"Get the file that {Path(model.source).name} names, or change its `sha256`.",
            )
    return found
