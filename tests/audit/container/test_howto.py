"""The how-to's commands for plain Docker say what the program's own run does."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from audit.cli.key_options import VARIABLE
from audit.container.build import OFFLINE
from audit.container.run import GRACE, KEY
from tests.support.paths import ROOT

TEXT = (ROOT / "docs" / "how-to" / "run-the-container.md").read_text(encoding="utf-8")
BUILD = (ROOT / "docs" / "how-to" / "build-the-image.md").read_text(encoding="utf-8")
# Docker passes these on without an ARG, and keeps them out of the image.
PREDEFINED = {"http_proxy", "https_proxy", "no_proxy"}


def test_docker_finds_the_folders_of_the_user() -> None:
    made, _, rest = TEXT.partition("\nmkdir -p ")[2].partition("\n")
    command = rest.partition("\n")[0]
    assert command.startswith("docker run ")
    assert made.split() == ["weights", "data", "out"]
    assert all(f'-v "$PWD/{name}:/{name}"' in command for name in made.split())


def test_the_users_key() -> None:
    assert f'-v "$PWD/key.pem:{KEY}:ro" -e {VARIABLE}={KEY}\n' in TEXT


def test_the_grace() -> None:
    assert f"after {GRACE} seconds (`--grace`)" in " ".join(TEXT.split())


def test_the_error_points_to_the_recipe() -> None:
    heading, page = re.fullmatch(r".*`(.+)` in (\S+) says.*", OFFLINE).groups()  # type: ignore[union-attr]
    assert f"\n## {heading}\n" in (ROOT / page).read_text("utf-8")


def test_the_recipes_arguments_are_the_dockerfiles() -> None:
    declared = set(re.findall(r"^ARG (\w+)", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"--build-arg (\w+)=", BUILD))
    assert {"BASE", "DEBIAN_MIRROR", "ASSETS_MIRROR", *PREDEFINED} <= named
    assert named <= declared | PREDEFINED
    # The system's packages are installed in several stages, each of which has to be told.
    stages = re.split(r"^FROM ", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)
    for stage in stages:
        if "image/debian" in stage or "sh debian" in stage:
            assert {"DEBIAN_ARCHIVE", "DEBIAN_SNAPSHOT", "DEBIAN_MIRROR", "DEBIAN_VERSIONS"} <= set(
                re.findall(r"^ARG (\w+)", stage, re.MULTILINE)
            )


def test_the_recipes_script_says_what_is_missing(tmp_path: Path) -> None:
    script = ROOT / "scripts" / "image" / "base"
    named = set(re.findall(r"\b(MIRROR|CERTIFICATE|INDEX|LINKS)=\S", BUILD))
    assert named == {"MIRROR", "CERTIFICATE", "INDEX", "LINKS"}
    assert named <= set(re.findall(r"\$\{([A-Z]+)", script.read_text("utf-8")))

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["/bin/sh", str(script), *words], env={**os.environ, **more}, capture_output=True, text=True,
                              check=False)  # fmt: skip

    usage = run()
    assert usage.returncode == 2
    assert "scripts/image/base FOLDER" in usage.stderr
    without = run(str(tmp_path / "base"), PATH=str(tmp_path))
    assert (without.returncode, without.stderr) == (3, "base: debootstrap is missing: apt-get install debootstrap\n")
    assert not (tmp_path / "base").exists()
