"""Steps on many texts at once: to the last character what the plain function, which defines the step, gives for each."""

from __future__ import annotations

import itertools
import random
import re
import sys
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audit.literature.known_tasks import conventions_of as conventions
from tasks.catalogue.steps import STEPS
from tasks.errors import ScoringError
from tasks.step import Step, function
from tasks.steps.memo import Memo
from tasks.steps.normalise.open_asr import OPEN_ASR_2023, OPEN_ASR_2025, OPEN_ASR_2026
from tasks.steps.normalise.plain import DROP_PUNCTUATION
from tasks.steps.normalise.simple import JIWER_A1
from tasks.steps.normalise.whisper import WHISPER_BASIC, WHISPER_ENGLISH
from tasks.steps.normalise.whisper_words import WordByWord
from tasks.steps.together import together, without_punctuation
from tasks.steps.tokenise import JOIN_13A, JOIN_ZH, TOK_13A, TOK_CHAR, TOK_ZH
from tasks.steps.tokenise_batch import chinese_characters
from tests.support.strategies import TEXTS

# Neighbours that rules look at: contractions, numbers and their suffixes, currencies, fillers, marks.
_WORDS = """
half and a st nd rd th s d um uh um's um' 'um um't uh'all mm'd x don can y it's he'd don't can't been gone done got
gotta gonna y'all y'all's i'ma ma'am mr mr. dr.'s o'clock one's five's fiven't onen't andn't 'tis rock'n'roll - --
5 20 20.50 $20.50 $2 ¢7 7¢ £3 €9 1,000 1,000, 1874, 5th 1st 1960s 5% % $ 0 $0 0.05 $0.5 no. $5. 5's x$2 5. "5th
well-known twenty-five um-um's five-o'clock half-time one-half behalf half. halfn't half's e.g. a.. ... ss th'x s's
colour Colours colour's <a> [x] (b) ( < ] _ a_b Hello, world. World! three. and, per, cent. don't. won't! st- -th
größe fünf öne hälf hälfte ünd „st“ „um“ –th–half 中文。 我用 ａｎｄ ﬁve óne é ςΣ Ⅷ … € ﷺ 한글 パン。
$one.two 5.a a.half mr.. 1874,.
café ’s it’s İ ſt K ß ½ ² ٣ ’ ‘x’ “one” been-two gone-th got-five "one" "the "five, and" five." st", "um's "'s "'tis 5." "$5".
"""
TRICKY = [*_WORDS.split(), "'d been", "'s been", "'s got", "a half", "and a half", "\t", "\n", "\x1c", "a\nb"]


def english() -> Any:
    from whisper_normalizer.english import EnglishTextNormalizer

    return EnglishTextNormalizer()


NUMBERS = sorted(english().standardize_numbers.words)
RULES = sorted(key.replace(r"\b", "") for key in english().replacers)
SPELLING = english().standardize_spellings.mapping
VOCABULARY = [*TRICKY, *TRICKY, *NUMBERS, *RULES, "the", "house", "went", "home"]
WORDS = st.one_of(st.sampled_from(VOCABULARY), st.sampled_from(sorted(SPELLING)))
SENTENCES = st.lists(st.tuples(WORDS, st.sampled_from((" ", " ", " ", "  ", "\t", ", ", ". ", "")))).map(
    lambda parts: "".join(word + space for word, space in parts)
)


def many() -> list[Step]:
    found = {
        step
        for convention in conventions().values()
        for step in (*convention.hypothesis, *convention.reference)
        if step.batch is not None and "meteor" not in step.name and "ptb" not in step.name
    }
    return sorted(found, key=lambda step: step.signature)


# Steps whose batch is their function, given one text after the other.
ONE_BY_ONE = {"lower", "join.none", "tok.ja-mecab", "tok.none", "tok.intl"}


def same(step: Step, *texts: str) -> None:
    assert step.batch is not None
    found = step.batch(texts)
    assert list(found) == [function(step)(text) for text in texts]


@given(texts=st.lists(st.one_of(TEXTS, SENTENCES), max_size=4))
@settings(max_examples=150)
def test_every_step_that_takes_many_texts_gives_what_it_gives_for_one(texts: list[str]) -> None:
    for step in BATCHES:
        same(step, *texts)


