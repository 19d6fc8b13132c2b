from __future__ import annotations

import copy
from typing import Any

import pytest

from audit.errors import InputError
from audit.report.claim_views import claims
from audit.report.markup import Sentence, sentence
from audit.report.sentences import _ranges, justification
from audit.report.survey import short_names
from tests.support.example_audit import CLAIMS, document

VERDICTS = [c[6] for c in CLAIMS]


def plain(given: Sentence) -> str:
    return "".join(part.text for part in given)


def words(audit: dict[str, Any], verdict: str) -> list[str]:
    read = document(audit)
    claim = next(c for c in claims(read) if c.verdict.id == verdict)
    return [plain(s) for s in justification(claim, read.study, short_names(read))]


def test_a_reproduced_claim_names_value_interval_rows_grade_and_users(audit: dict[str, Any]) -> None:
    first, second, *_ = words(audit, "reproduced")
    assert first == (
        "Under c00, the recomputed value is 28.400 (95 % interval 28.116 to 28.684, bootstrap) over 2,000 of 2,000 rows. "
        "Its evidence has grade B: the source that the paper cites for this metric says so. "
        "It is used by Alpha, Beta and gone."
    )
    assert second == "Rounded to the printed digits, it is the reported 28.4."


def test_odds_stand_beside_an_agreement(audit: dict[str, Any]) -> None:
    assert words(audit, "justified")[-1] == (
        "9 values were tried. Had the reported value lain anywhere in their spread, 1.000 to 9.000, the chance that at least "
        "one of them would have matched it is at most 31 %."
    )


def test_one_value_has_no_odds(audit: dict[str, Any]) -> None:
    value = copy.deepcopy(audit)
    verdict = next(v for v in value["verdicts"] if v["verdict"] == "justified")
    verdict["odds"] = {"tried": 1, "distinct": 1, "low": "1", "high": "1", "chance": None, "crowded": None}
    assert words(value, "justified")[-1].startswith("One value was tried, so there is no spread")


def test_selective_says_that_it_is_not_accepted(audit: dict[str, Any]) -> None:
    found = words(audit, "selective")
    assert "over 1,500 of 2,000 rows (75.0 %)" in found[0]
    assert "does not justify" in found[0]
    assert "Not scored: 500 skipped: no end token." in found


def test_not_comparable_counts_what_is_invalid_and_says_why(audit: dict[str, Any]) -> None:
    found = words(audit, "not-comparable")
    assert found[0] == "All 9 measurements are invalid, so nothing here is comparable with the reported 21.0."
    assert found[1].startswith("(a) Measurements 1 to 9 cannot justify anything: Another prompt.")


@pytest.mark.parametrize(("value", "direction", "ending"), [
    ("25.0", "higher", "better"), ("25.0", "lower", "worse"), ("15.0", "higher", "worse"), ("15.0", "lower", "better"),
])  # fmt: skip
def test_the_gap_has_a_size_a_direction_and_a_sense(
    audit: dict[str, Any], value: str, direction: str, ending: str
) -> None:
    document_value = copy.deepcopy(audit)
    claim = next(c for c in document_value["claims"] if c["id"] == "osr-librimix.wer")
    claim["direction"] = direction
    item = next(m for m in document_value["measurements"] if m["claim"] == "osr-librimix.wer")
    item["value"] = value
    item["agreement"]["difference"] = f"{float(value) - 20.5:+.6f}"
    way = "above" if value > "20.5" else "below"
    gap = "4.500" if value > "20.5" else "5.500"
    assert f"{gap} {way} the reported 20.5, i.e. {ending}." in words(document_value, "not-reproduced")[0]


def test_a_proof_names_the_two_counts_around_the_reported_value(audit: dict[str, Any]) -> None:
    found = words(audit, "infeasible")
    assert "21 of 30 is 0.7000 and 22 of 30 is 0.7333; nothing lies between them, and neither prints as 0.71." in found
    assert "22 of 31 is 0.7097, and no larger count exists." in found


@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_sentence_ends_and_leaves_nothing_open(audit: dict[str, Any], verdict: str) -> None:
    found = words(audit, verdict)
    assert found
    for text in found:
        assert text.strip() == text
        assert text[-1] in ".:"
        assert ".." not in text
        assert "  " not in text
        assert "None" not in text


