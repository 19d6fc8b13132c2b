r"""The summary as a LaTeX table, to \input into a paper that loads booktabs."""

from __future__ import annotations

from audit.report.numbers import clean, date
from audit.report.views import ClaimView, claims
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


def render_tex(audit: AuditDocument) -> str:
    """The claims of an audit with reported, recorded and recomputed value, convention and verdict.

    Values of a row stand under the convention that the row names; one that is not comparable is left out.
    """
    data = clean(audit)
    found = claims(data)
    lines = [
        f"% {_comment(data.study.title or data.study.id)}; {date(data.source_date_epoch)}",
        "% Needs \\usepackage{booktabs}. Asterisk: recorded, not recomputed; dagger: the reported value is unverified.",
        r"\begin{tabular}{@{}llrrrll@{}}",
        r"\toprule",
        r"Task & Metric & Reported & Recorded & Recomputed & Convention & Verdict \\",
        r"\midrule",
        *(_line(claim) for claim in found),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


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
