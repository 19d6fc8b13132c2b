"""Multiple choice: accuracy by the rules of public benchmarks, see `tasks.families.choices`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
from tasks.family import Conventions, Family
from tasks.metrics.accuracy import Accuracy, Share
from tasks.row import ReferenceType
from tasks.steps.clean import STRIP_SPECIAL


def _choice(
    id: str,  # noqa: A002  # the field's name
    summary: str,
    points: Points,
    notes: str = "",
    choices: bool = True,
    version: str = "1",
) -> Convention:
    return Convention(
        id,
        summary,
        Share(id, points, version=version, reads=True),
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
    notes="Ignores case and punctuation of any script. If a row lists no options, only the answer is searched for.",
    choices=False,
    version="2",
)
_LETTER = _choice(
    "choice-letter",
    "The output names the letter of the correct option: `(b)`, `b.`, `Answer: B`.",
    choice_letter,
    notes="An output that names no letter, or several, is unread.",
    version="2",
)
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


def _build(_: Mapping[str, Any]) -> Conventions:
    return {"accuracy": ACCURACY}


FAMILY = Family("multiple-choice", "Multiple choice with any number of options: accuracy.", _build, ReferenceType.TEXT)
