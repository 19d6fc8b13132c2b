"""The how-to's commands for plain Docker say what the program's own run does."""

from __future__ import annotations

from audit.cli.key_options import VARIABLE
from audit.container.run import GRACE, KEY
from tests.support.paths import ROOT

TEXT = (ROOT / "docs" / "how-to" / "run-the-container.md").read_text(encoding="utf-8")


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
