"""The options of `repro-audit judge`."""

from __future__ import annotations

import argparse
from pathlib import Path

from audit.cli.json_output import add_json
from audit.judge.openai_server import KEY_VARIABLE, URL_VARIABLE
from tasks.judging.parsers import PARSERS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommands and their options."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_run(commands.add_parser("run", help="ask a judge about every output that it has not judged yet"))
    sample = commands.add_parser("sample", help="write a sheet of outputs for a person to judge")
    _add_common(sample)
    sample.add_argument("--size", type=_positive, default=100, metavar="N", help="rows (default 100)")
    sample.add_argument("--seed", type=int, default=0, metavar="N", help="of the sample (default 0)")
    sample.add_argument("--out", type=Path, required=True, metavar="FILE.csv", help="where the sheet goes")
    sample.add_argument("--plan", type=Path, metavar="FILE",
                        help="take the first rows of a plan of judgements (`repro-audit plan --judgements`)")  # fmt: skip
    sample.add_argument("--force", action="store_true", help="overwrite an existing sheet")
    imported = commands.add_parser("import-human", help="read a sheet that a person has filled in")
    _add_common(imported)
    imported.add_argument("sheet", type=Path, help="the sheet, as UTF-8 CSV")
    imported.add_argument("--person", required=True, metavar="NAME", help="who judged; a name or a pseudonym")
    stored = commands.add_parser("import-replies", help="use the replies stored in imported outputs")
    _add_common(stored)
    stored.add_argument("--judge", required=True, metavar="NAME", help="the model that gave them")
    stored.add_argument("--field", default="judge_response", metavar="NAME", help="the field of extra that holds them")
    agreement = commands.add_parser("agreement", help="measure how far judges agree and what the score depends on")
    _add_common(agreement)
    agreement.add_argument("--replicates", type=_positive, default=1000, metavar="N", help="of the bootstrap")
    agreement.add_argument("--seed", type=int, default=0, metavar="N", help="of the bootstrap (default 0)")
    agreement.add_argument(
        "--parser",
        choices=sorted(PARSERS),
        metavar="NAME",
        help=f"parse the stored replies with another parser: {', '.join(sorted(PARSERS))}",
    )
    agreement.add_argument("--claim", metavar="VALUE", help="the reported value, as printed (0.41)")
    agreement.add_argument("--percent", action="store_true", help="the reported value is in percent")
    add_json(agreement, "also write all figures as JSON")
    status = commands.add_parser("status", help="show what is judged and what is missing; calls no judge")
    status.add_argument(
        "--predictions", type=Path, default=Path("predictions"), metavar="PATH", help="a file, or the folder of files"
    )
    add_json(status, "also write all figures as JSON")


def _positive(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive integer")
    return value


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--task", required=True, metavar="ID", help="the task, for instance sqqa-wikiqa")
    parser.add_argument("--convention", required=True, metavar="ID", help="for instance paper-judge")
    parser.add_argument("--metric", default="accuracy", choices=("accuracy", "following-rate"))
    parser.add_argument(
        "--predictions",
        type=Path,
        default=Path("predictions"),
        metavar="PATH",
        help="the file, or the folder that holds TASK.jsonl; judgements go beside it (default: predictions)",
    )


def _add_run(parser: argparse.ArgumentParser) -> None:
    _add_common(parser)
    who = parser.add_argument_group("the judge")
    who.add_argument("--model", metavar="NAME", help="the model, as the server names it")
    who.add_argument("--base-url", metavar="URL", help=f"the server (default: ${URL_VARIABLE})")
    who.add_argument(
        "--key-env",
        default=KEY_VARIABLE,
        metavar="NAME",
        help=f"environment variable with the API key (default {KEY_VARIABLE})",
    )
    who.add_argument("--backend", metavar="NAME", help="store replies under this name instead of the address")
    who.add_argument("--local", type=Path, metavar="DIR", help="use the model in this folder instead of a server")
    who.add_argument("--device", default="cpu", help="for --local (default cpu)")
    asked = parser.add_argument_group("the request")
    asked.add_argument("--variant", default="", choices=("swapped", "padded"), help="probe position or verbosity")
    asked.add_argument("--template", metavar="FILE.json", help="a prompt to use instead of the convention's")
    asked.add_argument("--repeats", type=_positive, default=1, metavar="N", help="ask N times (default 1)")
    asked.add_argument("--temperature", metavar="X", help="default: as in the convention's source")
    asked.add_argument("--top-p", metavar="X", help="default: as in the convention's source")
    asked.add_argument("--seed", type=int, metavar="N", help="default: likewise; increases by one per repeat")
    asked.add_argument("--reply-tokens", type=_positive, metavar="N", help="maximum length of a reply (default 512)")
    asked.add_argument("--extra", metavar="JSON", help="further fields of the request body")
    sample = parser.add_argument_group("a planned sample")
    sample.add_argument("--until-settled", action="store_true",
                        help="ask in the order of --plan, and stop paying once its claims are settled")  # fmt: skip
    sample.add_argument(
        "--plan", type=Path, metavar="FILE", help="a plan of judgements (`repro-audit plan --judgements`)"
    )
    limits = parser.add_argument_group("limits")
    limits.add_argument("--max-requests", type=_positive, metavar="N", help="stop after N requests")
    limits.add_argument("--max-tokens", type=_positive, metavar="N", help="stop before N tokens are used")
    limits.add_argument("--concurrency", type=_positive, default=8, metavar="N", help="requests at once (default 8)")
    limits.add_argument(
        "--timeout", type=float, default=120.0, metavar="S", help="seconds to wait for a reply (default 120)"
    )
    limits.add_argument("--retries", type=_positive, default=8, metavar="N", help="attempts (default 8)")
    limits.add_argument(
        "--retry-wait", type=float, default=0.5, metavar="S", help="seconds to the first retry (default 0.5)"
    )
    limits.add_argument("--stream", action="store_true", help="stream the replies")
    limits.add_argument("--token-field", default="max_tokens", metavar="NAME", help="or max_completion_tokens")
    limits.add_argument("--cache", type=Path, metavar="DIR", help="cache of replies (default: PREDICTIONS/judge-cache)")
