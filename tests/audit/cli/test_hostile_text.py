"""Texts of others in every field of a predictions file: no command prints their escapes, or a line that they forged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.cli import main

FORGED = "A\x1b[31mB\u202e\nFORGED accepted\r\x9bC\u2028D"
COMMANDS = [
    "score er-iemocap --predictions {p}",
    "detect er-iemocap --predictions {p}",
    "prompts er-iemocap --predictions {p}",
    "multiverse er-iemocap --predictions {p}",
    "explain er-iemocap --value 0.69 --predictions {p}",
    "attribute er-iemocap --from iemocap-4way --to hufs --predictions {p}",
    "rows er-iemocap --predictions {p} --between iemocap-4way hufs",
    "compare er-iemocap {p} {q}",
    "sets check {p}/er-iemocap.jsonl",
    "run --predictions {p} --format csv,tex --no-cache --out {p}/out",
    "import jsonl {p}/er-iemocap.jsonl --task er-iemocap --out {p}/made --model x --variant y",
    "merge {p} --task er-iemocap --out {p}/merged",
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    labels = ["happy", "sad", "angry", "neutral"]
    made = []
    for folder in (tmp_path_factory.mktemp("p"), tmp_path_factory.mktemp("q")):
        rows = [
            {
                "id": f"x{number:02}{FORGED}",
                "hypothesis": labels[number % 4] + FORGED * (number % 5 == 0),
                "reference": labels[number % 3],
                "prompt": f"p{number % 2}{FORGED}",
                "extra": {f"f{FORGED}": f"v{FORGED}"},
            }
            for number in range(60)
        ]
        meta = {
            "schema": "repro-audit/predictions/1",
            "task": "er-iemocap",
            "model": f"SALMONN{FORGED}",
            "variant": f"13b{FORGED}",
            "weights": {f"w{FORGED}": "0" * 64},
            "decoding": {"beams": 4, f"note{FORGED}": f"x{FORGED}"},
            "dataset": None,
            "prompt": None,
            "who": f"us{FORGED}",
            "when": FORGED,
            "device": FORGED,
            "source": FORGED,
        }
        (folder / "er-iemocap.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        (folder / "er-iemocap.meta.json").write_text(json.dumps(meta), "utf-8")
        made.append(folder)
    return made[0], made[1]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_prints_what_a_field_forges(
    command: str, folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word.format(p=folders[0], q=folders[1]) for word in command.split()]
    try:
        code = main(words)
    except SystemExit as stopped:
        pytest.fail(f"the command line changed: {stopped.code}")
    said = capsys.readouterr()
    assert code in {0, 1, 2}
    text = said.out + said.err
    assert text
    assert not any(line.lstrip().startswith("FORGED") for line in text.splitlines())
    assert not any(character in text for character in "\x1b\x9b\u202e\u2028\r")
