"""codecheck.yml: the audit as a CODECHECK (codecheck.org.uk/spec/config/2.0), ready for the register.

Rules: codecheckers/codecheckers.github.io@b6c0e02: spec/config/2.0.md, and codecheckers/register@c6be29e: rules-2.0.yml. What
the audit cannot know (the certificate's number, ORCIDs) comes from a file of the user's. What is still missing is named in
comments at the head; a placeholder would be an error under CC-CFG-023.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.errors import InputError
from audit.provenance.format import layout
from audit.provenance.records import audit_facts
from audit.schema import AuditDocument

VERSION = "https://codecheck.org.uk/spec/config/2.0/"
_COMMENTS = {
    layout.AUDIT: "claims, measurements and verdicts; every other file is made from it",
    layout.REPORT_PDF: "the report, signed",
    layout.ANNEX: "the annex of the report: records of works, conventions, method, signed",
    layout.ANSWERS: "the report on one page",
    layout.REPORT_HTML: "the report",
    "measurements.csv": "every measured value with its convention and interval",
    "table.tex": "the table of reported and reproduced values",
}
_CERTIFICATE = re.compile(r"\d{4}-\d{3}")
_ORCID = re.compile(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]")
_FIELDS = ("certificate", "report", "codechecker", "authors", "repository")


@dataclass(frozen=True, slots=True)
class Person:
    """A name, with an ORCID if it is known."""

    name: str
    orcid: str | None = None

    def as_yaml(self) -> dict[str, str]:
        """The entry of a list of people."""
        return {"name": self.name} if self.orcid is None else {"name": self.name, "ORCID": self.orcid}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the audit does not know; see `load`.

    Attributes:
        certificate: `YYYY-NNN`, which the register assigns.
        report: The report's DOI or URL.
        codecheckers: Who answers for the check; empty for the signer.
        authors: The paper's authors; empty for those that are known here.
        repository: Where the package is: `zenodo::...`, `github::...`, or a URL.
    """

    certificate: str | None = None
    report: str | None = None
    codecheckers: tuple[Person, ...] = ()
    authors: tuple[Person, ...] = ()
    repository: str | None = None


def load(path: Path) -> Facts:
    """Read a YAML file with any of `certificate`, `report`, `codechecker`, `authors` and `repository`.

    People are `{name, ORCID}`; the ORCID may be missing.

    Raises:
        InputError: The file is invalid, a certificate is not `YYYY-NNN`, or an ORCID fails its check digit; with its place.
    """
    from audit._util.strict_yaml import load as load_yaml

    data: Any = load_yaml(path).data
    if not isinstance(data, dict) or not set(data) <= set(_FIELDS):
        raise InputError("unknown field", where=str(path), fix=f"It may have {', '.join(_FIELDS)}.")
    certificate = _text(data, "certificate", path)
    if certificate is not None and not _CERTIFICATE.fullmatch(certificate):
        raise InputError(
            f"{certificate!r} is not YYYY-NNN", where=f"{path}: certificate", fix="The register assigns it: '2026-001'."
        )
    return Facts(
        certificate,
        _text(data, "report", path),
        _people(data, "codechecker", path),
        _people(data, "authors", path),
        _text(data, "repository", path),
    )


def _text(data: Mapping[str, Any], name: str, path: Path) -> str | None:
    value = data.get(name)
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise InputError("must be a text", where=f"{path}: {name}", fix="Put it into quotes.")
    return value


def _people(data: Mapping[str, Any], name: str, path: Path) -> tuple[Person, ...]:
    found = []
    listed = data.get(name)
    if not isinstance(listed, list | None):
        raise InputError("must be a list of people", where=f"{path}: {name}", fix="[{name: A. Author, ORCID: ...}]")
    for index, entry in enumerate(listed or (), 1):
        where = f"{path}: {name}: item {index}"
        valid = isinstance(entry, dict) and set(entry) <= {"name", "ORCID"} and isinstance(entry.get("name"), str)
        if not valid:
            raise InputError(
                "must be a name, with or without an ORCID", where=where, fix="{name: A. Author, ORCID: ...}"
            )
        orcid = entry.get("ORCID")
        if orcid is not None and not is_orcid(orcid):
            raise InputError(
                f"{str(orcid)[:60]!r} is not an ORCID, or its check digit is wrong",
                where=where,
                fix="Write it plainly: 0000-0002-1825-0097.",
            )
        found.append(Person(entry["name"], orcid))
    return tuple(found)


