"""Convention: select -> clean -> normalise -> tokenise -> count -> fold, with a signature and a hash.

A name alone identifies nothing: "the Whisper normaliser" is several programs. A convention is identified by its
signature, which names every step and its version in sacreBLEU's manner, and by a hash over the code and the data that
decide the number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tasks.metrics.metric import Metric
from tasks.row import Row
from tasks.step import Step, digest, origin


@dataclass(frozen=True, slots=True)
class Selection:
    """A named rule that keeps a row or skips it; what it skips is counted and shown, never hidden.

    Attributes:
        name: As it stands in signatures: `finished`, `has-kana`.
        keep: True if the row is scored.
        reason: Why a row is skipped, for people: `no end token`.
    """

    name: str
    keep: Callable[[Row], bool] = field(compare=False, repr=False)
    reason: str = field(compare=False)
    version: str = "1"

    @property
    def sources(self) -> tuple[str, ...]:
        """What decides the rule's result."""
        return origin(self.keep)


@dataclass(frozen=True, slots=True)
class View:
    """What of a row a chain starts from: its hypothesis, its reference, the question it answers, ..."""

    name: str
    take: Callable[[Row], Any] = field(compare=False, repr=False)
    version: str = "1"

    @property
    def sources(self) -> tuple[str, ...]:
        """What decides the view's result."""
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
    """One way to count.

    Attributes:
        id: Unique among the conventions of a task's metric: `qwen2-audio`.
        summary: One sentence for people: what is done, and to what.
        metric: Counts rows and folds counts.
        select: Rules a row must pass, in order; the first that fails names the reason.
        hypothesis: The chain of steps on the hypothesis' side.
        reference: The chain of steps on the reference's side.
        hypothesis_view: What of the row the hypothesis' chain starts from.
        reference_view: What of the row the reference's chain starts from.
        unavailable: Why it cannot be computed here (`needs a judge`), or None; asked before it is scored.
        notes: What a reader should know beside the number.
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
        """Every choice in one line: `wer|sel:finished|hyp:lower,jiwer-punct|ref:...|count:levenshtein|fold:corpus`."""
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
        """SHA-256 (hex) over the signature and every source of code and data that decides the number."""
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
