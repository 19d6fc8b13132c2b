"""What the templates show: audit.json's claims, measurements and verdicts, joined and worded.

Everything here is derived from the parsed audit.json alone. A field that the document lacks is shown as missing, never
filled in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from audit.report import vocabulary
from audit.report.markup import letter
from audit.report.numbers import decimal, places, share, shown, signed, whole

Json: TypeAlias = Mapping[str, Any]
_AGREEMENT_ORDER = ("exact", "within-noise", "near", "off", "none")


@dataclass(frozen=True, slots=True)
class Measurement:
    """One value of one claim, as a row of its table and a dot of its figure.

    Attributes:
        number: Its place by value, from 1; the figure and the table share it.
        label: The convention's id, or a phrase where the record names none.
        convention: The convention's entry in audit.json; None where unknown.
        value: With at most two digits more than the reported value.
        position: The value as a number, for the figure.
        interval: `34.10 to 34.61`; empty where there is none.
        bounds: The same as numbers.
        rows: `15,473 of 15,531`; as much of it as is known.
        covered: `99.6 %`; empty where unknown.
        partial: Less than 99 % of the set was scored.
        unscored: What happened to the other rows, one phrase each.
        deciding: The verdict rests on it.
    """

    number: int
    id: str
    label: str
    conditions: str
    unavailable: str
    convention: Json | None
    anchor: str
    grade: str
    recorded: bool
    raw_value: str
    value: str
    position: Decimal | None
    interval: str
    bounds: tuple[Decimal, Decimal] | None
    method: str
    rows: str
    covered: str
    partial: bool
    unscored: tuple[str, ...]
    difference: str
    agreement: str
    agreement_label: str
    invalid: tuple[str, ...]
    rule: str
    note: str
    source: str
    prediction: Json | None
    deciding: bool

    def gap(self, reported: Decimal | None) -> Decimal:
        """How far the value lies from the reported one; infinitely far where one of them is not known."""
        if self.position is None or reported is None:
            return Decimal("Infinity")
        return abs(self.position - reported)

    @property
    def agrees(self) -> bool:
        """It agrees with the reported value and may justify it."""
        return self.agreement in {"exact", "within-noise", "near"} and not self.invalid

    @property
    def details(self) -> tuple[str, ...]:
        """What stands in small type below the convention: rule, conditions, unscored rows, note with source."""
        origin = f"from {self.source}" if self.source else ""
        note = "; ".join(part for part in (self.note, origin) if part)
        rule = f"Rule: {self.rule}" if self.rule else ""
        given = (rule, self.conditions, "; ".join(self.unscored), note, self.unavailable)
        return tuple(f"{part[:1].upper()}{part[1:]}" for part in given if part)


@dataclass(frozen=True, slots=True)
class Claim:
    """A reported value with all that is known of it."""

    id: str
    anchor: str
    data: Json
    title: str
    task: str
    metric: str
    unit: str
    digits: int
    value: str
    low: str
    high: str
    reported: Decimal | None
    band: tuple[Decimal, Decimal] | None
    verified: bool
    expected: str
    measurements: tuple[Measurement, ...]
    verdict: vocabulary.Verdict
    raw_verdict: Json
    leading_recorded: Measurement | None
    leading_recomputed: Measurement | None
    unavailable: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]

    @property
    def deciding(self) -> Measurement | None:
        """The measurement that the verdict rests on, or the nearest one."""
        return next((m for m in self.measurements if m.deciding), None)

    @property
    def leading(self) -> Measurement | None:
        """The measurement that speaks for the claim in the summary."""
        return self.deciding or self.leading_recomputed or self.leading_recorded

    def nearest(self, most: int | None) -> tuple[Measurement, ...]:
        """At most so many measurements, by value: the deciding one and the nearest to the reported value; None for all."""
        if most is None or len(self.measurements) <= most:
            return self.measurements
        chosen = sorted(self.measurements, key=lambda m: (not m.deciding, m.gap(self.reported), m.number))[:most]
        return tuple(sorted(chosen, key=lambda m: m.number))

    @property
    def metric_name(self) -> str:
        """The metric's usual spelling."""
        return vocabulary.metric_name(self.metric)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Every reason that makes a measurement invalid, once, in the order of the table."""
        return tuple(dict.fromkeys(reason for m in self.measurements for reason in m.invalid))

    def note(self, reason: str) -> tuple[str, str]:
        """A reason's letter, and the anchor of the sentence that gives it."""
        mark = letter(self.reasons.index(reason))
        return mark, f"{self.anchor}-{mark}"

    @property
    def beside(self) -> tuple[Json, ...]:
        """The paper's other columns that have a value."""
        return tuple(c for c in self.data.get("other_columns") or () if c.get("value"))

    @property
    def marks(self) -> str:
        """What the marks in this claim's figure mean, as far as they are unlike a filled disc."""
        words = (
            ("Hollow: recorded.", any(m.recorded for m in self.measurements)),
            ("Diamond: less than 99 % scored.", any(m.partial and not m.invalid for m in self.measurements)),
            ("Cross: cannot justify anything.", any(m.invalid for m in self.measurements)),
        )
        return " ".join(text for text, holds in words if holds)

    @property
    def where(self) -> str:
        """Table, row and column of the paper."""
        locator = self.data.get("locator") or {}
        table = str(locator.get("table") or "")
        table = f"Table {table}" if table[:1].isdigit() else table
        return "; ".join(part for part in (table, locator.get("row"), locator.get("column")) if part)


