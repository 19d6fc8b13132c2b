"""What an audit says about differences: gaps by step, joint claims, controls, from made rows to the report."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from audit import api
from audit.analysis.differences import Ends, gaps
from audit.document.read import parse_document
from audit.document.write import plain, to_bytes
from audit.errors import InputError
from audit.literature.known_tasks import known_tasks as tasks
from audit.pipeline.run import Audit
from audit.provenance.errors import RejectedError
from audit.provenance.verification.rescore import _same_parts
from audit.report.claim_views import claims as claim_views
from audit.report.differences import differences
from audit.report.editions import Edition
from audit.report.page import render
from audit.schema import AuditDocument
from tasks.analysis.multiverse import universe
from tasks.analysis.points import combination, point_of
from tasks.analysis.specifications import specification
from tasks.row import Row
from tasks.statistics.bootstrap import decimal
from tests.support.made_audit import Made, row
from tests.support.multiverse_rows import rows

CLEAN, OTHER, CONTROL = "asr-librispeech-clean", "asr-librispeech-other", "asr-librispeech-clean@base"
TASK = tasks()[CLEAN]
SPEC = specification(TASK, "wer")


def as_rows(seed: int, number: int = 50) -> list[dict[str, Any]]:
    return [row(r.id, r.hypothesis, r.reference) for r in rows(number, seed)]


def value_of(items: list[dict[str, Any]], convention: str) -> str:
    """The value under a convention, as a paper would print it."""
    exact = api.score(CLEAN, items, conventions=[convention], replicates=0)[convention].exact
    return str(decimal(Fraction(exact or 0), 2))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """Two sets and a control, all of whose values one convention prints."""
    made = Made(tmp_path_factory.mktemp("differences"))
    sets = {CLEAN: as_rows(3), OTHER: as_rows(4), CONTROL: as_rows(5)}
    for task in (CLEAN, OTHER):
        made.no_card(task)
    claims = [
        made.claim(f"{CLEAN}.wer", value_of(sets[CLEAN], "qwen2-audio")),
        made.claim(f"{OTHER}.wer", value_of(sets[OTHER], "qwen2-audio")),
        made.claim(f"{CLEAN}.wer", value_of(sets[CONTROL], "qwen2-audio"), model="base") | {"id": f"{CLEAN}.wer@base"},
    ]
    made.margins["wer"] = "0.001"
    made.write_study(*claims, models={"base": "Base model"})
    for task, items in sets.items():
        made.write_rows(task, items, **({"model": "Base model"} if "@" in task else {}))
    return made.audit()


@pytest.fixture(scope="module")
def document(found: Audit) -> AuditDocument:
    return found.document


def test_every_gap_of_a_claim_is_the_sum_of_its_parts(document: AuditDocument) -> None:
    assert {gap.claim for gap in document.differences} == {c.id for c in document.claims}
    values = {(m.claim, m.convention): m.value for m in document.measurements}
    for gap in document.differences:
        assert sum((Fraction(step.part) for step in gap.steps), Fraction(0)) == gap.gap
        assert float(Fraction(gap.start)) == pytest.approx(float(values[gap.claim, gap.first] or 0), abs=1e-6)
        if gap.printed is None:
            assert float(Fraction(gap.end)) == pytest.approx(float(values[gap.claim, gap.second] or 0), abs=1e-6)
    others = {gap.second for gap in document.differences if gap.claim == f"{CLEAN}.wer" and gap.printed is None}
    computed = {m.convention for m in document.measurements if m.claim == f"{CLEAN}.wer" and m.value is not None}
    (first,) = {gap.first for gap in document.differences if gap.claim == f"{CLEAN}.wer"}
    assert len(others) > 12
    assert others <= computed - {first}


def test_one_convention_agrees_with_all_claims(document: AuditDocument) -> None:
    (joint,) = document.joint
    assert (joint.group, joint.metric) == ("asr", "wer")
    assert set(joint.claims) == {c.id for c in document.claims}
    assert "qwen2-audio" in joint.agreeing
    assert len(joint.agreeing) < joint.tried / 2
    assert Fraction(joint.chance or 1) < Fraction(1, 100)


def test_the_document_is_written_and_read_and_says_nothing_of_differences_without_outputs(
    document: AuditDocument,
) -> None:
    assert parse_document(to_bytes(document), "audit.json") == document
    data = json.loads(to_bytes(document))
    assert data["differences"]
    assert data["joint"]
    empty = replace(document, differences=(), joint=())
    assert not {"differences", "joint"} & plain(empty).keys()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"end": "1/7"}, "parts that do not sum to the gap"),
        ({"start": "a lot"}, "not a number or a fraction"),
        ({"start": "1/0"}, "not a number or a fraction"),
        ({"pairs": [{"first": 0, "second": 99, "amount": "1"}]}, "a step that it does not have"),
    ],
)
def test_a_gap_that_cannot_be_is_refused(document: AuditDocument, change: dict[str, Any], message: str) -> None:
    data = json.loads(to_bytes(document))
    data["differences"][1] |= change
    with pytest.raises(InputError, match=message) as error:
        parse_document(json.dumps(data).encode(), "audit.json")
    assert "differences[1]" in str(error.value)


def test_the_report_shows_them(document: AuditDocument) -> None:
    shown = differences(document, claim_views(document), paged=False)
    assert [g.claim.id for g in shown.gaps] == list(dict.fromkeys(gap.claim for gap in document.differences))
    for g in shown.gaps:
        assert g.printed is not None
        assert all(other.figure for other in g.others)
    (joint,) = shown.joint
    assert joint.rows[0][2] == 3
    assert {row[0] for row in joint.rows if row[2] == 3} == set(document.joint[0].agreeing)
    (control,) = shown.controls
    assert control.model == "Base model"
    assert "qwen2-audio" in {m.label for m in control.agreeing}
    assert "qwen2-audio" in control.both
    assert control.nearest is None
    page = render(document)
    assert "One convention for all claims?" in page
    assert "Controls" in page
    assert page.count('<figure class="waterfall">') == sum(len(g.others) for g in shown.gaps)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    paper = render(document, Edition.REPORT)
    assert "more are in the HTML report" in paper
    assert '<figure class="waterfall">' not in paper


def test_a_control_whose_value_nothing_prints_has_a_nearest_convention(document: AuditDocument) -> None:
    views = claim_views(document)
    off = [
        replace(v, measurements=tuple(replace(m, agreement=type(m.agreement).WORSE) for m in v.measurements))
        for v in views
    ]
    (control,) = differences(document, off, paged=False).controls
    assert control.agreeing == ()
    assert control.nearest is not None
    assert control.both == ()


def test_without_differences_there_is_no_chapter(document: AuditDocument) -> None:
    bare = replace(document, differences=(), joint=(), claims=tuple(c for c in document.claims if c.model is None))
    assert not differences(bare, claim_views(bare), paged=False)
    assert 'id="differences"' not in render(bare)


# A printed value that lies between two conventions


def test_steps_lead_to_a_printed_value_that_no_registered_convention_prints() -> None:
    data = rows(60)
    between = combination(SPEC, ["all", "cmi-wrappers", "verbatim", "words", "mean-of-rows"])
    assert between is not None
    pipelines = SPEC.pipelines()
    values = {o.pipeline.convention.signature: o.value for o in universe(data, pipelines).outcomes()}
    printed = str(decimal(Fraction(values[between.convention.signature] or 0), 2))
    ends = Ends("c", "verbatim", ("cmi-bench", "audiobench"), printed, Fraction(1))
    found = gaps(TASK, "wer", data, [ends], 40)
    assert [gap.second for gap in found] == ["all/cmi-wrappers/verbatim/words/mean-of-rows", "cmi-bench", "audiobench"]
    assert found[0].printed == printed
    assert {step.axes for step in found[0].steps} == {("cleaning",), ("fold",)}
    assert all(step.interval for step in found[0].steps)
    assert Fraction(found[0].end) + Fraction(found[0].residual or 0) == Fraction(printed)
    assert all(step.interval is None for gap in found[1:] for step in gap.steps)
    nothing = gaps(TASK, "wer", data, [replace(ends, printed="1234.5")], 40)
    assert [gap.second for gap in nothing] == ["cmi-bench", "audiobench"]


def test_a_claim_in_another_unit() -> None:
    ends = Ends("c", "verbatim", ("audiobench",), "0.5", Fraction(1, 100), "run-2")
    (gap,) = gaps(TASK, "wer", rows(20), [ends], 0)
    (percent,) = gaps(TASK, "wer", rows(20), [replace(ends, factor=Fraction(1))], 0)
    assert percent.gap == 100 * gap.gap
    assert (gap.claim, gap.run) == ("c", "run-2")


def test_tasks_without_axes_of_their_own_have_no_gaps() -> None:
    task = tasks()["sv-voxceleb1"]
    names = [c.id for c in task.conventions["accuracy"] if c.unavailable() is None]
    assert len(names) > 1
    assert (
        gaps(task, "accuracy", [Row("1", "Yes", "Yes")], [Ends("c", names[0], tuple(names[1:]), "1", Fraction(1))], 0)
        == ()
    )


def test_a_convention_that_cannot_count_these_rows_is_left_out() -> None:
    """Two speakers and one sentence: the rule of `hufs` has no value for this row, other rules have."""
    task = tasks()["osr-librimix"]
    data = [Row("1", "one two. four.</s>", ["one two", "four"]), Row("2", "happy</s>", ["one two", "four"])]
    ends = Ends("c", "cpwer", ("hufs", "cpwer-merge"), "1.0", Fraction(1))
    assert [gap.second for gap in gaps(task, "wer", data, [ends], 0)] == ["cpwer-merge"]
    assert point_of(specification(task, "wer"), task.convention("wer", "hufs")).own is not None


def test_the_same_rows_give_the_same_gaps() -> None:
    data = rows(30)
    ends = [Ends("c", "verbatim", ("audiobench", "hufs"), "50.0", Fraction(1))]
    assert gaps(TASK, "wer", data, ends, 30) == gaps(TASK, "wer", list(reversed(data))[::-1], ends, 30)


def test_gaps_that_do_not_follow_from_the_predictions_are_refused(document: AuditDocument) -> None:
    """What `verify --rescore` compares; an audit of an earlier version has none, and stays valid."""
    _same_parts(document, document)
    _same_parts(replace(document, differences=(), joint=()), document)
    forged = (replace(document.differences[0], first="another"), *document.differences[1:])
    for part, value in (("differences", forged), ("joint", (replace(document.joint[0], agreeing=("hufs",)),))):
        with pytest.raises(RejectedError, match=part):
            _same_parts(replace(document, **{part: value}), document)
