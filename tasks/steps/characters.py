"""Punctuation, invisible characters and scripts as Unicode defines them, for the project's own rules.

A rule that carries a source's name keeps that source's notion (`string.punctuation`, a range of code points); every rule of
our own uses this module. Punctuation and symbols are the general categories P and S, invisible characters the property
Default_Ignorable_Code_Point (zero-width and bidirectional marks, soft hyphens, variation selectors) and control characters,
and a script is the property Script (UAX #24), from the `regex` package.
"""

from __future__ import annotations

from functools import cache

import regex

from tasks.step import step
from tasks.steps.long_texts import normal_form

SOURCES = ("module:tasks.steps.long_texts", "unicode:", "version:regex")
_INVISIBLE = regex.compile(r"\p{Default_Ignorable_Code_Point}+|(?:(?!\s)\p{Cc})+")
_MARKS = regex.compile(r"[\p{P}\p{S}]+")
_MARKS_BUT_DECIMAL_POINT = regex.compile(r"(?:(?!(?<=\p{N})\.(?=\p{N}))[\p{P}\p{S}])+")
# Scripts written without spaces between words: each character counts as a word, with the marks that belong to it.
UNSPACED = regex.compile(
    r"([\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}"
    r"\p{Script=Myanmar}]\p{M}*)"
)
# Marks that belong to a word (`mom's`), in the forms that keyboards and word processors write.
_APOSTROPHES = regex.compile(r"['\u2018\u2019\u02bc\u2032`\u00b4]")
_ABBREVIATION = regex.compile(r"(?<![\p{L}\p{N}.])(?:\p{L}\.)++\p{L}?+(?![\p{L}\p{N}])")
_LETTER = regex.compile(r"\p{L}")


def visible(text: str) -> str:
    """The text without invisible characters, in compatibility form (NFKC): `Ｂ` becomes `B`, `…` becomes `...`."""
    return text if text.isascii() and text.isprintable() else normal_form("NFKC", _INVISIBLE.sub("", text))


def plain_words(text: str) -> str:
    """Lower-case, replace punctuation by spaces, collapse spaces, add one at each end: for whole-word containment.

    A character of a script without spaces (Chinese, Japanese, Thai) is a word.
    """
    text = _MARKS.sub(" ", visible(text).lower())
    if not text.isascii():
        text = UNSPACED.sub(r" \1 ", text)
    return f" {' '.join(text.split())} "


def without_punctuation(text: str) -> str:
    """Delete apostrophes and the full stops of abbreviations, replace other punctuation by a space, collapse spaces.

    `mom’s` equals `moms`, `p.m.` equals `pm`, `ten-thirty` equals `ten thirty`; `3.5` stays a number.
    """
    text = _APOSTROPHES.sub("", visible(_APOSTROPHES.sub("'", text)))
    if "." in text:
        text = _ABBREVIATION.sub(lambda match: match.group().replace(".", ""), text)
    return " ".join(_MARKS_BUT_DECIMAL_POINT.sub(" ", text).split())


def letters(text: str) -> int:
    """The number of letters in any script."""
    return len(_LETTER.findall(text))


def letters_of(text: str, *scripts: str) -> int:
    """The number of letters in these scripts (`Han`, `Latin`); a mark that several scripts share belongs to none.

    `・` (U+30FB) and `ー` (U+30FC) are common to several scripts, half-width kana are Katakana.
    """
    return sum(len(_script(name).findall(text)) for name in scripts)


@cache
def _script(name: str) -> regex.Pattern[str]:
    return regex.compile(rf"(?=\p{{L}})\p{{Script={name}}}")


PUNCTUATION = step("punct", without_punctuation)
