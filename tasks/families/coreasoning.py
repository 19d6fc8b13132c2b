"""Speech-audio co-reasoning on in-house data: every way to score it needs a judge, and the data are not released."""

from __future__ import annotations

from dataclasses import replace

from tasks.availability import needs_judge
from tasks.convention import Convention
from tasks.metrics.accuracy import Accuracy
from tasks.row import ReferenceType
from tasks.task import Task

_PAPER = Convention(
    "paper-judge",
    "GPT-3.5 says whether the question is answered rightly, given a caption of the background.",
    Accuracy(),
    unavailable=needs_judge,
    notes="Neither the data nor the judge's snapshot are known. Accuracy is not a part of the following rate: "
    "the paper's table 4 has rows where it is higher.",
)
TASKS = (
    Task(
        "sac-inhouse",
        "SAC",
        "the authors' own recordings, not released",
        ReferenceType.QUESTION_ANSWERS,
        {
            "accuracy": (
                _PAPER,
                replace(
                    _PAPER,
                    id="jasco-judge",
                    summary="JASCO's rating 0 to 2 by Llama 3.1 70B, the best of eight prompts a clip.",
                    notes="The nearest open data set; another set and another scale.",
                ),
            ),
            "following-rate": (
                replace(
                    _PAPER,
                    summary="GPT-3.5 says whether the output tries to answer the spoken question.",
                    metric=Accuracy(id="following-rate"),
                ),
            ),
        },
        source="Table 2; appendices E and G",
    ),
)
