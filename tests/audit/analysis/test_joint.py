"""Joint explanations from files: claims of a family, and controls beside them."""

from __future__ import annotations

import argparse
import json
from fractions import Fraction
from pathlib import Path

import pytest

from audit import api
from audit._util import canonical_json
from audit.analysis.joint import agrees
from audit.cli.commands import explain
from audit.errors import InputError
from audit.literature.studies import load_study
from tests.support.multiverse_rows import rows
from tests.support.paths import ROOT

SPEECH = ("asr-librispeech-clean", "asr-librispeech-other", "asr-gigaspeech")
SALMONN = load_study(ROOT / "literature/studies/salmonn.yaml")


def write(folder: Path, stem: str, seed: int, model: str = "salmonn") -> None:
    path = folder / f"{stem}.jsonl"
    lines = (
        json.dumps({"id": r.id, "hypothesis": r.hypothesis, "reference": r.reference}) + "\n" for r in rows(25, seed)
    )
    path.write_text("".join(lines), encoding="utf-8")
    meta = {"schema": "repro-audit/predictions/1", "task": stem.partition("@")[0], "model": model, "variant": "13b"}
    path.with_suffix(".meta.json").write_text(json.dumps(meta), encoding="utf-8")


def command(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    explain.add_arguments(parser)
    return explain.run(parser.parse_args(arguments))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed, task in enumerate(SPEECH[:2]):
        write(tmp_path, task, seed)
    return tmp_path


def test_claims_and_controls_are_explained_together(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, "asr-librispeech-clean@whisper-large-v2", 7, "Whisper large v2")
    answer = folder / "joint.json"
    assert command("--joint", "asr", "--predictions", str(folder), "--study", "salmonn", "--json-out", str(answer)) == 0
    out = capsys.readouterr().out
    assert "asr, wer: 3 claims" in out
    assert "no outputs: asr-gigaspeech.wer" in out
    assert "0 of them print all 3 values" in out
    assert "random values of the spreads at once" in out
    data = json.loads(answer.read_bytes())
    assert answer.read_bytes() == canonical_json.dumps(data)
    assert [claim["claim"] for claim in data["claims"]] == [
        "asr-librispeech-clean.wer", "asr-librispeech-clean.wer@reference", "asr-librispeech-other.wer",
    ]  # fmt: skip
    assert data["without_outputs"] == ["asr-gigaspeech.wer"]
    registered = {name: entry for entry in data["registered"] for name in entry["known_as"]}
    alone = api.score(SPEECH[0], folder / f"{SPEECH[0]}.jsonl", replicates=0)["audiobench"].exact
    assert float(registered["audiobench"]["values"][0]) == pytest.approx(float(alone or 0), abs=1e-6)
    assert len(data["best"]) == 10


def test_a_planted_convention_explains_all_claims(folder: Path, tmp_path: Path) -> None:
    """The study's values are those of one convention on both sets: it is named, and little else."""
    values = [api.score(task, folder / f"{task}.jsonl", replicates=0)["audiobench"].exact for task in SPEECH[:2]]
    text = (ROOT / "literature/studies/salmonn.yaml").read_text(encoding="utf-8")
    changed = text
    for claim in (c for c in SALMONN.claims if c.task in SPEECH[:2] and c.model is None):
        value = f"{float(values[SPEECH.index(claim.task)] or 0):.2f}"
        head, mark, rest = changed.partition(f"id: {claim.id}\n")
        assert mark
        changed = head + mark + rest.replace(f'"{claim.value}"', f'"{value}"', 1)
    path = tmp_path / "study.yaml"
    path.write_text(changed, encoding="utf-8")
    found = api.explain_jointly("asr", folder, study=path)
    assert "audiobench" in {name for match in found.answer.matches for name in match.pipeline.known_as}
    assert found.answer.matches[0].pipeline.known_as
    assert len(found.answer.matches) < 60
    assert found.lines(None)[3].endswith("print all 2 values") or "print all 2 values" in "\n".join(found.lines())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--joint", "poetry"), "makes no claim on 'poetry'"),
        (("--joint", "translation"), r"0 of \d claims on translation have outputs"),
        (("--joint", "captioning"), "several metrics"),
        (("--joint", "asr", "--metric", "bleu"), "has no claim on 'bleu'"),
        (("--joint", "asr", "--value", "3.0"), "the study says the tasks"),
        (("asr-gigaspeech",), "a task and its printed value are needed"),
        (("asr-gigaspeech", "--value", "1.0", "--study", "salmonn"), "belongs to --joint"),
    ],
)
def test_bad_input(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    given = () if "--study" in arguments or "--joint" not in arguments else ("--study", "salmonn")
    with pytest.raises(InputError, match=message):
        command(*arguments, "--predictions", str(folder), *given)


def test_a_folder_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        api.explain_jointly("asr", tmp_path / "nothing")


def test_within_the_margin() -> None:
    claim = SALMONN.claim("asr-librispeech-clean", "wer")
    assert claim is not None
    assert claim.value == "2.1"
    assert agrees(Fraction("2.15"), claim, Fraction(0))
    assert not agrees(Fraction("2.151"), claim, Fraction(0))
    assert agrees(Fraction("2.151"), claim, Fraction("0.1"))
    assert not agrees(None, claim, Fraction(9))
