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
class Identity:
    """Everything that determines the rows of a run; a journal continues only with the same.

    Attributes:
        manifest: Its SHA-256.
        items: In the whole set.
        prompt: The instruction.
        weights: File name -> SHA-256.
        batches: In the whole plan.
        shard: k and n of `k/n`.
        sampling: The SHA-256 of the sampling plan that orders the batches; None without one.
    """

    task: str
    manifest: str
    items: int
    dataset: TestSetName
    prompt: str
    prompt_key: str
    model: ModelSettings
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
    """What a run ran on: libraries, machine, device, and numeric settings; the last three are None without a GPU."""

    python: str
    platform: str
    packages: Mapping[str, str]
    device: str
    threads: int
    tf32: Tf32
    cublas_workspace: str | None
    deterministic_algorithms: bool
    compute_capability: str | None = None
    cuda: str | None = None
    cudnn: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The object in `environment-K-of-N.json`; what a machine without a GPU lacks is left out."""
        optional = ("compute_capability", "cuda", "cudnn")
        return {name: value for name, value in asdict(self).items() if value is not None or name not in optional}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a run: rows and errors of this shard, and the predictions file unless shards must be merged."""

    rows: int
    errors: int
    predictions: Path | None
