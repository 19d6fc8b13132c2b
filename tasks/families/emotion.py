"""Emotion recognition on IEMOCAP Session 5: accuracy over four classes, with excited counted as happy."""

from __future__ import annotations

import re

from tasks.availability import Always, needs_judge
from tasks.convention import Convention
from tasks.metrics.accuracy import Accuracy, Share
from tasks.row import ReferenceType
from tasks.step import step
from tasks.steps.clean import LSTRIP, STRIP_END_TOKEN, STRIP_SPECIAL
from tasks.steps.normalise.simple import LOWER
from tasks.steps.select import FINISHED
from tasks.task import Task

LABELS = ("neutral", "happy", "sad", "angry")
# The similarity from which FairMLLM accepts a word as a misspelling of a label.
_SIMILAR = 0.57


def fairmllm_label(text: str) -> str:
    """The first label that is a substring; otherwise the label most similar to the words; otherwise `unknown`.

    Similarity: for every label, the sum of `Levenshtein.ratio` over the words where it is at least 0.57
    (links-ads/FairMLLM-Emotion-Recognition@003cee2).
    """
    from rapidfuzz.distance import Indel

    text = text.lower()
    for label in LABELS:
        if label in text:
            return label
    words = re.sub(r"\W", " ", text).split()
    sums = {
        label: sum(ratio for word in words if (ratio := Indel.normalized_similarity(label, word)) >= _SIMILAR)
        for label in LABELS
    }
    best = max(LABELS, key=lambda label: sums[label])
    return best if sums[best] else "unknown"


def llaso_points(hypothesis: str, reference: str) -> tuple[int, int]:
    """(correct, 1): equal, or contains the gold label and none of the other three; full stops are deleted.

    EIT-NLP/LLaSO@0907788:llaso/evaluation/metrics/accuracy/accuracy.py:15-50. There the other labels are those that occur
    as gold in the file.
    """
    hypothesis, reference = (text.replace(".", "").lower() for text in (hypothesis, reference))
    if hypothesis == reference:
        return 1, 1
    others = [label for label in LABELS if label != reference and label in hypothesis]
    return int(reference in hypothesis and not others), 1


FAIRMLLM_LABEL = step("fairmllm-label", fairmllm_label, "module:rapidfuzz.distance.Indel")
_ACCURACY = Accuracy()
CONVENTIONS = (
    Convention(
        "iemocap-4way",
        "The whole output must equal the label (Neutral, Happy, Sad, Angry; excited counts as Happy) exactly.",
        _ACCURACY,
        hypothesis=(STRIP_SPECIAL,),
        notes="Any output that is not a label is wrong; rows with other gold labels are not in the set.",
    ),
    Convention(
        "hufs",
        "As iemocap-4way, outputs without an end token dropped; a leading `<s>` makes an output wrong.",
        _ACCURACY,
        hypothesis=(STRIP_END_TOKEN,),
        select=(FINISHED,),
        notes="Any other output is wrong; rows with other gold labels are not in the set.",
    ),
    Convention(
        "qwen-audio",
        "The output, stripped on the left, must equal the label.",
        _ACCURACY,
        hypothesis=(STRIP_SPECIAL, LSTRIP),
        notes="`Neutral.` is wrong.",
    ),
    Convention(
        "fairmllm",
        "The first of neutral, happy, sad and angry that the output contains, otherwise the most similar one.",
        _ACCURACY,
        hypothesis=(STRIP_SPECIAL, FAIRMLLM_LABEL),
        reference=(LOWER,),
        notes="The source takes the labels from a Python set, so which of two contained labels counts varies between runs.",
    ),
    Convention(
        "llaso",
        "Correct if the output equals the gold label, or contains it and no other label.",
        Share("label-contained", llaso_points),
        hypothesis=(STRIP_SPECIAL,),
    ),
    Convention(
        "diva-eval",
        "The label with the most likely first token.",
        _ACCURACY,
        unavailable=Always("needs the logits of the first token"),
    ),
    Convention(
        "ltu-as",
        "The label whose embedding is closest to the output's.",
        _ACCURACY,
        unavailable=Always("needs text-embedding-ada-002 embeddings"),
    ),
    Convention(
        "audiobench-judge",
        "A language model rates from 0 to 5 how well the output matches.",
        _ACCURACY,
        unavailable=needs_judge,
    ),
    Convention(
        "audiobench-judge-binary",
        "A language model rates 0 or 1: whether the output matches.",
        _ACCURACY,
        unavailable=needs_judge,
    ),
)
TASKS = (
    Task(
        "er-iemocap",
        "ER",
        "IEMOCAP Session 5, four classes",
        ReferenceType.TEXT,
        {"accuracy": CONVENTIONS},
        source="Table 2",
    ),
)
