"""Where the time of the inference engine goes: phases of a run, and kinds of operations in each.

Used by `python benchmarks/inference.py --profile`. Times are those of torch's profiler, which slows Python down: the column
`python` is an upper bound. On one thread, the columns of a row add up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from torch.profiler import ProfilerActivity, profile, record_function

KINDS = {
    "products": ("mm", "addmm", "_linear_pointwise", "mkldnn_convolution", "_slow_conv2d_forward"),
    "attention": ("bmm", "baddbmm", "_softmax", "_scaled_dot_product_flash_attention_for_cpu"),
    "moving": ("copy_", "cat", "index_select", "index", "clone", "embedding", "flip", "stack"),
}


@contextmanager
def labelled(parts: dict[str, tuple[Any, str]]) -> Iterator[None]:
    """Name the calls of some methods, (class, method) by name, in the profile."""
    with ExitStack() as stack:
        for name, (owner, method) in parts.items():
            stack.enter_context(mock.patch.object(owner, method, _named(name, getattr(owner, method))))
        yield


def _named(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **options: Any) -> Any:
        with record_function(name):
            return call(*args, **options)

    return run


def table(way: Callable[[], object], parts: dict[str, tuple[Any, str]]) -> list[list[str]]:
    """Run `way` once; a row for each phase: name, seconds, share, and seconds of each kind of work."""
    with labelled(parts), profile(activities=[ProfilerActivity.CPU]) as found, record_function("rest"):
        way()
    spent: dict[str, dict[str, float]] = {name: defaultdict(float) for name in [*parts, "rest"]}
    for event in found.events():
        place: Any = event
        while place is not None and place.name not in spent:
            place = place.cpu_parent
        if place is not None:
            short = event.name.rpartition("::")[2]
            kind = next((kind for kind, names in KINDS.items() if short in names), "other")
            spent[place.name]["python" if event is place else kind] += event.self_cpu_time_total / 1e6
    columns = [*KINDS, "other", "python"]
    sums = {name: sum(kinds.values()) for name, kinds in spent.items()}
    spent["all"] = {column: sum(kinds[column] for kinds in spent.values()) for column in columns}
    whole = sums["all"] = sum(sums.values())
    rows = [["phase", "seconds", "share", *columns]]
    for name, kinds in spent.items():
        figures = [f"{kinds[column]:.3f}" for column in columns]
        rows.append([name, f"{sums[name]:.3f}", f"{sums[name] / whole:.0%}", *figures])
    return rows


def markdown(rows: list[list[str]]) -> str:
    """The rows as a table."""
    head, *body = rows
    lines = [head, [":--"] + ["--:"] * (len(head) - 1), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
