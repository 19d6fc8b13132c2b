"""Confidence sequences without replacement: the bets are fair, and audits that may stop at every unit keep to the risk.

`REPRO_AUDIT_AUDITS=10000` gives the audits of the long run; CI runs a few hundred, with a fixed seed.
"""

import os
from fractions import Fraction
from itertools import pairwise, permutations

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from tasks.statistics.confidence_sequences.ratios import (
    FRACTIONS,
    Drawn,
    Population,
    certain,
    limits,
    log_capital,
    path,
    refuted_at,
)
from tasks.statistics.confidence_sequences.risk import shared

AUDITS = int(os.environ.get("REPRO_AUDIT_AUDITS", "400"))
RISK = 0.05
UNITS = 200


def family(name, random):
    """A whole set: a, w, and what is known about it before sampling."""
    if name == "share":
        return (random.random(UNITS) < 0.7).astype(float), np.ones(UNITS), Population(UNITS, total=UNITS)
    if name == "rare-share":
        a = np.zeros(UNITS)
        a[:3] = 1
        return a, np.ones(UNITS), Population(UNITS, total=UNITS)
    if name == "mean":
        return random.beta(2, 5, UNITS), np.ones(UNITS), Population(UNITS, total=UNITS)
    w = random.integers(2, 40, UNITS).astype(float)
    if name == "dropping":
        kept = random.random(UNITS) < 0.9
        a = random.binomial(w.astype(int), 0.1) * kept
        return a.astype(float), w * kept, Population(UNITS, 40, 60)
    a = random.binomial(w.astype(int), {"errors": 0.03, "many-errors": 0.5}[name]).astype(float)
    a[0] = 60  # an output that ran away, as long as the decoding allows
    return a, w, Population(UNITS, 40, 60, total=float(w.sum()))


FAMILIES = ("share", "rare-share", "mean", "errors", "many-errors", "dropping")


def missed(drawn, population, truth, risk=RISK):
    """Whether the sequence excludes the truth at any moment: then an audit of a claim at the boundary settles falsely."""
    return any(refuted_at(drawn, population, truth, side, risk / 2) is not None for side in ("low", "high"))


def in_bounds(false):
    """The rate's own 95 % interval allows the risk; in the long run it lies below the risk as a whole."""
    low, high = proportion_confint(false, AUDITS, alpha=0.05, method="beta")
    print(f"{false} of {AUDITS}: {low:.4f} to {high:.4f}")
    return low <= RISK and (AUDITS < 10_000 or high <= RISK)


@pytest.mark.parametrize("name", FAMILIES)
def test_false_settlements_at_the_boundary_stay_within_the_risk(name):
    random = np.random.default_rng(7)
    a, w, population = family(name, random)
    truth = a.sum() / w.sum()
    false = 0
    for _ in range(AUDITS):
        order = random.permutation(UNITS)
        false += missed(Drawn.of(a[order], w[order]), population, truth)
    assert in_bounds(false)


def test_false_settlements_in_blocks_of_strata_stay_within_the_risk():
    random = np.random.default_rng(8)
    a, w, population = family("errors", random)
    truth, strata = a.sum() / w.sum(), 4
    by_length = np.argsort(w, kind="stable").reshape(strata, -1)
    false = 0
    for _ in range(AUDITS):
        blocks = np.stack([random.permutation(row) for row in by_length])
        sizes = np.full(blocks.shape[1], strata)
        false += missed(Drawn(a[blocks].sum(axis=0), w[blocks].sum(axis=0), sizes), population, truth)
    assert in_bounds(false)


def test_several_conventions_share_one_risk():
    random = np.random.default_rng(9)
    w = random.integers(2, 40, UNITS).astype(float)
    errors = [random.binomial(w.astype(int), rate).astype(float) for rate in (0.02, 0.05, 0.1)]
    population = Population(UNITS, 40, 60, total=float(w.sum()))
    risks = [float(part) for part in shared(Fraction(1, 20), (2, 1, 1))]
    false = 0
    for _ in range(AUDITS):
        order = random.permutation(UNITS)
        false += any(
            missed(Drawn.of(a[order], w[order]), population, a.sum() / w.sum(), part)
            for a, part in zip(errors, risks, strict=True)
        )
    assert in_bounds(false)


def test_the_harness_finds_a_sequence_that_breaks_its_promise():
    """A normal interval at every unit, as for one look, misses far more often."""
    random = np.random.default_rng(10)
    a, _, _ = family("share", random)
    n = np.arange(1, UNITS)
    false = 0
    for _ in range(AUDITS):
        drawn = a[random.permutation(UNITS)][:-1]
        mean = np.cumsum(drawn) / n
        error = np.sqrt(np.maximum(mean * (1 - mean), 1e-9) * (1 / n - 1 / UNITS))
        false += bool((np.abs(mean - a.mean()) > 1.96 * error)[9:].any())
    assert not in_bounds(false)


@pytest.mark.parametrize("side", ["low", "high"])
@pytest.mark.parametrize(
    ("a", "w", "population"),
    [
        ([1, 0, 1, 1, 0], [1, 1, 1, 1, 1], Population(5, total=5)),
        ([0, 0, 5, 1, 0], [3, 1, 2, 4, 1], Population(5, 4, 6, total=11)),
        ([0.25, 0.5, 1, 0, 0.1], [1, 1, 1, 1, 1], Population(5, total=5)),
    ],
)
def test_the_bets_are_fair_over_all_orders(a, w, population, side):
    """The mean capital over all 120 orders is exactly 1 after every unit, if the hypothesis is the value."""
    truth = sum(a) / sum(w)
    capitals = [
        np.exp(log_capital(Drawn.of([a[i] for i in order], [w[i] for i in order]), population, truth, side))
        for order in permutations(range(5))
    ]
    assert np.mean(capitals, axis=0) == pytest.approx(np.ones(5), abs=1e-9)


