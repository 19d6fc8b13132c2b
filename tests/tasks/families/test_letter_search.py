"""lmms-eval's and UltraEval-Audio's letters, with any number of options."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.families.choices import Points, Question, mmau_v0, mmau_v1
from tasks.families.letter_search import (
    POINTS,
    lettered,
    lettered_or_named,
    lmms_air_bench,
    lmms_mmar,
    lmms_mmau,
    ultraeval_choices,
)
from tasks.families.multiple_choice import ACCURACY
from tasks.families.options import LETTERS
from tasks.row import Row
from tasks.step_cache import ChainCache

MAN = ("Man", "Woman", "Child", "Robot")
# Read by lmms-eval at 75571cf with the letters A to D; empty where it draws one.
KNOWN = [
    ("B", "B"),
    ("(B)", "B"),
    ("B.", "B"),
    ("The answer is B", "B"),
    ("A dog", "A"),
    ("I would say A or B", "B"),
    ("(A) or (C)", "A"),
    ("The answer is (B), not (A)", "A"),
    ("A B", "B"),
    ("Both C. and D. fit", "C"),
    ("Answer: C.", "C"),
    ("B: dog", ""),
    ("b", ""),
    ("It is (a)", ""),
    ("", ""),
    ("option D, I think", ""),
]
NAMED = [
    ("It was a DNA test", "A"),
    ("PANDA is it", "A"),
    ("(A) or (B)", "B"),
    ("C. and B.", "B"),
    ("I think the speaker in it is a woman", "A"),  # `man` is in it, is listed first, and ends where `woman` does
    ("woman", ""),
]


@pytest.mark.parametrize(("text", "letter"), KNOWN)
def test_letters_of_mmau_air_bench_and_muchomusic(text: str, letter: str) -> None:
    assert lettered(text, "ABCD") == letter


@pytest.mark.parametrize(("text", "letter"), NAMED)
def test_letters_and_options_of_mmar(text: str, letter: str) -> None:
    assert lettered_or_named(text, MAN) == letter


def share(found: tuple[int, int, int]) -> Fraction:
    return Fraction(found[0], found[1])


def test_a_letter_that_would_be_drawn_is_worth_its_chance() -> None:
    two, five = Question("woman", ("man", "woman")), Question("e", tuple("abcde"))
    assert [share(lmms_air_bench(text, two)) for text in ("B", "C", "woman", "B. woman")] == [
        1,
        Fraction(1, 2),
        Fraction(1, 2),
        1,
    ]
    assert lmms_air_bench("woman", two)[2] == 1
    assert share(lmms_air_bench("none", five)) == share(lmms_mmar("none", five)) == Fraction(1, 5)
    # The fifth option cannot be named, and no drawn letter is right.
    assert share(lmms_mmau("E", five)) == share(lmms_mmau("none", five)) == 0
    assert share(lmms_air_bench("E", five)) == 1
    assert share(lmms_mmau("none", two)) == Fraction(1, 4)
    assert lmms_mmau("C", two) == (0, POINTS, 0)  # the source stops


def test_equal_options() -> None:
    """By text either counts, by letter the first or the last."""
    twice = Question("x", ("x", "X ", "y", "x"))
    assert [share(lmms_mmau(letter, twice)) for letter in "ABCD"] == [1, 1, 0, 1]
    assert share(lmms_mmau("?", twice)) == Fraction(3, 4)
    assert [share(lmms_air_bench(letter, twice)) for letter in "ABCD"] == [1, 0, 0, 0]
    assert [ultraeval_choices(letter, twice)[0] for letter in "ABCD"] == [0, 0, 0, 1]


def test_ultraevals_letters() -> None:
    asked = Question("wo-man", ("man", "wo-man", "child", "robot"))
    assert [ultraeval_choices(text, asked) for text in ("B", "The answer is B.", "A woman")] == [
        (1, 1, 0), (1, 1, 0), (0, 1, 0),
    ]  # fmt: skip
    assert {ultraeval_choices(text, asked) for text in ("b", "woman", "", "None", "x", "E")} == {(0, 0, 1)}
    six = Question("f", tuple("abcdef"))
    assert ultraeval_choices("F", six) == ultraeval_choices("(F)", six) == (1, 1, 0)
    assert ultraeval_choices("G", six) == (0, 0, 1)


READABLE = [c for c in ACCURACY if c.unavailable() is None]
OPTIONS = st.lists(st.sampled_from([*MAN, "C# minor", "a dog", "no", "F", "x y z"]), min_size=2, max_size=26)


@given(
    options=OPTIONS,
    place=st.integers(0, 25),
    said=st.sampled_from(["A", "(B).", "F", "It is {0}", "{0}", "", "None", "z)"]),
)
def test_every_rule_takes_two_to_twenty_six_options(options: list[str], place: int, said: str) -> None:
    gold = options[place % len(options)]
    row = Row("1", said.format(gold), gold, extra={"choices": options})
    cache = ChainCache([row])
    for convention in READABLE:
        assert all(rule.keep(row) for rule in convention.select)
        counts = convention.metric.count(
            cache.values(convention.hypothesis_view, convention.hypothesis),
            cache.values(convention.reference_view, convention.reference),
        )
        correct, possible, unread = counts[0].tolist()
        assert 0 <= correct <= possible <= POINTS
        assert unread in {0, 1}


@pytest.mark.parametrize("number", [2, 5, 9, 26])
def test_the_letter_of_every_option_is_read(number: int) -> None:
    options = tuple(f"option {n}" for n in range(number))
    for place, letter in enumerate(LETTERS[:number]):
        asked = Question(options[place], options)
        rules: list[Points] = [ultraeval_choices, lmms_air_bench, lmms_mmar]
        assert all(share(rule(f"({letter})", asked)) == 1 for rule in rules), letter


# Both versions at their commits, as run on 2026-11-28: (answer, output, options, version 0, version 1).
MMAU = [
    ("Man", "A man is speaking", MAN, 1, 1),
    ("Woman", "A woman is speaking", MAN, 0, 1),
    ("Man", "(A) Man", MAN, 1, 1),
    ("Man", "A", MAN, 0, 0),
    ("two", "I hear two dogs, not three", ("two", "three", "four", "five"), 0, 0),
    ("A sad tone", "tone: sad, a", ("A sad tone", "A happy tone"), 0, 1),
    ("fourteen", "fourteen", ("four", "nine", "fourteen", "fourteen"), 0, 1),
    ("dog_barking", "dog barking", ("dog_barking", "footsteps"), 0, 0),
    ("C# minor", "C minor", ("C# minor", "C minor"), 0, 1),
    ("Don't know", "dont know", ("Don't know", "Know"), 0, 0),
    ("A, B", "B, A", ("A, B", "B, A"), 0, 1),
    ("Man", "...", ("Man", "Woman"), 0, 0),
    ("3", "There are 3.", ("3", "2", "4"), 1, 1),
    ("3", "3 not 2", ("3", "2", "4"), 0, 0),
    ("Seven", "seven", ("One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight"), 1, 1),
]


@pytest.mark.parametrize(("answer", "said", "options", "first", "second"), MMAU)
def test_mmaus_versions(answer: str, said: str, options: tuple[str, ...], first: int, second: int) -> None:
    asked = Question(answer, options)
    assert (mmau_v0(said, asked)[0], mmau_v1(said, asked)[0]) == (first, second)
