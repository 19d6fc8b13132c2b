"""A sampling plan as a file: strict JSON, canonical, without floats. Imports no numpy, so that verification needs none.

The plan lies beside the predictions that follow it: `TASK.plan.json` beside `TASK.jsonl`, `TASK@RUN.plan.json` beside
`TASK@RUN.jsonl`, and `TASK.judgements.plan.json` where the judgements of outputs are sampled instead of the outputs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from audit._util import canonical_json, typed_json
from audit._util.strict_json import InvalidJsonError
from audit.analysis.sampling.order import digest, steps
from audit.errors import InputError
from audit.facts import Direction, Unit

SCHEMA = "repro-audit/plan/1"
DRAW_SCHEMA = "repro-audit/draw/1"
SUFFIX = ".plan.json"
DRAW_SUFFIX = ".plan.draw.json"
STATEMENT_SUFFIX = ".plan.sigstore.json"
KEY_SUFFIX = ".plan.pub.pem"
# A larger risk of a plan is refused.
MOST_RISK = Fraction(1, 5)
_HEX = re.compile(r"[0-9a-f]{64}\Z")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
_DECIMAL = re.compile(r"-?[0-9]{1,60}(\.[0-9]{1,60})?\Z", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:]{5,8}Z)?\Z")
FIX = "Make the plan again with `repro-audit plan`."

Kind: TypeAlias = Literal["share", "mean", "errors", "row-errors", "sums"]
Sampled: TypeAlias = Literal["outputs", "judgements"]


@dataclass(frozen=True, slots=True)
class Seed:
    """Where the random order comes from.

    Attributes:
        origin: `given` by the maker, `drawn` by the program, or `public`: derived from a value published after the plan.
        value: The seed; None for a public one, which a draw beside the plan gives.
        source: Which public value it will be, in words.
        after: A public value must be published on or after this date.
    """

    origin: Literal["given", "drawn", "public"]
    value: str | None = None
    source: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedConvention:
    """A convention that counts for a claim.

    Attributes:
        hash: The convention's hash: after any change it is a different convention.
        kind: How its value is bounded: `share` and `mean` (rows between 0 and 1), `errors` (pooled), `row-errors` (mean of
            the rows' rates), `sums` (approximate).
        risk: Its part of the plan's risk, a fraction such as `1/60`.
        largest: No unit has more reference tokens (points, for shares).
        total: Reference tokens (points) of the set; None if unknown.
        cap: No output has more scored tokens; None for shares and means, and where no bound is known.
    """

    id: str
    hash: str
    kind: Kind
    risk: str
    largest: int = 1
    total: int | None = None
    cap: int | None = None


@dataclass(frozen=True, slots=True)
class PlannedClaim:
    """What a claim says, and what counts for it."""

    metric: str
    value: str
    unit: Unit
    direction: Direction
    margin: str
    conventions: tuple[PlannedConvention, ...]
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """Units that were needed in simulated audits of one claim.

    Attributes:
        claim: The claim's place in the plan, from 0.
        off_by: How many margins beyond the margin the true value lies, on the worse side; 0: the claim is true.
        median: Of the simulated audits. most: The 90th percentile. Both are the whole set where only it settles the claim.
    """

    claim: int
    off_by: int
    median: int
    most: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A sampling plan.

    Attributes:
        task: The task's id. run: The run whose outputs follow it. study: The study of the claims, if one was named.
        sampled: Outputs, or judgements of outputs that are all at hand.
        card: The set's card, if the task has one.
        units: The ids of all units of the set, sorted.
        lengths: By unit, what strata are cut by; None without strata.
        strata: Number of strata of equal size; 1 for none.
        seed: Where the order comes from.
        order: The SHA-256 of the order (ids joined by newlines); None until a public seed is drawn.
        risk: The chance that any bound of the plan ever misses its value, as a decimal string.
        claims: What is settled.
        stopping: When sampling stops: once every claim is settled, or at the end of the set.
        expected: From simulated audits.
        created: The maker's clock; it proves nothing.
        program: Name and version of the program.
    """

    schema: str
    task: str
    units: tuple[str, ...]
    seed: Seed
    order: str | None
    risk: str
    claims: tuple[PlannedClaim, ...]
    created: str
    program: str
    run: str | None = None
    study: str | None = None
    sampled: Sampled = "outputs"
    card: str | None = None
    lengths: tuple[int, ...] | None = None
    strata: int = 1
    stopping: Literal["every-claim-settled"] = "every-claim-settled"
    expected: tuple[Expected, ...] = ()

    def to_bytes(self) -> bytes:
        """The file."""
        return canonical_json.dumps(asdict(self)) + b"\n"

    @property
    def sha256(self) -> str:
        """The hash of the file."""
        return hashlib.sha256(self.to_bytes()).hexdigest()


@dataclass(frozen=True, slots=True)
class Draw:
    """A public value, given after the plan was made.

    Attributes:
        plan: The SHA-256 of the plan's file.
        value: The value as published.
        published: The date of its publication, as the user states it.
    """

    schema: str
    plan: str
    value: str
    published: str

    def to_bytes(self) -> bytes:
        """The file."""
        return canonical_json.dumps(asdict(self)) + b"\n"


@dataclass(frozen=True, slots=True)
class Ordered:
    """A plan with its order.

    Attributes:
        plan: The plan.
        steps: The units of each step, in order: single units, or blocks with one unit of every stratum.
        draw: The draw of a public seed.
    """

    plan: Plan
    steps: tuple[tuple[str, ...], ...]
    draw: Draw | None = None

    @property
    def units(self) -> tuple[str, ...]:
        """The units in their order."""
        return tuple(name for step in self.steps for name in step)

    @property
    def redrawing_excluded(self) -> bool:
        """Whether nobody could try several seeds, if the plan is as old as it says: the seed was published later."""
        return self.plan.seed.origin == "public"


def seed_of(plan: Plan, draw: Draw | None) -> str | None:
    """The text that the order is derived from; None while a public seed was not drawn."""
    if plan.seed.origin != "public":
        return plan.seed.value
    return None if draw is None else f"{plan.sha256}\n{draw.value}"


def ordered(plan: Plan, draw: Draw | None, where: str) -> Ordered:
    """The plan with its order, from its seed.

    Raises:
        InputError: The seed is not drawn yet, the draw is of another plan or too early, or the order is not that of the seed.
    """
    if draw is not None:
        if plan.seed.origin != "public":
            raise InputError("a draw for a plan that has its seed", where=where, fix="Remove the draw.")
        if draw.plan != plan.sha256:
            raise InputError("the draw is of another plan", where=where, fix="Draw the seed of this plan.")
        if plan.seed.after is not None and draw.published[:10] < plan.seed.after[:10]:
            raise InputError(
                f"the value was published on {draw.published}, before {plan.seed.after}, the plan's date",
                where=where,
                fix="Use the value that the plan names.",
            )
    seed = seed_of(plan, draw)
    if seed is None:
        raise InputError(
            "the plan's seed is a public value that was not drawn yet",
            where=where,
            fix="`repro-audit plan TASK --draw VALUE --published DATE` draws it.",
        )
    found = steps(plan.units, seed, plan.strata, plan.lengths)
    if plan.order is not None and digest(name for step in found for name in step) != plan.order:
        raise InputError(
            "the order is not that of the seed: the seed, the units or the order was changed", where=where, fix=FIX
        )
    return Ordered(plan, found, draw)


def parse_plan(raw: bytes, where: str) -> Plan:
    """The plan in the bytes of a file.

    Raises:
        InputError: Not strict JSON, a different schema, an unknown, missing or impossible field, or not canonical.
    """
    try:
        plan = typed_json.read(Plan, raw)
    except InvalidJsonError as error:
        raise InputError(f"not a sampling plan: {error}", where=where, fix=FIX) from None
    if plan.schema != SCHEMA:
        raise InputError(f"has the schema {plan.schema!r}, not {SCHEMA!r}", where=where, fix=FIX)
    for field, problem in _problems(plan):
        raise InputError(problem, where=f"{where}: {field}", fix=FIX)
    if plan.to_bytes() != raw:
        raise InputError("not canonical JSON; the file was edited", where=where, fix=FIX)
    return plan


def parse_draw(raw: bytes, where: str) -> Draw:
    """The draw in the bytes of a file.

    Raises:
        InputError: As `parse_plan`.
    """
    fix = "Draw again with `repro-audit plan TASK --draw VALUE --published DATE`."
    try:
        draw = typed_json.read(Draw, raw)
    except InvalidJsonError as error:
        raise InputError(f"not the draw of a plan: {error}", where=where, fix=fix) from None
    if draw.schema != DRAW_SCHEMA or not draw.value.strip() or not _DATE.match(draw.published):
        raise InputError("not the draw of a plan", where=where, fix=fix)
    return draw


def check_date(text: str, where: str) -> str:
    """A date `YYYY-MM-DD`, or a moment `YYYY-MM-DDTHH:MM:SSZ`.

    Raises:
        InputError: Neither.
    """
    if not _DATE.match(text):
        raise InputError(f"not a date: {text!r}", where=where, fix="Write it like 2026-12-01.")
    return text


def _problems(plan: Plan) -> Sequence[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    # Names of files are made of them.
    ids = [("task", plan.task), ("run", plan.run), ("study", plan.study), ("card", plan.card)]
    ids += [("claims: metric", claim.metric) for claim in plan.claims]
    found += [(field, "not lower-case words joined by hyphens") for field, name in ids if name and not _ID.match(name)]
    numbers = [number for claim in plan.claims for number in (claim.value, claim.margin)]
    if not all(map(_DECIMAL.match, numbers)):
        found.append(("claims", "a value or a margin is not a number in plain decimal notation"))
    if not plan.units or list(plan.units) != sorted(set(plan.units)):
        found.append(("units", "not a sorted list of different ids"))
    if plan.strata < 1 or (plan.strata > 1) != (plan.lengths is not None):
        found.append(("strata", "strata need the lengths of the units, and lengths need strata"))
    if plan.lengths is not None and len(plan.lengths) != len(plan.units):
        found.append(("lengths", "not one length for every unit"))
    if plan.strata > max(1, len(plan.units)):
        found.append(("strata", "more strata than units"))
    if (plan.seed.origin == "public") != (plan.seed.value is None):
        found.append(("seed", "a public seed has no value in the plan, and every other seed has one"))
    if (plan.seed.origin == "public") != (plan.order is None):
        found.append(("order", "only a public seed has no order yet"))
    if plan.order is not None and not _HEX.match(plan.order):
        found.append(("order", "not a SHA-256"))
    risks = [_fraction(one.risk) for claim in plan.claims for one in claim.conventions]
    whole = _fraction(plan.risk)
    if not plan.claims or not all(claim.conventions for claim in plan.claims):
        found.append(("claims", "a plan has claims, and each has conventions"))
    elif whole is not None and whole > MOST_RISK:
        found.append(("risk", f"above {MOST_RISK} a sample settles nothing"))
    elif whole is None or None in risks or sum(r for r in risks if r is not None) > whole:
        found.append(("risk", "the conventions' risks do not add up to the plan's"))
    elif any(one.largest < 1 for claim in plan.claims for one in claim.conventions):
        found.append(("claims", "the largest unit has at least one token"))
    return found


def _fraction(text: str) -> Fraction | None:
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None
    return value if value > 0 else None
