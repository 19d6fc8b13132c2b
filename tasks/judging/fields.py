"""Request fields: maps a row of predictions to the placeholder values of its requests to a judge.

All functions are pure and return parts in the order of the row; a part's name distinguishes several
requests of a row. Fields that the task's reference type does not have (the sound behind a question, the
options) may be in the reference object or in `extra`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.errors import ScoringError
from tasks.families import choices as multiple
from tasks.row import Row
from tasks.steps.characters import visible
from tasks.steps.clean import strip_special

# Contentless words that test a judge for verbosity bias.
PADDING = (
    " To say it again with more words, this is the answer that was given above, and everything that was said"
    " there is meant exactly as it was said."
)


class FieldError(ScoringError):
    """A row lacks a field that the judge's prompt needs.

    Attributes:
        field: The field, as a path (`reference.question`).
        problem: What is wrong with it.
    """

    def __init__(self, row: Row, field: str, what: str) -> None:
        super().__init__(f"{field}: {what}", row=row.id)
        self.field = field
        self.problem = what


@dataclass(frozen=True, slots=True)
class Part:
    """One request about a row.

    Attributes:
        name: Distinguishes several requests of a row; empty if there is only one.
        values: Placeholder values by field name.
    """

    name: str
    values: dict[str, str]


Fields = Callable[[Row, str], list[Part]]


def output(row: Row, variant: str = "") -> str:
    """The raw output without special tokens at its ends; the variant `padded` appends `PADDING`."""
    if row.hypothesis is None:
        raise FieldError(row, "hypothesis", "there is no output to judge")
    text = strip_special(row.hypothesis)
    return text + PADDING if variant == "padded" else text


def _reference(row: Row) -> Mapping[str, Any]:
    if not isinstance(row.reference, Mapping):
        raise FieldError(row, "reference", "must be an object")
    return row.reference


def _text(row: Row, name: str, *others: str) -> str:
    reference = _reference(row)
    for key in (name, *others):
        value = reference.get(key, row.extra.get(key))
        if isinstance(value, str):
            return value
        if isinstance(value, Sequence) and value and all(isinstance(item, str) for item in value):
            return "; ".join(value)
    raise FieldError(row, f"reference.{name}", "must be a string")


def _prompt(row: Row) -> str:
    if row.prompt is None or not row.prompt.strip():
        raise FieldError(row, "prompt", "missing; the judge needs the question")
    return row.prompt


def _answers(row: Row, *, correct_only: bool) -> list[str]:
    reference = _reference(row)
    answers = reference.get("answers")
    if not correct_only and isinstance(reference.get("candidates"), list):
        answers = reference["candidates"]
    if not isinstance(answers, list):
        raise FieldError(row, "reference.answers", "must be a list")
    chosen: list[str] = []
    for answer in answers:
        if isinstance(answer, str):
            chosen.append(answer)
            continue
        text = answer.get("text") if isinstance(answer, Mapping) else None
        if not isinstance(text, str) or (correct_only and answer.get("label") not in (0, 1)):
            raise FieldError(row, "reference.answers", 'each must be a string or {"text": ..., "label": 0 or 1}')
        if not correct_only or answer["label"] == 1:
            chosen.append(text)
    return chosen


def spoken_qa(row: Row, variant: str = "") -> list[Part]:
    """One request per correct answer (label 1) of the question; none if there is no correct answer."""
    question, said = _text(row, "question"), output(row, variant)
    return [
        Part(str(index), {"question": question, "answer": answer, "output": said})
        for index, answer in enumerate(_answers(row, correct_only=True))
    ]


def spoken_qa_candidates(row: Row, variant: str = "") -> list[Part]:
    """One request per candidate sentence, regardless of its label (`candidates`, otherwise all of `answers`)."""
    question, said = _text(row, "question"), output(row, variant)
    return [
        Part(str(index), {"question": question, "answer": answer, "output": said})
        for index, answer in enumerate(_answers(row, correct_only=False))
    ]


# Questions of which each row may have several, and whether only correct answers have one.
PER_ANSWER: Mapping[Fields, bool] = {spoken_qa: True, spoken_qa_candidates: False}


def part_names(parts: Fields, row: Row) -> list[str]:
    """The names of a row's requests, without building them: rows with stored replies need not have a prompt.

    Raises:
        FieldError: The row has no answers, and `parts` asks about each of them.
    """
    if parts not in PER_ANSWER:
        return [""]
    return [str(index) for index, _ in enumerate(_answers(row, correct_only=PER_ANSWER[parts]))]


def slot(row: Row, variant: str = "") -> list[Part]:
    """One request per row: the slot's type, its value and the output, in lower case."""
    values = {"slot": _text(row, "slot"), "value": _text(row, "value"), "output": output(row, variant)}
    return [Part("", {name: text.lower() for name, text in values.items()})]


