"""How a value follows from sums over the rows: for a reader of audit.json, who has the sums and not the rows.

A pooled rate needs nothing but summed counts. A mean over rows needs the sum of the rows' values, which is exact where the
values are ratios of counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np

from audit.schema import Fold
from tasks.metrics.bleu import COLUMNS as BLEU
from tasks.metrics.bleu import Bleu, MeanSentenceBleu, NltkCharacterBleu, bleu_from_sums
from tasks.metrics.captions import MeanScore
from tasks.metrics.chrf import Chrf, chrf_from_sums
from tasks.metrics.class_scores import PARTS, ClassScore
from tasks.metrics.keyphrases import Keyphrases
from tasks.metrics.meteor import COLUMNS as METEOR
from tasks.metrics.meteor import Meteor, meteor_from_sums
from tasks.metrics.metric import FIXED_POINT, Counts, MeanMetric, Metric, RatioMetric
from tasks.metrics.slu_f1 import SluF1
from tasks.metrics.ter import Ter
from tasks.metrics.triggered import Triggered
from tasks.statistics.compact import Compact, wide

_TRIGGERED = {"precision": ("triggered",), "recall": ("answerable",), "f1": ("triggered", "answerable")}


def summed(metric: Metric, counts: Compact | None, value: Fraction | float | None) -> tuple[Fold | None, str | None]:
    """The fold of a metric and, for a mean over rows, the exact sum of the rows' values.

    Both are None where a reader could not compute the value from them: for a metric of another package that folds in a way of
    its own, and without a value.

    Args:
        metric: The metric.
        counts: Of the scored rows: (rows, columns); None if there are none.
        value: What the metric folds them into.
    """
    fold = _fold(metric)
    if fold is None or counts is None or value is None:
        return None, None
    total = _total(metric, wide(counts))
    if folded(fold, sums(metric, counts) or {}, total, len(counts)) != value:
        return None, None
    return fold, None if total is None else str(total)


def sums(metric: Metric, counts: Compact | None) -> dict[str, int] | None:
    """The counts summed over the rows, by the metric's names; None if there are none."""
    return None if counts is None else dict(zip(metric.columns, map(int, counts.sum(axis=0)), strict=True))


def folded(fold: Fold, counts: Mapping[str, int], total: Fraction | None, scored: int) -> Fraction | float | None:
    """The value in the metric's scale; None where it is not defined.

    Args:
        fold: The formula.
        counts: Summed over the scored rows, by the metric's names in any order.
        total: The sum of the rows' values, where the formula needs one.
        scored: The number of scored rows.
    """
    if fold.kind == "ratio":
        top = total if not fold.numerator else Fraction(sum(counts[name] for name in fold.numerator))
        bottom = sum(counts[name] for name in fold.denominator) if fold.denominator else scored
        if top is None or not bottom:
            return None
        if not fold.exact:
            return float(top * fold.scale / fold.parts) / bottom
        return top * fold.scale / (bottom * fold.parts)
    if not scored:
        return None
    if fold.kind == "ter":
        edits = counts["edits"]
        return Fraction(edits) * fold.scale / total if total else Fraction(fold.scale if edits else 0)
    if fold.kind == "bleu":
        return float(bleu_from_sums(_line(counts, BLEU), "none" if fold.option == "none" else "exp"))
    if fold.kind == "chrf":
        return float(chrf_from_sums(_line(counts, Chrf(2 if "hypothesis_word_1" in counts else 0).columns)))
    if fold.kind == "meteor":
        return float(meteor_from_sums(_line(counts, METEOR))) * fold.scale
    return _of_classes(fold, counts)


