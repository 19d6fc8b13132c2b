"""Phrases: strings that know what they were made from, wherever they are passed."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.availability import reason
from tasks.errors import UnavailableError
from tasks.phrase import Phrased, fill, joined, phrase, split, with_parts


def test_a_phrase_is_its_english_text() -> None:
    found = phrase("{n} of {rows} outputs used a prompt other than the claim's.", n=3, rows=10)
    assert found == "3 of 10 outputs used a prompt other than the claim's."
    assert found.values == {"n": "3", "rows": "10"}


@given(st.text(), st.text())
def test_values_may_hold_anything(first: str, second: str) -> None:
    found = phrase("{first} and {second}", first=first, second=second)
    assert found == f"{first} and {second}"
    assert pickle.loads(pickle.dumps(found)) == found


def test_it_passes_between_processes_whole() -> None:
    inner = phrase("{n} rows", n=2)
    found = pickle.loads(pickle.dumps(phrase("{what} are missing", what=inner)))
    assert isinstance(found, Phrased)
    assert [part.template for part in with_parts(found)] == ["{what} are missing", "{n} rows"]


def test_texts_are_joined_with_what_they_were_made_from() -> None:
    note = phrase("Mean over {n} runs: {values}.", n=2, values="1, 2")
    found = joined((note, "", "A person's note."), " ")
    assert found == "Mean over 2 runs: 1, 2. A person's note."
    assert isinstance(found, Phrased)
    assert [part.template for part in with_parts(found)] == ["{part_a} {part_b}", "Mean over {n} runs: {values}."]
    assert joined(("", note), " ") is note
    assert joined((), " ") == ""
    assert joined(map(str, range(30)), ",") == ",".join(map(str, range(30)))


def test_a_template_is_filled_once() -> None:
    assert fill("{a} and {b}", {"a": "{b}", "b": "{0} {a.__class__}"}) == "{b} and {0} {a.__class__}"
    assert split("a {b} {C} {}") == [("a ", "b"), (" {C} {}", "")]
    with pytest.raises(KeyError):
        fill("{a}", {})


def test_an_error_keeps_its_phrase() -> None:
    said = phrase("{name} not found", name="x")

    def need() -> None:
        raise UnavailableError(said)

    assert reason(need) is said
    assert UnavailableError("plain").reason == "plain"
