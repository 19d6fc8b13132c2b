"""What the command measures: groups of ways to the same values, each way a process of its own."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.environments import Environments, hub_metric, variables
from benchmarks.peer_inputs import TEXTS, write_table

HERE = Path(__file__).resolve().parent
PARTS = ("scoring", "programs", "growth", "audit", "reports", "stages", "captions", "files", "starts", "browser")
USUAL, COLD, WARM, OURS = "usual scripts", "ours, cold", "ours, warm", "ours"
INDEX = "index"
LISTING, HELPS = "listing", "helps"
Found = dict[str, Any]
Command = Callable[[Path], list[str]]


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Attributes:
        most: Rows of a made-up set at most; 0 for the real set's size.
        growth: Numbers of rows.
        reports: (claims, conventions a claim) of made-up audits that are laid out.
        transcripts, translations, speakers: Rows of what other programs score.
        turns: Of every filter in the browser.
    """

    most: int = 0
    growth: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)
    reports: tuple[tuple[int, int], ...] = ((1, 200), (23, 200))
    transcripts: int = 2620
    translations: int = 15531
    speakers: int = 3000
    turns: int = 12


FULL = Sizes()
QUICK = Sizes(30, (20, 60), ((1, 4),), 60, 60, 60, 3)


def last_json(said: str) -> Found:
    """What a worker or a script printed last."""
    found: Found = json.loads(said.splitlines()[-1])
    return found


@dataclass(frozen=True)
class Way:
    """One measurement.

    Attributes:
        name: Unique in its group.
        command: Given the group's folder in this run. Raises PeerError if the program is not to be had.
        read: Turns what was printed into what was found.
        same: Ways with the same label have equal values.
        peer: A program of others in an environment of its own: that it fails is no error, but told on the page.
        variables: More variables, given the group's folder.
    """

    name: str
    command: Command
    read: Callable[[str], Found] = last_json
    same: str | None = None
    peer: bool = False
    variables: Callable[[Path], Mapping[str, str]] = field(default=lambda _: {})


@dataclass(frozen=True)
class Group:
    """Ways that are measured one after another in one folder.

    Attributes:
        id: Unique.
        part: Of the page.
        ways: In the order of measuring.
        inputs: What is written into the folder first, given the folder; the arguments of a worker.
        unavailable: Why it cannot be measured here.
    """

    id: str
    part: str
    ways: tuple[Way, ...]
    inputs: Command | None = None
    unavailable: str | None = None


def worker(what: str, *arguments: str) -> list[str]:
    """The command of a worker."""
    return [sys.executable, "-m", "benchmarks.workers", what, *arguments]


def _fixed(what: str, *arguments: str) -> Command:
    return lambda _: worker(what, *arguments)


def groups(sizes: Sizes, environments: Environments, captions: Path | None, checkouts: Path | None) -> list[Group]:
    """Every group, in the order of the page.

    Args:
        sizes: Of what is measured.
        environments: For programs of others.
        captions: A table for the part on captions; without one it is not measured, but at quick sizes, on a made-up table.
        checkouts: The folder with a clone of huggingface/evaluate; without one the Hub is asked.
    """
    most = str(sizes.most)
    scoring = (
        Way(USUAL, _fixed("usual", most), same="all"),
        Way(COLD, lambda folder: worker("ours", str(folder / "cache"), most), same="all"),
        Way(WARM, lambda folder: worker("ours", str(folder / "cache"), most), same="all"),
    )
    audits = [
        Group(
            f"audit, {rows}",
            "audit",
            tuple(Way(again, _audit(rows, most)) for again in ("cold", "warm")),
        )
        for rows in ("none", "made-up")
    ]
    growth = tuple(Way(f"{rows:,} rows", _fixed("growth", str(rows))) for rows in sizes.growth)
    reports = tuple(
        Way(f"{claims} x {each}", _fixed("report", str(claims), str(each))) for claims, each in sizes.reports
    )
    from tests.support.browser import CHROMIUM

    return [
        Group("scoring", "scoring", scoring),
        *programs(sizes, environments, checkouts),
        Group("growth", "growth", growth),
        *audits,
        Group("reports", "reports", reports),
        Group("stages", "stages", (Way("stages", _fixed("stages", most)),)),
        *([_captions(sizes, environments, captions)] if captions is not None or sizes != FULL else []),
        Group("files", "files", (Way("run", _fixed("files")),)),
        Group("starts", "starts", tuple(Way(what, _fixed(what)) for what in (LISTING, HELPS))),
        Group("browser", "browser", (Way("page", _fixed("browser", str(sizes.turns))),),
              unavailable="needs Chromium" if CHROMIUM is None else None),
    ]  # fmt: skip


def _audit(rows: str, most: str) -> Command:
    return lambda folder: worker("audit", str(folder), rows, most)


def script(name: str, *arguments: str) -> list[str]:
    """A script of `benchmarks/peers/` and its arguments, without the interpreter."""
    return [str(HERE / "peers" / name), *arguments]


def score_values(said: str) -> Found:
    """The values that `repro-audit score --json` printed, by convention; `value` if there is one."""
    found = {one["convention"]: float(one["value"]) for one in json.loads(said)}
    return {"values": {"value": next(iter(found.values()))} if len(found) == 1 else found}


