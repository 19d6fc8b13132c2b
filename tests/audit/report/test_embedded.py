from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.document.write import to_bytes
from audit.report.editions import Edition
from audit.report.embedded import SEAL_CLOSE, SEAL_OPEN, SIGNS, data_elements, pack, unpack
from audit.report.page import render
from audit.report.page_text import WHOLE, digests
from tests.support.example_audit import HOSTILE, build, document

TEXTS = st.text(st.characters(exclude_categories=("Cs",))) | st.sampled_from(["a|b", "a|b,c", *HOSTILE])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=30,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_what_is_packed_is_unpacked(value: dict[str, Any]) -> None:
    assert unpack(pack(value)) == value


@pytest.mark.parametrize(
    "texts",
    [
        ["one"] * 5,
        ["a", "b", "a", "a", "b"],
        [f"asr.wer/recomputed/c{n:03}" for n in range(200)],
        ["", "a", "", "aa", "a", "aaaa"],
        ["x" * 300, "x" * 299, "x" * 300 + "y"],
        ["\U0001f600a", "\U0001f600b", "\U0001f600c"],
        ["[0]", "-1", "true", "null"],
    ],
)
def test_columns_of_texts(texts: list[str]) -> None:
    value = {"list": [{"text": text, "inner": {"text": text}} for text in texts]}
    assert unpack(pack(value)) == value


def test_objects_of_one_shape_inside_each_other_keep_their_order() -> None:
    value = {"a": {"a": {"a": "inner", "b": "1"}, "b": "2"}, "b": "3"}
    assert unpack(pack(value)) == value


def test_true_is_not_one() -> None:
    value = {"list": [{"a": True}, {"a": 1}, {"a": True}, {"a": False}, {"a": 0}]}
    assert json.dumps(unpack(pack(value))) == json.dumps(value)


def test_signs_are_printable_and_have_no_meaning_in_html_or_json() -> None:
    assert len(SIGNS) == len(set(SIGNS)) > 80
    assert not set(SIGNS) & set("<>&\"'\\\n") - {"'"}


def test_the_page_carries_the_whole_document(page: str, audit: dict[str, Any]) -> None:
    (text,) = re.findall(r'<script type="application/json" id="audit-json">(.*?)</script>', page)
    assert "<" not in text
    assert unpack(text) == json.loads(to_bytes(document(audit)))


def test_the_place_for_a_signature_is_there_once_and_empty(page: str) -> None:
    assert page.count(SEAL_OPEN) == 1
    assert f"{SEAL_OPEN}{SEAL_CLOSE}" in page
    assert page.count("<script") == page.count("</script>") == 4  # linked data, audit.json, the signature, the script


def test_no_text_of_a_document_ends_the_element() -> None:
    value = {"a": ["</script><script>alert(1)</script>", "<!--<script>", "\x7f\x85\u202e\u2028\ufffe"]}
    elements = data_elements(json.dumps(value).encode(), {})
    assert elements.count("<") == 4
    assert not re.search("[\x7f-\x9f\u202e\ufffe]", elements)
    text = elements.partition(">")[2].partition("</script>")[0]
    assert unpack(text) == value


def test_packing_saves_space() -> None:
    raw = to_bytes(document(build(conventions=100, hostile=False)))
    assert len(pack(json.loads(raw))) * 4 < len(raw)


# Digests of texts


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_texts_are_those_between_tags_without_white_space() -> None:
    page = (
        "<!DOCTYPE html><html><head><title>no</title><style>no</style></head><body>a &amp; b<br>\n"
        '<section id="one"><h2>c&nbsp;d</h2><script>no</script><article id="two"><p>e<svg><path d="M0"/><text>f</text></svg>'
        "</article></section><section>g</section>h</body></html>"
    )
    assert digests(page) == {
        WHOLE: _sha256("a&bc\xa0defgh"),
        "one": _sha256("c\xa0def"),
        "two": _sha256("ef"),
    }


def test_a_changed_word_changes_its_chapter_and_the_whole(page: str) -> None:
    before = digests(page)
    after = digests(page.replace("Alpha: a benchmark", "Alpha: a Benchmark", 1))
    assert {name for name in before if before[name] != after[name]} == {WHOLE, "literature", "work-work-0"}


def test_every_claim_and_chapter_has_a_digest(page: str, audit: dict[str, Any]) -> None:
    found = digests(page)
    assert {f"claim-{claim['id']}" for claim in audit["claims"]} <= set(found)
    assert {"summary", "claims", "conventions", "provenance"} <= set(found)


def test_markup_alone_changes_nothing(page: str) -> None:
    assert digests(page.replace("<td ", '<td data-x="y>z" ')) == digests(page)


@pytest.mark.parametrize("edition", [edition for edition in Edition if edition is not Edition.HTML])
def test_the_other_editions_have_no_data(edition: Edition, audit: dict[str, Any]) -> None:
    text = render(document(audit), edition)
    # Linked data of a page for a browser is a block of data, too, and none that a script reads.
    assert text.count("<script") == text.count('<script type="application/ld+json">') == (0 if edition.paged else 1)
    assert "audit-json" not in text


def test_equal_documents_give_equal_pages(audit: dict[str, Any]) -> None:
    example = document(audit)
    assert render(example) == render(replace(example))
