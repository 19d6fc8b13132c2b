"""Names in documents of others: none of them is a path that a command reads or writes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from audit._util.file_names import is_device, name_of
from audit._util.paths import LITERATURE
from audit.analysis.sampling.plan import Plan, PlannedClaim, PlannedConvention, Seed, parse_plan
from audit.document.read import structure
from audit.errors import InputError
from audit.literature.sets import load_set
from audit.pipeline.rescoring import _study_among
from audit.provenance.errors import RejectedError
from audit.provenance.format import archive
from tasks.datasets import manifest
from tasks.datasets.errors import DatasetError
from tests.support.example_audit import build

PATHS = ["../x", "../../etc/x", "/etc/x", "a/../../x", "x.yaml", "./x", "a\\b", "c:x", "", "..", "X", "a b"]


@pytest.mark.parametrize("name", PATHS)
def test_the_id_of_a_study(name: str) -> None:
    """`verify --rescore` read `studies/ID.yaml`, or the file of that name, wherever the id led."""
    value = build(conventions=2, claims=1)
    value["study"]["id"] = name
    with pytest.raises(InputError, match="not an id") as caught:
        structure(value, "audit.json")
    assert caught.value.where == "audit.json: study.id"


def test_a_study_that_the_package_does_not_carry() -> None:
    assert _study_among({"studies/made.yaml": b""}, "made") == "studies/made.yaml"
    for name in ("other", "../made", "../../../etc/made"):
        with pytest.raises(RejectedError, match="does not carry the study"):
            _study_among({"studies/made.yaml": b""}, name)


@pytest.mark.parametrize("name", ["a/../../../x.txt", "../x.txt", "/x.txt"])
def test_a_card_names_its_texts_beside_it(name: str, tmp_path: Path) -> None:
    card = min((LITERATURE / "sets").glob("*.yaml"), key=lambda path: "units/" not in path.read_text("utf-8"))
    text = card.read_text("utf-8")
    shutil.copytree(LITERATURE / "sets", tmp_path / "sets")
    load_set(tmp_path / "sets" / card.name)
    units = next(word for word in text.split() if word.startswith("units/"))
    (tmp_path / "sets" / card.name).write_text(text.replace(units.rstrip(",}"), name), "utf-8")
    with pytest.raises(InputError, match=r"leaves the folder|is not well-formed"):
        load_set(tmp_path / "sets" / card.name)


def plan(**changes: Any) -> Plan:
    convention = PlannedConvention("verbatim", "0" * 64, "errors", "1/60", cap=40, total=10)
    claim = PlannedClaim(changes.pop("metric", "wer"), "10.0", "percent", "lower", "0.3", (convention,))
    given: dict[str, Any] = {"task": "asr", "run": None, "study": None, "card": None, **changes}
    return Plan("repro-audit/plan/1", units=("a", "b"), seed=Seed("given", "1"), order="0" * 64, risk="0.05", claims=(claim,),
                created="2026-01-01", program="x", **given)  # fmt: skip


@pytest.mark.parametrize("field", ["task", "run", "study", "card", "metric"])
@pytest.mark.parametrize("name", [name for name in PATHS if name])
def test_names_in_a_plan(field: str, name: str) -> None:
    """The files of its registration are named after them."""
    parse_plan(plan().to_bytes(), "x.plan.json")
    with pytest.raises(InputError, match="joined by hyphens"):
        parse_plan(plan(**{field: name}).to_bytes(), "x.plan.json")


@pytest.mark.parametrize("name", ["../x.wav", "/etc/x.wav", "a/../../x.wav"])
def test_audio_of_label_files(name: str, tmp_path: Path) -> None:
    manifest.make("d", "s", tmp_path, [manifest.Item("a", ("a/b..c.wav",), "r")])
    with pytest.raises(DatasetError, match="leads out of the folder"):
        manifest.make("d", "s", tmp_path, [manifest.Item("a", (name,), "r")])
    path = tmp_path / "manifest.jsonl"
    path.write_text(manifest.Manifest("d", "s", tmp_path, (manifest.Item("a", (name,), "r"),)).text(), "utf-8")
    with pytest.raises(DatasetError, match="leads out of the folder"):
        manifest.read(path)


@pytest.mark.parametrize(
    "name",
    [
        "con",
        "CON.csv",
        "counts/nul",
        "counts/aux.csv/x",
        "COM1.csv",
        "lpt9.txt",
        "a.",
        "counts./a.csv",
        "counts/x.csv.",
    ],
)
def test_names_that_windows_reads_in_another_way_are_refused_in_packages(name: str, tmp_path: Path) -> None:
    with pytest.raises(RejectedError) as caught:
        archive.check_name(name, "a.zip")
    assert caught.value.code == "unsafe-name"
    with pytest.raises(RejectedError):
        archive.read_zip(archive.zip_bytes({name: b"x"}), "a.zip")
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(RejectedError):
        archive.read_folder(tmp_path)


@pytest.mark.parametrize(
    ("one", "other"), [("counts/a.csv", "counts/A.csv"), ("counts/a.csv", "COUNTS/b.csv/x"), ("a", "A/b")]
)
def test_names_that_are_one_on_macos_and_windows(one: str, other: str) -> None:
    archive.check_names(["counts/a.csv", "counts/b.csv"], "a.zip")
    with pytest.raises(RejectedError) as caught:
        archive.check_names([one, other.replace("COUNTS/b.csv/x", "COUNTS/A.csv")], "a.zip")
    assert caught.value.code == "unsafe-name"


def test_names_made_of_ids_are_different_and_plain() -> None:
    texts = [
        *PATHS,
        "con",
        "CON.x",
        "aux",
        "com1",
        "a.",
        "a ",
        "\u202ea",
        "e\u0301",
        "\u00e9",
        "\uff0f",
        "x" * 300,
        "x" * 301,
    ]
    names = [name_of(text) for text in texts]
    assert len(set(names)) == len({json.dumps(text) for text in texts})
    for name in names:
        assert name
        assert not is_device(name)
        assert not name.startswith((".", "-"))
        assert not name.endswith((".", " "))
        assert Path(name).name == name
        assert name.isascii()
