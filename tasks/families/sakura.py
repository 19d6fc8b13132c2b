"""SAKURA: four attributes, each asked about directly (single) and through a fact about it (multi); accuracy."""

from __future__ import annotations

from tasks.availability import needs_judge
from tasks.convention import Convention
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
from tasks.row import ReferenceType
from tasks.steps.clean import STRIP_SPECIAL
from tasks.task import Task

TRACKS = ("animal", "emotion", "gender", "language")
HOPS = ("single", "multi")


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
TASKS = tuple(
    Task(
        f"sakura-{track}-{hop}",
        f"SAKURA {track} {hop}",
        f"SAKURA, {track} track, {hop}-hop questions",
        ReferenceType.TEXT,
        {"accuracy": ACCURACY},
        source="SAKURA (Yang et al., 2025)",
    )
    for track in TRACKS
    for hop in HOPS
)
