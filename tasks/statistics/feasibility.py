"""Which printed numbers can occur at all: shares of n items and error rates over n words are whole numbers over n.

The idea is the GRIM test (Brown and Heathers 2017; the R package scrutiny): a share of 1,241 items has 1,242 possible
values, and most strings with two decimals are none of them. It is made so that it never accuses wrongly. A string is
called impossible only if every possible value lies more than one whole unit of its last place away. No rounding rule
moves a value that far: not half up, half down, half to even, half away from or towards zero, truncation, rounding up (an
error rate printed as 100 minus a truncated accuracy), nor any of them on a binary float that lies beside the exact value.
Zeros at a string's end may be padding (`round(0.93, 2) * 100` prints `93.0`), so the same number with fewer places is
tried too, and is enough to be possible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from tasks.errors import ScoringError
from tasks.statistics.printed import Printed, Unit, parse

Kind = Literal["share", "error-rate"]
Integers = TypeVar("Integers", int, NDArray[np.int64])

SCHEMA = "repro-audit/infeasible/1"
# Numbers of strings times sizes that are counted to state the test's power.
_POWER_LIMIT = 20_000_000
# A claim over a wider range of sizes than this is not tested.
MAX_SIZES = 10_000
# The rounding rules by which a possible string is explained, the usual one first. All are monotone.
RULES = ("half-even", "half-up", "half-down", "truncated", "rounded-up", "beside", "padded")


def smallest_near(units: Integers, n: int, steps: int) -> Integers:
    """The smallest whole number k >= 0 whose value k/n lies at or above one unit below the string; vectorised."""
    k = -(-(units - 1) * n // steps)
    return k * (k > 0)


def reachable(units: Integers, n: int, steps: int, kind: Kind) -> Any:
    """Whether some k/n lies within one unit of the last place, ends included: bool, or an array of them."""
    k = smallest_near(units, n, steps)
    near = k * steps <= (units + 1) * n
    return near if kind == "error-rate" else near & (k <= n)


@dataclass(frozen=True, slots=True)
class Witness:
    """Counts that print a string: `k` of `n`, by `rule`."""

    k: int
    n: int
    rule: str

    def as_json(self) -> dict[str, Any]:
        """For audit.json."""
        return {"k": self.k, "n": self.n, "rule": self.rule}


@dataclass(frozen=True, slots=True)
class Gap:
    """The neighbours of an impossible string at one size: nothing lies between `below` of `n` and `above` of `n`.

    `above` is None for a share beyond all n of n.
    """

    n: int
    below: int
    above: int | None


@dataclass(frozen=True, slots=True)
class Certificate:
    """Why no whole number over any of the sizes prints `value`: for every size, two neighbouring counts around it.

    Since each rounding rule is monotone, nothing between two neighbouring counts remains; `check` needs no more.
    """

    value: str
    unit: Unit
    kind: Kind
    gaps: tuple[Gap, ...]

    def as_json(self) -> dict[str, Any]:
        """Integers and strings alone, for audit.json."""
        return {
            "schema": SCHEMA,
            "value": self.value,
            "unit": self.unit,
            "kind": self.kind,
            "gaps": [{"n": g.n, "below": g.below, "above": g.above} for g in self.gaps],
        }


@dataclass(frozen=True, slots=True)
class Power:
    """How many of the strings of the same form (0 to the whole) the test would call impossible: none means no power."""

    strings: int
    impossible: int


@dataclass(frozen=True, slots=True)
class Feasibility:
    """The test's answer.

    Attributes:
        possible: Some whole number over some size can print the string.
        witness: Counts that do, by the most usual rounding rule that does; None if impossible.
        certificate: The proof that none does; None if possible.
        power: Of the test for strings of this form; None where it is not counted, or the value exceeds the whole.
    """

    possible: bool
    witness: Witness | None
    certificate: Certificate | None
    power: Power | None


def feasibility(
    value: str, *, unit: Unit, kind: Kind, n: int | tuple[int, int], power: bool = True
) -> Feasibility | None:
    """Whether `value` can be k/n for a whole number k, printed by any rounding rule.

    Args:
        value: As printed; trailing zeros count.
        unit: `percent` (33.1 is 0.331) or `fraction`.
        kind: `share` (0 <= k <= n) or `error-rate` (k >= 0; errors may exceed the reference words).
        n: Items or reference words; a pair (low, high), both included, where the size is known only so far.
        power: Count the test's power too.

    Returns:
        None if the range of sizes is too wide to be tested.

    Raises:
        ScoringError: The value is no plain decimal number, or a size is not positive.
    """
    low, high = (n, n) if isinstance(n, int) else n
    if low <= 0 or high < low:
        raise ScoringError(f"no set has {low} to {high} items")
    if kind not in {"share", "error-rate"}:
        raise ScoringError(f"{kind!r} is not tested: share or error-rate")
    if high - low >= MAX_SIZES:
        return None
    printed = parse(value, unit)
    sizes = range(low, high + 1)
    # The strings that are counted go up to the whole; what they can do says nothing about a value beyond it.
    strength = _power(printed, sizes, kind) if power and printed.units <= printed.steps else None
    witness = _witness(printed, sizes, kind)
    if witness:
        return Feasibility(True, witness, None, strength)
    gaps = []
    for size in sizes:
        above = (printed.units * size) // printed.steps + 1
        if kind == "share" and above > size:
            gaps.append(Gap(size, size, None))
        else:
            gaps.append(Gap(size, above - 1, above))
    return Feasibility(False, None, Certificate(value, unit, kind, tuple(gaps)), strength)


def rule_of(k: int, n: int, units: int, steps: int) -> str | None:
    """The most usual rule by which k/n prints `units` of `steps`, or None if none does."""
    whole, rest = divmod(k * steps, n)
    half = 2 * rest - n  # negative: below the middle of two strings; zero: in it
    if units == (whole if half < 0 or (half == 0 and whole % 2 == 0) else whole + 1):
        return "half-even"
    if half == 0:
        return "half-up" if units == whole + 1 else "half-down" if units == whole else None
    if units == whole:
        return "truncated"
    return "rounded-up" if rest and units == whole + 1 else _beside(whole, rest, units)


def _beside(whole: int, rest: int, units: int) -> str | None:
    # An exact value one unit away: a truncated (or rounded-up) binary float that lies just beside it.
    return "beside" if rest == 0 and abs(units - whole) == 1 else None


def _witness(printed: Printed, sizes: range, kind: Kind) -> Witness | None:
    best: Witness | None = None
    for number, (units, steps) in enumerate(printed.readings):
        for n in sizes:
            if not reachable(units, n, steps, kind):
                continue
            # The closest count: if any is within one unit it is this one, and its rule is the most usual.
            nearest = (2 * units * n + steps) // (2 * steps)
            k = min(nearest, n) if kind == "share" else nearest
            rule = rule_of(k, n, units, steps)
            assert rule is not None
            rule = "padded" if number else rule
            if best is None or RULES.index(rule) < RULES.index(best.rule):
                best = Witness(k, n, rule)
            if best.rule == "half-even":
                return best
    return best


def _power(printed: Printed, sizes: range, kind: Kind) -> Power | None:
    steps = printed.steps
    strings = steps + 1
    if any(2 * n >= steps for n in (sizes.start, sizes.stop - 1)):
        return Power(strings, 0)  # possible values are at most two units apart: one is near every string
    if strings * len(sizes) > _POWER_LIMIT:
        return None
    near = np.zeros(strings, dtype=bool)
    for n in sizes:
        place = 1
        while steps % place == 0:  # steps are a power of ten: up to the whole itself
            near[::place] |= reachable(np.arange(steps // place + 1), n, steps // place, kind)
            place *= 10
    return Power(strings, int(strings - near.sum()))


def _strings(k: int, n: int, steps: int) -> tuple[int, int]:
    """The lowest and the highest number of units that any rule prints for k/n; written apart from `reachable`."""
    whole, rest = divmod(k * steps, n)
    return whole if rest else whole - 1, whole + 1


def check(certificate: dict[str, Any]) -> None:
    """Re-check a certificate from its JSON, trusting nothing in it but the claim it states.

    Raises:
        ScoringError: It proves nothing, with the reason.
    """
    if certificate.get("schema") != SCHEMA:
        raise ScoringError(f"certificate of an unknown schema: {certificate.get('schema')!r}")
    try:
        kind = str(certificate["kind"])
        printed = parse(certificate["value"], certificate["unit"])
        gaps = [(gap["n"], gap["below"], gap["above"]) for gap in certificate["gaps"]]
    except (KeyError, TypeError) as error:
        raise ScoringError(f"certificate without its fields ({error})") from error
    if kind not in {"share", "error-rate"} or not gaps:
        raise ScoringError("certificate without a known kind, or without sizes")
    previous = None
    for n, below, above in gaps:
        if type(n) is not int or type(below) is not int or n <= 0 or not (above is None or type(above) is int):
            raise ScoringError("certificate with a size or a count that is no whole number")
        if previous is not None and n != previous + 1:
            raise ScoringError(f"certificate leaves out sizes between {previous} and {n}")
        previous = n
        if above is None:
            if kind != "share" or below != n:
                raise ScoringError(f"at size {n} nothing is said about counts above {below}")
        elif above != below + 1 or (kind == "share" and above > n) or below < 0:
            raise ScoringError(f"at size {n}, {below} and {above} are no neighbouring counts")
        for units, steps in printed.readings:
            if _strings(below, n, steps)[1] >= units:
                raise ScoringError(f"{below} of {n} may be printed as {printed.text}")
            if above is not None and _strings(above, n, steps)[0] <= units:
                raise ScoringError(f"{above} of {n} may be printed as {printed.text}")
