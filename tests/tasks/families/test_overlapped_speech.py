"""Conventions of overlapped speech: where words end, and who gets surplus sentences."""

from __future__ import annotations

import itertools

import pytest

from audit.literature.known_tasks import conventions_of as conventions
from tasks.row import Row
from tasks.step_cache import ChainCache
from tasks.steps.sentences import separate_words

KNOWN = conventions()


def wer(name: str, output: str, *references: str) -> float:
    convention = KNOWN["osr-librimix", "wer", name]
    cache = ChainCache([Row("1", output, list(references), finished=True)])
    value = convention.metric.fold(
        convention.metric.count(
            cache.values(convention.hypothesis_view, convention.hypothesis),
            cache.values(convention.reference_view, convention.reference),
        )
    )
    assert value is not None
    return float(value)


@pytest.mark.parametrize("name", ["cpwer", "cpwer-merge"])
@pytest.mark.parametrize("mark", ["\n", "\r\n", "\t", "-", " - ", "—", ", ", ",", "/", "\u3000"])
def test_what_stands_between_words_separates_them(name: str, mark: str) -> None:
    assert wer(name, f"one two{mark}three. four five six.", "one two three", "four five six") == 0
    assert wer(name, "one two three. four five six", f"one two{mark}three", "four five six") == 0


def test_a_line_end_separates_sentences_too_for_cpwer_sentences() -> None:
    assert wer("cpwer-sentences", "one two three\nfour five six", "one two three", "four five six") == 0


def test_the_team_glues_words_together() -> None:
    assert wer("hufs", "one two\nthree. four five six.", "one two three", "four five six") == pytest.approx(100 / 3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mom’s don't", "MOM'S DON'T"),
        ("naïve", "NAIVE"),
        ("a\u200bb\u00adc", "ABC"),
        ("Straße 3", "STRASSE"),
        ("...", ""),
    ],
)
def test_accents_and_invisible_characters_separate_nothing(text: str, words: str) -> None:
    assert separate_words(text).split() == words.split()


def test_surplus_sentences_go_where_they_cost_least_whatever_the_order() -> None:
    said = ["one two three", "four five six", "seven eight nine"]
    for order in itertools.permutations(("one two three four five six", "seven eight nine")):
        assert wer("cpwer-merge", ". ".join(said) + ".", *order) == 0
    assert (
        wer(
            "cpwer-merge",
            "seven eight nine. one two three. four five six.",
            "one two three four five six",
            "seven eight nine",
        )
        == 0
    )
    assert wer("cpwer-merge", "one two. seven. three four. eight nine.", "one two three four", "seven eight nine") == 0
