r"""The summary as a LaTeX table, to \input into a paper that loads booktabs."""

from __future__ import annotations

from audit.report.claim_views import claims
from audit.report.language import Language, current, speaking, tr
from audit.report.machine_texts import in_language
from audit.report.numbers import clean, date
from audit.report.views import ClaimView
from audit.report.vocabulary import metric_name
from audit.schema import AuditDocument

_SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\u2212": "$-$", "\u2013": "--", "\u00d7": r"$\times$",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "\n": " ", "\r": " ",
}  # fmt: skip


def escape(text: str) -> str:
    """Escape the special characters of LaTeX."""
    return "".join(_SPECIAL.get(c, c) for c in text)


def render_tex(audit: AuditDocument, language: Language = Language.ENGLISH) -> str:
    """The claims of an audit with reported, recorded and recomputed value, convention and verdict.

    Values of a row stand under the convention that the row names; one that is not comparable is left out.
    """
    with speaking(language):
        return _table(in_language(clean(audit)))


def _table(data: AuditDocument) -> str:
    found = claims(data)
    lines = [
        f"% {_comment(data.study.title or data.study.id)}; {date(data.source_date_epoch)}",
        _note(),
        r"\begin{tabular}{@{}llrrrll@{}}",
        r"\toprule",
        " & ".join(map(escape, _heads())) + r" \\",
        r"\midrule",
        *(_line(claim) for claim in found),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def _note() -> str:
    letters = r"\usepackage{kotex}" if current() is Language.KOREAN else ""
    needs = tr("Needs {packages}.", packages=r"\usepackage{booktabs}" + letters)
    signs = tr("Asterisk: recorded, not recomputed; dagger: the reported value is unverified.")
    return f"% {needs} {signs}"


def _heads() -> tuple[str, ...]:
    return (
        tr("Task"),
        tr("Metric"),
        tr("Reported"),
        tr("Recorded"),
        tr("Recomputed"),
        tr("Convention"),
        tr("Verdict"),
    )


def _line(claim: ClaimView) -> str:
    recorded, recomputed = (claim.in_summary(recorded=flag) for flag in (True, False))
    leading = claim.leading
    label = leading.label if leading else ""
    cells = [
        escape(claim.data.task_name or claim.task),
        escape(metric_name(claim.metric)),
        escape(claim.value) + ("" if claim.verified else r"$^{\dagger}$"),
        escape(recorded.value) + r"$^{*}$" if recorded and not recorded.invalid else "--",
        escape(recomputed.value) if recomputed and not recomputed.invalid else "--",
        rf"\texttt{{{escape(label)}}}" if leading and leading.anchor else escape(label),
        escape(claim.verdict.label),
    ]
    return " & ".join(cells) + r" \\"


def _comment(text: str) -> str:
    return " ".join(str(text).split())
