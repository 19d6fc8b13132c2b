"""Speaker verification as a yes/no question: accuracy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tasks.convention import Convention, View
from tasks.families.labels import SAME_SPEAKER
from tasks.family import Conventions, Family
from tasks.metrics.accuracy import Accuracy
from tasks.row import ReferenceType, Row
from tasks.step import step
from tasks.steps.characters import plain_words, visible
from tasks.steps.clean import STRIP_END_TOKEN, STRIP_SPECIAL
from tasks.steps.normalise.simple import LOWER

SOURCES = ("module:tasks.families.labels", "module:tasks.steps.characters", "unicode:", "version:regex")


def yes_or_not(text: str) -> str:
    """`yes` if the lower-cased output is exactly `yes`, otherwise `no` (jaeeewon/project-multimodal@d9e5d17:eval_sv.py)."""
    return "yes" if text.lower() == "yes" else "no"


def yes_no_exact(text: str) -> str:
    """`yes` or `no` if the output is that word, with or without punctuation; otherwise no answer."""
    word = plain_words(text).strip()
    return word if word in {"yes", "no"} else ""


def first_word(text: str) -> str:
    """The first word if it is yes or no; otherwise, and for `yes/no` and `yes or no`, no answer."""
    match = re.match(r"\W*(yes|no)\b(?!\s*(?:/|\||\bor\b)\s*(?:yes|no)\b)", visible(text).lower())
    return match.group(1) if match else ""


def _label(row: Row) -> str | None:
    return SAME_SPEAKER.read(row)


LABEL = View("same-speaker-label", _label)


def labelled(convention: Convention) -> Convention:
    """The convention on gold labels as the table of spellings reads them."""
    return replace(convention, reference_view=LABEL)


_ACCURACY = Accuracy(answers=frozenset(["yes", "no"]))
_GOLD = (LOWER,)
_UNLABELLED = (
    Convention(
        "hufs",
        "Same speaker if the output is exactly `yes`, otherwise different speakers.",
        _ACCURACY,
        hypothesis=(LOWER, STRIP_END_TOKEN, step("yes-or-not", yes_or_not)),
        reference=_GOLD,
    ),
    Convention(
        "exact-yes-no",
        "The output must be `yes` or `no`, apart from punctuation; anything else is wrong.",
        _ACCURACY,
        hypothesis=(STRIP_SPECIAL, step("yes-no", yes_no_exact, version="2")),
        reference=_GOLD,
    ),
    Convention(
        "first-word",
        "The first word, if it is `yes` or `no`; anything else is wrong.",
        _ACCURACY,
        hypothesis=(STRIP_SPECIAL, step("first-yes-no", first_word, version="2")),
        reference=_GOLD,
    ),
)
CONVENTIONS = tuple(map(labelled, _UNLABELLED))


def _build(_: Mapping[str, Any]) -> Conventions:
    return {"accuracy": CONVENTIONS}


FAMILY = Family("verification", "Speaker verification as a yes/no question: accuracy.", _build, ReferenceType.TEXT)
