"""SPICE's side of the bargain: what it is given, how its answer is read, and every way in which it can be missing.

The program itself needs CoreNLP's models (REPRO_AUDIT_CORENLP); a program that stands for Java answers here.
"""

from __future__ import annotations

import hashlib
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
    [("dies", "OutOfMemoryError"), ("silent", "unreadable result"), ("short", "did not return 2 scores")],
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
