"""A notebook in a folder with somebody else's `tasks.py` or `audit.py`: what `import audit` does there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from audit._util import own_tasks
from audit.cli import main
from tests.support.paths import ROOT

FOREIGN = "raise RuntimeError('a foreign module was run')\n"
# Rows over two processes, whose path begins with the current folder like this one's.
POOL = """
from audit.scoring.pool import engine
from audit.literature.known_tasks import known_tasks as tasks
from tasks.row import Row
task = tasks()["er-iemocap"]
metric, conventions = next(iter(task.conventions.items()))
key = (metric, conventions[0].id)
rows = [Row(id="1", hypothesis="happy", reference="happy")]
if __name__ == "__main__":
    with engine("local", 2) as (mapping, _):
        print(len(list(mapping([(task.declaration, (key,), rows)] * 2))))
"""


def python(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run code as a notebook would: the current folder comes first, the installed packages later."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONSAFEPATH", None)
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_a_foreign_tasks_module_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(FOREIGN, encoding="utf-8")
    done = python(tmp_path, "import audit, tasks.registry; print(tasks.__file__, len(tasks.registry.families()))")
    assert done.returncode == 0, done.stderr
    file, number = done.stdout.split()
    assert Path(file) == ROOT / "tasks" / "__init__.py"
    assert int(number) > 10


def test_nor_in_a_process_that_counts(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(FOREIGN, encoding="utf-8")
    done = python(tmp_path, POOL)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "2\n"


def test_a_foreign_tasks_module_that_was_imported_first_is_named(tmp_path: Path) -> None:
    file = tmp_path / "tasks.py"
    file.write_text("", encoding="utf-8")
    done = python(tmp_path, "import tasks, audit")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"ImportError: '{file}' was imported as `tasks`")
    assert "import `audit` first, or rename that file" in last


def test_importing_again_keeps_the_module() -> None:
    before = sys.modules["tasks"]
    own_tasks.load()
    assert sys.modules["tasks"] is before


@pytest.mark.parametrize("name", ["audit", "tasks"])
@pytest.mark.parametrize("form", ["{}.py", "{}/__init__.py"])
def test_what_hides_ours_is_found(tmp_path: Path, name: str, form: str) -> None:
    file = tmp_path / form.format(name)
    file.parent.mkdir(exist_ok=True)
    file.write_text("", encoding="utf-8")
    assert own_tasks.hiding(tmp_path) == {name: file}


def test_neither_the_checkout_nor_a_plain_folder_hides_ours(tmp_path: Path) -> None:
    (tmp_path / "audit").mkdir()
    assert own_tasks.hiding(tmp_path) == {}
    assert own_tasks.hiding(ROOT) == {}


def test_doctor_names_the_file_that_hides_the_api(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "audit.py").write_text(FOREIGN, encoding="utf-8")
    main(["doctor"])
    line = next(line for line in capsys.readouterr().out.splitlines() if "import audit" in line)
    assert line.startswith("absent ")
    assert "./audit.py hides the API in this folder" in line
