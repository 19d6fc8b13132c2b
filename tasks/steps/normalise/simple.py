"""Simple normalisers: case, punctuation, white space."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable, Sequence

from tasks.step import Step, function, step, version_of
from tasks.steps.long_texts import without_spans
from tasks.steps.together import together

SOURCES = ("module:tasks.steps.long_texts", "module:tasks.steps.together", "unicode:", "version:regex")
_BUT_APOSTROPHE_HYPHEN = re.compile("[" + re.escape("".join(c for c in string.punctuation if c not in "'-")) + "]")
_ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)


def lower(text: str) -> str:
    """Lower-case the text."""
    return text.lower()


def drop_punctuation_but_apostrophe_hyphen(text: str) -> str:
    """Delete ASCII punctuation except `'` and `-` (CoVoST 2, section 4.1, for WER; and `normalize` of HUFS)."""
    return _BUT_APOSTROPHE_HYPHEN.sub("", text)


def _drop_punctuation_but_apostrophe_hyphen_of_many(texts: Sequence[str]) -> list[str]:
    return together(texts, drop_punctuation_but_apostrophe_hyphen, drop_punctuation_but_apostrophe_hyphen)


def drop_ascii_punctuation(text: str) -> str:
    """Delete ASCII punctuation."""
    return text.translate(_ASCII_PUNCTUATION)


def collapse_spaces(text: str) -> str:
    """Replace every run of white space by one space and strip the ends."""
    return re.sub(r"\s+", " ", text).strip()


def _jiwer_a1() -> Callable[[str], str]:
    import jiwer

    before = jiwer.Compose([jiwer.ToLowerCase(), jiwer.RemovePunctuation()])  # type: ignore[no-untyped-call]
    tags = jiwer.RemoveKaldiNonWords()
    after = jiwer.Compose([jiwer.RemoveMultipleSpaces(), jiwer.Strip()])

    def transform(text: str) -> str:
        plain: str = before(text)
        # Behind the last end of a tag the library would search for one from every beginning.
        last = plain.rfind(">") + 1
        return str(after(tags(plain[:last]) + plain[last:]))

    return transform


def jiwer_transform(version: str) -> Step:
    """jiwer: lower-case, delete category-P characters, delete <...> and [...], collapse spaces, strip; in that order.

    The order matters: `</s>` first loses its slash (category P) and becomes `<s>`, which is then removed as a tag
    (jaeeewon/project-multimodal@d9e5d17:dist_eval/eval_wer.py).
    """
    return Step(
        "jiwer-lower-punct-tags",
        version,
        _jiwer_a1,
        ("module:jiwer.transforms", "module:tasks.steps.normalise.simple", *SOURCES),
        batch=_jiwer_many,
    )


_JIWER_ASCII = {
    **{n: chr(n).lower() for n in range(128)},
    **{n: None for n in range(128) if unicodedata.category(chr(n)).startswith("P")},
}
_JIWER_TAG = re.compile(r"<[^>]*>")
_JIWER_SPACES = re.compile(r"\s\s+")
# Of one line; without a `<` inside, so that lines of unclosed tags take linear time.
_LINE_TAG = re.compile(r"<[^<>\n]*>")
_LINE_SPACES = re.compile(r"[^\S\n][^\S\n]+")


def _jiwer_many(texts: Sequence[str]) -> list[str]:
    """The same for many texts, ASCII in one pass. Only `<` and `>` can still mark a tag: `[` and `]` are in category P."""
    made = together(texts, _jiwer_lines, _jiwer_alone, str.isascii)
    # A `<` is left where it has no end, or another one before it: then the tag began at the first of them.
    return [
        _jiwer_ascii(text) if "<" in line and text.isascii() else line.strip()
        for text, line in zip(texts, made, strict=True)
    ]


def _jiwer_alone(text: str) -> str:
    # Loads the library where a text needs it.
    return _jiwer_ascii(text) if text.isascii() else str(function(JIWER_A1)(text))


def _jiwer_lines(text: str) -> str:
    text = text.translate(_JIWER_ASCII)
    if "<" in text:
        text = _LINE_TAG.sub("", text)
    return _LINE_SPACES.sub(" ", text)


def _jiwer_ascii(text: str) -> str:
    text = text.translate(_JIWER_ASCII)
    if "<" in text:
        text = without_spans(_JIWER_TAG, text, ">")
    return _JIWER_SPACES.sub(" ", text).strip()


def _lower_many(texts: Sequence[str]) -> list[str]:
    return list(map(str.lower, texts))


LOWER = step("lower", lower, "unicode:", batch=_lower_many, light=True)
DROP_PUNCTUATION_BUT = step(
    "punct-but-apostrophe-hyphen",
    drop_punctuation_but_apostrophe_hyphen,
    batch=_drop_punctuation_but_apostrophe_hyphen_of_many,
    light=True,
)
DROP_ASCII_PUNCTUATION = step("ascii-punct", drop_ascii_punctuation)
COLLAPSE_SPACES = step("spaces", collapse_spaces)
JIWER_A1 = jiwer_transform(version_of("jiwer"))
