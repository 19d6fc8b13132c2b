"""SAKURA: accuracy for four attributes, each asked about directly (single-hop) and through a related fact (multi-hop).

The text-prior control asks the same question without the audio: any accuracy there comes from the text alone. The output
without audio is in `extra["prior_hypothesis"]`; `with_prior` adds it from the outputs of a second run.
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
    """Rows with the output for the same question without audio, joined by row id.

    Raises:
        ScoringError: A row with an output has no output without audio. A control over part of the rows is not a control
            for the accuracy over all of them.
    """
    joined = []
    for row in rows:
        text = unheard.get(row.id)
        if text is None and row.hypothesis is not None:
            raise ScoringError("no output without audio for this row", row=row.id)
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
    "A language model decides whether the output matches the answer; replies that cannot be parsed count as wrong.",
    Accuracy(),
    unavailable=needs_judge,
)
_ALIGNED = Convention(
    "air-bench-align",
    "A language model names the best-matching option, and is told to choose at random if none matches; then as air-bench.",
    Accuracy(),
    unavailable=needs_judge,
)
_STRING = _choice(
    "string-match",
    "The output contains the words of the answer, and of no other option.",
    string_match,
    notes="Ignores case and punctuation. If a row lists no options, only the answer is searched for.",
    choices=False,
)
_LETTER = _choice("choice-letter", "The output names the letter of the correct option: `(b)`, `b`, `b.`", choice_letter)
ACCURACY = (
    _JUDGE,
    _STRING,
    _LETTER,
    _ALIGNED,
    _choice(
        "air-bench",
        "The first character, otherwise the second to last, if it is A to D; other outputs are excluded.",
        air_bench,
        notes="`A man speaks` is read as A. The accuracy is over the outputs that could be parsed.",
    ),
    _choice("mmau-v0", "The answer is a substring of the output, and no other option is.", mmau_v0),
    _choice("mmau-v1", "The output contains all words of the answer, and none that only a wrong option has.", mmau_v1),
    _choice(
        "muchomusic",
        "The only capital A to D in the output, otherwise the first option it contains; otherwise wrong.",
        muchomusic,
        notes="`Acoustic guitar` is read as A.",
    ),
)


def _over_prior(convention: Convention, points: Points) -> Convention:
    return replace(
        convention,
        summary=convention.summary.rstrip(".") + "; minus the same without audio.",
        metric=OverPrior(convention.id, points),
        hypothesis_view=BOTH_OUTPUTS,
        select=(*convention.select, HAS_PRIOR),
        notes="Above 0, the audio adds to the text. " + convention.notes,
    )


OVER_PRIOR = (
    replace(
        _JUDGE,
        metric=OverPrior("sakura-judge", string_match),
        summary=_JUDGE.summary + " Minus the same without audio.",
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
