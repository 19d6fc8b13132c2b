"""What a container writes into the folder that is mounted into it is bounded by the program outside."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from audit.container.engine import Engine
from audit.container.run import _wait
from audit.container.written import Watch

pytest.importorskip("docker", reason="the docker package is not installed")


def test_what_was_there_before_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"x" * 100_000)
    watch = Watch(tmp_path, 50_000)
    assert not watch.exceeded(0.0)
    (tmp_path / "new").write_bytes(b"x" * 100_000)
    assert not watch.exceeded(1.0)  # too early to look again
    assert watch.exceeded(6.0)
    assert watch.passed
    assert not watch.exceeded(12.0)  # said once


def test_files_in_folders_and_files_of_no_size(tmp_path: Path) -> None:
    watch = Watch(tmp_path, 1 << 30, most_files=20)
    (tmp_path / "a" / "b").mkdir(parents=True)
    for number in range(18):
        (tmp_path / "a" / "b" / str(number)).touch()
    assert not watch.exceeded(0.0)
    (tmp_path / "a" / "one-more").touch()
    assert watch.exceeded(6.0)


def test_a_sparse_file_and_a_link_out_of_the_folder_cost_what_they_take(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    watch = Watch(out, 50_000)
    (out / "link").symlink_to(tmp_path)
    with (out / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    assert not watch.exceeded(0.0)


def test_the_container_is_killed(tmp_path: Path) -> None:
    """The engine says that it has ended only once it was killed."""
    killed = threading.Event()

    def wait(_name: str) -> dict[str, int]:
        (tmp_path / "much").write_bytes(b"x" * 100_000)
        assert killed.wait(60)
        return {"StatusCode": 137}

    engine = Engine(SimpleNamespace(wait=wait, kill=lambda _name: killed.set()), "unix:///s", {}, "Docker 1")
    watch = Watch(tmp_path, 50_000)
    assert _wait(engine, "x", "", watch) == 137
    assert watch.passed
