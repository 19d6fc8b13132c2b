"""Alternatives in transcripts of NIST's sclite: `{ good / better / @ }`, where `@` is nothing."""

from __future__ import annotations

from collections.abc import Sequence

from audit.errors import InputError

# `{ a / b }` twelve times in one utterance; more is a broken file.
_MOST = 4096


def has_alternatives(text: str) -> bool:
    """Whether a transcript has alternatives."""
    return bool({"{", "}"} & set(text.split()))


def nearest_reading(text: str, output: str | None, where: str) -> str:
    """The reading with the fewest word errors against the output, in lower case, as sclite aligns; else the first one.

    Raises:
        InputError: Braces are not balanced, or there are too many readings.
    """
    if not has_alternatives(text):
        return text
    from rapidfuzz.distance import Levenshtein

    found = _readings(text.split(), where)
    said = (output or "").lower().split()
    errors = [Levenshtein.distance([word.lower() for word in words], said) for words in found]
    return " ".join(found[errors.index(min(errors))])


def _readings(words: Sequence[str], where: str) -> list[tuple[str, ...]]:
    """All readings of a transcript, in order."""
    # A stack of open alternatives: the readings before the brace, those of finished branches, those of the open branch.
    stack: list[tuple[list[tuple[str, ...]], list[tuple[str, ...]]]] = []
    branch: list[tuple[str, ...]] = [()]
    for word in words:
        if word == "{":
            stack.append((branch, []))
            branch = [()]
        elif word == "/" and stack:
            stack[-1][1].extend(branch)
            branch = [()]
        elif word == "}":
            if not stack:
                raise InputError("a `}` without a `{`", where=where, fix="Correct the alternatives.")
            before, done = stack.pop()
            options = [*done, *branch]
            if len(before) * len(options) > _MOST:
                raise InputError(f"more than {_MOST} readings", where=where, fix="Correct the alternatives.")
            branch = [(*left, *right) for left in before for right in options]
        elif word != "@" or not stack:
            branch = [(*left, word) for left in branch]
    if stack:
        raise InputError("a `{` without a `}`", where=where, fix="Correct the alternatives.")
    return branch
