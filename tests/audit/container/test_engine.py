"""Engines that are not there, are none, or go."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from audit import cli
from audit.container import engine as container_engine
from audit.container.engine import Engine, EngineError, connect, explain
from audit.errors import InputError, MissingError
from tests.audit.container.conftest import import_base
from tests.support.container.daemon import Daemon
from tests.support.paths import ROOT

docker = pytest.importorskip("docker", reason="the docker package is not installed")
# The docker package leaves a socket open for every connection that fails.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """What is left open is closed here, where it may be, and not in whatever test comes next."""
    yield
    gc.collect()


@contextmanager
def listener(path: Path, answer: bytes | None) -> Iterator[str]:
    """A socket that accepts, and says `answer` to whatever comes; None: nothing at all."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        held: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                held.append(connection)
                if answer is not None:
                    with connection:
                        connection.recv(65536)
                        connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"unix://{path}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in held:
                connection.close()


@pytest.fixture
def short() -> Iterator[Path]:
    """A short name: a socket's path may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="ra-", dir="/tmp") as folder:
        yield Path(folder, "s")


def refused(host: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The message of a command at this address, which ends with 3."""
    assert cli.main(["container", "inspect", "--host", host, "--image", "sha256:" + "0" * 64]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("repro-audit: ")
    assert captured.err.count("\n") == 2
    return captured.err


def test_no_socket(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = refused(f"unix://{tmp_path}/none", capsys)
    assert f"unix://{tmp_path}/none: no container engine: the socket does not exist" in text
    assert "DOCKER_HOST" in text


def test_podmans_socket_is_suggested(
    short: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short.parent))
    (short.parent / "podman").mkdir()
    with listener(short.parent / "podman" / "podman.sock", None) as host:
        assert f"export DOCKER_HOST={host}" in refused(f"unix://{short}", capsys)


def test_nobody_listens(short: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(short))
    assert "connection refused: no engine listens at this address" in refused(f"unix://{short}", capsys)


def test_nobody_listens_at_a_port(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
    assert "connection refused" in refused(f"tcp://127.0.0.1:{port}", capsys)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
        b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"ApiVersion":"1.41"}'[:-1],
        b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"ApiVersion":"1.2"}',
    ],
)
def test_what_listens_is_no_engine(answer: bytes, short: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with listener(short, answer) as host:
        assert "the server at this address is not a container engine" in refused(host, capsys)


def test_what_listens_says_nothing(
    short: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container_engine, "_CONNECT", 0.2)
    with listener(short, None) as host:
        assert "no answer within" in refused(host, capsys)


def test_a_socket_of_others(tmp_path: Path) -> None:
    error = docker.errors.DockerException("x")
    error.__cause__ = ConnectionError("Connection aborted.", PermissionError(13, "Permission denied"))
    text = str(explain(error, "unix:///s", None))
    assert "permission denied on the engine's socket" in text
    assert "docker" in text


@pytest.mark.parametrize("host", ["foo://x", "tcp://", "unix", "http://a:b:c"])
def test_no_address(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["container", "inspect", "--host", host, "--image", "x"])
    assert code == 2, capsys.readouterr().err
    assert "not an address of a container engine" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["ssh://me@machine", "ssh://machine:22", "npipe:////./pipe/docker_engine"])
def test_addresses_that_are_not_supported(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["container", "inspect", "--host", host, "--image", "x"]) == 2
    text = capsys.readouterr().err
    assert f"addresses with {host.partition(':')[0]}:// are not supported" in text
    assert "--host tcp://" in text


def test_the_address_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/mine")
    with pytest.raises(EngineError, match="no container engine") as caught:
        connect()
    assert caught.value.where == f"unix://{tmp_path}/mine"
    with pytest.raises(EngineError) as caught:
        connect(f"unix://{tmp_path}/other")
    assert caught.value.where == f"unix://{tmp_path}/other"
    monkeypatch.setenv("DOCKER_HOST", "nonsense://")
    with pytest.raises(InputError):
        connect()


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docker", None)
    with pytest.raises(MissingError, match="the `docker` package is not installed") as caught:
        connect()
    assert caught.value.fix is not None
    assert "pip install docker" in caught.value.fix


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            ConnectionResetError(104, "Connection reset by peer"),
            r"the engine disconnected \(Connection reset by peer\)",
        ),
        (docker.errors.DockerException("x"), r"the engine disconnected \(connection lost\)"),
        (TimeoutError("timed out"), "the engine did not answer within 300 seconds"),
        (KeyError("Id"), "the engine returned an unexpected response"),
        (ValueError("x"), "the engine returned an unexpected response"),
    ],
)
def test_errors_in_the_middle(error: Exception, message: str) -> None:
    engine = Engine(None, "unix:///s", {}, "Docker 1")
    with pytest.raises(EngineError, match=message) as caught, engine.asked("do it", "Do that."):
        raise error
    assert "request: do it" in caught.value.what
    assert caught.value.fix == "Do that."


