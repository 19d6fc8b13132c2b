"""SAKURA: four attributes, each asked about directly (single) and through a fact about it (multi); accuracy.

The text-prior control asks the same without the audio: what a model gets right then, it gets from the question. The output
without audio stands in `extra["prior_hypothesis"]`; `with_prior` puts it there from a second run's outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tasks.availability import needs_judge
from tasks.convention import Convention, Selection, View
from tasks.errors import ScoringError
from tasks.families.choices import (
    HAS_CHOICES,
    QUESTION,
    Points,
    air_bench,
    choice_letter,
    mmau_v0,
    mmau_v1,
    muchomusic,
    string_match,
)
from tasks.metrics.accuracy import Accuracy, Share
from tasks.metrics.prior import OverPrior
from tasks.row import ReferenceType, Row
from tasks.steps.clean import STRIP_SPECIAL
from tasks.task import Task

TRACKS = ("animal", "emotion", "gender", "language")
HOPS = ("single", "multi")
PRIOR_FIELD = "prior_hypothesis"


def with_prior(rows: Iterable[Row], unheard: Mapping[str, str | None]) -> list[Row]:
    """Rows with the output that the same question got without audio, by row id.

    Raises:
        ScoringError: A row that has an output has none without audio. A share over some of the rows would not be the
            control of the share over all.
    """
    joined = []
    for row in rows:
        text = unheard.get(row.id)
        if text is None and row.hypothesis is not None:
            raise ScoringError("there is no output without audio for this row", row=row.id)
        joined.append(replace(row, extra={**row.extra, PRIOR_FIELD: text}))
    return joined


def _both(row: Row) -> list[str] | None:
    unheard = row.extra.get(PRIOR_FIELD)
    return [row.hypothesis, unheard] if isinstance(row.hypothesis, str) and isinstance(unheard, str) else None


def _has_prior(row: Row) -> bool:
    return _both(row) is not None


BOTH_OUTPUTS = View("with-and-without-audio", _both)
HAS_PRIOR = Selection("has-prior", _has_prior, "no output without audio")


def _choice(id: str, summary: str, points: Points, notes: str = "", choices: bool = True) -> Convention:  # noqa: A002  # the field's name
    return Convention(
        id,
        summary,
        Share(id, points),
        hypothesis=(STRIP_SPECIAL,),
        reference_view=QUESTION,
        select=(HAS_CHOICES,) if choices else (),
        notes=notes,
    )


_JUDGE = Convention(
    "sakura-judge",
    "A language model says whether the output matches the answer; what cannot be read is wrong.",
    Accuracy(),
    unavailable=needs_judge,
)
_ALIGNED = Convention(
    "air-bench-align",
    "A language model names the option that matches best, told to choose at random if none does; then as air-bench.",
    Accuracy(),
    unavailable=needs_judge,
)
_STRING = _choice(
    "string-match",
    "The answer's words are in the output, and those of no other option.",
    string_match,
    notes="Case and punctuation play no part. Where a row names no options, only the answer is looked for.",
    choices=False,
)
_LETTER = _choice("choice-letter", "The output names the right option's letter: `(b)`, `b`, `b.`", choice_letter)
ACCURACY = (
    _JUDGE,
    _STRING,
    _LETTER,
    _ALIGNED,
    _choice(
        "air-bench",
        "The first character, else the second to last, if it is A to D; other outputs leave the denominator.",
        air_bench,
        notes="`A man speaks` is an A. The share is over the outputs that could be read.",
    ),
    _choice("mmau-v0", "The answer is a substring of the output, and no other option is.", mmau_v0),
    _choice("mmau-v1", "All words of the answer are in the output, and none that only a wrong option has.", mmau_v1),
    _choice(
        "muchomusic",
        "The only capital A to D anywhere in the output, else the first option it contains; else wrong.",
        muchomusic,
        notes="`Acoustic guitar` is an A.",
    ),
)


def _over_prior(convention: Convention, points: Points) -> Convention:
    return replace(
        convention,
        summary=convention.summary.rstrip(".") + "; less the same without audio.",
        metric=OverPrior(convention.id, points),
        hypothesis_view=BOTH_OUTPUTS,
        select=(*convention.select, HAS_PRIOR),
        notes="Above 0: what the audio adds to the text. " + convention.notes,
    )


OVER_PRIOR = (
    replace(
        _JUDGE, metric=OverPrior("sakura-judge", string_match), summary=_JUDGE.summary + " Less the same without audio."
    ),
    _over_prior(_STRING, string_match),
    _over_prior(_LETTER, choice_letter),
)
TASKS = tuple(
    Task(
        f"sakura-{track}-{hop}",
        f"SAKURA {track} {hop}",
        f"SAKURA, {track} track, {hop}-hop questions",
        ReferenceType.TEXT,
        {"accuracy": ACCURACY, "accuracy-over-prior": OVER_PRIOR},
        source="SAKURA (Yang et al., 2025)",
    )
    for track in TRACKS
    for hop in HOPS
)
