"""GPUs, memory, users and folders, on engines of every kind."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audit import cli
from audit._util import canonical_json
from audit.container import limits
from audit.container.engine import Engine
from audit.container.image import Image
from audit.container.limits import Gpus, User
from audit.container.run import Job, _host, describe
from audit.errors import InputError, MissingError
from audit.provenance.records import run_record as provenance

docker = pytest.importorskip("docker", reason="the docker package is not installed")

IMAGE = Image("sha256:" + "a" * 64, None, None, (), {}, None, "linux/amd64", ("t:1",), ("all",))


def engine(name: str = "Docker 1", where: str = "unix:///s", **info: Any) -> Engine:
    return Engine(None, where, info, name)


ROOTLESS = ["name=seccomp", "name=rootless"]
NVIDIA = {"Runtimes": {"nvidia": {}, "runc": {}}}


@pytest.mark.parametrize(
    ("wish", "has_gpu", "which", "expected", "cdi"),
    [
        ("auto", True, engine(**NVIDIA), -1, False),
        ("auto", False, engine(**NVIDIA), 0, False),
        ("auto", False, engine(where="http://gpu:2375", **NVIDIA), -1, False),
        ("auto", True, engine(Runtimes={"runc": {}}), 0, False),
        ("auto", True, engine(CDISpecDirs=["/etc/cdi"]), -1, True),
        ("auto", False, engine(CDISpecDirs=["/etc/cdi"]), 0, True),
        ("auto", True, engine(DiscoveredDevices=[{"Source": "cdi", "ID": "nvidia.com/gpu=0"}]), -1, True),
        ("auto", True, engine(DiscoveredDevices=[{"Source": "cdi", "ID": "other.com/x=0"}]), 0, False),
        ("auto", True, engine(CDISpecDirs=["/etc/cdi"], **NVIDIA), -1, False),
        ("auto", True, engine("Podman 5"), 0, True),
        ("all", False, engine("Podman 5"), -1, True),
        ("all", False, engine(), -1, False),
        ("2", False, engine(), 2, False),
        ("none", True, engine(**NVIDIA), 0, False),
    ],
)
def test_gpus(
    wish: str, has_gpu: bool, which: Engine, expected: int, cdi: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_CONTROL_DEVICES", (tmp_path if has_gpu else tmp_path / "none",))
    found = limits.choose_gpus(which, wish)
    assert (found.count, found.cdi) == (expected, cdi)
    assert found.reason


@pytest.mark.parametrize("wish", ["", "0", "-1", "some", "1000", "1.5"])
def test_gpus_that_say_nothing(wish: str) -> None:
    with pytest.raises(InputError, match="invalid value"):
        limits.choose_gpus(engine(), wish)


def job(**changes: Any) -> Job:
    settings = {"image": IMAGE, "out": Path("out"), "user": User(1, 2, (1, 2)), "gpus": Gpus(0, False, "x"),
                "memory": 1 << 30, "pids": 5, "scratch": 1 << 20, **changes}  # fmt: skip
    return Job(**settings)


def longest(network: str) -> Job:
    return job(network=network, gpus=Gpus(0, False, ""), memory=64 << 40, pids=limits.MOST_PIDS,
               user=User(4294967294, 4294967294, None))  # fmt: skip


@pytest.mark.parametrize("network", ["none", "host"])
def test_the_conditions_are_recorded_whole(network: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = longest(network)
    monkeypatch.setenv(provenance.CONTAINER_VARIABLE, found.variables()[provenance.CONTAINER_VARIABLE])
    recorded = provenance.collect().variables[provenance.CONTAINER_VARIABLE]
    assert recorded == found.conditions()
    assert recorded.endswith(",user=4294967294:4294967294")


@pytest.mark.parametrize("length", range(1, 90))
def test_a_networks_name_is_recorded_whole_or_refused(length: int) -> None:
    name = "n" * length
    rest = len(job(network="").conditions())
    if rest + length <= 80:
        assert job(network=name).conditions() == f"network={name},gpus=none,memory=1024m,pids=5,user=1:2"
    else:
        with pytest.raises(
            InputError, match=f"the name of {length} characters is too long by {rest + length - 80} for"
        ) as caught:
            job(network=name)
        assert caught.value.where == f"--network {name}"


def test_device_requests() -> None:
    assert "device_requests" not in _host(engine(), job())
    (request,) = _host(engine(), job(gpus=Gpus(-1, False, "")))["device_requests"]
    assert (request["Count"], request["Capabilities"], request["Driver"]) == (-1, [["gpu"]], "")
    (request,) = _host(engine(), job(gpus=Gpus(2, False, "")))["device_requests"]
    assert request["Count"] == 2
    (request,) = _host(engine(), job(gpus=Gpus(-1, True, "")))["device_requests"]
    assert (request["Driver"], request["DeviceIDs"]) == ("cdi", ["nvidia.com/gpu=all"])
    (request,) = _host(engine(), job(gpus=Gpus(2, True, "")))["device_requests"]
    assert request["DeviceIDs"] == ["nvidia.com/gpu=0", "nvidia.com/gpu=1"]


def test_limits_that_an_engine_cannot_set() -> None:
    settings = _host(engine(), job())
    assert (settings["mem_limit"], settings["memswap_limit"], settings["pids_limit"]) == (1 << 30, 1 << 30, 5)
    settings = _host(engine(MemoryLimit=False, PidsLimit=False), job())
    assert not {"mem_limit", "memswap_limit", "pids_limit"} & set(settings)
    assert "memory no limit (the engine has none)" in describe(engine(MemoryLimit=False), job())
    assert "memswap_limit" not in _host(engine(SwapLimit=False), job())
    assert "mem_limit" not in _host(engine(), job(memory=None))


def test_what_no_option_takes_away() -> None:
    settings = _host(engine(), job())
    assert settings["network_mode"] == "none"
    assert settings["read_only"] is True
    assert settings["cap_drop"] == ["ALL"]
    assert settings["security_opt"] == ["no-new-privileges"]
    assert [(one["Target"], one["ReadOnly"]) for one in settings["mounts"]] == [("/out", False)]


def test_memory() -> None:
    assert limits.choose_memory(engine(MemTotal=100 << 20), None) == 90 << 20
    assert limits.choose_memory(engine(), None) is None
    assert limits.choose_memory(engine(MemTotal=1 << 30), "none") is None
    assert limits.choose_memory(engine(), "16g") == 16 << 30
    assert limits.choose_memory(engine(), "64t") == 64 << 40
    for wish in ("", "5m", "g", "-1g", "1.5g", "16 g", "16x", "9" * 16, "65t", "99999999999t", "9" * 15):
        with pytest.raises(InputError, match="is not an amount"):
            limits.choose_memory(engine(), wish)


@given(
    st.integers(1, 999), st.sampled_from([("", 0), ("b", 0), ("k", 10), ("M", 20), ("gb", 30), ("GiB", 30), ("t", 40)])
)
def test_amounts(number: int, unit: tuple[str, int]) -> None:
    assert limits.amount(f"{number}{unit[0]}", "--x", most=1 << 50) == number << unit[1]


@given(st.integers(), st.integers(0, 9), st.integers(10, 20))
def test_numbers(value: int, least: int, most: int) -> None:
    if least <= value <= most:
        assert limits.number(value, "--x", least, most) == value
    else:
        with pytest.raises(InputError, match=f"is not from {least} to {most}"):
            limits.number(value, "--x", least, most)


@given(st.from_regex(r"[0-9]{1,15}[bkmgt]?", fullmatch=True))
@example("99999999999t")
def test_an_amount_can_be_recorded(text: str) -> None:
    with contextlib.suppress(InputError):
        canonical_json.dumps({"scratch": limits.amount(text, "--x")})


def test_amounts_in_words() -> None:
    found = [limits.words(size) for size in (None, 5, 1536, 16 << 30, (16 << 30) + (1 << 29))]
    assert found == ["no limit", "5 bytes", "1.5 KiB", "16 GiB", "16.5 GiB"]


def choose(which: Engine, wish: str | None, caller: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setattr(os, "getuid", lambda: caller[0])
    monkeypatch.setattr(os, "getgid", lambda: caller[1])
    return limits.choose_user(which, wish, Path("/none/there"))


@pytest.mark.parametrize(
    ("which", "wish", "caller", "expected", "keep_id"),
    [
        (engine(), None, (1000, 100), "1000:100", False),
        (engine(), None, (0, 0), "65532:65532", False),
        (engine(), "5:6", (0, 0), "5:6", False),
        (engine(), "0:0", (1000, 100), "0:0", False),
        (engine(SecurityOptions=ROOTLESS), None, (1000, 100), "0:0", False),
        (engine("Podman 5", SecurityOptions=ROOTLESS), None, (1000, 100), "1000:100", True),
        (engine("Podman 5"), None, (0, 0), "65532:65532", False),
    ],
)
def test_users(
    which: Engine,
    wish: str | None,
    caller: tuple[int, int],
    expected: str,
    keep_id: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = choose(which, wish, caller, monkeypatch)
    assert (str(found), found.keep_id) == (expected, keep_id)


@pytest.mark.parametrize("wish", ["", "1000", "a:b", "-1:5", "4294967295:1", "1:2:3", "root:root"])
def test_users_that_are_none(wish: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="is not UID:GID"):
        choose(engine(), wish, (0, 0), monkeypatch)


@pytest.mark.parametrize(
    ("mode", "user", "allowed"),
    [
        (0o700, "own", True),
        (0o300, "own", True),
        (0o100, "own", False),
        (0o077, "own", False),
        (0o770, "group", True),
        (0o750, "group", False),
        (0o777, "other", True),
        (0o776, "other", False),
        (0o000, "root", True),
    ],
)
def test_a_folder_to_write(mode: int, user: str, allowed: bool, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    folder.chmod(mode)
    uid, gid = os.getuid() or 7, os.getgid() or 7
    if os.getuid() == 0:
        os.chown(folder, uid, gid)
    who = {"own": (uid, gid), "group": (uid + 1, gid), "other": (uid + 1, gid + 1), "root": (0, 0)}[user]
    try:
        if allowed:
            assert limits.choose_user(engine(), f"{who[0]}:{who[1]}", folder).outside == who
        else:
            with pytest.raises(InputError, match="may not write to it"):
                limits.choose_user(engine(), f"{who[0]}:{who[1]}", folder)
        # Of an engine elsewhere, and of other name spaces, this machine's modes tell nothing.
        limits.choose_user(engine(where="http://h:1"), f"{who[0]}:{who[1]}", folder)
        limits.choose_user(engine(SecurityOptions=ROOTLESS), f"{who[0]}:{who[1]}", folder)
    finally:
        folder.chmod(0o700)


def test_a_file_is_no_folder_to_write(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "none")
    for name in ("file", "link"):
        with pytest.raises(InputError, match="is not a folder") as caught:
            limits.choose_user(engine(), "12345:12345", tmp_path / name)
        assert "chown" not in str(caught.value)
    long = tmp_path / ("x" * 300)
    with pytest.raises(InputError, match="cannot create the folder"):
        limits.prepare_out(engine(), limits.choose_user(engine(), "12345:12345", long), long)


def test_the_advice_can_be_pasted(tmp_path: Path) -> None:
    folder = tmp_path / "a b;c"
    folder.mkdir(mode=0o700)
    with pytest.raises(InputError) as caught:
        limits.choose_user(engine(), "12345:12346", folder)
    assert str(caught.value).endswith(f"chown 12345:12346 '{folder}'")


def test_a_link_in_the_place_of_the_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.getuid() != 0:
        pytest.skip("only root gives folders away")
    victim = tmp_path / "victim"
    victim.mkdir()
    monkeypatch.setattr(Path, "mkdir", lambda self, **_: self.symlink_to(victim))
    limits.prepare_out(engine(), User(4242, 4242, (4242, 4242)), tmp_path / "out")
    assert (tmp_path / "out").lstat().st_uid == 4242
    assert victim.stat().st_uid == 0


@pytest.mark.parametrize(
    "option", ["--out", "--weights", "--data", "--predictions", "--key", "--passphrase-file", "--record"]
)
def test_an_empty_name(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["container", "run", option, ""])
    assert caught.value.code == 2
    assert f"{option}: must not be empty" in capsys.readouterr().err


def test_what_is_to_be_read(tmp_path: Path) -> None:
    user = User(4242, 4242, (4242, 4242))
    with pytest.raises(MissingError, match="does not exist"):
        limits.check_readable(engine(), user, tmp_path / "x", "--data", folder=True)
    (tmp_path / "x").touch(mode=0o644)
    limits.check_readable(engine(), user, tmp_path / "x", "--key", folder=False)
    with pytest.raises(InputError, match="is not a folder"):
        limits.check_readable(engine(), user, tmp_path / "x", "--data", folder=True)
    (tmp_path / "x").chmod(0o640)
    with pytest.raises(InputError, match="may not read it"):
        limits.check_readable(engine(), user, tmp_path / "x", "--key", folder=False)
    limits.check_readable(engine(where="http://h:1"), user, tmp_path / "none", "--key", folder=False)


def test_a_secret_is_not_opened_to_others(tmp_path: Path) -> None:
    secret = tmp_path / "key.pem"
    secret.touch(mode=0o600)
    owner = f"{os.getuid()}:{os.getgid()}"
    with pytest.raises(InputError) as caught:
        limits.check_readable(engine(), User(4242, 4243, (4242, 4243)), secret, "--key", folder=False)
    assert caught.value.fix == f"Run: chown 4242:4243 {secret}   or run as its owner: --user {owner}"
    if os.getuid() == 0:
        os.chown(secret, 4242, 4243)
        limits.check_readable(engine(), User(4242, 4243, (4242, 4243)), secret, "--key", folder=False)
        secret.chmod(0o000)
        with pytest.raises(InputError) as caught:
            limits.check_readable(engine(), User(4242, 4243, (4242, 4243)), secret, "--key", folder=False)
        assert "chown" not in str(caught.value)


def test_the_folder_for_results(tmp_path: Path) -> None:
    user = User(4242, 4242, (4242, 4242))
    out = tmp_path / "a" / "out"
    limits.prepare_out(engine(where="http://h:1"), user, out)
    assert not out.exists()
    limits.prepare_out(engine(), user, out)
    assert out.is_dir()
    if os.getuid() == 0:
        assert out.stat().st_uid == 4242
    limits.prepare_out(engine(), user, out)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot create the folder"):
        limits.prepare_out(engine(), user, tmp_path / "file" / "out")
