"""Help, topics, examples, the man page, suggestions, completion in real shells, configuration, and how much is said."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from audit._util.suggest import near
from audit._util.terminal import coloured
from audit.cli import COMMANDS, main, parser_of
from audit.cli.completion import SCRIPTS, candidates
from audit.cli.examples import EXAMPLES
from audit.cli.man_page import man_page
from audit.cli.topics import SUMMARIES, TOPICS
from audit.errors import InputError
from audit.literature.known_tasks import known_tasks
from tests.support.import_files import ASR, lines_of
from tests.support.paths import ROOT


@pytest.fixture
def predictions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with predictions, which is the current one."""
    monkeypatch.chdir(tmp_path)
    rows = [{"id": f"{n:04}", "hypothesis": f"word{n} x", "reference": f"word{n} y"} for n in range(12)]
    Path("in.jsonl").write_bytes(lines_of(rows))
    assert main(["import", "jsonl", "in.jsonl", "--task", ASR, "--model", "M", "--variant", "7b"]) == 0
    return tmp_path


def test_every_command_has_examples_that_its_parser_takes() -> None:
    assert set(EXAMPLES) == set(COMMANDS)
    conventions = {c.id for items in known_tasks()[ASR].conventions.values() for c in items}
    for command, examples in EXAMPLES.items():
        for words, line in examples:
            assert words
            plain = re.split(r" [|>] ", line.removeprefix('eval "$(').removesuffix(')"'))[0]
            program, name, *options = shlex.split(plain)
            assert (program, name) == ("repro-audit", command)
            parsed = parser_of(name).parse_args([name, *options])
            named = getattr(parsed, "convention", None)
            listed = named if isinstance(named, list) else [named] if named else []
            for convention in [*listed, *(getattr(parsed, "between", None) or [])]:
                assert convention in {*conventions, "sakura-judge"}


@pytest.mark.parametrize("command", list(COMMANDS))
def test_help_shows_the_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    out = capsys.readouterr().out
    assert "examples:" in out
    assert EXAMPLES[command][0][1] in out


def test_topics(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(SUMMARIES) == set(TOPICS)
    assert main(["help"]) == 0
    listed = capsys.readouterr().out
    for name, text in TOPICS.items():
        assert name in listed
        assert main(["help", name]) == 0
        assert capsys.readouterr().out == text
        assert max(map(len, text.splitlines())) <= 80
    with pytest.raises(SystemExit) as stop:
        main(["help", "judge", "run"])
    assert stop.value.code == 0
    assert "usage: repro-audit judge run" in capsys.readouterr().out


def test_the_topics_name_every_verdict() -> None:
    from audit.schema import Verdict

    assert all(f"\n  {verdict} " in TOPICS["verdicts"] for verdict in Verdict)


def test_the_man_page_has_every_command_and_no_fault() -> None:
    page = man_page()
    plain = page.replace("\\-", "-")
    for name in COMMANDS:
        assert f".SH REPRO-AUDIT {name.upper()}" in plain
    assert "--no-config" in plain
    if shutil.which("man") is None or shutil.which("groff") is None:
        pytest.skip("needs man and groff")
    done = subprocess.run(["man", "--warnings", "-l", "-"], input=page, capture_output=True, text=True, check=True,
                          env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})  # fmt: skip
    assert done.stderr == ""
    assert "repro-audit import kaldi hyp --references ref" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["scroe"], "did you mean score"),
        (["import", "kaldy"], "did you mean kaldi"),
        (["score", ASR, "--jsn"], "did you mean --json"),
        (["judge", "statsu"], "did you mean status"),
        (["run", "--engine", "lcoal"], "did you mean local"),
        (["import", "zzzz"], "choose from auto, jsonl"),
    ],
)
def test_what_is_mistyped(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["score", "asr-librispech-clean"], "Did you mean asr-librispeech-clean"),
        (["score", ASR, "--convention", "verbatm"], "Did you mean verbatim"),
        (["score", ASR, "--metric", "wre"], "Did you mean wer"),
        (["run", "--study", "salmon"], "Did you mean salmonn"),
        (["study", "show", "saIura"], "Did you mean sakura"),
        (["sets", "show", "librispeech-clean"], "Did you mean librispeech-test-clean"),
        (["help", "verdcits"], "Did you mean verdicts"),
        (["literature", "show", "salmonnn"], "Did you mean salmonn"),
    ],
)
def test_mistyped_ids(predictions: Path, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert told in capsys.readouterr().err
    assert predictions.is_dir()


def test_near_names() -> None:
    assert near("abc", ["xyz"]) == []
    assert near("SCORE", ["score", "rows"]) == ["score"]


def test_words_that_can_follow() -> None:
    def found(*words: str) -> list[str]:
        only = next((word for word in words[:-1] if not word.startswith("-")), None)
        return [name for name, _ in candidates(parser_of(only), words)]

    assert found("sco") == ["score"]
    assert found("import", "ka") == ["kaldi"]
    assert {"--claim", "--cluster-by-audio"} >= set(found("import", "cmi-bench", "--cl")) >= {"--claim"}
    assert found("run", "--engine", "") == ["auto", "local", "ray"]
    assert found("run", "--engine", "l") == ["local"]
    assert found("completion", "b") == ["bash"]
    # Where a file stands, the shell completes it.
    assert found("report", "out/") == []
    assert found("run", "--out", "") == []
    assert set(found("--")) >= {"--version", "--no-config"}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A folder with `repro-audit`, for a shell's PATH."""
    path = tmp_path / "bin" / "repro-audit"
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m audit "$@"\n', "utf-8")
    path.chmod(0o755)
    return path.parent


def shell(program: Path, *command: str) -> str:
    environment = {**os.environ, "PATH": f"{program}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT),
                   "HOME": str(program.parent), "TERM": "dumb"}  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, cwd=program.parent, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def needs(name: str) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"needs {name}")