def test_within_the_margin_names_it_and_its_kind(audit: dict[str, Any]) -> None:
    value = copy.deepcopy(audit)
    item = next(m for m in value["measurements"] if m["claim"] == "st-en-zh.bleu")
    item["agreement"] = {"kind": "within-margin", "difference": "+0.200000", "truncated": False}
    assert (
        "The reported 28.4 stands for 28.35 to 28.45; the value lies outside by no more than the margin of 0.3, which is "
        "assumed, for BLEU (difference +0.200)." in words(value, "reproduced")
    )


def changed(audit: dict[str, Any], **decision: Any) -> dict[str, Any]:
    """The claim on overlapped speech with another verdict."""
    value = copy.deepcopy(audit)
    next(v for v in value["verdicts"] if v["claim"] == "osr-librimix.wer").update(decision)
    return value


@pytest.mark.parametrize(("number", "way"), [("25.5", "5 above the reported 20.5, i.e. worse"),
                                             ("15.5", "5 below the reported 20.5, i.e. better")])  # fmt: skip
def test_what_is_not_reproduced_is_better_or_worse(audit: dict[str, Any], number: str, way: str) -> None:
    value = copy.deepcopy(audit)
    item = next(m for m in value["measurements"] if m["claim"] == "osr-librimix.wer")
    kind = "worse" if number > "20.5" else "better"
    item.update(value=number, agreement={"kind": kind, "difference": "+5" if kind == "worse" else "-5"})
    assert way in words(value, "not-reproduced")[0]


def test_a_value_that_exceeds_does_not_reproduce_the_number(audit: dict[str, Any]) -> None:
    first = words(changed(audit, verdict="exceeds"), "exceeds")[0]
    assert first.startswith("Better than reported: the recomputed value nearest to 20.5 is ")
    assert first.endswith("The model is at least as good as reported; the number is not reproduced.")


def test_undecided_says_what_the_rest_can_do_and_how_much_of_it_there_is(audit: dict[str, Any]) -> None:
    value = changed(audit, verdict="undecided")
    item = next(m for m in value["measurements"] if m["claim"] == "osr-librimix.wer")
    item.update(whole="undecided", bounds={"low": "1.000000", "high": None, "unscored": 500})
    first = words(value, "undecided")[0]
    assert "the other 500 units at its best or worst" in first
    assert "is neither confirmed nor excluded" in first
    assert first.endswith("Scoring those units decides it.")


def test_the_decisive_steps_are_named_with_their_grades(audit: dict[str, Any]) -> None:
    assert "The step decides: tokenizer words (grade B). The verdict rests on the worst grade, B." in words(
        audit, "reproduced"
    )
    value = copy.deepcopy(audit)
    decision = next(v for v in value["verdicts"] if v["verdict"] == "reproduced")
    decision["decisive"] = []
    assert any(text.startswith("No step decides") for text in words(value, "reproduced"))
    decision["decisive"] = None
    assert any("every step of the convention counts as decisive" in text for text in words(value, "reproduced"))


def test_a_verdict_that_is_not_known_is_refused(audit: dict[str, Any]) -> None:
    value = copy.deepcopy(audit)
    value["verdicts"][0]["verdict"] = "something-new"
    with pytest.raises(InputError, match="reproduced") as caught:
        document(value)
    assert str(caught.value.where).endswith(": verdicts[0].verdict")


def test_empty_parts_vanish() -> None:
    assert sentence("a", "", "b") == sentence("a", "b")


def test_a_table_refers_to_the_sentence_that_says_why(page: str, audit: dict[str, Any]) -> None:
    claim = next(c for c in claims(document(audit)) if c.verdict.id == "not-comparable")
    assert page.count(f'<a href="#{claim.anchor}-a">(a)</a>') == len(claim.measurements)
    assert page.count(f'<b id="{claim.anchor}-a">(a)</b>') == 1


def test_numbers_in_a_row_are_a_range() -> None:
    assert _ranges([1, 2, 4, 5, 6, 9]) == ["1", "2", "4 to 6", "9"]
