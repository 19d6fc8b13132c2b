"""Speech-audio co-reasoning; every convention needs a judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tasks.availability import needs_judge
from tasks.convention import Convention
from tasks.family import Conventions, Family
from tasks.metrics.accuracy import Accuracy
from tasks.row import ReferenceType

_PAPER = Convention(
    "paper-judge",
    "GPT-3.5 decides whether the question is answered correctly, given a caption of the background.",
    Accuracy(),
    unavailable=needs_judge,
    notes="Neither the data nor the judge's snapshot is known. Accuracy is not bounded by the following rate: "
    "it is higher in some rows of the paper's Table 4.",
)


def _build(_: Mapping[str, Any]) -> Conventions:
    return {
        "accuracy": (
            _PAPER,
            replace(
                _PAPER,
                id="jasco-judge",
                summary="JASCO's rating from 0 to 2 by Llama 3.1 70B, the best of eight prompts per clip.",
                notes="From the closest open data set, with a different scale.",
            ),
        ),
        "following-rate": (
            replace(
                _PAPER,
                summary="GPT-3.5 decides whether the output attempts to answer the spoken question.",
                metric=Accuracy(id="following-rate"),
            ),
        ),
    }


FAMILY = Family(
    "co-reasoning",
    "Speech-audio co-reasoning: judged accuracy and following rate.",
    _build,
    ReferenceType.QUESTION_ANSWERS,
)
