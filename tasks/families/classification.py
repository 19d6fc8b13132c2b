"""Classification over labels that a task declares with their other spellings: accuracy, F1 and unweighted average recall."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from tasks.availability import Always, needs_judge
from tasks.convention import Convention, Selection, View
from tasks.errors import DeclarationError
from tasks.families.labels import Labels
from tasks.family import Conventions, Family, Parameter
from tasks.metrics.accuracy import Accuracy, Share
from tasks.metrics.class_scores import Classes, ClassScore, Measure
from tasks.row import ReferenceType, Row
from tasks.step import Step, Value, step
from tasks.steps.characters import plain_words
from tasks.steps.clean import LSTRIP, STRIP_END_TOKEN, STRIP_SPECIAL
from tasks.steps.normalise.simple import LOWER
from tasks.steps.select import FINISHED

SOURCES = (
    "module:tasks.families.labels",
    "module:tasks.steps.characters",
    "module:tasks.steps.long_texts",
    "unicode:",
    "version:regex",
)
# The similarity from which FairMLLM accepts a word as a misspelling of a label.
_SIMILAR = 0.57
# The selection of rows whose gold label is the task's.
LABELLED = "labelled"


def fairmllm_label(labels: tuple[str, ...]) -> Callable[[str], str]:
    """A function to the first of `labels` (in lower case) that a text contains, or else the most similar one.

    Similarity: for every label, the sum of `Levenshtein.ratio` over the words where it is at least 0.57
    (links-ads/FairMLLM-Emotion-Recognition@003cee2).
    """

    def read(text: str) -> str:
        from rapidfuzz.distance import Indel

        text = text.lower()
        for label in labels:
            if label in text:
                return label
        words = re.sub(r"\W", " ", text).split()
        sums = {
            label: sum(ratio for word in words if (ratio := Indel.normalized_similarity(label, word)) >= _SIMILAR)
            for label in labels
        }
        best = max(labels, key=lambda label: sums[label])
        return best if sums[best] else "unknown"

    return read


def llaso_points(hypothesis: str, reference: str, labels: tuple[str, ...]) -> tuple[int, int]:
    """(correct, 1): the output equals the gold label, or contains it and no other of `labels`; case and full stops ignored.

    EIT-NLP/LLaSO@0907788:llaso/evaluation/metrics/accuracy/accuracy.py:15-50. There the other labels are those that occur
    as gold in the file.
    """
    hypothesis, reference = (text.replace(".", "").lower() for text in (hypothesis, reference))
    if hypothesis == reference:
        return 1, 1
    others = [label for label in labels if label != reference and label in hypothesis]
    return int(reference in hypothesis and not others), 1


_CMI_DROPPED = str.maketrans({**dict.fromkeys("_-' .", ""), "#": "\u266f"})


def cmi_text(text: str) -> str:
    """A text as CMI-Bench compares it: in lower case, without `_`, `-`, `'`, blanks and full stops.

    nicolaus625/CMI-bench@4c15f41:evaluate.py:29-32.
    """
    return text.translate(_CMI_DROPPED).lower()


def cmi_read(labels: tuple[str, ...]) -> Callable[[Value, Value], tuple[int, int]]:
    """A function to (correct, 1): the output contains the gold label and no other of `labels`, as parts of words too.

    nicolaus625/CMI-bench@4c15f41:evaluate.py:73-92. There the labels are those that occur as gold in the file.
    """
    names = [cmi_text(label) for label in labels]

    def read(hypothesis: Value, reference: Value) -> tuple[int, int]:
        said, gold = cmi_text(hypothesis), cmi_text(reference)
        return int(gold in said and not any(name in said for name in names if name != gold)), 1

    return read


def llaso_abstained(labels: tuple[str, ...]) -> Callable[[Value, Value], tuple[int, int]]:
    """A function to (abstained, 1): an output abstains unless exactly one label stands in it.

    A label stands in an output where no ASCII letter or digit touches it; case and a label's final full stops do not matter.
    EIT-NLP/LLaSO@0907788:llaso/evaluation/metrics/abstention_rate/abstention_rate_cal.py:119-170. The source takes the gold
    labels of the file for the labels, and prints the rate in percent.
    """
    names = {label.lower().rstrip(". ").strip() for label in labels}

    # Where a task is only listed, nothing is compiled.
    @cache
    def patterns() -> list[re.Pattern[str]]:
        return [re.compile(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", re.IGNORECASE) for name in sorted(names)]

    def read(hypothesis: Value, _reference: Value) -> tuple[int, int]:
        said = hypothesis.strip().lower()
        return int(sum(bool(pattern.search(said)) for pattern in patterns()) != 1), 1

    return read


def llaso_read(labels: tuple[str, ...]) -> Callable[[str, str], tuple[int, int, int]]:
    """A function to `llaso_points`, and whether the output contains no label at all."""

    def read(hypothesis: str, reference: str) -> tuple[int, int, int]:
        said = hypothesis.lower()
        return *llaso_points(hypothesis, reference, labels), int(not any(label in said for label in labels))

    return read


class LabelSet:
    """The labels of a task, with the view, the selection and the steps that depend on them.

    Attributes:
        names: The labels in lower case, in the task's order.
        version: A short hash of the labels and their spellings: the version of everything that depends on them.
    """

    def __init__(self, labels: Mapping[str, tuple[str, ...]], outside: tuple[str, ...]) -> None:
        self.table = Labels(labels, outside)
        self.labels = tuple(labels)
        self.names = tuple(label.lower() for label in labels)
        text = json.dumps(
            [{label: list(others) for label, others in labels.items()}, list(outside)], ensure_ascii=False
        )
        self.version = hashlib.sha256(text.encode()).hexdigest()[:8]
        # The signature needs the version: what a label is depends on the table.
        self.view = View(f"label@{self.version}", self._label)
        self.inside = Selection(LABELLED, self._inside, "gold label not one of the task's", self.version)
        spellings = (spelling for label in labels for spelling in (label, label.lower(), label.title(), label.upper()))
        self.accuracy = Accuracy(answers=frozenset(spellings))

    def _label(self, row: Row) -> str | None:
        return self.table.read(row)

    def _inside(self, row: Row) -> bool:
        return self.table.inside(row)

    def fairmllm(self) -> Step:
        """The step of `fairmllm_label` for these labels."""
        return step(
            "fairmllm-label",
            fairmllm_label(self.names),
            "module:rapidfuzz.distance.Indel",
            version=self.version,
        )

    def contained(self) -> Share:
        """The metric of `llaso_points` for these labels."""
        return Share("label-contained", llaso_read(self.names), version=self.version, reads=True)

    def cmi(self) -> Share:
        """The metric of `cmi_read` for these labels."""
        return Share("cmi-label-contained", cmi_read(self.names), version=self.version)

    def abstained(self) -> Share:
        """The metric of `llaso_abstained` for these labels."""
        return Share("label-abstained", llaso_abstained(self.names), id="abstention-rate", version=self.version)

    def score(self, convention: Convention, measure: Measure, classes: Classes = "labels") -> Convention:
        """The convention's reading of outputs, scored by class instead of by row."""
        return replace(convention, metric=ClassScore(self.labels, measure, classes))

    def labelled(self, convention: Convention) -> Convention:
        """The convention on gold labels read by the table; rows with labels outside the task are not in the set."""
        chosen = (self.inside, *convention.select) if self.table.outside else convention.select
        return replace(convention, reference_view=self.view, select=chosen)


