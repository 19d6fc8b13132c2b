"""Elementary steps on the characters of a text, for conventions that are composed in YAML.

Each does one thing that its name says. Punctuation and symbols are Unicode's general categories P and S.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from tasks.step import step
from tasks.steps.characters import UNSPACED
from tasks.steps.clean import without_thinking
from tasks.steps.long_texts import normal_form
from tasks.steps.together import together, without_punctuation

SOURCES = (
    "module:tasks.steps.characters",
    "module:tasks.steps.long_texts",
    "module:tasks.steps.together",
    "module:tasks.steps.clean",
    "unicode:",
    "version:regex",
)
_QUOTES = str.maketrans("\u2018\u2019\u02bc\u2032\u201c\u201d", "''''\"\"")
# A tag ends before the next one begins, so that a text of unclosed tags takes linear time.
_TAGS = re.compile(r"<[^<>]*>|\[[^\[\]]*\]")
_PARENTHESES = re.compile(r"\([^()]*\)")


def _nfc(text: str) -> str:
    return normal_form("NFC", text)


def _nfkc(text: str) -> str:
    return normal_form("NFKC", text)


def _upper(text: str) -> str:
    return text.upper()


def _casefold(text: str) -> str:
    return text.casefold()


def drop_diacritics(text: str) -> str:
    """Delete the marks that combine with a letter (category Mn); letters such as `ø` stay."""
    apart = normal_form("NFD", text)
    return normal_form("NFC", "".join(c for c in apart if unicodedata.category(c) != "Mn"))


def drop_punctuation(text: str) -> str:
    """Delete all characters of category P, as jiwer's `RemovePunctuation`: `don't` becomes `dont`, `$` stays."""
    return without_punctuation(text)


def _drop_punctuation_of_many(texts: Sequence[str]) -> list[str]:
    return together(texts, without_punctuation, without_punctuation)


def punctuation_to_spaces(text: str) -> str:
    """Replace every character of category P by a space: `well-known` becomes two words."""
    return "".join(" " if unicodedata.category(c).startswith("P") else c for c in text)


def drop_symbols(text: str) -> str:
    """Delete all characters of category S: currency, mathematical and other symbols."""
    return "".join(c for c in text if not unicodedata.category(c).startswith("S"))


def straight_quotes(text: str) -> str:
    """Replace typographic quotation marks and apostrophes by `'` and `"`."""
    return text.translate(_QUOTES)


def drop_tags(text: str) -> str:
    """Delete `<...>` and `[...]`; brackets that do not close stay."""
    return _TAGS.sub("", text)


def drop_parentheses(text: str) -> str:
    """Delete `(...)`; parentheses that do not close stay."""
    return _PARENTHESES.sub("", text)


def _drop_start_tokens(text: str) -> str:
    return text.replace("<s>", "")


def _drop_spaces(text: str) -> str:
    return "".join(text.split())


def first_line(text: str) -> str:
    """The first line that is not blank, stripped; empty without one."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def separate_unspaced(text: str) -> str:
    """Put spaces around every character of a script without spaces, so that it is a word (for mixed error rates)."""
    return " ".join(UNSPACED.sub(r" \1 ", text).split())


NFC = step("nfc", _nfc)
NFKC = step("nfkc", _nfkc)
UPPER = step("upper", _upper)
CASEFOLD = step("casefold", _casefold)
DROP_DIACRITICS = step("drop-diacritics", drop_diacritics)
DROP_PUNCTUATION = step("drop-punctuation", drop_punctuation, batch=_drop_punctuation_of_many)
PUNCTUATION_TO_SPACES = step("punctuation-to-spaces", punctuation_to_spaces)
DROP_SYMBOLS = step("drop-symbols", drop_symbols)
STRAIGHT_QUOTES = step("straight-quotes", straight_quotes)
DROP_TAGS = step("drop-tags", drop_tags)
DROP_PARENTHESES = step("drop-parentheses", drop_parentheses)
DROP_START_TOKENS = step("drop-start-tokens", _drop_start_tokens)
DROP_SPACES = step("drop-spaces", _drop_spaces)
FIRST_LINE = step("first-line", first_line)
SEPARATE_UNSPACED = step("separate-unspaced", separate_unspaced)
AFTER_THINKING = step("after-thinking", without_thinking)
