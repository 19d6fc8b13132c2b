"""Tables and JSON for `judge status` and `judge agreement`; numbers are integers and decimal strings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from audit.judge import sensitivity
from audit.judge.judgements import HUMAN, Judgement
from audit.judge.scoring import JudgedTotals, Rating, by_rating, lottery, score, units
from tasks.judging.conventions import JudgedConvention
from tasks.judging.verdict import FAILURES, JudgeVerdict
from tasks.row import Row

Verdicts = Mapping[str, Mapping[str, JudgeVerdict]]
_AGREEMENT = (("raw", "raw"), ("Fleiss' kappa", "fleiss"), ("Krippendorff's alpha", "krippendorff"))


def decimal(value: Fraction | float | None, digits: int = 4) -> str:
    """A number for a table; `-` if undefined."""
    return "-" if value is None else f"{float(value):.{digits}f}"


def score_json(result: JudgedTotals) -> dict[str, Any]:
    """The counts, and their share of points."""
    counts = result.counts
    share = Fraction(counts.points, counts.possible) if counts.possible else None
    return {
        "points": counts.points,
        "possible": counts.possible,
        "kept": counts.kept,
        "excluded": counts.excluded,
        "failed": counts.failed,
        "missing": result.missing,
        "share": decimal(share, 6),
    }


def rating_json(
    convention: JudgedConvention,
    rows: Sequence[Row],
    rating: Rating,
    verdicts: Verdicts,
    followed: Mapping[str, bool] | None = None,
) -> dict[str, Any]:
    """The scores of a rating under each failure rule, over all and over followed rows, and the parse statuses."""
    statuses = Counter(verdict.status for parts in verdicts.values() for verdict in parts.values())
    return {
        "judge": rating.judge,
        "variant": rating.variant,
        "repeat": rating.repeat,
        "statuses": dict(sorted(statuses.items())),
        "own_failure_rule": convention.failure,
        "scores": {rule: score_json(score(convention, rows, verdicts, failure=rule)) for rule in FAILURES},
        "over_followed": None
        if followed is None or convention.metric != "accuracy"
        else score_json(score(convention, rows, verdicts, followed=followed)),
    }


def notes(convention: JudgedConvention, rows: Sequence[Row], judgements: Iterable[Judgement]) -> list[str]:
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
    return found


def agreement_json(
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
) -> dict[str, Any]:
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
            pairs.append(
                {
                    "first": first.name,
                    "second": second.name,
                    "cohen": decimal(agreed.cohen[first.name, second.name]),
                    **_gap(gap),
                }
            )
    lengths = {row.id: len((row.hypothesis or "").split()) for row in rows}
    result: dict[str, Any] = {
        "task": task,
        "convention": convention.id,
        "metric": convention.metric,
        "rows": len(rows),
        "ratings": [rating_json(convention, rows, rating, verdicts, followed) for rating, verdicts in ratings.items()],
        "agreement": {
            "ratings": len(plain),
            "people": len(people),
            "units": agreed.units,
            "raw": decimal(agreed.raw),
            "fleiss": decimal(agreed.fleiss),
            "krippendorff": decimal(agreed.alpha),
        },
        "pairs": pairs,
        "range": {
            "lowest": decimal(min(shares.values(), default=None), 6),
            "highest": decimal(max(shares.values(), default=None), 6),
        },
        "bootstrap": {"replicates": replicates, "seed": seed},
        "probes": _probes(table, replicates, seed),
        "length_preference": {
            rating.name: decimal(sensitivity.length_preference(plain[rating], lengths)) for rating in plain
        },
        "notes": notes(convention, rows, judgements),
    }
    if claim is not None:
        by_judge = {rating.name: share for rating, share in shares.items()}
        names = {rating.name: _reported(judgements, rating) for rating in shares}
        verdict = sensitivity.comparability(claim, convention.judge, by_judge, names, factor=factor)
        result["comparability"] = {
            "claim": claim,
            "state": verdict.state,
            "sentence": verdict.sentence,
            "lowest": verdict.lowest,
            "highest": verdict.highest,
            "judges": list(verdict.judges),
        }
    return result


def _reported(judgements: Iterable[Judgement], rating: Rating) -> str:
    """The model's name as reported by its server; the requested name proves nothing."""
    return next((item.reply.model for item in judgements if item.judge == rating.judge and item.reply), "")


def _gap(gap: sensitivity.Difference | None) -> dict[str, Any]:
    if gap is None:
        return {"units": 0, "difference": "-", "low": "-", "high": "-"}
    return {
        "units": gap.units,
        "difference": decimal(gap.value, 6),
        "low": decimal(gap.low, 6),
        "high": decimal(gap.high, 6),
    }


def _probes(table: Mapping[Rating, sensitivity.Units], replicates: int, seed: int) -> list[dict[str, Any]]:
    found = []
    for rating, changed in table.items():
        base = table.get(Rating(rating.judge, "", rating.repeat))
        if not rating.variant or base is None:
            continue
        result = sensitivity.probe(base, changed, replicates=replicates, seed=seed)
        found.append(
            {
                "judge": rating.judge,
                "variant": rating.variant,
                "raised": result.raised,
                "lowered": result.lowered,
                **_gap(result.difference),
            }
        )
    return found


def agreement_text(data: Mapping[str, Any]) -> str:
    """The analysis as text for a terminal."""
    lines = [f"{data['task']}, {data['convention']}, {data['metric']}: {data['rows']} rows", ""]
    header = ["judge", "share", "points", "kept", "failed", "missing", "over followed"]
    body = []
    for item in data["ratings"]:
        own = item["scores"][item["own_failure_rule"]]
        name = Rating(item["judge"], item["variant"], item["repeat"]).name
        cells = (
            own["share"],
            f"{own['points']}/{own['possible']}",
            own["kept"],
            own["failed"],
            own["missing"],
            "-" if item["over_followed"] is None else item["over_followed"]["share"],
        )
        body.append([name, *(str(cell) for cell in cells)])
    lines += columns([header, *body])
    agreed = data["agreement"]
    if agreed["ratings"] > 1:
        lines += ["", f"Agreement of {agreed['ratings']} ratings on {agreed['units']} rows that two or more grade:"]
        lines += [f"  {label:<22}{agreed[key]}" for label, key in _AGREEMENT]
        lines += [f"Range over judges: {data['range']['lowest']} to {data['range']['highest']}"]
    if data["pairs"]:
        head = ["first", "second", "rows", "Cohen's kappa", "second - first", "95 % interval"]
        rows = [
            [
                p["first"],
                p["second"],
                str(p["units"]),
                p["cohen"],
                p["difference"],
                f"{p['low']} to {p['high']}",
            ]
            for p in data["pairs"]
        ]
        lines += ["", *columns([head, *rows])]
    if data["probes"]:
        head = ["judge", "probe", "rows", "raised", "lowered", "difference", "95 % interval"]
        rows = [
            [
                p["judge"],
                {"swapped": "position", "padded": "verbosity"}.get(p["variant"], p["variant"]),
                str(p["units"]),
                str(p["raised"]),
                str(p["lowered"]),
                p["difference"],
                f"{p['low']} to {p['high']}",
            ]
            for p in data["probes"]
        ]
        lines += ["", *columns([head, *rows])]
    lines += ["", "Probability that the better-graded of two outputs is the longer one:"]
    lines += [f"  {name}: {value}" for name, value in data["length_preference"].items()]
    if "comparability" in data:
        lines += ["", data["comparability"]["sentence"]]
    if data["notes"]:
        lines += ["", *data["notes"]]
    return "\n".join(lines)


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Left-aligned columns, two spaces apart."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
