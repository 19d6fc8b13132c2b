"""Tables and JSON for `judge status` and `judge agreement`; numbers are integers and decimal strings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from audit.judge import sensitivity
from audit.judge.judgements import HUMAN, Judgement
from audit.judge.scoring import JudgedTotals, Rating, by_rating, lottery, score, units
from tasks.judging.conventions import JudgedConvention
from tasks.judging.verdict import FAILURES, Failure, JudgeVerdict
from tasks.row import Row

Verdicts = Mapping[str, Mapping[str, JudgeVerdict]]


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """The bootstrap's replicates and seed."""

    replicates: int
    seed: int


def decimal(value: Fraction | float | None, digits: int = 4) -> str:
    """A number for a table; `-` if undefined."""
    return "-" if value is None else f"{float(value):.{digits}f}"


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """Counts, and the share of possible points they come to."""

    points: int
    possible: int
    kept: int
    excluded: int
    failed: int
    missing: int
    share: str


@dataclass(frozen=True, slots=True)
class RatingTable:
    """The scores of one rating.

    Attributes:
        statuses: How many replies were read how.
        own_failure_rule: The convention's own.
        scores: Under each failure rule, over all rows.
        over_followed: Under its own rule, over rows that followed the instruction; None where that is not defined.
    """

    judge: str
    variant: str
    repeat: int
    statuses: Mapping[str, int]
    own_failure_rule: Failure
    scores: Mapping[Failure, ScoreTable]
    over_followed: ScoreTable | None


@dataclass(frozen=True, slots=True)
class AgreementTable:
    """Agreement of several ratings of the same rows."""

    ratings: int
    people: int
    units: int
    raw: str
    fleiss: str
    krippendorff: str


@dataclass(frozen=True, slots=True)
class Gap:
    """The difference of two ratings with its 95 % interval."""

    units: int
    difference: str
    low: str
    high: str

    @staticmethod
    def of(gap: sensitivity.Difference | None) -> Gap:
        """For the table."""
        if gap is None:
            return Gap(0, "-", "-", "-")
        return Gap(gap.units, decimal(gap.value, 6), decimal(gap.low, 6), decimal(gap.high, 6))


@dataclass(frozen=True, slots=True)
class PairTable:
    """Two ratings compared."""

    first: str
    second: str
    cohen: str
    gap: Gap


@dataclass(frozen=True, slots=True)
class ProbeTable:
    """A judge compared with itself under a change that should not matter."""

    judge: str
    variant: str
    raised: int
    lowered: int
    gap: Gap


@dataclass(frozen=True, slots=True)
class RangeTable:
    """The lowest and the highest share over judges."""

    lowest: str
    highest: str


@dataclass(frozen=True, slots=True)
class ComparedClaim:
    """A reported value against the range over judges."""

    claim: str
    found: sensitivity.Comparability


@dataclass(frozen=True, slots=True)
class JudgeReport:
    """Everything that is known about how a score depends on the judge."""

    task: str
    convention: str
    metric: str
    rows: int
    ratings: tuple[RatingTable, ...]
    agreement: AgreementTable
    pairs: tuple[PairTable, ...]
    range: RangeTable
    bootstrap: Bootstrap
    probes: tuple[ProbeTable, ...]
    length_preference: Mapping[str, str]
    notes: tuple[str, ...]
    comparability: ComparedClaim | None

    def as_json(self) -> dict[str, Any]:
        """The object that `judge agreement --json` writes."""
        data = asdict(self)
        # In the file a gap's fields stand beside the pair's or the probe's own.
        for item in (*data["pairs"], *data["probes"]):
            item.update(item.pop("gap"))
        compared = data.pop("comparability")
        return (
            data if compared is None else {**data, "comparability": {"claim": compared["claim"], **compared["found"]}}
        )


def score_table(result: JudgedTotals) -> ScoreTable:
    """Counts and share of a score."""
    counts = result.counts
    share = Fraction(counts.points, counts.possible) if counts.possible else None
    return ScoreTable(
        counts.points, counts.possible, counts.kept, counts.excluded, counts.failed, result.missing, decimal(share, 6)
    )


def rating_table(
    convention: JudgedConvention,
    rows: Sequence[Row],
    rating: Rating,
    verdicts: Verdicts,
    followed: Mapping[str, bool] | None = None,
) -> RatingTable:
    """One rating's scores under each failure rule, over all and over followed rows, and how replies parsed."""
    statuses = Counter(verdict.status for parts in verdicts.values() for verdict in parts.values())
    return RatingTable(
        judge=rating.judge,
        variant=rating.variant,
        repeat=rating.repeat,
        statuses=dict(sorted(statuses.items())),
        own_failure_rule=convention.failure,
        scores={rule: score_table(score(convention, rows, verdicts, failure=rule)) for rule in FAILURES},
        over_followed=None
        if followed is None or convention.metric != "accuracy"
        else score_table(score(convention, rows, verdicts, followed=followed)),
    )


def notes(convention: JudgedConvention, rows: Sequence[Row], judgements: Iterable[Judgement]) -> tuple[str, ...]:
    """Caveats about these judgements."""
    found = [convention.note] if convention.note else []
    mine = [item for item in judgements if (item.convention, item.metric) == (convention.id, convention.metric)]
    if any(item.fidelity == "described" for item in mine):
        found.append("The prompt is written from a description of the source's prompt; it is not verbatim.")
    markers = len({item.row for item in mine if item.markers})
    if markers:
        found.append(f"Chat markers in {markers} rows were broken up before the judge saw them.")
    if convention.id == "air-bench-align":
        found.append(
            f"{lottery(rows)} of {len(rows)} outputs name none of their options: for these, the judge"
            " is told to choose at random."
        )
    return tuple(found)


