"""Following rate: an output that transcribes the speech does not follow the instruction (paper, appendix E)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tasks.arrays import np
from tasks.metrics import error_rate
from tasks.metrics.error_rate import edit_counts
from tasks.metrics.jiwer_words import jiwer_words
from tasks.metrics.metric import Counts, RatioMetric, as_counts
from tasks.step import Value

SOURCES = ("module:tasks.metrics.error_rate", "module:tasks.metrics.jiwer_words", *error_rate.SOURCES)
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
        return as_counts(rows, 2)


@dataclass(frozen=True)
class RecordingsNotTranscribed(RatioMetric):
    """The share of recordings with an answer whose WER to the spoken text is 30 % or more.

    A recording counts once, with the first of its rows; its other rows count nothing. Texts are split as jiwer does. The
    rule of jaeeewon/project-multimodal@d9e5d17:dist_eval/eval_sf.py:60-72, whose rows are recordings with all their slots.
    """

    id: str = "following-rate"
    columns: tuple[str, ...] = ("followed", "total")
    scale: int = 1
    whole_set: bool = True  # the answers to a recording are taken together
    numerator: tuple[str, ...] = ("followed",)
    denominator: tuple[str, ...] = ("total",)

    @property
    def signature(self) -> str:
        """Counting and folding."""
        return f"count:recording.wer-at-least-{THRESHOLD_PERCENT}.any|fold:share"

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 2): 1 if any answer to the recording is that far from the spoken text, and 1, in its first row; else 0.

        Args:
            hypotheses: Answers, one text per row.
            references: (recording, spoken text) of each row.
        """
        first: dict[str, int] = {}
        counts = np.zeros((len(references), 2), dtype=np.int64)
        for row, (hypothesis, (recording, spoken)) in enumerate(zip(hypotheses, references, strict=True)):
            at = first.setdefault(recording, row)
            counts[at, 0] |= int(_far(jiwer_words(hypothesis), jiwer_words(spoken)))
            counts[at, 1] = 1
        return counts


def _far(hypothesis: Value, reference: Value) -> bool:
    words = reference if isinstance(reference, tuple) else tuple(reference.split())
    said = hypothesis if isinstance(hypothesis, tuple) else tuple(hypothesis.split())
    if not words:
        return bool(said)
    errors = int(edit_counts([said], [words])[0, :3].sum())
    return errors * 100 >= THRESHOLD_PERCENT * len(words)
