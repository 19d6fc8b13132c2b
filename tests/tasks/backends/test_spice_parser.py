"""SPICE's parser as a program: every way in which it can be missing or fail, and that nothing is lost or paid for twice.

A script stands for Java where the real one cannot be made to fail so.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tasks.backends import java, spice_jars, spice_parser
from tasks.backends.assets import ASSETS, FOLDER_VARIABLE, KnownFile, place
from tasks.backends.parsed_captions import PATH_VARIABLE, Parsed
from tasks.backends.spice_jars import HASH_VARIABLE, class_path, corenlp, corenlp_digest, corenlp_name, engine
from tasks.backends.spice_parser import parse
from tasks.backends.user_cache import OFF
from tasks.errors import UnavailableError
from tasks.metrics.spice import Spice, spice_unavailable
from tests.support.paths import ROOT
from tests.support.spice import needs_spice, running

STAND_IN = """#!{python} -IS
import json, os, signal, sys
mode = "{mode}"
if mode == "heap":
    print("Error occurred during initialization of VM\\nCould not reserve enough space for object heap")
    sys.exit(1)
settings = json.loads(sys.stdin.readline())
with open("{log}", "a") as log: log.write("start\\n")
if mode == "trial":
    print('Exception in thread "main" java.lang.NoSuchMethodError: parseAnnotation\\n\\tat x.Y', file=sys.stderr)
    sys.exit(1)
