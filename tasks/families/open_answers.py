"""Questions answered in free text, with one reference answer: a judge's grades, and matches of strings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.availability import needs_judge
from tasks.convention import Convention
from tasks.family import Conventions, Family
from tasks.metrics.accuracy import Accuracy, Share
from tasks.row import ReferenceType
from tasks.step import Value
from tasks.steps.characters import plain_words
from tasks.steps.clean import STRIP_SPECIAL

SOURCES = ("module:tasks.steps.characters", "module:tasks.steps.long_texts", "unicode:", "version:regex")


def reference_in_output(hypothesis: Value, reference: Value) -> tuple[int, int]:
    """(correct, 1): the output contains all words of the reference consecutively, ignoring case and punctuation."""
    wanted = plain_words(reference)
    return int(bool(wanted.strip()) and wanted in plain_words(hypothesis)), 1


def same_words(hypothesis: Value, reference: Value) -> tuple[int, int]:
    """(correct, 1): the output has the words of the reference and no others, ignoring case and punctuation."""
    return int(plain_words(hypothesis) == plain_words(reference)), 1


CONVENTIONS = (
    Convention(
        "audiobench-judge",
        "A language model rates from 0 to 5 how well the output matches.",
        Accuracy(),
        unavailable=needs_judge,
        notes="The accuracy is the share of full marks: the mean grade divided by 5.",
    ),
    Convention(
        "audiobench-judge-binary",
        "A language model rates 0 or 1: whether the output matches.",
        Accuracy(),
        unavailable=needs_judge,
    ),
    Convention(
        "string-match",
        "The output contains the reference, ignoring case and punctuation.",
        Share("reference-in-output", reference_in_output),
        hypothesis=(STRIP_SPECIAL,),
        notes="A reference that is a whole sentence is hardly ever contained, so correct short answers count as wrong.",
    ),
    Convention(
        "same-words",
        "The output equals the reference, ignoring case and punctuation.",
        Share("same-words", same_words),
        hypothesis=(STRIP_SPECIAL,),
    ),
)


def _build(_: Mapping[str, Any]) -> Conventions:
    return {"accuracy": CONVENTIONS}


FAMILY = Family(
    "open-answers",
    "Questions answered in free text, with one reference answer: a judge's grades, and matches of strings.",
    _build,
    ReferenceType.TEXT,
)
