"""`repro-audit feasible`: whether a printed share or error rate is possible."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.cli.json_output import add_json, say_written, show
from audit.errors import InputError

if TYPE_CHECKING:
    from audit.facts import Claim
    from tasks.statistics.feasibility import Feasibility, Kind
    from tasks.statistics.printed import Unit

HELP = """Test whether a printed number can be a whole number of items over a set's size, under any rounding rule.
The exit code is 0 if it can and 1 if it is impossible. A SPIDEr is held against the CIDEr-D and SPICE printed beside it, and
may be one of the two alone under that name. --check re-checks an existing certificate."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("value", nargs="?", help="as printed; trailing zeros count")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--items", type=_size, metavar="N[-M]", help="an accuracy over N items")
    size.add_argument("--words", type=_size, metavar="N[-M]", help="an error rate over N reference words")
    size.add_argument("--spider", action="store_true", help="a SPIDEr, the mean of CIDEr-D and SPICE")
    parser.add_argument("--cider", metavar="V", help="the CIDEr-D printed beside a SPIDEr")
    parser.add_argument("--spice", metavar="V", help="the SPICE printed beside a SPIDEr")
    parser.add_argument("--unit", choices=("percent", "fraction"), help="default: the claim's; without a claim, both")
    parser.add_argument("--claim", metavar="ID", help="take value, unit and size from a study's claim")
    parser.add_argument("--study", default="salmonn", metavar="ID", help="whose claim it is (default: %(default)s)")
    add_json(parser)
    parser.add_argument(
        "--certificate", type=Path, metavar="FILE", help="write a certificate if the value is impossible"
    )
    parser.add_argument("--check", type=Path, metavar="FILE", help="re-check this certificate")


