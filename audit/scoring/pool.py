"""Where shards are counted: in this process, in several, or on a Ray cluster; the result is the same to the last bit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, TypeAlias

from audit._util.cpu import cores
from audit.errors import InputError, MissingError
from audit.scoring.counting import Counted, Key, count
from tasks.row import Row

EngineName = Literal["auto", "local", "ray"]
# (task id, keys of conventions, rows of the shard)
Work: TypeAlias = tuple[str, tuple[Key, ...], Sequence[Row]]
Map: TypeAlias = Callable[[Iterable[Work]], Iterator[dict[Key, Counted]]]
# Fewer rows than this cost less than handing them to a process.
WORTH_A_PROCESS = 1000


def count_work(work: Work) -> dict[Key, Counted]:
    """Count one shard, with the conventions of the registry."""
    from tasks.registry import tasks

    task, keys, rows = work
    return count(rows, [(metric, tasks()[task].convention(metric, name)) for metric, name in keys])


@contextmanager
def engine(name: EngineName = "auto", workers: int | None = None) -> Iterator[tuple[Map, int]]:
    """Give a `map` over shards and how many shards are worth making.

    Args:
        name: `local` and `auto` use processes of this machine, `ray` a Ray cluster (`RAY_ADDRESS`, or one started here).
        workers: How many; by default as many as there are processors.

    Raises:
        InputError: The number of workers is not positive.
        MissingError: Ray is asked for and not installed.
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
    """One shard after the other, in this process."""
    return map(count_work, work)


@contextmanager
def _processes(number: int) -> Iterator[Map]:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from contextlib import ExitStack

    with ExitStack() as stack:
        pools: list[ProcessPoolExecutor] = []

        def mapping(work: Iterable[Work]) -> Iterator[dict[Key, Counted]]:
            # Opened with the first work: most runs have none. Not forked: a fork of a process with threads may hang.
            if not pools:
                try:
                    pool = ProcessPoolExecutor(number, mp_context=multiprocessing.get_context("spawn"))
                except OSError:
                    # No semaphores here (a /dev/shm that is missing or closed to this user): the same, one by one.
                    return serial(work)
                pools.append(pool)
                # What was begun and is not wanted any more, after an error, is not waited for.
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
            # All shards are handed over now, not when the first is asked for; Ray's own retries bring back what a lost
            # worker had.
            return map(ray.get, [remote.options(max_retries=3).remote(item) for item in work])

        yield mapping
    finally:
        if started:
            ray.shutdown()
