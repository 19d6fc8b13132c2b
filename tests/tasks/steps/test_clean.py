"""Cleaning and normalising: small rules by example, and properties on random texts."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from num2words import num2words

from audit.literature.known_tasks import conventions_of as conventions
from tasks.steps.clean import before_end_symbol, cmi_wrappers, ends_with_eos, hufs_unwrap, remove_sp, strip_special
from tasks.steps.normalise.audiobench import audiobench_words
from tasks.steps.normalise.cmi import cmi_words
from tasks.steps.normalise.gigaspeech import gigaspeech_marks, gigaspeech_official
from tasks.steps.normalise.simple import (
    JIWER_A1,
    collapse_spaces,
    drop_ascii_punctuation,
    drop_punctuation_but_apostrophe_hyphen,
    lower,
)
from tasks.steps.normalise.whisper import WHISPER_BASIC, WHISPER_ENGLISH
from tasks.steps.tokenise import char_level, drop_punctuation_tokens
from tests.support.strategies import TEXTS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<s> Hello.</s>", "Hello."),
        ("Hello.</s></s> ", "Hello."),
        ("<unk>[PAD] a <unk> b</s>", "a <unk> b"),
        ("</s>", ""),
        ("", ""),
        ("a </s> b", "a </s> b"),
    ],
)
def test_special_tokens_are_cut_at_the_ends(text: str, expected: str) -> None:
    assert strip_special(text) == expected


def test_an_end_token_at_the_end() -> None:
    assert ends_with_eos("a</s> \n")
    assert not ends_with_eos("a</s>b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<|en|>Hello ,  world !<|0.5|>", "Hello, world! "),
        ("a\n\nb\tc", "a b c"),
        ("a <| open", "a <| open"),
        ("<|>x|>y", "y"),
        ("x <|a|> <|b|> y", "x y"),
    ],
)
def test_remove_sp(text: str, expected: str) -> None:
    assert remove_sp(text) == expected


MARKUP = st.lists(
    st.sampled_from(
        ["<|", "|>", "<", "|", ">", "a", " ", "\n", ",", " lyrics ", "are", ":", " text ", "is", "<s>", "</s>"]
    ),
    max_size=14,
).map("".join)


@given(MARKUP)
def test_remove_sp_is_its_patterns(text: str) -> None:
    without = re.sub(r"<\|.*?\|>", " ", text, flags=re.DOTALL)
    assert remove_sp(text) == re.sub(r" ?([!,.?;:])", r"\1", re.sub(r"\s+", " ", without)).lstrip()


@given(MARKUP)
def test_cmi_wrappers_are_their_patterns(text: str) -> None:
    expected = text
    for word, verb in (("lyrics", "are"), ("content", "is"), ("transcription", "is"), ("text", "is")):
        expected = re.sub(rf".*? {word} .*?{verb}.*?:", "", expected).strip()
    for marker in ("<s>", "</s>"):
        expected = expected.replace(marker, "").strip()
    assert cmi_wrappers(text) == expected


def test_cleaning_an_output_that_repeats_itself() -> None:
    """The patterns the sources use take minutes to hours on these; here each is read once."""
    for unit in (" lyrics are", "<|", "<Speech>", "</s> ", "<s>"):
        text = unit * 50_000 + "x"
        for function in (cmi_wrappers, remove_sp, hufs_unwrap, strip_special):
            assert isinstance(function(text), str)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<Speech>a b</Speech> c</s>", "a b"),
        ("The transcription of the given speech is: a b\nmore</s>", "a b"),
        ("The transcription of the speech is:", ""),
        ('He said: "a b" and "c"', "a b"),
        ('It is "a "b" c".', 'a "b" c'),
        ("plain</s>", "plain"),
        ("<Speech>open", "<Speech>open"),
    ],
)
def test_hufs_unwrap(text: str, expected: str) -> None:
    assert hufs_unwrap(text) == expected


def test_text_before_the_end_symbol() -> None:
    assert before_end_symbol("a<|end_of_text|>b<|end_of_text|>") == "a"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<UNK> um well-known <COMMA> Uhh <unk> yes <SIL>", "WELL KNOWN YES"),
        ("don't, stop.", "DON'T, STOP."),
        ("<MUSIC>", ""),
    ],
)
def test_gigaspeechs_official_rule(text: str, expected: str) -> None:
    assert gigaspeech_official(text) == expected


def test_gigaspeechs_tags_as_marks() -> None:
    assert gigaspeech_marks("A <COMMA> B <QUESTIONMARK>") == "A, B?"
    assert gigaspeech_marks("<PERIOD>A<EXCLAMATIONPOINT>") == ".A!"


@pytest.mark.parametrize("word", ["0", "7", "21", "100", "1874", "2050", "1000001", "007"])
def test_cmi_spells_whole_numbers(word: str) -> None:
    assert cmi_words(f"x {word} y") == f"x {num2words(int(word))} y"


@pytest.mark.parametrize("word", ["²", "9" * 400, "9" * 5000, "12a"])
def test_cmi_leaves_what_has_no_words(word: str) -> None:
    assert cmi_words(word) == word


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 25 30 31", "two 25 thirty 31"),
        ("a [b] c <d> (on)", "a c on"),
        ("umm er ah yes uh um", "yes"),
        ("don't we'll", "do not we will"),
        ("err ahead", "err ahead"),
    ],
)
def test_audiobenchs_words(text: str, expected: str) -> None:
    assert audiobench_words(text).split() == expected.split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Don't STOP.</s>", "dont stop"), ("a <b> [c] d  e", "a c d e"), ("well-known (x)", "wellknown x"), ("</s>", "")],
)
def test_jiwers_transforms_in_hufs_order(text: str, expected: str) -> None:
    assert JIWER_A1(text) == expected


def test_punctuation_tokens_and_characters() -> None:
    assert drop_punctuation_tokens("a , b % $ don't  -- 。") == "a b $ don't"
    assert char_level("a b") == "a \u2581 b"
    assert char_level("") == ""
    assert drop_punctuation_but_apostrophe_hyphen('It\'s a (well-known) "fact".') == "It's a well-known fact"


IDEMPOTENT = {
    "strip-special": strip_special,
    "collapse-spaces": collapse_spaces,
    "drop-ascii-punctuation": drop_ascii_punctuation,
    "drop-punctuation-but": drop_punctuation_but_apostrophe_hyphen,
    "drop-punctuation-tokens": drop_punctuation_tokens,
    "before-end-symbol": before_end_symbol,
    "gigaspeech-official": gigaspeech_official,
}


@pytest.mark.parametrize("name", IDEMPOTENT)
@given(text=TEXTS)
def test_a_second_time_changes_nothing(name: str, text: str) -> None:
    once = IDEMPOTENT[name](text)
    assert IDEMPOTENT[name](once) == once


@given(TEXTS)
def test_punctuation_that_goes_is_punctuation(text: str) -> None:
    kept = drop_punctuation_tokens(text).split(" ")
    gone = [t for t in text.split(" ") if t and t not in kept]
    assert all(unicodedata.category(c).startswith("P") for t in gone for c in t)


@given(TEXTS)
def test_lower_case_is_pythons(text: str) -> None:
    assert lower(text) == text.lower()


@given(TEXTS)
def test_every_chain_takes_any_text(text: str) -> None:
    """No step of any convention of texts stops at an odd text, and each gives a text, tokens or a list of them."""
    steps = {
        step
        for (task, _, _), convention in conventions().items()
        if task.partition("-")[0] in {"asr", "st", "pr", "er", "mc", "osr", "sv", "ke", "story"}
        and not convention.unavailable()
        for step in convention.hypothesis
        if step.kind != "tokens" and step.batch is None  # a batch is a child process, too slow to start for every text
    }
    assert len(steps) > 20
    for step in steps:
        found = step(text)
        assert isinstance(found, list if step.kind == "split" else str), step.name


@given(TEXTS)
def test_whispers_normalisers_take_any_text(text: str) -> None:
    assert WHISPER_BASIC(text) == WHISPER_BASIC(text).lower()
    assert WHISPER_ENGLISH(text) == WHISPER_ENGLISH(text).strip()
