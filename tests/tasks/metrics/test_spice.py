"""SPICE by its real parser: published values, what threads and the cache change (nothing), and rows that have no value."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.backends import spice_parser
from tasks.backends.parsed_captions import PATH_VARIABLE, CaptionCache, Parsed
from tasks.backends.spice_jars import HASH_VARIABLE, class_path, identity
from tasks.backends.spice_parser import LIMIT_VARIABLE, parse
from tasks.backends.user_cache import OFF
from tasks.errors import TooLongError, UnavailableError
from tasks.metrics import spice
from tasks.metrics.cider import CiderD
from tasks.metrics.spice import Spice, Spider, spice_evaluation
from tests.support.paths import ROOT
from tests.support.spice import needs_spice

# `nox -s long` takes all 1,045 rows.
ROWS = int(os.environ.get("REPRO_AUDIT_SPICE_ROWS", "60"))


@pytest.fixture(autouse=True)
def _nothing_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    spice_parser.forget()
    monkeypatch.setenv(PATH_VARIABLE, str(tmp_path / "spice"))
    monkeypatch.delenv(LIMIT_VARIABLE, raising=False)
    monkeypatch.delenv(HASH_VARIABLE, raising=False)
    yield
    spice_parser.forget()


@pytest.fixture(scope="module")
def cases() -> dict[str, tuple[str, tuple[str, ...]]]:
    path = ROOT.parent / "shared" / "cases" / "spice" / "captions.jsonl"
    if not path.is_file():
        pytest.skip("needs ../shared/cases/spice, which is not part of the project")
    rows = map(json.loads, path.read_text(encoding="utf-8").split("\n")[:-1])
    return {row["id"]: (row["hypothesis"], tuple(row["reference"])) for row in rows}


def rows_of(shared_real: Path) -> list[dict[str, str]]:
    with (shared_real / "captions/conette_clotho_eval.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1045
    return [rows[len(rows) * n // ROWS] for n in range(ROWS)]


@needs_spice
@pytest.mark.java
def test_published_values_row_by_row(shared_real: Path) -> None:
    """CoNeTTE's detailed outputs on Clotho, computed by aac-metrics with the jar on an older Java."""
    rows = rows_of(shared_real)
    said = [row["candidate"] for row in rows]
    captions = [[row[f"ref_{n}"] for n in range(1, 6)] for row in rows]
    counts = Spice().count(said, captions)
    published = [float(row["spice"]) for row in rows]
    assert [score / 1e12 for score, _ in counts.tolist()] == pytest.approx(published, abs=1e-9)
    if ROWS == 1045:
        assert Spice().fold(counts) == pytest.approx(13.755578, abs=5e-7)
        assert Spider().fold(Spider().count(said, captions)) == pytest.approx(30.966796, abs=5e-7)
        assert CiderD().fold(CiderD().count(said, captions)) == pytest.approx(48.178014, abs=5e-7)
    # Half of the captions are known, the other half is parsed by one thread: the same records.
    texts = list(dict.fromkeys(Spice().texts(said[:10], captions[:10])))
    name = identity(class_path())
    before = {text: spice_parser._known[name, text] for text in texts}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PATH_VARIABLE, OFF)
        for text in texts[::2]:
            del spice_parser._known[name, text]
        assert parse(texts, 180, threads=1) == before
    # The cache has them all, so no program runs.
    spice_parser.forget()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spice_parser, "_start", None)
        assert parse(texts, 180) == before


