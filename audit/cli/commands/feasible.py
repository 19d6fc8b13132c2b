"""`repro-audit feasible`: whether a printed share or error rate can occur at all."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from audit.errors import InputError

HELP = """Say whether a printed number can be a whole number of items over a set's size, under any rounding rule.
Ends with 0 if it can, with 1 if it is impossible. --check re-checks a certificate that was written before."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("value", nargs="?", help="as it is printed: trailing zeros count")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--items", type=_size, metavar="N[-M]", help="an accuracy over so many items")
    size.add_argument("--words", type=_size, metavar="N[-M]", help="an error rate over so many reference words")
    parser.add_argument("--unit", choices=("percent", "fraction"), default="percent", help="default: %(default)s")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the certificate, if it is impossible")
    parser.add_argument("--check", type=Path, metavar="FILE", help="re-check this certificate instead")


def _size(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    if not (low.isascii() and low.isdigit()) or (high and not (high.isascii() and high.isdigit())):
        raise argparse.ArgumentTypeError(f"{text!r} is no number, and no range such as 52000-53000")
    return int(low), int(high or low)


def run(args: argparse.Namespace) -> int:
    """Test, print, and give 1 for an impossible value."""
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
        raise InputError(f"no certificate can be read ({error})", where=str(path), fix="Check the path.") from error
    if not isinstance(data, dict):
        raise InputError("is no certificate", where=str(path), fix="Give a file that --json wrote.")
    check(data)
    sizes = [gap["n"] for gap in data["gaps"]]
    over = str(sizes[0]) if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    print(f"holds: no whole number over {over} prints {data['value']} ({data['unit']}, {data['kind']})")
    return 0


def _test(args: argparse.Namespace) -> int:
    from audit._util import canonical_json
    from audit._util.files import write_atomic
    from tasks.statistics.feasibility import MAX_SIZES, feasibility

    size = args.items or args.words
    if args.value is None or size is None:
        raise InputError("a value and --items or --words are needed", fix="For instance: feasible 93.33 --items 1241.")
    answer = feasibility(args.value, unit=args.unit, kind="share" if args.items else "error-rate", n=size)
    if answer is None:
        raise InputError(f"the range is wider than {MAX_SIZES} sizes", where="--items", fix="Narrow it.")
    if answer.power and not answer.power.impossible:
        print("The test has no power here: over so many, every number of this form is possible.")
    elif answer.power:
        print(f"{answer.power.impossible} of {answer.power.strings} numbers of this form are impossible here.")
    if answer.witness:
        print(f"{args.value} is possible: {answer.witness.k} of {answer.witness.n} ({answer.witness.rule})")
        return 0
    assert answer.certificate is not None
    print(f"{args.value} is impossible.")
    for gap in answer.certificate.gaps[:3]:
        above = f", {gap.above} is too many" if gap.above is not None else ", and there are no more"
        print(f"  of {gap.n}: {gap.below} is too few{above}")
    if args.json is not None:
        write_atomic(args.json, canonical_json.dumps(answer.certificate.as_json()))
        print(f"written: {args.json}")
    return 1
