"""Writing audit.json, and its published JSON Schema."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from audit._util import canonical_json
from audit.document.read import parse_document
from audit.document.write import json_schema, plain, schema_text, to_bytes
from audit.schema import Findings, Signing
from tests.support.example_audit import build, document
from tests.support.paths import ROOT

PUBLISHED = ROOT / "docs" / "reference" / "audit.schema.json"


@pytest.fixture(scope="module")
def validator() -> Any:
    return jsonschema.Draft202012Validator(json.loads(PUBLISHED.read_bytes()))


def test_the_bytes_are_canonical(default_audit: bytes) -> None:
    assert canonical_json.dumps(json.loads(default_audit)) == default_audit


def test_plain_values_are_those_that_were_read() -> None:
    read = document(build())
    again = plain(read)
    assert json.loads(json.dumps(again)) == again
    for key, item in build().items():
        assert set(again) >= {key}
        if key in {"schema", "source_date_epoch", "inputs", "software", "rules", "findings"}:
            assert again[key] == item
    assert document(again) == read


def test_what_is_not_known_is_absent() -> None:
    read = document(build())
    assert "signing" not in plain(read)
    assert plain(replace(read, signing=Signing("ephemeral")))["signing"] == {"identity": "ephemeral"}
    assert plain(Findings()) == {}
    assert set(plain(read)["findings"]) == {"detectors", "prompts", "baselines", "observed", "probe-determinism"}


def test_a_lone_surrogate_becomes_a_replacement_character() -> None:
    """A prompt or an answer may hold one, and UTF-8 cannot."""
    read = document(build(hostile=False))
    broken = replace(read, study=replace(read.study, title="half \ud83d, whole \U0001f600", variants={"\udca9": "x"}))
    again = parse_document(to_bytes(broken), "audit.json")
    assert again.study.title == "half \ufffd, whole \U0001f600"
    assert again.study.variants == {"\ufffd": "x"}
    assert replace(again, study=read.study) == read


def test_the_published_schema_is_up_to_date() -> None:
    """`python -m audit.document.write > docs/reference/audit.schema.json` writes it again."""
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text()
    command = [sys.executable, "-m", "audit.document.write"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=60).stdout
    assert printed == PUBLISHED.read_bytes()


def test_the_schema_is_a_json_schema() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$id"]
    assert schema_text() == json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def test_it_accepts_documents(validator: Any, value: dict[str, Any]) -> None:
    validator.validate(value)
    validator.validate(build())
    validator.validate({**build(), "signing": {"identity": "key"}})


@pytest.mark.parametrize(
    ("place", "new"),
    [
        (("schema",), "repro-audit/audit/2"),
        (("colour",), "red"),
        (("claims", 0, "colour"), "red"),
        (("claims", 0, "value"), 3),
        (("verdicts", 0, "verdict"), "something-new"),
        (("verdicts", 0, "reasons"), [{"code": "guessed"}]),
        (("findings", "probes"), {}),
        (("findings", "determinism"), {}),
        (("findings", "probe-prompts"), []),
        (("signing",), {"identity": "me"}),
    ],
)
def test_it_refuses_what_the_reader_refuses(
    validator: Any, value: dict[str, Any], place: tuple[str | int, ...], new: object
) -> None:
    part: Any = value
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = new
    assert not validator.is_valid(value)


def test_it_asks_for_the_fields_without_a_default(validator: Any) -> None:
    for name in ("schema", "source_date_epoch", "study", "claims", "conventions", "measurements", "verdicts"):
        value = build()
        del value[name]
        assert not validator.is_valid(value)
