"""Means of measurements: over the runs of a claim that prints a mean over runs, and over the claims of a declared mean.

A mean is compared like any other value. Over the whole sets it is known exactly; if a part lacks units, or drops some, the
mean of the parts' bounds holds. Every step of its convention counts as decisive, because the alternatives of a mean are not
computed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

from audit.facts import Claim
from audit.literature.studies import Study
from audit.schema import Agreement, IdentityState, Invalid, Measurement
from audit.verdict.bounds import Range
from audit.verdict.measurements import Measured, Names, as_bounds, as_text, target
from tasks.phrase import phrase


def with_runs(measured: Sequence[Measured], study: Study, names: Names) -> list[Measured]:
    """The measurements, with means over the runs of a claim, and with runs besides the deciding one marked as such."""
    by_claim: defaultdict[str | None, list[Measured]] = defaultdict(list)
    for item in measured:
        by_claim[item.record.claim].append(item)
    several = {c.id for c in study.claims if c.runs is not None}
    further: dict[str, Measurement] = {}
    means: list[Measured] = []
    for claim in study.claims:
        if claim.id in several:
            means += _over_runs(claim, by_claim[claim.id], study, names)
        else:
            further |= _further_runs(by_claim[claim.id])
    single = (m for m in measured if m.record.claim not in several)
    return [*(replace(m, record=further[m.record.id]) if m.record.id in further else m for m in single), *means]


def with_means(measured: Sequence[Measured], study: Study, names: Names) -> list[Measured]:
    """The measurements, with those of claims that are means of others; these may rest on means over runs."""
    found = list(measured)
    for claim in study.claims:
        if claim.mean_of:
            found += _over_claims(claim, found, study, names)
    return found


def _further_runs(measured: Iterable[Measured]) -> dict[str, Measurement]:
    """The records of the runs besides the one that decides: `TASK.jsonl`, or else the first by name."""
    runs = [m.record for m in measured if not m.record.recorded]
    there = {record.run for record in runs}
    if len(there) < 2:
        return {}
    deciding = min(there, key=lambda run: run or "")
    text = (
        phrase("A further run of the same claim, shown beside the run without a name, which decides.")
        if deciding is None
        else phrase("A further run of the same claim, shown beside the run {run}, which decides.", run=deciding)
    )
    reason = Invalid("further-run", text)
    return {r.id: replace(r, invalid=(*r.invalid, reason)) for r in runs if r.run != deciding}


def _key(item: Measured) -> Hashable:
    record = item.record
    return record.origin, record.convention, record.judge, record.conditions


def _over_runs(claim: Claim, measured: Iterable[Measured], study: Study, names: Names) -> list[Measured]:
    """The runs, which decide nothing alone, and their mean under every convention."""
    assert claim.runs is not None
    groups: defaultdict[Hashable, list[Measured]] = defaultdict(list)
    found: list[Measured] = []
    for item in measured:
        if item.record.recorded:
            found.append(item)  # a team records the mean itself
            continue
        groups[_key(item)].append(item)
        one = Invalid("one-run", phrase("One run; the printed value is the mean over {n} runs.", n=claim.runs))
        found.append(replace(item, record=replace(item.record, invalid=(*item.record.invalid, one))))
    for several in groups.values():
        parts = _without_copies(claim, several)
        values = ", ".join(_short(p.record.value) for p in parts)
        few: tuple[Invalid, ...] = ()
        if len(parts) < claim.runs:
            copies = len(several) - len(parts)
            there = {"n": len(parts), "runs": claim.runs, "values": values}
            text = (
                phrase(
                    "{n} of {runs} runs are at hand (the outputs of {copies} more are copies), which decides "
                    "nothing; they give {values}.",
                    copies=copies,
                    **there,
                )
                if copies
                else phrase("{n} of {runs} runs are at hand, which decides nothing; they give {values}.", **there)
            )
            few = (Invalid("too-few-runs", text),)
        note = phrase("Mean over {n} runs: {values}.", n=len(parts), values=values)
        found += _mean(claim, parts, study, names, problems=few, note=note)
    return found


def _without_copies(claim: Claim, runs: Sequence[Measured]) -> list[Measured]:
    """The runs whose outputs differ, which they must where the paper prints a deviation that is not 0."""
    if claim.deviation is not None and not Fraction(claim.deviation):
        return list(runs)
    first: dict[str | None, Measured] = {}
    for run in runs:
        first.setdefault(run.outputs, run)
    return list(first.values())


def _short(value: str | None) -> str:
    """A value without trailing zeros."""
    if value is None or "." not in value:
        return value or "none"
    return value.rstrip("0").rstrip(".")


def _over_claims(claim: Claim, measured: Sequence[Measured], study: Study, names: Names) -> list[Measured]:
    """The mean under every convention that has exactly one usable value for each of the claims."""
    groups: defaultdict[Hashable, dict[str, list[Measured]]] = defaultdict(lambda: defaultdict(list))
    for item in measured:
        if item.record.claim in claim.mean_of and item.record.valid and item.exact is not None:
            groups[_key(item)][item.record.claim].append(item)
    found: list[Measured] = []
    for by_claim in groups.values():
        if all(len(by_claim.get(name, ())) == 1 for name in claim.mean_of):
            parts = [by_claim[name][0] for name in claim.mean_of]
            found += _mean(claim, parts, study, names, note=phrase("Mean of {n} claims' values.", n=len(parts)))
    return found


def _mean(
    claim: Claim,
    parts: Sequence[Measured],
    study: Study,
    names: Names,
    *,
    note: str,
    problems: tuple[Invalid, ...] = (),
) -> list[Measured]:
    """The mean of measurements that all have a value; empty if one has none."""
    values = [Fraction(p.exact) for p in parts if p.exact is not None]
    if len(values) < len(parts):
        return []
    exact = sum(values, Fraction(0)) / len(values)
    held = target(claim, study)
    compared = held.compare(exact)
    complete = all(p.complete for p in parts)
    drops = any(p.drops for p in parts)
    whole: Agreement = compared.kind
    bounds = None
    if drops or not complete:
        reach = _mean_range([_reach(p) for p in parts])
        whole = held.bounded(reach.low, reach.high)
        if drops and compared.kind is Agreement.WORSE:
            whole = Agreement.WORSE
        bounds = as_bounds(reach, sum(p.record.bounds.unscored for p in parts if p.record.bounds))
    first = parts[0].record
    worst = max(parts, key=lambda p: p.overall)
    reasons = dict.fromkeys(reason for p in parts for reason in p.record.invalid)
    record = Measurement(
        id=names.name(claim.id, first.origin, first.convention),
        claim=claim.id,
        task=claim.task,
        metric=claim.metric,
        convention=first.convention,
        origin=first.origin,
        value=as_text(exact),
        agreement=compared,
        whole=whole,
        bounds=bounds,
        identity=_weakest(parts),
        invalid=(*problems, *reasons),
        note=note,
        source=first.source,
        conditions=first.conditions,
        judge=first.judge,
        subset=claim.subset,
        parts=tuple(p.record.id for p in parts),
    )
    return [Measured(record, exact, worst.grading, drops=drops, complete=complete)]


def _weakest(parts: Sequence[Measured]) -> IdentityState | None:
    order = tuple(IdentityState)
    states = [p.record.identity for p in parts]
    known = [state for state in states if state is not None]
    return max(known, key=order.index) if len(known) == len(states) else None


def _reach(part: Measured) -> Range:
    """The values that a part can have on its whole set."""
    record = part.record
    assert part.exact is not None
    if part.drops and not record.recorded and record.agreement.kind is Agreement.WORSE:
        # Worse than its own claim whatever was dropped gives back: its bounds leave the dropped units out.
        return Range(Fraction(0), None)
    if record.bounds is not None:
        low, high = (None if end is None else Fraction(end) for end in (record.bounds.low, record.bounds.high))
        return Range(low, high)
    if part.drops:
        value = record.without_dropping
        return Range(Fraction(0), None) if value is None else Range(Fraction(value), Fraction(value))
    if not part.complete:
        return Range(Fraction(0), None)
    return Range(Fraction(part.exact), Fraction(part.exact))


def _mean_range(ranges: Sequence[Range]) -> Range:
    lows, highs = [r.low for r in ranges], [r.high for r in ranges]
    known_low = [low for low in lows if low is not None]
    known_high = [high for high in highs if high is not None]
    return Range(
        sum(known_low, Fraction(0)) / len(ranges) if len(known_low) == len(ranges) else None,
        sum(known_high, Fraction(0)) / len(ranges) if len(known_high) == len(ranges) else None,
    )
