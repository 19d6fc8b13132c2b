"""Runs on a real engine, seen from inside and from the engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from audit import cli
from audit.container.engine import Engine
from audit.container.run import DEFAULT_COMMAND, PASSPHRASE, _wait
from audit.container.streams import Interrupted, Signals
from audit.container.written import Watch
from audit.provenance.records import environment
from tests.audit.container.conftest import Host
from tests.support.paths import ROOT

pytestmark = pytest.mark.docker
LIMITS = ("--memory", "64m", "--pids-limit", "99", "--tmp-size", "8m")
ENDLESS = 'trap "echo ending; exit 5" TERM; echo started; while :; do sleep 0.1; done'


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    return folder


@pytest.fixture
def run(host: Host, image: str, out: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """`repro-audit container run`; its exit code, output and errors. No container is left behind."""

    def call(*options: str, arguments: tuple[str, ...] = ()) -> tuple[int, str, str]:
        capfd.readouterr()
        which = () if "--image" in options or "--record" in options else ("--image", image)
        command = ["container", "run", "--host", host.url, *which, "--out", str(out), *options]
        code = cli.main([*command, "--", *arguments] if arguments else command)
        assert host.containers() == []
        return (code, *capfd.readouterr())

    return call


class Program:
    """The command as a process of its own, to be interrupted."""

    def __init__(self, url: str, image: str, out: Path, *options: str, script: str = ENDLESS) -> None:
        command = [sys.executable, "-m", "audit", "container", "run", "--host", url, "--image", image,
                   "--out", str(out), *options, "--", "sh", "-c", script]  # fmt: skip
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
        )
        assert self.process.stdout is not None
        self.first = self.process.stdout.readline()

    def end(self, number: int | None = None) -> tuple[int, str, str]:
        if number is not None:
            self.process.send_signal(number)
        stdout, stderr = self.process.communicate(timeout=60)
        return self.process.returncode, stdout, stderr


INSIDE = """
id; grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status
echo interfaces: $(ls /sys/class/net)
touch /root-is-writable || echo read-only
touch /tmp/x /out/made && echo written
grep -E ' (/tmp|/out|/data) ' /proc/mounts
env
"""


def test_locked_down_from_inside(run: Any, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o755)
    options = ("--user", "12345:54321", "--data", str(data), "--gpus", "none", *LIMITS)
    code, stdout, stderr = run(*options, arguments=("sh", "-c", INSIDE))
    assert code == 0, stderr
    lines = stdout.splitlines()
    assert lines[0].startswith("uid=12345")
    assert "gid=54321" in lines[0]
    assert "groups=54321" in lines[0]
    status = dict(line.split(":\t") for line in lines if ":\t" in line)
    assert status == {"CapEff": "0" * 16, "CapBnd": "0" * 16, "NoNewPrivs": "1", "Seccomp": "2"}
    assert "interfaces: lo" in lines
    assert {"read-only", "written"} <= set(lines), stderr
    assert "root-is-writable" in stderr
    mounts = {line.split()[1]: (line.split()[2], line.split()[3].split(",")) for line in lines if " /" in line}
    kind, flags = mounts["/tmp"]
    assert kind == "tmpfs"
    assert {"rw", "nosuid", "nodev", "size=8192k"} <= set(flags)
    assert "noexec" not in flags
    # Messages name the host's paths.
    assert "rw" in mounts[str(out)][1]
    assert "ro" in mounts[str(data)][1]
    variables = dict(line.split("=", 1) for line in lines if "=" in line)
    assert variables["SOURCE_DATE_EPOCH"] == "1700000000"
    assert variables["NVIDIA_VISIBLE_DEVICES"] == "void"
    assert (variables["TMPDIR"], variables["HOME"]) == ("/tmp", "/tmp")
    assert variables["REPRO_AUDIT_CONTAINER"] == "network=none,gpus=none,memory=64m,pids=99,user=12345:54321"
    assert "REPRO_AUDIT_KEY" not in variables
    assert ((out / "made").stat().st_uid, (out / "made").stat().st_gid) == (12345, 54321)


def test_the_image_is_told_to_the_program(run: Any, image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the program inside is told, the provenance accepts."""
    code, stdout, _ = run(arguments=("sh", "-c", 'echo "$REPRO_AUDIT_IMAGE"'))
    assert code == 0
    monkeypatch.setenv(environment.IMAGE_VARIABLE, stdout.strip())
    stated = environment.image()
    assert stated is not None
    assert stated.config == image
    assert len(stated.layers) == 3
    assert stated.labels is not None
    assert stated.labels["org.opencontainers.image.title"] == "repro-audit"


