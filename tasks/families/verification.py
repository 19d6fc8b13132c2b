"""Speaker verification as a yes/no question: accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tasks.convention import Convention, View
from tasks.families.labels import SAME_SPEAKER
from tasks.family import Conventions, Family
from tasks.metrics.accuracy import Accuracy
from tasks.row import ReferenceType, Row
from tasks.steps.clean import STRIP_END_TOKEN, STRIP_SPECIAL
from tasks.steps.normalise.simple import LOWER
from tasks.steps.yes_no import FIRST_YES_NO, YES_NO, YES_OR_NOT

SOURCES = (
    "module:tasks.families.labels",
    "module:tasks.steps.characters",
    "module:tasks.steps.long_texts",
    "unicode:",
    "version:regex",
)


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
        hypothesis=(LOWER, STRIP_END_TOKEN, YES_OR_NOT),
        reference=_GOLD,
    ),
    Convention(
        "exact-yes-no",
        "The output must be `yes` or `no`, apart from punctuation; anything else is wrong.",
        _ACCURACY,
        hypothesis=(STRIP_SPECIAL, YES_NO),
        reference=_GOLD,
    ),
    Convention(
        "first-word",
        "The first word, if it is `yes` or `no`; anything else is wrong.",
        _ACCURACY,
        hypothesis=(STRIP_SPECIAL, FIRST_YES_NO),
        reference=_GOLD,
    ),
)
CONVENTIONS = tuple(map(labelled, _UNLABELLED))


def _build(_: Mapping[str, Any]) -> Conventions:
    return {"accuracy": CONVENTIONS}


FAMILY = Family("verification", "Speaker verification as a yes/no question: accuracy.", _build, ReferenceType.TEXT)
