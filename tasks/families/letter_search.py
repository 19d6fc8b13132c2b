"""How lmms-eval and UltraEval-Audio read a letter: capital letters in fixed places, of as many options as a row has.

EvolvingLMMs-Lab/lmms-eval@75571cfe0fa36ca5ec2e6aa2bb268f9d38295af3:lmms_eval/tasks (MMMU's parser in several forms) and
OpenBMB/UltraEval-Audio@9b69da645d53cbc90b30179339a1dce7f0117b42:audio_evals/evaluator/choices.py:5-60.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from tasks.families import choices
from tasks.families.choices import Question
from tasks.families.options import LETTERS

SOURCES = ("module:tasks.families.choices", *choices.SOURCES)
FOUR = LETTERS[:4]
# A row is worth this many points, so that the share of a drawn letter is a whole number for up to 16 options.
POINTS = math.lcm(*range(1, 17))
_ENDS = (",", ".", "!", "?", ";", ":", "'")
# MMAR's form looks for the text of an option only in outputs of more words than this.
_FEW_WORDS = 5


def _trimmed(text: str) -> str:
    """Between spaces, without the marks at the ends; each mark is removed once, in order."""
    for mark in _ENDS:
        text = text.strip(mark)
    return f" {text} "


def _last(candidates: Sequence[str], places: Sequence[int]) -> str:
    """The candidate that occurs last; the first of equals."""
    return candidates[places.index(max(places))]


def lettered(text: str, letters: str) -> str:
    """The letter that lmms-eval reads for MMAU, AIR-Bench and MuChoMusic; empty where it draws one.

    Letters in `(X)`, otherwise in ` X `, otherwise in `X.`. Of several the one whose ` X ` is last counts, so of several in
    brackets the first option (lmms_eval/tasks/mmau/utils.py:80-119, air_bench/utils.py:217-256, muchomusic/utils.py).
    """
    text = _trimmed(text)
    for form in ("({})", " {} ", "{}."):
        found = [letter for letter in letters if form.format(letter) in text]
        if found:
            return _last(found, [text.rfind(f" {letter} ") for letter in found])
    return ""


def lettered_or_named(text: str, options: Sequence[str]) -> str:
    """The letter that lmms-eval reads for MMAR and MMSU; empty where it draws one.

    Letters in `(X)`, otherwise before a space (also at the end of a word: `DNA test`), otherwise in `X.`; otherwise, in
    outputs of more than five words, options that it contains, ignoring case. Of several the last counts
    (lmms_eval/tasks/mmar/utils.py:118-200, mmsu/utils.py).
    """
    text = _trimmed(text)
    letters = LETTERS[: len(options)]
    for form, place in (("({})", "({})"), ("{} ", " {} "), ("{}.", " {} ")):
        found = [letter for letter in letters if form.format(letter) in text]
        if found:
            return _last(found, [text.rfind(place.format(letter)) for letter in found])
    low = text.lower()
    named = [letter for letter, option in zip(letters, options, strict=True) if option.lower() in low]
    if len(text.split()) <= _FEW_WORDS or not named:
        return ""
    return _last(named, [low.rfind(options[letters.index(letter)].lower()) for letter in named])


def _drawn(letter: str, right: str, letters: str) -> tuple[int, int, int]:
    """Points of a letter, or the expectation of a letter drawn among `letters`."""
    if letter:
        return POINTS * int(letter in right), POINTS, 0
    return round(POINTS * len(set(right) & set(letters)) / len(letters)), POINTS, 1


def lmms_mmau(hypothesis: str, asked: Question) -> tuple[int, int, int]:
    """(points, possible points, unread): a letter A to D, whose option must equal the answer, ignoring case.

    lmms_eval/tasks/mmau/utils.py:30-57. A fifth option cannot be chosen. The source stops at a letter without an option; here
    such a letter is wrong.
    """
    wanted = asked.gold.strip().lower()
    right = "".join(letter for letter, text in zip(FOUR, asked.choices, strict=False) if text.strip().lower() == wanted)
    return _drawn(lettered(hypothesis, FOUR), right, FOUR)


def lmms_air_bench(hypothesis: str, asked: Question) -> tuple[int, int, int]:
    """(points, possible points, unread): a letter of the row's options, which must be the first that equals the answer.

    lmms_eval/tasks/air_bench/utils.py:165-214; MuChoMusic's form is the same for its four options.
    """
    letters = LETTERS[: len(asked.choices)]
    return _drawn(lettered(hypothesis.strip(), letters), asked.letter, letters)


def lmms_mmar(hypothesis: str, asked: Question) -> tuple[int, int, int]:
    """(points, possible points, unread): a letter of the row's options or, in a longer output, the text of one.

    lmms_eval/tasks/mmar/utils.py:202-226.
    """
    return _drawn(lettered_or_named(hypothesis, asked.choices), asked.letter, LETTERS[: len(asked.choices)])


def ultraeval_choices(hypothesis: str, asked: Question) -> tuple[int, int, int]:
    """(correct, 1, 0), or (0, 0, 1) for an output that cannot be parsed, which removes it from the denominator.

    The first character, otherwise the second to last, if it is the letter of an option. Of equal options (in any case, a
    hyphen as a space) the last is the right one.
    """
    text = hypothesis.strip()
    letters = LETTERS[: len(asked.choices)]
    if not text or text == "None":
        return 0, 0, 1
    letter = text[0] if text[0] in letters else text[-2] if len(text) > 1 and text[-2] in letters else ""
    if not letter:
        return 0, 0, 1
    table = {_plain(choice): one for one, choice in zip(letters, asked.choices, strict=True)}
    return int(letter == table[_plain(asked.gold)]), 1, 0


def _plain(text: str) -> str:
    return text.lower().strip().replace("-", " ")
