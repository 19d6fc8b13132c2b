"""VoiceBench's phrases around a letter, and UltraEval-Audio's."""

from __future__ import annotations

import hashlib

import pytest

from tasks.families.choices import question
from tasks.families.letter_phrases import (
    HAS_LETTER,
    PHRASES,
    ULTRAEVAL_PHRASES,
    gold_letter,
    phrased_letter,
    ultraeval_mcq,
    voicebench,
)
from tasks.row import Row

# Read by VoiceBench's extract_answer at 5338154.
KNOWN = [
    ("B", "B"),
    ("b.", "B"),
    ("The answer is B", "B"),
    ("The correct answer is (C) because", "C"),
    ("C) dog", "C"),
    ("(D)", "D"),
    ("D is the best answer", "D"),
    ("<1> B. blah", "B"),
    ("答案是C", "C"),
    ("the answer is a dog", "A"),
    ("I think it is a dog, a cat", ""),
    ("Answer: A", ""),
    ("Neither of them", ""),
    ("**B**", ""),
    ("Option D", ""),
    ("It is option A, not option B.", "B"),
    ("The answer is: **D**", "D"),
    ("b) and a)", "A"),
    ("It would be a.", "A"),
    ("The best option from the given choices would be a scorpion (A)", "A"),
    ("", ""),
    ("E", ""),
]


@pytest.mark.parametrize(("text", "letter"), KNOWN)
def test_letters_that_the_source_reads(text: str, letter: str) -> None:
    assert phrased_letter(text) == letter


@pytest.mark.parametrize(
    ("text", "letter"), [("B", "B"), ("I think so", ""), ("The answer is c", "C"), ("答案是：D", "D"), ("答案是‘b", "")]
)
def test_letters_that_ultraeval_audio_reads(text: str, letter: str) -> None:
    assert phrased_letter(text, ULTRAEVAL_PHRASES) == letter


def test_the_table_is_the_sources() -> None:
    text = "\n".join(phrase.replace("§", "[CHOICE]") for phrase in PHRASES)
    assert (
        hashlib.sha256(text.encode()).hexdigest() == "3660fa52e96c7d62ab2ba2b7d377748442798ed60fac91bd23a91fb17d811966"
    )
    assert (len(PHRASES), len(ULTRAEVAL_PHRASES)) == (163, 165)
    assert all(phrase.count("§") == 1 for phrase in ULTRAEVAL_PHRASES)


def asked(row: Row):  # type: ignore[no-untyped-def]
    found = question(row)
    assert found is not None
    return found


def test_an_output_without_a_phrase_is_worth_a_quarter_or_nothing() -> None:
    row = Row("1", "", "B")
    assert voicebench("The answer is B", asked(row)) == (4, 4, 0)
    assert voicebench("The answer is C", asked(row)) == (0, 4, 0)
    assert voicebench("I think so", asked(row)) == (1, 4, 1)
    assert ultraeval_mcq("I think so", asked(row)) == (0, 1, 1)
    assert ultraeval_mcq("b", asked(row)) == (1, 1, 0)


def test_the_answer_is_a_letter_or_the_text_of_an_option() -> None:
    options = {"choices": ["dog", "cat", "cow", "pig", "hen"]}
    assert gold_letter(asked(Row("1", "", " c "))) == "C"
    assert gold_letter(asked(Row("1", "", "cow", extra=options))) == "C"
    assert gold_letter(asked(Row("1", "", "hen", extra=options))) == "E"  # which the table cannot name
    assert voicebench("e.", asked(Row("1", "", "hen", extra=options))) == (1, 4, 1)
    kept = [HAS_LETTER.keep(Row("1", "", gold)) for gold in ("A", "z", "dog", "AB", "", None, 3)]
    assert kept == [True, True, False, False, False, False, False]
    assert HAS_LETTER.keep(Row("1", "", "hen", extra=options))
