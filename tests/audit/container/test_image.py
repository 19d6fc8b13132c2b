"""References, records, and what different engines say of the same image."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit._util import canonical_json
from audit.container.engine import Engine
from audit.container.image import Image, find, find_recorded, inspect, read_record
from audit.errors import AuditError, InputError, MissingError
from audit.provenance.records import environment

docker = pytest.importorskip("docker", reason="the docker package is not installed")

CONFIG, MANIFEST, OTHER = (f"sha256:{letter * 64}" for letter in "cba")
LAYERS = [f"sha256:{digit * 64}" for digit in "12"]
FOUND: dict[str, Any] = {
    "Id": CONFIG, "RepoTags": ["x:2", "x:1"], "RepoDigests": [], "Created": "2026-01-01T00:00:00Z", "Os": "linux",
    "Architecture": "arm64", "Config": {"Labels": {"b": "2", "a": "1"}, "Cmd": ["all"]}, "RootFS": {"Layers": LAYERS},
}  # fmt: skip


def engine(*references: str, info: dict[str, Any] | None = None, **changes: Any) -> Engine:
    """An engine with one image, by these references."""

    def inspect_image(reference: str) -> dict[str, Any]:
        if reference not in references:
            response = SimpleNamespace(status_code=404, url="u", reason="r")
            raise docker.errors.ImageNotFound("x", response=response, explanation="no such image")
        return {**FOUND, **changes}

    return Engine(SimpleNamespace(inspect_image=inspect_image), "unix:///s", info or {}, "Docker 1")


def test_an_engine_that_names_by_config() -> None:
    found = find(engine(CONFIG), CONFIG)
    assert (found.id, found.config, found.manifest) == (CONFIG, CONFIG, None)
    assert found.layers == tuple(LAYERS)
    assert list(found.labels.items()) == [("a", "1"), ("b", "2")]
    assert found.tags == ("x:1", "x:2")
    assert found.platform == "linux/arm64"
    assert found.command == ("all",)


@pytest.mark.parametrize(
    ("info", "changes"),
    [
        ({"DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}, {}),
        ({"DriverStatus": [["Backing Filesystem", "extfs"]]}, {"Descriptor": {"digest": MANIFEST}}),
    ],
)
def test_an_engine_that_names_by_manifest(info: dict[str, Any], changes: dict[str, Any]) -> None:
    found = find(engine(MANIFEST, info=info, Id=MANIFEST, **changes), MANIFEST)
    assert (found.id, found.config, found.manifest) == (MANIFEST, None, MANIFEST)


def test_podmans_id_has_no_algorithm() -> None:
    assert find(engine(CONFIG, Id=CONFIG[7:]), CONFIG).config == CONFIG


def test_the_manifest_of_a_pulled_image() -> None:
    one, two = f"r.example/x@{MANIFEST}", f"s.example/x@{OTHER}"
    assert find(engine(CONFIG, RepoDigests=[one, f"t.example/y@{MANIFEST}"]), CONFIG).manifest == MANIFEST
    assert find(engine(CONFIG, RepoDigests=[one, two]), CONFIG).manifest is None
    assert find(engine(one, RepoDigests=[one, two]), one).manifest == MANIFEST


@pytest.mark.parametrize(
    "reference", ["x", "x:1", "x:latest", CONFIG[:20], CONFIG[7:], "sha256:" + "C" * 64, "", "x y"]
)
def test_what_can_move_is_refused(reference: str) -> None:
    with pytest.raises(InputError, match="can be moved") as caught:
        find(engine(reference), reference)
    if reference in {"x", "x:1"}:
        assert caught.value.fix is not None
        assert f"--image {CONFIG}" in caught.value.fix


def test_the_refusal_names_the_manifest_too() -> None:
    with pytest.raises(InputError) as caught:
        find(engine("h:5/x:1", RepoDigests=[f"h:5/x@{MANIFEST}"]), "h:5/x:1")
    assert caught.value.fix is not None
    assert f"or h:5/x@{MANIFEST}" in caught.value.fix


@given(st.text(max_size=80))
def test_no_other_text_is_taken(reference: str) -> None:
    with pytest.raises(AuditError):
        find(engine(), reference)


def test_an_engine_that_answers_with_another() -> None:
    with pytest.raises(MissingError, match="a different image"):
        find(engine(OTHER), OTHER)
    with pytest.raises(MissingError, match="does not have this image"):
        find(engine(), CONFIG)
    assert inspect(engine(), CONFIG) is None


def recorded(path: Path, **changes: Any) -> Path:
    record = find(engine(CONFIG), CONFIG).record(target="cpu", build_args={"A": None})
    path.write_bytes(canonical_json.dumps({**record, **changes}))
    return path


def test_a_record_finds_its_image(tmp_path: Path) -> None:
    path = recorded(tmp_path / "r")
    assert find_recorded(engine(CONFIG), path).id == CONFIG
    with pytest.raises(MissingError, match="the engine does not have the image"):
        find_recorded(engine(), path)


def test_an_archives_record_on_both_kinds_of_engine(tmp_path: Path) -> None:
    """It has both digests, so it holds on engines that know either."""
    path = recorded(tmp_path / "r", manifest=MANIFEST)
    assert find_recorded(engine(CONFIG), path).config == CONFIG
    info = {"DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}
    assert find_recorded(engine(MANIFEST, info=info, Id=MANIFEST), path).manifest == MANIFEST


@pytest.mark.parametrize(
    ("record", "answer", "message"),
    [
        ({"layers": LAYERS[:1]}, {}, "differs from the record in its layers"),
        ({}, {"Id": OTHER}, "differs from the record in its config digest"),
        ({"config": None, "manifest": OTHER}, {"RepoDigests": [f"x@{MANIFEST}"]}, "in its manifest digest"),
        ({"config": None, "manifest": MANIFEST}, {}, "cannot be compared"),
    ],
)
def test_a_record_of_another_image(
    record: dict[str, Any], answer: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        find_recorded(engine(CONFIG, **answer), recorded(tmp_path / "r", **record))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b'{"schema": "repro-audit/image/1"}',
        b"\xff",
        json.dumps({"schema": "repro-audit/image/2", "id": CONFIG}).encode(),
        json.dumps({"schema": "repro-audit/image/1", "id": "x", "manifest": None, "config": None, "layers": [],
                    "labels": {}}).encode(),
        json.dumps({"schema": "repro-audit/image/1", "id": CONFIG, "manifest": "x", "config": None, "layers": [],
                    "labels": {}}).encode(),
        json.dumps({"schema": "repro-audit/image/1", "id": CONFIG, "manifest": None, "config": None, "layers": [1],
                    "labels": {}}).encode(),
        b'{"schema": "repro-audit/image/1", "id": "a", "id": "b"}',
    ],
)  # fmt: skip
def test_no_record(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "r").write_bytes(raw)
    with pytest.raises(InputError, match="not an image record"):
        read_record(tmp_path / "r")


def test_no_record_file(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="cannot be read"):
        read_record(tmp_path / "r")


def made(labels: dict[str, str], manifest: str | None = None) -> Image:
    return Image(CONFIG, manifest, CONFIG, tuple(LAYERS), labels, None, "linux/amd64")


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=110), st.sampled_from([None, MANIFEST]))
def test_what_the_program_is_told_it_accepts(labels: dict[str, str], manifest: str | None) -> None:
    stated = made(labels, manifest).environment()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(environment.IMAGE_VARIABLE, json.dumps(stated.as_json()))
        assert environment.image() == stated


def test_names_and_labels() -> None:
    title = "org.opencontainers.image.title"
    assert made({}).environment().uri == "pkg:oci/repro-audit"
    assert made({title: "mine"}).environment().uri == "pkg:oci/mine"
    assert made({title: "../x"}).environment().uri == "pkg:oci/repro-audit"
    assert made({}, MANIFEST).environment().uri == f"pkg:oci/repro-audit@sha256%3A{MANIFEST[7:]}"
    assert "labels" not in made({"x": "y" * 4001}).environment().as_json()
    assert made({"x": "y"}).environment().labels == {"x": "y"}
