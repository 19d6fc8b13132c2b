"""An audit of made-up outputs for the claims of SALMONN: many metrics, two runs, rows that are missing."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from audit.pipeline.request import AuditRequest
from audit.pipeline.run import run
from audit.schema import AuditDocument
from tests.support import run_files

WORDS = tuple(
    "the old dog ran over green hills and slept until morning while rain fell on quiet streets of town".split()  # noqa: SIM905
)
GERMAN = tuple(
    "der alte Hund lief über grüne Hügel und schlief bis zum Morgen während Regen auf stille Straßen fiel".split()  # noqa: SIM905
)
CHINESE = "约翰昨天去了公园他看见一只狗在跑今天下雨我们在家里读书喝茶听音乐"
JAPANESE = "昨日公園に行きました犬が走っているのを見たので今日は家で本を読みお茶を飲みます"
FEELINGS = ("Happy", "Sad", "Angry", "Neutral")
Make = Callable[[random.Random], tuple[str, Any]]


def _changed(rng: random.Random, pieces: Sequence[str], share: float) -> list[str]:
    return [piece if rng.random() > share else rng.choice(pieces) for piece in pieces]


def _text(words: Sequence[str], glue: str, share: float) -> Make:
    def make(rng: random.Random) -> tuple[str, str]:
        said = [rng.choice(words) for _ in range(rng.randint(4, 16))]
        return glue.join(_changed(rng, said, share)), glue.join(said)

    return make


def _spoken(rng: random.Random) -> tuple[str, str]:
    said, text = _text(WORDS, " ", 0.06)(rng)
    return f"{said.capitalize()}.</s>", text.upper()


def _choice(rng: random.Random) -> tuple[str, str]:
    right = rng.choice(FEELINGS)
    return (right if rng.random() < 0.7 else rng.choice((*FEELINGS, "the speaker is bored"))), right


def _answer(rng: random.Random) -> tuple[str, str]:
    right = rng.choice(("Yes", "No"))
    return (right if rng.random() < 0.9 else rng.choice(("Yes.", "No.", "maybe"))), right


def _phrases(rng: random.Random) -> tuple[str, list[str]]:
    gold = [" ".join(rng.sample(WORDS, 2)) for _ in range(rng.randint(1, 4))]
    return ", ".join([phrase if rng.random() < 0.5 else rng.choice(WORDS) for phrase in gold]), gold


def _story(rng: random.Random) -> tuple[str, None]:
    return " ".join(rng.choice(WORDS) for _ in range(rng.choice((20, 60, 90)))), None


def _slot(rng: random.Random) -> tuple[str, dict[str, str]]:
    said = rng.choice(WORDS)
    return (said if rng.random() < 0.6 else rng.choice(WORDS)), {
        "slot": "date", "value": said, "transcript": f"wake me {said}",
    }  # fmt: skip


TASKS: dict[str, Make] = {
    "asr-librispeech-clean": _spoken,
    "st-en-de": _text(GERMAN, " ", 0.3),
    "st-en-zh": _text(CHINESE, "", 0.3),
    "st-en-ja": _text(JAPANESE, "", 0.3),
    "er-iemocap": _choice,
    "sv-voxceleb1": _answer,
    "ke-inspec": _phrases,
    "mc-musiccaps": _text(WORDS, " ", 0.6),
    "story-audiocaps": _story,
    "sf-slurp": _slot,
}


def predictions(folder: Path, rows: int = 40, tasks: tuple[str, ...] = tuple(TASKS)) -> Path:
    """A folder with outputs for every task, and a second run of speech recognition."""
    for task in tasks:
        rng = random.Random(task)
        lines = []
        for number in range(rows):
            said, wanted = TASKS[task](rng)
            lines.append({"id": f"{task}-{number:04}", "hypothesis": said, "finished": number % 13 != 5, "reference": wanted,
                          "prompt": None, "extra": {}})  # fmt: skip
        facts = {"model": "SALMONN-13B", "variant": "13b"}
        run_files.write(folder, task, lines, **facts)
        if task == "asr-librispeech-clean":
            run_files.write(folder, f"{task}@second", run_files.changed(lines, 9), **facts)
    return folder


def document(folder: Path, *, replicates: int = 20, **options: Any) -> AuditDocument:
    """The audit of these predictions."""
    return run(AuditRequest(predictions=predictions(folder, **options), replicates=replicates, workers=1)).document
