"""`--json` means one thing: every command that lists or computes has it, and then prints JSON and nothing else.

The commands are those of the parser, so that a new one is either called here or named among those that make files.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from audit import cli
from audit.cli import COMMANDS, main, parser_of
from audit.cli.parser import leaves
from tests.audit.importers.test_fuzz import CHOICES, CMI, JUDGED, LLASO
from tests.support.container import streams
from tests.support.import_files import dumped, import_files, lines_of, text
from tests.support.judge.helpers import FakeServer, questions

# What these print is the file that they make, or where it is; what they compute stands in that file.
MAKERS = {
    "report", "study new", "literature bibtex", "literature csv", "literature new", "sets manifest", "sets make",
    "assets fetch", "outputs fetch", "export", "judge run", "judge sample", "judge import-human", "judge import-replies",
    "infer", "merge", "keygen", "package", "unblind", "countersign", "container build", "container run", "container archive",
    "help", "completion",
}  # fmt: skip
# Called elsewhere: by a real server in tests/audit/importers/test_redis_import.py, with torch in tests/audit/inference.
ELSEWHERE = {"import redis", "probe"}


def names() -> Iterator[tuple[str, set[str]]]:
    """Every command and action, with its options."""
    for command in COMMANDS:
        for leaf in leaves(parser_of(command)):
            _, name, *action = leaf.prog.split()
            if name == command:
                yield " ".join([name, *action]), {text for one in leaf._actions for text in one.option_strings}
                # A flag everywhere: a file is named by --json-out.
                assert all(one.nargs == 0 for one in leaf._actions if "--json" in one.option_strings), leaf.prog


WITH_JSON = {name for name, options in names() if "--json" in options}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a study, predictions of two runs, and an audit."""
    folder = tmp_path_factory.mktemp("scene")
    said = ("the cat sat on the mat", "good mourning everyone", "yes", "forty two frogs", "the colour of money")
    true = ("the cat sat on the mat", "good morning everyone", "yes", "42 frogs", "the color of money")
    for name, lines in (("hyp", said), ("ref", true)):
        (folder / name).write_bytes(text(*(f"u-{number} {line}" for number, line in enumerate(lines))))
    before = Path.cwd()
    os.chdir(folder)
    try:
        given = ["--references", "ref", "--model", "M"]
        new = ["--task", "t-1", "--family", "asr", "--claim", "wer=10.0%"]
        assert main(["import", "kaldi", "hyp", *given, *new]) == 0
        assert (
            main(["import", "kaldi", "ref", *given, "--task", "t-1", "--variant", "released", "--out", "second"]) == 0
        )
        assert main(["run", "--format", "csv", "--replicates", "0"]) == 0
    finally:
        os.chdir(before)
    prompted = [json.loads(line) for line in (folder / "predictions/t-1.jsonl").read_text("utf-8").splitlines()]
    for number, row in enumerate(prompted):
        row["prompt"] = f"Prompt {number % 2}."
    (folder / "prompted").mkdir()
    (folder / "prompted/t-1.jsonl").write_bytes(lines_of(prompted))
    meta = json.loads((folder / "predictions/t-1.meta.json").read_bytes())
    del meta["rows_sha256"]
    (folder / "prompted/t-1.meta.json").write_text(json.dumps(meta), "utf-8")
    return folder


@pytest.fixture
def judged(serve: Callable[..., FakeServer], tmp_path: Path) -> Path:
    folder = tmp_path / "judged"
    folder.mkdir()
    rows = "".join(f"{json.dumps(row)}\n" for row in questions(3))
    (folder / "sqqa-wikiqa.jsonl").write_text(rows, "utf-8")
    meta = {"schema": "repro-audit/predictions/1", "task": "sqqa-wikiqa", "model": "M", "variant": "7b"}
    (folder / "sqqa-wikiqa.meta.json").write_text(json.dumps(meta), "utf-8")
    server = serve(reply='{"Correct": True, "Reason": "x"}')
    asked = ["--task", "sqqa-wikiqa", "--convention", "paper-judge", "--model", "tiny-judge", "--base-url", server.url]
    assert main(["judge", "run", *asked, "--predictions", str(folder)]) == 0
    return folder


