"""The reference page of metrics and rules names what there is, and its numbers are computed."""

from __future__ import annotations

import re

import pytest

from audit.literature.known_tasks import conventions_of
from tasks.families.multiple_choice import ACCURACY
from tasks.registry import build
from tasks.row import Row
from tasks.task import declare
from tests.support.paths import ROOT
from tests.tasks.families.test_several_references import value as scored
from tests.tasks.families.test_vectors import value

PAGE = (ROOT / "docs/reference/metrics.md").read_text(encoding="utf-8")
ASR = "asr-librispeech-clean"


def section(title: str) -> set[str]:
    """What a section's table names in its first column."""
    text = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    return {
        name
        for line in text.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([^`]+)`", line.split("|")[1])
    }


def test_every_rule_of_multiple_choice_is_on_the_page() -> None:
    assert section("Multiple choice") == {convention.id for convention in ACCURACY}


def test_every_metric_of_translation_and_classification_is_on_the_page() -> None:
    labels = {"labels": {"yes": [], "no": []}}
    tasks = build(declare("t", "translation", {"target": "de"})), build(declare("c", "classification", labels))
    assert {metric for task in tasks for metric in task.conventions} < section("Metrics")
    macro = {convention.id for convention in tasks[1].conventions["macro-f1"]}
    assert all(f"`{name}`" in PAGE.partition("## Scores by class\n")[2].partition("\n## ")[0] for name in macro)


def test_every_version_of_the_leaderboard_is_on_the_page() -> None:
    known = {name for task, metric, name in conventions_of() if (task, metric) == (ASR, "wer")}
    assert section("Open ASR Leaderboard") == {name for name in known if name.startswith("open-asr-leaderboard")}


# Printed by the leaderboard's programs at 6a3e6d4e and d1e99b25.
PAIRS = [
    ("a whitepaper", "a white paper", 66.67, 0),
    ("a white paper", "a whitepaper", 100, 0),
    ("The BBC said.", "the B B C said", 60, 0),
    ("Catherine met John", "Kathryn met Jon", 66.67, 0),
    ("the officers mess", "the officer's mess", 50, 0),
    ("the officer is mess", "the officer's mess", 0, 25),
    ("okay alright", "ok all right", 100, 0),
    ("it is", "ah it is", 33.33, 0),
    ("the whitepaper fall down", "the white paper fell down", 60, 20),
    ("hello world (noise)", "hello (laughs) world", 0, 0),
]


@pytest.mark.parametrize(("said", "reference", "before", "now"), PAIRS)
def test_values_of_the_leaderboards_versions(said: str, reference: str, before: float, now: float) -> None:
    known = conventions_of()
    for name, expected in (("-2023", before), ("-2025", before), ("", now)):
        found = value(known[ASR, "wer", f"open-asr-leaderboard{name}"], [(said, reference)])
        assert found == pytest.approx(expected, abs=0.005), name


def test_segments_that_the_leaderboard_drops() -> None:
    rows = [
        Row("1", "foo bar", "uh um"),
        Row("2", "hello there world", "hello world"),
        Row("3", "x", "Ignore time segment in scoring"),
    ]
    assert scored(conventions_of()[ASR, "wer", "open-asr-leaderboard"], rows) == 50
