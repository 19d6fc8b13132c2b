"""What docs/explanation/performance.md says of its measurements, on made-up ones; and that a stage's counts do not wrap."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audit.literature.known_tasks import known_tasks as tasks
from benchmarks import stages, tables
from benchmarks.groups import COLD, PARTS, USUAL, WARM, Group
from benchmarks.performance_page import DOCS, TEXTS, Occasion, around, between, write
from benchmarks.results import Measured, Results
from tasks.convention import HYPOTHESIS, REFERENCE
from tasks.row import Row
from tasks.statistics.compact import compact
from tasks.steps.clean import STRIP
from tasks.steps.normalise.simple import LOWER
from tests.support.benchmark_groups import found, scoring, way

OCCASION = Occasion("a command", "a machine, 2 processors", "3.11.7", 2)


def taken(seconds: float, processor: float) -> dict[str, Any]:
    return {"seconds": seconds, "processor": processor, "peak": 2**20}


def test_ratios_stand_with_their_range() -> None:
    measured = Measured(
        {
            f"scoring/{USUAL}": [taken(120, 110), taken(100, 100), taken(150, 120)],
            f"scoring/{COLD}": [taken(4, 7.5), taken(4, 8), taken(3, 10)],
            f"scoring/{WARM}": [taken(0.2, 0.25) | {"peak": 3 * 2**20}, taken(0.2, 0.25), taken(0.2, 0.25)],
        }
    )
    lines = tables.scoring(measured).splitlines()
    assert lines[2:] == [
        "| usual scripts | 120 (100 to 150) |  | 110 (100 to 120) |  | 1 |",
        "| ours, cold | 4.00 (3.00 to 4.00) | 30 (25 to 50) | 8.00 (7.50 to 10.0) | 12 (12 to 15) | 1 |",
        "| ours, warm | 0.200 (0.200 to 0.200) | 600 (500 to 750) | 0.250 (0.250 to 0.250) | 440 (400 to 480) | 3 |",
    ]
    assert {line.count("|") for line in lines} == {7}


@pytest.mark.parametrize(
    ("seconds", "said"), [((9, 10), "10 s, met"), ((11.2, 10.1), "10 s, missed"), ((9, 11), "10 s, met in 1 of 2 runs")]
)
def test_a_missed_goal_is_told(seconds: tuple[float, float], said: str) -> None:
    measured = Measured(
        {
            "audit, none/cold": [taken(one, 9) for one in seconds],
            "audit, none/warm": [taken(3.5, 3)] * 2,
            "audit, made-up/cold": [taken(99, 99)] * 2,
        }
    )
    lines = tables.audit(measured).splitlines()
    assert f"| {said} |" in lines[2]
    assert "3 s, missed" in lines[3]
    assert lines[4].startswith("| made-up | cold | 99.0 (99.0 to 99.0) |  | 99.0")
    assert len({line.count("|") for line in lines}) == 1


def test_captions_stand_beside_scripts_and_aac_metrics() -> None:
    def measured(seconds: float, values: int) -> list[dict[str, Any]]:
        return [taken(seconds, seconds / 2) | {"values": dict.fromkeys(map(str, range(values)), 1.0)}]

    known = {
        "captions/index": [taken(7, 6) | {"bytes": 99_000_000}],
        f"captions/coco, {USUAL}": measured(9, 2),
        "captions/coco, aac-metrics": measured(12, 2),
        f"captions/coco, {COLD}": measured(3, 2),
        f"captions/coco, {WARM}": measured(0.03, 2),
        f"captions/all, {USUAL}": measured(50, 15),
        f"captions/all, {COLD}": measured(5, 15),
        f"captions/all, {WARM}": measured(1, 15),
    }
    lines = tables.captions(Measured(known)).splitlines()
    assert lines[2:] == [
        "| coco | 2 | usual scripts | 9.00 |  |  | 4.50 |  |  |",
        "| coco | 2 | aac-metrics | 12.0 |  |  | 6.00 |  |  |",
        "| coco | 2 | ours, cold | 3.00 | 3.0 | 4.0 | 1.50 | 3.0 | 4.0 |",
        "| coco | 2 | ours, warm | 0.0300 | 300 | 400 | 0.0150 | 300 | 400 |",
        "| all | 15 | usual scripts | 50.0 |  |  | 25.0 |  |  |",
        "| all | 15 | ours, cold | 5.00 | 10 |  | 2.50 | 10 |  |",
        "| all | 15 | ours, warm | 1.00 | 50 |  | 0.500 | 50 |  |",
        "| index, once a machine | | 99 MB | 7.00 | | | 6.00 | | |",
    ]
    assert {line.count("|") for line in lines} == {10}
    missing = tables.captions(Measured(known | {"captions/coco, aac-metrics": [{"failed": "no torch"}]})).splitlines()
    assert missing[3] == "| coco | 2 | aac-metrics | not measured: `no torch` | | | | | |"
    assert missing[4] == "| coco | 2 | ours, cold | 3.00 | 3.0 |  | 1.50 | 3.0 |  |"


def test_the_floor_and_the_steps_that_take_most() -> None:
    steps: dict[str, list[float]] = {}
    convention = tasks()["asr-librispeech-clean"].convention("wer", "cmi-bench")
    rows = [Row(str(n), f"one {n}", "one three", True) for n in range(3)]
    stage = stages.measure({"some": (rows, [convention])}, steps)
    assert {name: texts for name, (_, texts) in steps.items()} == {"cmi-wrappers": 3, "cmi-words": 4, "words": 4}
    for one in stage.values():
        one |= {"spent": 1.0, "floor": 0.25}
    stage[stages.READ]["spent"] = 10.0
    steps |= {"words": [4.0, 4], "cmi-words": [3.5, 4], "cmi-wrappers": [0.5, 3]}
    measured = Measured({"stages/stages": [{"stages": stage, "steps": steps}]})
    assert tables.steps(measured, 2).splitlines()[2:] == [
        "| words | 4 | 4.00 | 1,000,000 |",
        "| cmi-words | 4 | 3.50 | 875,000 |",
        "| others (1) | | 0.500 | |",
        "| keeping and looking up | | 2.00 | |",
    ]
    lines = tables.stages(measured).splitlines()
    assert f"| {stages.READ} | {stage[stages.READ]['work']} bytes of text | 0.250 | 10.0 | 40.0 |" in lines
    whole = 10 + len(stage) - 1
    assert lines[-1].startswith(f"| all |  | {len(stage) / 4:.2f} | {whole:.1f} |")


def test_a_text_that_a_light_step_is_given_again_has_one_floor() -> None:
    """`lower` looks up none of its texts."""
    rows = [Row(str(n), "One two", "One two", True) for n in range(3)]
    cache = stages.TimedCache(rows, {})
    for view in (HYPOTHESIS, REFERENCE):
        cache.values(view, (LOWER,))
        cache.values(view, (STRIP, LOWER))
    assert cache.steps["lower"][1] == 9
    assert list(cache.given()) == [["One two"], ["One two"]]


def test_short_commands_stand_beside_their_goals() -> None:
    known = {
        "starts/listing": [taken(0.2, 0.25), taken(0.4, 0.25)],
        "starts/helps": [taken(0.05, 0.04) | {"commands": 40}, taken(0.06, 0.04) | {"commands": 40}],
    }
    assert tables.starts(Measured(known)).splitlines()[2:] == [
        "| `repro-audit conventions` | 0.300 (0.200 to 0.400) | 0.3 s, met in 1 of 2 runs | 0.250 (0.250 to 0.250) |",
        "| `--help` of 40 commands, the slowest | 0.0550 (0.0500 to 0.0600) | 0.1 s, met | 0.0400 (0.0400 to 0.0400) |",
    ]


def test_ngrams_of_chrf_are_counted_as_such() -> None:
    """Characters without blanks: "abc de" has 5, 4, 3, 2 and 1 n-grams of orders 1 to 5."""
    convention = tasks()["st-en-de"].convention("chrf", "sacrebleu")
    found = stages.measure({"some": ([Row("1", "abc de", "abc de", True)], [convention])})
    assert found[stages.NGRAMS]["work"] == 2 * 15
    assert stages.ALIGN not in found


def docs(folder: Path, text: str) -> Path:
    for name in ("explanation", "assets"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    file = folder / "explanation" / "performance.md"
    file.write_text(text, encoding="utf-8")
    return file


def both_runs(folder: Path, groups: list[Group]) -> Results:
    results = Results(folder / "r.json", {})
    for group in groups:
        for run in (1, 2):
            ran = {one.name: found(seconds=run) | {"rows": 10 ** (n + 1)} for n, one in enumerate(group.ways)}
            results.add(group.id, run, run / 2, ran)
    return results


def test_only_the_measured_parts_of_the_page_are_written(tmp_path: Path) -> None:
    ours = scoring(lambda name: way(name, {}))
    growth = Group("growth", "growth", (way("10 rows", {}), way("100 rows", {})))
    lost = Group("browser", "browser", (way("page", {}),), unavailable="needs Chromium")
    parts = ["\nold figures\n".join(around(part)) for part in ("scoring", "growth", "audit", "browser")]
    file = docs(tmp_path, "# Performance\n\n" + "\n\nBy hand.\n\n".join(parts) + "\n\n## By hand\n")
    results = both_runs(tmp_path, [ours, growth])
    write([ours, growth, lost], results, OCCASION, tmp_path)
    text = file.read_text(encoding="utf-8")
    begin, end = around("scoring")
    assert text.startswith(
        f"# Performance\n\n{begin}\n\nWritten by `a command`: 2 runs, load average 0.5 to 1.0 before a run"
    )
    assert "jiwer 4.0.0" in text
    assert "(10 rows)" not in text
    assert f"{end}\n\nBy hand.\n\n{around('growth')[0]}" in text
    assert text.count("old figures") == 1
    assert "\nold figures\n".join(around("audit")) in text
    assert "Not measured by `a command`: needs Chromium." in text
    assert text.endswith("\n\n## By hand\n")
    assert (tmp_path / "assets" / "performance.svg").read_text(encoding="utf-8").startswith("<svg")
    write([ours, growth, lost], results, OCCASION, tmp_path)
    assert file.read_text(encoding="utf-8") == text


def test_a_page_without_its_comments_is_not_overwritten(tmp_path: Path) -> None:
    ours = scoring(lambda name: way(name, {}))
    file = docs(tmp_path, f"by hand\n{around('scoring')[0]}\n")
    before = file.read_bytes()
    with pytest.raises(ValueError, match="comments around the measured part are missing"):
        write([ours], both_runs(tmp_path, [ours]), OCCASION, tmp_path)
    assert file.read_bytes() == before


def test_the_page_has_a_place_for_every_part() -> None:
    assert tuple(TEXTS) == PARTS
    file = DOCS / "explanation" / "performance.md"
    text = file.read_text(encoding="utf-8")
    for part in PARTS:
        assert "\n\nnew\n\n".join(around(part)) in between(text, part, "new", file)


def test_a_stage_sees_the_counts_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compact counts are given to no arithmetic: a byte times a hundred is another number."""
    seen: list[np.dtype[Any]] = []
    convention = tasks()["asr-librispeech-clean"].convention("wer", "cmi-bench")
    kind = type(convention.metric)
    real = kind.terms

    def terms(self: Any, counts: Any) -> Any:
        seen.append(counts.dtype)
        return real(self, counts)

    monkeypatch.setattr(kind, "terms", terms)
    rows = [Row(str(n), "one two", "one three", True) for n in range(3)]
    stages.measure({"some": (rows, [convention])})
    assert compact(np.array([[2]])).dtype == np.uint8
    assert set(seen) == {np.dtype(np.int64)}
