"""A badge for a README: how many of the audited claims hold."""

from __future__ import annotations

from typing import Any

from audit.schema import AuditDocument, Verdict

_LABEL = "repro-audit"
_GOOD = (Verdict.REPRODUCED, Verdict.JUSTIFIED)
_HEIGHT, _PAD, _SIZE = 20, 6, 11
# White text on these has a contrast of at least 4.5:1 (WCAG 2.2, 1.4.3).
_GREY, _GREEN, _AMBER, _RED = "#555555", "#1b7f3b", "#8a6100", "#b42318"


def message(audit: AuditDocument) -> tuple[str, str]:
    """What the badge says, and its colour."""
    verdicts = [one.verdict for one in audit.verdicts]
    judged = [one for one in verdicts if one not in {Verdict.NOT_RUN, Verdict.NOT_COMPARABLE}]
    if not judged:
        return "nothing measured", _GREY
    good = sum(one in _GOOD for one in judged)
    bad = sum(one in {Verdict.NOT_REPRODUCED, Verdict.INFEASIBLE} for one in judged)
    return f"{good} of {len(verdicts)} claims hold", _RED if bad else _GREEN if good == len(verdicts) else _AMBER


def endpoint(audit: AuditDocument) -> dict[str, Any]:
    """The JSON that shields.io's endpoint badge reads (schemaVersion 1)."""
    text, colour = message(audit)
    return {"schemaVersion": 1, "label": _LABEL, "message": text, "color": colour.lstrip("#")}


def svg(audit: AuditDocument) -> str:
    """The badge as SVG, with its words as the title for screen readers."""
    text, colour = message(audit)
    left, right = (_width(words) for words in (_LABEL, text))
    words = "".join(
        f'<text x="{x}" y="14" textLength="{width - 2 * _PAD}">{shown}</text>'
        for x, width, shown in ((_PAD, left, _LABEL), (left + _PAD, right, text))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{_HEIGHT}" role="img" '
        f'aria-label="{_LABEL}: {text}"><title>{_LABEL}: {text}</title>'
        f'<clipPath id="r"><rect width="{left + right}" height="{_HEIGHT}" rx="3"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{left}" height="{_HEIGHT}" fill="{_GREY}"/>'
        f'<rect x="{left}" width="{right}" height="{_HEIGHT}" fill="{colour}"/></g>'
        f'<g fill="#ffffff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="{_SIZE}">{words}</g></svg>\n'
    )


def _width(text: str) -> int:
    """A width in pixels that fits the text; `textLength` fits the text into it."""
    return round(len(text) * _SIZE * 0.6) + 2 * _PAD
