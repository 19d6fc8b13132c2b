"""Following rate: an output that transcribes the speech does not follow the instruction (paper, appendix E)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tasks.metrics import error_rate
from tasks.metrics.error_rate import edit_counts
from tasks.metrics.metric import Counts, RatioMetric
from tasks.step import Value

SOURCES = ("module:tasks.metrics.error_rate", *error_rate.SOURCES)
# Appendix E: an output with a WER below 30 % to the spoken question "does ASR".
THRESHOLD_PERCENT = 30


@dataclass(frozen=True)
class NotTranscribed(RatioMetric):
    """The share of outputs whose WER to the spoken text is 30 % or more.

    With several reference texts, `need` says whether all of them (`all`) or at least one (`any`) must be that far away.
    """

    need: Literal["all", "any"] = "all"
    id: str = "following-rate"
    columns: tuple[str, ...] = ("followed", "total")
    scale: int = 1
    numerator: tuple[str, ...] = ("followed",)
    denominator: tuple[str, ...] = ("total",)

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return f"count:wer-at-least-{THRESHOLD_PERCENT}.{self.need}|fold:share"

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 2): 1 if followed, and 1. Texts are split on white space."""
        rows = []
        for hypothesis, reference in zip(hypotheses, references, strict=True):
            far = [_far(hypothesis, text) for text in (reference if isinstance(reference, list) else [reference])]
            rows.append((int(all(far) if self.need == "all" else any(far)), 1))
        return np.array(rows, dtype=np.int64).reshape(-1, 2)


def _far(hypothesis: Value, reference: Value) -> bool:
    words = reference if isinstance(reference, tuple) else tuple(reference.split())
    said = hypothesis if isinstance(hypothesis, tuple) else tuple(hypothesis.split())
    if not words:
        return bool(said)
    errors = int(edit_counts([said], [words])[0, :3].sum())
    return errors * 100 >= THRESHOLD_PERCENT * len(words)
