"""`repro-audit plan`: say beforehand which units are scored in which order, and what settles a claim."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from audit.cli import key_options
from audit.cli.json_output import add_json, plain, say, show
from audit.cli.options import add_data_arguments, set_options
from audit.errors import InputError

if TYPE_CHECKING:
    from audit.analysis.sampling.plan import Plan
    from tasks.row import Row

HELP = """Plan a sample: the random order of a set's units, the conventions, margin and risk that count, and when to
stop. The plan lies beside the predictions that will follow it; `infer --until-settled` follows it, `run` gives verdicts by
its bounds, and `verify` checks that what was run is what was planned. Prints how many units are likely needed if the claim is
true, and if it is off by 1, 2 or 5 margins."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("task", help="the task's id, for instance asr-librispeech-clean")
    parser.add_argument("--run", dest="run_name", metavar="NAME", help="the run TASK@NAME that will follow the plan")
    parser.add_argument("--out", type=Path, default=Path("predictions"), metavar="DIR",
                        help="the folder of the predictions (default: %(default)s)")  # fmt: skip
    claims = parser.add_argument_group("the claims")
    claims.add_argument(
        "--claim", action="append", default=[], metavar="VALUE", help="a value as printed; may be repeated"
    )
    claims.add_argument("--study", metavar="PATH-OR-ID", help="a study; without --claim, all its claims on the task")
    claims.add_argument("--metric", metavar="ID", help="of --claim (default: the study's)")
    claims.add_argument("--unit", choices=("percent", "fraction"), help="of --claim (default: the study's)")
    claims.add_argument("--margin", metavar="NUMBER", help="of --claim (default: the study's)")
    claims.add_argument("--convention", action="append", default=[], metavar="ID[=WEIGHT]",
                        help="counts for the claims, with its share of the risk (default: all, in equal parts)")  # fmt: skip
    claims.add_argument("--risk", default="0.05", metavar="NUMBER",
                        help="the chance that any bound ever misses its value (default: %(default)s)")  # fmt: skip
    claims.add_argument("--max-words", type=int, metavar="N",
                        help="the most words that an output can have; without it, error rates have no upper bound "
                        "before the last unit")  # fmt: skip
    claims.add_argument("--judgements", action="store_true", help="sample judgements of outputs that are at hand")
    add_data_arguments(parser)
    parser.add_argument("--units", type=Path, metavar="FILE",
                        help="instead of --data or --manifest: a predictions file with the ids and references of the "
                        "set; its outputs are not read")  # fmt: skip
    order = parser.add_argument_group("the order")
    order.add_argument("--seed", metavar="TEXT", help="a given seed (default: drawn)")
    order.add_argument("--public-seed", metavar="WORDS",
                       help="derive the seed from a value that is published later, such as 'the first block of "
                       "Bitcoin mined on 2026-12-01'")  # fmt: skip
    order.add_argument("--after", metavar="DATE", help="with --public-seed: the date on or after which it is published")
    order.add_argument("--draw", metavar="VALUE", help="the public value; draws the seed of the plan that is in --out")
    order.add_argument("--published", metavar="DATE", help="with --draw: when the value was published")
    order.add_argument("--strata", type=int, default=1, metavar="N",
                       help="take one unit of each of N strata by length of the reference at a time")  # fmt: skip
    parser.add_argument("--audits", type=int, default=50, metavar="N",
                        help="simulated audits for the number of units needed; 0 for none (default: %(default)s)")  # fmt: skip
    add_json(parser)
    group = parser.add_argument_group("registration")
    group.add_argument("--register", action="store_true",
                       help="sign the plan that is in --out, or the new one, and write its claims as PRML")  # fmt: skip
    group.add_argument("--timestamp", metavar="URL", help="with --register: ask this RFC 3161 server for a time stamp")
    key_options.add_arguments(group, ephemeral=True)  # type: ignore[arg-type]  # a group takes options as a parser does


def run(args: argparse.Namespace) -> int:
    """Make, draw or register a plan."""
    from audit.analysis.sampling.plan_files import plan_path
    from audit.scoring.predictions import file_stem

    if args.timestamp is not None and not args.register:
        raise InputError("a time stamp covers a registration", where="--timestamp", fix="Add --register.")
    path = plan_path(args.out, file_stem(args.task, args.run_name), "judgements" if args.judgements else "outputs")
    written: list[Path] = []
    made = None
    if args.draw is not None:
        written.append(_draw(args, path))
    elif not (args.register and path.exists()):
        made, file = _make(args)
        written.append(file)
    if args.register:
        written += _register(args, path)
    if args.json:
        show(args, (), lambda: {
            "plan": plain(made), "sha256": None if made is None else made.sha256, "written": plain(written),
        })  # fmt: skip
    return 0


