"""Multi-speaker error rates: streams are assigned to speakers with the fewest errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

from tasks.arrays import NDArray, np
from tasks.errors import ScoringError, TooLongError
from tasks.metrics import error_rate
from tasks.metrics.error_rate import COLUMNS, edit_counts
from tasks.metrics.metric import Counts, RatioMetric, as_counts
from tasks.step import Value

SOURCES = ("module:tasks.metrics.error_rate", *error_rate.SOURCES)
Stream = tuple[str, ...]
MAX_SPEAKERS = 6
# The most numbers that `merge_surplus` keeps at once (4 bytes each).
MAX_STATES = 50_000_000


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
    """Join sentences, in their order, into one stream per speaker, so that the streams have the fewest errors in total.

    Exact: a Levenshtein alignment with one axis per speaker, on which every sentence advances along one axis. Returns streams
    in the speakers' order. Among equal solutions, sentences go to the earlier speaker, the last sentence first.

    Raises:
        ScoringError: The references are too long, or there are too many, to compare all choices (`MAX_STATES`).
    """
    shape = tuple(len(reference) + 1 for reference in references)
    if math.prod(shape) * (len(hypotheses) + 1) > MAX_STATES:
        raise TooLongError("sentences and references are too long to try every way of joining them: use cpwer")
    ids: dict[str, int] = {}
    spoken = [np.array([ids.setdefault(w, len(ids)) for w in stream], dtype=np.int64) for stream in references]
    said = [[ids.setdefault(w, len(ids)) for w in sentence] for sentence in hypotheses]
    # tables[n][p1, p2, ...]: the fewest errors of the first n sentences against the first p1, p2, ... words of the speakers.
    tables = [np.indices(shape, dtype=np.int32).sum(axis=0, dtype=np.int32)]
    for sentence in said:
        choices = [_advanced(tables[-1], axis, words, sentence) for axis, words in enumerate(spoken)]
        tables.append(np.minimum.reduce(choices))
    at: list[int] = [len(words) for words in spoken]
    streams: list[Stream] = [() for _ in references]
    for number in range(len(said) - 1, -1, -1):
        axis, start = _step_back(tables[number], tables[number + 1], at, spoken, said[number])
        at[axis] = start
        streams[axis] = hypotheses[number] + streams[axis]
    return streams


def _advanced(
    table: NDArray[np.int32], axis: int, words: NDArray[np.int64], sentence: Sequence[int]
) -> NDArray[np.int32]:
    """The table after a sentence was aligned along one axis."""
    state = np.moveaxis(table, axis, 0)
    steps = np.arange(len(words) + 1, dtype=np.int32).reshape(-1, *[1] * (state.ndim - 1))
    for word in sentence:
        wrong = (words != word).astype(np.int32).reshape(-1, *[1] * (state.ndim - 1))
        following = state + 1
        following[1:] = np.minimum(following[1:], state[:-1] + wrong)
        # Deletions: the least of all earlier positions plus the words skipped since.
        state = np.minimum.accumulate(following - steps, axis=0) + steps
    return np.moveaxis(state, 0, axis)


def _step_back(
    before: NDArray[np.int32],
    after: NDArray[np.int32],
    at: Sequence[int],
    spoken: Sequence[NDArray[np.int64]],
    sentence: Sequence[int],
) -> tuple[int, int]:
    """The speaker that a sentence was given to, and the position in their words before it."""
    from rapidfuzz.distance import Levenshtein

    for axis, words in enumerate(spoken):
        for start in range(at[axis], -1, -1):
            index = (*at[:axis], start, *at[axis + 1 :])
            cost = Levenshtein.distance(words[start : at[axis]].tolist(), list(sentence))
            if int(before[index]) + cost == int(after[tuple(at)]):
                return axis, start
    raise AssertionError("no way back")


@dataclass(frozen=True)
class PermutationErrorRate(RatioMetric):
    """Concatenated minimum-permutation WER (cpWER): every output and every stream counts.

    `merge` joins the sentences to one stream per speaker if there are more of them (`merge_surplus`).
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
        rule = "best-order" if self.pooled_order else "cp" + (".merge-least" if self.merge else "")
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
                try:
                    rows.append(self._best(hypothesis, reference))
                except ScoringError as error:
                    raise error.in_item(item) from error
        return as_counts(rows, 4)

    def _best(self, hypothesis: Sequence[Stream], reference: Sequence[Stream]) -> list[int]:
        if self.merge and len(hypothesis) > len(reference) > 0:
            streams = merge_surplus(hypothesis, reference)
            return edit_counts(streams, reference).sum(axis=0).tolist()  # type: ignore[no-any-return]  # numpy's own Any
        return best_assignment(hypothesis, reference)
