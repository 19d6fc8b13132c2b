"""What is behind a score, row by row: the counts of every convention, and what SPICE read in outputs and captions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from audit.scoring.predictions import PredictionSet
from audit.scoring.score import Score
from tasks.metrics.captions import items
from tasks.metrics.scene_graph import Evaluation, Match
from tasks.metrics.spice import Spice, Spider, caption_text, spice_evaluation
from tasks.statistics.bootstrap import stored
from tasks.step_cache import ChainCache


def details(predictions: PredictionSet, scores: Iterable[Score]) -> Iterator[dict[str, Any]]:
    """One object per scored row and convention.

    Keys: `id`, `metric`, `convention`, `counts` by column and, for SPICE and SPIDEr, `spice`: for each item (a row, or each of
    its captions) the F-scores over all tuples and by kind, as decimal strings (None where the captions have no such tuple),
    and the tuples of output and captions, each with whether it has a match.

    Raises:
        UnavailableError: Captions have to be parsed again, and that fails.
    """
    rows = {row.id: row for row in predictions.rows}
    for score in scores:
        if score.counts is None:
            continue
        columns, metric = score.convention.metric.columns, score.convention.metric
        parsed = _parsed(score, [rows[name] for name in score.ids]) if isinstance(metric, Spice | Spider) else None
        for at, name in enumerate(score.ids):
            counts = dict(zip(columns, map(int, score.counts[at]), strict=True))
            found: dict[str, Any] = {
                "id": name, "metric": score.metric, "convention": score.convention.id, "counts": counts,
            }  # fmt: skip
            if parsed is not None:
                found["spice"] = [evaluation_json(one) for one in parsed[at]]
            yield found


def _parsed(score: Score, rows: Sequence[Any]) -> list[list[Evaluation]]:
    convention, metric = score.convention, score.convention.metric
    assert isinstance(metric, Spice | Spider)
    cache = ChainCache(rows)
    hypotheses = cache.values(convention.hypothesis_view, convention.hypothesis)
    references = cache.values(convention.reference_view, convention.reference)
    found: list[list[Evaluation]] = [[] for _ in rows]
    for at, said, captions in items(hypotheses, references, metric.references):
        found[at].append(spice_evaluation(caption_text(said), [caption_text(one) for one in captions]))
    return found


def evaluation_json(one: Evaluation) -> dict[str, Any]:
    """An evaluation as JSON."""
    return {
        "all": _match(one.all),
        **{name.lower(): None if match is None else _match(match) for name, match in one.kinds.items()},
        "output": [{"tuple": list(words), "matched": matched} for words, matched in one.output],
        "captions": [{"tuple": list(words), "matched": matched} for words, matched in one.captions],
    }


def _match(match: Match) -> dict[str, Any]:
    return {
        "f": format(stored(match.f), "f"), "matched": match.matched, "output": match.of_output, "captions": match.of_captions,
    }  # fmt: skip
