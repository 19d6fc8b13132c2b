"""Environments for the programs of others that this one does not need, made from requirements-peers.txt outside its own.

Nothing here is a reason to stop: a program that cannot be installed gets a row that says why.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from audit.errors import InputError

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements-peers.txt"
# Of huggingface/evaluate: the scripts of its metrics, which the package fetches from the Hub. Tag v0.4.6.
HUB_SCRIPTS = ("huggingface/evaluate", "a4fcb45252709bd07fba897afd4575735716664f")
# Seconds that an installation may take.
_LIMIT = 3600
_SECTION = re.compile(r"# \[([\w-]+)\]")
_ERROR = re.compile(r"(ERROR|error|\w*Error)\b.*:")


class PeerError(Exception):
    """A program of others cannot be installed or run; the message is one line."""


def last_line(text: str) -> str:
    """The line that says what went wrong: the last that begins as an error, else the last."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if _ERROR.match(line)]
    return (errors or lines or ["no reason given"])[-1]


def requirements(file: Path = REQUIREMENTS) -> dict[str, tuple[str, ...]]:
    """The pinned packages of each environment."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in file.read_text(encoding="utf-8").splitlines():
        if match := _SECTION.match(line):
            section = match[1]
            found[section] = []
        elif package := line.partition("#")[0].strip():
            if "==" not in package:
                raise InputError("a package without its exact version", where=f"{file}: {package}")
            found[section].append(package)
    return {name: tuple(packages) for name, packages in found.items()}


class Environments:
    """Environments in a scratch folder, each made when it is first asked for.

    Args:
        folder: Where they are; one that is complete is used again.
        packages: Each environment's packages.
    """

    def __init__(self, folder: Path, packages: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self.folder = folder
        self.packages = requirements() if packages is None else packages
        self._failed: dict[str, str] = {}

    def python(self, name: str) -> str:
        """The interpreter of an environment.

        Raises:
            PeerError: It cannot be made; it is not tried again.
        """
        if name in self._failed:
            raise PeerError(self._failed[name])
        packages = self.packages[name]
        key = hashlib.sha256("\n".join((sys.version, *packages)).encode()).hexdigest()[:12]
        place = (self.folder / f"{name}-{key}").resolve()
        python, complete = place / "bin" / "python", place / "complete"
        if not complete.exists():
            shutil.rmtree(place, ignore_errors=True)
            print(f"{name}: installing {', '.join(packages)}", file=sys.stderr, flush=True)
            try:
                self._run([sys.executable, "-m", "venv", str(place)])
                self._run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages])
            except PeerError as error:
                self._failed[name] = str(error)
                raise
            complete.touch()
        return str(python)

    @staticmethod
    def _run(command: list[str]) -> None:
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=_LIMIT, env=variables(), cwd=HERE.parent
            )
        except subprocess.TimeoutExpired as error:
            raise PeerError(f"not installed within {_LIMIT} s") from error
        if done.returncode:
            raise PeerError(last_line(done.stderr or done.stdout))


def variables(**more: str) -> dict[str, str]:
    """This process's variables for the programs of others: none of this project's code is on their path."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | more


def hub_metric(name: str, checkouts: Path | None, folder: Path) -> str:
    """What `evaluate.load` is given: the metric's name, or its script from a checkout of the repository.

    Args:
        name: Of the metric.
        checkouts: The folder with `huggingface+evaluate`, a clone or its Git directory; without it the Hub is asked.
        folder: Takes the script.

    Raises:
        InputError: The folder has no such clone, or the clone not this commit.
    """
    if checkouts is None:
        return name
    repository, commit = HUB_SCRIPTS
    clone = checkouts / repository.replace("/", "+")
    git_folder = next((one for one in (clone / "repo", clone / ".git", clone) if (one / "HEAD").is_file()), clone)
    shown = subprocess.run(
        ["git", "--git-dir", str(git_folder), "show", f"{commit}:metrics/{name}/{name}.py"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if shown.returncode:
        raise InputError(last_line(shown.stderr), where=str(clone), fix=f"Clone {repository} there.")
    script = folder / "scripts" / name / f"{name}.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(shown.stdout, encoding="utf-8")
    return str(script)
