from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.literature.known_tasks import known_tasks
from tasks.judging import fields
from tasks.judging.conventions import CONVENTIONS, JudgedConvention, find, fold, row_counts
from tasks.judging.fields import FieldError
from tasks.judging.parsers import PARSERS
from tasks.judging.verdict import (
    BINARY,
    FAILURES,
    Failure,
    JudgedCounts,
    JudgeVerdict,
    Scale,
    best,
    count,
    graded,
    total,
)
from tasks.registry import families
from tasks.row import Row


def get(task: str, convention: str, metric: str = "accuracy") -> JudgedConvention:
    found = find(known_tasks()[task].family, convention, metric)
    assert found is not None
    return found


def row(**changes: Any) -> Row:
    base: dict[str, Any] = {
        "id": "r1",
        "hypothesis": "It is a lion.</s>",
        "prompt": "Which animal is it?",
        "reference": {
            "question": "Which animal?",
            "answers": ["lion"],
            "candidates": [{"text": "lion", "label": 1}, {"text": "cat", "label": 0}],
        },
    }
    return Row(**{**base, **changes})


FAILED = JudgeVerdict(None, "unparsed")


@pytest.mark.parametrize(
    ("scale", "failure", "expected"),
    [
        (BINARY, "zero", JudgedCounts(0, 1, 1, 0, 1)),
        (BINARY, "wrong", JudgedCounts(0, 1, 1, 0, 1)),
        (BINARY, "excluded", JudgedCounts(0, 0, 0, 1, 1)),
        (Scale(1, 5), "zero", JudgedCounts(0, 5, 1, 0, 1)),
        (Scale(1, 5), "wrong", JudgedCounts(1, 5, 1, 0, 1)),
        (Scale(1, 5), "excluded", JudgedCounts(0, 0, 0, 1, 1)),
        (Scale(0, 5, 1000), "zero", JudgedCounts(0, 5000, 1, 0, 1)),
    ],
)
def test_failure_rules(scale: Scale, failure: Failure, expected: JudgedCounts) -> None:
    assert count(FAILED, scale, failure) == expected


def test_a_rating_with_a_fraction_is_counted_in_thousandths() -> None:
    assert count(JudgeVerdict(Fraction(7, 2)), Scale(0, 5, 1000), "zero") == JudgedCounts(3500, 5000, 1)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([graded(0), graded(1), FAILED])), st.sampled_from(FAILURES))
def test_every_row_is_kept_or_excluded(verdicts: list[JudgeVerdict], failure: Failure) -> None:
    counts = total(count(verdict, BINARY, failure) for verdict in verdicts)
    assert counts.kept + counts.excluded == len(verdicts)
    assert counts.possible == counts.kept
    assert counts.points == sum(verdict.grade == 1 for verdict in verdicts)
    assert counts.failed == sum(verdict.failed for verdict in verdicts)


def test_right_against_any_answer_is_right() -> None:
    assert best([graded(0), FAILED, graded(1)]).grade == 1
    assert best([graded(0), FAILED]).grade == 0
    assert best([FAILED, FAILED]).failed
    assert best([]).status == "error"


def test_a_question_without_a_correct_answer_is_wrong() -> None:
    convention = get("sqqa-wikiqa", "paper-judge")
    assert row_counts(convention, ()) == JudgedCounts(0, 1, 1)


def test_the_score_over_followed_rows_leaves_the_others_out() -> None:
    convention = get("sqqa-wikiqa", "paper-judge")
    assert row_counts(convention, [graded(1)], followed=True) == JudgedCounts(1, 1, 1)
    assert row_counts(convention, [graded(1)], followed=False) == JudgedCounts(excluded=1)


def test_wikiqa_parts() -> None:
    paper, hufs = get("sqqa-wikiqa", "paper-judge"), get("sqqa-wikiqa", "hufs-judge")
    assert [part.values for part in paper.parts(row(), "")] == [
        {"question": "Which animal?", "answer": "lion", "output": "It is a lion."}
    ]
    assert [part.values["answer"] for part in hufs.parts(row(), "")] == ["lion", "cat"]
    plain = row(reference={"question": "q", "answers": ["a", "b"], "candidates": ["a", "b", {"text": "c"}]})
    assert [part.values["answer"] for part in paper.parts(plain, "")] == ["a", "b"]
    assert [part.values["answer"] for part in hufs.parts(plain, "")] == ["a", "b", "c"]


def test_slots_are_compared_in_lower_case() -> None:
    found = get("sf-slurp", "hufs-judge").parts(
        row(hypothesis="Seven PM</s>", reference={"slot": "Time", "value": "7 PM", "transcript": "x"}), ""
    )
    assert [part.values for part in found] == [{"slot": "time", "value": "7 pm", "output": "seven pm"}]


