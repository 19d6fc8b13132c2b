"""Tables made in tests, and studies made from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from audit.literature.drafts.answers import Answers
from audit.literature.drafts.new import NewStudy, new_study
from audit.literature.tables.read import read_tables

FACTS: dict[str, Any] = {"table": "Table 2", "paper": {"title": "T", "authors_first": "A", "year": 2024, "venue": "V"}}

LIBRI = """
Model | LibriSpeech clean WER | LibriSpeech other WER | IEMOCAP Acc.
--- | --- | --- | ---
Whisper | 2.7 | 5.2 | -
SALMONN | 2.1 | 4.9 | 0.69
SALMONN w/o LoRA | 2.5 | 5.5 | 0.61
"""


def study_of(path: Path, text: str, suffix: str = ".md", **answers: Any) -> NewStudy:
    """The study of a file's first table, without questions."""
    file = path / f"table{suffix}"
    file.write_text(text, encoding="utf-8")
    facts = {**FACTS, **answers.pop("facts", {})}
    given: dict[str, Any] = {"model": "SALMONN", **answers}
    return new_study(read_tables(file)[0], file, Answers(facts=facts, **given))
