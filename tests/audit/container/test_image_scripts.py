"""What builds the image: assets by hash, lists of archives, a bill of materials, and the comparison of two images."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from scripts.image import assets, bill, layers, wheels
from tests.support.paths import ROOT

SHA = "a" * 64


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_files_that_packages_brought_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package/program.jar").write_bytes(b"program")
    monkeypatch.setattr(assets, "INSTALLED", {"package/program.jar": sha256(b"program")})
    assert assets.main(["check", str(tmp_path)]) == 0
    (tmp_path / "package/program.jar").write_bytes(b"another")
    assert assets.main(["check", str(tmp_path)]) == 1
    (tmp_path / "package/program.jar").unlink()
    assert assets.main(["check", str(tmp_path)]) == 1


def test_the_recorded_hashes_are_those_of_the_packages_here() -> None:
    """The image checks the very files that the scorers' tests run on."""
    import importlib.util

    spec = importlib.util.find_spec("pycocoevalcap")
    if spec is None or not spec.submodule_search_locations or not Path("/usr/share/wordnet/data.noun").is_file():
        pytest.skip("needs pycocoevalcap and wordnet-base")
    assert assets.check(Path(next(iter(spec.submodule_search_locations))).parent) == 0


def test_the_list_of_archives_has_hash_and_name() -> None:
    def item(url: str, digest: str) -> dict[str, Any]:
        return {"download_info": {"url": url, "archive_info": {"hashes": {"sha256": digest}}}}

    report = json.dumps(
        {"install": [item("https://x/b-1-py3-none-any.whl", SHA), item("file:///y/a-2.tar.gz", "b" * 64)]}
    )
    assert wheels.lines('{"install": []}', report) == [f"{'b' * 64}  a-2.tar.gz", f"{SHA}  b-1-py3-none-any.whl"]
    with pytest.raises(KeyError):
        wheels.lines('{"install": [{"download_info": {"url": "file:///src", "dir_info": {}}}]}')


DEBIAN = "libc6\t2.36-9+deb12u14\tamd64\tglibc\nwordnet-base\t1:3.0-37\tall\twordnet\n"


def test_the_bill_of_materials_names_packages_of_both_kinds() -> None:
    sums = f"{SHA}  numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.whl\n{'b' * 64}  rouge_score-0.1.2.tar.gz\n"
    document = bill.build("repro-audit-cpu", "c0ffee", DEBIAN, f"{'c' * 64}  wordnet-base_1%3a3.0-37_all.deb\n", sums)
    found = {component["name"]: component for component in document["components"]}
    assert found["wordnet-base"]["purl"] == "pkg:deb/debian/wordnet-base@1%3A3.0-37?arch=all&distro=debian-12"
    assert found["wordnet-base"]["hashes"] == [{"alg": "SHA-256", "content": "c" * 64}]
    assert "hashes" not in found["libc6"]  # it came with the base image
    assert found["numpy"]["version"] == "2.4.6"
    assert found["rouge-score"]["hashes"][0]["content"] == "b" * 64
    assert "licenses" not in found["wordnet-base"]
    rhino = "librhino-java\t1.7.14.1-0+deb12u1\tall\trhino\n"
    kept = f"corenlp\tx.jar\t{SHA}\tGPL-3.0-or-later\ta.b:x:3.6.0 a.b:x:3.6.0:jar:models\n"
    more = bill.build("repro-audit-cpu", "c0ffee", DEBIAN + rhino, "", sums, kept)
    found = {component["name"]: component for component in more["components"]}
    assert found["librhino-java"]["licenses"] == [{"license": {"id": "MPL-2.0"}}]
    assert found["x.jar"]["licenses"] == [{"license": {"id": "GPL-3.0-or-later"}}]
    assert (found["x.jar"]["purl"], found["x.jar"]["hashes"][0]["content"]) == ("pkg:maven/a.b/x@3.6.0", SHA)
    assert document == bill.build(
        "repro-audit-cpu", "c0ffee", DEBIAN, f"{'c' * 64}  wordnet-base_1%3a3.0-37_all.deb\n", sums
    )


@pytest.mark.parametrize("line", ["no hash", f"{SHA} one-space.whl", f"{SHA}  not-an-archive.txt"])
def test_a_list_that_cannot_be_read_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match="not"):
        bill.build("x", "", "", "", f"{line}\n")


