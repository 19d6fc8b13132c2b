"""Punctuation, invisible characters and scripts: by Unicode's properties, not by ranges."""

from __future__ import annotations

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.steps.characters import letters, letters_of, plain_words, visible, without_punctuation


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The animal is a “cat”.", "the animal is a cat"),
        ("animal—cat—is", "animal cat is"),
        ("cat…", "cat"),
        ("cat。", "cat"),
        ("mom’s", "mom s"),
        ("\u200bc\u00adat\u202c", "cat"),
        ("\u2067cat\u2069\ufeff", "cat"),
        ("ＣＡＴ！", "cat"),
        ("cafe\u0301", "caf\u00e9"),
        ("«chat» ‹chien›", "chat chien"),
        ("这是猫。", "这 是 猫"),
        ("😀cat😀", "cat"),
        ("a\tb\x85c\u2028d", "a b c d"),
        ("a\x07b", "ab"),
        ("", ""),
        ("...", ""),
    ],
)
def test_plain_words(text: str, words: str) -> None:
    assert plain_words(text) == f" {words} " if words else plain_words(text).strip() == ""


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("mom’s", "mom's"),
        ("moms", "momʼs"),
        ("“tomorrow”", "tomorrow"),
        ("tomorrow。", "tomorrow"),
        ("7 p.m.", "7 pm"),
        ("7 p.m", "7 pm"),
        ("ten-thirty", "ten thirty"),
        ("ten–thirty", "ten thirty"),
        ("3.5 kg.", "3.5 kg"),
        ("cat.dog", "cat dog"),
    ],
)
def test_texts_that_are_equal_without_punctuation(text: str, other: str) -> None:
    assert without_punctuation(text) == without_punctuation(other)


def test_what_punctuation_tells_apart() -> None:
    assert without_punctuation("3.5") != without_punctuation("35")
    assert without_punctuation("tenthirty") != without_punctuation("ten thirty")


def test_every_ascii_mark_is_one() -> None:
    assert plain_words(f"a{string.punctuation}b") == " a b "
    assert all(plain_words(f"a{mark}b") == " a b " for mark in string.punctuation)


@given(st.text())
def test_nothing_of_categories_p_and_s_remains(text: str) -> None:
    assert not any(unicodedata.category(c)[0] in "PS" for c in plain_words(text))
    assert plain_words(plain_words(text)) == plain_words(text)
    assert without_punctuation(without_punctuation(text)) == without_punctuation(text)
    assert visible(visible(text)) == visible(text)


def test_scripts() -> None:
    assert letters_of("ｶﾀｶﾅひらがなカタカナㇰ\U0001b000", "Hiragana", "Katakana") == 14
    assert letters_of("・ー、。「」", "Hiragana", "Katakana", "Han") == 0
    assert letters_of("漢字々〇\U00020000\U00031350﨑", "Han") == 6  # 〇 is a number
    assert letters_of("Straße Łódź ﬁ ǆ ạ", "Latin") == letters("Straße Łódź ﬁ ǆ ạ") == 13
    assert letters_of("Ελλάδα", "Latin") == 0
    assert letters("123 ²Ⅷ_!") == 0