def label_set(parameters: Mapping[str, Any]) -> LabelSet:
    """The labels that a task's parameters declare."""
    labels = tuple((label, tuple(others)) for label, others in parameters["labels"].items())
    return _label_set(labels, tuple(parameters["outside"]))


@cache
def _label_set(pairs: tuple[tuple[str, tuple[str, ...]], ...], outside: tuple[str, ...]) -> LabelSet:
    # Tasks with the same labels share the view, the selection and the steps: one name is one rule.
    labels = dict(pairs)
    _check_spellings(labels, outside)
    return LabelSet(labels, outside)


def _check_spellings(labels: Mapping[str, tuple[str, ...]], outside: tuple[str, ...]) -> None:
    """Refuse a spelling of two labels: the gold labels that are written so would change their class in silence."""
    seen: dict[str, str | None] = {}
    owned: list[tuple[str | None, str]] = [(label, text) for label, more in labels.items() for text in (label, *more)]
    for label, text in (*owned, *((None, text) for text in outside)):
        words = plain_words(text)
        if seen.setdefault(words, label) != label:
            raise DeclarationError(
                f"the spelling `{text}` stands for both `{seen[words]}` and {f'`{label}`' if label else 'no label'}",
                field=("parameters", "labels" if label else "outside"),
                fix="Give every spelling to one label; case and punctuation do not matter.",
            )