def test_bash_completes(program: Path) -> None:
    needs("bash")
    script = """
eval "$(repro-audit completion bash)"
complete -p repro-audit
COMP_WORDS=(repro-audit import ka); COMP_CWORD=2; _repro_audit; echo "${COMPREPLY[@]}"
COMP_WORDS=(repro-audit score --conv); COMP_CWORD=2; _repro_audit; echo "${COMPREPLY[@]}"
"""
    assert shell(program, "bash", "--norc", "-c", script).split("\n")[-3:-1] == ["kaldi", "--convention"]


def test_fish_completes(program: Path) -> None:
    needs("fish")
    (program.parent / "c.fish").write_text(SCRIPTS["fish"], "utf-8")
    script = 'source c.fish; complete --do-complete "repro-audit import ka"; complete --do-complete "repro-audit score --conv"'
    lines = shell(program, "fish", "--no-config", "-c", script).splitlines()
    assert [line.split("\t")[0] for line in lines] == ["kaldi", "--convention"]


def test_zsh_completes(program: Path) -> None:
    needs("zsh")
    # zsh completes in its line editor alone, so a pseudo-terminal presses the key.
    script = r"""
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PS1=; PROMPT=; autoload -Uz compinit; compinit -u -D; eval "$(repro-audit completion zsh)"; echo re""ady'
while zpty -r z line; do [[ $line == *ready* ]] && break; done
zpty -n -w z $'repro-audit import ka\t\x01echo got: \x05\n'
while zpty -r z line; do [[ $line == *'got: repro-audit import'* && $line != *echo* ]] && break; done
print -r -- $line
zpty -d z
"""
    assert "repro-audit import kaldi" in shell(program, "zsh", "-f", "-c", script)


CONFIG = """
[score]
replicates = 0
convention = ["verbatim"]
json = true
"""