print(json.dumps(dict(ready=True)), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    with open("{log}", "a") as log: log.write(asked["text"] + "\\n")
    if mode == "dies" and asked["i"] == 2: os.kill(os.getpid(), signal.SIGKILL)
    if mode == "memory" and asked["i"] == 1:
        print(json.dumps(dict(i=1, error="java.lang.OutOfMemoryError: Java heap space")), flush=True)
        continue
    if mode == "noise": print("Exception: something", flush=True)
    words = asked["text"].split()
    print(json.dumps(dict(i=asked["i"], n=len(words), t=[words[:1]], s={{"=" + words[0]: [1]}})), flush=True)
"""


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    spice_parser.forget()
    monkeypatch.setenv(PATH_VARIABLE, str(tmp_path / "kept"))
    for name in (HASH_VARIABLE, ASSETS["corenlp"].variable, ASSETS["rhino"].variable):
        monkeypatch.delenv(name, raising=False)
    yield
    spice_parser.forget()


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """A program instead of Java, in a mode; its log has a line for each start and caption."""
    jars = tmp_path / "some.jar"
    jars.write_bytes(b"PK")
    monkeypatch.setattr(spice_parser, "class_path", lambda: (jars,))
    log = tmp_path / "log"

    def make(mode: str = "") -> Path:
        program = tmp_path / "java"
        text = STAND_IN.replace("{python}", sys.executable).replace("{mode}", mode).replace("{log}", str(log))
        program.write_text(text.replace("{{", "{").replace("}}", "}"))
        program.chmod(0o755)
        monkeypatch.setenv(java.JAVA_VARIABLE, str(program))
        return log

    return make


def test_a_caption_is_parsed_once(stand_in) -> None:  # type: ignore[no-untyped-def]
    log = stand_in()
    found = parse(["a dog", "a cat", "a dog"], 180)
    assert found["a dog"].tuples == (("a",),)
    parse(["a cat", "rain"], 180)
    spice_parser.forget()
    parse(["a dog", "a cat", "rain"], 180)  # from the cache: no program
    assert log.read_text().splitlines() == ["start", "a dog", "a cat", "start", "rain"]


def test_parts_are_parsed_elsewhere(stand_in, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    """As on a cluster: each part is a task, results come in any order, and are kept here."""
    log = stand_in()
    asked: list[list[str]] = []

    def elsewhere(parts: Sequence[Sequence[str]], longest: int) -> Iterator[Mapping[str, Parsed]]:
        asked.extend(map(list, parts))
        assert longest == 180
        for part in reversed(parts):
            yield {text: Parsed(1, ((text,),), {text: frozenset()}) for text in part}

    texts = [f"caption-{number}" for number in range(450)]
    spice_parser.distribute(elsewhere)
    try:
        found = parse(texts, 180)
    finally:
        spice_parser.distribute(None)
    assert [len(part) for part in asked] == [200, 200, 50]
    assert [found[text].tuples for text in texts] == [((text,),) for text in texts]
    spice_parser.forget()
    assert parse(texts, 180) == found
    assert not log.exists()


def test_without_a_cache_it_works(stand_in, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    log = stand_in()
    monkeypatch.setenv(PATH_VARIABLE, OFF)
    parse(["a dog"], 180)
    parse(["a dog"], 180)
    spice_parser.forget()
    parse(["a dog"], 180)
    assert log.read_text().splitlines() == ["start", "a dog"] * 2


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("trial", "SPICE: Java ended with status 1: java.lang.NoSuchMethodError: parseAnnotation"),
        ("heap", "SPICE: .*Error occurred during initialization of VM Could not reserve enough space for object heap"),
        ("noise", "SPICE: .*Exception: something"),
        ("memory", "SPICE: a caption of 1 words: java.lang.OutOfMemoryError: Java heap space"),
        ("dies", r"SPICE: Java was killed \(signal 9\)"),
    ],
)
def test_failures_carry_javas_words(stand_in, mode: str, reason: str) -> None:  # type: ignore[no-untyped-def]
    stand_in(mode)
    with pytest.raises(UnavailableError, match=f"^{reason}"):
        parse(["a dog", "cat", "rain", "wind"], 180)


@pytest.mark.parametrize("mode", ["memory", "dies"])
def test_what_was_parsed_before_a_failure_is_kept(stand_in, mode: str) -> None:  # type: ignore[no-untyped-def]
    log = stand_in(mode)
    with pytest.raises(UnavailableError):
        parse(["a dog", "cat", "rain"], 180)
    stand_in()
    spice_parser.forget()
    log.unlink()
    assert len(parse(["a dog", "cat", "rain"], 180)) == 3
    left = ["start", "cat"] if mode == "memory" else ["start", "rain"]
    assert log.read_text().splitlines() == left


def test_a_failure_to_start_is_paid_for_once(stand_in) -> None:  # type: ignore[no-untyped-def]
    log = stand_in("trial")
    for text in ("a dog", "a cat"):
        with pytest.raises(UnavailableError, match="parseAnnotation"):
            parse([text], 180)
    assert log.read_text().splitlines() == ["start"]


def test_too_little_memory_is_told_before_the_start(stand_in, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    log = stand_in()
    monkeypatch.setattr(spice_parser, "free_memory", lambda: 700)
    with pytest.raises(
        UnavailableError, match=r"^SPICE needs 2,400 MB of memory for sentences of 180 words; 700 MB are free"
    ):
        parse(["a dog"], 180)
    assert not log.exists()
    monkeypatch.undo()
    assert (spice_parser.free_memory() or 1) > 0


def test_a_full_disk_costs_the_cache_and_no_value(stand_in, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    stand_in()
    told: list[str] = []

    class Watcher:
        def show(self, done: int, total: int) -> None:
            told.append(f"{done} of {total}")

        def tell(self, text: str) -> None:
            told.append(text)

    class Full(sqlite3.Connection):
        def executemany(self, *_: object) -> sqlite3.Cursor:  # type: ignore[override]
            raise sqlite3.OperationalError("database or disk is full")

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, timeout: connect(path, timeout=timeout, factory=Full))
    assert parse(["a dog"], 180, watcher=Watcher())["a dog"].tuples == (("a",),)
    [path] = (tmp_path / "kept").iterdir()
    reason = (
        f"captions parsed for SPICE are not kept in {path}: database or disk is full; make room, or set {PATH_VARIABLE}"
    )
    assert told == ["0 of 1", "1 of 1", f"{reason} to another folder"]


def test_one_process_at_a_time(stand_in, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """A second one waits, and then finds what the first has parsed."""
    log = stand_in()
    with spice_parser._alone(None):
        waiting = threading.Thread(target=parse, args=(["a dog"], 180))
        waiting.start()
        time.sleep(0.3)
        assert not log.exists()
    waiting.join(60)
    assert log.read_text().splitlines() == ["start", "a dog"]


def test_jars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing, cut short, of another version; another hash only on request, and then in the signature."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setattr(spice_jars, "jar", lambda path: tmp_path / path)
    with pytest.raises(
        UnavailableError, match=r"^SPICE's parser not found \(repro-audit assets fetch corenlp, or set REPRO_"
    ):
        corenlp()
    folder = tmp_path / "corenlp"
    folder.mkdir()
    parser, models = folder / spice_jars.PARSER_JAR, folder / spice_jars.MODELS_JAR
    parser.write_bytes(b"PK")
    with pytest.raises(
        UnavailableError, match=r"stanford-corenlp-3.6.0.jar: cut short: 2 of 7,270,741 bytes \(repro-audit"
    ):
        corenlp()
    monkeypatch.setattr(type(ASSETS["corenlp"]), "file", lambda self, name: KnownFile(name, 2, "0" * 64))
    with pytest.raises(
        UnavailableError, match=r"a different file: its SHA-256 begins with [0-9a-f]{12}, not 000000000000"
    ):
        corenlp()
    monkeypatch.setenv(HASH_VARIABLE, "a" * 64)
    with pytest.raises(UnavailableError, match=r"incomplete: no stanford-corenlp-3.6.0-models.jar in"):
        corenlp()
    models.write_bytes(b"PK")
    with pytest.raises(UnavailableError, match=f"the hash of SPICE's parser in .* is not {HASH_VARIABLE}"):
        corenlp()
    monkeypatch.setenv(HASH_VARIABLE, corenlp_digest((parser, models)).upper())
    assert corenlp() == (parser, models)
    assert corenlp_name() == f"corenlp-{corenlp_digest((parser, models))[:12]}"
    assert corenlp_name() in Spice().signature
    monkeypatch.delenv(HASH_VARIABLE)
    assert "corenlp-3.6.0" in Spice().signature


def test_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    rhino = ASSETS["rhino"]
    monkeypatch.setattr(spice_jars, "RHINO", type(rhino)(rhino.id, rhino.what, None, rhino.variable, rhino.files))
    with pytest.raises(UnavailableError, match=r"^SPICE's JavaScript engine not found"):
        engine()
    own = tmp_path / "rhino" / rhino.files[0].name
    own.parent.mkdir()
    own.write_bytes(b"PK")
    with pytest.raises(UnavailableError, match=r"rhino-1.7.14.jar: cut short: 2 of 1,383,644 bytes"):
        engine()
    monkeypatch.setenv(rhino.variable, str(tmp_path / "js.jar"))
    with pytest.raises(UnavailableError, match=r"REPRO_AUDIT_RHINO names .*js\.jar"):
        engine()
    (tmp_path / "js.jar").write_bytes(b"no")
    with pytest.raises(UnavailableError, match=r"js\.jar: not a jar"):
        engine()
    (tmp_path / "js.jar").write_bytes(b"PK")
    assert engine() == tmp_path / "js.jar"


@needs_spice
@pytest.mark.java
def test_another_engine_is_told_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A jar that is no JavaScript engine passes as a file, and fails on the caption that is tried first, with Java's words."""
    monkeypatch.setenv(ASSETS["rhino"].variable, str(java.jar(spice_jars.JAR)))
    with pytest.raises(UnavailableError, match=r"Main|ClassNotFound"):
        parse(["a dog"], 180)


def test_no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(java.JAVA_VARIABLE, "/nothing/java")
    assert (spice_unavailable() or "").startswith("Java not found")


CAPTIONS = [f"a man and {number} dogs walk along the street near a red house" for number in range(2, 32)]


@pytest.fixture(scope="module")
def in_one_piece() -> list[Parsed]:
    spice_parser.forget()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PATH_VARIABLE, OFF)
        found = parse(CAPTIONS, 180)
    return [found[text] for text in CAPTIONS]