def _conventions(labels: LabelSet) -> tuple[Convention, ...]:
    plain = labels.accuracy
    return (
        Convention(
            "iemocap-4way",
            "The whole output must equal the label exactly.",
            plain,
            hypothesis=(STRIP_SPECIAL,),
            notes="Any output that is not a label is wrong; rows with other gold labels are not in the set.",
        ),
        Convention(
            "hufs",
            "As iemocap-4way, outputs without an end token dropped; a leading `<s>` makes an output wrong.",
            plain,
            hypothesis=(STRIP_END_TOKEN,),
            select=(FINISHED,),
            notes="Any other output is wrong; rows with other gold labels are not in the set.",
        ),
        Convention(
            "qwen-audio",
            "The output, stripped on the left, must equal the label.",
            plain,
            hypothesis=(STRIP_SPECIAL, LSTRIP),
            notes="`Neutral.` is wrong.",
        ),
        Convention(
            "fairmllm",
            "The first of the labels that the output contains, otherwise the most similar one.",
            plain,
            hypothesis=(STRIP_SPECIAL, labels.fairmllm()),
            reference=(LOWER,),
            notes="The source takes the labels from a Python set, so which of two contained labels counts varies between "
            "runs.",
        ),
        Convention(
            "llaso",
            "Correct if the output equals the gold label, or contains it and no other label.",
            labels.contained(),
            hypothesis=(STRIP_SPECIAL,),
        ),
        Convention(
            "cmi-bench",
            "Correct if the output contains the gold label and no other, ignoring case, hyphens, underscores and blanks.",
            labels.cmi(),
            notes="Special tokens stay in the output; parts of words count.",
        ),
        Convention(
            "diva-eval",
            "The label with the most likely first token.",
            plain,
            unavailable=Always("needs the logits of the first token"),
        ),
        Convention(
            "ltu-as",
            "The label whose embedding is closest to the output's.",
            plain,
            unavailable=Always("needs text-embedding-ada-002 embeddings"),
        ),
        Convention(
            "audiobench-judge",
            "A language model rates from 0 to 5 how well the output matches.",
            plain,
            unavailable=needs_judge,
        ),
        Convention(
            "audiobench-judge-binary",
            "A language model rates 0 or 1: whether the output matches.",
            plain,
            unavailable=needs_judge,
        ),
    )


# Outputs are read as for the accuracy, by these two; the source of the first lets scikit-learn choose a macro-F1's classes.
_SEEN = "fairmllm"
_EXACT = "iemocap-4way"
_MEASURES: tuple[Measure, ...] = ("macro-f1", "weighted-f1", "uar")
_UNREAD = "An output that is no label is a miss of its gold label and an answer of none."


def _by_class(labels: LabelSet, read: tuple[Convention, ...]) -> Conventions:
    """The metrics that weigh classes, for the conventions that read one label from an output."""
    several: dict[str, tuple[Convention, ...]] = {
        measure: tuple(replace(labels.score(c, measure), notes=f"{c.notes} {_UNREAD}") for c in read)
        for measure in _MEASURES
    }
    macro: list[Convention] = []
    for one in several["macro-f1"]:
        seen = replace(
            labels.score(one, "macro-f1", "seen"),
            id=one.id if one.id == _SEEN else f"{one.id}-seen",
            summary=f"{one.summary[:-1]}; over the labels that occur.",
            notes=f"{one.notes} As scikit-learn's default: a label that occurs nowhere is left out, and all unread outputs "
            "together are one more class, whose F1 is 0.",
        )
        every = replace(
            one,
            id=f"{one.id}-labels" if one.id == _SEEN else one.id,
            summary=f"{one.summary[:-1]}; over all labels.",
            notes=f"{one.notes} A label that occurs nowhere has F1 0.",
        )
        macro += [every, seen]
    return {**several, "macro-f1": tuple(macro)}


def _build(parameters: Mapping[str, Any]) -> Conventions:
    labels = label_set(parameters)
    found = tuple(labels.labelled(c) if c.unavailable() is None else c for c in _conventions(labels))
    abstaining = Convention(
        "llaso",
        "The share of outputs that do not contain exactly one label.",
        labels.abstained(),
        notes="Outputs count as they are, special tokens included.",
    )
    return {
        "accuracy": found,
        **_by_class(labels, tuple(c for c in found if c.id in {_EXACT, _SEEN})),
        "abstention-rate": (abstaining,),
    }


FAMILY = Family(
    "classification",
    "Classification into labels: accuracy, macro-F1, weighted F1, unweighted average recall.",
    _build,
    ReferenceType.TEXT,
    (
        Parameter(
            "labels",
            "labels",
            None,
            "Each label of the task -> its other spellings in gold files; case and punctuation do not matter.",
            example={"yes": [], "no": []},
        ),
        Parameter(
            "outside", "texts", [], "Labels of the data set that are not the task's; their rows are not in the set."
        ),
    ),
)
