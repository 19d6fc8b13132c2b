"""The bootstrap against plain resampling, and Wilson's interval against statsmodels."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy as np
import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st

from tasks.metrics.accuracy import Accuracy
from tasks.metrics.bleu import Bleu, MeanSentenceBleu, NltkCharacterBleu
from tasks.metrics.error_rate import ErrorRate, MeanErrorRate
from tasks.metrics.keyphrases import Keyphrases
from tasks.metrics.metric import Counts, Metric
from tasks.metrics.rouge import RougeL
from tasks.metrics.story import Diversity, StoryFollowing
from tasks.statistics import bootstrap
from tasks.statistics.bootstrap import (
    decimal,
    percentile_interval,
    replicates,
    units_of,
    weights,
    wilson_interval,
)

WORDS = ["a", "b", "c", "d", "e", "f", "g", "h"]


def texts(rows: int, seed: int = 3) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    rng = np.random.default_rng(seed)
    references = [tuple(rng.choice(WORDS, size=rng.integers(1, 12))) for _ in range(rows)]
    hypotheses = [
        tuple(w for w in r if rng.random() > 0.2) + (("x",) if rng.random() < 0.3 else ()) for r in references
    ]
    return hypotheses, references


def counts_of(metric: Metric, rows: int = 60) -> Counts:
    hypotheses, references = texts(rows)
    if isinstance(metric, Keyphrases):
        return metric.count([list(h) for h in hypotheses], [list(r) for r in references])
    return metric.count(hypotheses, references)


METRICS: list[Metric] = [
    ErrorRate(),
    MeanErrorRate(),
    Bleu(),
    Bleu(smoothing="none"),
    MeanSentenceBleu(),
    NltkCharacterBleu(),
    RougeL(),
    RougeL(measure="recall"),
    Accuracy(),
    Keyphrases(3),
    Keyphrases(5, measure="f1"),
    Keyphrases(3, partial=True),
    Diversity(),
    StoryFollowing(),
]


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.signature)
def test_a_replicate_is_the_fold_of_the_rows_that_were_drawn(metric: Metric) -> None:
    counts = counts_of(metric)
    (chunk,) = weights(len(counts), 25)
    found = metric.replicate(counts, chunk)
    for value, line in zip(found, chunk, strict=True):
        drawn = counts[np.repeat(np.arange(len(counts)), line.astype(int))]
        assert len(drawn) == len(counts)
        expected = metric.fold(drawn)
        assert expected is not None
        # Means of rows are summed with six decimals of a row's value.
        assert value == pytest.approx(float(expected), rel=1e-9, abs=1e-4 if metric.scale == 100 else 1e-6)


def test_draws_are_those_of_a_plain_loop() -> None:
    generator = np.random.Generator(np.random.PCG64(bootstrap.SEED))
    drawn = [generator.integers(0, 40, size=40) for _ in range(30)]
    (chunk,) = weights(40, 30)
    assert chunk.tolist() == [np.bincount(d, minlength=40).tolist() for d in drawn]


def test_corpus_bleu_of_a_resampled_set_is_sacrebleus() -> None:
    hypotheses, references = texts(40)
    counts = Bleu().count(hypotheses, references)
    library = sacrebleu.BLEU(tokenize="none", force=True)
    (chunk,) = weights(40, 20)
    for value, line in zip(Bleu().replicate(counts, chunk), chunk, strict=True):
        rows = np.repeat(np.arange(40), line.astype(int))
        score = library.corpus_score([" ".join(hypotheses[i]) for i in rows], [[" ".join(references[i]) for i in rows]])
        assert value == pytest.approx(score.score, rel=1e-12)


@pytest.mark.parametrize("clusters", [37, ["a", "b", "c", "a", "b", "a", "d"]])
@pytest.mark.parametrize("size", [1, 8 * 37 * 3, 10**9])
def test_chunks_do_not_change_the_draws(monkeypatch: pytest.MonkeyPatch, clusters: int | list[str], size: int) -> None:
    whole = np.concatenate(list(weights(clusters, 50)))
    monkeypatch.setattr(bootstrap, "_CHUNK_BYTES", size)
    chunks = list(weights(clusters, 50))
    assert np.array_equal(np.concatenate(chunks), whole)
    rows = clusters if isinstance(clusters, int) else len(clusters)
    each = max(1, size // (8 * rows))
    assert [len(chunk) for chunk in chunks] == [min(each, 50 - start) for start in range(0, 50, each)]


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.signature)
def test_chunks_do_not_change_a_bit_of_a_value(metric: Metric, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = counts_of(metric)
    whole = replicates(metric, counts, list(weights(len(counts), 40)))
    monkeypatch.setattr(bootstrap, "_CHUNK_BYTES", 8 * len(counts) * 7)
    parts = replicates(metric, counts, list(weights(len(counts), 40)))
    assert len(whole) == 40
    assert whole.tobytes() == parts.tobytes()


def test_conventions_are_paired_by_their_draws() -> None:
    counts = counts_of(ErrorRate())
    doubled = counts * np.array([2, 2, 2, 2])
    one, other = (replicates(ErrorRate(), c, list(weights(len(c), 50))) for c in (counts, doubled))
    assert len(one) == 50
    assert np.array_equal(one, other)


def test_another_seed_draws_otherwise_and_the_same_seed_the_same() -> None:
    (one,), (again,), (other,) = (list(weights(20, 10, seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=30))
def test_clusters_are_drawn_whole(keys: list[str]) -> None:
    (chunk,) = weights(keys, 20)
    assert chunk.shape == (20, len(keys))
    distinct = sorted(set(keys))
    for line in chunk:
        times = {key: {line[i] for i, k in enumerate(keys) if k == key} for key in distinct}
        assert all(len(found) == 1 for found in times.values())
        assert sum(found.pop() for found in times.values()) == len(distinct)


def test_every_row_its_own_cluster_is_the_bootstrap_over_rows() -> None:
    (rows,) = weights(30, 20)
    (clusters,) = weights([f"{i:02d}" for i in range(30)], 20)
    assert np.array_equal(rows, clusters)


def test_odd_keys_are_clusters_of_their_own() -> None:
    keys = ["\ud800", "a", "a\0", "a", ""]
    (chunk,) = weights(keys, 40)
    assert np.array_equal(chunk[:, 1], chunk[:, 3])
    assert not np.array_equal(chunk[:, 1], chunk[:, 2])
    assert (chunk[:, [0, 1, 2, 4]].sum(axis=1) == 4).all()


def test_no_rows() -> None:
    assert list(weights(0, 10)) == []
    assert list(weights([], 10)) == []
    assert replicates(ErrorRate(), np.zeros((0, 4), dtype=np.int64), []).shape == (0,)


def test_the_percentile_interval_holds_95_percent() -> None:
    values = np.random.default_rng(1).permutation(np.arange(1000.0))
    assert percentile_interval(values) == (25.0, 974.0)
    assert percentile_interval(np.array([2.0, np.nan, 1.0])) == (1.0, 2.0)
    assert percentile_interval(np.array([np.nan])) is None
    assert percentile_interval(np.empty(0)) is None


@given(st.integers(1, 30_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_interval_is_statsmodels(case: tuple[int, int]) -> None:
    from statsmodels.stats.proportion import proportion_confint

    successes, trials = case
    low, high = wilson_interval(successes, trials)
    expected = proportion_confint(successes, trials, alpha=0.05, method="wilson")
    # Rounded outward, to six places.
    assert 0 <= expected[0] - float(low) < 1.1e-6 or (low == 0 and abs(expected[0]) < 1e-12)
    assert 0 <= float(high) - expected[1] < 1.1e-6 or (high == 1 and abs(1 - expected[1]) < 1e-12)
    assert 0 <= low <= Decimal(successes) / trials <= high <= 1


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(0, 10, "0.000000", "0.277533"), (10, 10, "0.722467", "1.000000"), (5, 10, "0.236593", "0.763407")],
)
def test_wilsons_interval_of_a_known_table(successes: int, trials: int, low: str, high: str) -> None:
    found = wilson_interval(successes, trials)
    assert float(found[0]) == pytest.approx(float(low), abs=2e-6)
    assert float(found[1]) == pytest.approx(float(high), abs=2e-6)


@pytest.mark.parametrize(("successes", "trials"), [(1, 0), (-1, 5), (6, 5), (0, -1)])
def test_no_share(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="not a proportion"):
        wilson_interval(successes, trials)


def test_decimals() -> None:
    third = Fraction(1, 3)
    assert str(decimal(third, 4)) == "0.3333"
    assert str(decimal(third, 4, ROUND_CEILING)) == "0.3334"
    assert str(decimal(-third, 2, ROUND_FLOOR)) == "-0.34"
    assert str(decimal(Fraction(5, 1000), 2, ROUND_HALF_UP)) == "0.01"
    assert str(decimal(Fraction(5, 1000), 2)) == "0.00"
    assert str(decimal(0.1, 3)) == "0.100"
    assert str(decimal(Decimal("2.675"), 2)) == "2.68"


@given(st.fractions(-(10**9), 10**9), st.integers(0, 9))
def test_a_fraction_is_rounded_exactly(value: Fraction, places: int) -> None:
    found = Fraction(decimal(value, places))
    assert abs(found - value) <= Fraction(1, 2 * 10**places)
    assert Fraction(decimal(value, places, ROUND_FLOOR)) <= value <= Fraction(decimal(value, places, ROUND_CEILING))


def test_wilsons_interval_has_six_places_and_needs_trials() -> None:
    assert [str(end) for end in wilson_interval(0, 10)] == ["0.000000", "0.277533"]
    assert [str(end) for end in wilson_interval(7, 7, 2)] == ["0.64", "1.00"]
    for successes, trials in ((0, 0), (-1, 5), (6, 5)):
        with pytest.raises(ValueError, match=f"{successes} of {trials}"):
            wilson_interval(successes, trials)


def test_units_are_numbered_in_the_order_of_their_keys() -> None:
    count, numbers = units_of(["b", "a", "b", "c"])
    assert (count, numbers.tolist() if numbers is not None else None) == (3, [1, 0, 1, 2])
    assert units_of(5) == (5, None)
    none, empty = units_of([])
    assert none == 0
    assert empty is not None
    assert empty.dtype == np.int64


def test_decimals_of_every_kind_of_number() -> None:
    assert str(decimal(Fraction(1, 3), 3)) == "0.333"
    modes = (ROUND_FLOOR, ROUND_CEILING, ROUND_HALF_EVEN, ROUND_HALF_UP)
    assert [str(decimal(Fraction(5, 2), 0, mode)) for mode in modes] == ["2", "3", "2", "3"]
    assert str(decimal(Fraction(7, 2), 0)) == "4"
    assert str(decimal(0.1 + 0.2, 20)) == "0.30000000000000004000"
    assert [str(decimal(0.125, 2, mode)) for mode in (ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP)] == [
        "0.13",
        "0.12",
        "0.13",
    ]
    assert str(decimal(0.125, 2)) == "0.12"
    exact = Decimal("1.234567890123456789012345")
    assert decimal(exact, 24) == exact


def test_the_percentiles_are_order_statistics_of_what_is_defined() -> None:
    assert percentile_interval(np.arange(10.0), Fraction(1, 2)) == (2.0, 7.0)
    assert percentile_interval(np.array([3.0, np.nan, 1.0, 2.0]), Fraction(0)) == (2.0, 2.0)