@needs_spice
@pytest.mark.java
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_in_the_middle_and_begun_again(
    tmp_path: Path, number: signal.Signals, in_one_piece: list[Parsed]
) -> None:
    """Nothing of Java stays; the second run parses what the first had not, and has the values of a run in one piece."""
    code = textwrap.dedent("""
        import json, sys
        from tests.tasks.backends.test_spice_parser import CAPTIONS
        from tasks.backends import spice_parser
        began = spice_parser._parse
        def counted(texts, *rest):
            print("parsing", len(texts), flush=True)
            return began(texts, *rest)
        spice_parser._parse = counted
        class Watcher:
            def show(self, done, total): print("done", done, flush=True)
            def tell(self, text): print(text, flush=True)
        found = spice_parser.parse(CAPTIONS, 180, watcher=Watcher(), threads=2)
        print("end", [found[text].as_text() for text in CAPTIONS], flush=True)
    """)
    scratch = tmp_path / f"scratch-{number.name}"
    scratch.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(scratch), PATH_VARIABLE: str(tmp_path / "kept")}

    def begin() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
        )

    with begin() as first:
        assert first.stdout is not None
        done = next(int(line.split()[1]) for line in first.stdout if line.startswith("done") and line != "done 0\n")
        first.send_signal(number)
        first.wait(60)
    for _ in range(600):
        if not running(str(scratch)):
            break
        time.sleep(0.1)
    assert running(str(scratch)) == []
    with begin() as second:
        lines = second.communicate(timeout=600)[0].splitlines()
    [parsing] = [int(line.split()[1]) for line in lines if line.startswith("parsing")]
    assert parsing <= len(CAPTIONS) - done
    assert lines[-1] == f"end {[one.as_text() for one in in_one_piece]}"


def test_the_reduced_models_are_those_that_the_record_names() -> None:
    folder = place(ASSETS["corenlp"])
    reduced = ASSETS["corenlp"].reduced
    assert reduced is not None
    if not (folder / reduced.file.name).is_file():
        pytest.skip(f"needs {ASSETS['corenlp'].fetch}")
    assert [path.name for path in corenlp()] == [spice_jars.PARSER_JAR, reduced.file.name]
    assert class_path()[0].name == "spice-1.0.jar"
