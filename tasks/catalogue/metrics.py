"""Metrics by name, with the options that a convention may set. A new metric is one entry of `METRICS`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from tasks.backends.wordnet import wordnet_unavailable
from tasks.catalogue.parts import Form, ListedMetric, by_name
from tasks.families.multiple_choice import ACCURACY
from tasks.metrics.accuracy import Accuracy, Share
from tasks.metrics.bleu import Bleu, MeanSentenceBleu, NltkCharacterBleu, Smoothing
from tasks.metrics.chrf import Chrf
from tasks.metrics.cider import CiderD
from tasks.metrics.class_scores import Classes, ClassScore, Measure
from tasks.metrics.coco_rouge import CocoRougeL
from tasks.metrics.compounds import CompoundErrorRate, OneWordErrorRate
from tasks.metrics.error_rate import ErrorRate, MeanErrorRate
from tasks.metrics.following import NotTranscribed
from tasks.metrics.keyphrases import Keyphrases
from tasks.metrics.meteor import Meteor, meteor_unavailable
from tasks.metrics.metric import Metric
from tasks.metrics.nltk_meteor import NltkMeteor
from tasks.metrics.permutation import PermutationErrorRate
from tasks.metrics.rouge import RougeL
from tasks.metrics.spice import Spice, Spider, spice_unavailable
from tasks.metrics.story import Diversity, StoryFollowing
from tasks.metrics.ter import Ter

Fold = Literal["corpus", "mean"]
_TOKENS: tuple[Form, ...] = ("tokens",)
_TEXT: tuple[Form, ...] = ("text",)
_EITHER: tuple[Form, ...] = ("text", "tokens")
_FOLDS = ("corpus", "mean")
_REFERENCES = {"references": ("all", "each")}
_ERROR_RATE = {"fold": _FOLDS, "empty_reference": ("insertions", "one")}
_WORD_ERROR_RATE = {
    "fold": _FOLDS,
    "empty_reference": ("insertions", "one", "one-word"),
    "compounds": ("apart", "merged"),
}
_LABELS = {"labels": "happy, sad, angry, neutral"}


def _error_rate(metric: str) -> Any:
    def make(fold: Fold, empty_reference: Literal["insertions", "one"]) -> Metric:
        if fold == "mean":
            return MeanErrorRate(id=metric, empty=empty_reference)
        if empty_reference != "insertions":
            raise ValueError("`empty_reference` is an option of `fold: mean`: a pooled rate has no rate of one row")
        return ErrorRate(id=metric)

    return make


def _wer(
    fold: Fold, empty_reference: Literal["insertions", "one", "one-word"], compounds: Literal["apart", "merged"]
) -> Metric:
    if compounds == "apart" and empty_reference != "one-word":
        made: Metric = _error_rate("wer")(fold, empty_reference)
        return made
    if fold == "mean" or (compounds == "merged" and empty_reference != "insertions"):
        raise ValueError("`compounds: merged` and `empty_reference: one-word` stand alone, with `fold: corpus`")
    return CompoundErrorRate() if compounds == "merged" else OneWordErrorRate()


def _classes(measure: Measure) -> Callable[..., Metric]:
    def make(labels: str, classes: Classes = "labels") -> Metric:
        return ClassScore(tuple(label.strip() for label in labels.split(",")), measure, classes)

    return make


# The rules by which benchmarks read an answer to a multiple-choice question, by the name in signatures.
_CHOICE_RULES = {one.metric.name: one.metric for one in ACCURACY if isinstance(one.metric, Share)}


def _choices(rule: str) -> Metric:
    return _CHOICE_RULES[rule]


def _bleu(fold: Fold, smoothing: Smoothing) -> Metric:
    if fold == "corpus":
        return Bleu(smoothing=smoothing)
    if smoothing != "exp":
        raise ValueError("a mean of sentence scores is computed with `smoothing: exp` alone")
    return MeanSentenceBleu()


def _cpwer(surplus: Literal["insertions", "merge", "error"]) -> Metric:
    return PermutationErrorRate(merge=surplus == "merge", pooled_order=surplus == "error")


def _character_bleu(orders: Literal["1-4", "4"]) -> Metric:
    return NltkCharacterBleu(only_fourth=orders == "4")


def _keyphrases(cutoff: str, match: Literal["exact", "partial"], measure: str) -> Metric:
    return Keyphrases(int(cutoff), partial=match == "partial", measure=measure)


_M = ListedMetric
METRICS = by_name(
    (
        _M(
            "wer",
            "Word error rate, pooled or mean over rows.",
            _TOKENS,
            _wer,
            _WORD_ERROR_RATE,
        ),
        _M(
            "cer",
            "Character error rate.",
            _TOKENS,
            _error_rate("cer"),
            _ERROR_RATE,
            tokenizers=("characters", "char"),
        ),
        _M("per", "Phone error rate.", _TOKENS, _error_rate("per"), _ERROR_RATE),
        _M(
            "cpwer",
            "Word error rate over speakers, best order.",
            _TOKENS,
            _cpwer,
            {"surplus": ("insertions", "merge", "error")},
            streams=True,
        ),
        _M("bleu", "BLEU, 0 to 100.", _TOKENS, _bleu, {"fold": _FOLDS, "smoothing": ("exp", "none")}),
        _M(
            "character-bleu", "nltk's BLEU of characters (CMI-Bench).", _TEXT, _character_bleu, {"orders": ("1-4", "4")}
        ),
        _M("rouge-l", "ROUGE-L, mean over rows.", _TOKENS, RougeL, {"measure": ("f", "recall")}),
        _M("coco-rouge-l", "COCO's ROUGE-L, beta 1.2.", _EITHER, CocoRougeL, _REFERENCES),
        _M(
            "meteor",
            "METEOR 1.5.",
            _EITHER,
            Meteor,
            _REFERENCES,
            missing=meteor_unavailable,
        ),
        _M("nltk-meteor", "nltk's METEOR.", _EITHER, NltkMeteor, _REFERENCES, missing=wordnet_unavailable),
        _M("cider", "CIDEr-D.", _EITHER, CiderD, _REFERENCES),
        _M("spice", "SPICE 1.0.", _EITHER, Spice, _REFERENCES, missing=spice_unavailable),
        _M(
            "spider",
            "Mean of CIDEr-D and SPICE.",
            _EITHER,
            Spider,
            _REFERENCES,
            missing=spice_unavailable,
        ),
        _M("accuracy", "Share of rows with equal texts, 0 to 1.", _EITHER, Accuracy),
        _M(
            "keyphrases",
            "Precision or F1 of phrases, Porter stems.",
            _TEXT,
            _keyphrases,
            {"cutoff": ("3", "1", "5", "10"), "match": ("exact", "partial"), "measure": ("precision", "f1")},
            streams=True,
        ),
        _M("chrf", "chrF2: F-score of character n-grams.", _TEXT, Chrf),
        _M("chrfpp", "chrF2++: with n-grams of words.", _TEXT, partial(Chrf, words=2, id="chrfpp")),
        _M("ter", "TER: edits with shifts of phrases.", _TOKENS, Ter, tokenizers=("tercom",)),
        _M(
            "macro-f1",
            "Mean F1 of the labels, 0 to 1.",
            _TEXT,
            _classes("macro-f1"),
            {"classes": ("labels", "seen")},
            free=_LABELS,
        ),
        _M("weighted-f1", "F1 weighted by the labels' rows, 0 to 1.", _TEXT, _classes("weighted-f1"), free=_LABELS),
        _M("uar", "Mean recall of the labels, 0 to 1.", _TEXT, _classes("uar"), free=_LABELS),
        _M(
            "choices",
            "Multiple choice, by a benchmark's rule.",
            _TEXT,
            _choices,
            {"rule": tuple(_CHOICE_RULES)},
            reference=("object",),
        ),
        _M(
            "not-transcribed",
            "Share of outputs with a WER of 30 % or more.",
            _EITHER,
            NotTranscribed,
            {"need": ("all", "any")},
        ),
        _M("diversity", "Distinct words of stories of 50 words.", _TOKENS, Diversity, reads_reference=False),
        _M("story-following", "Share of outputs of 50 words or more.", _TOKENS, StoryFollowing, reads_reference=False),
    )
)
