from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from referencing import Registry, Resource

from audit._util.paths import LITERATURE
from audit._util.strict_yaml import load, parse
from audit.errors import InputError
from audit.literature.schema import load_checked, problems, schema

KINDS = {
    "work": "works/qwen2-audio.yaml",
    "study": "studies/salmonn.yaml",
    "reproduction": "reproductions/hufs.yaml",
    "convention": "conventions/cmi-bench-cer.yaml",
}


ANNOTATIONS = {"$schema", "$id", "$defs", "title", "description"}


@cache
def _plain(kind: str) -> Any:
    """jsonschema as it comes: what a record may not be, without our words for it."""
    registry: Registry[Any] = Registry().with_resource("common.schema.json", Resource.from_contents(schema("common")))
    return jsonschema.Draft202012Validator(schema(kind), registry=registry)


@pytest.mark.parametrize("kind", ["common", *KINDS])
def test_the_schemas_are_json_schemas_of_keywords_that_are_checked(kind: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(kind))
    checked = set(jsonschema.Draft202012Validator.VALIDATORS) | ANNOTATIONS

    def walk(rules: Any) -> None:
        # A misspelt keyword is an annotation to a validator: it checks nothing.
        assert set(rules) <= checked
        for part in (*rules.get("properties", {}).values(), *rules.get("$defs", {}).values()):
            walk(part)
        for key in ("items", "additionalProperties", "propertyNames"):
            if isinstance(rules.get(key), dict):
                walk(rules[key])

    walk(schema(kind))


@pytest.mark.parametrize("path", sorted(LITERATURE.glob("*/*.yaml")), ids=lambda p: p.stem)
def test_every_record_fits(path: Path) -> None:
    kind = path.parent.name.removesuffix("s").replace("studie", "study")
    assert list(problems(load(path), kind)) == []


_VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-1, 3000)
    | st.sampled_from(
        [
            "",
            "yes",
            "x",
            "2.1",
            "2310.13289",
            "wer",
            "10.1/x",
            "10.1234/x",
            "a" * 40,
            "https://x",
            "asr-gigaspeech",
            "A-b",
        ]
    )
    | st.just([])
    | st.just({})
    | st.just(["x", "x"])
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=80)
@given(st.sampled_from(sorted(KINDS)), st.data())
def test_every_error_of_a_changed_record_is_told_once_in_our_words(kind: str, data: st.DataObject) -> None:
    record = copy.deepcopy(load(LITERATURE / KINDS[kind]).data)
    place: Any = record
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if isinstance(place[key], (dict, list)) and place[key] and data.draw(st.booleans()):
            place = place[key]
            continue
        break
    change = data.draw(st.sampled_from(["set", "remove", "add"]))
    if change == "set":
        place[key] = data.draw(_VALUES)
    elif change == "remove":
        del place[key]
    elif isinstance(place, dict):
        place["added"] = data.draw(_VALUES)
    else:
        place.append(copy.deepcopy(place[key]))
    document = parse(json.dumps(record, ensure_ascii=False, indent=1).encode(), "r.yaml")
    found = list(problems(document, kind))
    assert len(set(found)) == len(found)
    errors = list(_plain(kind).iter_errors(record))
    places: set[str] = set()
    for error in errors:
        field = tuple(error.absolute_path)
        if "propertyNames" in error.absolute_schema_path:
            field = (*field, error.instance)
        extra = error.validator == "additionalProperties"
        unknown = [key for key in error.instance if key not in error.schema["properties"]] if extra else []
        places |= {document.where((*field, key)) for key in unknown} if extra else {document.where(field)}
    assert {problem.where for problem in found} == places
    assert not {problem.what for problem in found} & {error.message for error in errors}


@pytest.mark.parametrize(
    ("line", "change", "what", "fix"),
    [
        ("year: 2024", "yaer: 2024", "unknown key `yaer`", "Did you mean `year`?"),
        ("year: 2024", "", "the key `year` is missing", "Add `year:`. The year of the publication"),
        ("year: 2024", "year: next", '"next" is not an integer', "four digits"),
        ("kind: model", "kind: modle", '"modle" is not allowed', "Did you mean `model`?"),
        ('arxiv: "2407.10759"', "arxiv: arXiv:2407", '"arXiv:2407" is not well-formed', 'as "2310.13289"'),
        ('arxiv: "2407.10759"', 'arxiv: "2413.10759"', "not well-formed", 'as "2310.13289"'),
        ("doi: null", 'doi: "https://doi.org/10.1/x"', "not well-formed", "without https://doi.org/"),
        ("url: null", "url: http://x.org", "not well-formed", "https://"),
        ("title: Qwen2-Audio Technical Report", "title: ''", "it is empty", "title"),
        ("survey_items: [2]", "survey_items: [2, 2]", "duplicate entry", "Remove one"),
        ("survey_items: [2]", "survey_items: [21]", "21 is more than 20", ""),
        ("survey_items: [2]", "survey_items: [0]", "0 is less than 1", ""),
        ("  commit: 595360e82b5839c1507492ec83cae5bda6d5c7d4", "  commit: 595360e", "not well-formed", "40 lower-case"),
        ("  repo: QwenLM/Qwen2-Audio", "  repo: https://github.com/QwenLM", "not well-formed", "OWNER/NAME"),
        ("id: qwen2-audio", "id: " + "a" * 61, "longer than 60 characters", "Shorten"),
    ],
)
def test_an_error_names_file_line_field_and_fix(tmp_path: Path, line: str, change: str, what: str, fix: str) -> None:
    text = (LITERATURE / KINDS["work"]).read_text(encoding="utf-8")
    assert f"{line}\n" in text
    path = tmp_path / "r.yaml"
    path.write_text(text.replace(f"{line}\n", f"{change}\n" if change else "", 1), encoding="utf-8")
    with pytest.raises(InputError) as error:
        load_checked(path, "work")
    assert what in error.value.what
    assert fix in str(error.value.fix)
    number = text[: text.index(f"{line}\n")].count("\n") + 1 if change else 1
    assert str(error.value.where).startswith(f"{path}:{number}"), error.value.where


def test_a_line_feed_at_the_end_does_not_slip_through_a_pattern(tmp_path: Path) -> None:
    text = (LITERATURE / KINDS["work"]).read_text(encoding="utf-8")
    path = tmp_path / "r.yaml"
    path.write_text(text.replace('arxiv: "2407.10759"', 'arxiv: "2407.10759\\n"'), encoding="utf-8")
    with pytest.raises(InputError, match="not well-formed"):
        load_checked(path, "work")


def test_names_of_fields_that_are_wrong() -> None:
    """Each with its own place; the validator names the mapping that has them."""
    record = copy.deepcopy(load(LITERATURE / "studies" / "salmonn.yaml").data)
    margin = {"value": "1.0", "kind": "assumed", "reason": "A reason of several words."}
    record["margins"] = {"": margin, "Word Error": margin, "wer": margin}
    document = parse(json.dumps(record, ensure_ascii=False, indent=1).encode(), "r.yaml")
    found = {(problem.where, problem.what) for problem in problems(document, "study")}
    assert found == {(document.where(("margins", key)), f'"{key}" is not well-formed') for key in ("", "Word Error")}
