"""Planned samples of real outputs: how soon false claims are settled."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.sampling import RISK, cases, claims, errors, table
from tests.support.paths import ROOT

REAL = ROOT.parent / "shared" / "real" / "audiobench"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="needs the real outputs in ../shared/real")


def test_an_error_rate_of_55_percent_refutes_a_claim_of_2_percent_after_about_ten_clips() -> None:
    case = errors(REAL, "2024")
    assert case.value == pytest.approx(0.555834, abs=1e-6)
    random = np.random.default_rng(1)
    needed = [case.needed(random.permutation(case.units), (0.0, 0.0235)) for _ in range(50)]
    assert np.median(needed) <= 15
    assert max(needed) < 150


def test_true_claims_are_never_settled_falsely() -> None:
    """At the boundary: the value itself, without a margin, on every set with exact bounds."""
    random = np.random.default_rng(2)
    for case in cases(REAL):
        if "approximate" in case.name:
            continue
        # No value agrees but one that is a hair above: settled before the end means refuted.
        false = sum(
            case.needed(random.permutation(case.units), (case.value + 1e-9, case.value + 2e-9)) < case.units
            for _ in range(20)
        )
        assert false <= 3


def test_the_table_has_a_line_for_every_claim() -> None:
    found = cases(REAL)
    lines = table(found, orders=3).splitlines()
    assert len(lines) == 2 + sum(len(claims(case)) for case in found)
    assert RISK == 0.05