OPEN_ASR = (OPEN_ASR_2023, OPEN_ASR_2025, OPEN_ASR_2026)
TEXT_STEPS = (WHISPER_ENGLISH, WHISPER_BASIC, JIWER_A1, TOK_13A, JOIN_13A, *OPEN_ASR)


# Given all texts at once since a process is started for them; tested with it.
OUTSIDE = {"ptb", "ptb.java", "tok.flores101"}
# Of conventions, and of the catalogue.
BATCHES = [step for step in (*many(), TOK_CHAR, DROP_PUNCTUATION) if step.name not in {*OUTSIDE, *ONE_BY_ONE}]


def test_no_step_is_left_out() -> None:
    tested = {step.name for step in BATCHES}
    assert tested >= {step.name for step in (*TEXT_STEPS, TOK_CHAR, TOK_ZH, JOIN_ZH)}
    assert tested >= {
        "special",
        "remove-sp",
        "spelled-digits",
        "lower-no-punct",
        "cmi-words",
        "audiobench-words",
        "words",
    }
    named = {one.step.name for one in STEPS.values() if one.step.batch is not None and not one.missing()}
    assert named <= {*tested, *ONE_BY_ONE, *OUTSIDE}


# What a rule for many texts looks for, the line ends between them, and what is white space to some of them only.
MARKS = (
    *(
        "</s>",
        "<s>",
        "<unk>",
        "[PAD]",
        "<|en|>",
        "<|",
        "|>",
        "<a<b>",
        "<",
        ">",
        "[",
        "(",
        "{",
        "n",
        "]",
        "\n",
        "\t",
        "\x1c",
    ),
    *(
        "\u3000",
        "\u00a0",
        "  ",
        " ",
        " ",
        "won't",
        "n't",
        "uh",
        "um",
        "er",
        "5",
        "20",
        "21",
        "a5",
        "5_",
        "٣",
        "²",
        "9" * 310,
    ),
    *(
        ".",
        ",",
        "!",
        "。",
        "’",
        "'",
        "-",
        "_",
        "$",
        "&",
        "é",
        "e\u0301",
        "Σ",
        "ΑΣ",
        "İ",
        "中",
        "ﬁ",
        "\ud800",
        "a m",
        "I'm",
        "wi",
        "fi",
    ),
)


def test_many_texts_at_once_are_those_texts() -> None:
    """In one pass over all of them, so that what a rule does across a line end would be seen."""
    draw = random.Random(3)
    texts = ["".join(draw.choice(MARKS) for _ in range(draw.randint(0, 9))) for _ in range(3000)]
    lines = [text.replace("\n", " ") for text in texts]
    for step in BATCHES:
        same(step, *texts)
        same(step, *lines)
        same(step, *(text for text in lines if text.isascii()))


@given(text=SENTENCES)
@settings(max_examples=600)
@example("he's gotta go")
@example("five um six")
@example("don um't go")
@example("y uh'all go")
@example("two and a halfn't go")
@example("percent")
@example("the $")
@example("um 'tis")
@example("minus and house")
@example("two and a half")
@example("$2 and seven cents x$2 seven cents")
@example("5 um th house")
@example("one's  been-two")
@example("one's\tgot-five")
def test_whisper_by_words_is_whisper(text: str) -> None:
    same(WHISPER_ENGLISH, text, text.upper(), f"the {text}", f"{text} house", f"the {text} house")


PERFECT = [f"{a}{end}" for a in ("one", "five", "it", "he", "um") for end in ("'s", "'d")]
PARTICIPLES = [f"{b}{end}" for b in ("been", "gone", "done", "got") for end in ("", "-two", "-five", "-th", "-house")]


@given(
    a=st.sampled_from([*PERFECT, *TRICKY]),
    b=st.sampled_from([*PARTICIPLES, *TRICKY]),
    separator=st.sampled_from(("  ", "\t", "\n", "\x1c", " ")),
)
@settings(max_examples=400)
@example("one's", "been-two", "  ")
@example("one's", "got-five", "\n")
@example("one'd", "gone-two", "\x1c")
def test_any_white_space_between_two_words(a: str, b: str, separator: str) -> None:
    text = f"{a}{separator}{b}"
    same(WHISPER_ENGLISH, text, f"the {text}", f"{text} house", f"{text}{separator}{a}")


