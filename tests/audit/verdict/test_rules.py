"""The truth table: every row, every pair of candidates over all fields that the rules look at, and every order."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import permutations, product

import pytest

from audit.facts import Grade
from audit.schema import Agreement, Verdict
from audit.verdict import rules
from audit.verdict.rules import RULES, Candidate, Situation, decide

EXACT, WITHIN, BETTER, WORSE = Agreement.EXACT, Agreement.WITHIN_MARGIN, Agreement.BETTER, Agreement.WORSE
UNDECIDED = Agreement.UNDECIDED
GRADES: tuple[Grade, ...] = ("A", "B", "C", "D", "E")
# What the value itself says, and what holds on the whole set: every pair that a measurement can have.
KINDS = tuple(product((EXACT, WITHIN, BETTER, WORSE), (EXACT, WITHIN, BETTER, WORSE, UNDECIDED)))
FLAGS = tuple(product((False, True), repeat=6))


def candidate(
    name: str = "m", scored: Agreement = EXACT, whole: Agreement | None = None, **fields: object
) -> Candidate:
    return Candidate(name, scored, whole or scored, **fields)  # type: ignore[arg-type]


def every() -> Iterable[Candidate]:
    """Every candidate: agreements, grade of the decisive steps and of all, and every flag."""
    for (scored, whole), grade, overall, flags in product(KINDS, (None, *GRADES), GRADES, FLAGS):
        drops, identified, valid, recomputed, complete, sure = flags
        if grade is not None and grade > overall:
            continue  # the worst of some steps is never worse than the worst of all
        yield Candidate("m", scored, whole, grade, overall, drops, identified, valid, recomputed, complete, sure=sure)


# What the second formulation looks at: the rules must not depend on anything else.
def essence(c: Candidate) -> tuple[object, ...]:
    """What a candidate can contribute, by a formulation of its own."""
    if not c.valid:
        return ("invalid",)
    agrees = {EXACT, WITHIN}
    settled = c.complete or c.whole is not UNDECIDED
    tier = None
    if c.scored in agrees and c.whole in agrees:
        needs = "A" if c.grade is None else c.grade
        tier = 2 if needs == "E" else 1 if needs in "CD" or not (c.identified and c.sure) else 0
    return (
        tier,
        c.drops and c.scored in agrees and settled,
        c.whole is UNDECIDED,
        c.complete,
        None if not (c.identified and settled) or c.overall == "E" else (c.overall in "CD", c.whole is BETTER),
    )


def expected(candidates: Sequence[Candidate], impossible: bool) -> Verdict:
    """The table once more, from what the candidates contribute and in the other direction: the weakest statement first."""
    seen = [essence(c) for c in candidates if c.valid]
    if not seen:
        return Verdict.NOT_COMPARABLE if candidates else Verdict.NOT_RUN
    verdict = Verdict.INFEASIBLE if impossible else Verdict.NOT_REPRODUCED
    ranked = [e[4] for e in seen if e[4] is not None]
    best = [ahead for late, ahead in ranked if late == min(late for late, _ in ranked)]  # type: ignore[misc, attr-defined]
    if best and all(best):
        verdict = Verdict.EXCEEDS
    if any(e[2] for e in seen) and not any(e[3] for e in seen):
        verdict = Verdict.UNDECIDED
    if any(e[1] for e in seen):
        verdict = Verdict.SELECTIVE
    tiers = {e[0] for e in seen} - {None}
    names = (Verdict.REPRODUCED, Verdict.JUSTIFIED, Verdict.UNDOCUMENTED)
    return names[min(tiers)] if tiers else verdict  # type: ignore[type-var, index]


def test_every_single_candidate() -> None:
    for impossible in (False, True):
        for one in every():
            ruling = decide(Situation((one,), impossible))
            assert ruling.verdict is expected((one,), impossible), one
            assert RULES[ruling.rule - 1].verdict is ruling.verdict


def test_every_pair_of_candidates_in_both_orders() -> None:
    """One representative of every contribution: by the single candidates above, others of the same kind are equal to it."""
    kinds: dict[tuple[object, ...], Candidate] = {}
    for one in every():
        kinds.setdefault(essence(one), one)
    assert len(kinds) > 40
    for (one, other), impossible in product(product(kinds.values(), repeat=2), (False, True)):
        pair = (replace(one, measurement="m0"), replace(other, measurement="m1"))
        ruling = decide(Situation(pair, impossible))
        assert ruling.verdict is expected(pair, impossible), pair
        assert decide(Situation(pair[::-1], impossible)) == ruling


def test_random_pairs_over_all_fields() -> None:
    """The representatives hide nothing: pairs of any two candidates, not of representatives alone."""
    rng = random.Random(7)
    pool = list(every())
    for _ in range(60_000):
        pair = tuple(replace(rng.choice(pool), measurement=f"m{n}") for n in range(2))
        impossible = rng.random() < 0.5
        assert decide(Situation(pair, impossible)).verdict is expected(pair, impossible), pair


def test_the_order_of_measurements_does_not_matter() -> None:
    rng = random.Random(3)
    pool = list(every())
    for _ in range(2_000):
        chosen = [
            replace(rng.choice(pool), measurement=f"m{n}", distance=Fraction(rng.randint(0, 3))) for n in range(4)
        ]
        assert len({decide(Situation(order)) for order in permutations(chosen)}) == 1


def test_every_verdict_is_reached_and_every_rule_is_used_once() -> None:
    assert [rule.verdict for rule in RULES] == list(Verdict)
    reached = {decide(Situation((one,), impossible)).verdict for one in every() for impossible in (False, True)}
    assert reached | {decide(Situation(())).verdict} == set(Verdict)


def test_adding_an_invalid_measurement_changes_nothing_but_not_run() -> None:
    invalid = candidate("zz", EXACT, grade="A", overall="A", valid=False)
    for one in every():
        if one.valid:
            assert decide(Situation((one, invalid))) == decide(Situation((one,)))


@pytest.mark.parametrize(
    ("grade", "identified", "standing"),
    [
        (None, True, "A"),
        (None, False, "C"),
        ("A", False, "C"),
        ("B", False, "C"),
        ("C", False, "C"),
        ("D", False, "D"),
        ("E", False, "E"),
        ("B", True, "B"),
        ("E", True, "E"),
    ],
)
def test_rows_that_nobody_can_identify_stand_at_c_at_best(grade: Grade | None, identified: bool, standing: str) -> None:
    one = candidate(grade=grade, identified=identified)
    assert one.standing == standing
    expected = {"A": Verdict.REPRODUCED, "B": Verdict.REPRODUCED, "E": Verdict.UNDOCUMENTED}
    assert decide(Situation((one,))).verdict is expected.get(standing, Verdict.JUSTIFIED)


def test_a_value_that_agrees_without_dropping_alone_is_not_agreement() -> None:
    """The convention's own value must agree, and without dropping it must agree, too."""
    both = candidate("both", EXACT, WITHIN, drops=True, grade="A")
    only_dropped = candidate("dropped", EXACT, WORSE, drops=True, grade="A")
    only_whole = candidate("whole", BETTER, EXACT, drops=True, grade="A")
    assert decide(Situation((both,))).verdict is Verdict.REPRODUCED
    assert decide(Situation((only_dropped,))).verdict is Verdict.SELECTIVE
    assert decide(Situation((only_whole,))).verdict is Verdict.NOT_REPRODUCED


