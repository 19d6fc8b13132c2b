"""Texts of prediction files in any script: isolated from their neighbours, and with a note on paper."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from audit.report.editions import Edition
from audit.report.foreign_text import isolated, note, scripts
from audit.report.page import render
from tests.support.example_audit import document

HEBREW, ARABIC, THAI, EMOJI = "דוגמה-3", "مثال-12", "ตัวอย่าง", "\U0001f436-4"


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ((HEBREW, ARABIC), ("Arabic", "Hebrew")),
        ((THAI, "clip-7"), ("Thai",)),
        ((EMOJI,), ("symbols",)),
        (("plain", "Łódź", "ελληνικά", "Привет", "日本語", "ｶﾞ", "한국어", "“quoted” … – ½", "e\u0301"), ()),
        (("\U0001f1f0\U0001f1f7", "देवनागरी"), ("Devanagari", "symbols")),
        ((), ()),
    ],
)
def test_scripts_that_the_fonts_may_lack_are_named(texts: tuple[str, ...], found: tuple[str, ...]) -> None:
    assert scripts(texts) == found


def test_a_text_is_escaped_and_isolated_on_paper_by_characters_too() -> None:
    assert isolated("<a> & b", paged=True) == "<bdi>&lt;a&gt; &amp; b</bdi>"
    assert isolated(HEBREW, paged=False) == f"<bdi>{HEBREW}</bdi>"
    assert isolated(HEBREW, paged=True) == f"<bdi>\u2068{HEBREW}\u2069</bdi>"
    assert isolated(THAI, paged=True) == f"<bdi>{THAI}</bdi>"


@pytest.mark.parametrize("place", ["id", "prompt", "answer", "model"])
def test_the_note_stands_on_paper_alone_and_only_if_needed(audit: dict[str, Any], place: str) -> None:
    value = copy.deepcopy(audit)
    findings = value["findings"]
    findings["prompts"]["st-en-zh"][0]["prompts"][0]["prompt"] = "Say it."
    assert note(document(value)) == ""
    if place == "id":
        findings["detectors"]["st-en-zh"][0]["example_ids"] = ["a", THAI]
    elif place == "prompt":
        findings["prompts"]["st-en-zh"][0]["prompts"][0]["prompt"] = THAI
    elif place == "answer":
        findings["baselines"]["er-iemocap"][0]["answer"] = THAI
    else:
        value["findings"] = {}
        for m in value["measurements"]:
            if m.get("prediction"):
                m["prediction"]["model"] = THAI
    said = note(document(value))
    assert "(Thai)" in said
    assert render(document(value), Edition.REPORT).count(said) == 1
    assert said not in render(document(value))
    assert f"<bdi>{THAI}</bdi>" in render(document(value))
