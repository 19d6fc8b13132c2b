"""The approximate sequence for functions of sums, calibrated by simulation."""

import os

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from tasks.metrics.bleu import Bleu
from tasks.statistics.confidence_sequences.sums import FIRST, critical, half_width, influences

AUDITS = int(os.environ.get("REPRO_AUDIT_AUDITS", "400"))
RISK = 0.05
UNITS = 300
# Every unit would be far slower, and between these the interval hardly moves.
LOOKS = np.unique(np.rint(np.geomspace(FIRST, UNITS - 1, 40)).astype(int))


def corpus(random):
    """Terms of BLEU for a set of sentences whose quality differs."""
    metric = Bleu()
    words = np.array([f"w{i}" for i in range(30)])
    references = [tuple(random.choice(words, random.integers(6, 25))) for _ in range(UNITS)]
    hypotheses = []
    for reference in references:
        keep = random.random(len(reference)) < random.beta(6, 2)
        hypotheses.append(tuple(w if k else random.choice(words) for w, k in zip(reference, keep, strict=True)))
    return metric, metric.terms(metric.count(hypotheses, [[r] for r in references])).astype(float)


def test_bleu_at_the_boundary_keeps_to_the_risk_approximately():
    random = np.random.default_rng(11)
    metric, terms = corpus(random)
    truth = float(metric.from_sums(terms.sum(axis=0, keepdims=True))[0])
    assert 20 < truth < 80
    false = 0
    for _ in range(AUDITS):
        drawn = terms[random.permutation(UNITS)]
        values = metric.from_sums(np.cumsum(drawn, axis=0)[LOOKS - 1])
        false += any(
            abs(value - truth) > half_width(influences(drawn[:n], metric.from_sums), UNITS, RISK)
            for n, value in zip(LOOKS, values, strict=True)
        )
    low, high = proportion_confint(false, AUDITS, alpha=0.05, method="beta")
    print(f"{false} of {AUDITS}: {low:.4f} to {high:.4f}")
    assert low <= RISK


def test_influences_are_the_gradient():
    """Weighting one row a little more moves the value by its influence."""
    metric, terms = corpus(np.random.default_rng(12))
    found = influences(terms, metric.from_sums)
    assert abs(found.mean()) < 1e-6
    base = metric.from_sums(terms.sum(axis=0, keepdims=True))[0]
    for row in (0, 17, 140):
        moved = metric.from_sums((terms.sum(axis=0) + 0.01 * terms[row])[None])[0]
        assert (moved - base) / 0.01 * UNITS == pytest.approx(found[row], rel=0.02, abs=0.02)


def test_nothing_is_said_before_the_first_moment_and_everything_at_the_last_unit():
    influence = np.random.default_rng(1).standard_normal(100)
    assert half_width(influence[: FIRST - 1], 200, RISK) is None
    assert half_width(influence, 100, RISK) == 0.0
    assert half_width(influence[:60], 200, RISK) > 0


def test_the_critical_value_is_above_that_of_a_single_look():
    assert critical(300, FIRST, RISK) > 1.96
    assert critical(300, FIRST, 0.01) > critical(300, FIRST, RISK)
    with pytest.raises(ValueError, match="not larger"):
        critical(40, 50, RISK)
