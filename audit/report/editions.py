"""The editions of the report: for a browser, on one page, on paper, its annex, and slides; and a page to lay out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from audit.report.language import Language


class Edition(StrEnum):
    """An edition, by the name of its file. Each is a pure function of audit.json.

    `ANSWERS` is one page: a line for each claim, the five answers, what was read, what would change the verdicts. It also
    opens `HTML` and `REPORT`. `HTML` has every chapter. On paper they are divided: `REPORT` has the claims with their figures
    and tables; `ANNEX` has the answers in full, the records of works, the conventions, the method, and what the tables of the
    report leave out. `SLIDES` has one 16:9 page for each claim, after one for all of them.
    """

    ANSWERS = "answers.html"
    HTML = "report.html"
    REPORT = "report.pdf"
    ANNEX = "annex.pdf"
    SLIDES = "slides.pdf"

    @property
    def paged(self) -> bool:
        """Whether it is laid out on pages, without script and with page numbers."""
        return self.value.endswith(".pdf")


@dataclass(frozen=True, slots=True)
class Page:
    """A paged edition before its layout.

    Attributes:
        html: As `audit.report.page` renders it.
        document: The bytes of audit.json, which are attached; without any, nothing is.
        epoch: The audit's date, seconds since 1970.
        language: The language of its sentences.
    """

    html: str
    document: bytes
    epoch: int
    language: Language = Language.ENGLISH
