"""The local engine: this process for one device, one process per device for several; lost processes are replaced."""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import Any

from audit._util.child_processes import end_with_parent
from audit.errors import AuditError, MissingError
from audit.inference.engines.interface import RETRIES, WorkSpec
from audit.inference.plan import Batch
from audit.inference.run_records import BatchResult, Event

_LOOK_AHEAD = 2


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """`devices` names the device of each worker; a device may be named several times.

    Attributes:
        devices: Empty for the device of the model file.
        loaded: What `WorkSpec.load` returned, if the model is loaded already.
    """

    devices: tuple[str, ...] = ()
    loaded: Any = None
    name: str = "local"

    def run(self, spec: WorkSpec, batches: Sequence[Batch]) -> Iterator[BatchResult]:
        """See `Engine.run`."""
        devices = self.devices or (spec.device,)
        if len(devices) > 1:
            yield from _many(spec, batches, devices)
            return
        worker = spec.on(devices[0]).worker(self.loaded)
        try:
            for index, batch in enumerate(batches):
                worker.begin(batches[index : index + 1 + _LOOK_AHEAD])
                yield worker.run(batch)
        finally:
            worker.close()


def _serve(spec: WorkSpec, inbox: Any, outbox: Any) -> None:
    """The worker process: processes batches from `inbox` until None; sends user errors back as their arguments."""
    end_with_parent()
    try:
        worker = spec.worker()
        while (batch := inbox.get()) is not None:
            outbox.put(worker.run(batch))
        worker.close()
    except AuditError as error:
        outbox.put((type(error), error.what, error.where, error.fix))


class _Process:
    def __init__(self, spec: WorkSpec, device: str) -> None:
        context = get_context("spawn")
        self.spec, self.device = spec, device
        self.inbox: Any = context.Queue()
        self.outbox: Any = context.Queue()
        self.process = context.Process(target=_serve, args=(spec.on(device), self.inbox, self.outbox), daemon=False)
        self.process.start()
        self.batch: Batch | None = None

    def give(self, batch: Batch) -> None:
        self.batch = batch
        self.inbox.put(batch)

    def poll(self) -> BatchResult | None:
        try:
            found = self.outbox.get(timeout=0.05)
        except queue.Empty:
            return None
        if isinstance(found, tuple):
            kind, what, where, fix = found
            raise kind(what, where=where, fix=fix)
        assert isinstance(found, BatchResult)
        return found

    def stop(self) -> None:
        if self.batch is not None:  # after an error or a signal nobody needs it
            self.process.kill()
        if self.process.is_alive():
            self.inbox.put(None)
            self.process.join(timeout=10)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        for channel in (self.inbox, self.outbox):
            channel.close()
            channel.cancel_join_thread()


def _many(spec: WorkSpec, batches: Sequence[Batch], devices: Sequence[str]) -> Iterator[BatchResult]:
    waiting = deque(batches)
    lost: dict[int, int] = {}
    events: dict[int, list[Event]] = {}
    workers = [_Process(spec, device) for device in devices[: max(1, len(batches))]]
    left = len(batches)
    try:
        while left:
            for index, worker in enumerate(workers):
                if worker.batch is None and waiting:
                    worker.give(waiting.popleft())
                result = worker.poll()
                if result is None and worker.batch is not None and not worker.process.is_alive():
                    result = worker.poll()  # a result sent before the process ended
                    if result is None:
                        _note_loss(worker, lost, events)
                        waiting.appendleft(worker.batch)
                        worker.stop()
                        workers[index] = _Process(spec, worker.device)
                        continue
                if result is not None:
                    worker.batch = None
                    left -= 1
                    yield replace(result, events=(*events.pop(result.batch, []), *result.events))
    finally:
        for worker in workers:
            worker.stop()


def _note_loss(worker: _Process, lost: dict[int, int], events: dict[int, list[Event]]) -> None:
    assert worker.batch is not None
    number, code = worker.batch.number, worker.process.exitcode
    lost[number] = lost.get(number, 0) + 1
    events.setdefault(number, []).append(Event("worker-lost", number, exit=code))
    if lost[number] >= RETRIES:
        fix = "check the system log (out of memory?); finished batches are kept"
        raise MissingError(f"batch {number} has crashed {RETRIES} workers (exit code {code})", fix=fix)
