"""Ids that are texts: every file of counts lists them."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.errors import InputError
from audit.provenance import package
from tests.support import run_files
from tests.support.provenance import made

TASK = "asr-librispeech-clean"


def make(folder: Path, names: list[str], card: str) -> dict[str, bytes]:
    rows = [{**row, "id": name} for row, name in zip(run_files.speech(len(names)), names, strict=True)]
    run_files.write(folder, TASK, rows)
    counts = "id,errors\n" + "".join(f"{name},0\n" for name in names)
    files = made.with_card(made.artefacts(folder), card) | {f"counts/{TASK}/wer/x.csv": counts.encode()}
    return package.make(files, package.Options(key=made.key(), predictions=folder, command=("x",)))


def test_ids_that_are_texts_are_refused_unless_the_card_allows_it(tmp_path: Path) -> None:
    rows = sorted(run_files.speech(3), key=lambda row: str(row["reference"]))
    names = ["-".join(row["reference"].split()) for row in rows]
    run_files.write(tmp_path, TASK, [{**row, "id": name} for row, name in zip(rows, names, strict=True)])
    counts = "id,errors\n" + "".join(f"{name},0\n" for name in names)
    options = package.Options(key=made.key(), predictions=tmp_path, command=("x",))
    for card in ("unknown", "yes"):
        files = made.with_card(made.artefacts(tmp_path), card) | {f"counts/{TASK}/wer/x.csv": counts.encode()}
        if card == "yes":
            package.make(files, options)
        else:
            with pytest.raises(InputError, match="the id is a text of the set") as error:
                package.make(files, options)
            assert str(error.value.where).endswith(f"{TASK}.jsonl:1: id")


def test_long_names_are_no_texts(tmp_path: Path) -> None:
    make(tmp_path, ["libri-test-clean-0001-a", "libri-test-clean-0002-b"], "no")
