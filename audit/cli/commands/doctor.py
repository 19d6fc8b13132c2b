"""`repro-audit doctor`: what is there, what is missing, and how to get it."""

from __future__ import annotations

import argparse
import importlib.util
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit._util import own_tasks
from audit.inference.layouts import SetLocation

HELP = """Check what this machine has for scoring, reports and inference, and say for every missing part how to get it.
Exit code 3 only if something is missing that the default audit needs."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One part: whether it is there, whether the default audit needs it, and how to get it."""

    name: str
    ok: bool
    needed: bool
    detail: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--model", type=Path, metavar="FILE", help="model.yaml of a checkpoint, to check its files")
    parser.add_argument("--data", action="append", default=[], metavar="TASK=DIR", help="a task's data, to check them")
    parser.add_argument(
        "--batch", type=int, default=1, metavar="N", help="clips at a time, for the memory (default: 1)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the findings; 3 if a part that the default audit needs is missing."""
    from audit.inference.dataset_errors import folders

    sets = [SetLocation(task, folder) for task, folder in folders(args.data).items()]
    return report(sets, args.model, args.batch)


def report(sets: Sequence[SetLocation], model: Path | None, batch: int, *, tasks: Iterable[str] | None = None) -> int:
    """Print the findings for these test sets and this model; the exit code.

    Args:
        sets: Where test sets lie.
        model: model.yaml, if there is one.
        batch: Clips at a time.
        tasks: Whose data are spoken of; by default, every task's.
    """
    findings = [*(check() for check in CHECKS), *_inference(sets, model, batch, tasks)]
    for item in findings:
        state = "ok" if item.ok else ("MISSING" if item.needed else "absent")
        print(f"{state:<8} {item.name:<34} {item.detail}")
    return 3 if any(item.needed and not item.ok for item in findings) else 0


def _api() -> Finding:
    """Whether a notebook that is started in the current folder reaches the API."""
    here = Path.cwd()
    hiding = {name: f"./{path.relative_to(here)}" for name, path in own_tasks.hiding(here).items()}
    if "audit" in hiding:
        text = f"{hiding['audit']} hides the API in this folder: rename it, or start Python elsewhere"
    elif "tasks" in hiding:
        text = f"the API takes its own `tasks`; {hiding['tasks']} cannot be imported beside it"
    else:
        text = "nothing in this folder hides the API"
    return Finding("import audit", "audit" not in hiding, False, text)


def _libraries() -> Finding:
    from audit.document.build import SCORING_LIBRARIES, software

    missing = sorted(set(SCORING_LIBRARIES) - set(software()["packages"]))
    text = f"missing: {', '.join(missing)}; run pip install repro-audit" if missing else "all scoring libraries"
    return Finding("libraries", not missing, True, text)


def _tokenizers() -> Finding:
    from tasks.steps.tokenise import TOK_JA_MECAB, TOK_ZH

    try:
        TOK_JA_MECAB("日本語")
        TOK_ZH("中文")
    except (RuntimeError, AssertionError, ImportError) as error:
        return Finding("tokenizers", False, True, f"{error}; run pip install 'sacrebleu[ja]'")
    return Finding("tokenizers", True, True, "sacreBLEU with MeCab and IPADIC")


def _conventions() -> Finding:
    from tasks.registry import conventions

    known = conventions()
    reasons = [r for c in known.values() if (r := c.unavailable())]
    text = f"{len(known) - len(reasons)} of {len(known)} can be computed here"
    return Finding("conventions", True, True, text)


def _pdf() -> Finding:
    from audit.report.requirements import pdf_problem

    problem = pdf_problem()
    return Finding("PDF", problem is None, False, problem or "Pango and fonts for Latin, Chinese, Japanese and Korean")


def _program(name: str, what: str, package: str) -> Callable[[], Finding]:
    def check() -> Finding:
        path = shutil.which(name)
        return Finding(name, path is not None, False, what if path else f"{what}: apt-get install {package}")

    return check


def _extra(module: str, extra: str, what: str) -> Callable[[], Finding]:
    def check() -> Finding:
        there = importlib.util.find_spec(module) is not None
        return Finding(module, there, False, what if there else f"{what}: pip install 'repro-audit[{extra}]'")

    return check


def _captions(name: str, problem: Callable[[], Callable[[], str | None]], what: str) -> Callable[[], Finding]:
    def check() -> Finding:
        reason = problem()()
        return Finding(name, reason is None, False, reason or what)

    return check


def _meteor() -> Callable[[], str | None]:
    from tasks.metrics.meteor import meteor_unavailable

    return meteor_unavailable


def _ptb() -> Callable[[], str | None]:
    from tasks.steps.ptb import ptb_unavailable

    return ptb_unavailable


def _spice() -> Callable[[], str | None]:
    from tasks.metrics.spice import spice_unavailable

    return spice_unavailable


def _wordnet() -> Callable[[], str | None]:
    from tasks.backends.wordnet import wordnet_unavailable

    return wordnet_unavailable


def _inference(
    sets: Sequence[SetLocation], model: Path | None, batch: int, tasks: Iterable[str] | None
) -> list[Finding]:
    from audit.inference.checks import check
    from audit.inference.settings import SETTINGS

    found = check(model, sets, batch, SETTINGS if tasks is None else tasks)
    return [Finding(f"{f.part} ({f.task})", f.ok, False, f.detail) for f in found]


CHECKS: tuple[Callable[[], Finding], ...] = (
    _api,
    _libraries,
    _tokenizers,
    _conventions,
    _pdf,
    _program("java", "METEOR, SPICE and PTB tokens of captions", "default-jre-headless"),
    _captions("METEOR 1.5", _meteor, "the jar and Java"),
    _captions("PTB tokens", _ptb, "the jar and Java"),
    _captions("SPICE", _spice, "the jar, CoreNLP's models and Java"),
    _captions("WordNet 3.0", _wordnet, "for nltk's METEOR"),
    _extra("redis", "redis", "imports from a Redis server"),
    _extra("openai", "judge", "judges behind a server"),
    _extra("ray", "ray", "shards on a cluster"),
)
