"""The order of measuring, going on after a stop, equal values, and programs that are not to be had."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import benchmarks.__main__ as command
from audit.errors import InputError
from benchmarks.environments import REQUIREMENTS, Environments, PeerError, hub_metric, last_line, requirements
from benchmarks.groups import COLD, QUICK, USUAL, WARM, Group, Way, groups
from benchmarks.performance_page import around
from benchmarks.results import Results
from benchmarks.running import MeasurementError, measure
from benchmarks.tables import programs
from tests.support.benchmark_groups import found, scoring, uninstallable, way


def test_all_groups_are_measured_before_any_is_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    one, two = (Group(name, name, (way(f"{name}, ours", found(), log),)) for name in ("one", "two"))
    results = Results(tmp_path / "r.json", {})
    measure([one, two, Group("three", "three", (way("never", {}, log),), unavailable="no browser")], 2, results)
    assert log.read_text(encoding="utf-8").split("\n")[:-1] == ["one, ours", "two, ours"] * 2
    assert not results.has("three", 1)


def test_a_stopped_command_goes_on(tmp_path: Path) -> None:
    """What was measured is not measured again, and a group that was stopped is measured from its start."""
    log, file = tmp_path / "log", tmp_path / "r.json"
    good = scoring(lambda name: way(name, found(), log))
    broken = Group("scoring", "scoring", (*good.ways[:2], way(WARM, found(), log, code=3)))
    measure([good], 1, Results(file, {}))
    with pytest.raises(MeasurementError, match=r"ours, warm: OddError: it is broken"):
        measure([broken], 2, Results(file, {}))
    log.unlink()
    measure([good], 2, Results(file, {}))
    assert log.read_text(encoding="utf-8").split("\n")[:-1] == [USUAL, COLD, WARM]
    measure([good], 2, Results(file, {}))
    assert log.read_text(encoding="utf-8").count("\n") == 3


def test_what_was_measured_of_changed_code_is_not_kept(tmp_path: Path) -> None:
    results = Results(tmp_path / "r.json", {})
    with pytest.raises(MeasurementError, match="the code was changed meanwhile"):
        measure([scoring(lambda name: way(name, found()))], 1, results, lambda: False)
    assert not results.has("scoring", 1)


@pytest.mark.parametrize(
    ("wrong", "value", "equal"),
    [(USUAL, 1 + 1e-6, True), (USUAL, 1 + 3e-6, False), (USUAL, float("nan"), False), (WARM, 1 + 1e-12, False)],
)
def test_an_unequal_value_fails(tmp_path: Path, wrong: str, value: float, equal: bool) -> None:
    group = scoring(lambda name: way(name, found(value if name == wrong else 1.0)))
    results = Results(tmp_path / "r.json", {})
    if equal:
        measure([group], 1, results)
    else:
        with pytest.raises(MeasurementError, match=f"ours, cold and {wrong} differ"):
            measure([group], 1, results)
    assert results.has("scoring", 1) == equal


def test_a_value_that_only_one_way_has_fails(tmp_path: Path) -> None:
    group = scoring(lambda name: way(name, found() | ({"values": {}} if name == USUAL else {})))
    with pytest.raises(MeasurementError, match=r"do not have the same values: \['wer'\]"):
        measure([group], 1, Results(tmp_path / "r.json", {}))


def test_a_value_that_changes_between_runs_fails(tmp_path: Path) -> None:
    results = Results(tmp_path / "r.json", {})
    measure([scoring(lambda name: way(name, found(1.0)))], 1, results)
    with pytest.raises(MeasurementError, match="the first run and this one differ"):
        measure([scoring(lambda name: way(name, found(1.0 + 1e-7)))], 2, results)


def test_a_program_that_is_not_to_be_had_has_a_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither one that cannot be installed nor one that fails stops the rest."""
    ours = way("ours", found())
    all_three = [
        Group("a", "programs", (uninstallable("far", "no | such `package`"), ours)),
        Group("b", "programs", (way("odd", {}, peer=True, code=1), ours)),
        Group("c", "programs", (way("near", found(seconds=6.0), peer=True), ours)),
    ]
    results = Results(tmp_path / "r.json", {})
    measure(all_three, 1, results)
    assert "a, far: not measured: no | such `package`" in capsys.readouterr().err
    lines = programs(results.measured(["a", "b", "c"], 1)).splitlines()
    assert lines[2:] == [
        "| a | far | not measured: `no / such 'package'` | | | |",
        "| | this program | 2.00 |  | 1.00 |  |",
        "| b | odd | not measured: `OddError: it is broken` | | | |",
        "| | this program | 2.00 |  | 1.00 |  |",
        "| c | near | 6.00 |  | 3.00 |  |",
        "| | this program | 2.00 | 3.0 | 1.00 | 3.0 |",
    ]
    assert {line.count("|") for line in lines} == {7}


