"""Convention: select -> clean -> normalise -> tokenise -> count -> fold, with a signature and a hash.

A name alone does not identify a convention: "the Whisper normaliser" is several programs. A convention is identified by
its signature, which names every step and its version as sacreBLEU's signatures do, and by a hash over the code and the
data that determine the value.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tasks.metrics.metric import Metric
from tasks.row import Row
from tasks.step import Step, digest, origin


@dataclass(frozen=True, slots=True)
class Selection:
    """A named rule that keeps or skips a row; skipped rows are counted and reported.

    Attributes:
        name: The name in signatures: `finished`, `has-kana`.
        keep: Returns True if the row is scored.
        reason: Why a row is skipped, for readers: `no end token`.
        group: The name of a row's group, for a rule on groups: its rows are kept if `keep` accepts any of them. Such a rule
            needs the whole set, so its convention needs a metric with `whole_set`.
    """

    name: str
    keep: Callable[[Row], bool] = field(compare=False, repr=False)
    reason: str = field(compare=False)
    version: str = "1"
    group: Callable[[Row], str] | None = field(default=None, compare=False, repr=False)

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that determine the rule's result, see `tasks.step.digest`."""
        return origin(self.keep)

    def keeps(self, rows: Sequence[Row]) -> list[bool]:
        """Whether each row passes the rule."""
        if self.group is None:
            return [self.keep(row) for row in rows]
        groups = [self.group(row) for row in rows]
        kept = {group for group, row in zip(groups, rows, strict=True) if self.keep(row)}
        return [group in kept for group in groups]


def first_failed(rows: Sequence[Row], rules: Sequence[Selection]) -> list[int | None]:
    """For every row the index of the first rule that it fails; None if it passes all of them."""
    failed: list[int | None] = [None] * len(rows)
    left = list(range(len(rows)))
    for number, rule in enumerate(rules):
        kept = rule.keeps([rows[index] for index in left])
        for index, keep in zip(left, kept, strict=True):
            if not keep:
                failed[index] = number
        left = [index for index, keep in zip(left, kept, strict=True) if keep]
    return failed


@dataclass(frozen=True, slots=True)
class View:
    """The part of a row that a chain of steps starts from: its hypothesis, its reference, its question, ..."""

    name: str
    take: Callable[[Row], Any] = field(compare=False, repr=False)
    version: str = "1"

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that determine the view's result."""
        return origin(self.take)


def _hypothesis(row: Row) -> Any:
    return row.hypothesis


def _reference(row: Row) -> Any:
    return row.reference


HYPOTHESIS = View("hypothesis", _hypothesis)
REFERENCE = View("reference", _reference)


def _available() -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Convention:
    """One way to score a task.

    Attributes:
        id: Unique among the conventions of a task's metric: `qwen2-audio`.
        summary: One sentence for readers: what is done, and to what.
        metric: Counts rows and folds counts.
        select: Rules that a row must pass, in order; the first that fails gives the reason for skipping the row.
        hypothesis: The steps applied to the hypothesis.
        reference: The steps applied to the reference.
        hypothesis_view: The part of the row that `hypothesis` starts from.
        reference_view: The part of the row that `reference` starts from.
        unavailable: Returns why it cannot be computed here (`needs a judge`), or None; called before scoring.
        notes: Caveats that a reader of the value should know.
        extra_sources: Further sources for the hash (a jar, a dictionary), as for `Step.sources`.
    """

    id: str
    summary: str
    metric: Metric
    hypothesis: tuple[Step, ...] = ()
    reference: tuple[Step, ...] = ()
    select: tuple[Selection, ...] = ()
    hypothesis_view: View = HYPOTHESIS
    reference_view: View = REFERENCE
    unavailable: Callable[[], str | None] = field(default=_available, compare=False, repr=False)
    notes: str = ""
    extra_sources: tuple[str, ...] = ()

    @property
    def signature(self) -> str:
        """All choices on one line: `wer|sel:finished|hyp:lower,jiwer-punct|ref:...|count:levenshtein|fold:corpus`."""
        parts = [
            self.metric.id,
            "sel:" + (",".join(s.name for s in self.select) or "all"),
            "hyp:" + _chain(self.hypothesis_view, HYPOTHESIS, self.hypothesis),
            "ref:" + _chain(self.reference_view, REFERENCE, self.reference),
            self.metric.signature,
        ]
        return "|".join(parts)

    @property
    def hash(self) -> str:
        """SHA-256 (hex) over the signature and all code and data that determine the value."""
        sources = set(self.extra_sources) | set(self.metric.sources)
        parts: tuple[Step | Selection | View, ...] = (
            *self.hypothesis,
            *self.reference,
            *self.select,
            self.hypothesis_view,
            self.reference_view,
        )
        for part in parts:
            sources.update(part.sources)
        total = hashlib.sha256(self.signature.encode())
        for source in sorted(sources):
            total.update(f"\n{source} {digest(source)}".encode())
        return total.hexdigest()


def _chain(view: View, default: View, steps: tuple[Step, ...]) -> str:
    names = [] if view == default else [view.name]
    return ",".join([*names, *(s.signature for s in steps)]) or "raw"
