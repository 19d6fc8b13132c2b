from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from audit._util.canonical_json import dumps

values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(values)
def test_the_bytes_are_those_of_rfc_8785(value: Any) -> None:
    try:
        expected = rfc8785.dumps(value)
    except ValueError:
        with pytest.raises(ValueError):  # noqa: PT011  which one rfc8785 says
            dumps(value)
    else:
        assert dumps(value) == expected


def test_keys_are_sorted_by_utf_16_units() -> None:
    # By code points U+FF5E stands before U+1F600, by UTF-16 units after it.
    assert dumps({"～": 1, "😀": 2}) == '{"😀":2,"～":1}'.encode()
    assert dumps({"～": 1, "b": 2}) == '{"b":2,"～":1}'.encode()


def test_members_of_enumerations_are_their_values() -> None:
    class Kind(StrEnum):
        FIRST = "first"

    assert dumps({Kind.FIRST: (Kind.FIRST, True, None)}) == b'{"first":["first",true,null]}'


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        ({"a": [1, {"b": 0.5}]}, TypeError, r"\$\.a\[1\]\.b: floats \(0\.5\)"),
        ({"a": 2**53}, ValueError, "9007199254740992"),
        ([-(2**53)], ValueError, "-9007199254740992"),
        ({1: "a"}, ValueError, "keys must be strings"),
        ({"a": b"bytes"}, ValueError, "unsupported type"),
        ({"a": {1, 2}}, ValueError, "unsupported type"),
        ([MappingProxyType({"a": 1})], ValueError, "unsupported type"),
        (["half a pair: \ud800"], ValueError, "surrogates|UTF-8"),
        ({"\ud800": 1}, ValueError, "surrogates|UTF-8|utf-16"),
    ],
)
def test_what_json_cannot_hold_is_an_error(value: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        dumps(value)
