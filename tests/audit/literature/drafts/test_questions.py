"""The dialogue at a terminal, with the lines that are typed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from audit.literature.drafts.answers import Answers
from audit.literature.drafts.new import choose_table, new_study
from audit.literature.drafts.questions import Questions
from audit.literature.tables.read import read_tables
from tests.support.table_studies import LIBRI


class Typed:
    """Types lines; keeps what was asked and said."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = list(lines)
        self.asked: list[str] = []
        self.said: list[str] = []

    def __call__(self, question: str) -> str:
        self.asked.append(question)
        return self.lines.pop(0)

    @property
    def questions(self) -> Questions:
        return Questions(self, self.said.append)


def table(path: Path, text: str) -> Path:
    file = path / "table.md"
    file.write_text(text, encoding="utf-8")
    return file


FACTS = ["SALMONN", "Table 2", "The title", "Tang", "ICLR", "2310.13289", ""]


def test_what_the_table_lacks_is_asked_once(tmp_path: Path) -> None:
    file = table(tmp_path, LIBRI)
    typed = Typed([*FACTS, "er-iemocap"])
    made = new_study(read_tables(file)[0], file, Answers(), typed.questions)
    assert typed.lines == []
    assert len(made.match.claims) == 8
    assert made.match.unclear == ()
    for line in ("title: The title", 'arxiv: "2310.13289"', "year: 2023"):
        assert f"\n  {line}\n" in made.draft.text
    assert "Its year [2023]: " in typed.asked
    # `er-iemocap` is near, so that an empty line would do.
    assert typed.asked[-1] == "Task (an id, a new id, or skip) [er-iemocap]: "


def test_an_answer_that_does_not_fit_is_asked_again(tmp_path: Path) -> None:
    file = table(tmp_path, LIBRI)
    typed = Typed(["Qwen", "SALMONN", "Table 2", "", "The title", "Tang", "ICLR", "arXiv:1", "", "24", "2024", "skip"])
    made = new_study(read_tables(file)[0], file, Answers(), typed.questions)
    assert typed.lines == []
    assert len(made.match.claims) == 6
    assert [item.why for item in made.match.left].count("an answer leaves it out") == 2
    assert "  An answer is needed." in typed.said
    assert "  Four digits." in typed.said


def test_a_task_that_no_study_declares(tmp_path: Path) -> None:
    file = table(tmp_path, "Model | TED-LIUM | FLEURS en-fr\n--- | --- | ---\nSALMONN | 4.1 | 22.0\n")
    typed = Typed([
        *FACTS,
        "asr-tedlium", "asr", "TED-LIUM 3 test", "", "wer",
        "st-fleurs-en-fr", "translation", "FLEURS English to French", "", "fr", "bleu",
    ])  # fmt: skip
    made = new_study(read_tables(file)[0], file, Answers(), typed.questions)
    assert typed.lines == []
    assert [(c.task.id, c.metric, c.task.dataset) for c in made.match.claims] == [
        ("asr-tedlium", "wer", "TED-LIUM 3 test"), ("st-fleurs-en-fr", "bleu", "FLEURS English to French"),
    ]  # fmt: skip
    assert made.match.claims[1].task.parameters["target"] == "fr"
    assert "    parameters: {target: fr}\n" in made.draft.text


def test_a_study_without_a_file() -> None:
    typed = Typed([
        "LibriSpeech test-clean", "WER", "2.1", "LibriSpeech test-other", "", "~5", "",
        "none", "Table 3", "T", "A", "V", "", "2024",
    ])  # fmt: skip
    made = new_study(typed.questions.cells(), None, Answers(facts={"model_name": "SALMONN"}), typed.questions)
    assert typed.lines == []
    assert [(c.task.id, c.cell.value) for c in made.match.claims] == [("asr-librispeech-clean", "2.1")]
    assert [item.why for item in made.match.left] == ["`~5` is a bound or an approximation"]
    assert "Typed at a terminal" in made.draft.text


def test_one_of_several_tables(tmp_path: Path) -> None:
    file = table(tmp_path, f"Table 1: One.\n{LIBRI}\n\nTable 2: Two.\n\nA | B\n--- | ---\nx | 1\n")
    typed = Typed(["3", "2"])
    assert choose_table(file, None, typed.questions).caption == "Two."
    assert any("One. (9 cells)" in line for line in typed.said)
