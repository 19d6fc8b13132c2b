from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from audit.cli.commands import import_
from audit.literature.known_tasks import known_tasks as tasks
from audit.scoring.predictions import PredictionSet, load

Import = Callable[..., PredictionSet]


@pytest.fixture
def run_import(tmp_path: Path) -> Import:
    """Run `import FORMAT SOURCE --task TASK ...` and read what it wrote with the strict reader."""

    def run(kind: str, source: str | Path, task: str, *options: str, out: Path | None = None) -> PredictionSet:
        parser = argparse.ArgumentParser()
        import_.add_arguments(parser)
        folder = out or tmp_path / "out"
        common = ["--task", task, "--model", "SALMONN", "--variant", "13b", "--out", str(folder)]
        assert import_.run(parser.parse_args([kind, str(source), *common, *options])) == 0
        return load(folder / f"{task}.jsonl", tasks()[task])

    return run


@pytest.fixture
def write_json(tmp_path: Path) -> Callable[[Any], Path]:
    def write(value: Any, name: str = "in.json") -> Path:
        path = tmp_path / name
        path.write_text(json.dumps(value), encoding="utf-8")
        return path

    return write


@pytest.fixture
def write_lines(tmp_path: Path) -> Callable[[Sequence[Any]], Path]:
    def write(values: Sequence[Any], name: str = "in.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
        return path

    return write
