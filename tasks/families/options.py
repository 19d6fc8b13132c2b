"""The options of a multiple-choice row: read from a list, an object, one text, or the prompt.

Options are lettered A, B, C, ... in order, at most 26. A listing in running text has its letters in brackets
(`(a) dog (b) cat`) or before a mark (`A. dog`, `B) cat`, `C: cow`), also full-width (`（Ａ）犬`).
"""

from __future__ import annotations

import ast
import json
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasks.errors import ScoringError
from tasks.steps.characters import plain_words

SOURCES = ("module:tasks.steps.characters", "module:tasks.steps.long_texts", "unicode:", "version:regex")
LETTERS = string.ascii_uppercase
# Full-width ASCII and CJK brackets, character by character, so that positions stay.
_NARROW = {0xFF01 + n: 0x21 + n for n in range(94)} | {ord("【"): ord("["), ord("】"): ord("]"), 0x3000: 0x20}
_IN_BRACKETS = r"[*_]{0,3}[(\[][*_]{0,3}([A-Za-z])[*_]{0,3}[)\]][.:]?[*_]{0,3}"
_AT_LINE_START = re.compile(
    rf"^[ \t]*(?:[-*\u2022][ \t]+)?(?:{_IN_BRACKETS}|[*_]{{0,3}}([A-Za-z])[.):、][*_]{{0,3}}(?=\s*\S))", re.MULTILINE
)
_BRACKETED = re.compile(_IN_BRACKETS)
_BEFORE_MARK = re.compile(r"(?<![^\s,;|/])[*_]{0,3}([A-Za-z])[.):][*_]{0,3}(?=\s+\S)")
_BETWEEN = ",;|/"
_SENTENCE_END = re.compile(r"(?<!\b[A-Z])(?<!\b(?:St|Dr|Mr|Ms|Mt|Jr|Sr|vs|No))(?<!\b(?:Mrs))[.?!]\s+(?=[A-Z(\"'])")
_INSTRUCTION = re.compile(
    r"(?:^|[\s.?!;:,])(?=(?:Answer|Please|Choose|Select|Pick|Respond|Reply|Output|Return|Give|Provide|Only|Just|State|Write|"
    r"Your answer|The answer|ASSISTANT|Options?:)\b)"
)
_NOTHING = frozenset(["", "or", "and"])
_LETTERED = re.compile(r"^\s*\(?([a-zA-Z])[).:]\s*(?=\S)")
_MANY, _FEW = len(LETTERS), 2


@dataclass(frozen=True, slots=True)
class _Mark:
    start: int
    end: int
    letter: str


def listed_choices(text: str) -> tuple[str, ...]:
    """The options that a text lists under the letters a, b, c, ... in order; none if it lists fewer than two.

    The last option ends at the end of its line, or at the instruction that follows it (`(d) frog. Answer with a letter.`). Of
    several listings the longest counts, of equally long ones the last.
    """
    narrow = text.translate(_NARROW)
    best: tuple[str, ...] = ()
    for pattern in (_AT_LINE_START, _BRACKETED, _BEFORE_MARK):
        marks = [_Mark(m.start(), m.end(), next(filter(None, m.groups())).upper()) for m in pattern.finditer(narrow)]
        runs = _runs(marks)
        starts = [run[0].start for run in runs[1:]] + [len(text)]
        for run, end in zip(runs, starts, strict=False):
            if len(run) < max(_FEW, len(best)):
                continue
            options = _texts(text, run, end)
            if not _NOTHING & {option.strip(" .:*_").lower() for option in options}:
                best = options
        if best:
            return best
    return ()


def _runs(marks: Sequence[_Mark]) -> list[list[_Mark]]:
    """The runs of marks A, B, C, ...; a mark that does not continue its run is text of an option."""
    runs: list[list[_Mark]] = []
    for mark in marks:
        if mark.letter == "A":
            runs.append([mark])
        elif runs and len(runs[-1]) < _MANY and mark.letter == LETTERS[len(runs[-1])]:
            runs[-1].append(mark)
    return runs


def _texts(text: str, run: Sequence[_Mark], end: int) -> tuple[str, ...]:
    """The options of a run; `end` is where the next run begins, or the text ends."""
    ends = [mark.start for mark in run[1:]] + [end]
    found = [text[mark.end : end] for mark, end in zip(run, ends, strict=True)]
    # The first line break after the last option ends it, unless the option begins on the next line.
    last = found[-1].lstrip()
    found[-1] = last.splitlines()[0] if last else ""
    options = [_without_separator(option) for option in found]
    return (*options[:-1], _last(options))


