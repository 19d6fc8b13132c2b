"""Model engines, one per module: libraries that run the model of a `model.yaml`."""

from __future__ import annotations

from importlib.metadata import entry_points

from audit._util.entry_point import load
from audit._util.suggest import did_you_mean
from audit.errors import InputError
from audit.inference.model_engines.faster_whisper import FasterWhisper
from audit.inference.model_engines.interface import ModelEngine
from audit.inference.model_engines.transformers import Transformers

# A new engine is one module and one entry here.
ENGINES: tuple[ModelEngine, ...] = (FasterWhisper(), Transformers())
# Each entry point names a class, a subclass of `ModelEngine`, in an installed package.
ENTRY_POINTS = "repro_audit.engines"


def engine_named(name: str, where: str | None = None) -> ModelEngine:
    """The engine with this name: of this project, else of an installed package.

    Args:
        name: As in model files.
        where: The field that names it, for the message.

    Raises:
        InputError: There is none, or its package cannot be loaded.
    """
    for engine in ENGINES:
        if engine.name == name:
            return engine
    installed = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    point = installed.get(name)
    if point is None:
        known = ("salmonn", *(engine.name for engine in ENGINES), *sorted(installed))
        raise InputError(
            f"unknown engine {name!r}", where=where, fix=did_you_mean(name, known, f"Engines: {', '.join(known)}.")
        )
    loaded, place, fix = load(point)
    if not (isinstance(loaded, type) and issubclass(loaded, ModelEngine) and getattr(loaded, "name", None) == name):
        what = f"is not a subclass of audit.inference.model_engines.interface.ModelEngine with the name {name!r}"
        raise InputError(what, where=place, fix=fix)
    return loaded()
