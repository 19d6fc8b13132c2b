"""What this machine has for scoring, reports and inference, and how to get what is missing."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit._util import own_tasks
from audit.inference.layouts import SetLocation


@dataclass(frozen=True, slots=True)
class Part:
    """One part: whether it is installed, whether the default audit needs it, and how to get it."""

    name: str
    ok: bool
    needed: bool
    detail: str

    @property
    def line(self) -> str:
        """One line for a terminal."""
        state = "ok" if self.ok else ("MISSING" if self.needed else "absent")
        return f"{state:<8} {self.name:<34} {self.detail}"


def examine(
    sets: Sequence[SetLocation] = (), model: Path | None = None, batch: int = 1, tasks: Iterable[str] | None = None
) -> list[Part]:
    """Every part of scoring and reports, then what inference on these test sets needs.

    Args:
        sets: Where test sets lie.
        model: model.yaml; None without one.
        batch: Clips per batch.
        tasks: Whose data are checked; None for every task's.
    """
    return [*(check() for check in CHECKS), *_inference(sets, model, batch, tasks)]


def complete(parts: Iterable[Part]) -> bool:
    """Whether everything that the default audit needs is installed."""
    return all(part.ok or not part.needed for part in parts)


def _api() -> Part:
    """Whether a notebook started in the current folder can import the API."""
    here = Path.cwd()
    hiding = {name: f"./{path.relative_to(here)}" for name, path in own_tasks.hiding(here).items()}
    if "audit" in hiding:
        text = f"{hiding['audit']} hides the API in this folder: rename it, or start Python elsewhere"
    elif "tasks" in hiding:
        text = f"the API takes its own `tasks`; {hiding['tasks']} cannot be imported beside it"
    else:
        text = "nothing in this folder hides the API"
    return Part("import audit", "audit" not in hiding, False, text)


def _libraries() -> Part:
    from audit.document.build import SCORING_LIBRARIES, software

    missing = sorted(set(SCORING_LIBRARIES) - set(software().packages))
    text = f"missing: {', '.join(missing)}; run pip install repro-audit" if missing else "all scoring libraries"
    return Part("libraries", not missing, True, text)


def _tokenizers() -> Part:
    from tasks.steps.tokenise import TOK_JA_MECAB, TOK_ZH

    try:
        TOK_JA_MECAB("日本語")
        TOK_ZH("中文")
    except (RuntimeError, AssertionError, ImportError) as error:
        return Part("tokenizers", False, True, f"{error}; run pip install 'sacrebleu[ja]'")
    return Part("tokenizers", True, True, "sacreBLEU with MeCab and IPADIC")


def _conventions() -> Part:
    from audit.literature.known_tasks import conventions_of

    known = conventions_of()
    reasons = [r for c in known.values() if (r := c.unavailable())]
    text = f"{len(known) - len(reasons)} of {len(known)} can be computed here"
    return Part("conventions", True, True, text)


def _pdf() -> Part:
    from audit.report.requirements import pdf_problem

    problem = pdf_problem()
    return Part("PDF", problem is None, False, problem or "Pango and fonts for Latin, Chinese, Japanese and Korean")


def _program(name: str, what: str, package: str) -> Callable[[], Part]:
    def check() -> Part:
        path = shutil.which(name)
        return Part(name, path is not None, False, what if path else f"{what}: apt-get install {package}")

    return check


def _extra(module: str, extra: str, what: str) -> Callable[[], Part]:
    def check() -> Part:
        there = importlib.util.find_spec(module) is not None
        return Part(module, there, False, what if there else f"{what}: pip install 'repro-audit[{extra}]'")

    return check


def _captions(name: str, problem: Callable[[], Callable[[], str | None]], what: str) -> Callable[[], Part]:
    def check() -> Part:
        reason = problem()()
        return Part(name, reason is None, False, reason or what)

    return check


def _asset(name: str) -> Callable[[], Part]:
    def check() -> Part:
        from tasks.backends.asset_files import state
        from tasks.backends.assets import ASSETS, place

        asset = ASSETS[name]
        found = state(asset, place(asset))
        return Part(f"asset {name}", found.state in {"here", "installed"}, False, found.detail)

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


def _inference(sets: Sequence[SetLocation], model: Path | None, batch: int, tasks: Iterable[str] | None) -> list[Part]:
    from audit.inference.checks import check
    from audit.inference.settings import SETTINGS

    found = check(model, sets, batch, SETTINGS if tasks is None else tasks)
    return [Part(f"{f.part} ({f.task})", f.ok, False, f.detail) for f in found]


def _outputs() -> Part:
    from audit.literature.outputs.records import load_outputs
    from audit.literature.outputs.store import Store, default_folder

    store = Store(default_folder())
    known = [one for one in load_outputs() if one.file.sha256 is not None]
    here = sum(store.has(one) for one in known)
    text = f"{here} of {len(known)} files that others published, in {store.folder}"
    return Part("public outputs", here > 0, False, text if here else f"{text}; run repro-audit outputs fetch")


CHECKS: tuple[Callable[[], Part], ...] = (
    _api,
    _libraries,
    _tokenizers,
    _conventions,
    _pdf,
    _program("java", "METEOR, SPICE and PTB tokens of captions", "default-jre-headless"),
    _captions("METEOR 1.5", _meteor, "the jar and Java"),
    _captions("PTB tokens", _ptb, "the jar and Java"),
    _captions("SPICE", _spice, "the jar, CoreNLP's models, a JavaScript engine and Java"),
    _asset("corenlp"),
    _asset("rhino"),
    _asset("flores101"),
    _captions("WordNet 3.0", _wordnet, "for nltk's METEOR"),
    _outputs,
    _extra("redis", "redis", "imports from a Redis server"),
    _extra("openai", "judge", "judges behind a server"),
    _extra("ray", "ray", "shards on a cluster"),
)
