"""Prompt sensitivity: the score under each prompt of a prediction set, and a test for differences between prompts.

The test is a permutation test: prompt labels are shuffled over the rows, and the observed differences between
prompts are compared with those under shuffled labels. The test is exact if a run draws a random prompt for each row, as
AudioBench does. A chi-square test on pooled error counts would be wrong: it treats the errors of one output as
independent, but a single phone string or loop contributes a hundred errors at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from tasks.convention import Convention, first_failed
from tasks.errors import ScoringError
from tasks.metrics.metric import Counts, Metric
from tasks.statistics.bootstrap import percentile_interval, replicates, weights
from tasks.statistics.clusters import cluster_keys
from tasks.statistics.defaults import PERMUTATIONS, REPLICATES, SEED
from tasks.step_cache import ChainCache

# A prompt with fewer rows is shown but left out of the test.
LEAST_ROWS = 10
_CHUNK_BYTES = 32 * 2**20


@dataclass(frozen=True, slots=True)
class PromptScore:
    """The score on the rows of one prompt: value and 95 % bootstrap interval, in the metric's scale."""

    prompt: str
    rows: int
    value: Fraction | float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class PromptSensitivity:
    """Scores by prompt.

    Attributes:
        convention: The convention's id.
        metric: The metric's id.
        prompts: Sorted by value, then by text; prompts without a value last.
        rows: The number of scored rows with a prompt.
        tested: The number of prompts in the test.
        p: Probability of differences at least this large if prompts have no effect; None with fewer than two tested prompts.
        permutations: The number of permutations.
    """

    convention: str
    metric: str
    prompts: tuple[PromptScore, ...]
    rows: int
    tested: int
    p: Fraction | None
    permutations: int


def sensitivity(
    cache: ChainCache,
    convention: Convention,
    *,
    bootstrap: int = REPLICATES,
    permutations: int = PERMUTATIONS,
    seed: int = SEED,
) -> PromptSensitivity | None:
    """Score each prompt's rows under a convention, and test whether the prompts differ.

    Args:
        cache: The cache over the rows; completed steps are not repeated.
        convention: A convention that is available here.
        bootstrap: The number of bootstrap replicates for each interval; 0 for no intervals.
        permutations: The number of permutations.
        seed: Seed of the bootstrap and the permutations.

    Returns:
        None if the scored rows have fewer than two prompts.

    Raises:
        ScoringError: A row cannot be scored.
        UnavailableError: The convention cannot be computed here.
    """
    rows = cache.rows
    bad = cache.unreadable(convention.hypothesis_view, convention.reference_view)
    asked = [
        index
        for index, row in enumerate(rows)
        if row.hypothesis is not None and row.prompt is not None and index not in bad
    ]
    failed = first_failed([rows[i] for i in asked], convention.select)
    kept = [i for i, rule in zip(asked, failed, strict=True) if rule is None]
    texts = sorted({str(rows[i].prompt) for i in kept})
    if len(texts) < 2:
        return None
    hypotheses = cache.values(convention.hypothesis_view, convention.hypothesis)
    references = cache.values(convention.reference_view, convention.reference)
    metric = convention.metric
    try:
        counts = metric.count([hypotheses[i] for i in kept], [references[i] for i in kept])
    except ScoringError as error:
        raise error.of([rows[i].id for i in kept]) from error
    number = {text: n for n, text in enumerate(texts)}
    labels = np.array([number[str(rows[i].prompt)] for i in kept], dtype=np.int32)
    clusters = cluster_keys([rows[i] for i in kept])
    scores = []
    for n, text in enumerate(texts):
        members = np.flatnonzero(labels == n)
        own = counts[members]
        interval = None
        if bootstrap:
            draws = list(weights([clusters[i] for i in members], bootstrap, seed))
            interval = percentile_interval(replicates(metric, own, draws))
        scores.append(PromptScore(text, len(members), metric.fold(own), interval))
    tested, p = _test(metric, counts, labels, permutations, seed)
    order = sorted(scores, key=lambda s: (s.value is None, s.value or 0, s.prompt))
    return PromptSensitivity(convention.id, metric.id, tuple(order), len(kept), tested, p, permutations)


def _test(
    metric: Metric, counts: Counts, labels: NDArray[np.int32], permutations: int, seed: int
) -> tuple[int, Fraction | None]:
    """The number of tested prompts, and p = (1 + shuffles at least as extreme) / (1 + shuffles)."""
    names, sizes = np.unique(labels, return_counts=True)
    names = names[sizes >= LEAST_ROWS]
    if len(names) < 2 or not permutations:
        return len(names), None
    part = np.isin(labels, names)
    counts, labels = counts[part], labels[part]
    generator = np.random.Generator(np.random.PCG64(seed))
    observed = _between(metric, counts, labels[None, :], names)[0]
    if np.isnan(observed):
        return len(names), None
    step = max(1, _CHUNK_BYTES // (12 * len(labels)))
    extreme = 0
    for start in range(0, permutations, step):
        shuffled = np.empty((min(step, permutations - start), len(labels)), dtype=np.int32)
        for line in shuffled:
            line[:] = generator.permutation(labels)
        extreme += int((_between(metric, counts, shuffled, names) >= observed).sum())
    return len(names), Fraction(1 + extreme, 1 + permutations)


def _between(
    metric: Metric, counts: Counts, labels: NDArray[np.int32], names: Sequence[int] | NDArray[np.int32]
) -> NDArray[np.float64]:
    """The test statistic for every line of labels: squares of (prompt's value - overall value), weighted by rows.

    Rounded, so that a shuffle equal to the observed labels compares as equal, whatever the order of summation.
    """
    whole = float(metric.replicate(counts, np.ones((1, len(counts))))[0])
    total = np.zeros(len(labels))
    for name in names:
        member = (labels == name).astype(np.float64)
        value = metric.replicate(counts, member)
        total += np.where(np.isnan(value), 0.0, member.sum(axis=1) * (value - whole) ** 2)
    return np.asarray(np.round(total / len(counts), 9))
