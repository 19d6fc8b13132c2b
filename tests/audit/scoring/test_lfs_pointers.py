from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from audit._util import strict_yaml
from audit._util.files import refuse_pointer_file
from audit.document.read import load_document
from audit.errors import InputError
from audit.importers.records import read_bytes
from audit.judge import judgement_files
from audit.literature.known_tasks import known_tasks as tasks
from audit.scoring.prediction_meta import load_meta
from audit.scoring.predictions import load

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
TASK = "asr-librispeech-clean"


def predictions(path: Path) -> None:
    path.with_suffix(".meta.json").write_text(
        f'{{"schema": "repro-audit/predictions/1", "task": "{TASK}", "model": "M", "variant": "7b"}}'
    )
    load(path, tasks()[TASK])


@pytest.mark.parametrize(
    "reader",
    [
        predictions,
        lambda path: load_meta(path, TASK),
        read_bytes,
        judgement_files.read,
        strict_yaml.load,
        load_document,
    ],
)
def test_a_pointer_in_place_of_an_input_file_says_what_it_is(tmp_path: Path, reader: Callable[[Path], object]) -> None:
    path = tmp_path / f"{TASK}.jsonl"
    path.write_text(POINTER)
    with pytest.raises(InputError, match="a Git LFS pointer") as caught:
        reader(path)
    assert caught.value.where == str(path)
    assert "git lfs pull" in str(caught.value.fix)


def test_other_files_are_left_to_their_readers(tmp_path: Path) -> None:
    refuse_pointer_file(tmp_path / "missing")
    (tmp_path / "text").write_text("version 1\n")
    refuse_pointer_file(tmp_path / "text")