def _size(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    if not (low.isascii() and low.isdigit()) or (high and not (high.isascii() and high.isdigit())):
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor a range such as 52000-53000")
    return int(low), int(high or low)


def run(args: argparse.Namespace) -> int:
    """Test and print; 1 for an impossible value."""
    from tasks.errors import ScoringError

    try:
        return _check(args.check) if args.check is not None else _test(args)
    except ScoringError as error:
        where = str(args.check) if args.check is not None else None
        raise InputError(error.what, where=where, fix="See `repro-audit feasible --help`.") from error


def _check(path: Path) -> int:
    from audit._util.strict_json import InvalidJsonError, loads
    from tasks.statistics.feasibility import check

    try:
        data = loads(path.read_bytes(), exact=True)
    except (OSError, InvalidJsonError) as error:
        raise InputError(f"the certificate cannot be read ({error})", where=str(path), fix="Check the path.") from error
    if not isinstance(data, dict):
        raise InputError("is not a certificate", where=str(path), fix="Give a file that --certificate wrote.")
    check(data)
    sizes = [gap["n"] for gap in data["gaps"]]
    over = str(sizes[0]) if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    print(f"holds: no whole number over {over} prints {data['value']} ({data['unit']}, {data['kind']})")
    return 0


def _test(args: argparse.Namespace) -> int:
    from audit._util import canonical_json
    from audit._util.files import write_atomic

    if args.spider or args.cider or args.spice or _claims_spider(args):
        return _spider(args)
    value, size, unit = _asked(args)
    kind: Kind = "error-rate" if args.words else "share"
    wanted: tuple[Unit, ...] = (unit,) if unit else ("percent", "fraction")
    answers = {u: _answer(value, u, kind, size) for u in wanted}
    possible = [u for u, answer in answers.items() if answer.possible]
    # If neither unit can print it, a number above 1 is read as a percentage.
    natural: Unit = unit or ("fraction" if value.startswith(("0", "1.0")) or value == "1" else "percent")
    if args.json:
        show(args, (), lambda: {"value": value, "kind": kind, "possible": bool(possible),
                                "answers": {u: _as_json(answers[u]) for u in possible or [natural]}})  # fmt: skip
    for u in possible or [natural]:
        if not args.json:
            _print(value, u, answers[u])
    if not possible and unit:
        other: Unit = "fraction" if unit == "percent" else "percent"
        witness = _answer(value, other, kind, size).witness
        if witness and not args.json:
            print(f"In the other unit it is possible: as a {other}, {witness.k} of {witness.n} ({witness.rule}).")
    certificate = answers[natural].certificate
    if not possible and args.certificate is not None and certificate is not None:
        write_atomic(args.certificate, canonical_json.dumps(certificate.as_json()))
        say_written(args, args.certificate)
    return 0 if possible else 1


def _claim(args: argparse.Namespace) -> Claim | None:
    if args.claim is None:
        return None
    from audit import api

    claims = {c.id: c for c in api.load_study(args.study).claims}
    if args.claim not in claims:
        raise InputError(f"the study has no claim {args.claim!r}", where="--claim", fix=f"Claims: {', '.join(claims)}.")
    return claims[args.claim]


def _claims_spider(args: argparse.Namespace) -> bool:
    claim = _claim(args)
    return claim is not None and claim.metric == "spider"


def _spider(args: argparse.Namespace) -> int:
    """Test a SPIDEr against its parts; 1 if it cannot be their mean."""
    from tasks.statistics.spider_parts import readings

    claim = _claim(args)
    value = args.value or (claim.value if claim is not None else None)
    if value is None:
        raise InputError("a value is needed", fix="For instance: feasible 40.3 --spider --cider 64.2 --spice 16.4.")
    unit: Unit = args.unit or ("fraction" if claim is not None and claim.unit == "fraction" else "percent")
    mean, *parts = readings(value, unit, args.cider, args.spice)
    told = "possible" if mean.possible else "impossible"
    print(
        f"{value} is {told} as {mean.name}, which lies between {float(mean.low):g} and {float(mean.high):g} ({unit})."
    )
    for part, printed in zip(parts, (args.cider, args.spice), strict=True):
        if part.possible:
            known = f", printed as {printed}" if printed is not None else f", at most {float(part.high):g}"
            print(f"It may be {part.name} under that name{known}.")
        else:
            print(f"It is not {part.name}.")
    return 0 if mean.possible else 1


def _asked(args: argparse.Namespace) -> tuple[str, tuple[int, int], Unit | None]:
    """Value, size and unit, from the options and the claim that they name."""
    value, size, unit = args.value, args.items or args.words, args.unit
    claim = _claim(args)
    if claim is not None:
        value = value or claim.value
        if size is None and claim.expected_rows:
            size = (claim.expected_rows, claim.expected_rows)
        if unit is None and claim.unit == "count":
            raise InputError("the claim is a count, not a share", where="--claim", fix="Counts are not tested.")
        unit = unit or claim.unit
    if value is None or size is None:
        raise InputError("a value and --items or --words are needed", fix="For instance: feasible 93.33 --items 1241.")
    return value, size, unit


def _answer(value: str, unit: Unit, kind: Kind, size: tuple[int, int]) -> Feasibility:
    from tasks.statistics.feasibility import MAX_SIZES, feasibility

    answer = feasibility(value, unit=unit, kind=kind, n=size)
    if answer is None:
        raise InputError(f"the range is wider than {MAX_SIZES} sizes", where="--items", fix="Narrow it.")
    return answer


def _as_json(answer: Feasibility) -> dict[str, Any]:
    witness, power = answer.witness, answer.power
    return {
        "possible": answer.possible,
        "witness": None if witness is None else {"k": witness.k, "n": witness.n, "rule": witness.rule},
        "impossible_numbers": None if power is None else {"impossible": power.impossible, "of": power.strings},
        "certificate": None if answer.certificate is None else answer.certificate.as_json(),
    }


def _print(value: str, unit: Unit, answer: Feasibility) -> None:
    form = "as a percentage" if unit == "percent" else "as a fraction"
    if answer.power and not answer.power.impossible:
        print("The test has no power here: over this size, every number of this form is possible.")
    elif answer.power:
        print(f"{answer.power.impossible} of {answer.power.strings} numbers of this form are impossible here.")
    if answer.witness:
        print(f"{value} is possible {form}: {answer.witness.k} of {answer.witness.n} ({answer.witness.rule})")
        return
    assert answer.certificate is not None
    print(f"{value} is impossible {form}.")
    for gap in answer.certificate.gaps[:3]:
        above = f", {gap.above} is too many" if gap.above is not None else ", and there are no more"
        print(f"  of {gap.n}: {gap.below} is too few{above}")
