"""SPICE's side of the bargain: what it is given, how its answer is read, and every way in which it can be missing.

The program itself needs CoreNLP's models (REPRO_AUDIT_CORENLP); a program that stands for Java answers here.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from tasks.backends import java
from tasks.errors import UnavailableError
from tasks.metrics import spice
from tasks.metrics.cider import CiderD
from tasks.metrics.spice import HASH_VARIABLE, MODELS, PATH_VARIABLE, Spice, Spider, models_digest, spice_unavailable

FAKE = """#!{python} -IS
import json, sys
items = json.load(open(sys.argv[-4]))
mode = "{mode}"
if mode == "dies":
    print("java.lang.OutOfMemoryError", file=sys.stderr)
    sys.exit(1)
assert sys.argv[-3] == "-out" and sys.argv[-1] == "-silent" and sys.argv[-5] == "edu.anu.spice.SpiceScorer"
path = sys.argv[sys.argv.index("-cp") + 1].split(":")
assert [p.rsplit("/", 1)[1] for p in path[2:]] == {models!r}, path
scores = [len(set(i["test"].split()) & set(" ".join(i["refs"]).split())) / 10 for i in items]
scores = [s if i["test"] else float("nan") for i, s in zip(items, scores)]
answer = [dict(image_id=i["image_id"], scores=dict(All=dict(f=s))) for i, s in zip(items, scores)]
if mode == "short":
    answer.pop()
if mode != "silent":
    json.dump(answer[::-1], open(sys.argv[-2], "w"))
