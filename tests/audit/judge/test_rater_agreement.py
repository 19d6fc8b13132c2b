from __future__ import annotations

from fractions import Fraction
from itertools import starmap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.judge import rater_agreement

Table = list[list[Fraction | None]]


def table(rows: list[list[int | None]]) -> Table:
    return [[None if grade is None else Fraction(grade) for grade in row] for row in rows]


# Fleiss (1971), table 1, as it is commonly worked through: 10 subjects, 14 raters, 5 categories.
FLEISS = [
    (0, 0, 0, 0, 14),
    (0, 2, 6, 4, 2),
    (0, 0, 3, 5, 6),
    (0, 3, 9, 2, 0),
    (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0),
    (3, 2, 6, 3, 0),
    (2, 5, 3, 2, 2),
    (6, 5, 2, 1, 0),
    (0, 2, 2, 3, 7),
]
# Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", section C: four observers, twelve units.
_ = None
KRIPPENDORFF = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
]


def test_cohen_worked_by_hand() -> None:
    # 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no: observed 0.7, by chance 0.5 x 0.6 + 0.5 x 0.4 = 0.5,
    # kappa 0.4.
    pairs = [(1, 1)] * 20 + [(1, 0)] * 5 + [(0, 1)] * 10 + [(0, 0)] * 15
    first, second = ([Fraction(pair[side]) for pair in pairs] for side in (0, 1))
    assert rater_agreement.cohen(first, second) == Fraction(2, 5)


def test_fleiss_published_example() -> None:
    units = table([[grade for grade, number in enumerate(row) for _ in range(number)] for row in FLEISS])
    kappa = rater_agreement.fleiss(units)
    observed = rater_agreement.raw(units)
    assert kappa is not None
    assert observed is not None
    assert f"{float(observed):.3f}" == "0.378"
    assert f"{float(kappa):.3f}" == "0.210"


@pytest.mark.parametrize(("level", "alpha"), [("nominal", "0.743"), ("ordinal", "0.815"), ("interval", "0.849")])
def test_krippendorff_published_example(level: rater_agreement.Level, alpha: str) -> None:
    units = table([list(unit) for unit in zip(*KRIPPENDORFF, strict=True)])
    value = rater_agreement.krippendorff(units, level)
    assert value is not None
    assert f"{float(value):.3f}" == alpha


def test_krippendorff_binary_published_example() -> None:
    # The same paper, section A: ten units, two observers, four disagreements; alpha 0.095.
    units = table([list(p) for p in zip([0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0], strict=True)])
    value = rater_agreement.krippendorff(units)
    assert value is not None
    assert f"{float(value):.3f}" == "0.095"


def test_where_nothing_can_be_said() -> None:
    same = table([[1, 1], [1, 1]])
    assert rater_agreement.cohen([Fraction(1)], [Fraction(1)]) is None
    assert rater_agreement.cohen([None], [Fraction(1)]) is None
    assert rater_agreement.fleiss(same) is None
    assert rater_agreement.fleiss(table([[1], [0]])) is None
    assert rater_agreement.fleiss([]) is None
    assert rater_agreement.krippendorff(same) is None
    assert rater_agreement.krippendorff(table([[1, None], [None, 0]])) is None
    assert rater_agreement.krippendorff([]) is None
    assert rater_agreement.raw([]) is None
    assert rater_agreement.raw(same) == 1


grades = st.integers(0, 3).map(Fraction)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(grades, grades), min_size=2, max_size=40))
def test_two_raters_against_scikit_learn(pairs: list[tuple[Fraction, Fraction]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the oracle here")
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    ours = rater_agreement.cohen(first, second)
    if len({*first, *second}) == 1:
        assert ours is None
    else:
        assert ours is not None
        assert float(ours) == pytest.approx(
            metrics.cohen_kappa_score([int(a) for a in first], [int(b) for b in second])
        )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(grades, min_size=3, max_size=3), min_size=2, max_size=30))
def test_three_raters_against_statsmodels(units: list[list[Fraction]]) -> None:
    oracle = pytest.importorskip("statsmodels.stats.inter_rater", reason="statsmodels is the oracle here")
    ours = rater_agreement.fleiss(units)
    counts = [[unit.count(Fraction(grade)) for grade in range(4)] for unit in units]
    if len({grade for unit in units for grade in unit}) == 1:
        assert ours is None
    else:
        assert ours is not None
        assert float(ours) == pytest.approx(oracle.fleiss_kappa(counts))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.one_of(st.none(), grades), min_size=4, max_size=4), min_size=2, max_size=20),
    st.sampled_from(["nominal", "ordinal", "interval"]),
)
def test_missing_grades_against_krippendorff(units: Table, level: rater_agreement.Level) -> None:
    oracle = pytest.importorskip("krippendorff", reason="the package krippendorff is the oracle here")
    ours = rater_agreement.krippendorff(units, level)
    graded = [[grade for grade in unit if grade is not None] for unit in units]
    if len({grade for unit in graded for grade in unit if len(unit) > 1}) < 2:
        assert ours is None
    else:
        assert ours is not None
        data = [
            [float("nan") if grade is None else float(grade) for grade in rater] for rater in zip(*units, strict=True)
        ]
        assert float(ours) == pytest.approx(oracle.alpha(reliability_data=data, level_of_measurement=level))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(grades, grades), min_size=1, max_size=20))
def test_order_of_raters_does_not_matter(pairs: list[tuple[Fraction, Fraction]]) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    assert rater_agreement.cohen(first, second) == rater_agreement.cohen(second, first)
    both = [[a, b] for a, b in pairs]
    turned = list(starmap(lambda a, b: [b, a], pairs))
    assert rater_agreement.krippendorff(both, "ordinal") == rater_agreement.krippendorff(turned, "ordinal")
    assert rater_agreement.fleiss(both) == rater_agreement.fleiss(turned)
