"""The five questions: every answer is drawn from the document, and a question without data says so."""

from __future__ import annotations

import copy
import re
from typing import Any

from audit.report.answers import Answers, answers
from audit.report.claim_views import claims
from audit.report.findings import observed
from audit.report.page import render
from audit.report.survey import survey
from audit.schema import Verdict
from tests.support.example_audit import build, document

QUESTIONS = (
    "Which convention explains each number?",
    "Who drops what?",
    "Is the team’s value legitimate?",
    "How much do prompts move it?",
    "How much does batching move it?",
)


def answered(value: dict[str, Any]) -> Answers:
    audit = document(value)
    return answers(audit, claims(audit), survey(audit), observed(audit).prompts)


def test_the_questions_come_in_order_before_the_claims(page: str) -> None:
    places = [page.index(f"<h3>{n}. {text}</h3>") for n, text in enumerate(QUESTIONS, 1)]
    assert places == sorted(places)
    assert page.index('id="summary"') < page.index('id="answers"') < places[0] < page.index('id="claims"')


def test_what_teams_found_is_shown_under_its_question_with_its_source() -> None:
    page = render(document(build(hostile=False)))
    chapter = page[page.index('id="answers"') : page.index('id="claims"')]
    for about, after in (("prompts", QUESTIONS[3]), ("batching", QUESTIONS[4]), ("references", "Further remarks")):
        assert f"Seen {about}." in chapter[chapter.index(after) :]
    assert chapter.count("Recorded by <code>team</code>: a slide") == 4


def test_only_valid_measurements_explain_a_number(audit: dict[str, Any]) -> None:
    found = answered(audit).explained
    assert len(found) == len(audit["claims"])
    assert any(e.agreeing for e in found)
    for e in found:
        assert all(m.agrees and not m.invalid and m.value for m in e.agreeing)
        assert e.nearest is None or (not e.agreeing and not e.nearest.invalid)
        assert e.more == max(sum(m.agrees for m in e.claim.measurements if m.value) - 4, 0)
        gaps = [m.gap(e.claim.reported) for m in e.claim.measurements if m.value and not m.invalid and not m.partial]
        assert e.nearest is None or e.nearest.partial or e.nearest.gap(e.claim.reported) == min(gaps)


def test_works_that_drop_come_first_and_share_a_line_for_one_rule(audit: dict[str, Any]) -> None:
    found = answered(audit).works
    assert [(d.who, d.outcome, d.rows) for d in found] == [("Alpha", "dropped", "990 of 1,000"), ("Beta", "kept", "")]
    assert all(d.rule == "Empty outputs leave the score." and d.evidence[0][0].startswith("a/b@") for d in found)
    assert [d.evidence[0][2] for d in found] == [True, False]

    value = copy.deepcopy(audit)
    entries = value["literature"]["works"][0]["entries"]
    entries.append({**entries[0], "tasks": ["er-iemocap"]})
    assert [d.tasks for d in answered(value).works if d.who == "Alpha"] == ["ST En\u2013Zh, ST En\u2013Ja, ER"]


def test_evidence_for_the_selection_of_rows_leads(audit: dict[str, Any]) -> None:
    value = copy.deepcopy(audit)
    entry = value["literature"]["works"][0]["entries"][0]
    entry["evidence"].append(
        {**entry["evidence"][0], "text": "a/b@00000000, drop.py, opened by me", "steps": ["selection"]}
    )
    line = answered(value).works[0]
    assert (line.evidence[0][0], line.more) == ("a/b@00000000, drop.py", 1)


def test_the_team_s_lines_are_recorded_values_whose_units_were_dropped(audit: dict[str, Any]) -> None:
    value = copy.deepcopy(audit)
    for m in value["measurements"]:
        if m["origin"] == "recorded" and m["rows"]:
            m["rows"]["skipped"] = []
    assert answered(value).team == ()
    for m in value["measurements"]:
        if m["origin"] == "recorded" and m["rows"]:
            m["rows"]["skipped"] = [{"rule": "recorded", "reason": "dropped, see the rule", "rows": 7}]
    recorded = [m for m in value["measurements"] if m["origin"] == "recorded" and m["rows"]]
    assert recorded
    assert len(answered(value).team) == len(recorded)


def test_every_claim_stands_in_one_group_of_verdicts(audit: dict[str, Any]) -> None:
    groups = answered(audit).groups
    named = [claim.id for _, found in groups for claim in found]
    assert sorted(named) == sorted(claim["id"] for claim in audit["claims"])
    # A verdict of its own in every group: none is counted among better ones.
    kinds = [{claim.verdict.id for claim in found} for _, found in groups]
    assert sum(map(len, kinds)) == len(set().union(*kinds))
    legitimate = next(found for words, found in groups if words.startswith("Legitimate"))
    assert {claim.verdict.id for claim in legitimate} <= {Verdict.REPRODUCED, Verdict.JUSTIFIED}


def test_without_data_the_report_says_what_would_give_them(audit: dict[str, Any]) -> None:
    value = copy.deepcopy(audit)
    value["findings"] = {}
    found = answered(value)
    assert re.match(r"Not measured here: .*`repro-audit probe prompts`", found.prompts[0])
    assert "`repro-audit probe determinism`" in found.batching[-1]
    assert found.about_prompts == found.about_batching == found.further == ()


def test_the_spread_over_prompts_is_from_lowest_to_highest(audit: dict[str, Any]) -> None:
    value = copy.deepcopy(audit)
    (item,) = value["findings"]["prompts"]["st-en-zh"]
    item["prompts"] = [
        {**item["prompts"][0], "prompt": p, "value": v} for p, v in (("a", "9.5"), ("b", "10.25"), ("c", "8.0"))
    ]
    assert "8.0 to 10.25 over 3 prompts" in answered(value).prompts[0]


def test_margins_are_named_by_their_kind(audit: dict[str, Any]) -> None:
    value = copy.deepcopy(audit)
    value["study"]["margins"]["wer"]["kind"] = "measured"
    said = " ".join(answered(value).batching)
    assert re.search(r"Margins measured: WER [0-9.]+\.", said)
    assert re.search(r"Margins assumed: .*BLEU", said)
