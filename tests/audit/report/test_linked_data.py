"""Linked data in the head of the pages: a review of the paper, which no text can leave."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from audit.report.editions import Edition
from audit.report.page import render
from tests.support.example_audit import HOSTILE, build, document


def linked(page: str) -> Any:
    """The value of the one element, which stands in the head."""
    (text,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page.partition("</head>")[0], re.DOTALL)
    assert "<" not in text
    return json.loads(text)


@pytest.mark.parametrize("edition", [Edition.HTML, Edition.ANSWERS])
def test_the_paper_is_reviewed_and_every_claim_with_its_verdict(edition: Edition) -> None:
    value = build()
    page = render(document(value), edition)
    found = linked(page)
    assert (found["@context"], found["@type"]) == ("https://schema.org", "Review")
    assert found["itemReviewed"] == {
        "@type": "ScholarlyArticle",
        "name": "Hearing <Things> & Counting Them",
        "author": [{"@type": "Person", "name": "\u014cta \u010capek"}],
        "datePublished": "2031",
        "isPartOf": {"@type": "PublicationVolume", "name": "Invented 2031"},
        "sameAs": ["https://arxiv.org/abs/3101.00001", "https://example.org/paper"],
    }
    assert (found["datePublished"], found["inLanguage"]) == ("2025-11-23", "en")
    rated = [part["reviewRating"]["alternateName"] for part in found["hasPart"]]
    assert rated == [decision["verdict"].replace("-", " ") for decision in value["verdicts"]]
    assert [part["url"] for part in found["hasPart"]] == [
        f"report.html#claim-{claim['id']}" for claim in value["claims"]
    ]


def test_pages_on_paper_have_none() -> None:
    assert "ld+json" not in render(document(build()), Edition.REPORT)


@pytest.mark.parametrize("text", [*HOSTILE, "<!--<script>", "\u2028\u2029"])
def test_a_hostile_text_stays_a_text(text: str) -> None:
    value = build(hostile=False)
    value["study"]["paper"]["title"] = text
    page = render(document(value), Edition.ANSWERS)
    shown = (
        text.replace("\uffff", "\ufffd")
        .replace("\x07", "\ufffd")
        .replace("\u202e", "[U+202E]")
        .replace("\u2028\u2029", "[U+2028][U+2029]")
    )
    assert linked(page)["itemReviewed"]["name"] == shown
    assert page.count("<script") == 1


def test_a_paper_of_which_nothing_is_known() -> None:
    value = build(hostile=False, claims=1, conventions=1)
    value["study"]["paper"] = {}
    assert linked(render(document(value), Edition.ANSWERS))["itemReviewed"] == {"@type": "ScholarlyArticle"}
