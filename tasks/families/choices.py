"""Multiple choice: how public benchmarks map a free-text answer to one of the options.

The options of a row are in `extra["choices"]`, in `reference["choices"]` beside `reference["answer"]`, or in the
prompt as `(a) ... (b) ...`.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tasks.convention import Selection, View
from tasks.errors import ScoringError
from tasks.row import Row

LETTERS = "ABCD"
_LISTED = re.compile(r"\(([a-zA-Z])\)\s*(.*?)(?=\s*\([a-zA-Z]\)|\s*$)", re.DOTALL)
_LETTERED = re.compile(r"^\s*\(?([a-zA-Z])[).:]\s*(?=\S)")
_WORDS = re.compile(r"\b\w+\b")
_PUNCTUATION = str.maketrans(string.punctuation, " " * len(string.punctuation))


@dataclass(frozen=True, slots=True)
class Question:
    """The options of a row, in display order, and the correct one.

    Attributes:
        gold: The correct answer, spelled as in the options.
        choices: All options; empty if the row lists none.
    """

    gold: str
    choices: tuple[str, ...] = field(default=())

    @property
    def letter(self) -> str:
        """The letter of the correct answer."""
        return LETTERS[self.choices.index(self.gold)]


def listed_choices(prompt: str) -> tuple[str, ...]:
    """The options that a prompt lists as `(a) dog (b) cat`, if the letters are a, b, c, ... in order; otherwise none."""
    found = _LISTED.findall(prompt)
    letters = "".join(letter.upper() for letter, _ in found)
    if len(found) < 2 or not string.ascii_uppercase.startswith(letters):
        return ()
    return tuple(text.strip() for _, text in found)


def question(row: Row) -> Question | None:
    """The question of a row, or None if the row has no reference text.

    The letter of an answer such as `(b) cat` is removed.

    Raises:
        ScoringError: There are more than four options, duplicate options, or the answer is not among them.
    """
    reference = row.reference
    inner = reference if isinstance(reference, Mapping) else {}
    gold = inner.get("answer", inner.get("answers")) if inner else reference
    if isinstance(gold, list) and len(gold) == 1:
        (gold,) = gold
    if not isinstance(gold, str):
        return None
    given = row.extra.get("choices", inner.get("choices"))
    if given is None:
        choices = listed_choices(row.prompt or "")
    elif isinstance(given, list | tuple) and all(isinstance(item, str) for item in given):
        choices = _without_letters(tuple(given))
    else:
        raise ScoringError("the choices must be a list of texts", row=row.id)
    bare = _LETTERED.sub("", gold).strip()
    if not choices:
        return Question(bare)
    if len(choices) > len(LETTERS) or len(set(choices)) != len(choices):
        raise ScoringError(f"{len(choices)} choices: at most four distinct ones can be scored", row=row.id)
    if gold not in choices and bare not in choices:
        raise ScoringError(f"the answer {gold!r} is not among the choices", row=row.id)
    return Question(gold if gold in choices else bare, choices)


def _without_letters(choices: tuple[str, ...]) -> tuple[str, ...]:
    """Remove the letters from options `(a) dog`, `(b) cat`, ... in order; leave other options unchanged."""
    found = [_LETTERED.match(choice) for choice in choices]
    letters = "".join(match.group(1).upper() for match in found if match)
    if len(letters) < len(choices) or not string.ascii_uppercase.startswith(letters):
        return choices
    return tuple(_LETTERED.sub("", choice).strip() for choice in choices)


def _has_choices(row: Row) -> bool:
    found = question(row)
    return found is not None and bool(found.choices)


QUESTION = View("choices", question)
HAS_CHOICES = Selection("has-choices", _has_choices, "no choices given")
Points = Callable[[str, Question], tuple[int, int]]


def plain_words(text: str) -> str:
    """Lower-case, replace punctuation by spaces, collapse spaces, add one at each end: for whole-word containment."""
    return f" {' '.join(text.lower().translate(_PUNCTUATION).split())} "


def string_match(hypothesis: str, asked: Question) -> tuple[int, int]:
    """(correct, 1): the output contains the words of the correct answer and of no other option.

    An option contained in the correct answer does not count against it.
    """
    said, gold = plain_words(hypothesis), plain_words(asked.gold)
    if not gold.strip() or gold not in said:
        return 0, 1
    others = [words for choice in asked.choices if choice != asked.gold and (words := plain_words(choice)) not in gold]
    return int(not any(words in said for words in others)), 1


def named_letter(text: str) -> str:
    """The letter of the option that an output names, in upper case; empty if there is none.

    The first match of: a letter in parentheses, `(b)`; an output that is only a letter; a leading letter followed by
    `.`, `)` or `:`.
    """
    text = text.strip()
    found = (
        re.search(r"\(([a-dA-D])\)", text)
        or re.fullmatch(r"([a-dA-D])[.):]?", text)
        or re.match(r"([a-dA-D])[.):](?=\s|$)", text)
    )
    return found.group(1).upper() if found else ""


def choice_letter(hypothesis: str, asked: Question) -> tuple[int, int]:
    """(correct, 1): the output names the correct letter."""
    return int(named_letter(hypothesis) == asked.letter), 1


def air_bench(hypothesis: str, asked: Question) -> tuple[int, int]:
    """(correct, 1), or (0, 0) for an output that cannot be parsed, which removes it from the denominator.

    The letter is the first character if it is A to D, otherwise the second to last
    (OFA-Sys/AIR-Bench@9832476:score_foundation.py:9-86).
    `A man speaks` is read as A.
    """
    text = hypothesis.strip().replace("\n", "")
    if not text or text == "None":
        return 0, 0
    letter = text[0] if text[0] in LETTERS else text[-2] if len(text) > 1 and text[-2] in LETTERS else ""
    return (int(letter == asked.letter), 1) if letter else (0, 0)


def mmau_v0(hypothesis: str, asked: Question) -> tuple[int, int]:
    """(correct, 1): the answer, ignoring case, is a substring; no other option is (Sakshi113/MMAU@11d1caf:evaluation.py)."""
    said = hypothesis.lower()
    others = any(choice.lower() in said for choice in asked.choices if choice != asked.gold)
    return int(bool(said) and asked.gold.lower() in said and not others), 1


def mmau_v1(hypothesis: str, asked: Question) -> tuple[int, int]:
    """(correct, 1): the output contains all words of the answer, and no word that occurs only in a wrong option.

    Sakshi113/MMAU@110127f:evaluation.py:8-34. Word order and option letters are ignored.
    """
    said, gold = _word_set(hypothesis), _word_set(asked.gold)
    wrong = {word for choice in asked.choices if choice != asked.gold for word in _word_set(choice)} - gold
    return int(bool(said) and gold <= said and not said & wrong), 1


def _word_set(text: str) -> set[str]:
    return set(_WORDS.findall(text.lower()))


def muchomusic(hypothesis: str, asked: Question) -> tuple[int, int]:
    """(correct, 1): mulab-mir/muchomusic@d3c9a42:muchomusic_eval/scoring.py:6-36.

    In the text after the last `The correct answer is:`, the answer is the single capital letter A to D, otherwise the first
    option that is a substring, ignoring case; without either, the output is wrong.
    """
    text = hypothesis.rpartition("The correct answer is:")[2].strip()
    letters = set(LETTERS) & set(text)
    if len(letters) == 1:
        return int(letters == {asked.letter}), 1
    chosen = next((choice for choice in asked.choices if choice.lower() in text.lower()), None)
    return int(chosen == asked.gold), 1
