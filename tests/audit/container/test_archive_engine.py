"""Archives of a real engine's image, read by other programs."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from audit import cli
from tests.audit.container.conftest import Host
from tests.support.container.daemon import Daemon

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def archive(host: Host, image: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "a.tar"
    assert cli.main(["container", "archive", "--host", host.url, "--image", image, "--output", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def record(archive: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(archive.with_name("a.tar.json").read_bytes())
    return found


def test_twice_the_same(
    archive: Path, host: Host, image: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = tmp_path / "a.tar"
    host.client.tag(image, "another-name", "2")
    assert cli.main(["container", "archive", "--host", host.url, "--image", image, "--output", str(again)]) == 0
    assert again.read_bytes() == archive.read_bytes()
    assert again.with_name("a.tar.json").read_bytes() == archive.with_name("a.tar.json").read_bytes()
    text = capsys.readouterr().out
    assert f"config    {image}" in text
    assert "manifest  sha256:" in text
    assert text.count("layer     sha256:") == 3
    assert cli.main(["container", "inspect", "--archive", str(again)]) == 0
    checked = subprocess.run(["sha256sum", str(again)], capture_output=True, text=True, check=True)
    assert checked.stdout.split()[0] == json.loads(again.with_name("a.tar.json").read_bytes())["archive"]["sha256"]


def test_an_empty_engine_loads_and_runs_it(archive: Path, image: str, spare: Daemon, tmp_path: Path) -> None:
    import docker

    client = docker.APIClient(base_url=spare.host, version="auto", timeout=60)
    with archive.open("rb") as handle:
        list(client.load_image(handle))
    found = client.inspect_image(image)
    client.close()
    assert found["Id"] == image
    assert found["RepoTags"] == [f"repro-audit:{image[7:19]}"]
    (tmp_path / "out").mkdir()
    (tmp_path / "out").chmod(0o777)
    run = ["container", "run", "--host", spare.host, "--record", str(archive.with_name("a.tar.json")),
           "--out", str(tmp_path / "out"), "--", "exit", "6"]  # fmt: skip
    assert cli.main(run) == 6


def test_skopeo_reads_it(archive: Path, record: dict[str, object]) -> None:
    if shutil.which("skopeo") is None:
        pytest.skip("skopeo is not installed")
    command = ["skopeo", "inspect", f"oci-archive:{archive}"]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert found["Digest"] == record["manifest"]
    assert found["Layers"] == record["layers"]


def test_buildah_reads_it(archive: Path, image: str, tmp_path: Path) -> None:
    if shutil.which("buildah") is None:
        pytest.skip("buildah is not installed")
    buildah = [
        "buildah",
        "--root",
        str(tmp_path / "root"),
        "--runroot",
        str(tmp_path / "run"),
        "--storage-driver",
        "vfs",
    ]
    pulled = subprocess.run([*buildah, "pull", f"oci-archive:{archive}"], capture_output=True, text=True, check=False)
    assert pulled.returncode == 0, pulled.stderr
    assert pulled.stdout.strip() == image.removeprefix("sha256:")
    subprocess.run([*buildah, "rmi", "--all"], capture_output=True, check=True)
