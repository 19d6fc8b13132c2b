"""Spoken-query question answering on WikiQA: accuracy, and how often the instruction was followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tasks.availability import needs_judge
from tasks.convention import Convention, Selection, View
from tasks.families.choices import plain_words
from tasks.metrics.accuracy import Accuracy, Share
from tasks.metrics.following import NotTranscribed
from tasks.metrics.triggered import Triggered
from tasks.row import ReferenceType, Row
from tasks.steps.clean import STRIP_SPECIAL
from tasks.steps.normalise.simple import JIWER_A1, LOWER
from tasks.task import Task

SOURCES = ("module:tasks.families.choices",)


def _object(row: Row) -> Mapping[str, Any]:
    return row.reference if isinstance(row.reference, Mapping) else {}


def _question(row: Row) -> str | None:
    value = _object(row).get("question")
    return value if isinstance(value, str) else None


def _answers(row: Row) -> list[str] | None:
    value = _object(row).get("answers")
    return list(value) if isinstance(value, list) else None


def _candidates(row: Row) -> list[str] | None:
    value = _object(row).get("candidates")
    if not isinstance(value, list):
        return _answers(row)
    return [item if isinstance(item, str) else str(item.get("text", "")) for item in value]


def _labels(row: Row) -> tuple[int, ...] | None:
    value = _object(row).get("candidates")
    if not isinstance(value, list) or not all(
        isinstance(item, Mapping) and item.get("label") in {0, 1} for item in value
    ):
        return None
    return tuple(int(item["label"]) for item in value)


def _scores(row: Row) -> tuple[float, ...] | None:
    value = row.extra.get("scores")
    labels = _labels(row)
    if not isinstance(value, list) or labels is None or len(value) != len(labels):
        return None
    return tuple(float(item) for item in value)


def _has_scores(row: Row) -> bool:
    return _scores(row) is not None


SPOKEN_QUESTION = View("question", _question)
ANSWERS = View("answers", _answers)
CANDIDATES = View("candidates", _candidates)
LABELS = View("labels", _labels)
SCORES = View("scores", _scores)
HAS_SCORES = Selection("has-scores", _has_scores, "no score for each labelled candidate")


def answer_in_output(hypothesis: str, answers: Sequence[str]) -> tuple[int, int]:
    """(right, 1): all words of an answer stand in the output, in a row."""
    said = plain_words(hypothesis)
    return int(any(words.strip() and words in said for words in map(plain_words, answers))), 1


def output_in_answer(hypothesis: str, answers: Sequence[str]) -> tuple[int, int]:
    """(right, 1): the output's words stand in an answer, in a row: WikiQA's answers are whole sentences."""
    said = plain_words(hypothesis)
    return int(bool(said.strip()) and any(said in plain_words(answer) for answer in answers)), 1


_PAPER = Convention(
    "paper-judge",
    "GPT-3.5 says whether the output is right, with the paper's prompt.",
    Accuracy(),
    unavailable=needs_judge,
    notes="The snapshot, its sampling and the rule for several answers are not published.",
)
ACCURACY = (
    _PAPER,
    replace(
        _PAPER,
        id="hufs-judge",
        summary="Qwen3-8B, asked once a candidate sentence whatever its label; right if right once.",
        notes="An upper bound: sentences labelled wrong count as answers too.",
    ),
    Convention(
        "string-match",
        "An answer stands in the output, without case and punctuation.",
        Share("answer-in-output", answer_in_output),
        hypothesis=(STRIP_SPECIAL,),
        reference_view=ANSWERS,
        notes="WikiQA's answers are whole sentences, so a short right answer is wrong here.",
    ),
    Convention(
        "string-match-within",
        "The output stands in an answer, without case and punctuation.",
        Share("output-in-answer", output_in_answer),
        hypothesis=(STRIP_SPECIAL,),
        reference_view=ANSWERS,
        notes="A whole sentence is wrong here unless it is the answer's.",
    ),
)
FOLLOWING = (
    Convention(
        "appendix-e",
        "Not followed: below 30 % WER to the spoken question.",
        NotTranscribed(),
        hypothesis=(JIWER_A1,),
        reference=(JIWER_A1,),
        reference_view=SPOKEN_QUESTION,
        notes="The paper names no normaliser; lower case without punctuation is used.",
    ),
    Convention(
        "hufs-answers",
        "Followed: 30 % WER or more to any candidate answer.",
        NotTranscribed(need="any"),
        hypothesis=(STRIP_SPECIAL,),
        reference=(LOWER,),
        reference_view=CANDIDATES,
        notes="Compares with the answers, not with the question as the paper does; nearly every output follows.",
    ),
)
_RANKED = Convention(
    "wikiqa",
    "WikiQA's own F1: the best-scored candidate, if its score is 0.11 or more.",
    Triggered(),
    hypothesis_view=SCORES,
    reference_view=LABELS,
    select=(HAS_SCORES,),
    notes="Needs a score for every candidate sentence, which free text does not give.",
)
TASKS = (
    Task(
        "sqqa-wikiqa",
        "SQQA",
        "WikiQA, questions read by a speech synthesiser",
        ReferenceType.QUESTION_ANSWERS,
        {
            "accuracy": ACCURACY,
            "following-rate": FOLLOWING,
            "f1": (_RANKED,),
            "precision": (
                replace(_RANKED, metric=Triggered("precision", id="precision"), summary="WikiQA's own precision."),
            ),
        },
        source="Table 2; appendices E and G",
    ),
)
