"""What a run writes beside its predictions: its identity, its batches, and what it ran on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from audit.inference.salmonn.config import ModelSettings
from tasks.row import Row

Settings = Mapping[str, str | int | bool]


@dataclass(frozen=True, slots=True)
class Event:
    """A batch that was halved because memory ran out, that cost a worker, or whose clips were run one by one after an error.

    What does not apply is None.

    Attributes:
        rows: Items of the batch.
        halved_to: Items of its halves.
        exit: The exit code of the worker's process.
    """

    event: Literal["out-of-memory", "worker-lost", "batch-divided"]
    batch: int
    rows: int | None = None
    halved_to: tuple[int, int] | None = None
    exit: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The object in journals and run records, without what does not apply."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class BatchResult:
    """A finished batch: its rows, sorted by id, and events such as halved batches."""

    batch: int
    rows: tuple[Row, ...]
    events: tuple[Event, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """A line of the journal."""
        return {**asdict(self), "events": [event.as_json() for event in self.events]}


@dataclass(frozen=True, slots=True)
class TestSetName:
    """A test set as records name it."""

    name: str
    split: str


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """The model of a model engine, as run records have it; without paths and device.

    Attributes:
        engine: The engine's name.
        name: The model's name.
        variant: Its variant.
        special_tokens: The tokens that its outputs may contain, as meta files have them; None for SALMONN's.
    """

    engine: str
    name: str
    variant: str
    special_tokens: Mapping[str, list[str]] | None


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a model contributes to the identity of its run; the attributes are those of `Identity`."""

    prompt: str | None
    prompt_key: str
    model: ModelSettings | EngineSettings
    weights: Mapping[str, str]
    decoding: Settings
    resampler: str
    encode_batch: int = 1
    zero_audio: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """Everything that determines the rows of a run; a journal continues only with the same.

    Attributes:
        manifest: Its SHA-256.
        items: In the whole set.
        prompt: The instruction; None if the model takes none.
        model: SALMONN's settings, or those of a model engine.
        weights: File name -> SHA-256.
        batches: In the whole plan.
        shard: k and n of `k/n`.
        sampling: The SHA-256 of the sampling plan that orders the batches; None without one.
    """

    task: str
    manifest: str
    items: int
    dataset: TestSetName
    prompt: str | None
    prompt_key: str
    model: ModelSettings | EngineSettings
    weights: Mapping[str, str]
    decoding: Settings
    resampler: str
    batch_size: int
    encode_batch: int
    zero_audio: bool
    batches: int
    shard: tuple[int, int]
    sampling: str | None = None

    def differences(self, other: Identity) -> list[str]:
        """The names of the fields that differ, sorted."""
        one, two = asdict(self), asdict(other)
        return [name for name in sorted(one) if one[name] != two[name]]


@dataclass(frozen=True, slots=True)
class Tf32:
    """Whether torch rounds the factors of products and of convolutions to TF32."""

    matmul: bool
    cudnn: bool


@dataclass(frozen=True, slots=True)
class RunEnvironment:
    """What a run ran on: libraries, machine, device, and numeric settings.

    `tf32` and `deterministic_algorithms` are None without torch, the last three without a GPU.
    """

    python: str
    platform: str
    packages: Mapping[str, str]
    device: str
    threads: int
    cublas_workspace: str | None
    tf32: Tf32 | None = None
    deterministic_algorithms: bool | None = None
    compute_capability: str | None = None
    cuda: str | None = None
    cudnn: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The object in `environment-K-of-N.json`; what a machine without torch or a GPU lacks is left out."""
        optional = ("tf32", "deterministic_algorithms", "compute_capability", "cuda", "cudnn")
        return {name: value for name, value in asdict(self).items() if value is not None or name not in optional}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a run: rows and errors of this shard, and the predictions file unless shards must be merged."""

    rows: int
    errors: int
    predictions: Path | None