def test_a_part_is_undecided_alone_and_silent_beside_the_whole() -> None:
    part = candidate("part", EXACT, UNDECIDED, complete=False, grade="A", overall="A")
    dropping = replace(part, measurement="dropping", drops=True)
    whole = candidate("whole", WORSE, grade="E")
    assert decide(Situation((part,))).verdict is Verdict.UNDECIDED
    assert decide(Situation((dropping,))).verdict is Verdict.UNDECIDED
    for beside in (part, dropping):
        ruling = decide(Situation((beside, whole)))
        assert ruling.verdict is Verdict.NOT_REPRODUCED
        assert ruling.deciding == "whole"
    # An invalid value on the whole set is none.
    assert decide(Situation((part, replace(whole, valid=False)))).verdict is Verdict.UNDECIDED


def test_a_part_neither_keeps_nor_overturns_exceeds() -> None:
    better = candidate("whole", BETTER, grade="C", overall="C")
    part = candidate("part", WORSE, UNDECIDED, complete=False, overall="A")
    assert decide(Situation((better, part))).verdict is Verdict.EXCEEDS
    settled = candidate("part", WORSE, WORSE, complete=False, overall="A")
    assert decide(Situation((better, settled))).verdict is Verdict.NOT_REPRODUCED


def test_a_convention_does_not_vanish_from_exceeds_because_its_outputs_do() -> None:
    """Outputs removed where a convention is worse leave it undecided, while the others still settle by their bounds."""
    whole = candidate("whole", BETTER, grade="E", overall="E")
    settled = candidate("settled", BETTER, BETTER, complete=False, overall="B", convention="a")
    for grade in "ABCD":
        left_open = candidate("open", WORSE, UNDECIDED, complete=False, overall=grade, convention="b")  # type: ignore[arg-type]
        for candidates in permutations((whole, settled, left_open)):
            found = decide(Situation(candidates)).verdict
            assert found is (Verdict.NOT_REPRODUCED if grade in "AB" else Verdict.EXCEEDS)
        # Where the whole set gave a value under that convention, the part says nothing about it.
        complete = candidate("complete", BETTER, overall=grade, convention="b")  # type: ignore[arg-type]
        assert decide(Situation((whole, settled, left_open, complete))).verdict is Verdict.EXCEEDS
    assert decide(Situation((whole, settled))).verdict is Verdict.EXCEEDS
    only_open = candidate("open", WORSE, UNDECIDED, complete=False, overall="B", convention="b")
    better_d = candidate("d", BETTER, BETTER, complete=False, overall="D", convention="d")
    assert decide(Situation((whole, only_open, better_d))).verdict is Verdict.NOT_REPRODUCED