def test_a_refusal_in_the_middle() -> None:
    engine = Engine(None, "unix:///s", {}, "Docker 1")
    response = SimpleNamespace(status_code=500, url="u", reason="r")
    error = docker.errors.APIError("x", response=response, explanation="no space left\nmore")
    with pytest.raises(EngineError, match=r"the engine refused to do it: no space left$"), engine.asked("do it"):
        raise error


def test_other_errors_are_not_the_engines() -> None:
    engine = Engine(None, "unix:///s", {}, "Docker 1")
    with pytest.raises(ZeroDivisionError), engine.asked("do it"):
        _ = 1 / 0


def command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "audit", "container", *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1,
    )  # fmt: skip


@pytest.mark.docker
def test_the_engine_dies_in_the_middle(spare: Daemon, base_tar: Path, context: Path, tmp_path: Path) -> None:
    """Once in a build and once in a run; the engine that is started again still has the container."""
    client = docker.APIClient(base_url=spare.host, version="auto", timeout=60)
    tag = import_base(client, base_tar)
    build = ["build", "--host", spare.host, "--context", str(context), "--network", "host",
             "--build-arg", f"BASE={tag}", "--record", str(tmp_path / "r.json")]  # fmt: skip
    whole = command(*build, "--target", "cpu")
    stdout, stderr = whole.communicate(timeout=60)
    assert whole.returncode == 0, stderr

    (tmp_path / "out").mkdir()
    (tmp_path / "out").chmod(0o777)
    running = command("run", "--host", spare.host, "--image", stdout.strip(), "--out", str(tmp_path / "out"),
                      "--", "sh", "-c", "echo started; sleep 1000")  # fmt: skip
    assert running.stdout is not None
    assert running.stdout.readline() == "started\n"
    spare.kill()
    stderr = running.communicate(timeout=60)[1]
    assert running.returncode == 3, stderr
    assert "the engine disconnected" in stderr
    assert "Traceback" not in stderr
    name = stderr.strip().rpartition(" ")[2]
    assert "docker rm --force repro-audit-" in stderr

    client.close()
    spare.start()
    client = docker.APIClient(base_url=spare.host, version="auto", timeout=60)
    assert [one["Names"] for one in client.containers(all=True)] == [[f"/{name}"]]
    client.remove_container(name, force=True)
    client.close()

    (context / "Slow").write_text(f"FROM {tag}\nRUN echo started; sleep 1000\n", encoding="ascii")
    building = command(*build, "--target", "", "--file", str(context / "Slow"), "--verbose")
    assert building.stderr is not None
    while (line := building.stderr.readline()) and line != "  started\n":
        pass
    spare.kill()
    stderr = building.communicate(timeout=60)[1]
    assert building.returncode == 3, stderr
    assert "the engine" in stderr
    # --verbose shows where an error was raised; it is still an error that was foreseen.
    assert "a fault in repro-audit" not in stderr
    spare.start()  # it ends the step's container, which the dead one has left


@pytest.mark.docker
def test_ctrl_c_in_a_build(spare: Daemon, base_tar: Path, context: Path, tmp_path: Path) -> None:
    client = docker.APIClient(base_url=spare.host, version="auto", timeout=60)
    tag = import_base(client, base_tar)
    client.close()
    (context / "Slow").write_text(f"FROM {tag}\nRUN echo started; sleep 1000\n", encoding="ascii")
    building = command("build", "--host", spare.host, "--context", str(context), "--target", "", "--network", "host",
                       "--file", str(context / "Slow"), "--verbose", "--record", str(tmp_path / "r"))  # fmt: skip
    assert building.stderr is not None
    while (line := building.stderr.readline()) and line != "  started\n":
        pass
    building.send_signal(signal.SIGINT)
    stderr = building.communicate(timeout=60)[1]
    assert building.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert os.listdir(tmp_path) == []  # noqa: PTH208