@pytest.mark.parametrize("before", ["", "the "])
@pytest.mark.parametrize("after", ["", " house"])
def test_whisper_on_every_word_that_it_knows(before: str, after: str) -> None:
    words = dict.fromkeys([*NUMBERS, *RULES, *TRICKY, *SPELLING, *SPELLING.values()])
    same(WHISPER_ENGLISH, *(f"{before}{word}{end}{after}" for word in words for end in ("", ",", "'s")))


LONG = "1" * 4301


@pytest.mark.parametrize("limit", [4300, 640, 0])
def test_numbers_longer_than_python_takes(limit: int) -> None:
    """What the library gives where Python sets no limit, whatever the setting; it is left as it was."""
    texts = [
        LONG,
        f"the {LONG} house",
        f"${LONG}",
        f"{LONG}.5 five",
        f"{'1' * 2200} {'1' * 2200} thousand",
        f"{'9' * 4300} million",
        "٣" * 4301,
        f"five {LONG}th, one",
    ]
    before = sys.get_int_max_str_digits()
    try:
        sys.set_int_max_str_digits(0)
        expected = [str(english()(text)).strip() for text in texts]
        sys.set_int_max_str_digits(limit)
        same(WHISPER_ENGLISH, *texts)
        assert [function(WHISPER_ENGLISH)(text) for text in texts] == expected
        assert sys.get_int_max_str_digits() == limit
    finally:
        sys.set_int_max_str_digits(before)


def test_a_number_that_is_too_long_is_no_traceback() -> None:
    assert WHISPER_ENGLISH.batch is not None
    for text in ("1" * 100_001, f"the {'1' * 100_001}"):
        for given_one in (function(WHISPER_ENGLISH), lambda text: WHISPER_ENGLISH.batch([text])):  # type: ignore[misc]
            with pytest.raises(ScoringError, match="cannot read a number"):
                given_one(text)


def test_whisper_on_pairs_of_words() -> None:
    """Two words that rules might join, with and without a word between them: a fixed sample of all pairs."""
    draw = random.Random(7)
    words = sorted({*NUMBERS, *RULES, *TRICKY})
    pairs = draw.sample(list(itertools.product(words, words)), 6000)
    same(WHISPER_ENGLISH, *(f"{a} {b}" for a, b in pairs), *(f"{a} um {b}" for a, b in pairs[:1000]))


def asking() -> tuple[Callable[[str], str], WordByWord, list[str]]:
    """The library, Whisper's normaliser word by word, and the list of what it asks the library about."""
    asked: list[str] = []
    library = english()

    def whole(text: str) -> str:
        asked.append(text)
        return str(library(text).strip())

    by_word = WordByWord(library, whole)
    asked.clear()
    return library, by_word, asked


def test_the_library_is_asked_about_words_not_texts() -> None:
    library, by_word, asked = asking()
    texts = [
        "the colour of don't",
        "don't the, colour. of twenty five the",
        "of twenty five don't",
        "the it's been",
        "the um of",
        "behalf",
    ]
    assert by_word(texts) == [library(text).strip() for text in texts]
    runs = ["x twenty five x", "x um x"]
    assert sorted(asked) == sorted(["don't", "twenty", "five", "um", *runs, "the it's been"])


def test_the_library_is_not_asked_about_letters_of_other_scripts() -> None:
    library, by_word, asked = asking()
    texts = ["Die größe Straße, über", "中文。你好", "パンが、うまい", "хлеб и соль", "the größe öne"]
    assert by_word(texts) == [library(text).strip() for text in texts]
    assert asked == ["öne", "x öne"]


def test_other_tables_are_not_taken_apart() -> None:
    other = english()
    other.replacers = {**other.replacers, r"\bone of\b|x": "one"}
    with pytest.raises(ValueError, match="rules"):
        WordByWord(other, lambda text: str(other(text).strip()))
    other = english()
    other.standardize_spellings.mapping = {**SPELLING, "wun": "one"}
    with pytest.raises(ValueError, match="tables"):
        WordByWord(other, lambda text: str(other(text).strip()))


ASCII = st.text(st.characters(max_codepoint=127), max_size=30)


