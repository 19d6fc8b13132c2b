"""`repro-audit feasible`: whether a printed share or error rate is possible."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from audit.errors import InputError

if TYPE_CHECKING:
    from tasks.statistics.feasibility import Feasibility, Kind
    from tasks.statistics.printed import Unit

HELP = """Test whether a printed number can be a whole number of items over a set's size, under any rounding rule.
The exit code is 0 if it can and 1 if it is impossible. --check re-checks an existing certificate."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("value", nargs="?", help="as printed; trailing zeros count")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--items", type=_size, metavar="N[-M]", help="an accuracy over N items")
    size.add_argument("--words", type=_size, metavar="N[-M]", help="an error rate over N reference words")
    parser.add_argument("--unit", choices=("percent", "fraction"), help="default: the claim's; without a claim, both")
    parser.add_argument("--claim", metavar="ID", help="take value, unit and size from a study's claim")
    parser.add_argument("--study", default="salmonn", metavar="ID", help="whose claim it is (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write a certificate if the value is impossible")
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
    from tasks.statistics.feasibility import check

    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"the certificate cannot be read ({error})", where=str(path), fix="Check the path.") from error
    if not isinstance(data, dict):
        raise InputError("is not a certificate", where=str(path), fix="Give a file that --json wrote.")
    check(data)
    sizes = [gap["n"] for gap in data["gaps"]]
    over = str(sizes[0]) if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    print(f"holds: no whole number over {over} prints {data['value']} ({data['unit']}, {data['kind']})")
    return 0


def _test(args: argparse.Namespace) -> int:
    from audit._util import canonical_json
    from audit._util.files import write_atomic

    value, size, unit = _asked(args)
    kind: Kind = "error-rate" if args.words else "share"
    wanted: tuple[Unit, ...] = (unit,) if unit else ("percent", "fraction")
    answers = {u: _answer(value, u, kind, size) for u in wanted}
    possible = [u for u, answer in answers.items() if answer.possible]
    # If neither unit can print it, a number above 1 is read as a percentage.
    natural: Unit = unit or ("fraction" if value.startswith(("0", "1.0")) or value == "1" else "percent")
    for u in possible or [natural]:
        _print(value, u, answers[u])
    if not possible and unit:
        other: Unit = "fraction" if unit == "percent" else "percent"
        witness = _answer(value, other, kind, size).witness
        if witness:
            print(f"In the other unit it is possible: as a {other}, {witness.k} of {witness.n} ({witness.rule}).")
    certificate = answers[natural].certificate
    if not possible and args.json is not None and certificate is not None:
        write_atomic(args.json, canonical_json.dumps(certificate.as_json()))
        print(f"written: {args.json}")
    return 0 if possible else 1


def _asked(args: argparse.Namespace) -> tuple[str, tuple[int, int], Unit | None]:
    """Value, size and unit, from the options and the claim that they name."""
    value, size, unit = args.value, args.items or args.words, args.unit
    if args.claim is not None:
        from audit import api

        claims = {c.id: c for c in api.load_study(args.study).claims}
        if args.claim not in claims:
            raise InputError(
                f"the study has no claim {args.claim!r}", where="--claim", fix=f"Claims: {', '.join(claims)}."
            )
        claim = claims[args.claim]
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
