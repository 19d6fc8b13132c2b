"""Simple normalisers: case, punctuation, white space."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable, Sequence

from tasks.step import Step, function, step, version_of

_BUT_APOSTROPHE_HYPHEN = re.compile("[" + re.escape("".join(c for c in string.punctuation if c not in "'-")) + "]")
_ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)


def lower(text: str) -> str:
    """Lower-case the text."""
    return text.lower()


def drop_punctuation_but_apostrophe_hyphen(text: str) -> str:
    """Delete ASCII punctuation except `'` and `-` (CoVoST 2, section 4.1, for WER; and `normalize` of HUFS)."""
    return _BUT_APOSTROPHE_HYPHEN.sub("", text)


def drop_ascii_punctuation(text: str) -> str:
    """Delete ASCII punctuation."""
    return text.translate(_ASCII_PUNCTUATION)


def collapse_spaces(text: str) -> str:
    """Replace every run of white space by one space and strip the ends."""
    return re.sub(r"\s+", " ", text).strip()


def _jiwer_a1() -> object:
    import jiwer

    return jiwer.Compose(
        [
            jiwer.ToLowerCase(),
            jiwer.RemovePunctuation(),  # type: ignore[no-untyped-call]
            jiwer.RemoveKaldiNonWords(),
            jiwer.RemoveMultipleSpaces(),
            jiwer.Strip(),
        ]
    )


def jiwer_transform(version: str) -> Step:
    """jiwer: lower-case, delete category-P characters, delete <...> and [...], collapse spaces, strip; in that order.

    The order matters: `</s>` first loses its slash (category P) and becomes `<s>`, which is then removed as a tag
    (jaeeewon/project-multimodal@d9e5d17:dist_eval/eval_wer.py).
    """

    def load() -> object:
        return _jiwer_a1()

    return Step(
        "jiwer-lower-punct-tags",
        version,
        load,  # type: ignore[arg-type]  # a closure over an untyped transform
        ("module:jiwer.transforms", "module:tasks.steps.normalise.simple", "unicode:"),
        batch=_jiwer_many,
    )


_JIWER_ASCII = {
    **{n: chr(n).lower() for n in range(128)},
    **{n: None for n in range(128) if unicodedata.category(chr(n)).startswith("P")},
}
_JIWER_TAG = re.compile(r"<[^>]*>")
_JIWER_SPACES = re.compile(r"\s\s+")


def _jiwer_many(texts: Sequence[str]) -> list[str]:
    """The same for many texts, ASCII in one pass. Only `<` and `>` can still mark a tag: `[` and `]` are in category P."""
    library: Callable[[str], str] = function(JIWER_A1)
    return [_jiwer_ascii(text) if text.isascii() else library(text) for text in texts]


def _jiwer_ascii(text: str) -> str:
    text = text.translate(_JIWER_ASCII)
    if "<" in text:
        text = _JIWER_TAG.sub("", text)
    return _JIWER_SPACES.sub(" ", text).strip()


def _lower_many(texts: Sequence[str]) -> list[str]:
    return list(map(str.lower, texts))


LOWER = step("lower", lower, "unicode:", batch=_lower_many)
DROP_PUNCTUATION_BUT = step("punct-but-apostrophe-hyphen", drop_punctuation_but_apostrophe_hyphen)
DROP_ASCII_PUNCTUATION = step("ascii-punct", drop_ascii_punctuation)
COLLAPSE_SPACES = step("spaces", collapse_spaces)
JIWER_A1 = jiwer_transform(version_of("jiwer"))
