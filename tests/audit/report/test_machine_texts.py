"""Texts of audit.json in another language: the program's are translated, a person's are quoted."""

from __future__ import annotations

import gettext
from collections.abc import Iterator
from dataclasses import replace

import pytest

from audit.document.build import phrases_of
from audit.document.read import parse_document
from audit.document.write import to_bytes
from audit.report import language
from audit.report.language import Language, speaking
from audit.report.machine_texts import in_language
from audit.schema import AuditDocument, Invalid, Measurement, Phrase
from tasks.phrase import joined, phrase
from tests.support.example_audit import build, document

TEMPLATES = {
    "{n} of {rows} outputs used a prompt other than the claim's.": "{rows}개 출력 중 {n}개",
    "In this set {reason}.": "이 집합에서 {reason}.",
    "all {n} gold answers are {label}: a constant answer scores 1": "정답 {n}개가 모두 {label}",
    "needs a judge": "심판 필요",
}


class Fake(gettext.NullTranslations):
    def gettext(self, message: str) -> str:
        return TEMPLATES.get(message, message)


@pytest.fixture(autouse=True)
def _korean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(language, "_translations", lambda _: Fake())
    with speaking(Language.KOREAN):
        yield


def audit(*texts: str, note: str | None = None) -> AuditDocument:
    """An example whose first measurement is invalid for these reasons, written and read again."""
    plain = document(build(hostile=False))
    first = replace(plain.measurements[0], invalid=tuple(Invalid("other-prompt", text) for text in texts), note=note)
    made = replace(plain, measurements=(first, *plain.measurements[1:]))
    made = replace(made, phrases=phrases_of(made))
    again = parse_document(to_bytes(made), "audit.json")
    assert again == made
    return again


def first(made: AuditDocument) -> Measurement:
    return in_language(made).measurements[0]


def test_a_phrase_is_said_by_its_template_with_the_phrases_in_it() -> None:
    inner = phrase("all {n} gold answers are {label}: a constant answer scores 1", n=9, label="'yes'")
    made = audit(
        phrase("{n} of {rows} outputs used a prompt other than the claim's.", n=3, rows=10),
        phrase("In this set {reason}.", reason=inner),
    )
    assert [i.text for i in first(made).invalid] == ["10개 출력 중 3개", "이 집합에서 정답 9개가 모두 'yes'."]
    assert [i.code for i in first(made).invalid] == ["other-prompt", "other-prompt"]


def test_what_a_person_wrote_stays_also_beside_a_phrase() -> None:
    made = audit("3 of 10 outputs, I think.", note=joined((phrase("needs a judge"), "Needs a judge, I think."), " "))
    assert first(made).invalid[0].text == "3 of 10 outputs, I think."
    assert first(made).note == "심판 필요 Needs a judge, I think."


def test_a_text_without_values_is_found_by_itself_in_fields_that_may_hold_one() -> None:
    made = audit("needs a judge")
    changed = replace(made, study=replace(made.study, title="needs a judge"))
    assert first(changed).invalid[0].text == "심판 필요"
    assert in_language(changed).study.title == "needs a judge"


def test_english_is_the_document_itself() -> None:
    made = audit(phrase("{n} of {rows} outputs used a prompt other than the claim's.", n=3, rows=10))
    with speaking(Language.ENGLISH):
        assert in_language(made) is made


@pytest.mark.parametrize(
    "given",
    [
        Phrase("{a}", {}),
        Phrase("{a}", {"a": "{a.__class__}"}),
        Phrase("{a}", {"a": "x"}),
        Phrase("{a} {b}", {"a": "x", "b": "x x"}),
    ],
)
def test_phrases_that_nothing_says_do_no_harm(given: Phrase) -> None:
    """A document made by hand: a missing value, one that is no placeholder, a phrase within itself."""
    made = replace(audit("x", "x x", "x x x"), phrases=(given,))
    assert [i.text for i in first(made).invalid] == ["x", "x x", "x x x"]


def test_phrases_are_listed_once_and_only_with_values() -> None:
    said = phrase("{n} of {rows} outputs used a prompt other than the claim's.", n=3, rows=10)
    assert phrases_of(({"a": [said, said]}, phrase("needs a judge"), "plain")) == (
        Phrase(said.template, {"n": "3", "rows": "10"}),
    )
