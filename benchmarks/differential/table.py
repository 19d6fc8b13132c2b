"""The conventions against the stored outputs of their sources, and the documentation's table of it.

python -m benchmarks.differential.table         writes docs/reference/differential.md
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.literature.known_tasks import conventions_of as conventions
from benchmarks.differential.outputs import FOLDER
from tasks.convention import Convention, first_failed
from tasks.row import Row
from tasks.step_cache import ChainCache
from tests.support.source_rows import SIZE, made

PAGE = FOLDER.parents[2] / "docs/reference/differential.md"
KNOWN = conventions()
_LAST = "For a question whose scores are all 0 the source looks at the last candidate of its file."
# Parts that differ, and why.
DECLARED: dict[str, tuple[int, str]] = {
    "sqqa-wikiqa.f1.wikiqa": (2, _LAST),
    "sqqa-wikiqa.precision.wikiqa": (2, _LAST),
    "story-audiocaps.diversity.appendix-e": (
        8,
        "The team's script counts a leading `<s>` as the word `s`; the convention is the paper's rule, not the script's.",
    ),
}
_JUDGE = "A judge's replies decide the value; their parsers are tested with the sources' forms (tests/tasks/judging)."
_COCO = (
    "The package that the source calls is compared with as it is installed (tests/tasks/metrics/test_coco_oracles.py)."
)
_SACREBLEU = "The installed sacreBLEU is compared with (tests/tasks/metrics/test_chrf.py, test_ter.py)."
_SPICE = "every row of a published evaluation is compared in tests/tasks/metrics/test_spice.py."
_NLTK = "nltk's METEOR is compared with (tests/tasks/metrics/test_nltk_meteor.py); the program downloads WordNet."
_SETTING = "A setting that the script names in comments or switches, with the steps of the variant compared above."
_GRID = "A rule of this project; no program has its name."
# (metric, convention) of records with public code whose program was not run, and why.
NOT_RUN: dict[tuple[str, str], str] = {
    **{("accuracy", f"{name}-judge"): _JUDGE for name in ("audiobench", "hufs", "jasco", "llaso", "paper", "sakura")},
    ("accuracy", "au-harness-judge"): _JUDGE,
    ("accuracy", "air-bench-align"): _JUDGE,
    ("accuracy", "audiobench-judge-binary"): _JUDGE,
    ("following-rate", "paper-judge"): _JUDGE,
    ("accuracy", "diva-eval"): "Needs the logits of the model's first token.",
    ("accuracy", "ltu-as"): "Needs text-embedding-ada-002.",
    ("wer", "ltu-as"): "Needs the transcripts of another recogniser.",
    ("bleu", "lmms-eval"): "Not computed here either: the rules of its Chinese text normaliser are not known.",
    ("bleu", "audiobench"): "Needs FLORES-101's SentencePiece model, a download.",
    ("bleu", "sacrebleu-13a"): "sacreBLEU itself is called.",
    **{(metric, "sacrebleu"): _SACREBLEU for metric in ("chrf", "chrfpp", "ter")},
    ("bleu", "sacrebleu-char"): "sacreBLEU itself is called.",
    **{(metric, "coco"): _COCO for metric in ("bleu", "rouge-l", "meteor", "cider")},
    **{(metric, "coco"): _SPICE for metric in ("spice", "spider")},
    ("meteor", "aac-metrics"): _COCO,
    ("spider", "aac-metrics"): _SPICE,
    ("cider", "hufs-coco"): _COCO,
    ("cider", "ltu"): _COCO,
    ("meteor", "hufs-coco"): _COCO,
    ("meteor", "hufs-coco-finished"): _COCO,
    **{("spider", name): _SPICE for name in ("hufs-coco", "hufs-coco-finished", "ltu", "nota-v1.1", "slam-llm")},
    ("spice", "hufs-coco"): _SPICE,
    **{("meteor", name): _NLTK for name in ("audiobench", "hufs-nltk", "hufs-nltk-finished")},
    **{("bleu", f"hufs-char{name}"): _SETTING for name in ("", "-kana", "-normalised", "-normalised-eos",
                                                          "-normalised-eos-kana",
                                                          "-normalised-finished")},
    ("bleu", "hufs-ja-mecab-kana"): _SETTING,
    **{(metric, name): _SETTING for metric in ("bleu", "rouge-l") for name in ("hufs-13a-finished", "hufs-normalised",
                                                                             "hufs-normalised-finished")},
    ("accuracy", "hufs-finished"): _SETTING,
    ("per", "hufs"): _SETTING,
    ("wer", "hufs-filtered"): _SETTING,
    ("wer", "hufs-parser"): "Part of a script that the team did not use; it scores one class of outputs at a time.",
    ("wer", "covost2-wer"): "Described in one sentence of the paper; its program is not public.",
    ("wer", "verbatim"): "espnet's repository could not be had; the convention splits at white space and counts.",
    ("per", "phones-nosil-stress"): _GRID,
}  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """One stored output: its file, how many parts were compared, and (part, ours, the source's) of those that differ.

    Part -1 is the whole. `unavailable` says why the convention cannot be computed here.
    """

    about: dict[str, Any]
    name: str
    parts: int
    different: tuple[tuple[int, float | None, float], ...]
    unavailable: str | None = None


def value(convention: Convention, rows: Sequence[Row]) -> float | None:
    """The convention's value of the rows that it keeps."""
    failed = first_failed(rows, convention.select)
    cache = ChainCache([row for row, rule in zip(rows, failed, strict=True) if rule is None])
    found = convention.metric.fold(
        convention.metric.count(
            cache.values(convention.hypothesis_view, convention.hypothesis),
            cache.values(convention.reference_view, convention.reference),
        )
    )
    return None if found is None else float(found)


def equal(ours: float | None, theirs: float, places: int | None) -> bool:
    """Equal but for floats' noise (1e-7 of the value, float32 inside some programs), or as far as the program prints."""
    if ours is None:
        return False
    return abs(ours - theirs) <= (max(1e-6, 1e-7 * abs(theirs)) if places is None else 0.5001 * 10**-places)


def compared(path: Path) -> Comparison:
    """Compare a convention with the stored output of its source."""
    about = json.loads(path.read_text(encoding="utf-8"))
    task, metric, name = about["convention"].split(" ")
    convention = KNOWN[task, metric, name]
    reason = convention.unavailable()
    if reason:
        return Comparison(about, path.stem, 0, (), reason)
    rows = [Row(r["id"], r["hypothesis"], r["reference"], extra=r["extra"]) for r in made(about["rows"])]
    size = about["size"]
    parts = [(n, known, rows[n * size : (n + 1) * size]) for n, known in enumerate(about["parts"])]
    given = [(n, known, part) for n, known, part in [*parts, (-1, about["whole"], rows)] if known is not None]
    found = [(n, value(convention, part), known) for n, known, part in given]
    different = tuple((n, ours, known) for n, ours, known in found if not equal(ours, known, about["places"]))
    return Comparison(about, path.stem, len(given), different)


def files() -> list[Path]:
    """The stored outputs."""
    return sorted(FOLDER.glob("*.json"))


def page() -> str:
    """The documentation's page."""
    lines = [
        "# Conventions against their sources",
        "",
        "A convention that carries somebody's name counts as that program does. Each program below was run at",
        f"the named commit on {SIZE} rows that this project made (`tests/support/source_rows.py`: seeded, and",
        "hostile in case, punctuation, digits, markup, scripts, blanks, empty and unfinished outputs). Its",
        "values are stored in `tests/assets/source_outputs`, with the command and the versions of its",
        "libraries; `tests/tasks/families/test_differential.py` compares them with the convention's: row by",
        "row where the program scores rows, else in parts, and over all rows. A part in which the program",
        "stops is not compared.",
        "",
        "Programs that decode without special tokens get outputs without them, as the conventions strip them",
        "(`special`). Stand-ins replace inference, plots and databases. `python -m benchmarks.differential",
        "--checkouts DIR` runs the programs, and `python -m benchmarks.differential.table` writes this page.",
        "",
        "| task, metric, convention | program | run | parts | differing | cause |",
        "|---|---|---|---|---|---|",
    ]
    for found in map(compared, files()):
        about = found.about
        program = f"{about['repository']} {about['commit']} `{about['path']}`"
        count, why = DECLARED.get(found.name, (0, ""))
        lines.append(f"| `{about['convention']}` | {program} | {about['called']} | {found.parts} | {count} | {why} |")
    lines += [
        "",
        "## Not run",
        "",
        "The other conventions that a record with public code names.",
        "",
        "| metric, convention | why |",
        "|---|---|",
    ]
    lines += [f"| `{metric} {name}` | {why} |" for (metric, name), why in sorted(NOT_RUN.items())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