def _without_separator(option: str) -> str:
    """An option without what stands between it and the next one: a comma, `or`."""
    while True:
        option = option.strip().rstrip(_BETWEEN)
        head, _, word = option.rpartition(" ")
        if word.lower() in {"or", "and"} and head:
            option = head
        elif option == option.strip():
            return option


def _last(options: Sequence[str]) -> str:
    """The last option without an instruction behind it and without the sentence's mark, where no other option has one."""
    *others, last = options
    for pattern in (_SENTENCE_END, _INSTRUCTION):
        match = pattern.search(last)
        if match and match.start() and not any(pattern.search(other) for other in others):
            last = last[: match.start()].strip()
    if last[-1:] in {".", "?", "!", ";"} and not any(other.endswith(last[-1]) for other in others):
        last = last[:-1].strip()
    return last


def given_choices(value: object, row: str) -> tuple[str, ...]:
    """The options that a row states: a list, an object from letter to option, or one text.

    One text is a JSON or Python list, a lettered listing, or options separated by line breaks, `|`, `;` or `,`.

    Args:
        value: What the row states.
        row: The row's id, for messages.

    Raises:
        ScoringError: The value is none of these, or the number of options is not two to twenty-six; an empty list is none.
    """
    if isinstance(value, str):
        value = _in_one_text(value)
    if isinstance(value, Mapping):
        value = _of_letters(value)
    if not isinstance(value, list | tuple) or not all(
        isinstance(item, str | int | float) and not isinstance(item, bool) for item in value
    ):
        raise ScoringError("the choices must be a list of texts, an object from letter to text, or one text", row=row)
    found = tuple(str(item) for item in value)
    if found and not _FEW <= len(found) <= _MANY:
        noun = "choice" if len(found) == 1 else "choices"
        raise ScoringError(f"{len(found)} {noun}: two to twenty-six can be scored", row=row)
    return found


def _in_one_text(text: str) -> object:
    if text.lstrip()[:1] in {"[", "{"}:
        for read in (json.loads, ast.literal_eval):
            try:
                value = read(text)
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
            if isinstance(value, list | dict):
                return value
    listed = listed_choices(text)
    if listed:
        return listed
    for separator in ("\n", "|", ";", ","):
        parts = [part.strip() for part in text.split(separator)]
        if len([part for part in parts if part]) >= _FEW:
            return [part for part in parts if part]
    return None


def _of_letters(value: Mapping[object, object]) -> object:
    """The options of an object with the keys A, B, C, ...; None for other keys."""
    by_letter = {str(key).strip("().").upper(): item for key, item in value.items()}
    if len(by_letter) != len(value) or "".join(sorted(by_letter)) != LETTERS[: len(by_letter)]:
        return None
    return [by_letter[letter] for letter in sorted(by_letter)]


def without_letters(choices: tuple[str, ...]) -> tuple[str, ...]:
    """Remove the letters from options `(a) dog`, `(b) cat`, ... in order; leave other options unchanged."""
    found = [_LETTERED.match(choice.translate(_NARROW)) for choice in choices]
    letters = "".join(match.group(1).upper() for match in found if match)
    if len(letters) < len(choices) or not LETTERS.startswith(letters):
        return choices
    return tuple(choice[match.end() :].strip() for choice, match in zip(choices, found, strict=True) if match)


def without_letter(text: str) -> str:
    """An answer such as `(b) cat` without its letter."""
    match = _LETTERED.match(text.translate(_NARROW))
    return text[match.end() :].strip() if match else text.strip()


def place(gold: str, choices: Sequence[str]) -> int | None:
    """The index of the correct answer among the options; None if it is not among them.

    The answer is an option as written, with its letter before it, or only its letter; otherwise the only option with the same
    words.
    """
    for text in (gold, without_letter(gold)):
        if text in choices:
            return choices.index(text)
    letter = gold.translate(_NARROW).strip().strip("().:[]").upper()
    if len(letter) == 1 and letter in LETTERS[: len(choices)]:
        return LETTERS.index(letter)
    for words in (plain_words(gold), plain_words(without_letter(gold))):
        same = [index for index, choice in enumerate(choices) if plain_words(choice) == words]
        if words.strip() and len(same) == 1:
            return same[0]
    return None
