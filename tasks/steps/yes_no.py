"""The answer to a question of yes or no that an output gives."""

from __future__ import annotations

import re

from tasks.step import step
from tasks.steps.characters import plain_words, visible

SOURCES = ("module:tasks.steps.characters", "module:tasks.steps.long_texts", "unicode:", "version:regex")


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


YES_OR_NOT = step("yes-or-not", yes_or_not)
YES_NO = step("yes-no", yes_no_exact, version="2")
FIRST_YES_NO = step("first-yes-no", first_word, version="2")
