"""A made test set, its card and its prediction files, for tests of identity."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from audit.literature.set_texts import Case, normalise, pairs_sha256, sorted_sha256, totals, unit_hash
from audit.literature.sets import Called, Ids, Layout, Repeats, SetCard, Source, Terms, Texts
from audit.scoring.prediction_meta import PredictionMeta
from audit.scoring.predictions import PredictionSet
from tasks.row import Row

TASK = "asr-librispeech-clean"
SOURCE = ("made",)
SIZE = 40
# A sentence each, all different, and one that is said twice.
SENTENCES = [f"sentence number {n} of the made set {'with more words ' * (n % 4)}".strip() for n in range(SIZE - 1)]
SENTENCES.append(SENTENCES[0])


def unit(number: int) -> str:
    return f"1-2-{number:04d}"


def rows(numbers: range | list[int] | None = None) -> list[Row]:
    """The set's rows, or those with these numbers."""
    return [Row(unit(n), f"output {n}", SENTENCES[n]) for n in (range(SIZE) if numbers is None else numbers)]


def predictions(items: list[Row], *, task: str = TASK, **meta: Any) -> PredictionSet:
    described = PredictionMeta(task, **{"model": "SALMONN-13B", "variant": "13b", **meta})
    return PredictionSet(task, tuple(items), described, Path(f"{task}.jsonl"), "0" * 64, "1" * 64)


def texts(found: list[str], *, case: Case = "keep", official: bool = True) -> Texts:
    prepared = [normalise(text, case) for text in found]
    summed = totals(prepared)
    return Texts(
        part="reference",
        case=case,
        step=None,
        count=summed.count,
        words=summed.words,
        characters=summed.characters,
        sha256=summed.sha256,
        official=official,
        made="The made set.",
        labels=None,
        units=tuple(sorted(map(unit_hash, prepared))),
        reason=None,
        source=SOURCE,
    )


def layout(part: Texts | None = None, **changes: Any) -> Layout:
    names = [unit(n) for n in range(SIZE)]
    made = Layout(
        id="utterances",
        row="One utterance.",
        units=SIZE,
        reason=None,
        texts_per_row=1,
        ids=Ids(
            pattern=r"[0-9]+-[0-9]+-[0-9]{4}",
            official=True,
            sha256=sorted_sha256(names),
            pairs_sha256=pairs_sha256((unit(n), (text,)) for n, text in enumerate(SENTENCES)),
            pairs_official=True,
            made="The made set.",
            source=SOURCE,
        ),
        repeats=Repeats(1, "One sentence is said twice.", SOURCE),
        texts=(part or texts(SENTENCES),),
        source=SOURCE,
    )
    return replace(made, **changes)


def card(*layouts: Layout, **changes: Any) -> SetCard:
    made = SetCard(
        id="made-set",
        name="Made Set",
        split="test-clean",
        public=Terms("yes", "Made for a test.", SOURCE),
        publish_text=Terms("yes", "Made for a test.", SOURCE),
        hub=None,
        called=Called(r"made.?set", r"test.?clean", r"test.?other|dev"),
        layouts=layouts or (layout(),),
        selection=None,
        sources=MappingProxyType({"made": Source("Made for a test.", "tests/support/sets.py")}),
        notes=None,
        path=Path("made-set.yaml"),
    )
    return replace(made, **changes)


UNKNOWN_TEXTS = replace(
    texts(SENTENCES),
    words=None,
    characters=None,
    sha256=None,
    units=None,
    official=False,
    made=None,
    reason="No copy was at hand.",
)
TOTALS_ALONE = replace(texts(SENTENCES), sha256=None, units=None, official=False, made=None, reason="Totals alone.")
