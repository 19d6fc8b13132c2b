"""The page `Run other models`: its tables have the keys that there are, and its model files are valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from audit.inference.model_engines import ENGINES
from audit.inference.model_engines.document import COMMON, read_engine_model
from audit.inference.model_engines.keys import Key, Value
from audit.inference.model_file import open_model_file
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "how-to" / "engines.md").read_text(encoding="utf-8")
FILES = [text for text in re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL) if "engine:" in text]


def table(heading: str) -> list[list[str]]:
    """The cells of the first table below a text."""
    lines = PAGE[PAGE.index(heading) :].splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("| key |")) + 2
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def told(value: Value) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return "`[" + ", ".join(f'"{one}"' for one in value) + "]`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def row(key: Key) -> list[str]:
    return [f"`{key.name}`", key.kind.name + (" or null" if key.optional else ""), told(key.default), key.what]


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_the_table_of_an_engine_has_its_keys(engine: object) -> None:
    name, keys = engine.name, engine.keys  # type: ignore[attr-defined]
    assert table(f"eys of `{name}`") == [row(key) for key in keys]


def test_the_table_of_common_keys() -> None:
    found = table("common to all engines")
    assert [cells[0] for cells in found] == [f"`{key.name}`" for key in COMMON]


@pytest.mark.parametrize("text", [*FILES, (ROOT / "docs/tutorial/real-model/model.yaml").read_text(encoding="utf-8")])
def test_the_model_files_are_valid(tmp_path: Path, text: str) -> None:
    (tmp_path / "model.yaml").write_text(text, encoding="utf-8")
    document = open_model_file(tmp_path)
    folder = tmp_path / document.data["model"]
    folder.mkdir()
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (folder / name).write_bytes(b"")
    engine, model = read_engine_model(document)
    assert engine.decoding(model)
    assert len(FILES) >= 3