# By command, what it is called with in the folder of `scene`.
CALLS = {
    "all": ["--weights", "weights", "--data", "data", "--out", "out-all", "--format", "csv"],
    "run": ["--format", "csv", "--replicates", "0", "--out", "out-2"],
    "import auto": ["hyp"],
    "score": ["t-1"],
    "conventions": ["t-1"],
    "study check": ["study.yaml"],
    "study show": ["study.yaml"],
    "study list": [],
    "literature lint": [],
    "literature list": [],
    "literature show": ["salmonn"],
    "literature table": [],
    "sets list": [],
    "sets show": ["er-iemocap"],
    "sets check": ["predictions/t-1.jsonl"],
    "assets list": [],
    "assets check": ["flores101"],
    "outputs list": [],
    "outputs check": [],
    "survey": [],
    "detect": ["t-1"],
    "prompts": ["t-1", "--predictions", "prompted"],
    "multiverse": ["t-1"],
    "rows": ["t-1", "--between", "verbatim", "au-harness"],
    "compare": ["t-1", "predictions", "second"],
    "attribute": ["t-1", "--from", "verbatim", "--to", "au-harness"],
    "explain": ["t-1", "--value", "10.0"],
    "feasible": ["93.33", "--items", "15"],
    "plan": ["t-1", "--units", "predictions/t-1.jsonl", "--study", "study.yaml", "--max-words", "40", "--audits", "2",
             "--out", "plans"],
    "open-rows": ["out/audit.json", "t-1", "u-1"],
    "diff": ["out/audit.json", "out/audit.json"],
    "badge": ["out/audit.json"],
    "doctor": [],
}  # fmt: skip
# Formats of which tests/support/import_files.py has none: (format, file, task, contents).
MORE_IMPORTS = [
    ("csv", "in.csv", "asr-librispeech-clean", text("id,hypothesis,reference", "a,x,y"), []),
    ("jsonl", "in.jsonl", "sakura-animal-single", lines_of(CHOICES),
     ["--field", "id=q", "--field", "hypothesis=out", "--field", "choices=options", "--field", "letter=gold"]),
    ("audiobench", "in.json", "er-iemocap", dumped(JUDGED), []),
    ("cmi-bench", "in.jsonl", "mc-musiccaps", dumped(CMI), []),
    ("llaso", "in.json", "er-iemocap", dumped(LLASO), []),
]  # fmt: skip


def of_archive(folder: Path) -> list[str]:
    pytest.importorskip("docker", reason="the docker package is not installed")
    from audit.container.archive import write

    write(streams.engine_with(streams.legacy()), streams.image(), folder / "archive.tar")
    return ["--archive", str(folder / "archive.tar")]


def test_every_command_is_called_or_makes_files() -> None:
    """A new command that lists or computes needs `--json`, and a call here."""
    every = {name for name, _ in names()}
    assert every - WITH_JSON == MAKERS
    imports = {name for name in WITH_JSON if name.startswith("import ") and name != "import auto"}
    others = {"judge agreement", "judge status", "container inspect", "verify"}
    assert {*CALLS, *others, *imports} - ELSEWHERE == WITH_JSON - ELSEWHERE
    called = {f"import {kind}" for kind, *_ in MORE_IMPORTS} | {f"import {file.kind}" for file in import_files()}
    assert called == imports - ELSEWHERE


def shown(capsys: pytest.CaptureFixture[str], *command: str) -> Any:
    """The JSON that a command prints, whole and alone on standard output."""
    capsys.readouterr()
    code = main([*command, "--json"])
    captured = capsys.readouterr()
    assert code in {0, 1}, captured.err
    return json.loads(captured.out)


