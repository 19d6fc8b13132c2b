"""The Ray engine: actors on a cluster or on this machine, with fractional GPUs; lost actors are replaced."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from audit.errors import AuditError, MissingError
from audit.inference.engines.interface import RETRIES, BatchWorker, WorkSpec
from audit.inference.plan import Batch
from audit.inference.run_records import BatchResult, Event


class _Actor:
    """A worker in a Ray actor; Ray wraps this class."""

    def __init__(self, spec: WorkSpec) -> None:
        self.problem: AuditError | None = None
        try:
            self.worker: BatchWorker | None = spec.worker()
        except AuditError as error:
            self.worker, self.problem = None, error

    def run(self, batch: Batch) -> BatchResult | tuple[Any, ...]:
        """Process a batch; a user error is returned as its arguments."""
        try:
            if self.worker is None:
                assert self.problem is not None
                raise self.problem
            return self.worker.run(batch)
        except AuditError as error:
            return type(error), error.what, error.where, error.fix

    def pid(self) -> int:
        """The actor's process id, for tests that kill it."""
        import os

        return os.getpid()


@dataclass(frozen=True, slots=True)
class RayEngine:
    """`workers` actors with `gpus` GPUs (0.5: two actors share one) and `cpus` CPUs each.

    Attributes:
        address: The address of a running cluster; None starts Ray on this machine.
    """

    workers: int = 1
    gpus: float = 0.0
    cpus: float = 1.0
    address: str | None = None
    name: str = "ray"

    def run(self, spec: WorkSpec, batches: Sequence[Batch]) -> Iterator[BatchResult]:
        """See `Engine.run`."""
        try:
            import ray
        except ImportError:
            raise MissingError(
                "the Python package ray is not installed", fix="pip install 'repro-audit[ray]'"
            ) from None
        if not ray.is_initialized():
            self._start(ray)
        own = spec.on("cuda:0" if self.gpus else spec.device)
        kind = ray.remote(num_gpus=self.gpus, num_cpus=self.cpus, max_restarts=0)(_Actor)
        waiting = deque(batches)
        lost: dict[int, int] = {}
        events: dict[int, list[Event]] = {}
        running: dict[Any, tuple[Any, Batch]] = {}
        for _ in range(min(self.workers, len(batches))):
            self._next(kind.remote(own), waiting, running)
        try:
            while running:
                ready, _ = ray.wait(list(running), num_returns=1)
                actor, batch = running.pop(ready[0])
                try:
                    found = ray.get(ready[0])
                except ray.exceptions.RayActorError:
                    lost[batch.number] = lost.get(batch.number, 0) + 1
                    events.setdefault(batch.number, []).append(Event("worker-lost", batch.number))
                    if lost[batch.number] >= RETRIES:
                        raise MissingError(
                            f"batch {batch.number} has crashed {RETRIES} actors",
                            fix="check Ray's logs (out of memory?); finished batches are kept",
                        ) from None
                    waiting.appendleft(batch)
                    self._next(kind.remote(own), waiting, running)
                    continue
                if isinstance(found, tuple):
                    error, what, where, fix = found
                    raise error(what, where=where, fix=fix)
                self._next(actor, waiting, running)
                yield replace(found, events=(*events.pop(found.batch, []), *found.events))
        finally:
            for actor, _ in running.values():
                ray.kill(actor)

    def _start(self, ray: Any) -> None:
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        if self.address is not None:
            ray.init(address=self.address, **options)
            return
        # Local only: nothing listens on other interfaces, and there is one slot per worker.
        slots = max(1, math.ceil(self.workers * self.cpus))
        ray.init(
            include_dashboard=False, num_cpus=slots, _node_ip_address="127.0.0.1", object_store_memory=2**28, **options
        )

    @staticmethod
    def _next(actor: Any, waiting: deque[Batch], running: dict[Any, tuple[Any, Batch]]) -> None:
        if waiting:
            batch = waiting.popleft()
            running[actor.run.remote(batch)] = (actor, batch)