def judge_report(
    task: str,
    convention: JudgedConvention,
    rows: Sequence[Row],
    judgements: Sequence[Judgement],
    *,
    replicates: int,
    seed: int,
    claim: str | None = None,
    factor: int = 1,
    followed: Mapping[str, bool] | None = None,
) -> JudgeReport:
    """The complete analysis of how the score depends on the judge."""
    ratings = by_rating(judgements, task, convention)
    table = {rating: units(convention, rows, verdicts) for rating, verdicts in ratings.items()}
    plain = {rating: found for rating, found in table.items() if not rating.variant}
    people = [rating for rating in plain if rating.judge.startswith(HUMAN)]
    models = [rating for rating in plain if rating not in people]
    shares = {rating: share for rating in models if (share := sensitivity.share(table[rating])) is not None}
    agreed = sensitivity.agree(convention, plain)
    pairs = []
    found = list(plain)
    for index, first in enumerate(found):
        for second in found[index + 1 :]:
            gap = sensitivity.paired(plain[first], plain[second], replicates=replicates, seed=seed)
            cohen = decimal(agreed.cohen[first.name, second.name])
            pairs.append(PairTable(first.name, second.name, cohen, Gap.of(gap)))
    lengths = {row.id: len((row.hypothesis or "").split()) for row in rows}
    compared = None
    if claim is not None:
        by_judge = {rating.name: share for rating, share in shares.items()}
        names = {rating.name: _reported(judgements, rating) for rating in shares}
        verdict = sensitivity.comparability(claim, convention.judge, by_judge, names, factor=factor)
        compared = ComparedClaim(claim, verdict)
    return JudgeReport(
        task=task,
        convention=convention.id,
        metric=convention.metric,
        rows=len(rows),
        ratings=tuple(
            rating_table(convention, rows, rating, verdicts, followed) for rating, verdicts in ratings.items()
        ),
        agreement=AgreementTable(
            ratings=len(plain),
            people=len(people),
            units=agreed.units,
            raw=decimal(agreed.raw),
            fleiss=decimal(agreed.fleiss),
            krippendorff=decimal(agreed.alpha),
        ),
        pairs=tuple(pairs),
        range=RangeTable(
            lowest=decimal(min(shares.values(), default=None), 6),
            highest=decimal(max(shares.values(), default=None), 6),
        ),
        bootstrap=Bootstrap(replicates, seed),
        probes=_probes(table, replicates, seed),
        length_preference={
            rating.name: decimal(sensitivity.length_preference(plain[rating], lengths)) for rating in plain
        },
        notes=notes(convention, rows, judgements),
        comparability=compared,
    )


def _reported(judgements: Iterable[Judgement], rating: Rating) -> str:
    """The model's name as reported by its server; the requested name proves nothing."""
    return next((item.reply.model for item in judgements if item.judge == rating.judge and item.reply), "")


def _probes(table: Mapping[Rating, sensitivity.Units], replicates: int, seed: int) -> tuple[ProbeTable, ...]:
    found = []
    for rating, changed in table.items():
        base = table.get(Rating(rating.judge, "", rating.repeat))
        if rating.variant and base is not None:
            result = sensitivity.probe(base, changed, replicates=replicates, seed=seed)
            gap = Gap.of(result.difference)
            found.append(ProbeTable(rating.judge, rating.variant, result.raised, result.lowered, gap))
    return tuple(found)


def agreement_text(report: JudgeReport) -> str:
    """The same for a terminal."""
    lines = [f"{report.task}, {report.convention}, {report.metric}: {report.rows} rows", ""]
    body = [["judge", "share", "points", "kept", "failed", "missing", "over followed"]]
    for item in report.ratings:
        own = item.scores[item.own_failure_rule]
        cells = (
            Rating(item.judge, item.variant, item.repeat).name,
            own.share,
            f"{own.points}/{own.possible}",
            own.kept,
            own.failed,
            own.missing,
            "-" if item.over_followed is None else item.over_followed.share,
        )
        body.append([str(cell) for cell in cells])
    lines += columns(body)
    agreed = report.agreement
    if agreed.ratings > 1:
        lines += [
            "",
            f"Agreement of {agreed.ratings} ratings on {agreed.units} rows that two or more grade:",
            f"  raw                   {agreed.raw}",
            f"  Fleiss' kappa         {agreed.fleiss}",
            f"  Krippendorff's alpha  {agreed.krippendorff}",
            f"Range over judges: {report.range.lowest} to {report.range.highest}",
        ]
    if report.pairs:
        head = ["first", "second", "rows", "Cohen's kappa", "second - first", "95 % interval"]
        rows = [[pair.first, pair.second, str(pair.gap.units), pair.cohen, *_shown(pair.gap)] for pair in report.pairs]
        lines += ["", *columns([head, *rows])]
    if report.probes:
        head = ["judge", "probe", "rows", "raised", "lowered", "difference", "95 % interval"]
        words = {"swapped": "position", "padded": "verbosity"}
        rows = [
            [
                probe.judge,
                words.get(probe.variant, probe.variant),
                *map(str, (probe.gap.units, probe.raised, probe.lowered)),
                *_shown(probe.gap),
            ]
            for probe in report.probes
        ]
        lines += ["", *columns([head, *rows])]
    lines += ["", "Chance that the better graded of two outputs is the longer one:"]
    lines += [f"  {name}: {value}" for name, value in report.length_preference.items()]
    if report.comparability is not None:
        lines += ["", report.comparability.found.sentence]
    if report.notes:
        lines += ["", *report.notes]
    return "\n".join(lines)


def _shown(gap: Gap) -> tuple[str, str]:
    return gap.difference, f"{gap.low} to {gap.high}"


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Left-aligned columns, two spaces apart."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