@pytest.mark.parametrize("code", [0, 1, 2, 3, 137])
def test_exit_codes_are_passed_on(run: Any, code: int) -> None:
    script = "kill -9 $$" if code == 137 else f"exit {code}"
    found, _, stderr = run(arguments=("sh", "-c", script))
    assert found == code
    assert (f"exit code {code}" in stderr) == (code in {1, 2, 3})


def test_a_container_that_writes_without_end_is_killed(run: Any, out: Path) -> None:
    script = "while :; do head -c 4000000 /dev/zero >>/out/much; sleep 0.2; done"
    code, _, stderr = run("--out-size", "2m", arguments=("sh", "-c", script))
    assert code == 137
    assert f"it wrote more than --out-size 2m into {out}" in stderr
    assert (out / "much").stat().st_size >= 4_000_000
    assert run(arguments=("sh", "-c", ": >/out/much"))[0] == 0


def test_the_images_own_command(run: Any, out: Path, tmp_path: Path) -> None:
    folders = {name: tmp_path / name for name in ("weights", "data", "predictions")}
    for folder in folders.values():
        folder.mkdir()
        folder.chmod(0o755)
    (folders["data"] / "x").touch()
    (folders["predictions"] / "st-en-zh.jsonl").touch()
    secret, passphrase = tmp_path / "key.pem", tmp_path / "passphrase"
    secret.write_text("a key", encoding="ascii")
    passphrase.write_text("a passphrase", encoding="ascii")
    options = [word for name, folder in folders.items() for word in (f"--{name}", str(folder))]
    code, stdout, _ = run(*options, "--key", str(secret), "--passphrase-file", str(passphrase))
    assert code == 0
    outside = {f"/{name}": str(folder) for name, folder in folders.items()} | {
        "/out": str(out),
        PASSPHRASE: str(passphrase),
    }
    command = [*DEFAULT_COMMAND, "--predictions", "/predictions", "--passphrase-file", PASSPHRASE]
    assert stdout.split() == ["arguments:", *(outside.get(word, word) for word in command)]
    script = 'cat "$REPRO_AUDIT_KEY" /run/secrets/repro-audit-passphrase; ls /data; grep -E " /(data|run)" /proc/mounts'
    code, stdout, _ = run(*options, "--key", str(secret), "--passphrase-file", str(passphrase),
                          arguments=("sh", "-c", script))  # fmt: skip
    first, *mounts = stdout.splitlines()
    assert (code, first) == (0, "a keya passphrasex")
    assert len(mounts) == 3
    assert all("ro" in line.split()[3].split(",") for line in mounts)


def test_messages_name_the_hosts_paths(run: Any, out: Path) -> None:
    script = "echo wrote /out/report.html; echo /out: full >&2; printf 'no line feed /out'"
    code, stdout, stderr = run(arguments=("sh", "-c", script))
    assert (code, stdout) == (0, f"wrote {out}/report.html\nno line feed {out}")
    assert f"\n{out}: full\n" in stderr


def test_a_secret_that_the_user_cannot_read(run: Any, tmp_path: Path) -> None:
    secret = tmp_path / "key.pem"
    secret.touch(mode=0o600)
    code, _, stderr = run("--key", str(secret), "--user", "12345:12345")
    assert code == 2
    assert str(secret) in stderr
    assert "12345:12345 may not read it" in stderr


