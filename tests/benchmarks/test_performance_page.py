"""What docs/explanation/performance.md says of its measurements, on made-up ones; and that a stage's counts do not wrap."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audit.literature.known_tasks import known_tasks as tasks
from benchmarks import stages
from benchmarks.performance_page import (
    BEGIN,
    BEGIN_CAPTIONS,
    BEGIN_STAGES,
    END,
    END_CAPTIONS,
    END_STAGES,
    audit_table,
    captions_page,
    page,
    stages_page,
    step_table,
    table,
)
from tasks.row import Row
from tasks.statistics.compact import compact


def measured(seconds: float, processor: float) -> dict[str, Any]:
    return {"seconds": seconds, "processor": processor, "peak": 2**20}


def test_both_ratios_stand_beside_the_number_of_processors() -> None:
    results = {"usual scripts": measured(120, 110), "ours, cold": measured(4, 7.5), "ours, warm": measured(0.2, 0.25)}
    lines = table(results, 2).splitlines()
    assert lines[0].count("on 2 processors") == 2
    assert lines[3:] == ["| ours, cold | 4.00 | 30 | 7.50 | 15 | 1 |", "| ours, warm | 0.200 | 600 | 0.250 | 440 | 1 |"]
    assert {line.count("|") for line in lines} == {7}
    assert "on 1 processor |" in table(results, 1)


@pytest.mark.parametrize(("cold", "said"), [(10.0, "10 s, met"), (11.2, "10 s, missed")])
def test_a_missed_goal_is_told(cold: float, said: str) -> None:
    results = {
        "audit, none, cold": measured(cold, 9),
        "audit, none, warm": measured(3.5, 3),
        "audit, made-up, cold": measured(99, 99),
    }
    lines = audit_table(results).splitlines()
    assert said in lines[2]
    assert "3 s, missed" in lines[3]
    assert "met" not in lines[4]
    assert "missed" not in lines[4]
    assert len({line.count("|") for line in lines}) == 1


def page_results() -> dict[str, dict[str, Any]]:
    cold = measured(4, 7.5) | {"rows_scored": 52152, "values": [0] * 72}
    growth = {f"growth {rows}": measured(rows / 1000, 1) | {"rows": rows} for rows in (1000, 10_000)}
    return {"usual scripts": measured(120, 110), "ours, cold": cold, **growth}


def test_only_the_part_on_captions_is_written(tmp_path: Path) -> None:
    (tmp_path / "explanation").mkdir()
    file = tmp_path / "explanation" / "performance.md"
    file.write_text(f"{BEGIN}\nkept\n{END}\n{BEGIN_CAPTIONS}\nold\n{END_CAPTIONS}\nby hand\n", encoding="utf-8")
    results = {"captions, coco, ours, cold": measured(3, 4) | {"values": [0, 0]}}
    captions_page(results, "a machine", "a command", tmp_path)
    text = file.read_text(encoding="utf-8")
    assert text.startswith(f"{BEGIN}\nkept\n{END}\n{BEGIN_CAPTIONS}\n\nWritten by `a command`.\n\nMachine: a machine.")
    assert text.endswith(f"| coco | 2 | ours, cold | 3 |  | 4 |  |\n\n{END_CAPTIONS}\nby hand\n")
    file.write_text(BEGIN_CAPTIONS, encoding="utf-8")
    with pytest.raises(ValueError, match="comments around the measured part"):
        captions_page(results, "a machine", "a command", tmp_path)
    assert file.read_text(encoding="utf-8") == BEGIN_CAPTIONS


def test_the_part_on_the_floor_names_the_steps_that_take_most(tmp_path: Path) -> None:
    (tmp_path / "explanation").mkdir()
    file = tmp_path / "explanation" / "performance.md"
    file.write_text(f"{BEGIN}\nkept\n{END}\n{BEGIN_STAGES}\nold\n{END_STAGES}\nby hand\n", encoding="utf-8")
    steps: dict[str, list[float]] = {}
    convention = tasks()["asr-librispeech-clean"].convention("wer", "cmi-bench")
    rows = [Row(str(n), f"one {n}", "one three", True) for n in range(3)]
    found = stages.measure({"some": (rows, [convention])}, steps)
    assert {name: texts for name, (_, texts) in steps.items()} == {"cmi-wrappers": 3, "cmi-words": 4, "words": 4}
    found[stages.READ]["spent"] = 10.0
    steps |= {"words": [4.0, 4], "cmi-words": [3.5, 4], "cmi-wrappers": [0.5, 3]}
    results = {"stages": {"stages": found, "steps": steps}}
    assert step_table(results, 2).splitlines()[2:] == [
        "| words | 4 | 4.00 | 1000000.0 |",
        "| cmi-words | 4 | 3.50 | 875000.0 |",
        "| others (1) | | 0.500 | |",
        "| keeping and looking up | | 2.00 | |",
    ]
    stages_page(results, "a machine", "a command", tmp_path)
    text = file.read_text(encoding="utf-8")
    assert text.startswith(f"{BEGIN}\nkept\n{END}\n{BEGIN_STAGES}\n\nWritten by `a command`.\n\nMachine: a machine.")
    assert text.endswith(f"| keeping and looking up | | 2.00 | |\n\n{END_STAGES}\nby hand\n")


def test_only_the_measured_part_of_the_page_is_written(tmp_path: Path) -> None:
    for folder in ("explanation", "assets"):
        (tmp_path / folder).mkdir()
    file = tmp_path / "explanation" / "performance.md"
    file.write_text(f"# Performance\n\n{BEGIN}\n\nold figures\n\n{END}\n\n## By hand\n", encoding="utf-8")
    page(page_results(), "a machine", "a command", tmp_path)
    first = file.read_text(encoding="utf-8")
    assert first.startswith(f"# Performance\n\n{BEGIN}\n\nWritten by `a command`.")
    assert first.endswith(f"\n\n{END}\n\n## By hand\n")
    assert "old figures" not in first
    assert "(52,152 rows)" in first
    assert (tmp_path / "assets" / "performance.svg").read_text(encoding="utf-8").startswith("<svg")
    page(page_results(), "a machine", "a command", tmp_path)
    assert file.read_text(encoding="utf-8") == first


def test_a_page_without_its_comments_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "explanation").mkdir()
    file = tmp_path / "explanation" / "performance.md"
    file.write_text("by hand\n", encoding="utf-8")
    with pytest.raises(ValueError, match="comments around the measured part are missing"):
        page(page_results(), "a machine", "a command", tmp_path)
    assert file.read_text(encoding="utf-8") == "by hand\n"


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