def anchor(*parts: object) -> str:
    """An id for HTML from any texts: letters, digits, points and hyphens stay; others become `_` and their code."""
    text = "-".join(str(p) for p in parts)
    return "".join(c if c.isascii() and (c.isalnum() or c in "-.") else f"_{ord(c):x}" for c in text)


def convention_anchor(task: str, metric: str, convention: str) -> str:
    """Where a convention is described."""
    return anchor("c", task, metric, convention)


def claims(audit: Json) -> tuple[Claim, ...]:
    """Every claim of the audit, in the audit's order."""
    conventions = {(c["task"], c["metric"], c["id"]): c for c in audit.get("conventions", ())}
    verdicts = {v["claim"]: v for v in audit.get("verdicts", ())}
    by_claim: dict[str, list[Json]] = {}
    for item in audit.get("measurements", ()):
        # A metric that the paper does not report has measurements without a claim; they are in measurements.csv.
        if item.get("claim") is not None:
            by_claim.setdefault(item["claim"], []).append(item)
    by_metric: dict[tuple[str, str], list[Json]] = {}
    for item in audit.get("conventions", ()):
        if item.get("unavailable"):
            by_metric.setdefault((item["task"], item["metric"]), []).append(item)
    names = Counter((c.get("task_name"), c["metric"]) for c in audit.get("claims", ()))
    return tuple(
        _claim(
            c,
            names[c.get("task_name"), c["metric"]] > 1,
            by_claim.get(c["id"], []),
            verdicts.get(c["id"], {}),
            conventions,
            by_metric,
        )
        for c in audit.get("claims", ())
    )


def _claim(
    data: Json,
    ambiguous: bool,
    items: Sequence[Json],
    verdict: Json,
    conventions: Mapping[tuple[str, str, str], Json],
    unavailable: Mapping[tuple[str, str], Sequence[Json]],
) -> Claim:
    task, metric = data["task"], data["metric"]
    digits = places(data["value"])
    rounding = data.get("rounding") or {}
    low, high = decimal(rounding.get("low")), decimal(rounding.get("high"))
    decides = verdict.get("measurement")
    # Values ascend; what has no value comes last, in the audit's order.
    ordered = sorted(items, key=_by_value)
    views = tuple(
        _measurement(n, m, data, conventions.get((task, metric, m.get("convention") or "")), decides)
        for n, m in enumerate(ordered, 1)
    )
    found = verdict.get("verdict", "not-run")
    # A convention that could not be computed has a measurement without a value where there are predictions.
    measured = {m.get("convention") for m in items}
    name, spelt = data.get("task_name") or task, vocabulary.metric_name(metric)
    dataset = str(data.get("dataset") or "").replace(", ", " ")
    return Claim(
        id=data["id"],
        anchor=anchor("claim", data["id"]),
        data=data,
        title=f"{name} on {dataset}: {spelt}" if ambiguous and dataset else f"{name}: {spelt}",
        task=task,
        metric=metric,
        unit=vocabulary.unit_name(metric, data.get("unit", "")),
        digits=digits,
        value=shown(data["value"], digits),
        low=shown(rounding.get("low"), digits + 1),
        high=shown(rounding.get("high"), digits + 1),
        reported=decimal(data["value"]),
        band=(low, high) if low is not None and high is not None else None,
        verified=bool(data.get("verified")),
        expected=whole(data.get("expected_rows")),
        measurements=views,
        verdict=vocabulary.VERDICTS.get(found, vocabulary.Verdict(found, found, "", "")),
        raw_verdict=verdict,
        leading_recorded=_leading(views, recorded=True),
        leading_recomputed=_leading(views, recorded=False),
        unavailable=_unavailable([c for c in unavailable.get((task, metric), ()) if c["id"] not in measured]),
    )