def is_orcid(text: object) -> bool:
    """Whether a text is an ORCID with a right check digit (ISO 7064, mod 11-2)."""
    if not isinstance(text, str) or not _ORCID.fullmatch(text):
        return False
    digits = text.replace("-", "")
    total = 0
    for digit in digits[:-1]:
        total = (total + int(digit)) * 2
    return digits[-1] == "0123456789X"[(12 - total % 11) % 11]


def build(
    audit: AuditDocument,
    files: Sequence[str],
    codechecker: str,
    facts: Facts | None = None,
    authors: Sequence[str] = (),
) -> bytes:
    """The YAML; the same bytes for the same audit and facts.

    Args:
        audit: audit.json.
        files: The names of the package's results.
        codechecker: Who answers for the check if the facts name nobody: the name in the signer's certificate.
        facts: What the audit does not know.
        authors: The paper's authors as the literature has them; empty for the first author alone.
    """
    import yaml

    facts = facts or Facts()
    paper = audit.study.paper
    known = [Person(name) for name in authors] or ([Person(paper.authors_first)] if paper.authors_first else [])
    people = facts.authors or tuple(known)
    checkers = facts.codecheckers or (Person(codechecker),)
    counts = audit_facts.verdict_counts(audit)
    told = ", ".join(f"{counts[word]} {word}" for word in audit_facts.RESULTS if counts[word])
    reference = paper.url or (f"https://arxiv.org/abs/{paper.arxiv}" if paper.arxiv else None)
    document: dict[str, Any] = {
        "version": VERSION,
        "manifest": [{"file": name, "comment": _COMMENTS[name]} for name in files if name in _COMMENTS],
    }
    if paper.title:
        document["paper"] = {
            "title": paper.title,
            **({"authors": [person.as_yaml() for person in people]} if people else {}),
            **({"reference": reference} if reference else {}),
        }
    document |= {
        "codechecker": [person.as_yaml() for person in checkers],
        "summary": f"{len(audit.claims)} reported values were checked against a reproduction under the conventions in use: "
        f"{told}. It was not checked whether the original analysis is correct.",
        "report": facts.report or layout.REPORT_PDF,
        **({"repository": facts.repository} if facts.repository else {}),
        **({"certificate": facts.certificate} if facts.certificate else {}),
    }
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    missing = _missing(facts, people, checkers, paper.title, reference)
    head = [f"# Missing for the register: {line}." for line in missing]
    return "\n".join(["---", *head, text]).encode("utf-8")


def _missing(
    facts: Facts, people: Sequence[Person], checkers: Sequence[Person], title: str, reference: str | None
) -> list[str]:
    """What the specification demands and nobody has said, with the rule that it breaks."""
    found = []
    if not facts.certificate:
        found.append("certificate, YYYY-NNN, which the register assigns (CC-CFG-025)")
    if not title:
        found.append("paper.title (CC-CFG-017)")
    if not people:
        found.append("paper.authors (CC-CFG-018)")
    without = [person.name for person in people if person.orcid is None]
    if without:
        found.append(f"ORCID of the authors {', '.join(' '.join(name.split()) for name in without)} (CC-CFG-020)")
    if not reference:
        found.append("paper.reference (CC-CFG-021)")
    nameless = [person.name for person in checkers if person.orcid is None]
    if nameless:
        found.append(f"ORCID of the codechecker {', '.join(' '.join(name.split()) for name in nameless)} (CC-CFG-010)")
    if not facts.report:
        found.append("report as a DOI; it is the file in this folder now (CC-CFG-012)")
    return found


def authors_in(literature: Mapping[str, bytes], audit: AuditDocument) -> tuple[str, ...]:
    """The authors of the audited paper in the records of works that the audit copied; empty unless they are complete.

    Args:
        literature: The copied records by name in the output folder.
        audit: audit.json.
    """
    from audit._util.strict_yaml import parse

    paper = audit.study.paper
    for name, raw in sorted(literature.items()):
        if "/works/" not in name or not name.endswith(".yaml"):
            continue
        data: Any = parse(raw, name).data
        if not isinstance(data, dict) or not data.get("authors_complete"):
            continue
        same = data.get("id") == paper.work or (paper.arxiv is not None and data.get("arxiv") == paper.arxiv)
        if same and all(isinstance(one, str) for one in data.get("authors") or ()):
            return tuple(data["authors"])
    return ()
