"""Agreement between raters: Cohen's and Fleiss' kappa, Krippendorff's alpha.

A table of ratings is a list of units; a unit is a list of grades, one per rater, None if a rater gave no grade.
Grades and results are exact fractions; nothing is rounded before display.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Literal

Grade = Fraction
Unit = Sequence[Grade | None]
Level = Literal["nominal", "ordinal", "interval"]


def raw(units: Sequence[Unit]) -> Fraction | None:
    """The share of agreeing pairs among all pairs of grades of a unit; None if there are no pairs."""
    agree = pairs = 0
    for unit in units:
        counts = Counter(grade for grade in unit if grade is not None)
        size = sum(counts.values())
        agree += sum(number * (number - 1) for number in counts.values())
        pairs += size * (size - 1)
    return Fraction(agree, pairs) if pairs else None


def cohen(first: Sequence[Grade | None], second: Sequence[Grade | None]) -> Fraction | None:
    """Cohen's kappa (1960) of two raters, over the units that both graded.

    None if undefined: no common unit, or both gave the same grade to every unit, so that the expected agreement is 1.
    """
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    if not pairs:
        return None
    size = len(pairs)
    left, right = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    observed = Fraction(sum(a == b for a, b in pairs), size)
    chance = Fraction(sum(left[grade] * right[grade] for grade in left), size * size)
    return None if chance == 1 else (observed - chance) / (1 - chance)


def fleiss(units: Sequence[Unit]) -> Fraction | None:
    """Fleiss' kappa (1971), over the units that every rater graded.

    None if undefined: fewer than two raters, no such unit, or the same grade for every unit.
    """
    whole = [[grade for grade in unit if grade is not None] for unit in units]
    raters = max((len(unit) for unit in units), default=0)
    whole = [unit for unit in whole if len(unit) == raters]
    if raters < 2 or not whole:
        return None
    totals: Counter[Grade] = Counter()
    agree = 0
    for unit in whole:
        counts = Counter(unit)
        totals.update(counts)
        agree += sum(number * (number - 1) for number in counts.values())
    observed = Fraction(agree, len(whole) * raters * (raters - 1))
    grades = len(whole) * raters
    chance = sum((Fraction(number, grades) ** 2 for number in totals.values()), Fraction(0))
    return None if chance == 1 else (observed - chance) / (1 - chance)


def krippendorff(units: Sequence[Unit], level: Level = "nominal") -> Fraction | None:
    """Krippendorff's alpha (Computing Krippendorff's Alpha-Reliability, 2011); grades may be missing.

    None if undefined: no unit with two grades, or no variation.
    """
    pairable = [[g for g in unit if g is not None] for unit in units]
    pairable = [unit for unit in pairable if len(unit) > 1]
    totals: Counter[Grade] = Counter()
    for unit in pairable:
        totals.update(unit)
    size = sum(totals.values())
    if not size:
        return None
    distance = _distance(level, totals)
    observed = Fraction(0)
    for unit in pairable:
        counts = Counter(unit)
        within = sum((distance(a, b) * counts[a] * counts[b] for a in counts for b in counts), Fraction(0))
        observed += within / (len(unit) - 1)
    expected = sum((distance(a, b) * totals[a] * totals[b] for a in totals for b in totals), Fraction(0)) / (size - 1)
    return None if expected == 0 else 1 - observed / expected


def _distance(level: Level, totals: Counter[Grade]) -> Callable[[Grade, Grade], Fraction]:
    if level == "nominal":
        return lambda a, b: Fraction(int(a != b))
    if level == "interval":
        return lambda a, b: (a - b) ** 2
    # Ordinal: the number of grades given between the two, with the end points counted half.
    below: dict[Grade, Fraction] = {}
    seen = 0
    for grade in sorted(totals):
        below[grade] = Fraction(seen) + Fraction(totals[grade], 2)
        seen += totals[grade]
    return lambda a, b: (below[a] - below[b]) ** 2
