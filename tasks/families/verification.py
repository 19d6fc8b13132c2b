"""Speaker verification on VoxCeleb1 as a yes/no question; accuracy."""

from __future__ import annotations

import re

from tasks.convention import Convention
from tasks.metrics.accuracy import Accuracy
from tasks.row import ReferenceType
from tasks.step import step
from tasks.steps.clean import STRIP_END_TOKEN, STRIP_SPECIAL
from tasks.steps.normalise.simple import LOWER
from tasks.task import Task


def yes_or_not(text: str) -> str:
    """`yes` if the lower-cased output is exactly `yes`, otherwise `no` (jaeeewon/project-multimodal@d9e5d17:eval_sv.py)."""
    return "yes" if text.lower() == "yes" else "no"


def yes_no_exact(text: str) -> str:
    """`yes` or `no` if the output is that word, with or without a full stop; otherwise no answer."""
    word = text.lower().strip().removesuffix(".")
    return word if word in {"yes", "no"} else ""


def first_word(text: str) -> str:
    """The first word if it is yes or no; otherwise no answer."""
    match = re.match(r"\W*(yes|no)\b", text.lower())
    return match.group(1) if match else ""


_ACCURACY = Accuracy()
_GOLD = (LOWER,)
CONVENTIONS = (
    Convention(
        "hufs",
        "Same speaker if the output is exactly `yes`, otherwise different speakers.",
        _ACCURACY,
        hypothesis=(LOWER, STRIP_END_TOKEN, step("yes-or-not", yes_or_not)),
        reference=_GOLD,
    ),
    Convention(
        "exact-yes-no",
        "The output must be `yes` or `no`, optionally with a full stop; anything else is wrong.",
        _ACCURACY,
        hypothesis=(STRIP_SPECIAL, step("yes-no", yes_no_exact)),
        reference=_GOLD,
    ),
    Convention(
        "first-word",
        "The first word, if it is `yes` or `no`; anything else is wrong.",
        _ACCURACY,
        hypothesis=(STRIP_SPECIAL, step("first-yes-no", first_word)),
        reference=_GOLD,
    ),
)
TASKS = (
    Task(
        "sv-voxceleb1",
        "SV",
        "VoxCeleb1, trial list not stated",
        ReferenceType.TEXT,
        {"accuracy": CONVENTIONS},
        source="Table 2; bytedance/SALMONN issue 30",
    ),
)
