"""What the report says and draws of planned samples."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from audit.report.claim_views import claims
from audit.report.figures import sample_path
from audit.report.page import render
from audit.report.samples import bounds_in_words, plan_sentences, risk_in_words, sample_sentences
from audit.schema import AuditDocument, PlannedRun, Sample, SamplePoint, Verdict
from tests.support.planned import CLAIM, TASK, follow, planned, prepare, sentences

ROWS = sentences()


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> AuditDocument:
    made = prepare(tmp_path_factory.mktemp("sample"), ROWS, "2.1")
    follow(made, ROWS, planned(made, ROWS), 60)
    return made.audit().document


@pytest.mark.parametrize(
    ("risk", "words"), [("1/40", "2.5 %"), ("0.05", "5 %"), ("1/420", "0.24 %"), ("1/20", "5 %"), ("1/3", "33 %")]
)
def test_a_risk_in_percent(risk: str, words: str) -> None:
    assert risk_in_words(risk) == words


def sample(low: str | None, high: str | None) -> Sample:
    return Sample("p", 10, 100, "1/20", "0.05", exact=True, registered=True, low=low, high=high)


def test_bounds_in_words() -> None:
    assert bounds_in_words(sample("1.234567", "2.5"), 2) == "1.23 to 2.5"
    assert bounds_in_words(sample("1.2", None), 1) == "at least 1.2"
    assert bounds_in_words(sample(None, "1.2"), 1) == "at most 1.2"
    assert bounds_in_words(sample(None, None), 1) == "none"


def said(document: AuditDocument) -> str:
    (view,) = [c for c in claims(document) if c.id == CLAIM]
    return " ".join("".join(part if isinstance(part, str) else part.text for part in s) for s in sample_sentences(view))


def changed(document: AuditDocument, verdict: Verdict | None = None, **changes: object) -> AuditDocument:
    """The document with other samples, and another verdict."""
    measured = tuple(
        m if m.sample is None else replace(m, sample=replace(m.sample, **changes))  # type: ignore[arg-type]
        for m in document.measurements
    )
    verdicts = tuple(replace(v, verdict=verdict or v.verdict) for v in document.verdicts)
    return replace(document, measurements=measured, verdicts=verdicts)


def test_the_verdict_names_the_risk_and_the_bounds(document: AuditDocument) -> None:
    text = said(document)
    assert "60 of 200 units were scored in the random order of a plan" in text
    assert "whenever one stops, is at most 2.5 %" in text
    assert "assumes that no output has more than 40 words, which the run's meta file does not show." in text
    assert "not registered" not in text
    assert "about the conventions that the plan counts: audiobench, verbatim." in text


def test_what_a_sample_cannot_do_is_said(document: AuditDocument) -> None:
    agreeing = changed(document, Verdict.JUSTIFIED)
    assert "The plan was not registered, so the verdict is at most justified." in said(agreeing)
    assert "they never suffice for the verdict reproduced" in said(changed(document, exact=False))
    assert "is about 2.5 %" in said(changed(document, exact=False))
    assert "so only the worst case counts: too long." in said(changed(document, problem="too long"))
    assert "risk is above 5 %" in said(changed(document, Verdict.JUSTIFIED, whole_risk="0.1"))
    assert "allows no more tokens" in said(changed(document, capped=True))


def test_without_a_plan_nothing_is_said(document: AuditDocument) -> None:
    plain = replace(document, measurements=tuple(replace(m, sample=None) for m in document.measurements), plans=None)
    assert said(plain) == ""
    page = render(plain)
    assert "Sampling plans" not in page
    assert "bounds over the units" not in page


@pytest.mark.parametrize("shape", [sample_path.WIDE, sample_path.NARROW])
def test_the_path_is_drawn_over_the_units(document: AuditDocument, shape: sample_path.Shape) -> None:
    (view,) = [c for c in claims(document) if c.id == CLAIM]
    drawn = sample_path.draw(view, shape)
    assert drawn == sample_path.draw(view, shape)
    root = ET.fromstring(drawn)
    described = root.find("{http://www.w3.org/2000/svg}desc")
    assert described is not None
    assert "after 1 to 60 of 200 units; the reported value is 2.1" in (described.text or "")
    assert not re.search(r"nan|inf", drawn, re.IGNORECASE)
    for path in root.iter("{http://www.w3.org/2000/svg}path"):
        numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*", path.get("d") or "")]
        assert all(-1 <= n <= shape.width for n in numbers)


def test_a_path_without_an_upper_bound_is_drawn_to_the_edge(document: AuditDocument) -> None:
    open_ended = changed(document, high=None, path=(SamplePoint(1, "0", None), SamplePoint(60, "44", None)))
    (view,) = [c for c in claims(open_ended) if c.id == CLAIM]
    for shape in (sample_path.WIDE, sample_path.NARROW):
        root = ET.fromstring(sample_path.draw(view, shape))
        arrows = [p for p in root.iter("{http://www.w3.org/2000/svg}path") if (p.get("d") or "").endswith("z")][1:]
        assert arrows, "bounds beyond the frame are marked"


def test_a_plan_says_what_is_proved() -> None:
    run = PlannedRun(TASK, "p", "0" * 64, "r", "outputs", 200, 60, 1, "0.05", "drawn", "2026-11-29T12:00:00Z")
    text = " ".join(plan_sentences(run))
    assert "that several orders were drawn, and one chosen, cannot be excluded" in text
    assert "nothing shows that it is older than the run" in text
    public = replace(run, seed="public", source="the block", published="2026-12-02", registered="ab" * 32, strata=4)
    text = " ".join(plan_sentences(public))
    assert "published 2026-12-02 by the auditor's word" in text
    assert "rests on the signer's word" in text
    assert "4 strata" in text
    assert "which `repro-audit verify` checks" in " ".join(plan_sentences(replace(public, stamped=True)))


def test_the_report_of_a_departure_says_so(document: AuditDocument) -> None:
    (one,) = document.plans or ()
    page = render(replace(document, plans=(replace(one, departures=("units were dropped",)),)))
    assert "<b>not followed</b>" in page
    assert "units were dropped" in page
    assert "<b>followed</b>" in render(document)