@needs_spice
@pytest.mark.java
def test_cases(cases: dict[str, tuple[str, tuple[str, ...]]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine awkward rows; a sentence of more words than the limit is an error of its row, and the others keep their values."""
    names = list(cases)
    with pytest.raises(TooLongError) as caught:
        spice.spice_scores([cases[name] for name in names])
    lost = {names[at]: why for at, why in caught.value.items.items()}
    # With its full stops the second long one is many short sentences; PTB tokens have none.
    assert set(lost) == {"loop-400"}
    assert lost["loop-400"].startswith(
        "SPICE parses sentences of at most 180 words, this one has 399: 'a dog barks and a"
    )
    said, captions = cases["sentences-300"]
    with pytest.raises(TooLongError, match="at most 180 words, this one has"):
        spice.spice_scores([(said.replace(" .", ""), captions)])
    rest = [name for name in names if name not in lost]
    values = dict(zip(rest, spice.spice_scores([cases[name] for name in rest]), strict=True))
    assert values["empty"] == values["dot"] == 0
    assert values["plain"] > values["emoji"] > 0
    assert spice.spice_scores([("2 dogs bark", ("two dogs bark",))]) == [10**12]
    # A limit that lets fewer through is another convention, and needs no parse.
    signature = Spice().signature
    monkeypatch.setenv(LIMIT_VARIABLE, "5")
    assert signature != Spice().signature
    assert "limit-5" in Spice().signature
    assert "limit-5" in Spider().signature
    assert spice_parser.heap(400) > spice_parser.heap(180) == spice_parser.heap(5)


@needs_spice
@pytest.mark.java
def test_sub_scores_and_tuples() -> None:
    found = spice_evaluation("two red cars drive on a road", ["a red automobile on the street", "two cars"])
    assert found.kinds["Color"] is not None
    assert found.kinds["Color"].matched == 1
    assert found.kinds["Size"] is None
    assert (("car", "red"), True) in found.output
    assert found.all.of_output == len(found.output)


def record(*tuples: tuple[str, ...]) -> Parsed:
    return Parsed(3, tuples, {word: frozenset() for one in tuples for word in one})


def test_rows_without_a_parse_are_errors_of_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"a dog": record(("dog",)), "long": Parsed(999), "odd": Parsed(4, gave_up=True)}
    monkeypatch.setattr(spice, "parse", lambda texts, limit: {text: known[text] for text in texts})
    said = ["a dog", "long", "a dog", "odd"]
    captions = [["a dog"], ["a dog"], ["a dog", "long"], ["a dog"]]
    with pytest.raises(TooLongError) as caught:
        Spice().count(said, captions)
    assert caught.value.items == {
        1: "SPICE parses sentences of at most 180 words, this one has 999: 'long'",
        2: "SPICE parses sentences of at most 180 words, this one has 999: 'long'",
        3: "SPICE's parser finds no tree for a sentence of 4 words: 'odd'",
    }
    # Each caption as an item: the row of a bad one is lost, by its own number.
    with pytest.raises(TooLongError) as caught:
        Spice("each").count(said, captions)
    assert set(caught.value.items) == {1, 2, 3}
    assert Spice("each").count(["a dog"], [["a dog", "a dog"]]).tolist() == [[2 * 10**12, 2]]
    both = Spider().count(["a dog"], [["a dog"]])
    assert both.tolist() == [[0, 10**12, 1]]


def test_a_limit_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("0", "x", "401", "-3"):
        monkeypatch.setenv(LIMIT_VARIABLE, wrong)
        with pytest.raises(
            UnavailableError, match=f"{LIMIT_VARIABLE} is '{wrong}', not a number of words from 1 to 400"
        ):
            spice_parser.limit()
    assert "limit-unset" in Spice().signature


def test_records_survive_and_damage_is_noticed(tmp_path: Path) -> None:
    cache = CaptionCache(tmp_path / "kept", "jars")
    records = {"a dog": record(("dog",), ("dog", "bark")), "long \ud83d": Parsed(999), "": Parsed(0, (), {})}
    assert cache.get(records) == {}
    cache.put(records)
    assert cache.problem is None
    assert CaptionCache(tmp_path / "kept", "jars").get([*records, "new"]) == records
    assert CaptionCache(tmp_path / "kept", "other jars").get(records) == {}
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o700
    assert cache.path is not None
    raw = cache.path.read_bytes()
    # A changed record is not taken; a file that is none is told.
    cache.path.write_bytes(raw.replace(b'"bark"', b'"mark"'))
    assert "a dog" not in CaptionCache(tmp_path / "kept", "jars").get(records)
    cache.path.write_bytes(b"x" * 5000)
    broken = CaptionCache(tmp_path / "kept", "jars")
    assert broken.get(records) == {}
    assert (
        broken.problem
        == f"captions parsed for SPICE are not kept in {cache.path}: file is not a database; delete the file"
    )


def test_a_folder_that_others_can_write_to_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    cache = CaptionCache(tmp_path / "open", "jars")
    cache.put({"a dog": record(("dog",))})
    assert "other users can write to the folder; chmod go-w" in str(cache.problem)
    assert list((tmp_path / "open").iterdir()) == []