@pytest.mark.parametrize("side", ["low", "high"])
@pytest.mark.parametrize("name", FAMILIES)
def test_the_capital_is_monotone_in_the_hypothesis(name, side):
    random = np.random.default_rng(3)
    a, w, population = family(name, random)
    drawn = Drawn.of(a, w).first(40)
    values = np.linspace(0.0, 1.2 * a.sum() / w.sum(), 50)
    steps = np.array([log_capital(drawn, population, float(r), side)[-1] for r in values])
    if side == "low":
        steps = steps[::-1]
    finite = steps[np.isfinite(steps)]
    assert (np.diff(finite) >= -1e-9).all()


@pytest.mark.parametrize("name", FAMILIES)
def test_the_interval_narrows_and_ends_in_a_point(name):
    random = np.random.default_rng(4)
    a, w, population = family(name, random)
    order = random.permutation(UNITS)
    drawn, truth = Drawn.of(a[order], w[order]), a.sum() / w.sum()
    points = [limits(drawn.first(n), population, RISK) for n in (10, 50, 100, 199, 200)]
    for (low, high), (lower, higher) in zip(points[1:], points[:-1], strict=True):
        assert low >= lower - 1e-6
        assert higher is None or high <= higher + 1e-6
    assert points[-1] == (pytest.approx(truth, abs=1e-12), pytest.approx(truth, abs=1e-12))


def test_the_path_contains_the_last_interval_and_ends_with_it():
    random = np.random.default_rng(5)
    a, w, population = family("errors", random)
    order = random.permutation(UNITS)
    drawn = Drawn.of(a[order], w[order]).first(150)
    points = path(drawn, population, RISK)
    low, high = limits(drawn, population, RISK)
    assert (points[-1].units, points[-1].low, points[-1].high) == (150, low, high)
    assert all(p.low <= low + 1e-9 and (p.high is None or p.high >= high - 1e-9) for p in points)
    assert all(x.low <= y.low and x.high >= y.high for x, y in pairwise(points))


def test_without_a_cap_there_is_no_upper_limit_before_the_last_unit():
    population = Population(100, 40, None, capped=False, total=2000)
    drawn = Drawn.of(np.ones(99), np.full(99, 20.0))
    assert limits(drawn, population, RISK)[1] is None
    whole = Drawn.of(np.ones(100), np.full(100, 20.0))
    assert limits(whole, population, RISK) == (0.05, 0.05)


def test_a_wildly_false_claim_is_refuted_after_a_few_units():
    """An error rate near 55 % against a claim of 2.1 % with a margin."""
    random = np.random.default_rng(6)
    w = random.integers(5, 40, 2620).astype(float)
    a = random.binomial(w.astype(int), 0.556).astype(float)
    population = Population(2620, 40, 200, total=float(w.sum()))
    step = refuted_at(Drawn.of(a, w), population, 0.0235, "low", RISK / 2)
    assert step is not None
    assert step <= 10


def test_units_that_could_not_be_scored_count_at_their_best_and_worst():
    """Two of ten drawn units have no output: the interval is that of two right ones and of two wrong ones together."""
    population = Population(10, total=10)
    a, one = np.array([1.0, 1, 1, 1, 1, 1, 1, 0, 0, 0]), np.ones(10)
    drawn = Drawn(
        a, one, np.ones(10, dtype=np.int64), np.where(np.arange(10) < 9, np.maximum(a, [0] * 7 + [1, 1, 0]), 0), one
    )
    assert certain(drawn, population) == (0.7, 0.9)
    low, high = limits(drawn, population, RISK)
    assert low == pytest.approx(0.7, abs=1e-9)
    assert high == pytest.approx(0.9, abs=1e-9)


def test_more_units_than_the_set_has_are_refused():
    with pytest.raises(ValueError, match="more units were drawn"):
        limits(Drawn.of(np.ones(3)), Population(2, total=2), RISK)
    with pytest.raises(ValueError, match="between 0 and 1"):
        shared(Fraction(1), (1,))
    with pytest.raises(ValueError, match="positive integers"):
        shared(Fraction(1, 20), ())


def test_shared_risks_add_up():
    parts = shared(Fraction(1, 20), (1, 1, 3))
    assert sum(parts) == Fraction(1, 20)
    assert parts[2] == 3 * parts[0]


def test_shares_are_bet_on_as_in_rilacs():
    """RiLACS, section 2: 1 + lambda (x - m_t), m_t = (N m - sum) / (N - t + 1), mixed over fractions of 1 / m_t."""
    x, units, m = [1, 0, 0, 1, 1, 1, 0, 1], 20, 0.4
    capitals = [1.0] * len(FRACTIONS)
    seen, expected = 0, []
    for t, value in enumerate(x):
        mean = (units * m - seen) / (units - t)
        capitals = [c * (1 + f / mean * (value - mean)) for c, f in zip(capitals, FRACTIONS, strict=True)]
        expected.append(sum(capitals) / len(capitals))
        seen += value
    found = np.exp(log_capital(Drawn.of(np.array(x, dtype=float)), Population(units, total=units), m, "low"))
    assert found == pytest.approx(np.array(expected), rel=1e-12)
