"""The truth table: every row of the rules, and every order of the measurements."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations_with_replacement, permutations, product

import pytest

from audit.schema import ENOUGH, Agreement, Verdict
from audit.verdict.rules import RULES, Candidate, Situation, decide

ALL, FEW = Fraction(1), Fraction(98, 100)
KINDS = [
    Candidate("m", agreement, grade, coverage, valid)
    for agreement, grade, coverage, valid in product(
        (Agreement.EXACT, Agreement.WITHIN_NOISE, Agreement.NEAR, Agreement.OFF), "ABCDE", (ALL, FEW), (True, False)
    )
]


def expected(candidates: tuple[Candidate, ...], impossible: bool) -> Verdict:
    """The rules once more, written the other way round: from the weakest statement to the strongest."""
    verdict = Verdict.INFEASIBLE if impossible else Verdict.NOT_REPRODUCED
    good = [e for e in candidates if e.valid and e.agreement is not Agreement.OFF]
    if any(e.coverage < ENOUGH for e in good):
        verdict = Verdict.SELECTIVE
    for grades, name in (("E", Verdict.UNDOCUMENTED), ("CD", Verdict.JUSTIFIED), ("AB", Verdict.REPRODUCED)):
        if any(e.coverage >= ENOUGH and e.grade in grades for e in good):
            verdict = name
    if not any(e.valid for e in candidates):
        verdict = Verdict.NOT_COMPARABLE
    return verdict if candidates else Verdict.NOT_RUN


@pytest.mark.parametrize("impossible", [False, True])
def test_every_pair_of_measurements(impossible: bool) -> None:
    for size in (0, 1, 2):
        for candidates in combinations_with_replacement(KINDS, size):
            named = tuple(
                Candidate(f"m{i}", e.agreement, e.grade, e.coverage, e.valid) for i, e in enumerate(candidates)
            )
            ruling = decide(Situation(named, impossible))
            assert ruling.verdict is expected(named, impossible)
            assert RULES[ruling.rule - 1].verdict is ruling.verdict


def test_the_order_of_measurements_does_not_matter() -> None:
    kinds = [KINDS[i] for i in (0, 9, 21, 38, 47, 61, 79)]
    for chosen in permutations(kinds, 3):
        named = tuple(Candidate(f"m{kinds.index(e)}", e.agreement, e.grade, e.coverage, e.valid) for e in chosen)
        rulings = {decide(Situation(order)) for order in permutations(named)}
        assert len(rulings) == 1


def test_every_verdict_is_reached_and_every_rule_is_used_once() -> None:
    assert [rule.verdict for rule in RULES] == list(Verdict)
    reached = {
        decide(Situation(candidates, impossible)).verdict
        for size in (0, 1)
        for candidates in combinations_with_replacement(KINDS, size)
        for impossible in (False, True)
    }
    assert reached == set(Verdict)


def test_ninety_nine_percent_is_enough_and_less_is_not() -> None:
    just, short = Fraction(9900, 10000), Fraction(9899, 10000)
    assert decide(Situation((Candidate("m", Agreement.EXACT, "A", just),))).verdict is Verdict.REPRODUCED
    assert decide(Situation((Candidate("m", Agreement.EXACT, "A", short),))).verdict is Verdict.SELECTIVE


def test_the_deciding_measurement_is_the_best_one() -> None:
    far = Candidate("far", Agreement.OFF, "A", ALL, distance=Fraction(5))
    close = Candidate("close", Agreement.OFF, "E", ALL, distance=Fraction(1))
    assert decide(Situation((far, close))).deciding == "close"
    near = Candidate("near", Agreement.NEAR, "A", ALL)
    exact = Candidate("exact", Agreement.EXACT, "B", ALL)
    recorded = Candidate("recorded", Agreement.EXACT, "B", ALL, recomputed=False)
    assert decide(Situation((near, recorded, exact))).supporting == ("exact", "recorded", "near")
