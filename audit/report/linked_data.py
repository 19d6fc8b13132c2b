"""The report as linked data (JSON-LD, schema.org): a Review of a ScholarlyArticle, with a ClaimReview for each claim."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from audit.facts import Paper
from audit.report.embedded import in_script
from audit.report.language import current
from audit.report.numbers import moment
from audit.report.views import ClaimView
from audit.schema import AuditDocument

# Where its content is in the HTML report, beside which the one page lies.
_PAGE = "report.html"


def review(audit: AuditDocument, claims: Sequence[ClaimView], title: str, summary: str) -> str:
    """The text of a script element of type `application/ld+json`.

    Args:
        audit: The document.
        claims: Its claims.
        title: The report's title.
        summary: The outcome in a few sentences.
    """
    article = _article(audit.study.paper)
    value = {
        "@context": "https://schema.org",
        "@type": "Review",
        "name": title,
        "reviewBody": summary,
        "inLanguage": current().value,
        "datePublished": moment(audit.source_date_epoch).strftime("%Y-%m-%d"),
        "creditText": f"{audit.project.name} {audit.project.version}".strip(),
        "itemReviewed": article,
        "hasPart": [_of_claim(claim, article) for claim in claims],
    }
    return in_script(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _article(paper: Paper) -> dict[str, Any]:
    addresses = [f"https://arxiv.org/abs/{paper.arxiv}"] if paper.arxiv else []
    addresses += [paper.url] if paper.url and paper.url.startswith("https://") else []
    found = {
        "@type": "ScholarlyArticle",
        "name": paper.title,
        "author": [{"@type": "Person", "name": paper.authors_first}] if paper.authors_first else None,
        "datePublished": str(paper.year) if paper.year else None,
        "isPartOf": {"@type": "PublicationVolume", "name": paper.venue} if paper.venue else None,
        "sameAs": addresses or None,
    }
    return {key: value for key, value in found.items() if value}


def _of_claim(claim: ClaimView, article: dict[str, Any]) -> dict[str, Any]:
    """A claim with its verdict; `reviewRating` names the verdict, since verdicts have no order that a number would give."""
    printed = f"{claim.value} {claim.unit}".strip()
    return {
        "@type": "ClaimReview",
        "url": f"{_PAGE}#{claim.anchor}",
        "claimReviewed": f"{claim.title}: {printed}",
        "itemReviewed": {
            "@type": "Claim",
            "appearance": {"@type": "ScholarlyArticle", "name": article.get("name", "")},
        },
        "reviewRating": {"@type": "Rating", "alternateName": claim.verdict.label},
        "reviewBody": claim.verdict.meaning,
    }