def slot_question(row: Row, variant: str = "") -> list[Part]:
    """One request per row: the question put to the model, the slot's value and the output, unchanged."""
    values = {"question": _prompt(row), "reference": _text(row, "value"), "output": output(row, variant)}
    return [Part("", values)]


def coreasoning(row: Row, variant: str = "") -> list[Part]:
    """One request per row: the question in the audio, a description of its background, and the output."""
    return [
        Part(
            "",
            {
                "question": _text(row, "question"),
                "audio": _text(row, "audio", "caption", "captions"),
                "output": output(row, variant),
            },
        )
    ]


def scene(row: Row, variant: str = "") -> list[Part]:
    """JASCO's fields: sound, speech, question, reference, keywords, and the answers from a single modality."""
    values = {
        "sound": _text(row, "audio_sound"),
        "spoken": _text(row, "spoken_text"),
        "question": _prompt(row),
        "reference": _text(row, "answer", "answers"),
        "keywords": _text(row, "keywords"),
        "audio_only": _text(row, "audio_only"),
        "speech_only": _text(row, "speech_only"),
        "output": output(row, variant),
    }
    return [Part("", values)]


def scene_group(row: Row) -> str:
    """The clip of a JASCO row, of which the best prompt counts."""
    return _text(row, "clip")


def plain(row: Row, variant: str = "") -> list[Part]:
    """One request per row: the prompt as question, the reference text and the output."""
    reference = row.reference
    if not isinstance(reference, str):
        reference = _text(row, "answer", "label")
    return [Part("", {"question": _prompt(row), "reference": reference, "output": output(row, variant)})]


def pair(row: Row, variant: str = "") -> list[Part]:
    """One request per row: the reference text and the output, without a question."""
    reference = row.reference if isinstance(row.reference, str) else _text(row, "answer", "label")
    return [Part("", {"reference": reference, "output": output(row, variant)})]


def choices(row: Row) -> multiple.Question:
    """The options of a multiple-choice row and the correct one, see `tasks.families.choices`."""
    try:
        found = multiple.question(row)
    except ScoringError as error:
        raise FieldError(row, "extra.choices", error.what) from None
    if found is None or not 2 <= len(found.choices) <= len(multiple.FOUR):
        raise FieldError(row, "extra.choices", "must be two to four options, with the correct answer as text")
    return found


def _shown(row: Row, variant: str) -> tuple[str, ...]:
    options = choices(row).choices
    return options[::-1] if variant == "swapped" else options


def multiple_choice(row: Row, variant: str = "") -> list[Part]:
    """AIR-Bench's alignment: question, lettered options (last first in the variant `swapped`), output.

    The source shows only two of three options; this function shows all.
    """
    shown = zip(multiple.FOUR, _shown(row, variant), strict=False)
    listed = "\n".join(f"{letter}. {_one_line(text)}" for letter, text in shown)
    values = {"question": _prompt(row), "options": listed, "output": output(row, variant)}
    return [Part("", values)]


def gold_letter(row: Row, variant: str = "") -> str:
    """The letter under which `multiple_choice` shows the gold answer."""
    return multiple.FOUR[_shown(row, variant).index(choices(row).gold)]


def names_an_option(row: Row) -> bool:
    """Whether the output contains an option's capital letter as a word, or an option's text, ignoring case.

    If it does not, AIR-Bench tells its judge to choose at random, so the judgement carries no information about
    the output.
    """
    said, options = visible(output(row)), choices(row).choices
    letters = re.findall(r"\b[A-D]\b", said)
    return any(letter in multiple.FOUR[: len(options)] for letter in letters) or any(
        visible(option).lower() in said.lower() for option in options
    )


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())
