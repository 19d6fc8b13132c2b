"""Grades: step by step, for one study, from evidence that can be opened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from audit.literature.grades import Grading, Support, grade_of, grades, known_conventions
from audit.literature.works import Entry, Evidence, Relation, Work, load_works

KEY = ("er-iemocap", "accuracy", "fairmllm")
KNOWN = {KEY[:2]: frozenset({KEY[2]})}
CODE = Evidence("code", verified=True, repo="owner/name", commit="a" * 40, path="score.py", lines="1-9", steps=("all",))
TEXT = Evidence("text", verified=True, section="4.2", steps=("all",))
ENTRY = Entry(("er-iemocap",), ("accuracy",), "accuracy", "IEMOCAP", None, "yes", "", "independent", "evaluated", None,
              ("fairmllm",), None, (CODE,), ())  # fmt: skip


@pytest.fixture(scope="module")
def works() -> tuple[Work, ...]:
    return load_works()


def graded(works: tuple[Work, ...], *entries: Entry, study: str = "salmonn") -> Grading:
    work = replace(works[0], id="made-up", tasks=entries)
    return grades([work], KNOWN, study)[KEY]


@pytest.mark.parametrize(
    ("relation", "here", "elsewhere"),
    [
        ("audited", "A", "C"),
        ("cited-metric-source", "B", "C"),
        ("independent", "C", "C"),
        ("reproduction-team", "E", "E"),
        ("audit", "E", "E"),
    ],
)
def test_a_and_b_hold_for_the_study_of_that_paper_alone(relation: Relation, here: str, elsewhere: str) -> None:
    entry = replace(ENTRY, relation=relation)
    assert grade_of(entry, CODE, "salmonn") == here
    assert grade_of(entry, CODE, "another") == elsewhere
    assert grade_of(replace(entry, study="another"), CODE, "another") == here
    text = {"C": "D"}
    assert grade_of(entry, TEXT, "another") == text.get(elsewhere, elsewhere)


def test_no_study_without_records_of_its_own_has_a_grade_a_or_b(works: tuple[Work, ...]) -> None:
    """Whatever is recorded for SALMONN: a study of another paper never gets A or B from it, for any step."""
    own = grades(works, known_conventions(), "salmonn")
    other = grades(works, known_conventions(), "a-study-of-another-paper")
    assert own.keys() == other.keys()
    for key, grading in other.items():
        assert grading.grade in "CDE", key
        for axis in (*grading.axes, "selection", "references"):
            assert grading.of_step(axis)[0] in "CDE", (key, axis)
            assert grading.of_step(axis)[0] >= own[key].of_step(axis)[0] or own[key].of_step(axis)[0] in "CDE"
    assert any(grading.grade in "AB" for grading in own.values())


def test_a_record_of_another_study_lends_salmonn_nothing_but_an_independent_use(works: tuple[Work, ...]) -> None:
    entry = replace(ENTRY, relation="audited", study="sakura")
    assert graded(works, entry).grade == "C"
    assert graded(works, entry, study="sakura").grade == "A"


@pytest.mark.parametrize(
    "evidence",
    [
        replace(CODE, repo=None),
        replace(CODE, commit=None),
        replace(CODE, path=None),
        replace(CODE, lines=None),
        replace(CODE, verified=False),
        replace(CODE, kind="none"),
        replace(TEXT, verified=False),
    ],
)
def test_evidence_that_nobody_can_open_is_e_whoever_it_is_of(works: tuple[Work, ...], evidence: Evidence) -> None:
    for relation in ("audited", "cited-metric-source", "independent"):
        entry = replace(ENTRY, relation=relation, evidence=(evidence,))  # type: ignore[arg-type]
        assert grade_of(entry, evidence) == "E"
        assert graded(works, entry).grade == "E"
        assert graded(works, entry).of_step("answer") == ("E", None)


def test_evidence_lifts_the_steps_it_names_and_no_other(works: tuple[Work, ...]) -> None:
    """The cited source fixes the classes; that the match is exact and keeps case is somebody's choice."""
    entry = replace(ENTRY, relation="cited-metric-source", evidence=(replace(CODE, steps=("answer",)),))
    found = graded(works, entry)
    assert found.axes == ("cleaning", "case", "punctuation", "answer")
    assert found.of_step("answer") == ("B", "made-up")
    assert [found.of_step(axis) for axis in ("cleaning", "case", "punctuation")] == [("E", None)] * 3
    assert found.grade == "E"


def test_a_convention_is_as_good_as_its_worst_step_and_a_step_as_its_best_evidence(works: tuple[Work, ...]) -> None:
    source = replace(ENTRY, relation="cited-metric-source", evidence=(replace(CODE, steps=("answer", "cleaning")),))
    code = replace(ENTRY, evidence=(replace(CODE, steps=("case", "cleaning")),))
    text = replace(ENTRY, evidence=(replace(TEXT, steps=("punctuation", "case")),))
    found = graded(works, source, code, text)
    assert [found.of_step(axis)[0] for axis in found.axes] == ["B", "C", "D", "B"]
    assert found.grade == "D"
    assert graded(works, source, code).grade == "E"


def test_evidence_without_steps_supports_none(works: tuple[Work, ...]) -> None:
    assert graded(works, replace(ENTRY, relation="audited", evidence=(replace(CODE, steps=()),))).grade == "E"
    assert graded(works, replace(ENTRY, evidence=())).grade == "E"


def test_all_supports_every_step(works: tuple[Work, ...]) -> None:
    found = graded(works, replace(ENTRY, relation="audited"))
    assert found.grade == "A"
    assert {found.of_step(axis)[0] for axis in (*found.axes, "selection")} == {"A"}


def test_the_order_of_evidence_does_not_matter() -> None:
    support = [Support("b", 0, "C", CODE), Support("a", 1, "D", TEXT), Support("c", 0, "E", None)]
    for order in (support, support[::-1], [support[1], support[2], support[0]]):
        grading = Grading(("answer",), tuple(order))
        assert (grading.grade, grading.of_step("answer")) == ("C", ("C", "b"))
    assert Grading((), tuple(support)).grade == "E"


def test_every_convention_is_graded_by_axes_of_its_own_multiverse(works: tuple[Work, ...]) -> None:
    found = grades(works, known_conventions())
    assert {key[:2] for key in found} == set(known_conventions())
    assert all(grading.axes and "selection" not in grading.axes for grading in found.values())
    assert found["st-en-zh", "bleu", "covost2"].axes == ("cleaning", "normaliser", "tokenizer", "fold")
    assert found["sv-voxceleb1", "accuracy", "hufs"].axes == ("convention",)


def test_steps_of_the_records_are_steps_of_some_multiverse(works: tuple[Work, ...], tmp_path: Path) -> None:
    """A typing error in `steps` would support nothing in silence."""
    axes = {axis for grading in grades(works, known_conventions()).values() for axis in grading.axes}
    named = {step for work in works for entry in work.tasks for e in entry.evidence for step in e.steps}
    assert named - axes <= {"all", "selection", "references"}
