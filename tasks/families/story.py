"""Storytelling: distinct words per story, and the share of outputs that are stories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.convention import Convention
from tasks.family import Conventions, Family
from tasks.metrics.story import Diversity, StoryFollowing
from tasks.row import ReferenceType
from tasks.steps.clean import STRIP_SPECIAL
from tasks.steps.normalise.simple import DROP_ASCII_PUNCTUATION, LOWER
from tasks.steps.tokenise import WORDS

_WORDS = (STRIP_SPECIAL, LOWER, DROP_ASCII_PUNCTUATION, WORDS)
_NOTES = "The paper's appendix E does not specify case and punctuation; the limit of 200 new tokens bounds the value."


def _build(_: Mapping[str, Any]) -> Conventions:
    return {
        "diversity": (
            Convention(
                "appendix-e",
                "Distinct lower-cased words without punctuation in stories of 50 words or more, mean over all outputs.",
                Diversity(),
                hypothesis=_WORDS,
                notes=_NOTES,
            ),
        ),
        "following-rate": (
            Convention(
                "appendix-e",
                "The share of outputs of 50 words or more.",
                StoryFollowing(),
                hypothesis=_WORDS,
                notes=_NOTES,
            ),
        ),
    }


FAMILY = Family("story", "Storytelling: diversity and following rate.", _build, ReferenceType.OPTIONAL)
