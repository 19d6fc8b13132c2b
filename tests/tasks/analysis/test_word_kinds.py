from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.analysis.word_kinds import KINDS, changes, kind_of, plain


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("twenty five", "25", "number"),
        ("first", "1st", "number"),
        ("22 17", "2217", "number"),
        ("don't", "do not", "contraction"),
        ("officer's", "officer is", "contraction"),
        ("mother\u2019s", "mothers", "contraction"),
        ("gonna", "going to", "contraction"),
        ("mr", "mister", "abbreviation"),
        ("Dr.", "doctor", "abbreviation"),
        ("uh", "", "filler"),
        ("", "um uh", "filler"),
        ("uh yes", "yes", "filler"),
        ("well-known", "well known", "hyphen"),
        ("well\u2013known", "well known", "hyphen"),
        ("colour", "color", "spelling"),
        ("white paper", "whitepaper", "boundary"),
        ("你好", "你 好", "boundary"),
        ("LAW", "law", "case"),
        ("Law,", "law", "case"),
        ("law,", "law", "punctuation"),
        (",", "", "punctuation"),
        ("ＡＢ", "AB", "script"),
        ("tokyo", "東京", "script"),
        ("</s>", "", "markup"),
        ("<laughs>", "", "markup"),
        ("[noise]", "", "markup"),
        ("thank you", "", "removed"),
        ("dog", "animal shelter", "words"),
    ],
)
def test_what_happened(before: str, after: str, kind: str) -> None:
    assert kind_of(before.split(), after.split()) == kind
    assert kind_of(after.split(), before.split()) == kind
    assert kind in KINDS


def test_places_are_found_whatever_the_case_and_marks_around_them() -> None:
    first = ["HE", "SAID,", "TWENTY", "FIVE", "COLOURS", "DON'T", "FIT"]
    second = ["he", "said", "25", "colors", "do", "not", "fit"]
    found = [
        (first[c.first.start : c.first.stop], second[c.second.start : c.second.stop], c.kind)
        for c in changes(first, second)
    ]
    assert found == [
        (["HE"], ["he"], "case"),
        (["SAID,"], ["said"], "case"),
        (["TWENTY", "FIVE"], ["25"], "number"),
        (["COLOURS"], ["colors"], "spelling"),
        (["DON'T"], ["do", "not"], "contraction"),
        (["FIT"], ["fit"], "case"),
    ]


_WORDS = st.lists(st.sampled_from(["a", "B", "b", "two", "2", "uh", "don't", "do", "-", "é"]), max_size=8)


@given(_WORDS, _WORDS)
def test_the_changes_turn_one_reading_into_the_other(first: list[str], second: list[str]) -> None:
    """Replacing every place from the end gives the second reading; what lies between is equal."""
    made = list(first)
    for change in reversed(changes(first, second)):
        made[change.first.start : change.first.stop] = second[change.second.start : change.second.stop]
    assert made == second
    assert changes(first, first) == []


def test_plain_letters() -> None:
    assert [plain(token) for token in ("LAW,", "don't", "ＡＢ", ",", "é")] == ["law", "dont", "ab", ",", "é"]


def test_a_text_of_thousands_of_words_is_one_place() -> None:
    (change,) = changes(["a"] * 4001, ["b"])
    assert (change.first, change.second) == (range(4001), range(1))
