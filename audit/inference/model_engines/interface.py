"""Interface of model engines: libraries that run models other than SALMONN."""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from audit.errors import MissingError
from audit.inference.environment import plain_environment
from audit.inference.model_engines.keys import Key, Value, shown
from audit.inference.run_records import RunEnvironment

Samples = npt.NDArray[np.float32]
# The formats of tokenizers, configurations and weights; code in a model's folder is never run.
MODEL_FILES = ("*.json", "*.txt", "*.model", "*.tiktoken", "*.jinja", "*.safetensors", "*.bin")


@dataclass(frozen=True, slots=True)
class EngineModel:
    """A model file of a model engine, checked.

    Attributes:
        engine: The engine's name.
        name: The model's name, as meta files and the report have it.
        variant: Its variant.
        folder: The model's files.
        device: `cpu`, `cuda`, `cuda:1`, ...
        sha256: Hashes that files must have, by name.
        prompt: The instruction for every task; None for that of the task.
        prompts: Instructions of single tasks.
        options: The engine's keys with their values, defaults included.
        source: The model file.
    """

    engine: str
    name: str
    variant: str
    folder: Path
    device: str = "cpu"
    sha256: Mapping[str, str] = field(default_factory=dict)
    prompt: str | None = None
    prompts: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Value] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """A clip as a model hears it: samples (n,) float32 in [-1, 1] at 16 kHz, and what it is asked; None if nothing."""

    samples: Samples
    prompt: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A model's output: its text, whether it ended by itself (None if unknown), and further fields of its row."""

    text: str
    finished: bool | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


class LoadedModel(Protocol):
    """A model in memory."""

    def answer(self, clips: Sequence[Heard]) -> list[Answer]:
        """The output for each clip, in order; any exception is an error of these clips alone."""


class ModelEngine(ABC):
    """A library that runs models.

    Attributes:
        name: In model files.
        what: What it runs, in a few words.
        extra: The extra of this project, or the package, that installs it.
        modules: Modules that must be there.
        libraries: Distributions whose versions are recorded.
        keys: The keys of its model files, beside those that all engines share.
        required: Files without which a folder does not hold a model.
    """

    name: ClassVar[str]
    what: ClassVar[str]
    extra: ClassVar[str]
    modules: ClassVar[tuple[str, ...]]
    libraries: ClassVar[tuple[str, ...]]
    keys: ClassVar[tuple[Key, ...]]
    required: ClassVar[tuple[str, ...]]

    @abstractmethod
    def load(self, model: EngineModel) -> LoadedModel:
        """Load a model.

        Raises:
            InputError: The folder holds no model of this engine, or a key does not fit it.
            MissingError: The device is missing.
        """

    def check(self, model: EngineModel) -> None:  # noqa: B027 - most engines have no such keys
        """Check that keys fit one another; nothing is loaded yet.

        Raises:
            InputError: A key does not apply beside the others.
        """

    def asks(self, model: EngineModel) -> bool:  # noqa: ARG002 - for subclasses
        """Whether this model gets an instruction with each clip; a speech recogniser gets none."""
        return False

    def longest(self, model: EngineModel) -> int | None:  # noqa: ARG002
        """Seconds to which clips are cut; None for no limit."""
        return None

    def special_tokens(self, model: EngineModel) -> dict[str, list[str]] | None:  # noqa: ARG002
        """Tokens that outputs may contain, as in meta files; None if they are SALMONN's."""
        return None

    def environment(self, model: EngineModel) -> RunEnvironment:
        """What this process runs on."""
        return plain_environment(model.device, 1, self.libraries)

    def files(self, model: EngineModel) -> dict[str, Path]:
        """The files that determine the outputs, by name."""
        return {path.name: path for kind in MODEL_FILES for path in sorted(model.folder.glob(kind)) if path.is_file()}

    def decoding(self, model: EngineModel) -> dict[str, str | int | bool]:
        """The decoding parameters, for records; what is left to the model is left out."""
        found = {key.name: shown(model.options[key.name]) for key in self.keys if key.recorded}
        return {name: value for name, value in found.items() if value is not None}

    def need(self) -> None:
        """Check that the libraries are there.

        Raises:
            MissingError: One is not.
        """
        missing = self.missing()
        if missing:
            raise MissingError(
                f"the engine {self.name} needs the Python package{'s' * (len(missing) > 1)} {', '.join(missing)}",
                fix=f"pip install {self.extra}",
            )

    def missing(self) -> list[str]:
        """The modules that are not there."""
        return [name for name in self.modules if importlib.util.find_spec(name) is None]