def test_a_folder_without_predictions(run: Any, out: Path, tmp_path: Path) -> None:
    folder = tmp_path / "predictions"
    folder.mkdir(mode=0o755)
    for name in ("", "st-en-zh.judgements.jsonl", ".st-en-zh.jsonl", "st-en-zh.meta.json"):
        if name:
            (folder / name).touch()
        code, stdout, stderr = run("--predictions", str(folder))
        assert (code, stdout) == (2, "")
        assert f"--predictions {folder}: has no predictions" in stderr
        assert list(out.iterdir()) == []
    (folder / "st-en-zh.jsonl").touch()
    assert run("--predictions", str(folder))[0] == 0


def test_a_key_in_a_token_stays_outside(run: Any) -> None:
    code, _, stderr = run("--key", "pkcs11:mine")
    assert code == 2
    assert "cannot be reached from inside the container" in stderr


def test_output_comes_live_and_apart(host: Host, image: str, out: Path) -> None:
    program = Program(host.url, image, out, script="echo first; echo error >&2; sleep 1; cat /out/go; echo last")
    assert program.first == "first\n"
    assert program.process.poll() is None
    (out / "go").write_text("went\n", encoding="ascii")
    code, stdout, stderr = program.end()
    assert (code, stdout) == (0, "went\nlast\n")
    assert stderr.endswith("\nerror\n")


def test_limits_as_the_engine_sees_them_and_ctrl_c(host: Host, image: str, out: Path) -> None:
    program = Program(host.url, image, out, *LIMITS)
    assert program.first == "started\n"
    (one,) = host.containers()
    found = host.client.inspect_container(one["Id"])
    settings = found["HostConfig"]
    code, stdout, stderr = program.end(signal.SIGINT)
    assert (code, stdout) == (130, "ending\n")
    assert "stopping" in stderr
    assert "Traceback" not in stderr
    assert host.containers() == []
    assert settings["Memory"] == settings["MemorySwap"] == 64 << 20
    assert settings["PidsLimit"] == 99
    assert settings["ReadonlyRootfs"] is True
    assert settings["Init"] is True
    assert settings["NetworkMode"] == "none"
    assert settings["Privileged"] is False
    assert settings["CapDrop"] == ["ALL"]
    assert not settings["CapAdd"]
    assert "no-new-privileges" in settings["SecurityOpt"]
    assert found["Config"]["Healthcheck"] == {"Test": ["NONE"]}
    assert found["Config"]["Tty"] is False
    record = json.loads((out / "container.json").read_bytes())
    assert (record["exit_code"], record["signal"], record["network"]) == (130, 2, "none")


def test_sigterm_and_no_patience(host: Host, image: str, out: Path) -> None:
    """A program that does not listen is killed when the grace is over."""
    program = Program(host.url, image, out, "--grace", "1", script='trap "" TERM; echo started; sleep 100')
    assert program.first == "started\n"
    assert program.end(signal.SIGTERM)[0] == 143
    assert host.containers() == []


def test_a_signal_in_the_moment_before_a_blocking_read(tmp_path: Path) -> None:
    """Seen at once, though no system call of the main thread is broken off: here another thread receives it."""
    over, unseen = threading.Event(), threading.Event()
    late = threading.Timer(4, unseen.set)

    def wait(_name: str) -> dict[str, int]:
        threading.Thread(target=signal.raise_signal, args=(signal.SIGTERM,)).start()
        over.wait(8)
        return {"StatusCode": 0}

    signals = Signals()
    engine = Engine(SimpleNamespace(wait=wait), "unix:///s", {}, "Docker 1")
    late.start()
    with signals.installed(), pytest.raises(Interrupted), signals.heeded():
        _wait(engine, "x", "", Watch(tmp_path, 1 << 20))
    late.cancel()
    over.set()
    assert signals.number == signal.SIGTERM
    assert not unseen.is_set()


