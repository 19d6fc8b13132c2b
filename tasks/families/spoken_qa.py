"""Spoken-query question answering: accuracy and following rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tasks.availability import needs_judge
from tasks.convention import Convention, Selection, View
from tasks.errors import ScoringError
from tasks.family import Conventions, Family
from tasks.metrics.accuracy import Accuracy, Share
from tasks.metrics.following import NotTranscribed
from tasks.metrics.jiwer_words import JIWER_WORDS
from tasks.metrics.triggered import Triggered
from tasks.row import ReferenceType, Row
from tasks.steps.characters import plain_words
from tasks.steps.clean import STRIP_END_TOKEN, STRIP_SPECIAL
from tasks.steps.normalise.simple import JIWER_A1, LOWER

SOURCES = ("module:tasks.steps.characters", "module:tasks.steps.long_texts", "unicode:", "version:regex")

_LARGEST = 1e300


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
    found = [item.get("text") if isinstance(item, Mapping) else item for item in value]
    if not all(isinstance(item, str) for item in found):
        raise ScoringError('each candidate must be a text or {"text": ..., "label": 0 or 1}', row=row.id)
    return [str(item) for item in found]


def _labels(row: Row) -> tuple[int, ...] | None:
    value = _object(row).get("candidates")
    if not isinstance(value, list) or not all(
        isinstance(item, Mapping) and item.get("label") in (0, 1) for item in value
    ):
        return None
    return tuple(int(item["label"]) for item in value)


def _scores(row: Row) -> tuple[float, ...] | None:
    value = row.extra.get("scores")
    labels = _labels(row)
    if not isinstance(value, list) or labels is None or len(value) != len(labels):
        return None
    # NaN is between no two numbers, and a longer integer has no float.
    if not all(isinstance(item, int | float) and -_LARGEST < item < _LARGEST for item in value):
        raise ScoringError("each score must be a number", row=row.id)
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
    """(correct, 1): the output contains all words of an answer consecutively."""
    said = plain_words(hypothesis)
    return int(any(words.strip() and words in said for words in map(plain_words, answers))), 1


def output_in_answer(hypothesis: str, answers: Sequence[str]) -> tuple[int, int]:
    """(correct, 1): an answer contains the output's words consecutively; WikiQA's answers are whole sentences."""
    said = plain_words(hypothesis)
    return int(bool(said.strip()) and any(said in plain_words(answer) for answer in answers)), 1


_PAPER = Convention(
    "paper-judge",
    "GPT-3.5 decides whether the output is correct, with the paper's prompt.",
    Accuracy(),
    unavailable=needs_judge,
    notes="The snapshot, its sampling parameters and the rule for several answers are not published.",
)
ACCURACY = (
    _PAPER,
    replace(
        _PAPER,
        id="hufs-judge",
        summary="Qwen3-8B, asked once per candidate sentence regardless of its label; correct if it accepts any.",
        notes="An upper bound: sentences labelled as wrong count as answers too.",
    ),
    Convention(
        "string-match",
        "The output contains an answer, ignoring case and punctuation.",
        Share("answer-in-output", answer_in_output, version="2"),
        hypothesis=(STRIP_SPECIAL,),
        reference_view=ANSWERS,
        notes="WikiQA's answers are whole sentences, so a short correct answer counts as wrong.",
    ),
    Convention(
        "string-match-within",
        "An answer contains the output, ignoring case and punctuation.",
        Share("output-in-answer", output_in_answer, version="2"),
        hypothesis=(STRIP_SPECIAL,),
        reference_view=ANSWERS,
        notes="A whole sentence counts as wrong unless it is the answer itself.",
    ),
)
FOLLOWING = (
    Convention(
        "appendix-e",
        "Not followed if the WER to the spoken question is below 30 %.",
        NotTranscribed(),
        hypothesis=(JIWER_A1,),
        reference=(JIWER_A1,),
        reference_view=SPOKEN_QUESTION,
        notes="The paper does not name a normaliser; lower case without punctuation is used.",
    ),
    Convention(
        "hufs-answers",
        "Followed if the WER to any candidate answer is 30 % or more.",
        NotTranscribed(need="any"),
        hypothesis=(STRIP_END_TOKEN, JIWER_WORDS),
        reference=(LOWER, JIWER_WORDS),
        reference_view=CANDIDATES,
        notes="Compares with the answers, not with the question as the paper does, so nearly every output counts as followed.",
    ),
)
_RANKED = Convention(
    "wikiqa",
    "WikiQA's F1: the best-scored candidate, if its score is 0.11 or more.",
    Triggered(),
    hypothesis_view=SCORES,
    reference_view=LABELS,
    select=(HAS_SCORES,),
    notes="Needs a score for every candidate sentence, which free text does not give. For a question whose scores are all 0 "
    "the source looks at the last candidate of its file; here nothing is triggered.",
)


def _build(_: Mapping[str, Any]) -> Conventions:
    return {
        "accuracy": ACCURACY,
        "following-rate": FOLLOWING,
        "f1": (_RANKED,),
        "precision": (replace(_RANKED, metric=Triggered("precision", id="precision"), summary="WikiQA's precision."),),
    }


FAMILY = Family(
    "spoken-qa", "Spoken-query question answering: accuracy and following rate.", _build, ReferenceType.QUESTION_ANSWERS
)
