"""Attribution on predictions: planted gaps are found, the gap between two runs is refused, and the command."""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import pytest

from audit import api
from audit._util import canonical_json
from audit._util.adding_up import adding_up, rounded
from audit.analysis.attribution import Attributed, from_counts
from audit.analysis.gap_lines import table
from audit.analysis.multiverse import count_all
from audit.cli.commands import attribute
from audit.errors import InputError
from audit.literature.known_tasks import known_tasks as tasks
from audit.scoring.predictions import PredictionSet
from audit.scoring.rows_in_memory import prediction_set
from tasks.analysis.multiverse import Specification, Universe, universe
from tasks.analysis.points import Point, changes, combination, point_of
from tasks.row import Row
from tasks.statistics.bootstrap import decimal
from tasks.statistics.printed import prints
from tests.support.multiverse_rows import rows as made_rows

TASKS = tasks()
ASR = "asr-librispeech-clean"
# `REPRO_AUDIT_GAPS=1000` plants so many gaps.
GAPS = int(os.environ.get("REPRO_AUDIT_GAPS", "100"))
REAL = (
    ("audiobench", "audiobench/librispeech_test_clean.json", ASR, "wer", 0.5),
    ("cmi-bench", "cmi-bench/salmonn_MusicCaps.jsonl", "mc-musiccaps", "rouge-l", 0.2),
    ("cmi-bench", "cmi-bench/salmonn_MusicCaps.jsonl", "mc-musiccaps", "bleu", 0.1),
    ("audiobench", "audiobench/covost2_en_zh_test.json", "st-en-zh", "bleu", 0.2),
)


def rows_of(task: str, data: list[Row]) -> PredictionSet:
    found = [{"id": r.id, "hypothesis": r.hypothesis, "reference": r.reference, "finished": r.finished} for r in data]
    return prediction_set(TASKS[task], found, model="made")


# Planted gaps


class Planted:
    """Gaps of two or three steps on some rows, each of which the printed value needs."""

    def __init__(self, rows: PredictionSet, metric: str, rng: random.Random) -> None:
        task = TASKS[rows.task]
        self.rows, self.metric, self.rng = rows, metric, rng
        self.spec: Specification
        self.counted: Universe
        self.spec, self.counted = count_all(task, metric, rows)
        self.outcomes = self.counted.outcomes()
        values = {o.pipeline.convention.signature: o.value for o in self.outcomes}
        self.points = [point_of(self.spec, c) for c in task.conventions[metric] if c.unavailable() is None]
        self.points = [p for p in self.points if p.own is None and values[p.convention.signature] is not None]
        self.values = values

    def one(self) -> tuple[Point, Point, str, list[Fraction]]:
        """Where a gap begins and ends, the printed value, and the exact parts of its steps."""
        while True:
            first = self.rng.choice(self.points)
            names = [option.name for option in first.options]
            changed = self.rng.sample(range(len(names)), self.rng.choice((2, 3)))
            for index in changed:
                others = [o.name for o in self.spec.axes[index].options if o.name != names[index]]
                names[index] = self.rng.choice(others) if others else names[index]
            second = combination(self.spec, names)
            if second is None or len(changes(first, second)) != len(changed):
                continue
            values = [self._value(first, second, some) for some in subsets(sorted(changed))]
            known = [Fraction(value) for value in values if value is not None]
            if len(known) < len(values):
                continue
            printed = str(decimal(known[-1], 2))
            if not any(prints(value, printed) for value in known[:-1]):
                return first, second, printed, mean_effects(known)

    def _value(self, first: Point, second: Point, some: tuple[int, ...]) -> object:
        options = [(second if n in some else first).options[n].name for n in range(len(first.options))]
        mixed = combination(self.spec, options)
        return self.values.get(mixed.convention.signature) if mixed else None


def subsets(items: list[int]) -> Iterator[tuple[int, ...]]:
    """Every subset, the whole last."""
    for size in range(len(items) + 1):
        yield from combinations(items, size)