def test_a_second_ctrl_c_kills(host: Host, image: str, out: Path) -> None:
    program = Program(host.url, image, out, "--grace", "300", script='trap "" TERM; echo started; sleep 1000')
    assert program.first == "started\n"
    program.process.send_signal(signal.SIGINT)
    assert program.process.stderr is not None
    while "stopping" not in program.process.stderr.readline():
        pass
    time.sleep(0.3)  # the request to stop is on its way
    assert program.end(signal.SIGINT)[0] == 130
    assert host.containers() == []


def test_without_a_reader_it_is_stopped(host: Host, image: str, out: Path) -> None:
    program = Program(host.url, image, out, script="while :; do echo line; sleep 0.05; done")
    assert program.process.stdout is not None
    program.process.stdout.close()
    program.process.stdout = None
    program.end()
    assert host.containers() == []


def test_out_of_memory_is_said(run: Any) -> None:
    code, _, stderr = run("--memory", "16m", arguments=("sh", "-c", "head -c 90000000 /dev/zero | tail"))
    assert code == 137
    assert "memory" in stderr.splitlines()[-1]


def test_a_tag_is_refused(run: Any, image: str, out: Path) -> None:
    code, stdout, stderr = run("--image", "repro-audit-test:1")
    assert (code, stdout) == (2, "")
    assert f"--image {image}" in stderr
    assert list(out.iterdir()) == []
    code, _, stderr = run("--image", "no-such-image:1")
    assert code == 2
    assert "no image with this tag" in stderr
    assert run("--image", image[:19])[0] == 2
    code, _, stderr = run("--image", "sha256:" + "0" * 64)
    assert code == 3
    assert "does not have this image" in stderr


def test_the_record_decides(run: Any, host: Host, image: str, tmp_path: Path) -> None:
    record = tmp_path / "image.json"
    assert cli.main(["container", "inspect", "--host", host.url, "--image", image]) == 0
    content = {"schema": "repro-audit/image/1", "id": image, "manifest": None, "config": image,
               "layers": host.client.inspect_image(image)["RootFS"]["Layers"], "labels": {}}  # fmt: skip
    record.write_text(json.dumps(content), encoding="ascii")
    assert run("--record", str(record), arguments=("exit", "4"))[0] == 4
    record.write_text(json.dumps({**content, "layers": content["layers"][:-1]}), encoding="ascii")
    code, _, stderr = run("--record", str(record))
    assert code == 2
    assert "differs from the record in its layers" in stderr
    gone = "sha256:" + "1" * 64
    record.write_text(json.dumps({**content, "id": gone, "config": gone}), encoding="ascii")
    code, _, stderr = run("--record", str(record))
    assert code == 3
    assert gone in stderr


def test_a_folder_that_the_user_may_not_write(run: Any, out: Path) -> None:
    out.chmod(0o755)
    os.chown(out, 4242, 4242)
    code, _, stderr = run("--user", "12345:12345")
    assert code == 2
    assert "chown 12345:12345" in stderr
    assert run("--user", "4242:4242")[0] == 0


def test_another_network_is_recorded(run: Any, out: Path) -> None:
    code, stdout, stderr = run("--network", "host", arguments=("sh", "-c", 'echo "$REPRO_AUDIT_CONTAINER"'))
    assert code == 0, stderr
    assert stdout.startswith("network=host,")
    assert "network  host" in stderr
    assert json.loads((out / "container.json").read_bytes())["network"] == "host"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--tmp-size", "99999999999t"),
        ("--memory", "9999999t"),
        ("--pids-limit", "0"),
        ("--pids-limit", "99999999999999999999"),
        ("--grace", "-1"),
        ("--grace", "99999999999999999999"),
    ],
)
def test_limits_beyond_every_machine(run: Any, out: Path, option: str, value: str) -> None:
    code, stdout, stderr = run(option, value)
    assert (code, stdout) == (2, "")
    assert stderr.startswith(f"repro-audit: {option}: ")
    assert list(out.iterdir()) == []


def test_a_start_that_the_engine_refuses(run: Any) -> None:
    code, _, stderr = run("--network", "no-such-network")
    assert code == 3
    assert "the engine refused to" in stderr
    assert "no-such-network" in stderr
    assert "Traceback" not in stderr
