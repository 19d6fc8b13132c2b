"""The options of `repro-audit judge`."""

from __future__ import annotations

import argparse
from pathlib import Path

from audit.judge.openai_server import KEY_VARIABLE, URL_VARIABLE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommands and their options."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_run(commands.add_parser("run", help="ask a judge about every output that it has not judged yet"))
    sample = commands.add_parser("sample", help="write a sheet of outputs for a person to judge")
    _add_common(sample)
    sample.add_argument("--size", type=_positive, default=100, metavar="N", help="rows (default 100)")
    sample.add_argument("--seed", type=int, default=0, metavar="N", help="which sample (default 0)")
    sample.add_argument("--out", type=Path, required=True, metavar="FILE.csv", help="where the sheet goes")
    sample.add_argument("--force", action="store_true", help="overwrite a sheet that is there")
    imported = commands.add_parser("import-human", help="read a sheet that a person has filled in")
    _add_common(imported)
    imported.add_argument("sheet", type=Path, help="the sheet, as CSV UTF-8")
    imported.add_argument("--person", required=True, metavar="NAME", help="who judged; a name or a pseudonym")
    stored = commands.add_parser("import-replies", help="take the replies that imported outputs carry")
    _add_common(stored)
    stored.add_argument("--judge", required=True, metavar="NAME", help="the model that gave them")
    stored.add_argument("--field", default="judge_response", metavar="NAME", help="where in extra they are")
    agreement = commands.add_parser("agreement", help="how far judges agree, and what the score depends on")
    _add_common(agreement)
    agreement.add_argument("--replicates", type=_positive, default=1000, metavar="N", help="of the bootstrap")
    agreement.add_argument("--seed", type=int, default=0, metavar="N", help="of the bootstrap (default 0)")
    agreement.add_argument("--claim", metavar="VALUE", help="the reported value, as printed (0.41)")
    agreement.add_argument("--percent", action="store_true", help="the reported value is in percent")
    agreement.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, too")
    status = commands.add_parser("status", help="what is judged, what is missing; checks it without any judge")
    status.add_argument("--predictions", type=Path, default=Path("predictions"), metavar="DIR")
    status.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, too")


def _positive(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return value


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--task", required=True, metavar="ID", help="the task, for instance sqqa-wikiqa")
    parser.add_argument("--convention", required=True, metavar="ID", help="for instance paper-judge")
    parser.add_argument("--metric", default="accuracy", choices=("accuracy", "following-rate"))
    parser.add_argument(
        "--predictions",
        type=Path,
        default=Path("predictions"),
        metavar="DIR",
        help="the folder with TASK.jsonl; judgements go beside it (default: predictions)",
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
        help=f"variable with the key (default {KEY_VARIABLE})",
    )
    who.add_argument("--backend", metavar="NAME", help="keep replies under this name, not under the address")
    who.add_argument("--local", type=Path, metavar="DIR", help="a model in this folder, instead of a server")
    who.add_argument("--device", default="cpu", help="for --local (default cpu)")
    asked = parser.add_argument_group("what is asked, and how")
    asked.add_argument("--variant", default="", choices=("swapped", "padded"), help="probe position or verbosity")
    asked.add_argument("--template", metavar="FILE.json", help="another prompt than the convention's")
    asked.add_argument("--repeats", type=_positive, default=1, metavar="N", help="ask so many times (default 1)")
    asked.add_argument("--temperature", metavar="X", help="default: as the convention's source has it")
    asked.add_argument("--top-p", metavar="X", help="the same")
    asked.add_argument("--seed", type=int, metavar="N", help="the same; goes up by one a repeat")
    asked.add_argument("--reply-tokens", type=_positive, metavar="N", help="the longest reply (default 512)")
    asked.add_argument("--extra", metavar="JSON", help="further fields of the request's body")
    limits = parser.add_argument_group("how much, how fast")
    limits.add_argument("--max-requests", type=_positive, metavar="N", help="stop after so many requests")
    limits.add_argument("--max-tokens", type=_positive, metavar="N", help="stop before so many tokens are spent")
    limits.add_argument("--concurrency", type=_positive, default=8, metavar="N", help="at once (default 8)")
    limits.add_argument("--timeout", type=float, default=120.0, metavar="S", help="for a reply (default 120)")
    limits.add_argument("--retries", type=_positive, default=8, metavar="N", help="attempts (default 8)")
    limits.add_argument("--retry-wait", type=float, default=0.5, metavar="S", help="the first wait (default 0.5)")
    limits.add_argument("--stream", action="store_true", help="ask for replies piece by piece")
    limits.add_argument("--token-field", default="max_tokens", metavar="NAME", help="or max_completion_tokens")
    limits.add_argument("--cache", type=Path, metavar="DIR", help="replies (default: PREDICTIONS/judge-cache)")
