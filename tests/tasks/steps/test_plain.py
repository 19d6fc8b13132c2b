"""The elementary steps, against libraries and by hand."""

from __future__ import annotations

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.step import Step
from tasks.steps.normalise import plain


@given(st.text())
def test_punctuation_is_what_jiwer_deletes(text: str) -> None:
    assert plain.DROP_PUNCTUATION(text) == jiwer.RemovePunctuation()(text)


@pytest.mark.parametrize(
    ("step", "text", "expected"),
    [
        (plain.PUNCTUATION_TO_SPACES, "well-known。yes$", "well known yes$"),
        (plain.DROP_SYMBOLS, "$5+2€ © a-b", "52  a-b"),
        (plain.DROP_DIACRITICS, "Žižek naïve ﬁ Øre 가", "Zizek naive ﬁ Øre 가"),
        (plain.DROP_TAGS, "<a> b [c d] e < f [g", " b  e < f [g"),
        (plain.DROP_TAGS, "<a <b> c", "<a  c"),
        (plain.DROP_PARENTHESES, "a (b (c) d) e (f", "a (b  d) e (f"),
        (plain.STRAIGHT_QUOTES, "‘a’ “b” ʼ ′", "'a' \"b\" ' '"),
        (plain.FIRST_LINE, " \n\t\n a b \nc", "a b"),
        (plain.FIRST_LINE, " \n ", ""),
        (plain.DROP_SPACES, " a\u3000b\nc ", "abc"),
        (plain.SEPARATE_UNSPACED, "我用Python 3.8。ภาษา", "我 用 Python 3.8。 ภ า ษ า"),
        (plain.NFC, "e\u0301ﬁ", "éﬁ"),
        (plain.NFKC, "ﬁ①　x", "fi1 x"),
        (plain.CASEFOLD, "ẞß", "ssss"),
        (plain.AFTER_THINKING, "<think>never closed", ""),
        (plain.DROP_START_TOKENS, "<s>a<s></s>", "a</s>"),
    ],
)
def test_a_step_by_hand(step: Step, text: str, expected: str) -> None:
    assert step(text) == expected


@pytest.mark.parametrize("text", ["<" * 200_000, "[<" * 100_000, "(" * 200_000])
def test_brackets_that_never_close_take_linear_time(text: str) -> None:
    # In quadratic time this would take minutes.
    assert plain.DROP_PARENTHESES(plain.DROP_TAGS(text)) == text
