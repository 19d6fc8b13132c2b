"""What the templates of an edition know: the views of audit.json, joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from audit.facts import Claim, StudyFacts
from audit.report import vocabulary
from audit.report.answers import ShortAnswer
from audit.report.changes import Change
from audit.report.editions import Edition
from audit.report.figures import sample_path, spec_curve
from audit.report.foreign_text import note
from audit.report.language import current, marked, tr, trn
from audit.report.linked_data import review
from audit.report.markup import Sentence
from audit.report.numbers import date, moment, part_of, whole
from audit.report.samples import plan_sentences
from audit.report.sentences import justification
from audit.report.shared_views import shared_views
from audit.report.tables import MeasurementTable, measurement_table
from audit.report.views import ClaimView, anchor, convention_anchor
from audit.schema import AuditDocument, Convention, PredictionFile, Software, Verdict

if TYPE_CHECKING:
    from markupsafe import Markup

# A PDF is read from cover to cover, and layout takes time. Beyond these numbers, the report shows only the nearest
# measurements of a claim, and the annex more of them, with only the conventions of those shown. The HTML shows all.
_MOST: Mapping[Edition, int] = {Edition.REPORT: 12, Edition.ANNEX: 50}
_MOST_CONVENTIONS_ON_PAPER = 500
# Characters of a column on the one page.
_MOST_BESIDE = 3_600
# Characters of the sentences on a slide.
_ON_A_SLIDE = 420
CHAPTERS = {
    "summary": marked("Summary"),
    "reading": marked("How to read this report"),
    "questions": marked("Five questions"),
    "claims": marked("Claim by claim"),
    "differences": marked("Why the numbers differ"),
    "identity": marked("Identity of the rows"),
    "literature": marked("What others did"),
    "public-outputs": marked("What others’ outputs give"),
    "findings": marked("Other findings"),
    "matrix-of-works": marked("Works by task"),
    "records": marked("Records of works"),
    "measurements": marked("All measurements"),
    "conventions": marked("Conventions"),
    "method": marked("Method"),
    "provenance": marked("Provenance"),
    "inputs": marked("Inputs"),
}
# The chapters of an edition, in this order; those without content are left out.
_CHAPTERS_OF: Mapping[Edition, tuple[str, ...]] = {
    Edition.ANSWERS: ("summary",),
    Edition.HTML: (
        "summary", "questions", "claims", "differences", "identity", "literature", "public-outputs", "findings", "conventions",
        "method", "provenance",
    ),
    Edition.REPORT: (
        "summary", "reading", "claims", "differences", "identity", "findings", "literature", "provenance",
    ),
    Edition.ANNEX: (
        "questions", "measurements", "public-outputs", "matrix-of-works", "records", "conventions", "method", "inputs",
    ),
    Edition.SLIDES: (),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClaimSection:
    """A claim with its figures (escaped `<svg>` elements), its sentences, and its table.

    `beside`: on paper, the figures stand beside the text.
    """

    claim: ClaimView
    table: MeasurementTable
    beside: bool
    figure: Markup
    path: Markup
    narrow_path: Markup
    path_of: str
    narrow: Markup
    about: tuple[str, str]
    common: tuple[str, ...]
    sentences: list[Sentence]


def context(audit: AuditDocument, edition: Edition) -> dict[str, Any]:
    """The names that the templates of an edition use.

    Args:
        audit: The document, with every text printable (`audit.report.numbers.clean`).
        edition: The edition.
    """
    study = audit.study
    paged = edition.paged
    shared = shared_views(audit, paged, current())
    found, works, chapter, seen = shared.found, shared.works, shared.chapter, shared.seen
    apart, public = shared.apart, shared.public
    most = _MOST.get(edition)
    slides = edition is Edition.SLIDES
    views = [] if edition is Edition.ANSWERS else [
        _slide(claim, study, works) if slides else _view(claim, study, works, most, paged=paged) for claim in found
    ]  # fmt: skip
    listed = {row.measurement.anchor for view in views for row in view.table.rows} if edition is Edition.ANNEX else None
    epoch = audit.source_date_epoch
    more = [view for view in views if len(view.claim.measurements) > _MOST[Edition.REPORT]]
    there = {
        "differences": apart,
        "findings": seen,
        "identity": audit.identities,
        "literature": audit.literature.works,
        "records": audit.literature.works,
        "matrix-of-works": audit.literature.works,
        "measurements": more,
        "public-outputs": public,
    }
    empty = {chapter for chapter, content in there.items() if not content}
    tally = [(v, n) for v in vocabulary.verdicts().values() if (n := sum(c.verdict.id == v.id for c in found))]
    title = study.title or study.id
    lede = _lede(found)
    return {
        "audit": audit,
        "edition": edition.value,
        "paged": paged,
        "study": study,
        "paper": study.paper,
        "title": (
            tr("Annex to the reproducibility audit: {study}", study=title)
            if edition is Edition.ANNEX
            else tr("Reproducibility audit: {study}", study=title)
        ),
        "description": tr("Reported values, measurements under every convention, and verdicts: {study}.", study=title),
        "generator": f"{audit.project.name} {audit.project.version}".strip(),
        "date": date(epoch),
        "iso_time": moment(epoch).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "found": found,
        "claims": views,
        "more": more,
        "tally": tally,
        "lede": lede,
        "linked_data": "" if paged else review(audit, found, tr("Reproducibility audit: {study}", study=title), lede),
        "transcription": _transcription(audit),
        "others": _others(audit),
        "survey": chapter,
        "observed": seen,
        "differences": apart,
        "foreign": note(audit),
        "answers": shared.answered,
        "short": shared.short,
        "changes": shared.needed,
        "side_by_side": _fits_beside(shared.short, shared.needed),
        "convention_groups": _groups(audit, works, listed),
        "chapters": [(name, tr(CHAPTERS[name])) for name in _CHAPTERS_OF[edition] if name not in empty],
        "agreements": [pair for key, pair in vocabulary.agreements().items() if key not in vocabulary.UNEXPLAINED],
        "rules": [(vocabulary.verdicts()[r.verdict], _sentence(r.when)) for r in audit.rules],
        "margins": [(vocabulary.metric_name(k), m.value, m.kind, m.reason) for k, m in sorted(study.margins.items())],
        "identities": audit.identities,
        "public_tables": public,
        "plans": [(plan, plan_sentences(plan)) for plan in audit.plans or ()],
        "inputs": audit.inputs,
        "predictions": _predictions(audit),
        "software": _software(audit.software),
    }


def _fits_beside(short: Sequence[ShortAnswer], needed: Sequence[Change]) -> bool:
    """Whether answers and needs are short enough to stand side by side on one page."""
    answered = sum(len(text) for answer in short for text in answer.sentences)
    changed = sum(len(change.what) + sum(len(c.short) + len(text) for c, text in change.claims) for change in needed)
    return max(answered, changed) < _MOST_BESIDE


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _lede(found: tuple[ClaimView, ...]) -> str:
    """The outcome in a few sentences; verdicts on recomputed and on recorded values are counted separately."""
    supported = [c for c in found if c.verdict.id in {Verdict.REPRODUCED, Verdict.JUSTIFIED}]
    recomputed = [c for c in found if c.deciding is not None and not c.deciding.recorded]
    recorded = [c for c in found if c.deciding is not None and c.deciding.recorded]
    said = [_outcome(len(found), len(supported))]
    if not recomputed:
        said.append(tr("All values were recorded by a reproduction team; no prediction files were available."))
        return " ".join(said)
    there = {
        "n": whole(len(recomputed)),
        "backed": whole(sum(c in supported for c in recomputed)),
        "recorded": whole(len(recorded)),
        "supported": whole(sum(c in supported for c in recorded)),
    }
    if recorded:
        said.append(
            trn(
                "{n} verdict rests on values computed here from prediction files ({backed} of them supported); "
                "{recorded} on values that a reproduction team recorded ({supported} supported).",
                "{n} verdicts rest on values computed here from prediction files ({backed} of them supported); "
                "{recorded} on values that a reproduction team recorded ({supported} supported).",
                len(recomputed),
                **there,
            )
        )
    else:
        said.append(
            trn(
                "{n} verdict rests on values computed here from prediction files ({backed} of them supported).",
                "{n} verdicts rest on values computed here from prediction files ({backed} of them supported).",
                len(recomputed),
                **there,
            )
        )
    return " ".join(said)


def _outcome(claims: int, supported: int) -> str:
    """How many claims are supported; the plural form is that of all claims."""
    if supported == 0:
        return trn(
            "Of {n} claim, none is reproduced or justified by a documented way of counting.",
            "Of {n} claims, none is reproduced or justified by a documented way of counting.",
            claims,
            n=whole(claims),
        )
    if supported == 1:
        return trn(
            "Of {n} claim, one is reproduced or justified by a documented way of counting.",
            "Of {n} claims, one is reproduced or justified by a documented way of counting.",
            claims,
            n=whole(claims),
        )
    return tr(
        "Of {n} claims, {supported} are reproduced or justified by a documented way of counting.",
        n=whole(claims),
        supported=whole(supported),
    )


def _transcription(audit: AuditDocument) -> str:
    """The source of the reported values, and how many were verified."""
    verified = sum(claim.verified for claim in audit.claims)
    seen = [claim.seen for claim in audit.claims if claim.seen is not None]
    counted = part_of(verified, len(audit.claims))
    if seen:
        return tr(
            "{seen} reported values were found in the PDF of the paper itself ({files}), in the table and row that "
            "the claim names; {verified} were read at the place that the claim names or agree in two independent "
            "transcriptions.",
            seen=part_of(len(seen), len(audit.claims)),
            files=", ".join(f"SHA-256 {digest[:12]}\u2026" for digest in sorted({place.sha256 for place in seen})),
            verified=counted,
        )
    if audit.study.paper.read:
        return tr(
            "The reported values were read from the paper; {verified} were read at the place that the claim names or "
            "agree in two independent transcriptions.",
            verified=counted,
        )
    return tr(
        "The paper\u2019s own text was not available: the reported values come from other sources; {verified} were "
        "read at the place that the claim names or agree in two independent transcriptions.",
        verified=counted,
    )


def _others(audit: AuditDocument) -> list[tuple[str, list[tuple[str, Claim]]]]:
    """The claims that are printed but not audited, by the model: (model, [(task and metric, claim), ...])."""
    names = vocabulary.task_names(audit)
    found: dict[str, list[tuple[str, Claim]]] = {}
    for claim in audit.others:
        model = audit.study.models[claim.model].name if claim.model is not None else audit.study.model
        what = [names(claim.task), *([claim.subset] if claim.subset else []), vocabulary.metric_name(claim.metric)]
        found.setdefault(model, []).append((", ".join(what), claim))
    return list(found.items())


def _view(
    claim: ClaimView, study: StudyFacts, works: Mapping[str, str], most: int | None, *, paged: bool
) -> ClaimSection:
    from markupsafe import Markup

    # Paper has one width: small figures stand beside the text, large ones below it.
    beside = paged and len(claim.measurements) <= spec_curve.BESIDE.most
    curve, path = (spec_curve.BESIDE, sample_path.NARROW) if beside else (spec_curve.WIDE, sample_path.WIDE)
    return ClaimSection(
        claim,
        measurement_table(claim, claim.nearest(most)),
        beside,
        Markup(spec_curve.draw(claim, curve)),  # noqa: S704  # the figure escapes its texts
        Markup(sample_path.draw(claim, path)),  # noqa: S704
        Markup("" if paged else sample_path.draw(claim, sample_path.NARROW)),  # noqa: S704
        drawn.label if (drawn := sample_path.subject(claim)) else "",
        Markup("" if paged else spec_curve.draw(claim, spec_curve.NARROW)),  # noqa: S704
        (spec_curve.about(claim, curve), spec_curve.about(claim, spec_curve.NARROW)),
        spec_curve.common(claim),
        justification(claim, study, works),
    )


def _slide(claim: ClaimView, study: StudyFacts, works: Mapping[str, str]) -> ClaimSection:
    """A claim for a talk: one figure, and as many of its sentences as one can read from the last row."""
    from markupsafe import Markup

    sentences: list[Sentence] = []
    room = _ON_A_SLIDE
    for one in justification(claim, study, works):
        room -= sum(len(part.text) for part in one)
        if sentences and room < 0:
            break
        sentences.append(one)
    return ClaimSection(
        claim=claim,
        table=measurement_table(claim, ()),
        beside=True,
        figure=Markup(spec_curve.draw(claim, spec_curve.SLIDE)),  # noqa: S704  # the figure escapes its texts
        path=Markup(""),
        narrow_path=Markup(""),
        path_of="",
        narrow=Markup(""),
        about=(spec_curve.about(claim, spec_curve.SLIDE), ""),
        common=(),
        sentences=sentences,
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
    return [pair for pair in (("Unicode", software.unicode), (tr("Packages"), packages)) if pair[1]]
