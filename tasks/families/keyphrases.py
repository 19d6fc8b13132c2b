"""Keyphrase extraction: share of possible hits, and stemmed precision and F1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tasks.convention import Convention
from tasks.family import Conventions, Family
from tasks.metrics.accuracy import Share
from tasks.metrics.keyphrases import SPLIT_PHRASES, Keyphrases, hufs_points
from tasks.row import ReferenceType
from tasks.steps.clean import STRIP_END_TOKEN, STRIP_SENTENCE_MARKS
from tasks.steps.normalise.simple import LOWER
from tasks.steps.select import FINISHED

HUFS = Convention(
    "hufs",
    "At most three hits, over min(gold phrases, three); a prediction of several words may be part of a gold phrase.",
    Share("keyphrase-hits", hufs_points),
    hypothesis=(LOWER, STRIP_END_TOKEN),
    notes="A gold phrase may be hit twice; all predictions count, not only the first three.",
)


def _kpg(name: str, metric: Keyphrases, summary: str) -> Convention:
    return Convention(
        name,
        summary,
        metric,
        hypothesis=(STRIP_SENTENCE_MARKS, SPLIT_PHRASES),
        notes="The source takes lists of phrases. Here the output is split at commas, semicolons and line ends, and "
        "the numbers or bullets of a list are removed; an `and` before the last phrase stays. Gold phrases are "
        "left as they are, also where two have the same stems.",
    )


CONVENTIONS = (
    HUFS,
    replace(HUFS, id="hufs-finished", summary="As hufs, outputs without an end token dropped.", select=(FINISHED,)),
    _kpg("kpg-exact-p3", Keyphrases(3), "Exact precision of the first three, Porter stems, macro mean."),
    _kpg(
        "kpg-partial-p3",
        Keyphrases(3, partial=True),
        "Precision of the first three, by overlap of words and word pairs.",
    ),
    _kpg("kpg-exact-f5", Keyphrases(5, measure="f1"), "Exact F1 of the first five, Porter stems, macro mean."),
    _kpg("kpg-exact-f10", Keyphrases(10, measure="f1"), "Exact F1 of the first ten, Porter stems, macro mean."),
)


def _build(_: Mapping[str, Any]) -> Conventions:
    return {"accuracy": CONVENTIONS}


FAMILY = Family("keyphrases", "Keyphrase extraction: hits, precision and F1.", _build, ReferenceType.KEYPHRASES)