def lacking(fold: Fold, counts: Mapping[str, int]) -> tuple[str, ...]:
    """The names that a formula needs and these counts do not have."""
    if fold.kind == "ratio":
        needed: Sequence[str] = (*fold.numerator, *fold.denominator)
    elif fold.kind == "ter":
        needed = ("edits",)
    elif fold.kind == "bleu":
        needed = BLEU
    elif fold.kind == "chrf":
        needed = Chrf(2 if "hypothesis_word_1" in counts else 0).columns
    elif fold.kind == "meteor":
        needed = METEOR
    else:
        labels = [name.removeprefix("hit:") for name in counts if name.startswith("hit:")]
        needed = (*(f"{part}:{label}" for part in PARTS for label in labels or ("",)), "unread")
    return tuple(name for name in dict.fromkeys(needed) if name not in counts)


def _line(counts: Mapping[str, int], columns: Sequence[str]) -> Counts:
    return np.array([counts[name] for name in columns], dtype=np.int64)


def _of_classes(fold: Fold, counts: Mapping[str, int]) -> Fraction | None:
    labels = [name.removeprefix("hit:") for name in counts if name.startswith("hit:")]
    hits, gold, answered = ([counts[f"{part}:{label}"] for label in labels] for part in PARTS)
    if fold.kind == "uar":
        recalls = [Fraction(hit, of) for hit, of in zip(hits, gold, strict=True) if of]
        return sum(recalls, Fraction(0)) / len(recalls) if recalls else None
    f1 = [Fraction(2 * h, g + a) if g + a else Fraction(0) for h, g, a in zip(hits, gold, answered, strict=True)]
    if fold.kind == "weighted-f1":
        whole = sum(gold)
        return sum((g * f for g, f in zip(gold, f1, strict=True)), Fraction(0)) / whole if whole else None
    seen = sum(1 for g, a in zip(gold, answered, strict=True) if g + a) + (counts["unread"] > 0)
    classes = len(gold) if fold.option == "labels" else seen
    return sum(f1, Fraction(0)) / classes if classes else None


def _fold(metric: Metric) -> Fold | None:
    scale = metric.scale
    if isinstance(metric, RatioMetric):
        return Fold("ratio", scale, metric.numerator, metric.denominator)
    if isinstance(metric, MeanMetric):
        return Fold("ratio", scale, parts=FIXED_POINT if isinstance(metric, Keyphrases) else 1)
    if isinstance(metric, MeanScore):
        *scores, items = metric.columns
        return Fold("ratio", scale, tuple(scores), (items,), parts=len(scores) * FIXED_POINT)
    if isinstance(metric, NltkCharacterBleu):
        return Fold("ratio", scale, metric.columns, parts=FIXED_POINT)
    if isinstance(metric, MeanSentenceBleu):
        return Fold("ratio", scale, parts=scale, exact=False)  # the rows' values are 0 to 100
    if isinstance(metric, SluF1):
        true = ("word_tp", "character_tp") * 2
        return Fold("ratio", scale, true, (*true, "word_fp", "word_fn", "character_fp", "character_fn"))
    if isinstance(metric, Triggered):
        twice = 2 if metric.measure == "f1" else 1
        return Fold("ratio", scale, ("correct",) * twice, _TRIGGERED[metric.measure])
    if isinstance(metric, Bleu):
        return Fold("bleu", scale, option=metric.smoothing, exact=False)
    if isinstance(metric, Chrf):
        return Fold("chrf", scale, exact=False)
    if isinstance(metric, Meteor):
        return Fold("meteor", scale, exact=False)
    if isinstance(metric, Ter):
        return Fold("ter", scale)
    if isinstance(metric, ClassScore):
        return Fold(metric.measure, scale, option=metric.classes if metric.measure == "macro-f1" else None)
    return None


def _total(metric: Metric, counts: Counts) -> Fraction | None:
    """The sum over the rows of what a mean is over; of TER, the sum of the average reference lengths."""
    if isinstance(metric, MeanMetric):
        top, bottom = metric.row_value(counts)
    elif isinstance(metric, Ter):
        _, top, bottom = counts.T
    elif isinstance(metric, MeanSentenceBleu):
        return Fraction(math.fsum(bleu_from_sums(counts).tolist()))
    else:
        return None
    parts = (Fraction(int(top[bottom == divisor].sum()), int(divisor)) for divisor in np.unique(bottom))
    return sum(parts, Fraction(0))
