"""What an installation is: two names, the data inside one of them, and a command that the current folder cannot break."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from audit.document.write import to_bytes
from audit.pipeline import run as pipeline
from audit.pipeline.request import AuditRequest
from audit.report.requirements import pdf_problem
from audit.scoring.pool import WORTH_A_PROCESS
from tests.support import any_paper
from tests.support.paths import ROOT

pytestmark = pytest.mark.slow
FOREIGN = "raise RuntimeError('a foreign module was run')\n"
EPOCH = "1763856000"
IEMOCAP = 1241  # utterances in the claim's set
BUILD = "import sys; from setuptools import build_meta; print(getattr(build_meta, sys.argv[1])(sys.argv[2]))"


@dataclass(frozen=True, slots=True)
class Built:
    sdist: Path
    wheel: Path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The sdist of a copy of the checkout, and the wheel made from that sdist alone."""
    folder = tmp_path_factory.mktemp("install")
    ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split()]
    shutil.copytree(ROOT, folder / "checkout", ignore=shutil.ignore_patterns(".git", *ignored))
    sdist = build(folder / "checkout", "build_sdist", folder)
    with tarfile.open(sdist) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # older patch releases of Python have none
        archive.extractall(folder)
    return Built(sdist, build(folder / sdist.name.removesuffix(".tar.gz"), "build_wheel", folder))


