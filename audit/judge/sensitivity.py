"""Sensitivity of a judged score to the judge: model, seed, prompt, order and length of texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
import numpy.typing as npt

from audit.errors import InputError
from audit.judge import rater_agreement
from audit.judge.scoring import Rating
from tasks.errors import ScoringError
from tasks.judging.conventions import JudgedConvention
from tasks.judging.verdict import JudgedCounts
from tasks.phrase import phrase
from tasks.statistics.printed import rounding_interval

Units = Mapping[str, JudgedCounts]
Ints = npt.NDArray[np.int64]
# Bootstrap weights are drawn in blocks: all at once would take replicates x units x 8 bytes.
_BLOCK = 4_000_000


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference between two ratings of the same units: the second's share of points minus the first's.

    Attributes:
        value: The difference.
        low: The lower end of the 95 % interval.
        high: The upper end.
        units: The number of units rated by both.
    """

    value: float
    low: float
    high: float
    units: int


def paired(first: Units, second: Units, *, replicates: int = 1000, seed: int = 0) -> Difference | None:
    """The difference with a paired percentile bootstrap interval: both ratings are resampled on the same units.

    None if no unit is counted by both.
    """
    names = sorted(name for name in first.keys() & second.keys() if first[name].kept and second[name].kept)
    if not names:
        return None
    columns = np.array(
        [(first[n].points, first[n].possible, second[n].points, second[n].possible) for n in names],
        dtype=np.int64,
    )
    value = _gap(columns.sum(axis=0)[None, :])[0]
    rng = np.random.default_rng(seed)
    size = len(names)
    block = max(1, _BLOCK // size)
    gaps = []
    for start in range(0, replicates, block):
        count = min(block, replicates - start)
        weights = rng.multinomial(size, np.full(size, 1 / size), size=count)
        gaps.append(_gap(weights @ columns))
    low, high = np.percentile(np.concatenate(gaps), [2.5, 97.5], method="inverted_cdf")
    return Difference(float(value), float(low), float(high), size)


def _gap(sums: Ints) -> npt.NDArray[np.float64]:
    result: npt.NDArray[np.float64] = sums[:, 2] / sums[:, 3] - sums[:, 0] / sums[:, 1]
    return result


def share(units: Units) -> Fraction | None:
    """The share of possible points over the counted units; None if there are none."""
    possible = sum(unit.possible for unit in units.values())
    return Fraction(sum(unit.points for unit in units.values()), possible) if possible else None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement between several ratings of the same rows.

    Attributes:
        units: The number of rows graded by at least two of them.
        raw: The share of agreeing pairs of grades.
        fleiss: Fleiss' kappa over the rows graded by all.
        alpha: Krippendorff's alpha: nominal for two grades, ordinal for more.
        cohen: Cohen's kappa of each pair.
    """

    units: int
    raw: Fraction | None
    fleiss: Fraction | None
    alpha: Fraction | None
    cohen: dict[tuple[str, str], Fraction | None]


def agree(convention: JudgedConvention, ratings: Mapping[Rating, Units]) -> Agreement:
    """Agreement over grades, that is, the points of units to which the failure rule was not applied."""
    names = sorted({name for units in ratings.values() for name in units})
    table: dict[Rating, list[Fraction | None]] = {
        rating: [_grade(units.get(name)) for name in names] for rating, units in ratings.items()
    }
    rows = [list(unit) for unit in zip(*table.values(), strict=True)]
    level: rater_agreement.Level = "nominal" if convention.scale.highest - convention.scale.lowest == 1 else "ordinal"
    found = list(table)
    return Agreement(
        units=sum(1 for unit in rows if sum(grade is not None for grade in unit) > 1),
        raw=rater_agreement.raw(rows),
        fleiss=rater_agreement.fleiss(rows),
        alpha=rater_agreement.krippendorff(rows, level),
        cohen={
            (a.name, b.name): rater_agreement.cohen(table[a], table[b])
            for index, a in enumerate(found)
            for b in found[index + 1 :]
        },
    )


def _grade(counts: JudgedCounts | None) -> Fraction | None:
    if counts is None or not counts.kept or counts.failed:
        return None
    return Fraction(counts.points, counts.possible)


@dataclass(frozen=True, slots=True)
class Probe:
    """The effect on a judge's grades of a change that should not matter.

    Attributes:
        units: The number of rows graded both ways.
        raised: The number of rows with more points after the change.
        lowered: The number of rows with fewer points.
        difference: The difference in the share of points, with its interval.
    """

    units: int
    raised: int
    lowered: int
    difference: Difference | None


def probe(base: Units, changed: Units, *, replicates: int = 1000, seed: int = 0) -> Probe:
    """Compare a judge with itself under swapped order (position bias) or padded outputs (verbosity bias)."""
    both = [
        (base[name], changed[name]) for name in base.keys() & changed.keys() if base[name].kept and changed[name].kept
    ]
    return Probe(
        units=len(both),
        raised=sum(b.points > a.points for a, b in both),
        lowered=sum(b.points < a.points for a, b in both),
        difference=paired(base, changed, replicates=replicates, seed=seed),
    )


def length_preference(units: Units, lengths: Mapping[str, int]) -> Fraction | None:
    """The probability that the better of two outputs with different grades is the longer one; ties count half.

    One half means that grade and length are unrelated. A larger value does not prove a bias, because longer answers may be
    better; the padded probe separates the two.
    """
    by_grade: dict[Fraction, list[int]] = {}
    for name, counts in units.items():
        grade = _grade(counts)
        if grade is not None and name in lengths:
            by_grade.setdefault(grade, []).append(lengths[name])
    grades = sorted(by_grade)
    sizes: dict[Fraction, Ints] = {g: np.sort(np.array(by_grade[g], dtype=np.int64)) for g in grades}
    twice = pairs = 0
    for index, low in enumerate(grades):
        for high in grades[index + 1 :]:
            shorter = np.searchsorted(sizes[low], sizes[high], side="left").sum()
            not_longer = np.searchsorted(sizes[low], sizes[high], side="right").sum()
            twice += int(shorter) + int(not_longer)
            pairs += len(sizes[low]) * len(sizes[high])
    return Fraction(twice, 2 * pairs) if pairs else None


@dataclass(frozen=True, slots=True)
class Comparability:
    """Whether a judged claim is comparable with our judgements.

    Attributes:
        state: `same-judge`; `covered-by-judges` (different judges, but the range of their scores covers the claim);
            `not-comparable`.
        sentence: The reason, for the report.
        lowest: The lowest share over judges, as a decimal; empty if there is none.
        highest: The highest share.
        judges: The names of the judges.
    """

    state: Literal["same-judge", "covered-by-judges", "not-comparable"]
    sentence: str
    lowest: str
    highest: str
    judges: tuple[str, ...]


def comparability(
    claim: str,
    paper_judge: str,
    shares: Mapping[str, Fraction],
    models: Mapping[str, str],
    *,
    factor: int = 1,
) -> Comparability:
    """Compare a reported value with the shares under several judges.

    Args:
        claim: The reported value as printed; its rounding interval extends half a unit of the last digit to both
            sides.
        paper_judge: The paper's judge; a model whose name begins with it is the same judge.
        shares: Judge's name -> share of points.
        models: Judge's name -> model as reported by its server.
        factor: Converts a share to the claim's unit: 1 for fractions, 100 for percent.

    Raises:
        InputError: The claim is not a decimal number.
    """
    try:
        printed = rounding_interval(claim.strip())
    except ScoringError as error:
        raise InputError(
            f"the reported value {claim!r} is not a decimal number", fix="Give it as printed: 0.41."
        ) from error
    low, high = Fraction(printed.low), Fraction(printed.high)
    values = sorted(value * factor for value in shares.values())
    names = tuple(sorted(shares))
    if not values:
        return Comparability("not-comparable", phrase("There are no judgements for this claim."), "", "", ())
    digits = max(4, len(claim.partition(".")[2]) + 2)
    lowest, highest = (f"{float(value):.{digits}f}" for value in (values[0], values[-1]))
    same = [name for name in names if paper_judge and models.get(name, "").lower().startswith(paper_judge.lower())]
    if same:
        return Comparability(
            "same-judge",
            phrase("Judged by {judges}, the reported judge.", judges=", ".join(same)),
            lowest,
            highest,
            names,
        )
    # Several seeds of one model are not several judges.
    distinct = sorted({models.get(name) or name for name in names})
    listed = ", ".join(distinct)
    told = {
        "reported": paper_judge or phrase("an unknown judge"),
        "judges": (
            phrase("1 other judge ({names})", names=listed)
            if len(distinct) == 1
            else phrase("{n} other judges ({names})", n=len(distinct), names=listed)
        ),
        "low": lowest,
        "high": highest,
        "claim": claim,
    }
    if len(distinct) > 1 and values[0] <= high and values[-1] >= low:
        return Comparability(
            "covered-by-judges",
            phrase(
                "Reported with {reported}; judged here by {judges}, whose scores range from {low} to {high}. The "
                "range covers the reported {claim}: the choice of judge alone can account for the difference.",
                **told,
            ),
            lowest,
            highest,
            names,
        )
    beside = (
        phrase(
            "Reported with {reported}; judged here by {judges}, whose scores range from {low} to {high}, which does "
            "not cover the reported {claim}. A score by a different judge is a different measurement.",
            **told,
        )
        if len(distinct) > 1
        else phrase(
            "Reported with {reported}; judged here by {judges}, whose scores are {low} to {high}, against the "
            "reported {claim}. A score by a different judge is a different measurement.",
            **told,
        )
    )
    return Comparability(
        "not-comparable",
        beside,
        lowest,
        highest,
        names,
    )
