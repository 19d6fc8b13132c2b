"""Programs that score captions: each is started once for a run, and not at all for what is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audit.scoring.cache import ScoreCache
from audit.scoring.counting import count
from audit.scoring.score import score
from tasks.errors import UnavailableError
from tasks.metrics import meteor
from tasks.registry import build
from tasks.row import Row
from tasks.steps import ptb
from tasks.task import declare
from tests.audit.scoring.test_shards import plain, prediction_set

NAMES = ("coco", "coco-one", "aac-metrics", "hufs-coco", "hufs-coco-finished", "ltu")
FAMILY = build(declare("aac-audiocaps", "captioning"))
TASK = replace(
    FAMILY,
    conventions={
        metric: tuple(replace(c, unavailable=lambda: None) for c in FAMILY.conventions[metric] if c.id in NAMES)
        for metric in ("meteor", "cider")
    },
)
CHOSEN = [(metric, convention) for metric, items in TASK.conventions.items() for convention in items]
ROWS = tuple(
    Row(f"{n}", f"A dog: barks {n % 3} times.", ["Dogs bark, loudly.", f"A dog barks {n % 4} times"], finished=n != 5)
    for n in range(12)
)


class Programs:
    """Stand-ins that split at spaces and find as many matches as there are words, and count how often they are started."""

    def __init__(self) -> None:
        self.tokenised: list[list[str]] = []
        self.asked: list[list[str]] = []
        self.failing = False

    def run(self, name: str, arguments: tuple[str, ...], *, stdin: bytes) -> bytes:
        self.tokenised.append(stdin.decode().split("\n")[:-1])
        return stdin.lower()

    def __call__(self, lines: list[str]) -> Programs:
        self.asked.append(list(lines))
        return self

    def result(self) -> list[str]:
        if self.failing:
            raise UnavailableError("METEOR: Java ended")
        return [" ".join(["1"] * 22 + [str(len(line.split()))]) for line in self.asked[-1]]


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Programs:
    found = Programs()
    monkeypatch.setattr(ptb, "run", found.run)
    monkeypatch.setattr(ptb, "jar", Path)
    monkeypatch.setattr(meteor, "Answers", found)
    monkeypatch.setattr(meteor, "_known", {})
    return found


def test_every_program_is_started_once_for_all_conventions(programs: Programs) -> None:
    together = count(ROWS, CHOSEN)
    assert len(CHOSEN) == 9
    assert [len(texts) == len(set(texts)) for texts in programs.tokenised] == [True]
    assert [len(lines) == len(set(lines)) for lines in programs.asked] == [True]
    # What each convention has by itself.
    meteor._known.clear()
    for metric, convention in CHOSEN:
        [(key, alone)] = count(ROWS, [(metric, convention)]).items()
        meteor._known.clear()
        assert np.array_equal(together[key].counts, alone.counts)  # type: ignore[arg-type]
        assert together[key].kept == alone.kept
    assert len(programs.tokenised) > 9 / 2
    assert list(together) == [(metric, convention.id) for metric, convention in CHOSEN]


def test_what_is_kept_needs_no_program(programs: Programs, tmp_path: Path) -> None:
    rows, cache = prediction_set(ROWS, "5" * 64), ScoreCache(tmp_path)
    cold = plain(score(rows, TASK, cache=cache, replicates=20))
    assert programs.tokenised
    programs.tokenised.clear()
    programs.asked.clear()
    meteor._known.clear()
    assert plain(score(rows, TASK, cache=cache, replicates=20)) == cold
    assert programs.tokenised == programs.asked == []


def test_a_program_that_fails_is_the_reason_of_its_conventions(programs: Programs) -> None:
    programs.failing = True
    found = count(ROWS, CHOSEN)
    assert {key[1]: one.unavailable for key, one in found.items() if key[0] == "meteor"} == dict.fromkeys(
        NAMES[:5], "METEOR: Java ended"
    )
    assert not any(one.unavailable for key, one in found.items() if key[0] == "cider")