def build(source: Path, hook: str, into: Path) -> Path:
    done = subprocess.run(
        [sys.executable, "-P", "-c", BUILD, hook, str(into)], cwd=source, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return into / done.stdout.splitlines()[-1]


@pytest.fixture(scope="session")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command in a new environment, which takes the libraries from this one."""
    return environment(tmp_path_factory.mktemp("environment"), str(built.wheel))


def environment(folder: Path, *what: str) -> Path:
    """A new environment with the project installed and the libraries of this one; the command in it."""
    venv.create(folder, symlinks=True)
    options = ["install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", *what]
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python")]
    # Ignoring what is there: the project of this environment is not that environment's to remove.
    subprocess.run([*pip, *options, "--ignore-installed"], check=True)
    return folder / "bin" / "repro-audit"


def run(folder: Path, *command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, without what would lead it to the checkout."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment |= {"SOURCE_DATE_EPOCH": EPOCH, "XDG_CACHE_HOME": str(folder / "cache"), **variables}
    return subprocess.run(
        list(map(str, command)), cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A folder whose modules must not be run."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("audit", "tasks"):
        (folder / f"{name}.py").write_text(FOREIGN, encoding="utf-8")
    return folder


def test_the_wheel_has_two_names_at_its_top(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        names = archive.namelist()
        (top,) = (name for name in names if name.endswith(".dist-info/top_level.txt"))
        assert archive.read(top).decode().split() == ["audit", "tasks"]
    assert {name.split("/")[0] for name in names} == {"audit", "tasks", top.split("/")[0]}


def test_the_wheel_has_every_file_of_the_checkout_that_it_needs(built: Built) -> None:
    places = {"audit": "audit", "tasks": "tasks"}
    places |= {"literature": "audit/_data/literature", "templates": "audit/_data/templates"}
    wanted = {
        f"{place}/{path.relative_to(ROOT / folder).as_posix()}"
        for folder, place in places.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    with zipfile.ZipFile(built.wheel) as archive:
        assert {name for name in archive.namelist() if ".dist-info/" not in name} == wanted


def test_the_wheel_says_what_it_is(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        (file,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(file).decode().splitlines()
    assert "Author: The repro-audit developers" in lines
    for version in ("3.11", "3.12", "3.13"):
        assert f"Classifier: Programming Language :: Python :: {version}" in lines
    assert any(line.startswith("Keywords: ") for line in lines)


def test_the_sdist_is_the_checkout(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    for name in ("noxfile.py", "setup.py", "requirements.lock", "requirements-test.lock", "requirements-nox.in",
                 "CHANGELOG.md", "CITATION.cff", "Dockerfile", ".ci/run", "scripts/setup", "scripts/image/assets.json",
                 "docs/reference/commands.md", "tests/conftest.py", "tests/test_install.py", "mkdocs.yml"):  # fmt: skip
        assert name in inside, name
    for folder in ("benchmarks", "docs", "literature", "scripts", "templates", "tests"):
        here = {
            p.relative_to(ROOT).as_posix() for p in (ROOT / folder).rglob("*") if p.is_file() and p.suffix != ".pyc"
        }
        assert here <= inside, sorted(here - inside)


def test_a_whole_run_beside_foreign_modules(installed: Path, foreign: Path) -> None:
    rows = [{"id": str(n), "hypothesis": "happy", "reference": "happy", "finished": True}
            for n in range(IEMOCAP)]  # fmt: skip
    assert len(rows) > WORTH_A_PROCESS
    (foreign / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    imported = run(foreign, installed, "import", "jsonl", "--task", "er-iemocap", "--variant", "13b", "--model", "made up",
                   "rows.jsonl")  # fmt: skip
    assert imported.returncode == 0, imported.stderr
    done = run(
        foreign, installed, "run", "--predictions", "predictions", "--workers", "2", "--no-cache", "--out", "out"
    )
    assert done.returncode == 0, done.stderr
    # The processes that count and the one that lays out the PDF write to the same standard error.
    assert "foreign" not in done.stderr
    assert "Traceback" not in done.stderr
    written = {"audit.json", "report.html", "table.tex", "measurements.csv", "package.zip"}
    written |= {"report.pdf"} if pdf_problem() is None else set()
    assert written <= {path.name for path in (foreign / "out").iterdir()}
    document = json.loads((foreign / "out" / "audit.json").read_bytes())
    recomputed = [m for m in document["measurements"] if (m["origin"], m["task"]) == ("recomputed", "er-iemocap")]
    (value,) = {m["value"] for m in recomputed if m["convention"] == "iemocap-4way"}
    assert Decimal(value) == 1
    verified = run(foreign, installed, "verify", "out/package.zip")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_the_installed_audit_is_that_of_the_checkout(
    installed: Path, foreign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run(foreign, installed, "run", "--format", "csv", "--no-cache", "--out", "out")
    assert done.returncode == 0, done.stderr
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    assert (foreign / "out" / "audit.json").read_bytes() == to_bytes(pipeline.run(AuditRequest()).document)


def test_an_editable_installation_reads_the_checkout(built: Built, tmp_path: Path) -> None:
    checkout = built.sdist.parent / built.sdist.name.removesuffix(".tar.gz")
    command = environment(tmp_path / "environment", "--editable", str(checkout))
    code = "import tasks; from audit._util.paths import LITERATURE; print(tasks.__file__, LITERATURE)"
    done = run(tmp_path, command.parent / "python", "-c", code)
    assert done.stdout.split() == [str(checkout / "tasks" / "__init__.py"), str(checkout / "literature")], done.stderr


def test_doctor_says_what_hides_the_api(installed: Path, foreign: Path) -> None:
    shown = run(foreign, installed, "doctor").stdout
    (line,) = (line for line in shown.splitlines() if "import audit" in line)
    assert "./audit.py hides the API in this folder" in line


def test_the_api_beside_a_foreign_tasks_module(installed: Path, foreign: Path) -> None:
    (foreign / "audit.py").unlink()
    done = run(foreign, installed.parent / "python", "-c", "import audit, tasks; print(tasks.__file__)")
    assert done.returncode == 0, done.stderr
    assert installed.parent.parent in Path(done.stdout.strip()).parents


def test_a_paper_of_ones_own_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    """The study is made from a table, run and verified by the installed command, without a checkout or an option."""
    folder = tmp_path / "empty"
    folder.mkdir()
    any_paper.write(folder)
    made = run(folder, installed, *any_paper.NEW)
    assert made.returncode == 0, made.stderr
    assert "4 of 4 cells are claims" in made.stdout
    done = run(folder, installed, "run")
    assert done.returncode == 0, done.stderr
    document = json.loads((folder / "out" / "audit.json").read_bytes())
    assert document["study"]["id"] == "qwen2-audio-report"
    assert {m["task"] for m in document["measurements"]} == {"asr-librispeech-clean", "st-en-zh", "mmau-test-mini"}
    verified = run(folder, installed, "verify", "out/package.zip", "--predictions", "predictions", "--rescore")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def without_the_project(folder: Path) -> Path:
    """A folder with this environment's libraries, but not the project, which is installed there, too."""
    folder.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.lower().startswith(("repro_audit", "__editable__", "pip")):
            (folder / entry.name).symlink_to(entry)
    return folder


def test_the_three_commands_of_a_new_user(built: Built, tmp_path: Path) -> None:
    """What docs/tutorial/three-commands.md says, word by word, in an empty folder and a new environment.

    Only where pip finds the wheel and its dependencies is said from outside; on a user's machine that is the index.
    """
    page = (ROOT / "docs/tutorial/three-commands.md").read_text(encoding="utf-8")
    before_the_rest = page.partition("\n## Where to go")[0]
    commands = re.findall(r"^(?:\$ )?((?:pip|repro-audit) .+)$", before_the_rest, re.MULTILINE)[:3]
    assert [command.split()[:2] for command in commands] == [
        ["pip", "install"],
        ["repro-audit", "import"],
        ["repro-audit", "run"],
    ]
    folder = tmp_path / "empty"
    shutil.copytree(ROOT / "docs/tutorial/three-commands", folder)
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == ["text", "text"]
    venv.create(tmp_path / "new", symlinks=True, with_pip=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(tmp_path / "new")}))
    (site / "libraries.pth").write_text(str(without_the_project(tmp_path / "libraries")), encoding="utf-8")
    # Python 3.11 brings an old one, which pip replaces from the index; here a newer one is among the libraries.
    assert run(tmp_path, tmp_path / "new/bin/pip", "uninstall", "--yes", "--quiet", "setuptools").returncode == 0
    assert not (tmp_path / "new/bin/repro-audit").exists()
    places = {"PATH": f"{tmp_path / 'new/bin'}{os.pathsep}{os.environ['PATH']}", "PIP_NO_INDEX": "1",
              "PIP_FIND_LINKS": str(built.wheel.parent)}  # fmt: skip
    for command in commands:
        done = run(folder, "bash", "-c", command, **places)
        assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^pond-asr\.wer +1\.4 +1\.449 +justified ", done.stdout, re.MULTILINE), done.stdout
    written = {
        "answers.html",
        "report.html",
        "audit.json",
        *(["report.pdf", "package.zip"] if pdf_problem() is None else []),
    }
    assert written <= {path.name for path in (folder / "out").iterdir()}
    assert "pond-asr" in (folder / "out/report.html").read_text(encoding="utf-8")
