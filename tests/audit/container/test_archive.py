"""Archives of streams as engines write them, and damage to archives."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import socket
import tarfile
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit import cli
from audit.container import archive_reader
from audit.container.archive import write
from audit.container.archive_reader import Archive, read
from audit.container.engine import Engine
from audit.errors import AuditError, CheckFailedError, InputError, MissingError
from tests.support.container import streams

pytest.importorskip("docker", reason="the docker package is not installed")
STREAMS = {"legacy": streams.legacy(), "other tag and time": streams.legacy("y:2", 99), "layout": streams.layout()}
# What `write` makes of the image of `streams`; another value is another format, which old archives are compared with.
SHA256 = "7cd0abfb2716d0a25ffec60df61646520a1e86bccbe79310c35e7ab1b8d5ae4d"


def make(path: Path, stream: bytes, image: object = None) -> Archive:
    return write(streams.engine_with(stream), image or streams.image(), path)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", STREAMS)
def test_the_same_bytes_from_every_engine(name: str, tmp_path: Path) -> None:
    found = make(tmp_path / "a.tar", STREAMS[name])
    raw = (tmp_path / "a.tar").read_bytes()
    assert hashlib.sha256(raw).hexdigest() == found.sha256 == SHA256
    assert found.size == len(raw)
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar"]


def test_an_engine_that_takes_its_time_to_begin(tmp_path: Path) -> None:
    import docker

    body = STREAMS["legacy"]
    with tempfile.TemporaryDirectory(prefix="ra-", dir="/tmp") as folder, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{folder}/s")
        server.listen()

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                time.sleep(1)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
                time.sleep(1)
                with contextlib.suppress(OSError):
                    connection.sendall(body)

        thread = threading.Thread(target=answer)
        thread.start()
        client = docker.APIClient(base_url=f"unix://{folder}/s", version="1.41", timeout=0.2)
        try:
            found = write(Engine(client, "unix:///x", {}, "Docker 20"), streams.image(), tmp_path / "a.tar")
            assert client.timeout == 0.2  # other requests still end
        finally:
            client.close()
            thread.join()
    assert found.sha256 == SHA256


@pytest.mark.parametrize("identity", [streams.digest(streams.INDEX), streams.digest(streams.MANIFEST)])
def test_an_engine_that_names_by_manifest_and_packs(identity: str, tmp_path: Path) -> None:
    image = streams.image(identity, config=None)
    assert make(tmp_path / "a.tar", streams.containerd(), image).sha256 == SHA256


def test_what_is_in_it(tmp_path: Path) -> None:
    found = make(tmp_path / "a.tar", STREAMS["legacy"])
    with tarfile.open(tmp_path / "a.tar", "r:") as tar:
        members = tar.getmembers()
        content = {one.name: tar.extractfile(one).read() for one in members if one.isreg()}  # type: ignore[union-attr]
    assert [one.name for one in members] == sorted(one.name for one in members)
    assert {(one.mtime, one.uid, one.gid, one.uname, one.gname) for one in members} == {(0, 0, 0, "", "")}
    for name, raw in content.items():
        if name.startswith("blobs/"):
            assert name == streams.blob(raw)
    index = json.loads(content["index.json"])["manifests"][0]
    manifest = json.loads(content[f"blobs/{index['digest'].replace(':', '/')}"])
    assert index["digest"] == found.image.manifest
    assert index["annotations"] == {
        "org.opencontainers.image.ref.name": found.name,
        "io.containerd.image.name": f"docker.io/library/{found.name}",
    }
    assert manifest["config"]["digest"] == found.image.config == found.image.id == streams.CONFIG_DIGEST
    assert [layer["digest"] for layer in manifest["layers"]] == list(found.image.layers) == streams.DIFF_IDS
    assert [layer["size"] for layer in manifest["layers"]] == [len(layer) for layer in streams.LAYERS]
    assert json.loads(content["manifest.json"])[0]["RepoTags"] == [found.name]
    assert found.name == f"repro-audit:{streams.CONFIG_DIGEST[7:19]}"
    assert found.image.labels == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("x:1", "docker.io/library/x:1"),
        ("a/x:1", "docker.io/a/x:1"),
        ("ghcr.io/a/x:1", "ghcr.io/a/x:1"),
        ("localhost:5000/x:1", "localhost:5000/x:1"),
    ],
)
def test_names(name: str, full: str, tmp_path: Path) -> None:
    found = write(streams.engine_with(STREAMS["layout"]), streams.image(), tmp_path / "a.tar", name)
    assert found.name == name
    assert full.encode() in (tmp_path / "a.tar").read_bytes()


@pytest.mark.parametrize("name", ["x", "X:1", "", "a b:1", "x:", "x:" + "t" * 129])
def test_names_that_are_none(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        write(streams.engine_with(STREAMS["layout"]), streams.image(), tmp_path / "a.tar", name)


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (streams.legacy().replace(b"a" * 5000, b"a" * 4999 + b"c"), "a layer does not match the config"),
        (streams.legacy().replace(b'"amd64"', b'"arm64"'), "does not contain the requested image"),
        (streams.tar_of({"manifest.json": b"[]"}), "does not contain the requested image"),
        (streams.tar_of({"manifest.json": b'[{"Config": "x", "Layers": []}]'}), "does not contain the requested image"),
        (streams.tar_of({}), "does not contain the requested image"),
        (b"", "is invalid"),
        (b"no tar" * 1000, "is invalid"),
        (streams.legacy()[:6000], "is invalid"),
    ],
)
def test_a_stream_that_is_not_the_image(stream: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"the old one")
    with pytest.raises(CheckFailedError, match=message):
        make(tmp_path / "a.tar", stream)
    assert (tmp_path / "a.tar").read_bytes() == b"the old one"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_packer_that_is_not_known(tmp_path: Path) -> None:
    zstd = b"\x28\xb5\x2f\xfd" + b"x" * 100
    manifest = [{"Config": "c", "RepoTags": None, "Layers": ["z", "z", "z"]}]
    stream = streams.tar_of({"c": streams.CONFIG, "z": zstd, "manifest.json": json.dumps(manifest).encode()})
    with pytest.raises(CheckFailedError, match="zstd"):
        make(tmp_path / "a.tar", stream)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        make(tmp_path / "file" / "a.tar", STREAMS["legacy"])


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("good") / "a.tar"
    make(path, STREAMS["legacy"])
    return path.read_bytes()


def rewritten(raw: bytes, **changes: bytes | None) -> bytes:
    """The archive with members replaced, added (at the end) or left out (None)."""
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        files = {one.name: tar.extractfile(one).read() for one in tar if one.isreg()}  # type: ignore[union-attr]
    files |= {name: content for name, content in changes.items() if content is not None}
    return streams.tar_of({name: content for name, content in files.items() if changes.get(name, b"") is not None})


@pytest.mark.parametrize(
    ("member", "change", "message"),
    [
        (streams.blob(streams.FIRST), b"x", "does not match its digest"),
        (streams.blob(streams.SECOND), None, "is missing"),
        (streams.blob(streams.CONFIG), streams.CONFIG.replace(b"amd64", b"arm64"), "does not match its digest"),
        ("index.json", b'{"manifests": []}', "does not describe exactly one image"),
        ("index.json", b"{", "is invalid JSON"),
        ("index.json", b'{"manifests": [7]}', "does not describe exactly one image"),
        ("index.json", b'{"manifests": [{"digest": "../../x"}]}', "does not give the image's digest and name"),
        ("index.json", b"[" * 100_000, "is invalid JSON: nested too deeply"),
        ("index.json", b'{"manifests": [], "manifests": []}', "is invalid JSON: duplicate field"),
        ("manifest.json", b"[]", "does not match the image's config and the index"),
        ("manifest.json", None, "manifest.json is missing"),
        ("oci-layout", b'{"imageLayoutVersion": "2"}', "oci-layout does not match"),
        ("extra", b"", "is not referenced"),
        (streams.blob(b"extra"), b"extra", "is not referenced"),
    ],
)
def test_tampered(good: bytes, member: str, change: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(rewritten(good))
    assert read(path).image.config == streams.CONFIG_DIGEST
    path.write_bytes(rewritten(good, **{member: change}))
    with pytest.raises(CheckFailedError, match=message):
        read(path)
    assert cli.main(["container", "inspect", "--archive", str(path)]) == 1


def test_members_that_no_archive_has(good: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    for name, kind, message in (
        ("x", tarfile.SYMTYPE, "neither a file nor"),
        ("index.json", tarfile.REGTYPE, "is a duplicate"),
    ):
        path.write_bytes(good)
        with tarfile.open(path, "a") as tar:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "index.json"
            tar.addfile(member)
        with pytest.raises(CheckFailedError, match=message):
            read(path)


@pytest.mark.parametrize("raw", [b"", b"x" * 20000, streams.tar_of({}), streams.legacy()])
def test_no_archive_at_all(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(raw)
    with pytest.raises(InputError, match=r"not an (image|OCI) archive"):
        read(tmp_path / "a.tar")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="cannot be read"):
        read(tmp_path / "a.tar")
    with pytest.raises(MissingError, match="cannot be read"):
        read(tmp_path)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_flipped_bit_is_found_or_means_nothing(data: st.DataObject, good: bytes, tmp_path: Path) -> None:
    place = data.draw(st.integers(0, len(good) * 8 - 1))
    raw = bytearray(good)
    raw[place // 8] ^= 1 << place % 8
    path = tmp_path / "a.tar"
    path.write_bytes(bytes(raw))
    try:
        found = read(path)
    except AuditError:
        return
    path.write_bytes(good)
    assert found == read(path)
    # Only names, modes and times of the tar may go unseen: no member's bytes.
    with tarfile.open(fileobj=io.BytesIO(good)) as tar:
        assert not any(one.offset_data <= place // 8 < one.offset_data + one.size for one in tar)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_cut_is_found(data: st.DataObject, good: bytes, tmp_path: Path) -> None:
    """Behind the last member there is only padding."""
    with tarfile.open(fileobj=io.BytesIO(good)) as tar:
        last = tar.getmembers()[-1]
    path = tmp_path / "a.tar"
    path.write_bytes(good[: data.draw(st.integers(0, last.offset_data + last.size - 1))])
    with pytest.raises(AuditError):
        read(path)


def test_inspect_prints_and_the_record_names_the_file(
    good: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(good)
    assert cli.main(["container", "inspect", "--archive", str(path)]) == 0
    text = capsys.readouterr().out
    assert f"config    {streams.CONFIG_DIGEST}" in text
    assert cli.main(["container", "inspect", "--archive", str(path), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["schema"], record["config"]) == ("repro-audit/image/1", streams.CONFIG_DIGEST)
    assert record["size"] == path.stat().st_size


def test_a_sparse_member_of_many_terabytes(tmp_path: Path) -> None:
    """Its few bytes in the file would be hashed as the zeros that they stand for."""
    path = tmp_path / "a.tar"
    member = tarfile.TarInfo("index.json")
    member.size = 512
    # The header of GNU's old sparse format: no parts, and the real size at its place.
    raw = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    raw[156:157] = tarfile.GNUTYPE_SPARSE
    raw[257:265] = b"ustar  \0"
    raw[386:482] = bytes(96)
    raw[482:483] = b"\0"
    raw[483:495] = b"77777777777\0"
    raw[148:156] = b" " * 8
    raw[148:156] = b"%06o\0 " % sum(raw)
    path.write_bytes(bytes(raw) + bytes(512) + bytes(1024))
    with pytest.raises(CheckFailedError, match="is sparse"):
        read(path)


def test_many_names(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as tar:
        for number in range(archive_reader.MEMBERS + 1):
            tar.addfile(tarfile.TarInfo(f"{number}"))
    with pytest.raises(CheckFailedError, match="is one of too many members"):
        read(path)


def test_the_header_of_a_name_of_a_megabyte(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        tar.addfile(tarfile.TarInfo("x" * (1 << 20)))
    with pytest.raises(InputError, match="not an image archive"):
        read(path)
