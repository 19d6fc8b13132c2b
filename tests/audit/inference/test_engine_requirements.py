"""What `doctor` and `all` say about a model of a model engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.cli import main
from audit.inference.checks import check
from tests.support.inference import made_engine


@pytest.fixture(autouse=True)
def _made(monkeypatch: pytest.MonkeyPatch) -> None:
    made_engine.register(monkeypatch)


def by_part(model: Path) -> dict[str, tuple[bool, str]]:
    return {one.part: (one.ok, one.detail) for one in check(model, [], tasks=[])}


def test_requirements_of_an_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = made_engine.write(tmp_path)
    assert by_part(model) == {
        "libraries": (True, "all there"),
        "model": (True, f"Made released by made: {tmp_path / 'weights'}"),
    }
    monkeypatch.setattr(made_engine.Made, "modules", ("absent_library",))
    assert by_part(model)["libraries"] == (False, "missing: absent_library; pip install made")
    (tmp_path / "weights/weights.bin").unlink()
    assert "lacks weights.bin" in by_part(model)["model"][1]
    model.write_text("engine: mad\n")
    found = by_part(model)
    assert not found["model"][0]
    assert "Did you mean made" in found["model"][1]


def test_a_missing_library_ends_with_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made_engine.write(tmp_path)
    monkeypatch.setattr(made_engine.Made, "modules", ("absent_library", "another"))
    infer = ["infer", "--task", "asr-librispeech-clean", "--model", str(tmp_path), "--data", str(tmp_path)]
    assert main(infer) == 3
    said = capsys.readouterr().err
    assert "the engine made needs the Python packages absent_library, another" in said
    assert "pip install made" in said


def test_control_characters_of_a_model_file_do_not_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made_engine.write(tmp_path)
    with (tmp_path / "model.yaml").open("a") as file:
        file.write('"\\e[31mred": 1\n')
    infer = ["infer", "--task", "asr-librispeech-clean", "--model", str(tmp_path), "--manifest", "x"]
    (tmp_path / "model.yaml").read_text()
    assert main(infer) == 2
    assert "\x1b" not in capsys.readouterr().err
    (tmp_path / "model.yaml").write_text('engine: "\\e[31mred"\n')
    assert main(infer) == 2
    assert "\x1b" not in capsys.readouterr().err
