from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from audit._util.strict_yaml import MAX_BYTES, MAX_DEPTH, load, name, parse
from audit.errors import InputError


def test_only_true_false_null_and_integers_are_not_strings() -> None:
    text = b"a: no\nb: 2024-01-01\nc: 1:30\nd: true\ne: null\nf: ~\ng:\nh: -12\ni: 007\nj: 0x1f\nk: '12'\nl: yes\n"
    assert parse(text, "r.yaml").data == {
        "a": "no",
        "b": "2024-01-01",
        "c": "1:30",
        "d": True,
        "e": None,
        "f": None,
        "g": None,
        "h": -12,
        "i": "007",
        "j": "0x1f",
        "k": "12",
        "l": "yes",
    }


def test_every_field_has_its_line() -> None:
    document = parse(b"# comment\na:\n  - x: 1\n    y: 2\n  - z\n", "r.yaml")
    assert document.where(("a", 0, "y")) == "r.yaml:4: a[0].y"
    assert document.where(("a", 1)) == "r.yaml:5: a[1]"
    assert document.where(("a", 0, "missing")) == "r.yaml:3: a[0].missing"
    assert document.where() == "r.yaml:2"


@pytest.mark.parametrize("number", ["33.1", "2406.16020", ".5", "1e5", "-0.0", "12.", ".inf", ".nan"])
def test_a_float_is_an_error_with_its_place(number: str) -> None:
    with pytest.raises(InputError) as error:
        parse(f"a:\n  b: {number}\n".encode(), "r.yaml")
    assert error.value.where == "r.yaml:2: a.b"
    assert error.value.fix == f'Write "{number}" with quotes.'


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        (b"a: 1\nb:\n  c: 1\n  c: 2\n", "r.yaml:4: b.c", "duplicate key, first on line 3"),
        (b"a: &x 1\n", "r.yaml:1: a", "anchors and aliases"),
        (b"a: [1]\nb: *x\n", "r.yaml:2: b", "anchors and aliases"),
        (b"a: !!str 1\n", "r.yaml:1: a", "tag"),
        (b"a: !!python/name:os.system 1\n", "r.yaml:1: a", "tag"),
        (b"a:\n  <<: {b: 1}\n", "r.yaml:2: a", "merge keys"),
        (b"a: 1\n---\nb: 1\n", "r.yaml:2", "second document"),
        (b"? [a]\n: 1\n", "r.yaml:1", "key must be a word"),
        (b"", "r.yaml", "empty"),
        (b"# nothing\n", "r.yaml", "empty"),
        (b"a: 'x\n", "r.yaml:2", "invalid YAML"),
        (b"a: 1\nb: \xff\n", "r.yaml:2", "invalid UTF-8"),
        (b"a: \x00\n", "r.yaml", "invalid YAML"),
    ],
)
def test_what_is_ruled_out_is_named_with_file_and_line(text: bytes, place: str, what: str) -> None:
    with pytest.raises(InputError) as error:
        parse(text, "r.yaml")
    assert error.value.where == place
    assert what in error.value.what


def test_depth_and_size_are_bounded() -> None:
    with pytest.raises(InputError, match="levels deep"):
        parse(b"[" * (MAX_DEPTH + 5), "r.yaml")
    with pytest.raises(InputError, match="too many for a record"):
        parse(b"#" * (MAX_BYTES + 1), "r.yaml")


def test_a_long_row_of_digits_stays_a_string() -> None:
    assert parse(b"a: " + b"9" * 5000, "r.yaml").data == {"a": "9" * 5000}


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        load(tmp_path / "no.yaml")
    assert str(tmp_path / "no.yaml") in str(error.value)


def test_fields_are_named_for_people() -> None:
    assert name(("claims", 3, "value")) == "claims[3].value"
    assert name(()) == ""


_PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=12,
)


@given(_PLAIN)
def test_json_reads_back_as_it_is(value: object) -> None:
    import json

    # JSON quotes every string, so nothing is left for YAML to guess at.
    assert parse(json.dumps(value, ensure_ascii=False).encode(), "r.yaml").data == value


@given(st.binary(max_size=200))
def test_any_bytes_give_data_or_an_error_with_its_file(raw: bytes) -> None:
    try:
        where = parse(raw, "r.yaml").where()
    except InputError as error:
        where = str(error.where)
    assert where.startswith("r.yaml")


def test_the_python_parser_reads_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"a: 'x'\nb: [no, {c: 1}]\nd: |\n  two\n  lines\n"
    fast = parse(text, "r.yaml")
    monkeypatch.setattr("audit._util.strict_yaml._BASE", yaml.SafeLoader)
    slow = parse(text, "r.yaml")
    assert (slow.data, slow.lines) == (fast.data, fast.lines)