"""


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in MODELS:
        (tmp_path / name).write_bytes(name.encode())
    monkeypatch.setenv(PATH_VARIABLE, str(tmp_path))
    monkeypatch.setenv(HASH_VARIABLE, models_digest(tmp_path))
    monkeypatch.setattr(spice, "jar", lambda path: tmp_path / path)
    monkeypatch.setattr(spice, "_known", {})
    return tmp_path


def fake_java(folder: Path, monkeypatch: pytest.MonkeyPatch, mode: str = "") -> None:
    program = folder / "java"
    text = FAKE.replace("{python}", sys.executable).replace("{mode}", mode).replace("{models!r}", repr(list(MODELS)))
    program.write_text(text)
    program.chmod(0o755)
    monkeypatch.setenv(java.JAVA_VARIABLE, str(program))


def test_scores_and_spider(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_java(models, monkeypatch)
    assert spice_unavailable() is None
    said = ["a dog barks", "a cat", "", "a dog barks"]
    captions = [["a dog", "dog barks"], ["wind"], ["x"], ["a dog", "dog barks"]]
    counts = Spice().count(said, captions)
    assert counts.tolist() == [[3 * 10**11, 1], [0, 1], [0, 1], [3 * 10**11, 1]]
    assert float(Spice().fold(counts) or 0) == pytest.approx(15)
    each = Spice("each").count(said, captions)
    assert each.tolist()[0] == [4 * 10**11, 2]
    both = Spider().count(said, captions)
    cider = CiderD().count(said, captions)
    assert both[:, 0].tolist() == cider[:, 0].tolist()
    expected = (float(CiderD().fold(cider) or 0) + 15) / 2
    assert float(Spider().fold(both) or 0) == pytest.approx(expected)
    replicates = Spider().replicate(both, np.ones((1, 4)))
    assert replicates[0] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("dies", "OutOfMemoryError"),
        ("silent", r"SPICE: unreadable result \(FileNotFoundError\)$"),
        ("short", "did not return 2 scores"),
    ],
)
def test_failures(models: Path, monkeypatch: pytest.MonkeyPatch, mode: str, reason: str) -> None:
    fake_java(models, monkeypatch, mode)
    with pytest.raises(UnavailableError, match=reason):
        Spice().count(["a", "b"], [["a"], ["b"]])


def test_missing_models(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HASH_VARIABLE, "0" * 64)
    assert spice_unavailable() == f"the hash of the SPICE models is not {HASH_VARIABLE}"
    monkeypatch.delenv(HASH_VARIABLE)
    # The same words as where nothing is given: an image names the folder in any case.
    given = spice_unavailable() or ""
    assert given.startswith("SPICE models not given")
    monkeypatch.setenv(HASH_VARIABLE, "0" * 64)
    (models / MODELS[1]).unlink()
    assert (spice_unavailable() or "").startswith("SPICE models not found: no stanford-corenlp-3.6.0-models.jar")
    monkeypatch.delenv(PATH_VARIABLE)
    monkeypatch.delenv(HASH_VARIABLE)
    assert spice_unavailable() == given


def test_the_hash_is_that_of_standard_tools(models: Path) -> None:
    lines = "".join(f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n" for name in MODELS)
    assert models_digest(models) == hashlib.sha256(lines.encode()).hexdigest()
    (models / MODELS[0]).write_bytes(b"changed")
    assert models_digest(models) != hashlib.sha256(lines.encode()).hexdigest()


def test_what_the_program_is_given(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, list[str], float]] = []

    def run(name: str, arguments: tuple[str, ...], *, timeout: float) -> None:
        asked.append((name, list(arguments), timeout))
        question, answer = Path(arguments[-4]), Path(arguments[-2])
        assert (question.name, answer.name) == ("in.json", "out.json")
        assert question.parent == answer.parent
        assert question.parent.name.startswith("repro-audit-spice-")
        assert json.loads(question.read_bytes()) == [
            {"image_id": 0, "test": "a caf\u00e9", "refs": ["a bar", "a  caf\u00e9"]}
        ]
        answer.write_text(json.dumps([{"image_id": 0, "scores": {"All": {"f": 0.25}}}]))

    monkeypatch.setattr(spice, "run", run)
    assert Spice().count([("a", "caf\u00e9")], [[("a", "bar"), "a  caf\u00e9"]]).tolist() == [[25 * 10**10, 1]]
    [(name, arguments, timeout)] = asked
    assert (name, timeout) == ("SPICE", 14_400)
    program = models / "spice/spice-1.0.jar"
    path = [program, program.parent / "lib" / "*", *(models / name for name in MODELS)]
    opened = [argument for argument in arguments if argument.startswith("--add-opens=java.base/")]
    assert arguments == [
        "-Xmx8G", *opened, "-cp", ":".join(map(str, path)), "edu.anu.spice.SpiceScorer", arguments[-4], "-out",
        arguments[-2], "-silent",
    ]  # fmt: skip
    assert "--add-opens=java.base/java.lang=ALL-UNNAMED" in opened


def test_an_item_is_asked_once_for_the_same_models(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[spice.Texts]] = []

    def run(_models: Path, texts: list[spice.Texts]) -> list[int]:
        asked.append(texts)
        return [10**11 * (len(asked) + number) for number in range(len(texts))]

    monkeypatch.setattr(spice, "_run", run)
    a, b = ("a", ("x",)), ("b", ("x", "y"))
    assert spice.spice_scores([a, b, a]) == [10**11, 2 * 10**11, 10**11]
    assert spice.spice_scores([b]) == [2 * 10**11]
    assert asked == [[a, b]]
    (models / MODELS[0]).write_bytes(b"other models")
    monkeypatch.setenv(HASH_VARIABLE, models_digest(models).upper())
    assert spice.spice_scores([b]) == [2 * 10**11]
    assert asked == [[a, b], [b]]
    monkeypatch.setattr(spice, "_run", lambda _models, texts: [1] * (len(texts) - 1))
    with pytest.raises(ValueError, match="zip"):
        spice.spice_scores([("c", ("x",))])


def test_every_need_of_spice_is_named(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_java(models, monkeypatch)
    assert spice_unavailable() is None

    def no_jar(path: str) -> Path:
        raise UnavailableError(f"no {path}")

    monkeypatch.setattr(spice, "jar", no_jar)
    assert spice_unavailable() == "no spice/spice-1.0.jar"
    monkeypatch.setenv(java.JAVA_VARIABLE, "/nothing")
    assert (spice_unavailable() or "").startswith("Java not found")
