"""SPICE 1.0 and SPIDEr (the mean of SPICE and CIDEr-D).

The parser is SPICE's own (`tasks.backends.spice_parser`): CoreNLP 3.6.0 by its hash, and the jar of `pycocoevalcap`. Its
tuples are merged and matched in `tasks.metrics.scene_graph`. A sentence that is longer than the limit, or of which the
parser finds no tree, is an error of its row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tasks.arrays import np
from tasks.availability import reason
from tasks.backends.java import java, sources
from tasks.backends.parsed_captions import Parsed
from tasks.backends.spice_jars import JAR, class_path, corenlp_name
from tasks.backends.spice_parser import Watcher, limit, parse
from tasks.errors import TooLongError, UnavailableError
from tasks.metrics.captions import MeanScore, References, fixed, items, table, words
from tasks.metrics.cider import CiderD
from tasks.metrics.metric import Counts
from tasks.metrics.scene_graph import Evaluation, SceneGraph, evaluate, match
from tasks.step import Value

Texts = tuple[str, tuple[str, ...]]  # an output and its captions


def spice_unavailable() -> str | None:
    """Why SPICE cannot be computed here, or None."""
    return reason(java, class_path, limit)


def spice_evaluation(output: str, captions: Sequence[str]) -> Evaluation:
    """SPICE of one output with its sub-scores and tuples.

    Raises:
        UnavailableError: SPICE is missing or failed.
        TooLongError: A text cannot be parsed.
    """
    known = parse((output, *captions), limit())
    for text in (output, *captions):
        why = unparsed(known[text], text)
        if why:
            raise TooLongError(why)
    return evaluate(_graph(known[output]), _graph(*(known[caption] for caption in captions)))


def spice_scores(texts: Sequence[Texts]) -> list[int]:
    """SPICE F-scores of all (output, captions), in units of 10**-12.

    Raises:
        UnavailableError: SPICE is missing or failed.
        TooLongError: Items with a text that cannot be parsed, all of them, each with its first reason.
    """
    known = parse((text for said, captions in texts for text in (said, *captions)), limit())
    bad = {
        at: reasons[0]
        for at, (said, captions) in enumerate(texts)
        if (reasons := [why for text in (said, *captions) if (why := unparsed(known[text], text))])
    }
    if bad:
        raise TooLongError.of_items(bad)
    scores: dict[Texts, int] = {}
    for said, captions in texts:
        if (said, captions) not in scores:
            found = match(_graph(known[said]), _graph(*(known[caption] for caption in captions)))
            scores[said, captions] = fixed(found.f)
    return [scores[item] for item in texts]


def unparsed(one: Parsed, text: str) -> str | None:
    """Why a caption has no tuples, for a reader; None if it has."""
    if one.tuples is not None:
        return None
    shown = text if len(text) <= 60 else f"{text[:57]}..."
    if one.gave_up:
        return f"SPICE's parser finds no tree for a sentence of {one.words:,} words: {shown!r}"
    return f"SPICE parses sentences of at most {limit():,} words, this one has {one.words:,}: {shown!r}"


def prepare(texts: Iterable[str], watcher: Watcher | None = None) -> None:
    """Parse captions before they are scored, all at once.

    Raises:
        UnavailableError: SPICE is missing or failed.
    """
    parse(texts, limit(), watcher=watcher)


def _graph(*captions: Parsed) -> SceneGraph:
    synsets = {word: ids for one in captions for word, ids in (one.synsets or {}).items()}
    return SceneGraph((found for one in captions for found in one.tuples or ()), synsets)


def caption_text(value: Value) -> str:
    """The text that SPICE is given: tokens joined by spaces."""
    return " ".join(words(value)) if isinstance(value, tuple) else str(value)


@dataclass(frozen=True)
class Spice(MeanScore):
    """The mean SPICE F-score, times 100."""

    references: References = "all"
    id: str = "spice"
    columns: tuple[str, ...] = ("score", "items")
    scale: int = 100

    @property
    def signature(self) -> str:
        """Counting and folding; the parser by its version or hash, and the longest sentence that is parsed."""
        try:
            longest = str(limit())
        except UnavailableError:
            longest = "unset"
        return f"count:spice-1.0.{corenlp_name()}.limit-{longest}|fold:mean|refs:{self.references}"

    @property
    def sources(self) -> tuple[str, ...]:
        """This module, the parser's, the scene graphs' and the jar."""
        return (
            *super().sources,
            "module:tasks.metrics.captions",
            "module:tasks.metrics.scene_graph",
            "module:tasks.backends.parsed_captions",
            "module:tasks.backends.spice_jars",
            "module:tasks.backends.spice_parser",
            "file:tasks/backends/spice.js",
            "file:tasks/backends/assets.json",
            *sources(JAR),
        )

    def texts(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> list[str]:
        """Every caption that has to be parsed."""
        pairs = items(hypotheses, references, self.references)
        return [caption_text(value) for _, said, captions in pairs for value in (said, *captions)]

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 2): scores in parts of 10**12, and items.

        Raises:
            UnavailableError: See `tasks.backends.spice_parser.parse`.
            TooLongError: Rows have a sentence that is too long, or that has no parse.
        """
        pairs = items(hypotheses, references, self.references)
        try:
            scores = spice_scores(
                [(caption_text(said), tuple(map(caption_text, captions))) for _, said, captions in pairs]
            )
        except TooLongError as error:
            rows = {pairs[at][0]: why for at, why in sorted(error.items.items(), reverse=True)}
            raise TooLongError.of_items(dict(sorted(rows.items()))) from error
        counts = table(len(hypotheses), 2)
        for (row, _, _), score in zip(pairs, scores, strict=True):
            counts[row] += (score, 1)
        return counts


@dataclass(frozen=True)
class Spider(MeanScore):
    """SPIDEr: the mean of CIDEr-D and SPICE, times 100. Depends on the whole set as CIDEr-D does."""

    references: References = "all"
    id: str = "spider"
    columns: tuple[str, ...] = ("cider", "spice", "items")
    scale: int = 100
    whole_set: bool = True

    @property
    def signature(self) -> str:
        """Counting and folding."""
        parts = (metric.signature.removeprefix("count:").split("|", 1)[0] for metric in (CiderD(), Spice()))
        return f"count:spider.{'+'.join(parts)}|fold:mean|refs:{self.references}"

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources of both metrics."""
        return tuple(sorted({*super().sources, *CiderD().sources, *Spice().sources}))

    def texts(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> list[str]:
        """Every caption that has to be parsed."""
        return Spice(self.references).texts(hypotheses, references)

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 3): CIDEr-D and SPICE in units of 10**-12, and items."""
        spice = Spice(self.references).count(hypotheses, references)
        cider = CiderD(self.references).count(hypotheses, references)
        return np.column_stack([cider[:, 0], spice])