def image(folder: Path, *members: dict[str, bytes], time: int = 0) -> layers.Image:
    """An image in a Docker archive; one dict of files a layer."""

    def packed(files: dict[str, bytes], mtime: int = 0) -> bytes:
        memory = io.BytesIO()
        with tarfile.open(fileobj=memory, mode="w") as tar:
            for name, data in files.items():
                member = tarfile.TarInfo(name)
                member.size, member.mtime = len(data), mtime
                tar.addfile(member, io.BytesIO(data))
        return memory.getvalue()

    blobs = [packed(files, time) for files in members]
    settings = {"Labels": {"a": "b"}, "Healthcheck": {"Test": ["CMD", "x"]}}
    config = json.dumps({"rootfs": {"diff_ids": [f"sha256:{sha256(blob)}" for blob in blobs]}, "config": settings})
    manifest = [{"Config": "c.json", "Layers": [f"{number}.tar" for number in range(len(blobs))]}]
    files = {f"{number}.tar": blob for number, blob in enumerate(blobs)}
    folder.mkdir(parents=True)
    (folder / "image.tar").write_bytes(
        packed({**files, "c.json": config.encode(), "manifest.json": json.dumps(manifest).encode()})
    )
    return layers.read(folder / "image.tar", folder / "unpacked")


def test_equal_images_have_no_differences(tmp_path: Path) -> None:
    one, other = (image(tmp_path / name, {"a": b"1"}) for name in ("one", "other"))
    assert one.config == other.config
    assert list(layers.differences(one, other)) == []
    assert one.labels == {"a": "b"}
    assert one.health_check == {"Test": ["CMD", "x"]}


def test_what_a_build_invents_is_no_difference(tmp_path: Path) -> None:
    def raw(folder: Path, container: str, label: str) -> layers.Image:
        settings = {"Labels": {"a": label}, "Hostname": container}
        config = {"container": container, "config": settings, "rootfs": {"diff_ids": []},
                  "history": [{"created_by": "RUN x", "comment": f"FROM {container}"}]}  # fmt: skip
        folder.mkdir()
        with tarfile.open(folder / "image.tar", "w") as tar:
            for name, value in (("c.json", config), ("manifest.json", [{"Config": "c.json", "Layers": []}])):
                data = json.dumps(value).encode()
                member = tarfile.TarInfo(name)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
        return layers.read(folder / "image.tar", folder / "unpacked")

    one, other = raw(tmp_path / "one", "c1", "same"), raw(tmp_path / "other", "c2", "same")
    assert one.config == other.config
    assert raw(tmp_path / "third", "c1", "another").config != one.config
    assert b"RUN x" in one.settings


def test_an_archive_is_read_back_and_has_one_form(tmp_path: Path) -> None:
    found = image(tmp_path / "x", {"list": b"old"}, {"list": b"new"})
    layers.write(found, tmp_path / "a.tar", "repro-audit:cpu")
    again = layers.read(tmp_path / "a.tar", tmp_path / "again")
    assert (again.config, again.diff_ids) == (found.config, found.diff_ids)
    layers.write(again, tmp_path / "b.tar", "repro-audit:cpu")
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()


def test_differences_are_named_by_file(tmp_path: Path) -> None:
    one = image(tmp_path / "one", {"same": b""}, {"a": b"1", "b": b"2", "c": b""})
    other = image(tmp_path / "other", {"same": b""}, {"a": b"9", "b": b"2", "d": b""})
    assert list(layers.differences(one, other)) == [
        ("a", "content"),
        ("c", "only in one"),
        ("d", "only in one"),
        ("", "the order of files in layer 2"),
    ]
    later = image(tmp_path / "later", {"same": b""}, {"a": b"1", "b": b"2", "c": b""}, time=5)
    assert dict(layers.differences(one, later)) == dict.fromkeys(("same", "a", "b", "c"), "time")
    assert list(layers.differences(one, image(tmp_path / "short", {"same": b""}))) == [("", "2 layers, and 1")]


def test_files_are_those_of_the_topmost_layer(tmp_path: Path) -> None:
    found = image(tmp_path / "x", {"list": b"old", "other": b"x"}, {"list": b"new"})
    assert layers.files(found, {"list", "other", "gone"}) == {"list": b"new", "other": b"x"}


def test_without_buildah_it_says_what_to_install(tmp_path: Path) -> None:
    program = ROOT / "scripts/image/twice.py"
    done = subprocess.run(
        [sys.executable, str(program), "--out", str(tmp_path)],
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "apt-get install buildah" in done.stderr


def test_every_listed_package_has_one_version_and_one_hash() -> None:
    for name in ("runtime", "build"):
        lines = (ROOT / f"scripts/image/{name}.packages").read_text(encoding="utf-8").splitlines()
        packages = [line.partition("=") for line in lines if not line.startswith("#")]
        assert len({package for package, _, _ in packages}) == len(packages) >= 2
        assert all(version for _, _, version in packages)
        sums = (ROOT / f"scripts/image/{name}.sha256").read_text(encoding="utf-8").splitlines()
        files = {line.split("  ")[1] for line in sums}
        for package, _, version in packages:
            start = f"{package}_{version.replace(':', '%3a')}_"
            assert sum(file.startswith(start) for file in files) == 1, package
        assert len(files) == len(packages)
