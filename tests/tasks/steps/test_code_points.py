"""What is done to the characters of many texts at once is what Python's own functions do to each text."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tasks.steps import code_points
from tasks.steps.code_points import Translation, characters, spaced

PIECES = (
    "a",
    "Z",
    " ",
    "\t",
    "\n",
    "\x1c",
    "\x85",
    "\u3000",
    "\u2028",
    "é",
    "中",
    "が",
    "。",
    "\U0001f600",
    "\ud800",
    "ß",
    "\u0301",
    "",
)


def texts(number: int = 2000) -> list[str]:
    rng = random.Random(11)
    return ["".join(rng.choices(PIECES, k=rng.randint(0, 12))) for _ in range(number)]


def becomes(code: int) -> str:
    return {"ß": "ss", "\u0301": "", "。": " ", "中": "国", "\U0001f600": "\ud801"}.get(chr(code), chr(code))


class Table:
    def __getitem__(self, code: int) -> str:
        return becomes(code)


WAYS: list[tuple[Callable[[Sequence[str]], list[Any]], Callable[[str], Any]]] = [
    (characters, lambda text: tuple("".join(text.split()))),
    (spaced, " ".join),
    (Translation(becomes), lambda text: text.translate(Table())),
]


@pytest.mark.parametrize(("many", "one"), WAYS, ids=("characters", "spaced", "Translation"))
@pytest.mark.parametrize("at_a_time", [1, 5, 64, 2**18])
def test_many_texts_give_what_each_gives(
    many: Callable[[Sequence[str]], list[Any]],
    one: Callable[[str], Any],
    at_a_time: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many are taken at a time; a longer text is taken alone."""
    monkeypatch.setattr(code_points, "_CHARACTERS", at_a_time)
    for some in (texts(), ["", ""], ["", "a b", ""], [" ", "\n"], []):
        assert many(some) == list(map(one, some))


def test_every_character() -> None:
    """Each alone in a text: what is white space, and how it is written, is known of all of them."""
    every = list(map(chr, range(0x110000)))
    assert characters(every) == [() if c.isspace() else (c,) for c in every]
    assert spaced(every) == every


def test_equal_characters_are_one_object() -> None:
    (first,), (second,) = characters(["字", "字"])
    assert first is second


def test_a_character_is_asked_about_once() -> None:
    asked: list[int] = []

    def note(code: int) -> str:
        asked.append(code)
        return becomes(code)

    translation = Translation(note)
    for _ in range(2):
        assert translation(["aß", "中a", "b。"]) == ["ass", "国a", "b "]
    assert sorted(map(chr, asked)) == sorted("aß中b。")
    assert [translation[ord(c)] for c in "aß\u0301"] == ["a", "ss", ""]
    assert len(asked) == 6