def compared_values(said: str) -> Found:
    """Both values that `repro-audit compare --json` printed."""
    [effect] = json.loads(said)["effects"]
    return {"values": {side: float(effect[side]) for side in ("first", "second")}}


def programs(sizes: Sizes, environments: Environments, checkouts: Path | None) -> list[Group]:
    """Other programs, from their start to their end, and this one from its command."""

    def hub(metric: str) -> Way:
        def command(folder: Path) -> list[str]:
            python = environments.python("evaluate")
            return [python, *script("hub_metrics.py", hub_metric(metric, checkouts, folder), str(folder / TEXTS))]

        def own(folder: Path) -> dict[str, str]:
            # Nothing of an earlier run is in its cache; and it does not ask the Hub for what is there.
            return {"HF_HOME": str(folder / "hub"), **({"HF_HUB_OFFLINE": "1"} if checkouts else {})}

        return Way(f"evaluate, {metric}", command, same=metric, peer=True, variables=own)

    def ours(same: str, command: str, task: str, metric: str, *conventions: str) -> Way:
        chosen = ["--metric", metric, *(word for one in conventions for word in ("--convention", one)), "--json"]

        def made(folder: Path) -> list[str]:
            if command == "compare":
                where = [str(folder / f"{task}@{run}.jsonl") for run in "ab"]
            else:
                where = ["--predictions", str(folder), "--replicates", "0", "--no-cache"]
            return [sys.executable, "-m", "audit", command, task, *where, *chosen]

        return Way(OURS, made, score_values if command == "score" else compared_values, same=same)

    def group(name: str, kind: str, rows: int, peer: Way, own: Way) -> Group:
        return Group(name, "programs", (peer, own), lambda folder: worker("inputs", kind, str(folder), str(rows)))

    paired = Way("sacreBLEU, PairedTest", lambda folder: [sys.executable, *script("paired_bootstrap.py", str(folder / TEXTS))],
                 same="paired", peer=True)  # fmt: skip
    speakers = Way("meeteval, cpWER and ORC-WER",
                   lambda folder: [environments.python("meeteval"), *script("speakers.py", str(folder / TEXTS))],
                   same="speakers", peer=True)  # fmt: skip
    return [
        group(f"WER of {sizes.transcripts:,} transcripts", "transcripts", sizes.transcripts, hub("wer"),
              ours("wer", "score", "asr-librispeech-clean", "wer", "slam-llm")),
        group(f"BLEU of {sizes.translations:,} translations", "translations", sizes.translations, hub("sacrebleu"),
              ours("sacrebleu", "score", "st-en-de", "bleu", "sacrebleu-13a")),
        group(f"paired bootstrap of two runs, {sizes.translations:,} translations each", "two-runs", sizes.translations,
              paired, ours("paired", "compare", "st-en-de", "bleu", "sacrebleu-13a")),
        group(f"two speakers, {sizes.speakers:,} outputs", "speakers", sizes.speakers, speakers,
              ours("speakers", "score", "osr-librimix", "wer", "cpwer", "cpwer-merge")),
    ]  # fmt: skip


def _captions(sizes: Sizes, environments: Environments, table: Path | None) -> Group:
    """Captions: the index of METEOR's paraphrases, then scripts, aac-metrics and this program."""
    from benchmarks.captions import SETS
    from tasks.metrics.meteor import meteor_unavailable

    def file(folder: Path) -> str:
        return str(table.resolve() if table is not None else write_table(folder / "made-up.csv", sizes.speakers))

    def cache(folder: Path) -> dict[str, str]:
        return {"REPRO_AUDIT_METEOR_CACHE": str(folder / "index")}

    def way(name: str, what: str, which: str) -> Way:
        def command(folder: Path) -> list[str]:
            more = [str(folder / f"cache-{which}")] if what == "captions" else []
            return worker(what, file(folder), which, *more)

        return Way(f"{which}, {name}", command, same=which, variables=cache)

    def aac(folder: Path) -> list[str]:
        package = importlib.util.find_spec("pycocoevalcap")
        assert package is not None
        assert package.submodule_search_locations
        [place] = package.submodule_search_locations
        # -O: its checks refuse Java after 13, for SPICE's sake; METEOR and the tokenizer run on later ones.
        return [environments.python("aac-metrics"), "-O", *script("caption_metrics.py", str(folder / TEXTS), place)]

    ways = [Way(INDEX, _fixed("index"), variables=cache)]
    for which in SETS:
        ways.append(way(USUAL, "usual-captions", which))
        if which == "coco":
            ways.append(Way("coco, aac-metrics", aac, same="coco", peer=True))
        ways += [way(name, "captions", which) for name in (COLD, WARM)]
    return Group("captions", "captions", tuple(ways), lambda folder: worker("inputs", "captions", str(folder), file(folder)),
                 unavailable=meteor_unavailable())  # fmt: skip


def environment(way: Way, folder: Path) -> dict[str, str]:
    """The variables of a way's process: those of this one, for other programs without the path of this project's code."""
    return variables(**way.variables(folder))


def chosen(every: Sequence[Group], only: Sequence[str]) -> list[Group]:
    """The groups of some parts, or all."""
    return [group for group in every if not only or group.part in only]