def mean_effects(values: list[Fraction]) -> list[Fraction]:
    """The mean effects of two or three steps over their orders, written out, from the values of `subsets`."""
    if len(values) == 4:
        none, a, b, ab = values
        return [((a - none) + (ab - b)) / 2, ((b - none) + (ab - a)) / 2]
    none, a, b, c, ab, ac, bc, abc = values
    return [
        (2 * (a - none) + (ab - b) + (ac - c) + 2 * (abc - bc)) / 6,
        (2 * (b - none) + (ab - a) + (bc - c) + 2 * (abc - ac)) / 6,
        (2 * (c - none) + (ac - a) + (bc - b) + 2 * (abc - ab)) / 6,
    ]


def found_in(planted: Planted, counts: Counter[str]) -> None:
    """Attribute one planted gap, given its beginning, the printed value and the rows, and count what was named."""
    first, second, printed, parts = planted.one()
    whole = planted.spec, planted.counted, planted.outcomes
    answer = from_counts(planted.rows, planted.metric, whole, first, printed)
    assert not answer.refused
    for gap in answer.gaps:
        assert sum((Fraction(step.part) for step in gap.steps), Fraction(0)) == gap.gap
        assert Fraction(gap.end) + Fraction(gap.residual or 0) == Fraction(printed)
        assert prints(Fraction(gap.end), printed)
    wanted = [(change.axes, change.after) for change in changes(first, second)]
    largest = wanted[max(range(len(parts)), key=lambda n: abs(parts[n]))]
    named = {(step.axes, step.after) for gap in answer.gaps for step in gap.steps}
    counts["planted"] += 1
    counts["largest"] += largest in named
    counts["all"] += set(wanted) <= named
    counts["opposite"] += min(parts) < 0 < max(parts)
    counts["three"] += len(parts) == 3
    counts["listed"] += len(answer.gaps)
    for place, gap in enumerate(answer.gaps):
        if [(step.axes, step.after) for step in gap.steps] == wanted:
            assert [Fraction(step.part) for step in gap.steps] == parts
            counts["exactly"] += 1
            counts["first"] += place == 0


def check(counts: Counter[str]) -> None:
    print(dict(counts))
    planted = counts["planted"]
    assert counts["largest"] >= 0.99 * planted
    assert counts["all"] >= 0.95 * planted
    assert counts["exactly"] >= 0.95 * planted
    assert min(counts["opposite"], counts["three"]) > planted / 10
    assert counts["listed"] < 5 * planted, "a list of everything names nothing"


