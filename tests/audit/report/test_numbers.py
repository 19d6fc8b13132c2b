from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.report import numbers


@pytest.mark.parametrize(("value", "digits", "text"), [
    ("35.02756", 3, "35.028"), ("21.6", 3, "21.6"), ("-0.0005", 3, "\u22120.001"), ("+1.92756", 3, "+1.928"),
    ("+2", 3, "+2"), ("100", 0, "100"), ("not a number", 2, "not a number"), (None, 2, ""), ("0.99996", 4, "1.0000"),
])  # fmt: skip
def test_shown(value: str | None, digits: int, text: str) -> None:
    assert numbers.shown(value, digits) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-1000, max_value=1000, places=6), st.integers(0, 6))
def test_shown_is_within_half_a_unit_of_the_last_digit(number: Decimal, digits: int) -> None:
    text = numbers.shown(f"{number:f}", digits).replace("\u2212", "-")
    assert abs(Decimal(text) - number) <= Decimal(5).scaleb(-digits - 1)
    assert len(text.partition(".")[2]) <= digits


@pytest.mark.parametrize(("value", "text"), [
    ("0.31", "at most 31 %"), ("1.00", "more than 99 %"), ("0.00", "none"), ("0.01", "at most 1 %"), (None, ""), ("x", ""),
])  # fmt: skip
def test_chance(value: str | None, text: str) -> None:
    assert numbers.chance(value) == text


@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_a_part_never_looks_like_the_whole(part: int, of: int) -> None:
    if part < of:
        assert numbers.share(part, of) != "100.0 %"
    if part == of:
        assert numbers.share(part, of) == "100.0 %"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
)


@given(_JSON)
def test_clean_texts_can_be_written_and_stay_clean(value: object) -> None:
    found = numbers.clean(value)
    text = json.dumps(found, ensure_ascii=False)
    text.encode("utf-8")
    assert numbers.clean(found) == found
    assert not any(c in text for c in "\x00\x0b\x7f\u202e\u2066")


def test_a_key_is_cleaned_whatever_its_value() -> None:
    for value in (None, 1, "x", []):
        assert numbers.clean({"a\x7f": value}) == {"a\ufffd": value}


def test_line_ends_and_ordinary_text_stay() -> None:
    assert numbers.clean("a\tb\nc \u8a9e \u00e9 \U0001f600") == "a\tb\nc \u8a9e \u00e9 \U0001f600"


def test_date() -> None:
    assert numbers.date(1_763_856_000) == "2025-11-23"
    assert numbers.date(None) == ""


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("0.555834307918663", "0.55583…"),
        ("33.88941292215531", "33.8894…"),
        ("0.123456", "0.123456"),
        ("0.1234567", "0.12345…"),
        ("1234567890", "1234567890"),
        ("123456789.25", "123456789.25"),
        ("123456789.257", "123456789.2…"),
        ("33.1", "33.1"),
        ("2", "2"),
    ],
)
def test_a_narrow_column_cuts_what_it_cannot_hold(printed: str, expected: str) -> None:
    assert numbers.brief(printed) == expected