def _make(args: argparse.Namespace) -> tuple[Plan, Path]:
    from audit import api
    from audit.pipeline.plan_design import write_plan
    from audit.pipeline.request import ClaimRequest, PlanRequest

    study = None if args.study is None else api.load_study(args.study)
    if args.claim and len(args.claim) > 1 and args.metric is None:
        raise InputError(
            "several values of one metric", where="--claim", fix="Give --metric, or --study for its claims."
        )
    request = PlanRequest(
        task=args.task,
        rows=_rows(args),
        claims=tuple(ClaimRequest(value, args.metric, args.unit, None, args.margin) for value in args.claim),
        study=study,
        run=args.run_name,
        sampled="judgements" if args.judgements else "outputs",
        risk=args.risk,
        conventions=tuple(_weighted(text) for text in args.convention),
        cap=args.max_words,
        strata=args.strata,
        seed=args.seed,
        public=args.public_seed,
        after=args.after,
        audits=args.audits,
    )
    plan = api.plan(request)
    path = write_plan(plan, args.out)
    if not args.json:
        print("\n".join(_lines(plan)))
    say(args, f"written: {path} (SHA-256 {plan.sha256})")
    return plan, path


def _weighted(text: str) -> tuple[str, int]:
    name, sign, weight = text.partition("=")
    if sign and not (weight.isascii() and weight.isdecimal() and int(weight) > 0):
        raise InputError(f"not a weight: {weight!r}", where="--convention", fix="Write it like verbatim=2.")
    return name, int(weight) if sign else 1


def _rows(args: argparse.Namespace) -> tuple[Row, ...]:
    """The set's units with their references."""
    from tasks.row import Row

    if args.limit is not None:
        raise InputError(
            "a plan is of the whole set", where="--limit", fix="Omit it; the plan stops when it is settled."
        )
    if args.units is not None:
        if args.data is not None or args.manifest is not None:
            raise InputError("the set is given twice", where="--units", fix="Omit --data and --manifest.")
        from audit import api

        return tuple(api.load_predictions(args.units, args.task).rows)
    if args.manifest is not None and args.data is None:
        from tasks.datasets import manifest as manifests
        from tasks.datasets.errors import DatasetError

        try:
            found = manifests.read(args.manifest)
        except DatasetError as error:
            from audit.inference.dataset_errors import explain

            raise explain(error) from None
    elif args.data is not None:
        from audit.inference.job import read_manifest

        found = read_manifest(set_options(args), args.task, lambda text: say(args, text))
    else:
        raise InputError("the set's units are not known", fix="Give --manifest FILE, --data FOLDER or --units FILE.")
    return tuple(Row(item.id, None, item.reference, extra=dict(item.extra)) for item in found.items)


def _draw(args: argparse.Namespace, path: Path) -> Path:
    from audit.pipeline.plan_design import draw_seed

    if args.published is None:
        raise InputError("when the value was published is not said", where="--draw", fix="Give --published DATE.")
    drawn = draw_seed(path, args.draw, args.published)
    say(args, f"written: {drawn}")
    return drawn


def _register(args: argparse.Namespace, path: Path) -> list[Path]:
    from audit.pipeline.plan_registration import register
    from audit.provenance.signing import timestamp

    requester = None if args.timestamp is None else timestamp.http(args.timestamp)
    files = list(register(path, key_options.load(args), requester))
    for file in files:
        say(args, f"written: {file}")
    if args.key is None:
        say(args, "signed by a key made for this plan: it shows that the plan is unchanged, not who made it")
    if requester is None:
        say(args, "no time stamp: that the plan precedes the run rests on its signer's word")
    return files


def _lines(plan: Plan) -> list[str]:
    strata = "" if plan.strata == 1 else f", in blocks of {plan.strata} strata by length"
    what = "judgements" if plan.sampled == "judgements" else "units"
    lines = [f"{plan.task}: {len(plan.units)} {what}{strata}; risk {plan.risk} in all"]
    for number, claim in enumerate(plan.claims):
        lines.append(f"{claim.metric} {claim.value} {claim.unit}, margin {claim.margin}")
        for one in claim.conventions:
            bound = {"sums": "approximate: never enough for reproduced"}.get(one.kind, "exact")
            if one.kind in {"errors", "row-errors"}:
                bound += f", at most {one.cap} words an output" if one.cap else ", no upper bound before the last unit"
            lines.append(f"  {one.id}: risk {one.risk}, {bound}")
        for item in (item for item in plan.expected if item.claim == number):
            case = "if it is true" if item.off_by == 0 else f"if it is worse, {item.off_by} margins beyond the margin"
            lines.append(f"  {case}: likely {item.median} units, in nine of ten audits at most {item.most}")
    if plan.seed.origin == "public":
        lines.append(f"The order follows from {plan.seed.source}, published on or after {plan.seed.after}:")
        lines.append(f"  repro-audit plan {plan.task} --draw VALUE --published DATE")
    else:
        lines.append(
            f"The seed was {plan.seed.origin}: that several orders were drawn, and one chosen, cannot be excluded"
        )
    return lines