@pytest.mark.parametrize("name", sorted(CALLS))
def test_a_command_prints_json_and_nothing_else(
    name: str, scene: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(scene)
    found = shown(capsys, *name.split(), *CALLS[name])
    assert isinstance(found, dict | list)
    assert found


@pytest.mark.pdf
def test_a_package_is_verified(scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
                               monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.chdir(scene)
    assert shown(capsys, "run", "--replicates", "0", "--format", "html,pdf", "--out", str(tmp_path))
    assert shown(capsys, "verify", str(tmp_path / "package.zip"))["intact"] is True


def test_judges_and_images(
    judged: Path, scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(scene)
    task = ["--task", "sqqa-wikiqa", "--convention", "paper-judge"]
    assert shown(capsys, "judge", "agreement", *task, "--predictions", str(judged))
    assert shown(capsys, "judge", "status", "--predictions", str(judged))
    assert shown(capsys, "container", "inspect", *of_archive(tmp_path))


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_every_import(more: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calls: list[tuple[str, Path, list[str]]] = []
    for number, (kind, name, task, raw, options) in enumerate(MORE_IMPORTS):
        path = tmp_path / f"{number}-{name}"
        path.write_bytes(raw)
        calls.append((kind, path, ["--task", task, *options]))
    for entry in import_files():
        home = tmp_path / entry.id
        path = entry.lay(home)
        source = path.parent if entry.kind == "hf-dataset" else path
        calls.append((entry.kind, source, ["--task", entry.task, *entry.arguments(home)]))
    for number, (kind, path, options) in enumerate(calls):
        out = ["--model", "M", "--variant", "7b", "--out", str(tmp_path / f"out-{number}"), *more]
        found = shown(capsys, "import", kind, str(path), *options, *out)
        assert found["rows"] > 0
        assert (found["written"] is None) is bool(more)
        assert ("first_rows" in found) is bool(more)


@pytest.mark.parametrize("place", ["before", "behind"])
def test_a_recognised_format(place: str, scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(scene / "hyp")
    words = ["--json", file] if place == "before" else [file, "--json"]
    assert main(["import", "auto", *words]) == 0
    assert json.loads(capsys.readouterr().out)["format"] == "kaldi"


def test_what_is_refused_leaves_standard_output_empty(
    scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(scene)
    (tmp_path / "empty").write_bytes(b"")
    for command in (
        [
            "import",
            "kaldi",
            str(tmp_path / "empty"),
            "--references",
            "ref",
            "--task",
            "t-1",
            "--model",
            "M",
            "--variant",
            "x",
        ],
        ["score", "t-2"],
        ["sets", "show", "none"],
        ["literature", "show", "none"],
        ["study", "check", "none.yaml"],
        ["plan", "t-1"],
        ["open-rows", "out/audit.json", "t-1", "none"],
    ):
        assert main([*command, "--json"]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("repro-audit: ")


def test_a_plan_is_drawn_and_registered(
    scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(scene)
    call: Callable[..., Any] = lambda *more: shown(capsys, "plan", "t-1", "--out", str(tmp_path), *more)  # noqa: E731
    units = ["--units", "predictions/t-1.jsonl", "--study", "study.yaml", "--max-words", "40", "--audits", "0"]
    made = call(*units, "--public-seed", "a block", "--after", "2026-12-01", "--register")
    assert made["plan"]["seed"]["origin"] == "public"
    assert Path(made["written"][0]).name == "t-1.plan.json"
    assert len(made["written"]) > 1
    drawn = call("--draw", "00ab", "--published", "2026-12-02")
    assert drawn["plan"] is None
    assert [Path(path).exists() for path in drawn["written"]] == [True]
    # What is wrong is said before anything is written.
    assert main(["plan", "t-1", "--out", str(tmp_path / "none"), *units, "--timestamp", "http://x", "--json"]) == 2
    assert not (tmp_path / "none").exists()


def test_problems_are_listed(
    scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(scene)
    found = shown(capsys, "study", "check", "study.yaml", "study.yaml")
    assert [one["claims"] for one in found] == [1, 1]
    assert {"where", "what", "fix"} == set(found[0]["problems"][0])
    (tmp_path / "bad.yaml").write_text("id: bad\n", "utf-8")
    (bad,) = shown(capsys, "study", "check", str(tmp_path / "bad.yaml"))
    assert bad["claims"] is None
    assert bad["problems"]


def test_the_walk_sees_all_actions() -> None:
    assert {name.split()[0] for name, _ in names()} == set(cli.COMMANDS)
