"""Multi-speaker error rates: streams are assigned to speakers with the fewest errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from tasks.errors import ScoringError
from tasks.metrics import error_rate
from tasks.metrics.error_rate import COLUMNS, edit_counts
from tasks.metrics.metric import Counts, RatioMetric
from tasks.step import Value

SOURCES = ("module:tasks.metrics.error_rate", *error_rate.SOURCES)
Stream = tuple[str, ...]
MAX_SPEAKERS = 6


def best_assignment(hypotheses: Sequence[Stream], references: Sequence[Stream]) -> list[int]:
    """Summed counts (S, D, I, hits) of the assignment of streams with the fewest errors.

    An unassigned stream counts as insertions or deletions. Exact, by dynamic programming over sets of assigned references,
    and therefore linear in the number of hypotheses.
    """
    if len(references) > MAX_SPEAKERS:
        raise ScoringError(f"more than {MAX_SPEAKERS} reference streams")
    cost = {
        (i, j): edit_counts([h], [r])[0].tolist() for i, h in enumerate(hypotheses) for j, r in enumerate(references)
    }
    best: dict[int, list[int]] = {0: [0, 0, 0, 0]}
    for i, hypothesis in enumerate(hypotheses):
        following: dict[int, list[int]] = {}
        for used, counts in best.items():
            alone = counts.copy()
            alone[2] += len(hypothesis)
            _keep_better(following, used, alone)
            for j in range(len(references)):
                if not used >> j & 1:
                    pair = [a + b for a, b in zip(counts, cost[i, j], strict=True)]
                    _keep_better(following, used | 1 << j, pair)
        best = following
    final: list[list[int]] = []
    for used, counts in best.items():
        left = sum(len(r) for j, r in enumerate(references) if not used >> j & 1)
        final.append([counts[0], counts[1] + left, counts[2], counts[3]])
    return min(final, key=lambda c: (sum(c[:3]), c))


def _keep_better(table: dict[int, list[int]], key: int, counts: list[int]) -> None:
    if key not in table or (sum(counts[:3]), counts) < (sum(table[key][:3]), table[key]):
        table[key] = counts


def merge_surplus(hypotheses: Sequence[Stream], references: Sequence[Stream]) -> list[Stream]:
    """Join sentences into as many streams as there are speakers.

    Greedy: each surplus sentence is appended to the stream that gives the fewest errors under the best assignment so far;
    ties go to the earlier stream.
    """
    if len(hypotheses) <= len(references):
        return list(hypotheses)
    streams: list[Stream] = list(hypotheses[: len(references)])
    for sentence in hypotheses[len(references) :]:
        options = [[*streams[:k], streams[k] + sentence, *streams[k + 1 :]] for k in range(len(streams))]
        streams = min(options, key=lambda option: sum(best_assignment(option, references)[:3]))
    return streams


@dataclass(frozen=True)
class PermutationErrorRate(RatioMetric):
    """Concatenated minimum-permutation WER (cpWER): every output and every stream counts.

    `merge` joins surplus sentences to the stream where they add the fewest errors, before the assignment (`merge_surplus`).
    `pooled_order` requires as many hypotheses as references and chooses their order by the pooled error rate, as a script
    that tries both orders does.
    """

    merge: bool = False
    pooled_order: bool = False
    id: str = "wer"
    columns: tuple[str, ...] = COLUMNS
    scale: int = 100
    numerator: tuple[str, ...] = ("substitutions", "deletions", "insertions")
    denominator: tuple[str, ...] = ("substitutions", "deletions", "hits")

    @property
    def signature(self) -> str:
        """Counting and folding."""
        rule = "best-order" if self.pooled_order else "cp" + (".merge" if self.merge else "")
        return f"count:{rule}|fold:corpus"

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        """(rows, 4): substitutions, deletions, insertions, hits, summed over the streams."""
        rows = []
        for item, (hypothesis, reference) in enumerate(zip(hypotheses, references, strict=True)):
            if len(reference) > MAX_SPEAKERS:
                raise ScoringError(f"more than {MAX_SPEAKERS} reference streams", item=item)
            if self.pooled_order:
                if len(hypothesis) != len(reference):
                    raise ScoringError(
                        f"{len(hypothesis)} sentences for {len(reference)} speakers: exactly one each is needed",
                        item=item,
                    )
                orders = (
                    edit_counts(list(order), reference).sum(axis=0).tolist() for order in permutations(hypothesis)
                )
                rows.append(min(orders, key=lambda c: sum(c[:3])))
            else:
                streams = merge_surplus(hypothesis, reference) if self.merge else hypothesis
                rows.append(best_assignment(streams, reference))
        return np.array(rows, dtype=np.int64).reshape(-1, 4)