@given(text=st.one_of(ASCII, st.text(st.sampled_from("aA1 \n\t.,-<>[](){}&'\"!:;$%skiped/。你a"), max_size=16)))
@settings(max_examples=600)
@example("a-\nb")
@example("<skipped>. a")
@example("&quot;a&amp;b.")
@example(".a ,1. 1-2 a.,")
@example("a \u3000.b\x1c,c")
def test_punctuation_heavy_texts(text: str) -> None:
    for step in (*TEXT_STEPS, TOK_ZH, JOIN_ZH, TOK_CHAR):
        same(step, text)


def test_every_character() -> None:
    """Alone and between letters; in one text, words and all."""
    characters = [chr(n) for n in range(0x3100)] + [chr(n) for n in range(0x3100, 0x110000, 257)]
    for step in BATCHES:
        some = characters if step in TEXT_STEPS or step in {TOK_CHAR, TOK_ZH, JOIN_ZH} else characters[::5]
        same(step, *(f"a{c}b 1{c} {c}" for c in some))
    same(WHISPER_ENGLISH, *(f"{c}中{c} {c}" for c in characters), *(f"ä{c}b {c}" for c in characters))


def test_punctuation_is_category_p() -> None:
    text = "".join(map(chr, range(0x110000)))
    assert without_punctuation(text) == "".join(c for c in text if not unicodedata.category(c).startswith("P"))
    assert without_punctuation(text[:128]) == "".join(
        c for c in text[:128] if not unicodedata.category(c).startswith("P")
    )


def test_chinese_characters_are_sacrebleus() -> None:
    from sacrebleu.tokenizers.tokenizer_zh import _UCODE_RANGES, TokenizerZh

    found = re.findall(f"[{chinese_characters(_UCODE_RANGES)}]", "".join(map(chr, range(0x30000))))
    assert found == [c for c in map(chr, range(0x30000)) if TokenizerZh._is_chinese_char(c)]  # type: ignore[no-untyped-call]
    assert len(found) > 20_000


def test_texts_are_changed_in_one_pass() -> None:
    passes: list[str] = []

    def change(text: str) -> str:
        passes.append(text)
        return text.upper()

    alone: list[str] = []

    def one(text: str) -> str:
        alone.append(text)
        return text.upper()

    assert together(["a", "", "b"], change, one) == ["A", "", "B"]
    assert together([], change, one) == []
    assert together(["a", "b\nc", "d"], change, one) == ["A", "B\nC", "D"]
    assert together(["a", "é"], change, one, str.isascii) == ["A", "É"]
    assert together(["é"], change, one, str.isascii) == ["É"]
    assert (passes, alone) == (["a\n\nb", "a\nd", "a"], ["b\nc", "é", "é"])
    passes.clear()
    assert together(["a"] * 10_000, change, one) == ["A"] * 10_000
    assert len(passes) == 3


def test_letters_and_digits_are_no_punctuation() -> None:
    """What `drop-punct-tokens` relies on."""
    assert not [c for c in map(chr, range(0x110000)) if c.isalnum() and unicodedata.category(c)[0] == "P"]


def test_a_memo_keeps_no_more_than_its_size() -> None:
    asked: list[int] = []

    def double(number: int) -> int:
        asked.append(number)
        return 2 * number

    memo = Memo(double, size=3)
    assert [memo[n] for n in (1, 2, 1, 3)] == [2, 4, 2, 6]
    assert asked == [1, 2, 3]
    assert [memo[n] for n in (4, 1)] == [8, 2]
    assert asked == [1, 2, 3, 4, 1]
    assert len(memo) <= 3


def test_a_memo_does_not_keep_what_is_not_worth_it() -> None:
    memo: Memo[str, int] = Memo(len, worth=lambda text: len(text) < 3)
    assert [memo[text] for text in ("ab", "abc", "abc")] == [2, 3, 3]
    assert list(memo) == ["ab"]


def test_long_words_and_runs_are_not_kept() -> None:
    """An output without spaces, or of numbers alone, is longer than all words of a language."""
    library = english()
    by_word = WordByWord(library, lambda text: str(library(text).strip()))
    texts = [
        "a" * 5000,
        "a-" * 2000 + "a",
        "five " * 2000,
        "twenty five",
        "$" + "1" * 4000,
        "the " + "b'" * 900 + "b house",
    ]
    assert by_word(texts) == [library(text).strip() for text in texts]
    assert {"twenty", "five", "the"} <= set(by_word._words)
    assert sum(map(len, by_word._words)) < 100
    assert list(by_word._runs) == [("twenty five", False, False)]
