from __future__ import annotations

import pytest

from tasks.errors import ScoringError
from tasks.families.choices import (
    HAS_CHOICES,
    Points,
    Question,
    air_bench,
    choice_letter,
    mmau_v0,
    mmau_v1,
    muchomusic,
    question,
    string_match,
)
from tasks.families.letters import named_letter
from tasks.families.options import listed_choices
from tasks.row import Row

ASKED = Question("man", ("woman", "man", "dog", "large dog"))
DOG = Question("dog", ("cat", "dog", "frog", "bird"))


def counted(rule: Points, said: str, asked: Question) -> tuple[int, int]:
    """What the rule counts, without whether it read an answer."""
    right, possible, unread = rule(said, asked)
    assert unread in {0, 1}
    assert not (right and unread)
    return right, possible


def test_where_options_come_from() -> None:
    assert question(Row("1", "", "b", extra={"choices": ["a", "b"]})) == Question("b", ("a", "b"))
    assert question(Row("1", "", {"answer": "b", "choices": ["a", "b"]})) == Question("b", ("a", "b"))
    prompt = "Which animal is it? (a) dog (b) a cat, maybe (c) frog (d) bird"
    assert listed_choices(prompt) == ("dog", "a cat, maybe", "frog", "bird")
    row = Row("1", "", "(b) a cat, maybe", prompt=prompt)
    assert question(row) == Question("a cat, maybe", ("dog", "a cat, maybe", "frog", "bird"))
    assert question(Row("1", "", "cat")) == Question("cat")
    assert question(Row("1", "", "(b) cat")) == Question("cat")
    assert question(Row("1", "", None)) is None
    lettered = Row("1", "", "(b) cat", extra={"choices": ["(a) dog", "(b) cat"]})
    assert question(lettered) == Question("cat", ("dog", "cat"), ("(a) dog", "(b) cat"))
    assert question(
        Row("1", "", {"question": "?", "answers": ["cat"]}, extra={"choices": ["A. x", "cat"]})
    ) == Question("cat", ("A. x", "cat"))
    assert question(Row("1", "", {"question": "?", "answers": ["cat", "dog"]})) is None
    assert listed_choices("see (a) and (c)") == ()
    assert HAS_CHOICES.keep(row)
    assert not HAS_CHOICES.keep(Row("1", "", "cat"))


@pytest.mark.parametrize(
    ("choices", "reason"),
    [
        (["a", "c"], "not among the choices"),
        (["a", 1.5, None], "must be a list of texts"),
        ({"A": "a", "C": "b"}, "must be a list of texts"),
        (7, "must be a list of texts"),
        (["b"], "1 choice: two to twenty-six"),
        ([str(n) for n in range(27)], "27 choices: two to twenty-six"),
        ("ab", "or one text"),
    ],
)
def test_bad_options_name_the_row(choices: object, reason: str) -> None:
    with pytest.raises(ScoringError, match=f"row 7: .*{reason}"):
        question(Row("7", "", "elk", extra={"choices": choices}))


@pytest.mark.parametrize(
    ("said", "right"),
    [("It is a man.", 1), ("MAN", 1), ("a woman", 0), ("a man and a woman", 0), ("human", 0), ("", 0), ("(b) man", 1)],
)
def test_string_match(said: str, right: int) -> None:
    assert counted(string_match, said, ASKED) == (right, 1)


def test_string_match_of_nested_options() -> None:
    asked = Question("large dog", ("dog", "large dog"))
    assert counted(string_match, "a large dog", asked) == (1, 1)
    assert counted(string_match, "a dog", asked) == (0, 1)
    assert counted(string_match, "a large dog", Question("dog", ("dog", "large dog"))) == (0, 1)
    assert counted(string_match, "x", Question("...", ())) == (0, 1)


@pytest.mark.parametrize(
    ("said", "letter"),
    [("(b) man", "B"), ("The answer is (C).", "C"), ("b", "B"), ("D.", "D"), ("B: man", "B"), ("a) x", "A"),
     ("A man is speaking", ""), ("bad", ""), ("", ""), ("E.", ""), ("(e)", "")],
)  # fmt: skip
def test_named_letter(said: str, letter: str) -> None:
    assert named_letter(said) == letter
    assert counted(choice_letter, said, ASKED) == (int(letter == "B"), 1)


@pytest.mark.parametrize(
    ("said", "points"),
    [("B. man", (1, 1)), ("A man is speaking", (0, 1)), ("The answer is B.", (1, 1)), ("the answer is\nB)", (1, 1)),
     ("None", (0, 0)), ("", (0, 0)), ("x", (0, 0)), ("a man", (0, 0)), ("B", (1, 1)), (" B", (1, 1)), ("none B", (0, 0))],
)  # fmt: skip
def test_air_bench(said: str, points: tuple[int, int]) -> None:
    assert counted(air_bench, said, ASKED) == points


@pytest.mark.parametrize(
    ("said", "v0", "v1"),
    [
        ("It is a dog", 1, 1),
        ("DOG", 1, 1),
        ("dogs", 1, 0),  # a substring, not a word
        ("dog or cat", 0, 0),
        ("a frog", 0, 0),
        ("hotdog", 1, 0),
        ("", 0, 0),
        ("(B)", 0, 0),
        ("bulldog catalogue", 0, 0),
        ("dog catalogue", 0, 1),
    ],
)
def test_mmau(said: str, v0: int, v1: int) -> None:
    assert counted(mmau_v0, said, DOG) == (v0, 1)
    assert counted(mmau_v1, said, DOG) == (v1, 1)


def test_mmau_v1_ignores_order_and_forbids_words_of_wrong_options() -> None:
    asked = Question("slow piano", ("slow piano", "fast piano"))
    assert counted(mmau_v1, "piano, slow", asked) == (1, 1)
    assert counted(mmau_v1, "a slow, not fast, piano", asked) == (0, 1)


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ("The correct answer is: (B)", 1),
        ("(B) dog", 1),
        ("the dog", 1),
        ("the Dog", 0),  # a capital D
        ("A dog", 0),
        ("Acoustic dog", 0),
        ("B or C, the dog", 1),
        ("a frog or dog", 1),  # dog comes before frog in the list of options
        ("frog", 0),
        ("", 0),
        ("A The correct answer is: dog", 1),
    ],
)
def test_muchomusic(said: str, right: int) -> None:
    assert counted(muchomusic, said, DOG) == (right, 1)
