"""codecheck.yml: the audit as a CODECHECK (codecheck.org.uk/spec/config/1.0), ready for manual submission.

Field names and required fields: codecheckers/codecheck@ef69ad8: R/validation.R. The certificate number is
omitted, because the register assigns it.
"""

from __future__ import annotations

from typing import Any

from audit.provenance.format import layout
from audit.provenance.records import audit_facts
from audit.schema import AuditDocument

VERSION = "https://codecheck.org.uk/spec/config/1.0/"
_COMMENTS = {
    layout.AUDIT: "claims, measurements and verdicts; every other file is made from it",
    layout.REPORT_PDF: "the report, signed",
    layout.REPORT_HTML: "the report",
    "measurements.csv": "every measured value with its convention and interval",
    "table.tex": "the table of reported and reproduced values",
}


def build(audit: AuditDocument, files: list[str], codechecker: str) -> bytes:
    """The YAML; the same bytes for the same audit.

    Args:
        audit: audit.json.
        files: The names of the package's results.
        codechecker: Who answers for the check: the name in the signer's certificate.
    """
    import yaml

    counts = audit_facts.verdict_counts(audit)
    told = ", ".join(f"{counts[word]} {word}" for word in audit_facts.RESULTS if counts[word])
    document: dict[str, Any] = {"version": VERSION}
    paper = _paper(audit)
    if paper:
        document["paper"] = paper
    document |= {
        "manifest": [{"file": name, "comment": _COMMENTS[name]} for name in files if name in _COMMENTS],
        "codechecker": [{"name": codechecker}],
        "summary": f"{len(audit.claims)} reported values were checked against a reproduction under the conventions in use: "
        f"{told}. It was not checked whether the original analysis is correct.",
        "report": layout.REPORT_PDF,
    }
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    return text.encode("utf-8")


def _paper(audit: AuditDocument) -> dict[str, Any] | None:
    paper = audit.study.paper
    if not paper.title:
        return None
    reference = paper.url or (f"https://arxiv.org/abs/{paper.arxiv}" if paper.arxiv else None)
    found: dict[str, Any] = {"title": paper.title}
    if paper.authors_first:
        found["authors"] = [{"name": paper.authors_first}]
    if reference:
        found["reference"] = reference
    return found
