"""The page shared by HTML and PDF: the context of the templates, and the escaping of texts."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from audit._util.html_templates import html_templates
from audit._util.paths import TEMPLATES
from audit.document.write import to_bytes
from audit.report import vocabulary
from audit.report.answers import answers
from audit.report.differences import differences
from audit.report.figures import sample_path, spec_curve
from audit.report.findings import observed
from audit.report.foreign_text import isolated, note
from audit.report.markup import Sentence
from audit.report.numbers import clean, date, moment, whole
from audit.report.public_outputs import public_tables
from audit.report.samples import plan_sentences
from audit.report.sentences import justification
from audit.report.survey import short_names, survey
from audit.report.views import ClaimView, MeasurementView, anchor, claims, convention_anchor
from audit.schema import AuditDocument, Claim, Convention, PredictionFile, Software, StudyFacts, Verdict

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_CODE = re.compile(r"`([^`]+)`")
# A PDF is read from cover to cover, and layout takes time. Beyond these numbers, it shows only the nearest measurements of a
# claim, and only the conventions of the measurements shown. The HTML shows all.
_MOST_ON_PAPER = 50
_MOST_CONVENTIONS_ON_PAPER = 500
CHAPTERS = {
    "summary": "Summary",
    "answers": "Five questions",
    "claims": "Claim by claim",
    "differences": "Why the numbers differ",
    "identity": "Identity of the rows",
    "literature": "What others did",
    "public-outputs": "What others’ outputs give",
    "findings": "Other findings",
    "conventions": "Conventions",
    "method": "Method",
    "provenance": "Provenance",
}
# File in templates/fonts, family, weight, style. Extended Latin letters form a separate fallback family, because the PDF
# renderer confuses the glyphs of two files that share family, weight and style.
_FONTS = (
    ("source-serif-4-latin-400-normal", "Source Serif 4", 400, "normal"),
    ("source-serif-4-latin-400-italic", "Source Serif 4", 400, "italic"),
    ("source-serif-4-latin-600-normal", "Source Serif 4", 600, "normal"),
    ("source-serif-4-latin-ext-400-normal", "Source Serif Extended", 400, "normal"),
    ("source-sans-3-latin-400-normal", "Source Sans 3", 400, "normal"),
    ("source-sans-3-latin-400-italic", "Source Sans 3", 400, "italic"),
    ("source-sans-3-latin-600-normal", "Source Sans 3", 600, "normal"),
    ("source-sans-3-latin-ext-400-normal", "Source Sans Extended", 400, "normal"),
    ("source-code-pro-latin-400-normal", "Source Code Pro", 400, "normal"),
)


@dataclass(frozen=True, slots=True)
class ClaimSection:
    """A claim with its figures (escaped `<svg>` elements), its sentences, and the measurements in its table."""

    claim: ClaimView
    rows: tuple[MeasurementView, ...]
    figure: Markup
    path: Markup
    narrow_path: Markup
    path_of: str
    narrow: Markup
    about: tuple[str, str]
    common: tuple[str, ...]
    sentences: list[Sentence]


def render(audit: AuditDocument, *, paged: bool) -> str:
    """The page as HTML, for a browser or for the PDF renderer.

    Args:
        audit: The document.
        paged: Whether to render for the PDF: with pages and a table of contents with page numbers, without script.
    """
    digest = hashlib.sha256(to_bytes(audit)).hexdigest()
    shown = clean(audit)
    style = _style(paged=paged)
    script = "" if paged else f"{_read('survey.js')}\n{_read('rows.js')}"
    context = {
        **_context(shown, most=_MOST_ON_PAPER if paged else None),
        "audit_sha256": digest,
        "paged": paged,
        "style": style,
        "script": script,
        "csp": _policy(style, script),
    }
    text = _environment().get_template("report.html.j2").render(context)
    return _tidy(text) + "\n"


def _tidy(text: str) -> str:
    """Remove blank lines."""
    return re.sub(r"\n\s*\n+", "\n", text).strip()


@cache
def _read(name: str) -> str:
    return _tidy((TEMPLATES / name).read_text(encoding="utf-8"))


@cache
def _style(*, paged: bool) -> str:
    faces = []
    for name, family, weight, style in _FONTS:
        data = base64.b64encode((TEMPLATES / "fonts" / f"{name}.woff2").read_bytes()).decode("ascii")
        faces.append(
            f'@font-face{{font-family:"{family}";font-weight:{weight};font-style:{style};font-display:swap;'
            f'src:url("data:font/woff2;base64,{data}") format("woff2")}}'
        )
    sheets = ["base.css", "print.css" if paged else "screen.css"]
    return "\n".join([*faces, *(_read(sheet) for sheet in sheets)])


def _policy(style: str, script: str) -> str:
    """A content security policy that allows only this style sheet and this script."""
    sums = [base64.b64encode(hashlib.sha256(t.encode()).digest()).decode("ascii") for t in (style, script)]
    return (
        f"default-src 'none'; style-src 'sha256-{sums[0]}'; script-src 'sha256-{sums[1]}'; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _environment() -> Environment:
    environment = html_templates()
    environment.filters |= {
        "prose": _prose,
        "isolate": isolated,
        "whole": whole,
        "words": _words,
        "bare_url": _bare_url,
    }
    environment.globals["same"] = _same
    environment.globals["grades"] = vocabulary.GRADES
    return environment


def _prose(value: object) -> Markup:
    """Escape a text of a record; text in backticks becomes code."""
    from markupsafe import Markup, escape

    return Markup(_CODE.sub(r"<code>\1</code>", str(escape("" if value is None else value))))  # noqa: S704  # escaped


def _words(key: object) -> str:
    return str(key).replace("_", " ").replace("-", " ")


def _bare_url(url: object) -> str:
    return str(url).removeprefix("https://").partition("?")[0].rstrip("/")


_CIRCLES = {
    "yes": '<circle cx="6" cy="6" r="4.6" fill="#1f2328"/>',
    "partly": '<circle cx="6" cy="6" r="4" fill="none" stroke="#1f2328" stroke-width="1.2"/>'
    '<path d="M6 2a4 4 0 0 0 0 8z" fill="#1f2328"/>',
    "no": '<circle cx="6" cy="6" r="4" fill="none" stroke="#1f2328" stroke-width="1.2"/>',
    "unknown": '<circle cx="6" cy="6" r="4" fill="none" stroke="#8a9099" stroke-width="1" stroke-dasharray="1.6 1.5"/>',
}


def _same(kind: str) -> Markup:
    """Whether the data are the same, as a circle: full, half, empty or dotted."""
    from markupsafe import Markup

    circle = _CIRCLES.get(kind, _CIRCLES["unknown"])
    size = 'viewBox="0 0 12 12" width="12" height="12"'
    return Markup(f'<svg class="icon same" {size} aria-hidden="true" focusable="false">{circle}</svg>')  # noqa: S704


def _context(audit: AuditDocument, most: int | None) -> dict[str, Any]:
    study = audit.study
    found = claims(audit)
    works = short_names(audit)
    views = [_view(claim, study, works, most) for claim in found]
    listed = None if most is None else {row.anchor for view in views for row in view.rows}
    chapter = survey(audit)
    seen = observed(audit)
    epoch = audit.source_date_epoch
    apart = differences(audit, found, paged=most is not None)
    public = public_tables(audit, found, paged=most is not None)
    there = {
        "differences": apart,
        "findings": seen,
        "identity": audit.identities,
        "literature": audit.literature.works,
        "public-outputs": public,
    }
    empty = {chapter for chapter, content in there.items() if not content}
    tally = [(v, n) for v in vocabulary.VERDICTS.values() if (n := sum(c.verdict.id == v.id for c in found))]
    title = study.title or study.id
    return {
        "audit": audit,
        "study": study,
        "paper": study.paper,
        "title": f"Reproducibility audit: {title}",
        "description": f"Reported values, measurements under every convention, and verdicts: {title}.",
        "generator": f"{audit.project.name} {audit.project.version}".strip(),
        "date": date(epoch),
        "iso_time": moment(epoch).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "claims": views,
        "tally": tally,
        "lede": _lede(found),
        "transcription": _transcription(audit),
        "others": _others(audit),
        "survey": chapter,
        "observed": seen,
        "differences": apart,
        "foreign": note(audit),
        "answers": answers(audit, found, chapter, seen.prompts),
        "convention_groups": _groups(audit, works, listed),
        "chapters": [(k, v) for k, v in CHAPTERS.items() if k not in empty],
        "agreements": [pair for key, pair in vocabulary.AGREEMENTS.items() if key not in vocabulary.UNEXPLAINED],
        "rules": [(vocabulary.VERDICTS[r.verdict], _sentence(r.when)) for r in audit.rules],
        "margins": [(vocabulary.metric_name(k), m.value, m.kind, m.reason) for k, m in sorted(study.margins.items())],
        "identities": audit.identities,
        "public_tables": public,
        "plans": [(plan, plan_sentences(plan)) for plan in audit.plans or ()],
        "inputs": audit.inputs,
        "predictions": _predictions(audit),
        "software": _software(audit.software),
    }


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _lede(found: tuple[ClaimView, ...]) -> str:
    """The outcome in a few sentences; verdicts on recomputed and on recorded values are counted separately."""
    supported = [c for c in found if c.verdict.id in {Verdict.REPRODUCED, Verdict.JUSTIFIED}]
    outcome = (
        f"Of {len(found)} claim{'' if len(found) == 1 else 's'}, {_number(len(supported))} reproduced or justified by a "
        "documented way of counting."
    )
    recomputed = [c for c in found if c.deciding is not None and not c.deciding.recorded]
    recorded = [c for c in found if c.deciding is not None and c.deciding.recorded]
    if not recomputed:
        return f"{outcome} All values were recorded by a reproduction team; no prediction files were available."
    backed = sum(c in supported for c in recomputed)
    was = "verdict rests" if len(recomputed) == 1 else "verdicts rest"
    basis = f"{len(recomputed)} {was} on values computed here from prediction files ({backed} of them supported)"
    if not recorded:
        return f"{outcome} {basis}."
    more = sum(c in supported for c in recorded)
    return f"{outcome} {basis}; {len(recorded)} on values that a reproduction team recorded ({more} supported)."


def _number(count: int) -> str:
    return "none is" if count == 0 else ("one is" if count == 1 else f"{count} are")


def _transcription(audit: AuditDocument) -> str:
    """The source of the reported values, and how many were verified."""
    verified = sum(claim.verified for claim in audit.claims)
    seen = [claim.seen for claim in audit.claims if claim.seen is not None]
    counted = (
        f"{verified} of {len(audit.claims)} were read at the place that the claim names or agree in two independent"
        " transcriptions"
    )
    if seen:
        files = ", ".join(f"SHA-256 {digest[:12]}\u2026" for digest in sorted({place.sha256 for place in seen}))
        return (
            f"{len(seen)} of {len(audit.claims)} reported values were found in the PDF of the paper itself ({files}), in the "
            f"table and row that the claim names; {counted}."
        )
    if audit.study.paper.read:
        return f"The reported values were read from the paper; {counted}."
    return f"The paper\u2019s own text was not available: the reported values come from other sources; {counted}."


def _others(audit: AuditDocument) -> list[tuple[str, list[tuple[str, Claim]]]]:
    """The claims that are printed but not audited, by the model: (model, [(task and metric, claim), ...])."""
    names = vocabulary.task_names(audit)
    found: dict[str, list[tuple[str, Claim]]] = {}
    for claim in audit.others:
        model = audit.study.models[claim.model].name if claim.model is not None else audit.study.model
        what = [names(claim.task), *([claim.subset] if claim.subset else []), vocabulary.metric_name(claim.metric)]
        found.setdefault(model, []).append((", ".join(what), claim))
    return list(found.items())


def _view(claim: ClaimView, study: StudyFacts, works: Mapping[str, str], most: int | None) -> ClaimSection:
    from markupsafe import Markup

    return ClaimSection(
        claim,
        claim.nearest(most),
        Markup(spec_curve.draw(claim)),  # noqa: S704  # the figure escapes its texts
        Markup(sample_path.draw(claim)),  # noqa: S704
        Markup(sample_path.draw(claim, sample_path.NARROW) if most is None else ""),  # noqa: S704
        drawn.label if (drawn := sample_path.subject(claim)) else "",
        # Paper has one width.
        Markup(spec_curve.draw(claim, spec_curve.NARROW) if most is None else ""),  # noqa: S704
        (spec_curve.about(claim), spec_curve.about(claim, spec_curve.NARROW)),
        spec_curve.common(claim),
        justification(claim, study, works),
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    data: Convention
    anchors: tuple[str, ...]
    works: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Group:
    metric: str
    tasks: str
    entries: tuple[_Entry, ...]


def _groups(audit: AuditDocument, works: Mapping[str, str], listed: set[str] | None) -> list[_Group]:
    """Conventions by metric and tasks; a convention shared by several tasks appears once.

    If there are very many, the PDF shows only those in `listed`, whose measurements are in its tables.
    """
    names = vocabulary.task_names(audit)
    same: dict[Convention, list[Convention]] = {}
    for item in audit.conventions:
        same.setdefault(replace(item, task=""), []).append(item)
    grouped: dict[tuple[str, tuple[str, ...]], list[_Entry]] = {}
    every = listed is None or len(same) <= _MOST_CONVENTIONS_ON_PAPER
    for items in same.values():
        first, tasks = items[0], tuple(i.task for i in items)
        entry = _Entry(
            first,
            tuple(convention_anchor(t, first.metric, first.id) for t in tasks),
            tuple((works.get(w, w), f"#{anchor('work', w)}" if w in works else "") for w in first.works),
        )
        if every or listed is None or listed.intersection(entry.anchors):
            grouped.setdefault((first.metric, tasks), []).append(entry)
    return [
        _Group(vocabulary.metric_name(metric), ", ".join(names(t) for t in tasks), tuple(entries))
        for (metric, tasks), entries in grouped.items()
    ]


def _predictions(audit: AuditDocument) -> list[PredictionFile]:
    found = {m.prediction.sha256: m.prediction for m in audit.measurements if m.prediction}
    return sorted(found.values(), key=lambda p: (p.path, p.sha256))


def _software(software: Software) -> list[tuple[str, str]]:
    packages = ", ".join(f"{name} {version}" for name, version in sorted(software.packages.items()))
    return [pair for pair in (("Unicode", software.unicode), ("Packages", packages)) if pair[1]]
