"""The views of audit.json that several editions show alike, made once for all of them."""

from __future__ import annotations

from dataclasses import dataclass

from audit._util.last_result import kept_for_last
from audit.report.answers import Answers, ShortAnswer, answers, in_short
from audit.report.changes import Change, changes
from audit.report.claim_views import claims
from audit.report.differences import Differences, differences
from audit.report.findings import Observed, observed
from audit.report.language import Language
from audit.report.public_outputs import PublicTable, public_tables
from audit.report.survey import SurveyChapter, short_names, survey
from audit.report.views import ClaimView
from audit.schema import AuditDocument


@dataclass(frozen=True, slots=True)
class SharedViews:
    """What the editions for screens, or those for paper, show alike.

    Attributes:
        found: The claims.
        works: A short name for every recorded work, by id.
        chapter: What others did.
        seen: Other findings.
        apart: Why the numbers differ.
        public: What others' outputs give.
        answered: The five questions.
        short: Their answers in a few sentences.
        needed: What would change the verdicts.
    """

    found: tuple[ClaimView, ...]
    works: dict[str, str]
    chapter: SurveyChapter
    seen: Observed
    apart: Differences
    public: tuple[PublicTable, ...]
    answered: Answers
    short: tuple[ShortAnswer, ...]
    needed: tuple[Change, ...]


@kept_for_last
def shared_views(audit: AuditDocument, paged: bool, language: Language) -> SharedViews:
    """The views, in the current language, which is `language`.

    Args:
        audit: The document, with every text printable.
        paged: Whether they are for paper.
        language: Tells the views of one language from those of another.
    """
    del language
    found, chapter, seen = claims(audit), survey(audit), observed(audit)
    answered = answers(audit, found, chapter, seen.prompts)
    return SharedViews(
        found,
        short_names(audit),
        chapter,
        seen,
        differences(audit, found, paged=paged),
        public_tables(audit, found, paged=paged),
        answered,
        in_short(answered, found),
        changes(audit, found),
    )