def test_jasco_counts_the_best_prompt_of_a_clip() -> None:
    convention = get("sac-inhouse", "jasco-judge")
    rows = [
        (row(id=name, reference={"clip": clip}), [verdict])
        for name, clip, verdict in [
            ("1", "a", graded(0)),
            ("2", "a", graded(2)),
            ("3", "a", FAILED),
            ("4", "b", graded(1)),
            ("5", "c", FAILED),
        ]
    ]
    assert fold(convention, rows) == JudgedCounts(3, 6, 3, 0, 2)
    assert fold(convention, rows, failure="excluded") == JudgedCounts(3, 4, 2, 1, 2)


def choice(**changes: Any) -> Row:
    return row(reference={"choices": ["cat", "lion", "dog", "cow"], "answer": "lion"}, **changes)


def test_air_bench_letters_follow_the_shown_order() -> None:
    convention = get("sakura-animal-single", "air-bench-align")
    assert convention.parts(choice(), "")[0].values["options"] == "A. cat\nB. lion\nC. dog\nD. cow"
    assert convention.parts(choice(), "swapped")[0].values["options"] == "A. cow\nB. dog\nC. lion\nD. cat"
    assert convention.read(choice(), "B").grade == 1
    assert convention.read(choice(), "C").grade == 0
    assert convention.read(choice(), "C", variant="swapped").grade == 1
    assert convention.read(choice(), "lion").failed
    assert convention.failure == "excluded"


@pytest.mark.parametrize(
    ("output", "named"), [("(B)", True), ("a LION!", True), ("a tiger", False), ("A", True), ("E", False)]
)
def test_outputs_that_leave_the_judge_to_chance(output: str, named: bool) -> None:
    assert fields.names_an_option(choice(hypothesis=output)) is named


def test_options_keep_to_their_lines() -> None:
    odd = row(reference={"choices": ["a\nB. b", "lion"], "answer": "lion"})
    assert fields.multiple_choice(odd)[0].values["options"] == "A. a B. b\nB. lion"


def test_sakura_takes_the_prompt_as_question() -> None:
    found = get("sakura-emotion-multi", "sakura-judge").parts(row(reference="(b) lion"), "")
    assert found[0].values == {
        "question": "Which animal is it?",
        "reference": "(b) lion",
        "output": "It is a lion.",
    }


def test_padding_changes_nothing_but_the_length() -> None:
    plain, padded = (fields.output(row(), variant) for variant in ("", "padded"))
    assert padded.startswith(plain)
    assert len(padded.split()) > len(plain.split()) + 20


@pytest.mark.parametrize(
    ("raw", "clean"),
    [("<s> a</s>", "a"), ("a </s></s>", "a"), ("a</s> b", "a</s> b"), ("  a ", "a"), ("</s>", ""), ("", "")],
)
def test_start_and_end_tokens_are_no_part_of_the_output(raw: str, clean: str) -> None:
    assert fields.output(row(hypothesis=raw)) == clean


@pytest.mark.parametrize(
    ("task", "convention", "changes", "field"),
    [
        ("sqqa-wikiqa", "paper-judge", {"reference": "x"}, "reference"),
        ("sqqa-wikiqa", "paper-judge", {"reference": {"answers": []}}, "reference.question"),
        ("sqqa-wikiqa", "paper-judge", {"reference": {"question": "q", "answers": "a"}}, "reference.answers"),
        (
            "sqqa-wikiqa",
            "paper-judge",
            {"reference": {"question": "q", "answers": [{"text": "a"}]}},
            "reference.answers",
        ),
        ("sqqa-wikiqa", "paper-judge", {"hypothesis": None}, "hypothesis"),
        ("sf-slurp", "hufs-judge", {"reference": {"slot": "s"}}, "reference.value"),
        ("sf-slurp", "llaso-judge", {"reference": {"value": "s"}, "prompt": " "}, "prompt"),
        ("sac-inhouse", "paper-judge", {"reference": {"question": "q"}}, "reference.audio"),
        ("sac-inhouse", "jasco-judge", {"reference": {}}, "reference.audio_sound"),
        ("sakura-gender-multi", "sakura-judge", {"reference": {}}, "reference.answer"),
        (
            "sakura-gender-multi",
            "air-bench-align",
            {"reference": {"choices": ["a"], "answer": "a"}},
            "extra.choices",
        ),
        (
            "sakura-gender-multi",
            "air-bench-align",
            {"reference": {"choices": [*"abcde"], "answer": "a"}},
            "extra.choices",
        ),
        (
            "sakura-gender-multi",
            "air-bench-align",
            {"reference": {"choices": ["a", "b"], "answer": "c"}},
            "extra.choices",
        ),
    ],
)
def test_a_missing_field_is_named(task: str, convention: str, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(FieldError) as caught:
        get(task, convention).parts(row(**changes), "")
    assert caught.value.field == field
    assert caught.value.row == "r1"


def test_conventions_are_complete_and_unique() -> None:
    seen = set()
    for convention in CONVENTIONS:
        assert convention.parser in PARSERS
        assert convention.failure in FAILURES
        assert convention.source
        assert convention.family in families()
        key = (convention.family, convention.metric, convention.id)
        assert key not in seen
        seen.add(key)
    assert find("asr", "paper-judge") is None
