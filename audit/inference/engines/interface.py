"""Interface of engines (batches in, finished batches out, in any order, each exactly once) and of what they run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from audit.inference.plan import Batch
from audit.inference.run_records import BatchResult, RunEnvironment, RunFacts

RETRIES = 3


class BatchWorker(Protocol):
    """A loaded model that turns batches of items into rows."""

    def begin(self, batches: Iterable[Batch]) -> None:
        """Start preparing upcoming batches."""

    def run(self, batch: Batch) -> BatchResult:
        """Process a batch."""

    def close(self) -> None:
        """Stop what `begin` started."""


class WorkSpec(Protocol):
    """Everything that creates a worker, in this or another process: of SALMONN, or of a model engine."""

    @property
    def device(self) -> str:
        """The device of the model file."""

    def on(self, device: str) -> WorkSpec:
        """The same on another device."""

    def load(self) -> Any:
        """Load the model.

        Raises:
            InputError: A file of the model is wrong.
            MissingError: A library, a file or the device is missing.
        """

    def worker(self, loaded: Any = None) -> BatchWorker:
        """A worker; `loaded` is what `load` returned, which is then not loaded again."""

    def facts(self) -> RunFacts:
        """What determines the rows."""

    def environment(self) -> RunEnvironment:
        """What this process runs on."""


class Engine(Protocol):
    """Runs workers."""

    @property
    def name(self) -> str:
        """The name on the command line."""

    def run(self, spec: WorkSpec, batches: Sequence[Batch]) -> Iterator[BatchResult]:
        """Process every batch once.

        Raises:
            MissingError: A batch has crashed `RETRIES` workers, or the engine's library is not installed.
        """
