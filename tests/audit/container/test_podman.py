"""The same commands by Podman's Docker-compatible socket."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit import cli
from tests.audit.container.conftest import import_base
from tests.support.paths import ROOT

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def podman() -> Iterator[str]:
    """The address of a Podman service with its own storage."""
    pytest.importorskip("docker", reason="the docker package is not installed")
    if shutil.which("podman") is None:
        pytest.skip("podman is not installed")
    if os.getuid() != 0:
        pytest.skip("not root; a rootless Podman needs a user with subordinate ids")
    folder = Path(tempfile.mkdtemp(prefix="ra-", dir="/tmp"))
    storage = ["--root", f"{folder}/r", "--runroot", f"{folder}/u", "--storage-driver", "vfs"]
    command = [
        "podman",
        *storage,
        "--cgroup-manager",
        "cgroupfs",
        "system",
        "service",
        "--time=0",
        f"unix://{folder}/s",
    ]
    # Podman asks for more open files and processes than root may have in a virtual machine.
    limits = '"nofile=1024:1024", "nproc=4096:4096"'
    (folder / "conf").write_text(f"[containers]\ndefault_ulimits = [{limits}]\n", encoding="utf-8")
    environment = {**os.environ, "CONTAINERS_CONF": f"{folder}/conf"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, env=environment)
    deadline = time.monotonic() + 20
    while not (folder / "s").is_socket() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.1)
    try:
        if not (folder / "s").is_socket():
            text = (folder / "log").read_text(encoding="utf-8", errors="replace").strip()
            pytest.skip(f"podman's service does not start: {text[-300:]}")
        yield f"unix://{folder}/s"
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def test_build_run_stop_and_archive(
    podman: str, base_tar: Path, context: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import docker

    client = docker.APIClient(base_url=podman, version="auto", timeout=60)
    tag = import_base(client, base_tar)
    client.close()
    record, out = tmp_path / "image.json", tmp_path / "out"
    build = ["container", "build", "--host", podman, "--context", str(context), "--network", "host",
             "--build-arg", f"BASE={tag}", "--record", str(record), "--target"]  # fmt: skip
    assert cli.main([*build, "cpu"]) == 0, capfd.readouterr().err
    stdout, stderr = capfd.readouterr()
    identity = stdout.strip()
    assert "ENTRYPOINT" in stderr
    assert json.loads(record.read_bytes())["config"] == identity
    assert cli.main([*build, "failing"]) == 3
    assert "failed with exit code 7: RUN echo the last words; exit 7" in capfd.readouterr().err

    run = ["container", "run", "--host", podman, "--record", str(record), "--out", str(out), "--"]
    assert cli.main([*run, "exit", "9"]) == 9
    script = "grep -E '^(CapEff|NoNewPrivs):' /proc/self/status; ls /sys/class/net; touch /x || touch /tmp/x /out/x"
    capfd.readouterr()
    assert cli.main([*run, "sh", "-c", script]) == 0
    assert capfd.readouterr().out.split() == ["CapEff:", "0" * 16, "NoNewPrivs:", "1", "lo"]

    endless = 'trap "echo ending; exit 5" TERM; echo started; while :; do sleep 0.1; done'
    process = subprocess.Popen([sys.executable, "-m", "audit", *run, "sh", "-c", endless], cwd=ROOT,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (130, "ending\n"), stderr
    client = docker.APIClient(base_url=podman, version="auto", timeout=60)
    assert client.containers(all=True) == []

    archive = ["container", "archive", "--host", podman, "--record", str(record), "--output", str(tmp_path / "a.tar")]
    assert cli.main(archive) == 0
    first = (tmp_path / "a.tar").read_bytes()
    client.remove_image(identity, force=True)
    client.close()
    # As the documentation says, by the program itself.
    loaded = subprocess.run(
        ["podman", "--url", podman, "load", "--input", str(tmp_path / "a.tar")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert loaded.returncode == 0, loaded.stderr
    assert cli.main(archive) == 0
    assert (tmp_path / "a.tar").read_bytes() == first
