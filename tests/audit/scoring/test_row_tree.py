"""Trees over the rows of a predictions file: what a leaf gives away, and what it binds."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from audit._util import merkle
from audit.errors import InputError
from audit.scoring.row_tree import FIELDS, SCHEME, field_hash, json_text, leaf_of, read_rows, tree_of
from tests.support import run_files

ROWS: list[dict[str, Any]] = [
    {"id": "a", "hypothesis": "yes", "reference": "yes"},
    {"id": "b", "hypothesis": "yes", "reference": "yes"},
    {"id": "c", "hypothesis": "\ud83d half", "reference": ["\u4e00\u4e8c", "x"], "extra": {"z": 1.5, "a": None}},
]


def write(folder: Path, rows: list[dict[str, Any]]) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "asr-librispeech-clean.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def root(folder: Path, rows: list[dict[str, Any]]) -> str:
    return read_rows(write(folder, rows)).tree("p").root


def test_the_scheme_by_hand(tmp_path: Path) -> None:
    """The formulas of the module's documentation, written out for one row."""
    import hmac

    path = write(tmp_path, ROWS[:1])
    key = hashlib.sha256(b"repro-audit/rows/1\x00" + path.read_bytes()).digest()
    fields = {"id": b'"a"', "hypothesis": b'"yes"', "reference": b'"yes"'}
    data = b""
    for name in sorted(fields):
        salt = hmac.new(key, bytes(8) + name.encode(), "sha256").digest()
        data += name.encode() + b"\x00" + hashlib.sha256(b"\x02" + salt + fields[name]).digest()
    expected = hashlib.sha256(b"\x00" + data).hexdigest()
    tree = read_rows(path).tree("predictions/x.jsonl")
    assert (tree.root, tree.rows, tree.scheme, tree.path) == (expected, 1, SCHEME, "predictions/x.jsonl")


def test_equal_texts_have_different_leaves(tmp_path: Path) -> None:
    """Otherwise a row that is opened would give away all rows with the same text."""
    rows = read_rows(write(tmp_path, ROWS))
    first, second = (rows.field_hashes(index)["hypothesis"] for index in (0, 1))
    assert first != second
    assert len({rows.salt(index, name) for index in range(3) for name in FIELDS}) == 18


def test_a_short_text_is_not_found_by_trying(tmp_path: Path) -> None:
    """Neither without a salt, nor with salts from what is published: the file's hash, the index, other rows' salts."""
    path = write(tmp_path, ROWS)
    rows = read_rows(path)
    wanted = rows.field_hashes(0)["hypothesis"]
    published = hashlib.sha256(path.read_bytes()).digest()
    for salt in (b"", bytes(32), published, rows.salt(1, "hypothesis"), rows.salt(0, "id")):
        assert all(field_hash(salt, json_text(text)) != wanted for text in ("yes", "no"))


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows[:-1],
        lambda rows: [rows[1], rows[0], *rows[2:]],
        lambda rows: [*rows, {**rows[0], "id": "d"}],
        lambda rows: [{**rows[0], "hypothesis": "yes "}, *rows[1:]],
        lambda rows: [{**rows[0], "hypothesis": None, "extra": {"error": "x"}}, *rows[1:]],
        lambda rows: [{**rows[0], "prompt": None}, *rows[1:]],
    ],
)
def test_another_file_has_another_root(tmp_path: Path, change: Any) -> None:
    assert root(tmp_path, change(ROWS)) != root(tmp_path, ROWS)


def test_a_field_is_not_another_field(tmp_path: Path) -> None:
    """The names are part of the leaf: an output cannot be shown as a reference."""
    rows = read_rows(write(tmp_path, ROWS))
    hashes = rows.field_hashes(0)
    swapped = {**hashes, "reference": hashes["hypothesis"], "hypothesis": hashes["reference"]}
    assert leaf_of(swapped) != leaf_of(hashes)
    assert leaf_of({name: hashes[name] for name in ("id", "hypothesis")}) != leaf_of(hashes)


def test_all_fields_and_lone_surrogates(tmp_path: Path) -> None:
    rows = read_rows(write(tmp_path, ROWS))
    assert set(rows.rows[2]) == {"id", "hypothesis", "reference", "extra"}
    assert rows.rows[2]["extra"] == '{"a":null,"z":1.5}'
    assert json.loads(rows.rows[2]["hypothesis"]) == "\ud83d half"
    assert merkle.root(rows.leaves).hex() == rows.tree("p").root


def test_the_root_is_kept_between_runs(tmp_path: Path) -> None:
    path = run_files.write(tmp_path / "p", "asr-librispeech-clean", run_files.speech(50))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    first = tree_of(path, "predictions/a", digest, tmp_path / "cache")
    kept = tmp_path / "cache" / "row-trees" / digest
    path.unlink()
    assert tree_of(path, "predictions/a", digest, tmp_path / "cache") == first
    kept.write_text("damaged", encoding="ascii")
    with pytest.raises(InputError, match="cannot be read"):
        tree_of(path, "predictions/a", digest, tmp_path / "cache")


def test_a_line_that_is_not_a_row(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"id": "a"}\n[]\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"x.jsonl:2"):
        read_rows(path)
