"""From a row of predictions to what a judge is asked about it: one set of fields a request.

Every function here is pure and gives parts in the order of the row; a part's name says which of several
requests of the row it is. What a task's reference has no place for (the sound behind a question, the
options) may stand in the reference's object or in `extra`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.errors import ScoringError
from tasks.families import choices as multiple
from tasks.row import Row

# What a judge's liking for long answers is tested with: words that add nothing.
PADDING = (
    " To say it again with more words, this is the answer that was given above, and everything that was said"
    " there is meant exactly as it was said."
)


class FieldError(ValueError):
    """A row lacks what a convention asks a judge about.

    Attributes:
        row: The row's id.
        field: The field, as a path (`reference.question`).
        what: What is wrong with it.
    """

    def __init__(self, row: Row, field: str, what: str) -> None:
        super().__init__(f"{field}: {what}")
        self.row = row.id
        self.field = field
        self.what = what


@dataclass(frozen=True, slots=True)
class Part:
    """One request about a row.

    Attributes:
        name: Which of the row's requests it is; empty where there is one.
        values: Placeholder fields by name.
    """

    name: str
    values: dict[str, str]


Fields = Callable[[Row, str], list[Part]]


def output(row: Row, variant: str = "") -> str:
    """The raw output without start and end tokens; with `PADDING` behind it in the variant `padded`."""
    if row.hypothesis is None:
        raise FieldError(row, "hypothesis", "there is no output to judge")
    text = re.sub(r"^(?:\s*<s>)+|(?:</s>\s*)+$", "", row.hypothesis).strip()
    return text + PADDING if variant == "padded" else text


def _reference(row: Row) -> Mapping[str, Any]:
    if not isinstance(row.reference, Mapping):
        raise FieldError(row, "reference", "an object is needed")
    return row.reference


def _text(row: Row, name: str, *others: str) -> str:
    reference = _reference(row)
    for key in (name, *others):
        value = reference.get(key, row.extra.get(key))
        if isinstance(value, str):
            return value
        if isinstance(value, Sequence) and value and all(isinstance(item, str) for item in value):
            return "; ".join(value)
    raise FieldError(row, f"reference.{name}", "a text is needed")


def _prompt(row: Row) -> str:
    if row.prompt is None or not row.prompt.strip():
        raise FieldError(row, "prompt", "the judge is told the question, and the row has none")
    return row.prompt


def _answers(row: Row, *, correct_only: bool) -> list[str]:
    reference = _reference(row)
    answers = reference.get("answers")
    if not correct_only and isinstance(reference.get("candidates"), list):
        answers = reference["candidates"]
    if not isinstance(answers, list):
        raise FieldError(row, "reference.answers", "a list is needed")
    chosen: list[str] = []
    for answer in answers:
        if isinstance(answer, str):
            chosen.append(answer)
            continue
        text = answer.get("text") if isinstance(answer, Mapping) else None
        if not isinstance(text, str) or (correct_only and answer.get("label") not in {0, 1}):
            raise FieldError(row, "reference.answers", 'each is a text, or {"text": ..., "label": 0 or 1}')
        if not correct_only or answer["label"] == 1:
            chosen.append(text)
    return chosen


def spoken_qa(row: Row, variant: str = "") -> list[Part]:
    """One request for each correct answer (label 1) of the question; none for a question without one."""
    question, said = _text(row, "question"), output(row, variant)
    return [
        Part(str(index), {"question": question, "answer": answer, "output": said})
        for index, answer in enumerate(_answers(row, correct_only=True))
    ]


def spoken_qa_candidates(row: Row, variant: str = "") -> list[Part]:
    """One request for each candidate sentence, whatever its label (`candidates`, or all of `answers`)."""
    question, said = _text(row, "question"), output(row, variant)
    return [
        Part(str(index), {"question": question, "answer": answer, "output": said})
        for index, answer in enumerate(_answers(row, correct_only=False))
    ]


def slot(row: Row, variant: str = "") -> list[Part]:
    """One request a row: the slot's type, its value and the output, in lower case."""
    values = {"slot": _text(row, "slot"), "value": _text(row, "value"), "output": output(row, variant)}
    return [Part("", {name: text.lower() for name, text in values.items()})]


def slot_question(row: Row, variant: str = "") -> list[Part]:
    """One request a row: the question put to the model, the slot's value and the output, as they stand."""
    values = {"question": _prompt(row), "reference": _text(row, "value"), "output": output(row, variant)}
    return [Part("", values)]


def coreasoning(row: Row, variant: str = "") -> list[Part]:
    """One request a row: the question in the audio, a description of its background, and the output."""
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
    """JASCO's fields: sound, speech, question, reference, key words, the answers from one modality alone."""
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
    """The clip that a JASCO row belongs to; the best of its prompts counts."""
    return _text(row, "clip")


def plain(row: Row, variant: str = "") -> list[Part]:
    """One request a row: the prompt as question, the reference text and the output."""
    reference = row.reference
    if not isinstance(reference, str):
        reference = _text(row, "answer", "label")
    return [Part("", {"question": _prompt(row), "reference": reference, "output": output(row, variant)})]


def choices(row: Row) -> multiple.Question:
    """The options of a multiple-choice row and the right one, as `tasks.families.choices` finds them."""
    try:
        found = multiple.question(row)
    except ScoringError as error:
        raise FieldError(row, "extra.choices", str(error)) from None
    if found is None or len(found.choices) < 2:
        raise FieldError(row, "extra.choices", "two to four options are needed, and the right answer as text")
    return found


def _shown(row: Row, variant: str) -> tuple[str, ...]:
    options = choices(row).choices
    return options[::-1] if variant == "swapped" else options


def multiple_choice(row: Row, variant: str = "") -> list[Part]:
    """AIR-Bench's alignment: question, lettered options (last first in the variant `swapped`), output.

    With three options the source shows only two; here all are shown.
    """
    shown = zip(multiple.LETTERS, _shown(row, variant), strict=False)
    listed = "\n".join(f"{letter}. {_one_line(text)}" for letter, text in shown)
    values = {"question": _prompt(row), "options": listed, "output": output(row, variant)}
    return [Part("", values)]


def gold_letter(row: Row, variant: str = "") -> str:
    """The letter under which `multiple_choice` shows the gold answer."""
    return multiple.LETTERS[_shown(row, variant).index(choices(row).gold)]


def names_an_option(row: Row) -> bool:
    """Whether the output contains a capital letter of an option as a word, or an option's text in any case.

    Where it does not, AIR-Bench tells its judge to choose at random, so the judgement says nothing about the
    output.
    """
    said, options = output(row), choices(row).choices
    letters = re.findall(r"\b[A-D]\b", said)
    return any(letter in multiple.LETTERS[: len(options)] for letter in letters) or any(
        option.lower() in said.lower() for option in options
    )


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())
