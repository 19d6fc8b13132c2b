from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.statistics.mcnemar import mcnemar


@pytest.mark.parametrize(
    ("lost", "gained", "p"),
    [
        (0, 1, Fraction(1)),
        (0, 5, Fraction(2, 32)),
        (1, 9, Fraction(22, 1024)),
        (5, 5, Fraction(1)),
        # Agresti, Categorical Data Analysis: approval of the prime minister, 150 and 86 changed their minds.
        (150, 86, Fraction(2 * sum(comb(236, k) for k in range(87)), 2**236)),
    ],
)
def test_against_the_sum_of_the_binomial(lost: int, gained: int, p: Fraction) -> None:
    assert mcnemar(lost, gained) == p == mcnemar(gained, lost)


@given(st.integers(0, 60), st.integers(0, 60))
def test_it_is_the_probability_of_a_split_at_least_as_uneven(lost: int, gained: int) -> None:
    n = lost + gained
    if not n:
        assert mcnemar(0, 0) is None
        return
    uneven = abs(lost - gained)
    expected = Fraction(sum(comb(n, k) for k in range(n + 1) if abs(2 * k - n) >= uneven), 2**n)
    assert mcnemar(lost, gained) == expected


def test_many_rows_and_negative_numbers() -> None:
    p = mcnemar(12_300, 12_700)
    assert p is not None
    assert 0.011 < float(p) < 0.012
    with pytest.raises(ValueError, match="not numbers of rows: -1, 2"):
        mcnemar(-1, 2)
