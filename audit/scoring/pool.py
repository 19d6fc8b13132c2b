"""Executors that count shards: this process, several processes, or a Ray cluster; results are bit-identical."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from operator import methodcaller
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from audit._util.child_processes import kill, pool
from audit._util.cpu import cores
from audit.errors import InputError, MissingError
from audit.scoring.counting import Counted, Key, count
from tasks.backends.parsed_captions import Parsed
from tasks.backends.spice_parser import MAX_THREADS, distribute, parse
from tasks.row import Row
from tasks.task import Declaration

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

EngineName = Literal["auto", "local", "ray"]
# (what the task is built from, keys of the conventions, rows of the shard)
Work: TypeAlias = tuple[Declaration, tuple[Key, ...], Sequence[Row]]
Map: TypeAlias = Callable[[Iterable[Work]], Iterator[dict[Key, Counted]]]
# Below this number of rows, counting costs less than sending them to a process.
WORTH_A_PROCESS = 1000
# Shards submitted to a cluster for each of its processors.
_AHEAD = 4
# Shards submitted to the processes of this machine: enough that none is idle while another set is finished here, few enough
# that what they return does not pile up.
_AHEAD_HERE = 64


def count_work(work: Work) -> dict[Key, Counted]:
    """Count a shard under conventions of a declared task."""
    from tasks.registry import build

    declaration, keys, rows = work
    task = build(declaration)
    rows = tuple(rows)  # those of a file are read here
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
    pools: list[ProcessPoolExecutor] = []

    def mapping(work: Iterable[Work]) -> Iterator[dict[Key, Counted]]:
        # Started on demand, because most runs have no work.
        if not pools:
            try:
                pools.append(pool(number))
            except OSError:
                return serial(work)
        started, size = pools[0], max(_AHEAD_HERE, _AHEAD * number)
        return _in_window(lambda item: started.submit(count_work, item), methodcaller("result"), iter(work), size)

    try:
        yield mapping
    except BaseException:
        # After an error or a signal nobody needs what the workers are counting. Their own children die with them.
        for started in pools:
            kill(started)
        raise
    finally:
        for started in pools:
            started.shutdown(cancel_futures=True)


def _in_window(
    submit: Callable[[Work], Any], take: Callable[[Any], dict[Key, Counted]], work: Iterator[Work], size: int
) -> Iterator[dict[Key, Counted]]:
    """Submit the first `size` pieces of work now, and another one whenever a result was taken; results in order."""
    waiting = deque(map(submit, islice(work, size)))

    def results() -> Iterator[dict[Key, Counted]]:
        while waiting:
            found = [take(waiting.popleft())]
            waiting.extend(map(submit, islice(work, 1)))
            yield found.pop()  # kept by whoever asked alone

    return results()


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
            # Ray retries the work of lost workers. Rows travel, since other machines need not have the file; no more of them
            # at a time than keep the cluster busy, so that a large file is never in memory as a whole.
            def submit(item: Work) -> Any:
                declaration, keys, rows = item
                return remote.options(max_retries=3).remote((declaration, keys, tuple(rows)))

            return _in_window(submit, ray.get, iter(work), _AHEAD * max(number, _processors(ray)))

        def parsing(parts: Sequence[Sequence[str]], longest: int) -> Iterator[Mapping[str, Parsed]]:
            # Each part keeps the processors of its machine busy, so a task asks for as many as there can be.
            parse_there = ray.remote(parse_part).options(max_retries=3, num_cpus=_whole_machine(ray))
            waiting = [parse_there.remote(part, longest) for part in parts]
            while waiting:
                [ready], waiting = ray.wait(waiting)
                yield ray.get(ready)

        distribute(parsing)
        yield mapping
    finally:
        distribute(None)
        if started:
            ray.shutdown()


def parse_part(part: Sequence[str], longest: int) -> dict[str, Parsed]:
    """Parse captions for SPICE on another machine."""
    return parse(part, longest)


def _processors(ray: Any) -> int:
    """Processors of the whole cluster."""
    return int(ray.cluster_resources().get("CPU", 0))


def _whole_machine(ray: Any) -> float:
    """Processors of the smallest machine of the cluster that parses, at most what a parser uses."""
    found: list[float] = [node["Resources"].get("CPU", 0) for node in ray.nodes() if node.get("Alive")]
    return min([float(MAX_THREADS), *(number for number in found if number)])
