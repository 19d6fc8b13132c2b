"""WikiQA (`WikiQACorpus/WikiQA-test.tsv`): spoken questions; the answers are the sentences labelled 1.

All sentences of a question are kept with their labels, because one convention accepts all of them as answers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tasks.datasets.errors import DatasetError
from tasks.datasets.manifest import Item, Manifest, make
from tasks.datasets.registry import Options
from tasks.datasets.spoken import speak
from tasks.datasets.tables import table


def read(task: str, root: Path, options: Options) -> Manifest:
    """The questions of the test split, including those without a correct answer.

    Raises:
        DatasetError: The table is missing, lacks columns or has a label that is not 0 or 1, or there is no speech for the
            questions.
    """
    del task
    base = root / "WikiQACorpus" if (root / "WikiQACorpus").is_dir() else root
    questions: dict[str, str] = {}
    candidates: dict[str, list[dict[str, Any]]] = {}
    path = base / "WikiQA-test.tsv"
    columns = ("QuestionID", "Question", "Sentence", "Label")
    for row in table(path, columns, "plain", fix="unpack WikiQACorpus.zip"):
        questions[row["QuestionID"]] = row["Question"]
        label = row["Label"].strip()
        if label not in {"0", "1"}:
            raise DatasetError(f"the label {label!r} is not 0 or 1", where=f"{path}: {row['QuestionID']}")
        candidates.setdefault(row["QuestionID"], []).append({"text": row["Sentence"], "label": int(label)})
    answers = {name: [c["text"] for c in found if c["label"] == 1] for name, found in candidates.items()}
    audio, folder, notes = speak(questions, base, options)
    items = [
        Item(n, (audio[n],), {"question": text, "answers": answers[n], "candidates": candidates[n]})
        for n, text in questions.items()
    ]
    empty = sum(not found for found in answers.values())
    notes.append(f"{empty} questions have no sentence labelled as an answer")
    return make("WikiQA", "test", folder, items, notes=notes)
