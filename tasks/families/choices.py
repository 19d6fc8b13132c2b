"""Multiple choice: how public benchmarks map a free-text answer to one of the options.

The options of a row are in `extra["choices"]`, in `reference["choices"]` beside `reference["answer"]`, or in the
prompt, see `tasks.families.options`. Each rule returns (correct, possible, unread): an output in which a rule reads no
answer is counted as the rule's source counts it, and as unread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import regex

from tasks.convention import Selection, View
from tasks.errors import ScoringError
from tasks.families.letters import named_letter
from tasks.families.options import LETTERS, given_choices, listed_choices, place, without_letter, without_letters
from tasks.row import Row
from tasks.steps.characters import plain_words, visible
from tasks.steps.clean import without_thinking

SOURCES = (
    "module:tasks.families.letters",
    "module:tasks.families.options",
    "module:tasks.steps.characters",
    "module:tasks.steps.long_texts",
    "module:tasks.steps.clean",
    "module:tasks.steps.together",
    "unicode:",
    "version:regex",
)
# The sources that read a letter have at most four options.
FOUR = LETTERS[:4]
_WORDS = re.compile(r"\b\w+\b")


@dataclass(frozen=True, slots=True)
class Question:
    """The options of a row, in display order, and the correct one.

    Attributes:
        gold: The correct answer, spelled as in the options, without a letter.
        choices: All options, without letters; empty if the row lists none.
        given: The options as the row states them, with their letters; empty if they have none.
    """

    gold: str
    choices: tuple[str, ...] = field(default=())
    given: tuple[str, ...] = field(default=())

    @property
    def letter(self) -> str:
        """The letter of the correct answer: the first, if several options are equal."""
        return LETTERS[self.choices.index(self.gold)]

    @property
    def letters(self) -> str:
        """The letters of all options that equal the correct answer."""
        return "".join(letter for letter, choice in zip(LETTERS, self.choices, strict=False) if choice == self.gold)

    @property
    def as_given(self) -> tuple[str, tuple[str, ...]]:
        """The correct answer and the options as the row states them, with letters if it gives them."""
        if not self.given:
            return self.gold, self.choices
        return self.given[self.choices.index(self.gold)], self.given


def question(row: Row) -> Question | None:
    """The question of a row, or None if the row has no reference text.

    The letters of options and answer (`(b) cat`) are removed. An answer may be only a letter.

    Raises:
        ScoringError: The options cannot be read, are not two to twenty-six, or the answer is not among them.
    """
    reference = row.reference
    inner = reference if isinstance(reference, Mapping) else {}
    gold = inner.get("answer", inner.get("answers")) if inner else reference
    if isinstance(gold, list) and len(gold) == 1:
        (gold,) = gold
    if not isinstance(gold, str):
        return None
    stated = row.extra.get("choices", inner.get("choices"))
    given = listed_choices(row.prompt or "") if stated is None else given_choices(stated, row.id)
    if not given:
        return Question(without_letter(gold))
    choices = without_letters(given)
    # An option that is written with a letter (`A. x` beside `cat`) keeps it.
    at = given.index(gold) if gold in given else place(gold, choices)
    if at is None:
        raise ScoringError(f"the answer {gold!r} is not among the choices", row=row.id)
    return Question(choices[at], choices, given if given != choices else ())


def _has_choices(row: Row) -> bool:
    found = question(row)
    return found is not None and bool(found.choices)


QUESTION = View("choices", question, version="2")
HAS_CHOICES = Selection("has-choices", _has_choices, "no choices given")
Points = Callable[[str, Question], tuple[int, int, int]]


# Marks of a sentence; other symbols tell options apart that have the same words (`C` and `C#`, `+` and `-`).
_SENTENCE_MARKS = regex.compile(r"[\p{Ps}\p{Pe}\p{Pi}\p{Pf}.,;:!?\"'*_`\u3001\u3002\u2014\u2013]+")


def _symbols(text: str) -> str:
    return f" {' '.join(_SENTENCE_MARKS.sub(' ', visible(text).lower()).split())} "


def string_match(hypothesis: str, asked: Question) -> tuple[int, int, int]:
    """(correct, 1, unread): the output, without thinking, contains the words of the correct answer and of no other option.

    An option contained in the correct answer does not count against it. If the correct answer has no words, or another option
    has the same (`C` and `C#`), symbols count as part of a word. Unread: it contains no option.
    """
    words = plain_words
    golden = plain_words(asked.gold)
    others = [choice for choice in asked.choices if choice != asked.gold]
    if not golden.strip() or any(plain_words(choice) == golden for choice in others):
        words = _symbols
    said, gold = words(without_thinking(hypothesis)), words(asked.gold)
    named = [text for choice in others if (text := words(choice)).strip() and text in said]
    if not gold.strip() or gold not in said:
        return 0, 1, int(bool(asked.choices) and not named)
    return int(not any(text not in gold for text in named)), 1, 0


def choice_letter(hypothesis: str, asked: Question) -> tuple[int, int, int]:
    """(correct, 1, unread): the output names the correct letter, or that of an equal option."""
    letter = named_letter(hypothesis, len(asked.choices) or len(FOUR))
    return int(bool(letter) and letter in asked.letters), 1, int(not letter)


def air_bench(hypothesis: str, asked: Question) -> tuple[int, int, int]:
    """(correct, 1, 0), or (0, 0, 1) for an output that cannot be parsed, which removes it from the denominator.

    The letter is the first character if it is A to D, otherwise the second to last
    (OFA-Sys/AIR-Bench@9832476:score_foundation.py:9-86).
    `A man speaks` is read as A.
    """
    text = hypothesis.strip().replace("\n", "")
    if not text or text == "None":
        return 0, 0, 1
    letter = text[0] if text[0] in FOUR else text[-2] if len(text) > 1 and text[-2] in FOUR else ""
    return (int(letter == asked.letter), 1, 0) if letter else (0, 0, 1)


def mmau_v0(hypothesis: str, asked: Question) -> tuple[int, int, int]:
    """(correct, 1, unread): the answer, ignoring case, is a substring; no other option is.

    Sakshi113/MMAU@11d1caf:evaluation.py. Options count as the row gives them, with their letters. Unread: no option is a
    substring.
    """
    said = hypothesis.lower()
    gold, given = asked.as_given
    others = any(choice.lower() in said for choice in given if choice != gold)
    right = bool(said) and gold.lower() in said
    return int(right and not others), 1, int(not right and not (said and others))


def mmau_v1(hypothesis: str, asked: Question) -> tuple[int, int, int]:
    """(correct, 1, unread): the output contains all words of the answer, and no word that occurs only in a wrong option.

    Sakshi113/MMAU@110127f:evaluation.py:8-34. Word order is ignored; options count as the row gives them, with their letters.
    Unread: it contains all words of no option.
    """
    answer, given = asked.as_given
    said, gold = _word_set(hypothesis), _word_set(answer)
    wrong = {word for choice in given if choice != answer for word in _word_set(choice)} - gold
    unread = not any(words <= said for choice in given if (words := _word_set(choice)))
    return int(bool(said) and gold <= said and not said & wrong), 1, int(unread)


def _word_set(text: str) -> set[str]:
    return set(_WORDS.findall(text.lower()))


def muchomusic(hypothesis: str, asked: Question) -> tuple[int, int, int]:
    """(correct, 1, unread): mulab-mir/muchomusic@d3c9a42:muchomusic_eval/scoring.py:6-36.

    In the text after the last `The correct answer is:`, the answer is the single capital letter A to D, otherwise the first
    option that is a substring, ignoring case; without either, the output is wrong.
    """
    text = hypothesis.rpartition("The correct answer is:")[2].strip()
    letters = set(FOUR) & set(text)
    if len(letters) == 1:
        return int(letters == {asked.letter}), 1, 0
    chosen = next((choice for choice in asked.choices if choice.lower().strip() in text.lower()), None)
    return int(chosen == asked.gold), 1, int(chosen is None)
