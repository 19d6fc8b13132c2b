"""The letter that a free-text answer to a multiple-choice question names: the project's own rule."""

from __future__ import annotations

import re

from tasks.families.options import LETTERS
from tasks.steps.characters import visible
from tasks.steps.clean import without_thinking

SOURCES = (
    "module:tasks.families.options",
    "module:tasks.steps.characters",
    "module:tasks.steps.long_texts",
    "module:tasks.steps.clean",
    "module:tasks.steps.together",
    "unicode:",
    "version:regex",
)
_IS = r"(?:\s+(?:is|was|would be|should be|must be))?\s*[:=]?\s*"
# What follows `answer` in a statement such as `the correct answer would be: (B)`, or `the correct option`.
_ANSWER = re.compile(
    rf"\b(?:answers?(?:\s+(?:choice|option|letter))?|(?:correct|right|best)\s+(?:choice|option|letter)){_IS}"
    r"(?:(?:option|choice|letter)\s+)?(?:(?P<mark>[(\[\"'{])\s*)?(?P<letter>[A-Za-z])(?!\w|'\w)"
    r"(?P<after>[)\]\"'}.,;:!]|\s*$|\s+\w+)?",
    re.IGNORECASE | re.MULTILINE,
)
# A second letter, after which nothing is said of it: `B or C`, `B, C`.
_SECOND = re.compile(
    r"[)\]\"'}]?\s*(?:,|/|&|\bor\b|\band\b)\s*(?:or\s+|and\s+)?[(\[\"'{]?[A-Z](?!\w|'\w)(?=[)\]\"'}.,;:!/&]|\s*$)"
)
_BOXED = re.compile(
    r"\\boxed\s*\{\s*(?:\\(?:text|mathrm|mathbf|textbf)\s*\{)?\s*[(\[]?\s*([A-Za-z])\s*[)\].:]?(?=[\s}])"
)
_ALONE = re.compile(r"\W*([A-Za-z])\W*")
_AFTER_COLON = re.compile(r"[:=]\s?[(\[\"']?([A-Za-z])[)\]\"'.\u3002]*$", re.MULTILINE)
_LEADING = re.compile(
    r"[\W_]*?(?:[(\[{\"']\s*([A-Za-z])\s*[)\]}\"']|([A-Za-z])[.):](?=\W|$)"
    r"|([A-Z])(?:,?\s+(?:because|since)\b|\s*[-\u2013\u2014](?=\s)|\s+is\b))"
)
_BRACKETED = re.compile(r"[(\[]\s*([A-Za-z])\s*[)\]]")
_OPTION = re.compile(r"\b(?:option|choice|letter)\s+[\"'(\[]?([A-Za-z])(?!\w|'\w)", re.IGNORECASE)
_BOLD = re.compile(r"(?:\*\*|__)\s*[(\[]?([A-Za-z])(?:[)\].:]*\s*(?:\*\*|__)|[)\].:]+\s)")
_EMPHASIS = re.compile(r"\*{1,3}|_{2,3}|\$")


def named_letter(text: str, options: int = 4) -> str:
    r"""The letter of the option that an output names, in upper case; empty if there is none or several.

    In this order: the last `\boxed{B}`; the last `answer is B`, `Answer: (B)`; an output, or else a last line, that is only
    a letter; a letter at the beginning that is marked as one: `(b) cat`, `B. cat`, `B: cat`; the only letter in bold, in
    brackets, after `option`, or after a colon at the end of a line. Full-width letters count, and a reasoning model's
    thinking does not.

    Args:
        text: The output.
        options: The number of options: other letters are not read.
    """
    allowed = LETTERS[:options]
    bold = re.sub(r"[^\S\n]+", " ", visible(without_thinking(text))).strip()
    found = [letter for letter in map(str.upper, _BOXED.findall(bold)) if letter in allowed]
    if found:
        return found[-1]
    text = re.sub(r"\s*\n\s*", "\n", _EMPHASIS.sub("", bold)).strip()
    stated = [match for match in _ANSWER.finditer(text) if _is_letter(match) and match["letter"].upper() in allowed]
    if stated:
        last = stated[-1]
        return "" if _SECOND.match(text, last.end("letter")) else str(last["letter"]).upper()
    for part in (text, *text.splitlines()[-1:]):
        alone = _ALONE.fullmatch(part)
        if alone:
            letter = str(alone.group(1)).upper()
            return letter if letter in allowed else ""
    leading = _LEADING.match(text)
    if leading:
        letter = str(next(filter(None, leading.groups()))).upper()
        if letter in allowed:
            return letter
    for pattern, where in ((_BOLD, bold), (_BRACKETED, text), (_OPTION, text), (_AFTER_COLON, text)):
        letters = {letter.upper() for letter in pattern.findall(where)} & set(allowed)
        if letters:
            return letters.pop() if len(letters) == 1 else ""
    return ""


def _is_letter(match: re.Match[str]) -> bool:
    """Whether a letter after `answer` is one: not the article in `the answer is a dog`, nor `I` in `the answer I gave`."""
    after = (match["after"] or "").strip()
    if match["mark"] or not after or not after[0].isalpha():
        return True
    if after in {"because", "since", "as", "and", "or"}:
        return match["letter"].isupper() or after in {"because", "since"}
    return match["letter"].isupper() and match["letter"] not in "AI"