def test_configuration(predictions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("repro-audit.toml").write_text(CONFIG, "utf-8")
    capsys.readouterr()
    assert main(["score", ASR]) == 0
    assert [one["convention"] for one in json.loads(capsys.readouterr().out)] == ["verbatim"]
    # What is typed counts more; what may be repeated adds up.
    assert main(["score", ASR, "--convention", "qwen2-audio"]) == 0
    assert {one["convention"] for one in json.loads(capsys.readouterr().out)} == {"verbatim", "qwen2-audio"}
    assert main(["--no-config", "score", ASR, "--replicates", "0"]) == 0
    assert capsys.readouterr().out.startswith(ASR)
    assert predictions.is_dir()


def test_configuration_in_a_projects_file(predictions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "".join(
        f"[tool.repro-audit.{line[1:]}\n" if line.startswith("[") else f"{line}\n" for line in CONFIG.splitlines()
    )
    Path("pyproject.toml").write_text(f'[project]\nname = "x"\n{text}', "utf-8")
    capsys.readouterr()
    assert main(["score", ASR]) == 0
    assert [one["convention"] for one in json.loads(capsys.readouterr().out)] == ["verbatim"]
    Path("repro-audit.toml").write_text("[score]\nreplicates = 0\n", "utf-8")
    assert main(["score", ASR]) == 0
    assert capsys.readouterr().out.startswith(ASR)
    assert predictions.is_dir()


def test_configuration_of_an_action(predictions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("repro-audit.toml").write_text("[study.list]\njson = true\n", "utf-8")
    capsys.readouterr()
    assert main(["study", "list"]) == 0
    assert json.loads(capsys.readouterr().out)
    assert predictions.is_dir()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[scroe]\n", "there is no command 'scroe'\n  Did you mean score"),
        ("[score]\nreplicate = 3\n", "there is no option --replicate\n  Did you mean replicates"),
        ("[score]\njson = 3\n", "takes no value"),
        ("[score]\nreplicates = true\n", "needs a value"),
        ("[score]\nreplicates = []\n", "must be a text, a number"),
        ("score = 3\n", "must be a table of options"),
        ("[score\n", "cannot be read as TOML"),
    ],
)
def test_a_configuration_that_is_wrong(
    predictions: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    Path("repro-audit.toml").write_text(text, "utf-8")
    capsys.readouterr()
    assert main(["score", ASR]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert "repro-audit.toml" in err
    assert predictions.is_dir()


def test_quiet_and_verbose(predictions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["score", ASR, "--replicates", "0", "-q", "--workers", "1"]) == 0
    quiet = capsys.readouterr()
    assert quiet.err == ""
    assert main(["score", ASR, "--replicates", "0", "-v", "--workers", "1"]) == 0
    verbose = capsys.readouterr()
    assert verbose.out == quiet.out
    assert f"reads  {predictions / 'predictions' / f'{ASR}.jsonl'}" in verbose.err
    assert main(["score", "no-such-task", "-v"]) == 2
    assert "Traceback" in capsys.readouterr().err
    assert main(["score", "no-such-task", "-q"]) == 2
    err = capsys.readouterr().err
    assert "there is no task" in err or "unknown task" in err
    assert "Traceback" not in err


class Stream:
    def __init__(self, terminal: bool) -> None:  # a test's own
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize(
    ("no_color", "force_color", "terminal", "expected"),
    [
        ("", "", True, True),
        ("", "", False, False),
        ("1", "", True, False),
        ("", "1", False, True),
        ("1", "1", True, False),
    ],
)
def test_colours(
    monkeypatch: pytest.MonkeyPatch, no_color: str, force_color: str, *, terminal: bool, expected: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("FORCE_COLOR", force_color)
    monkeypatch.setenv("TERM", "xterm")
    assert coloured(Stream(terminal)) is expected  # type: ignore[arg-type]


def test_lines_in_a_pipe_are_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conventions", "--steps"]) == 0
    assert "..." not in re.sub(r"<\.\.\.>", "", capsys.readouterr().out)


def test_an_unknown_topic() -> None:
    from audit.cli.commands import help as command

    with pytest.raises(InputError):
        command.run(parser_of("help").parse_args(["help", "nothing-like-it"]))