def test_a_part_without_evidence_settles_nothing_for_exceeds() -> None:
    better = candidate("whole", BETTER, grade="C", overall="C", convention="a")
    left_open = candidate("open", WORSE, UNDECIDED, complete=False, overall="C", convention="b")
    without = candidate("part", BETTER, complete=False, overall="E", convention="c")
    assert decide(Situation((better, left_open, without))).verdict is Verdict.EXCEEDS
    documented = replace(without, overall="D")
    assert decide(Situation((better, left_open, documented))).verdict is Verdict.NOT_REPRODUCED


def test_a_table_without_a_last_rule_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "RULES", RULES[:1])
    with pytest.raises(AssertionError, match=r"\Athe last rule always applies\Z"):
        decide(Situation((candidate(),)))


def test_exceeds_needs_every_convention_of_the_best_grade_at_hand() -> None:
    better = [candidate(f"b{g}", BETTER, grade=g, overall=g) for g in GRADES]
    worse = [candidate(f"w{g}", WORSE, grade=g, overall=g) for g in GRADES]
    for n, grade in enumerate(GRADES):
        assert decide(Situation((better[n],))).verdict is (Verdict.NOT_REPRODUCED if grade == "E" else Verdict.EXCEEDS)
    assert decide(Situation((better[0], worse[1]))).verdict is Verdict.NOT_REPRODUCED
    assert decide(Situation((worse[0], better[2]))).verdict is Verdict.NOT_REPRODUCED
    assert decide(Situation((better[0], worse[2], worse[4]))).verdict is Verdict.EXCEEDS
    assert decide(Situation((better[2], better[3], worse[4]))).verdict is Verdict.EXCEEDS
    assert decide(Situation((better[2], worse[3]))).verdict is Verdict.NOT_REPRODUCED
    assert decide(Situation((replace(better[0], identified=False),))).verdict is Verdict.NOT_REPRODUCED
    assert decide(Situation((better[4], candidate("e", EXACT, grade="E")))).verdict is Verdict.UNDOCUMENTED


def test_nothing_comparable_leads_no_row() -> None:
    other = candidate("13b", EXACT, grade="A", valid=False)
    ruling = decide(Situation((other,)))
    assert (ruling.verdict, ruling.deciding, ruling.supporting) == (Verdict.NOT_COMPARABLE, None, ())
    far = candidate("7b", WORSE, distance=Fraction(9))
    assert decide(Situation((other, far))).deciding == "7b"


def test_the_deciding_measurement_is_the_best_one() -> None:
    far = candidate("far", WORSE, overall="A", distance=Fraction(5))
    close = candidate("close", WORSE, distance=Fraction(1))
    part = candidate("part", WORSE, UNDECIDED, complete=False, distance=Fraction(0))
    assert decide(Situation((far, close, part))).supporting == ("close", "far", "part")
    within = candidate("within", WITHIN, grade="A")
    exact = candidate("exact", EXACT, grade="B")
    recorded = replace(exact, measurement="recorded", recomputed=False)
    partly = replace(exact, measurement="partly", complete=False)
    assert decide(Situation((within, recorded, partly, exact))).supporting == ("exact", "recorded", "partly", "within")
    documented = replace(exact, measurement="zz", grade="A")
    assert decide(Situation((exact, documented))).deciding == "zz"


def test_a_sample_reproduces_only_by_exact_bounds_of_a_registered_plan() -> None:
    sampled = candidate(grade="A", overall="A", complete=False)
    assert decide(Situation((sampled,))).verdict is Verdict.REPRODUCED
    assert decide(Situation((replace(sampled, sure=False),))).verdict is Verdict.JUSTIFIED
    refuted = candidate(scored=WORSE, whole=WORSE, grade="A", overall="A", complete=False, sure=False)
    assert decide(Situation((refuted,))).verdict is Verdict.NOT_REPRODUCED
