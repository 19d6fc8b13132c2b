"""A model engine that says how long a clip is, and fails where it is told to: the bookkeeping needs no model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from audit.inference import model_engines
from audit.inference.model_engines.interface import Answer, EngineModel, Heard, ModelEngine
from audit.inference.model_engines.keys import DECIMAL, FLAG, TEXT, Key, whole


class Made(ModelEngine):
    """`asked`: whether it takes an instruction; `batch`: the most clips that fit its memory."""

    name = "made"
    what = "nothing"
    extra = "made"
    modules = ()
    libraries = ("numpy",)
    keys = (
        Key("asked", FLAG, False, "whether it takes an instruction"),
        Key("batch", whole(0, 100), 100, "the most clips in memory"),
        Key("broken", whole(0, 10**9), None, "samples of a clip on which it fails", optional=True),
        Key("scale", DECIMAL, "1.0", "a factor"),
        Key("note", TEXT, None, "a text", optional=True),
        Key("message", TEXT, "a fault", "the error's words", recorded=False),
    )
    required = ("weights.bin",)

    def asks(self, model: EngineModel) -> bool:
        return model.options["asked"] is True

    def load(self, model: EngineModel) -> MadeModel:
        return MadeModel(model)


class MadeModel:
    def __init__(self, model: EngineModel) -> None:
        self.model = model
        self.seen: list[int] = []

    def answer(self, clips: Sequence[Heard]) -> list[Answer]:
        options = self.model.options
        assert isinstance(options["batch"], int)
        self.seen.append(len(clips))
        if len(clips) > options["batch"]:
            raise RuntimeError("CUDA failed with error out of memory")
        if any(len(clip.samples) == options["broken"] for clip in clips):
            raise RuntimeError(str(options["message"]))
        return [Answer(f"{clip.prompt or ''}{len(clip.samples)}", True, {"ids": [1]}) for clip in clips]


def register(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the engine known."""
    monkeypatch.setattr(model_engines, "ENGINES", (*model_engines.ENGINES, Made()))


def write(folder: Path, **keys: object) -> Path:
    """A folder with a model of the engine; returns its model.yaml."""
    (folder / "weights").mkdir(parents=True, exist_ok=True)
    (folder / "weights" / "weights.bin").write_bytes(b"weights")
    lines = ["engine: made", "name: Made", "model: weights", *(f"{name}: {value}" for name, value in keys.items())]
    (folder / "model.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "model.yaml"
