"""Keyphrase extraction on Inspec: hits over what could be hit, and stemmed precision and F1."""

from __future__ import annotations

from dataclasses import replace

from tasks.convention import Convention
from tasks.metrics.accuracy import Share
from tasks.metrics.keyphrases import Keyphrases, hufs_points
from tasks.row import ReferenceType
from tasks.steps.clean import STRIP_SPECIAL
from tasks.steps.select import FINISHED
from tasks.task import Task

HUFS = Convention(
    "hufs",
    "Hits capped at three over min(gold phrases, three); several words may be a part of a gold phrase.",
    Share("keyphrase-hits", hufs_points),
    hypothesis=(STRIP_SPECIAL,),
    notes="One gold phrase may be hit twice; every prediction counts, not only three.",
)


def _kpg(name: str, metric: Keyphrases, summary: str) -> Convention:
    return Convention(name, summary, metric, hypothesis=(STRIP_SPECIAL,))


CONVENTIONS = (
    HUFS,
    replace(HUFS, id="hufs-finished", summary="As hufs, outputs without an end token dropped.", select=(FINISHED,)),
    _kpg("kpg-exact-p3", Keyphrases(3), "Exact precision of the first three, Porter stems, macro mean."),
    _kpg(
        "kpg-partial-p3",
        Keyphrases(3, partial=True),
        "Precision of the first three by word and word-pair overlap.",
    ),
    _kpg("kpg-exact-f5", Keyphrases(5, measure="f1"), "Exact F1 of the first five, Porter stems, macro mean."),
    _kpg("kpg-exact-f10", Keyphrases(10, measure="f1"), "Exact F1 of the first ten, Porter stems, macro mean."),
)
TASKS = (
    Task(
        "ke-inspec",
        "KE",
        "Inspec, test, read by a speech synthesiser",
        ReferenceType.KEYPHRASES,
        {"accuracy": CONVENTIONS},
        source="Table 2; the split is not stated",
    ),
)
