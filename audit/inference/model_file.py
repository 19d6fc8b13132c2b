"""`model.yaml`: the file that says which model runs, by which engine."""

from __future__ import annotations

from pathlib import Path

from audit._util import strict_yaml
from audit._util.strict_yaml import Document
from audit.errors import InputError

SALMONN = "salmonn"
PAGE = "docs/how-to/engines.md"


def open_model_file(path: str | Path) -> Document:
    """Read `model.yaml`, or that of a folder; `path` of the result is the file.

    Raises:
        InputError: The file is missing, is not strict YAML, or is not a mapping of fields.
    """
    file = Path(path)
    file = file / "model.yaml" if file.is_dir() else file
    if not file.is_file():
        fix = f"write it: for SALMONN see docs/how-to/run-inference.md, for other models {PAGE}"
        raise InputError("model.yaml not found", where=str(file), fix=fix)
    document = strict_yaml.load(file)
    if not isinstance(document.data, dict):
        raise InputError("not a mapping of fields", where=str(file))
    return document


def engine_name(document: Document) -> str:
    """The engine that a model file names; without the field, SALMONN's own code."""
    return str(document.data.get("engine", SALMONN))
