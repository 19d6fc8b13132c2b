"""Reading the letter that an output names, and the options that a prompt lists."""

from __future__ import annotations

import pytest

from tasks.errors import ScoringError
from tasks.families.choices import HAS_CHOICES, Question, air_bench, choice_letter, mmau_v1, question, string_match
from tasks.families.letters import named_letter
from tasks.families.options import given_choices, listed_choices, place
from tasks.row import Row


@pytest.mark.parametrize(
    ("said", "letter"),
    [
        ("Answer: B", "B"),
        ("Answer: b", "B"),
        ("answer=B", "B"),
        ("The answer is B.", "B"),
        ("The answer is option B", "B"),
        ("The answer would be: (d)", "D"),
        ("Answer: **C. cow**", "C"),
        ("The correct option is C, not D.", "C"),
        ("Correct answer is choice (C).", "C"),
        ("My answer: 'D'", "D"),
        ("The answer is B because (a) is a dog.", "B"),
        ("First I thought the answer is A. No, the answer is B.", "B"),
        ("答案：B", "B"),
        ("答案是（B）。", "B"),
        ("**B**", "B"),
        ("The animal is **B. cat**", "B"),
        (r"\boxed{B}", "B"),
        (r"So $\boxed{\text{(B)}}$.", "B"),
        ("（Ｂ）", "B"),
        ("Ｂ", "B"),
        ("[B]", "B"),
        ("B)", "B"),
        ("B is correct.", "B"),
        ("Option B", "B"),
        ("(B) because (a) is a dog", "B"),
        ("Both (a) and (c) are out. Answer: (B)", "B"),
        ("the sound (b) is heard", "B"),
        ("I think it is a cat.\nB", "B"),
        ("Answer with a letter: B", "B"),
        ("<think>It may be (a) dog.</think>\n(b)", "B"),
        ("\u200b(b)\u200f", "B"),
        # Several letters, or none that is one.
        ("Not (a) dog but (b) cat", ""),
        ("Answer: B and D", ""),
        ("The answer is B or C.", ""),
        ("The answer is not B.", ""),
        ("the answer is a dog", ""),
        ("the answer I gave", ""),
        ("A man is speaking", ""),
        ("**A man** is speaking", ""),
        ("I hear a dog", ""),
        ("C major", ""),
        ("bad", ""),
        ("E.", ""),
        ("vitamin (e)", ""),
        ("<think>(b)", ""),
        ("", ""),
    ],
)
def test_named_letter(said: str, letter: str) -> None:
    assert named_letter(said) == letter


def test_letters_beyond_the_options_are_not_read() -> None:
    assert named_letter("Answer: Z", 26) == "Z"
    assert named_letter("Answer: C", 2) == ""
    asked = Question("yes", ("yes", "no"))
    assert choice_letter("B", asked) == (0, 1, 0)
    assert choice_letter("C", asked) == (0, 1, 1)


@pytest.mark.parametrize(
    ("prompt", "options"),
    [
        ("What is it?\n(A) dog\n(B) cat\n(C) cow\nAnswer with the letter only.", ("dog", "cat", "cow")),
        ("Which?\nA. dog\nB. cat\n\nAnswer:", ("dog", "cat")),
        ("Which? A. dog B. cat C. cow", ("dog", "cat", "cow")),
        ("Options: A) dog\nB) cat\nC) cow", ("dog", "cat", "cow")),
        ("A: yes, B: no", ("yes", "no")),
        ("- **A.** dog\n- **B.** cat\n", ("dog", "cat")),
        ("[A] dog [B] cat", ("dog", "cat")),
        ("（Ａ）犬（Ｂ）猫", ("犬", "猫")),
        ("Ａ．犬\nＢ．猫", ("犬", "猫")),
        ("(a) dog, (b) cat or (c) cow? Answer with one letter.", ("dog", "cat", "cow")),
        ("(a) dog (b) cat Answer with the letter only.", ("dog", "cat")),
        ("(a) dog (b) cat. Which one is it?", ("dog", "cat")),
        ("Answer with (a) or (b). (a) dog (b) cat", ("dog", "cat")),
        ("(A)\ndog\n(B)\ncat\n", ("dog", "cat")),
        ("(a) vitamin (c) (b) iron", ("vitamin (c)", "iron")),
        ("(a) Paris (b) St. Louis", ("Paris", "St. Louis")),
        ("(a) + (b) -", ("+", "-")),
        ("Say (a), (b) or (c).", ()),
        ("see (a) and (c)", ()),
        ("What is it?", ()),
        ("only (a) one", ()),
    ],
)
def test_listed_choices(prompt: str, options: tuple[str, ...]) -> None:
    assert listed_choices(prompt) == options