def _unavailable(items: Sequence[Json]) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Conventions that were not computed, by reason: (reason, ((id, anchor), ...))."""
    found: dict[str, list[tuple[str, str]]] = {}
    for item in items:
        place = convention_anchor(item["task"], item["metric"], item["id"])
        found.setdefault(str(item["unavailable"]), []).append((item["id"], place))
    return tuple((reason, tuple(names)) for reason, names in found.items())


def _by_value(item: Json) -> tuple[bool, Decimal, str]:
    value = decimal(item.get("value"))
    return (value is None, value or Decimal(0), item["id"])


def _measurement(number: int, data: Json, claim: Json, convention: Json | None, decides: str | None) -> Measurement:
    digits = places(claim["value"]) + 2
    interval = data.get("interval") or {}
    bounds = (decimal(interval.get("low")), decimal(interval.get("high")))
    agreement = data.get("agreement") or {}
    kind = agreement.get("kind", "none")
    name = data.get("convention")
    return Measurement(
        number=number,
        id=data["id"],
        label=name or "rule not identified",
        conditions=str(data.get("conditions") or ""),
        unavailable=str(data.get("unavailable") or ""),
        convention=convention,
        anchor=convention_anchor(claim["task"], claim["metric"], str(name)) if convention is not None else "",
        grade=(convention or {}).get("grade") or "",
        recorded=data.get("origin") == "recorded",
        raw_value=str(data.get("value") or ""),
        value=shown(data.get("value"), digits),
        position=decimal(data.get("value")),
        interval=f"{shown(interval['low'], digits)} to {shown(interval['high'], digits)}" if interval else "",
        bounds=(bounds[0], bounds[1]) if bounds[0] is not None and bounds[1] is not None else None,
        method=vocabulary.METHODS.get(interval.get("method", ""), interval.get("method", "")),
        rows=_rows(data.get("rows") or {}),
        covered=_covered(data.get("rows") or {}),
        partial=_partial(data.get("rows") or {}),
        unscored=_unscored(data.get("rows") or {}),
        difference=signed(agreement.get("difference"), digits),
        agreement=kind,
        agreement_label=vocabulary.AGREEMENTS.get(kind, (kind, ""))[0],
        invalid=tuple(_invalid(item) for item in data.get("invalid") or ()),
        rule=str(data.get("rule") or ""),
        note="; ".join(str(part) for part in (data.get("note"), _judge(data)) if part),
        source=str(data.get("source") or ""),
        prediction=data.get("prediction"),
        deciding=decides is not None and decides == data["id"],
    )


def _invalid(item: Json) -> str:
    """The reason's text, which says more than its code; the code in words where it has none, or adds the kind of fault."""
    text, code = str(item.get("text") or ""), str(item.get("code") or "")
    label = vocabulary.INVALID.get(code, code)
    if not text:
        return label
    return f"{label}: {text[:1].lower()}{text[1:]}" if code == "protocol" and text[1:2].islower() else text


def _judge(data: Json) -> str | None:
    return f"judge: {data['judge']}" if data.get("judge") else None


def _rows(rows: Json) -> str:
    scored, expected = rows.get("scored"), rows.get("expected")
    if scored is None and expected is None:
        return ""
    if scored is None:
        return f"? of {whole(expected)}"
    return whole(scored) if expected is None else f"{whole(scored)} of {whole(expected)}"


def _covered(rows: Json) -> str:
    scored, expected = rows.get("scored"), rows.get("expected")
    return share(scored, expected) if isinstance(scored, int) and isinstance(expected, int) else ""


def _partial(rows: Json) -> bool:
    scored, expected = rows.get("scored"), rows.get("expected")
    return isinstance(scored, int) and isinstance(expected, int) and scored * 100 < expected * 99


def _unscored(rows: Json) -> tuple[str, ...]:
    parts = [f"{whole(s['rows'])} skipped: {s.get('reason') or s.get('rule')}" for s in rows.get("skipped") or ()]
    states = (("missing", "missing"), ("error", "failed"))
    parts += [f"{whole(rows[key])} {word}" for key, word in states if rows.get(key)]
    return tuple(parts)


def _leading(views: Sequence[Measurement], *, recorded: bool) -> Measurement | None:
    """The measurement of one origin that speaks for the claim.

    The deciding one; else a valid one before an invalid one, a whole set before a part of it, closer agreement before
    looser, a small difference before a large one.
    """

    def rank(m: Measurement) -> tuple[bool, bool, bool, int, Decimal, int]:
        order = _AGREEMENT_ORDER.index(m.agreement) if m.agreement in _AGREEMENT_ORDER else len(_AGREEMENT_ORDER)
        gap = abs(decimal(m.difference.replace("\u2212", "-")) or Decimal(0))
        return (not m.deciding, bool(m.invalid), m.partial, order, gap, m.number)

    return min((m for m in views if m.recorded == recorded and m.value), key=rank, default=None)
