"""The strict JSON reader: what it takes, and how it names what it refuses."""

from __future__ import annotations

import pytest

from audit._util.strict_json import InvalidJsonError, loads


def test_fractions_are_read_as_the_caller_says() -> None:
    assert loads(b'{"a": 1.50}') == {"a": 1.5}
    assert loads(b'{"a": 1.50}', "text") == {"a": "1.50"}
    with pytest.raises(InvalidJsonError, match=r"^1\.50 is a fraction"):
        loads(b'{"a": 1.50}', "refused")


@pytest.mark.parametrize(
    ("text", "problem", "place", "words"),
    [
        (b'{"a": 1}\n{"a"\xff', "encoding", (2, 5), "not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "encoding", (1, 1), "not UTF-8"),
        (b'{"a":\n x}', "syntax", (2, 2), "Expecting value"),
        (b'{"a": {"b": 1, "c": 2, "c": 2}}', "duplicate", (None, None), "duplicate field 'c'"),
        ("[NaN]", "number", (None, None), "NaN is not a JSON number"),
        ("[-Infinity]", "number", (None, None), "-Infinity is not a JSON number"),
        ("9" * 5000, "number", (None, None), ""),
        ("[1e999]", "number", (None, None), "1e999 is too large"),
        ("[" * 100_000, "depth", (None, None), "nested too deeply"),
    ],
)
def test_what_is_not_strict_json_is_refused(
    text: str | bytes, problem: str, place: tuple[int | None, int | None], words: str
) -> None:
    with pytest.raises(InvalidJsonError) as caught:
        loads(text)
    assert (caught.value.problem, (caught.value.line, caught.value.column)) == (problem, place)
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ['"\\ud800"', '{"\\udfff": 1}', '[["a\\uDC00b"]]', '"\ud800"'])
def test_half_of_a_surrogate_pair_is_refused_on_request(text: str) -> None:
    assert loads(text)
    with pytest.raises(InvalidJsonError, match="half of a surrogate pair") as caught:
        loads(text, exact=True)
    assert caught.value.problem == "encoding"


def test_a_whole_surrogate_pair_is_a_character() -> None:
    assert loads('"\\ud83d\\ude00"') == "\U0001f600"


@pytest.mark.parametrize("text", ["[" * 65 + "]" * 65, '{"a":' * 65 + "1" + "}" * 65])
def test_depth_is_bounded(text: str) -> None:
    with pytest.raises(InvalidJsonError, match="nested too deeply") as caught:
        loads(text)
    assert caught.value.problem == "depth"
    assert loads("[" * 64 + "]" * 64)
    assert loads(f"[{'[],' * 500}[]]")


def test_integers_that_other_readers_round_are_refused_on_request() -> None:
    assert loads("9007199254740993") == 2**53 + 1
    assert loads("-9007199254740991", exact=True) == -(2**53) + 1
    for text in ("9007199254740992", '{"a": [-9007199254740992]}'):
        with pytest.raises(InvalidJsonError, match="integer of 16 digits"):
            loads(text, exact=True)
