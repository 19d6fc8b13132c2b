"""LTU's rule for captions."""

from __future__ import annotations

import string

from tasks.step import step

_PUNCTUATION = str.maketrans("", "", string.punctuation)


def ltu_caption(text: str) -> str:
    """The text after the last colon and one more character, without ASCII punctuation, in lower case.

    YuanGongND/ltu@2002aad:src/ltu/eval/eval_audiocaps.py. The source's texts all begin with `Audio caption: `; it also cuts
    the first character of a text without a colon, which this function does not.
    """
    _, colon, after = text.rpartition(":")
    return (after[1:] if colon else text).translate(_PUNCTUATION).lower()


LTU_CAPTION = step("ltu-caption", ltu_caption, "unicode:")