def test_planted_steps_are_named_on_made_rows() -> None:
    planted = Planted(rows_of(ASR, made_rows(250)), "wer", random.Random(2))
    counts: Counter[str] = Counter()
    for _ in range(GAPS // 2):
        found_in(planted, counts)
    check(counts)


@pytest.mark.slow
def test_planted_steps_are_named_on_real_rows(shared_real: Path, tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    for form, name, task, metric, share in REAL:
        rows = imported(form, shared_real / name, task, tmp_path / metric)
        planted = Planted(rows, metric, random.Random(name))
        for _ in range(round(share * GAPS)):
            found_in(planted, counts)
    check(counts)


def imported(form: str, path: Path, task: str, out: Path) -> PredictionSet:
    from audit.cli import main

    done = main(["import", form, str(path), "--task", task, "--model", "salmonn", "--variant", "x", "--out", str(out)])
    assert done == 0
    return api.load_predictions(out, task)


# Two runs


@pytest.mark.slow
def test_the_gap_between_two_runs_is_attributed_to_no_step(shared_real: Path, tmp_path: Path) -> None:
    """AudioBench's 2024 outputs have 55.58; the 10.27 of 2025 are those of other outputs."""
    rows = imported("audiobench", shared_real / "audiobench/librispeech_test_clean.json", ASR, tmp_path)
    found = api.attribute(ASR, rows.path, start="audiobench", printed="10.27", replicates=0)
    assert found.refused
    assert found.gaps == ()
    text = "\n".join(found.lines())
    assert re.search(r"None of \d{4} pipelines prints 10\.27 on these outputs", text)
    assert "attributed to no step" in text
    assert "compare" in text
    same = api.attribute(ASR, rows.path, start="verbatim", printed="55.58", replicates=0)
    assert ("normaliser",) in [step.axes for step in same.gaps[0].steps]


# The command


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    path = tmp_path / f"{ASR}.jsonl"
    found = [{"id": r.id, "hypothesis": r.hypothesis, "reference": r.reference} for r in made_rows(60)]
    path.write_text("".join(json.dumps(row) + "\n" for row in found), encoding="utf-8")
    meta = {"schema": "repro-audit/predictions/1", "task": ASR, "model": "made up", "variant": "13b"}
    path.with_suffix(".meta.json").write_text(json.dumps(meta), encoding="utf-8")
    return path


def command(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    attribute.add_arguments(parser)
    return attribute.run(parser.parse_args([ASR, *arguments]))


def test_between_two_conventions(predictions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figure, answer = tmp_path / "gap.svg", tmp_path / "gap.json"
    ends = ("--from", "verbatim", "--to", "finished/special/whisper-en/13a/mean-of-rows")
    options = (
        "--predictions",
        str(predictions),
        "--figure",
        str(figure),
        "--json-out",
        str(answer),
        "--replicates",
        "50",
    )
    assert command(*ends, *options, "--spread") == 0
    printed = capsys.readouterr().out
    assert all(len(line) <= 80 for line in printed.splitlines() if not line.startswith("written"))
    assert "60 rows of made up" in printed
    assert "each axis' share" in printed
    data = json.loads(answer.read_bytes())
    assert answer.read_bytes() == canonical_json.dumps(data)
    (gap,) = data["gaps"]
    parts = [Fraction(step["part"]) for step in gap["steps"]]
    assert sum(parts) == Fraction(gap["end"]) - Fraction(gap["start"])
    assert all(Fraction(s["interval"]["low"]) <= Fraction(s["interval"]["high"]) for s in gap["steps"])
    assert sum(Fraction(share) for share in data["spread"]["shares"].values()) == pytest.approx(1, abs=1e-5)
    shown = [Decimal(match) for match in re.findall(r"^  \S+: .{30,}? ([+-]\d+\.\d{4})(?:  |$)", printed, re.MULTILINE)]
    (total,) = re.findall(r"^gap +([+-]\d+\.\d{4})", printed, re.MULTILINE)
    assert len(shown) == len(parts)
    assert sum(shown) == Decimal(total), "the rounded parts add up too"
    root = ET.parse(figure).getroot()
    texts = {element.text for element in root.iter() if element.text}
    assert {"verbatim", "finished/special/whisper-en/13a/mean-of-rows"} <= texts
    assert sum(element.tag.endswith("rect") for element in root.iter()) == len(parts)


def test_to_a_printed_value(predictions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table_of_values = api.score(ASR, predictions, replicates=0)
    printed = str(rounded(Fraction(table_of_values["audiobench"].exact or 0), 2))
    assert command("--from", "verbatim", "--to-printed", printed, "--predictions", str(predictions)) == 0
    out = capsys.readouterr().out
    assert f"from verbatim to the printed {printed}" in out
    assert "normaliser: verbatim > audiobench" in out
    assert f"rounding, to {printed}" in out
    assert command("--from", "audiobench", "--to-printed", printed, "--predictions", str(predictions)) == 0
    assert "no step differs" in capsys.readouterr().out
    assert command("--from", "verbatim", "--to-printed", "3333.3", "--predictions", str(predictions)) == 1
    assert "attributed to no step" in capsys.readouterr().out


def test_a_unit_moves_the_point(predictions: Path) -> None:
    one = api.attribute(ASR, predictions, start="verbatim", end="audiobench", replicates=10)
    other = api.attribute(ASR, predictions, start="verbatim", end="audiobench", unit="fraction", replicates=10)
    assert one.gaps[0].gap == 100 * other.gaps[0].gap
    assert Fraction(one.gaps[0].start) == api.score(ASR, predictions, replicates=0)["verbatim"].exact


def test_a_convention_with_own_steps_keeps_them_where_that_is_enough(predictions: Path) -> None:
    hufs = api.attribute(ASR, predictions, start="hufs", end="all/raw/audiobench/words/corpus", replicates=0)
    printed = str(rounded(Fraction(hufs.gaps[0].end), 3))
    found = api.attribute(ASR, predictions, start="hufs", printed=printed, replicates=0)
    assert [step.axes for step in found.gaps[0].steps] == [("normaliser",)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--from", "nothing", "--to", "hufs"), "no convention 'nothing'"),
        (("--from", "hufs", "--to", "all/special/upper/words/corpus"), "no convention 'all/special/upper"),
        (("--from", "hufs", "--to", "ltu-as"), "cannot be computed here"),
        (("--from", "hufs", "--to-printed", "1,5"), "not a plain decimal number"),
        (("--from", "hufs", "--to", "nota", "--replicates", "-1"), "must not be negative"),
        (("--from", "hufs", "--to", "nota", "--metric", "bleu"), "has no metric 'bleu'"),
    ],
)
def test_bad_input(predictions: Path, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        command(*arguments, "--predictions", str(predictions))


def test_a_gap_has_two_ends(predictions: Path) -> None:
    with pytest.raises(InputError, match="two ends"):
        api.attribute(ASR, predictions, start="hufs")


def test_no_row_that_a_convention_counts_is_an_error() -> None:
    rows = [{"id": "1", "hypothesis": "a", "reference": "b", "finished": False}]
    with pytest.raises(InputError, match="counts none of these rows"):
        api.attribute(ASR, rows, start="hufs", end="hufs-finished")


def test_one_row_has_parts_without_intervals() -> None:
    found = api.attribute(ASR, ["The cat"], ["the cat"], start="verbatim", end="audiobench")
    assert [step.interval for step in found.gaps[0].steps] == [None] * len(found.gaps[0].steps)
    assert found.gaps[0].gap == -50
    assert isinstance(found, Attributed)
    assert "no intervals: there is only one row" in table(found.gaps[0])


def test_a_value_that_no_step_moves_is_said_plainly() -> None:
    rows = [{"id": str(n), "hypothesis": "a b", "reference": "a b"} for n in range(5)]
    found = api.attribute(ASR, rows, start="verbatim", end="audiobench", spread=True, replicates=20)
    assert "  (no step changes the value on these rows)" in found.lines()
    assert found.spread is None


def test_a_match_that_is_likely_by_chance_is_marked(predictions: Path) -> None:
    exact = api.score(ASR, predictions, replicates=0)["audiobench"].exact
    coarse = api.attribute(ASR, predictions, start="verbatim", printed=str(rounded(Fraction(exact or 0), 0)))
    assert "the steps may be an accident" in " ".join(coarse.lines())
    fine = api.attribute(ASR, predictions, start="verbatim", printed=str(rounded(Fraction(exact or 0), 4)))
    assert "accident" not in " ".join(fine.lines())


def test_rounded_parts_add_up() -> None:
    thirds = [Fraction(1, 3)] * 3
    assert adding_up(thirds, Decimal("1.00"), 2) == [Decimal("0.34"), Decimal("0.33"), Decimal("0.33")]
    assert adding_up([Fraction(-1, 3), Fraction(1, 3)], Decimal("0.0"), 1) == [Decimal("-0.3"), Decimal("0.3")]
    assert adding_up([], Decimal(0), 2) == []
    assert str(rounded(Fraction(-1, 1000), 2)) == "0.00"
    rng = random.Random(1)
    for _ in range(300):
        parts = [Fraction(rng.randint(-999, 999), rng.randint(1, 99)) for _ in range(rng.randint(1, 6))]
        for start in (Fraction(0), Fraction(1, 7)):
            total = rounded(start + sum(parts), 2) - rounded(start, 2)
            shown = adding_up(parts, total, 2)
            assert sum(shown) == total
            assert all(abs(Fraction(a) - b) < Fraction(1, 50) for a, b in zip(shown, parts, strict=True))


def test_a_universe_tells_what_it_counted() -> None:
    spec, counted = count_all(TASKS[ASR], "wer", rows_of(ASR, made_rows(5)))
    assert all(counted.holds(pipeline) for pipeline in counted.pipelines)
    assert not universe(counted.live, counted.pipelines[:1]).holds(counted.pipelines[-1])
    assert spec.metric == "wer"