def test_a_reason_names_nobody_s_folders(tmp_path: Path) -> None:
    program = "import os, sys; sys.exit(f'OddError: nothing in {os.getcwd()}/wer')"
    lost = Way("odd", lambda _: [sys.executable, "-c", program], same="all", peer=True)
    results = Results(tmp_path / "r.json", {})
    measure([Group("a", "programs", (lost, way("ours", found())))], 1, results)
    assert results.measured(["a"], 1).failed("a/odd") == "OddError: nothing in wer"


@pytest.mark.slow
def test_a_package_that_cannot_be_installed_is_tried_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environments = Environments(tmp_path, {"none": ("--no-index", "no-such-package==1.0")})
    for _ in range(2):
        with pytest.raises(PeerError, match="ERROR: No matching distribution found for no-such-package"):
            environments.python("none")
    assert capsys.readouterr().err.count("none: installing") == 1


def test_every_package_of_others_has_its_version(tmp_path: Path) -> None:
    assert set(requirements()) == {"aac-metrics", "evaluate", "meeteval"}
    assert "meeteval==" in REQUIREMENTS.read_text(encoding="utf-8")
    file = tmp_path / "requirements.txt"
    file.write_text("# [one]\na==1  # why\n\n# a note\n# [two]\nb>=2\n", encoding="utf-8")
    with pytest.raises(InputError, match="exact version"):
        requirements(file)
    file.write_text("# [one]\na==1  # why\n\n# a note\n# [two]\nb==2\n", encoding="utf-8")
    assert requirements(file) == {"one": ("a==1",), "two": ("b==2",)}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Traceback\n  File\nValueError: bad\nnote: see above\n", "ValueError: bad"),
        ("ERROR: one\nERROR: two: three\n\n", "ERROR: two: three"),
        ("something\nelse\n", "else"),
        ("", "no reason given"),
    ],
)
def test_the_reason_is_the_line_that_says_it(text: str, line: str) -> None:
    assert last_line(text) == line


def test_a_missing_clone_is_named(tmp_path: Path) -> None:
    assert hub_metric("wer", None, tmp_path) == "wer"
    with pytest.raises(InputError, match=r"huggingface\+evaluate"):
        hub_metric("wer", tmp_path, tmp_path)


class Nowhere(Environments):
    """A machine on which nothing of others can be installed."""

    def python(self, name: str) -> str:
        raise PeerError(f"ERROR: no network for {name}")


def page(folder: Path, *parts: str) -> Path:
    for name in ("explanation", "assets"):
        (folder / name).mkdir(parents=True)
    file = folder / "explanation" / "performance.md"
    text = "".join("\n".join((*around(part), f"Of {part}, by hand.\n")) for part in parts)
    file.write_text(f"# Performance\n\n{text}", encoding="utf-8")
    return file


@pytest.mark.slow
def test_the_command_at_quick_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Real measurements, of two parts: values are equal, both parts are written, and nothing is measured again."""
    monkeypatch.setattr(command, "Environments", Nowhere)
    docs, raw = tmp_path / "docs", tmp_path / "raw.json"
    file = page(docs, "scoring", "growth", "programs", "audit")
    words = ["--quick", "--only", "scoring", "programs", "--docs", str(docs), "--results", str(raw)]
    assert command.main(words) == 0, capsys.readouterr().err
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# Performance\n\n<!-- measured: scoring")
    assert "python -m benchmarks --runs 1 --quick --only scoring programs`: 1 run, load" in " ".join(text.split())
    assert "jiwer 4" in text
    assert str(tmp_path) not in text
    assert "| not measured: `ERROR: no network for meeteval` |" in text
    assert "sacreBLEU, PairedTest" in text
    for part in ("growth", "audit"):
        assert "\n".join((*around(part), f"Of {part}, by hand.\n")) in text
    stored = json.loads(raw.read_text(encoding="utf-8"))["groups"]
    assert len(stored["scoring"]["1"]["found"][USUAL]["values"]) > 50

    monkeypatch.setattr("benchmarks.running._measured", lambda *_: pytest.fail("measured again"))
    assert command.main(words) == 0
    assert file.read_text(encoding="utf-8") == text


def test_the_command_ends_with_1_if_a_value_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    unequal = scoring(lambda name: way(name, found(2.0 if name == USUAL else 1.0)))
    monkeypatch.setattr(command, "groups", lambda *_: [unequal])
    file = page(tmp_path / "docs", "scoring")
    before = file.read_bytes()
    words = ["--quick", "--docs", str(tmp_path / "docs"), "--results", str(tmp_path / "raw.json")]
    assert command.main(words) == 1
    assert 'differ: {"wer": [1.0, 2.0]}' in capsys.readouterr().err
    assert file.read_bytes() == before


def test_captions_need_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["--only", "captions"])
    assert "--captions FILE" in capsys.readouterr().err


def test_every_part_has_a_group() -> None:
    every = groups(QUICK, Nowhere(Path()), None, None)
    assert tuple(dict.fromkeys(group.part for group in every)) == command.PARTS
    assert len({group.id for group in every}) == len(every)
