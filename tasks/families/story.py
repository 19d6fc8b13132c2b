"""Storytelling on AudioCaps: different words a story, and the share of outputs that are stories."""

from __future__ import annotations

from tasks.convention import Convention
from tasks.metrics.story import Diversity, StoryFollowing
from tasks.row import ReferenceType
from tasks.steps.clean import STRIP_SPECIAL
from tasks.steps.normalise.simple import DROP_ASCII_PUNCTUATION, LOWER
from tasks.steps.tokenise import WORDS
from tasks.task import Task

_WORDS = (STRIP_SPECIAL, LOWER, DROP_ASCII_PUNCTUATION, WORDS)
_NOTES = "The paper's appendix E leaves case and punctuation open; with at most 200 tokens the cap decides the value."
TASKS = (
    Task(
        "story-audiocaps",
        "Story",
        "AudioCaps, split not stated",
        ReferenceType.OPTIONAL,
        {
            "diversity": (
                Convention(
                    "appendix-e",
                    "Different lower-cased words without punctuation in stories of 50 words or more, over all outputs.",
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
        },
        source="Table 2; appendix E",
    ),
)
