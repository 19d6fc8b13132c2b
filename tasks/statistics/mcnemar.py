"""McNemar's test in its exact form: whether two runs differ in how many of the same rows they get right."""

from __future__ import annotations

from fractions import Fraction


def mcnemar(lost: int, gained: int) -> Fraction | None:
    """The exact two-sided p value; None if no row flips, since then nothing can be tested.

    If the runs are equally good, a row that only one of them gets right belongs to either with probability 1/2, so the smaller
    of the two numbers is binomial (McNemar 1947, Psychometrika 12; exact form: Dixon and Mood 1946, JASA 41).

    Args:
        lost: Rows that only the first run gets right.
        gained: Rows that only the second run gets right.

    Raises:
        ValueError: A number is negative.
    """
    if min(lost, gained) < 0:
        raise ValueError(f"not numbers of rows: {lost}, {gained}")
    flips = lost + gained
    if not flips:
        return None
    ways = term = 1
    for k in range(min(lost, gained)):
        term = term * (flips - k) // (k + 1)
        ways += term
    return min(Fraction(1), Fraction(2 * ways, 2**flips))
