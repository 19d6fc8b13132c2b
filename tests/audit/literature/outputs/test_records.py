"""The records of public outputs: read, linted, found by hash."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audit.errors import CheckFailedError, InputError
from audit.importers import importers
from audit.literature.known_tasks import studies
from audit.literature.outputs.lint import lint_outputs
from audit.literature.outputs.records import chosen, load_outputs
from audit.literature.outputs.store import State, Store, default_folder, found_in
from audit.literature.works import load_works
from tests.support.output_records import body, fields, loaded, written

DATA = body()


@pytest.fixture(scope="module")
def known() -> tuple[Any, Any, Any]:
    return (
        {study.id: study for study in studies()},
        {work.id for work in load_works()},
        {one.name for one in importers()},
    )


def test_every_record_of_the_project_is_right(known: tuple[Any, Any, Any]) -> None:
    records, problems = lint_outputs(*known)
    assert problems == []
    assert len(records) == len(load_outputs()) == 144
    assert sum(one.file.sha256 is not None for one in records) == 141
    assert (
        len({one.file.sha256 for one in records if one.file.sha256}) == 140
    )  # two files of one work are the same bytes


def test_every_printed_value_that_can_be_counted_is_a_claim(known: tuple[Any, Any, Any]) -> None:
    audited = [one for one in load_outputs() if one.audit is not None]
    assert len(audited) == 95
    for one in audited:
        assert one.audit is not None
        study = known[0][one.audit.study]
        assert study.on(one.audit.task, one.audit.run), one.id


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"work": "nobody"}, "there is no record of a work `nobody`"),
        ({"set": "none"}, "there is no set card `none`"),
        ({"format": {"importer": "x", "text": "A.", "fields": {}, "normalised": None}}, "there is no importer `x`"),
        ({"tasks": ["asr-nowhere"]}, "no study has a task `asr-nowhere`"),
        ({"id": "other"}, None),
        ({"notes": "FILL IN: what"}, "placeholder"),
        ({"file": {"sha256": None}}, "size and hash are known together"),
        ({"file": {"address": "https://raw.githubusercontent.com/made/made/main/log/made.json"}},
         "the address is not that of repo, commit and path"),
        ({"audit": {"study": "audiobench-2024", "task": "none", "run": None}}, "there is no task `none` in a study"),
        ({"audit": {"study": "audiobench-2024", "task": "audiobench-librispeech-clean", "run": None},
          "printed": [{"metric": "wer", "named": "WER", "value": "0.5", "unit": "fraction", "convention": "audiobench",
                       "where": "log"}]}, "0.5 is not the study's claim (0.555834307918663)"),
        ({"audit": {"study": "audiobench-2024", "task": "audiobench-librispeech-clean", "run": None},
          "printed": [{"metric": "wer", "named": "WER", "value": "0.555834307918663", "unit": "fraction",
                       "convention": "hifi", "where": "log"}]}, "has no convention `hifi` for wer"),
    ],
)  # fmt: skip
def test_lint(known: tuple[Any, Any, Any], tmp_path: Path, changes: dict[str, Any], message: str | None) -> None:
    folder = written(tmp_path, fields(DATA, **changes)) / "outputs"
    problems = [str(problem) for problem in lint_outputs(*known, folder)[1]]
    assert len(problems) == (message is not None), problems
    if message is not None:
        assert message in problems[0]
        assert str(folder) in problems[0]


def test_lint_of_two_records_for_one_file_of_predictions(known: tuple[Any, Any, Any], tmp_path: Path) -> None:
    audit = {"study": "audiobench-2024", "task": "audiobench-librispeech-clean", "run": None}
    one, two = (fields(DATA, id=name, audit=audit) for name in ("first", "second"))
    problems = [str(problem) for problem in lint_outputs(*known, written(tmp_path, one, two) / "outputs")[1]]
    assert len(problems) == 1
    assert "first feeds this task and run, too" in problems[0]


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost/x",
        "https://user@host/x",
        "https://host/x?token=1",
        "https://host/x#y",
        "ftp://host/x",
        "https://",
    ],
)
def test_only_plain_https_addresses(tmp_path: Path, address: str) -> None:
    with pytest.raises(InputError, match="address"):
        loaded(tmp_path, fields(DATA, address))


def test_choosing(tmp_path: Path) -> None:
    audit = {"study": "mmau", "task": "x", "run": None}
    records = loaded(
        tmp_path, fields(DATA), fields(DATA, id="second", work="diva"), fields(DATA, id="third", audit=audit)
    )
    assert [one.id for one in chosen(records)] == ["made", "second", "third"]
    assert [one.id for one in chosen(records, work="diva")] == ["second"]
    assert [one.id for one in chosen(records, study="mmau")] == ["third"]
    assert [one.id for one in chosen(records, ["third", "made"])] == ["third", "made"]
    for arguments in ({"ids": ["none"]}, {"work": "none"}, {"study": "none"}):
        with pytest.raises(InputError, match="none"):
            chosen(records, **arguments)  # type: ignore[arg-type]


def test_files_are_found_by_their_hash_whatever_their_names(tmp_path: Path) -> None:
    (one,) = loaded(tmp_path / "literature", fields(DATA))
    place = tmp_path / "downloads" / "deep"
    place.mkdir(parents=True)
    (place / "renamed (1).txt").write_bytes(DATA)
    (tmp_path / "downloads" / "made.json").write_bytes(DATA[:-1] + b"!")  # right name and size, other bytes
    (tmp_path / "downloads" / ".hidden").mkdir()
    assert found_in(tmp_path / "downloads", [one]) == {"made": place / "renamed (1).txt"}
    with pytest.raises(InputError, match="there is no such folder"):
        found_in(tmp_path / "nowhere", [one])


def test_a_damaged_file_is_not_read(tmp_path: Path) -> None:
    (one,) = loaded(tmp_path / "literature", fields(DATA))
    store = Store(tmp_path / "store")
    assert store.state(one) is State.MISSING
    with pytest.raises(InputError, match="the public outputs are missing"):
        store.read(one)
    (tmp_path / "x").write_bytes(DATA)
    path = store.take(one, tmp_path / "x")
    assert store.read(one) == path
    path.write_bytes(DATA[:-1] + b"!")
    assert store.state(one) is State.DAMAGED
    with pytest.raises(CheckFailedError, match="differs from its record"):
        store.read(one)


def test_a_file_that_changes_while_it_is_copied_is_not_kept(tmp_path: Path) -> None:
    (one,) = loaded(tmp_path / "literature", fields(DATA))
    (tmp_path / "x").write_bytes(DATA + b" ")
    store = Store(tmp_path / "store")
    with pytest.raises(InputError, match="changed while it was copied"):
        store.take(one, tmp_path / "x")
    assert list(store.folder.iterdir()) == []


def test_where_files_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REPRO_AUDIT_OUTPUTS", str(tmp_path))
    assert default_folder() == tmp_path
    monkeypatch.delenv("REPRO_AUDIT_OUTPUTS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert default_folder() == tmp_path / "cache" / "repro-audit" / "outputs"
