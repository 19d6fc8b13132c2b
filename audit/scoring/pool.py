"""Executors that count shards: this process, several processes, or a Ray cluster; results are bit-identical."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, TypeAlias

from audit._util.cpu import cores
from audit.errors import InputError, MissingError
from audit.scoring.counting import Counted, Key, count
from tasks.row import Row
from tasks.task import Declaration

EngineName = Literal["auto", "local", "ray"]
# (what the task is built from, keys of the conventions, rows of the shard)
Work: TypeAlias = tuple[Declaration, tuple[Key, ...], Sequence[Row]]
Map: TypeAlias = Callable[[Iterable[Work]], Iterator[dict[Key, Counted]]]
# Below this number of rows, counting costs less than sending them to a process.
WORTH_A_PROCESS = 1000


def count_work(work: Work) -> dict[Key, Counted]:
    """Count a shard under conventions of a declared task."""
    from tasks.registry import build

    declaration, keys, rows = work
    task = build(declaration)
    return count(rows, [(metric, task.convention(metric, name)) for metric, name in keys])


@contextmanager
def engine(name: EngineName = "auto", workers: int | None = None) -> Iterator[tuple[Map, int]]:
    """Provide a `map` over shards and the useful number of shards.

    Args:
        name: `local` and `auto` use processes on this machine, `ray` a Ray cluster (`RAY_ADDRESS`, or one started here).
        workers: The number of workers; by default the number of processors.

    Raises:
        InputError: The number of workers is not positive.
        MissingError: Ray is not installed.
    """
    number = cores() if workers is None else workers
    if number < 1:
        raise InputError("must be at least 1", where="--workers", fix="Give the number of processes.")
    if name == "ray":
        with _ray(number) as mapping:
            yield mapping, number
    elif number == 1:
        yield serial, 1
    else:
        with _processes(number) as mapping:
            yield mapping, number


def serial(work: Iterable[Work]) -> Iterator[dict[Key, Counted]]:
    """Count the shards sequentially in this process."""
    return map(count_work, work)


@contextmanager
def _processes(number: int) -> Iterator[Map]:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from contextlib import ExitStack

    with ExitStack() as stack:
        pools: list[ProcessPoolExecutor] = []

        def mapping(work: Iterable[Work]) -> Iterator[dict[Key, Counted]]:
            # Started on demand, because most runs have no work. Not forked: forking a process with threads may hang.
            if not pools:
                try:
                    pool = ProcessPoolExecutor(number, mp_context=multiprocessing.get_context("spawn"))
                except OSError:
                    # No semaphores (/dev/shm is missing or not accessible): count sequentially.
                    return serial(work)
                pools.append(pool)
                # After an error, do not wait for pending work.
                stack.callback(pool.shutdown, cancel_futures=True)
            return pools[0].map(count_work, work)

        yield mapping


@contextmanager
def _ray(number: int) -> Iterator[Map]:
    try:
        import ray
    except ImportError as error:
        raise MissingError("Ray is not installed", fix="pip install 'repro-audit[ray]'") from error
    address = os.environ.get("RAY_ADDRESS")
    started = not ray.is_initialized()
    if started:
        options = {"address": address} if address else {"num_cpus": number, "include_dashboard": False}
        ray.init(**options, log_to_driver=False, configure_logging=False)
    try:
        remote = ray.remote(count_work)

        def mapping(work: Iterable[Work]) -> Iterator[dict[Key, Counted]]:
            # Submit all shards now, not when the first result is requested; Ray retries the work of lost workers.
            return map(ray.get, [remote.options(max_retries=3).remote(item) for item in work])

        yield mapping
    finally:
        if started:
            ray.shutdown()
