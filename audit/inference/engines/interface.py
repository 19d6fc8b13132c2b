"""Interface of engines: batches in, finished batches out, in any order, each exactly once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from audit.inference.plan import Batch
from audit.inference.run_records import BatchResult

if TYPE_CHECKING:
    # It imports torch, which the bookkeeping of a run does not need.
    from audit.inference.worker import Spec

RETRIES = 3


class Engine(Protocol):
    """Runs workers."""

    @property
    def name(self) -> str:
        """The name on the command line."""

    def run(self, spec: Spec, batches: Sequence[Batch]) -> Iterator[BatchResult]:
        """Process every batch once.

        Raises:
            MissingError: A batch has crashed `RETRIES` workers, or the engine's library is not installed.
        """
