"""Captions against the usual scripts, on a table of outputs and captions: `python -m benchmarks --captions FILE`.

The usual script of a convention is pycocoevalcap's: its PTB tokenizer, METEOR and CIDEr-D, each started by itself, or nltk's
METEOR on the convention's words; without intervals, which ours have. `coco` is the script that computes METEOR and CIDEr-D on
the same tokens; `all` are the scripts of every convention of the task, one after another, without SPICE
(`benchmarks/spice.py`).
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tasks.convention import Convention
from tasks.metrics.cider import CiderD
from tasks.metrics.meteor import Meteor
from tasks.metrics.nltk_meteor import NltkMeteor
from tasks.row import Row
from tasks.task import Task

SETS = ("coco", "all")
# Columns of the table: an output, and its captions from the first on.
SAID, CAPTION = "candidate", "ref_"


def rows(file: Path) -> list[Row]:
    """The rows of a table with the columns `candidate`, `ref_1`, `ref_2`, ..."""
    with file.open(encoding="utf-8", newline="") as opened:
        return [
            Row(f"{n:05}", row[SAID], [row[name] for name in row if name.startswith(CAPTION)], finished=True)
            for n, row in enumerate(csv.DictReader(opened))
        ]


def task() -> Task:
    """The task of captions with several references."""
    from audit.literature.known_tasks import known_tasks

    return known_tasks()["aac-audiocaps"]


def chosen(which: str) -> dict[str, tuple[Convention, ...]]:
    """The conventions of METEOR and CIDEr-D that can be computed here: `coco`, or all of them."""
    return {
        metric: found
        for metric, conventions in task().conventions.items()
        if (
            found := tuple(
                one
                for one in conventions
                if isinstance(one.metric, Meteor | NltkMeteor | CiderD)
                and not one.unavailable()
                and which in (one.id, "all")
            )
        )
    }


def make_index() -> dict[str, Any]:
    """Make the index of METEOR's paraphrases, once on a machine."""
    from benchmarks.measuring import Stopwatch
    from tasks.backends.java import PACKAGE, jar
    from tasks.backends.meteor_jar import PARAPHRASES
    from tasks.backends.paraphrases import folder, index
    from tasks.step import digest

    watch = Stopwatch()
    assert index(jar(PARAPHRASES), digest(f"file:{PACKAGE}/{PARAPHRASES}")) is not None
    times, place = watch.read(), folder()
    assert place is not None
    size = sum(path.stat().st_size for path in place.iterdir())
    return {**times, "bytes": size}


def ours(file: str, which: str, cache: str) -> dict[str, Any]:
    """Score as `repro-audit score` does, with intervals."""
    from dataclasses import replace

    from audit.scoring.cache import ScoreCache
    from audit.scoring.pool import engine
    from audit.scoring.score import score
    from benchmarks.measuring import Stopwatch, prediction_set

    found = replace(task(), conventions=chosen(which))
    predictions = prediction_set(found.id, tuple(rows(Path(file))))
    watch = Stopwatch()
    with engine() as counting:
        scores = score(predictions, found, cache=ScoreCache(Path(cache)), engine=counting)
    values = {f"{one.metric}/{one.convention.id}": float(one.exact or 0) for one in scores}
    return {**watch.read(), "values": values, "rows": len(predictions.rows)}


def usual(file: str, which: str) -> dict[str, Any]:
    """The same values by scripts."""
    from benchmarks.measuring import Stopwatch, versions

    conventions, items = chosen(which), rows(Path(file))
    watch = Stopwatch()
    values = {}
    if which == "coco":
        values = _script(items, [(metric, one) for metric, some in conventions.items() for one in some])
    else:
        for metric, some in conventions.items():
            for one in some:
                values |= _script(items, [(metric, one)])
    return {**watch.read(), "values": values, "versions": versions("pycocoevalcap", "nltk")}


def _script(items: Sequence[Row], conventions: Sequence[tuple[str, Convention]]) -> dict[str, float]:
    """The values of conventions on the same tokens."""
    from benchmarks.usual import kept

    _, first = conventions[0]
    assert not any(isinstance(one.metric, NltkMeteor) for _, one in conventions[1:])
    said, wanted = {}, {}
    for row in kept(items, first):
        assert isinstance(row.reference, list)
        captions = [[caption] for caption in row.reference] if _each(first) else [row.reference]
        for number, some in enumerate(captions):
            said[row.id, number] = [_text(str(row.hypothesis), first.hypothesis)]
            wanted[row.id, number] = [_text(str(caption), first.reference) for caption in some]
    if isinstance(first.metric, NltkMeteor):
        return {f"{conventions[0][0]}/{first.id}": _nltk(said, wanted)}
    if any(step.name == "ptb" for step in first.hypothesis):
        from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

        tokenizer = PTBTokenizer()
        said, wanted = (
            tokenizer.tokenize({key: [{"caption": text} for text in texts] for key, texts in side.items()})
            for side in (said, wanted)
        )
    values = {}
    for metric, one in conventions:
        if isinstance(one.metric, CiderD):
            from pycocoevalcap.cider.cider import Cider as Scorer
        else:
            from pycocoevalcap.meteor.meteor import Meteor as Scorer
        scorer = Scorer()
        values[f"{metric}/{one.id}"] = 100 * float(scorer.compute_score(wanted, said)[0])
        del scorer  # which ends METEOR's process
    return values


def _each(convention: Convention) -> bool:
    metric = convention.metric
    assert isinstance(metric, Meteor | NltkMeteor | CiderD)
    return metric.references == "each"


def _text(text: str, steps: Sequence[Any]) -> Any:
    for step in steps:
        if step.name != "ptb":
            text = step(text)
    return text


def _nltk(said: Any, wanted: Any) -> float:
    from nltk.translate.meteor_score import meteor_score

    from tasks.backends.wordnet import wordnet

    # nltk's own reader of WordNet wants more files than there are; ours gives the same synonyms, and sooner.
    net = wordnet()
    scores = [meteor_score(wanted[key], said[key][0], wordnet=net) for key in said]
    return 100 * sum(scores) / len(scores)