def test_twenty_six_options() -> None:
    prompt = "\n".join(f"{letter}. option {letter}{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert listed_choices(prompt)[25] == "option ZZ"
    assert question(Row("1", "", "Z", prompt=prompt)) == Question("option ZZ", listed_choices(prompt))


@pytest.mark.parametrize(
    "given",
    [
        ["dog", "cat"],
        ("dog", "cat"),
        "dog; cat",
        "dog|cat",
        "dog, cat",
        "dog\ncat\n",
        "(a) dog (b) cat",
        "A. dog B. cat",
        "['dog', 'cat']",
        '["dog", "cat"]',
        {"A": "dog", "B": "cat"},
        {"(b)": "cat", "(a)": "dog"},
        '{"A": "dog", "B": "cat"}',
    ],
)
def test_given_choices(given: object) -> None:
    assert given_choices(given, "1") == ("dog", "cat")


@pytest.mark.parametrize(
    "given", [None, 3, "dog", ["dog"], [None, "x"], [True, False], {"A": "x", "C": "y"}, {"x": "y"}, ["x"] * 27]
)
def test_choices_that_cannot_be_read(given: object) -> None:
    with pytest.raises(ScoringError, match="row 1: "):
        given_choices(given, "1")


def test_numbers_are_options() -> None:
    assert given_choices([1, 2.5], "1") == ("1", "2.5")


@pytest.mark.parametrize(
    ("gold", "at"),
    [
        ("cat", 1),
        ("(b) cat", 1),
        ("B", 1),
        ("(b)", 1),
        ("CAT.", 1),
        ("“cat”", 1),
        ("b. Cat", 1),
        ("cow", None),
        ("", None),
    ],
)
def test_place_of_the_answer(gold: str, at: int | None) -> None:
    assert place(gold, ("dog", "cat", "frog")) == at


def test_equal_options_share_their_letters() -> None:
    row = Row("1", "", "dog", extra={"choices": ["dog", "cat", "cow", "dog"]})
    asked = question(row)
    assert asked is not None
    assert asked.letters == "AD"
    assert asked.letter == "A"
    assert [choice_letter(letter, asked)[0] for letter in "ABCD"] == [1, 0, 0, 1]
    assert string_match("dog", asked) == (1, 1, 0)
    # AIR-Bench looks for the first option that equals the answer.
    assert [air_bench(letter, asked)[0] for letter in "ABCD"] == [1, 0, 0, 0]
    assert HAS_CHOICES.keep(row)


def test_options_with_letters_count_as_given_for_mmau() -> None:
    asked = question(Row("1", "", "(B) wind", extra={"choices": ["(A) rain", "(B) wind"]}))
    assert asked is not None
    assert asked.as_given == ("(B) wind", ("(A) rain", "(B) wind"))
    assert mmau_v1("the wind", asked)[0] == 0  # its words are `b` and `wind`
    assert mmau_v1("(B) wind", asked)[0] == 1
    assert string_match("the wind", asked)[0] == 1


def test_symbols_tell_options_apart_that_have_the_same_words() -> None:
    keys = ("C major", "C# major")
    assert string_match("It is C# major.", Question("C# major", keys)) == (1, 1, 0)
    assert string_match("It is C# major.", Question("C major", keys)) == (0, 1, 0)
    assert string_match("“C major”", Question("C major", keys)) == (1, 1, 0)
    assert string_match("+", Question("+", ("+", "-"))) == (1, 1, 0)
    assert string_match("-", Question("+", ("+", "-"))) == (0, 1, 0)


def test_an_output_that_names_no_option_is_unread() -> None:
    asked = Question("cat", ("dog", "cat"))
    assert string_match("a cow", asked) == (0, 1, 1)
    assert string_match("a dog", asked) == (0, 1, 0)
    assert string_match("a cow", Question("cat")) == (0, 1, 0)  # without options nobody knows
