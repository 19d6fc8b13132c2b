"""The parts of SPIDEr, each alone under its name: what a printed SPIDEr may be besides one."""

from __future__ import annotations

from dataclasses import replace

from tasks.analysis.multiverse import Option, Specification
from tasks.analysis.specifications import specification
from tasks.metrics.cider import CiderD
from tasks.metrics.spice import Spice, Spider
from tasks.row import ReferenceType
from tasks.steps.ptb import PTB, ptb_unavailable
from tasks.task import Task


def with_parts(task: Task, metric: str) -> Specification:
    """As `specification`; for SPIDEr also its parts alone under that name, as CIDEr-D or SPICE has been printed for it.

    For explaining a number only: no reader of a paper would choose one for the other.
    """
    found = specification(task, metric)
    if metric != "spider" or task.reference_type is not ReferenceType.CAPTIONS:
        return found
    parts: dict[str, Option] = {}
    for convention in task.conventions[metric]:
        if not isinstance(convention.metric, Spider):
            continue
        tokens = ptb_unavailable if PTB in convention.hypothesis else None
        for name, part, needs in (
            ("cider-d", CiderD(id=metric), tokens),
            ("spice", Spice(id=metric), convention.unavailable),
        ):
            base = replace(convention, metric=part, select=(), unavailable=needs or _here)
            if base.unavailable() is None:
                parts.setdefault(base.signature, Option(f"{convention.id}-{name}-alone", base=base))
    axes = tuple(
        replace(axis, options=(*axis.options, *parts.values())) if axis.name == "convention" else axis
        for axis in found.axes
    )
    return replace(found, axes=axes)


def _here() -> str | None:
    return None
