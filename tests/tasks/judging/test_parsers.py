from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.judging.parsers import PARSERS
from tasks.judging.verdict import FAILURES, Scale, count, total
from tasks.steps.clean import without_thinking
from tests.support import emotions


@pytest.mark.parametrize(
    ("parser", "reply", "grade", "status"),
    [
        # AudioBench: the last word, whatever it is, as Python reads numbers.
        ("audiobench", "Explanation: fine.\nRating: 4", 4, "ok"),
        ("audiobench", "Rating: 4\n\nI hope this helps 2", 2, "ok"),
        ("audiobench", "Rating: 3.5", Fraction(7, 2), "ok"),
        ("audiobench", "Rating: 4.", 4, "ok"),
        ("audiobench", "I was born in 1987", 1987, "off-scale"),
        ("audiobench", "Rating: -1", -1, "off-scale"),
        ("audiobench", "Rating: 4/5", None, "unparsed"),
        ("audiobench", "Rating: nan", None, "unparsed"),
        ("audiobench", "Rating: inf", None, "unparsed"),
        ("audiobench", "  \n ", None, "empty"),
        ("rating-label", "Rating: 1 \n\n(Note: neutrality.)", 1, "ok"),
        ("rating-label", "Rating: 17", None, "unparsed"),
        ("rating-line", "Rating: 1 \n\n(Note)", None, "unparsed"),
        ("rating-line", "Rating: 1\nRating: 2", None, "ambiguous"),
        ("rating-line", "x\nRating: 2\ny", 2, "ok"),
        # The paper's dictionary.
        ("correct-dict", '{"Correct": True, "Reason": "x"}', 1, "ok"),
        ("correct-dict", "{'Correct': False, 'Reason': 'x'}", 0, "ok"),
        ("correct-dict", '```json\n{"Correct": false, "Reason": "x"}\n```', 0, "ok"),
        ("correct-dict", '{"Correct": "True", "Reason": "x"}', 1, "ok"),
        ("correct-dict", '{"Correct": True, "Reason": "he said "no""}', None, "unparsed"),
        ("correct-dict", '{"Correct": True / False, "Reason": "xxx"}', None, "unparsed"),
        ("correct-dict", "{" * 15000 + "}" * 15000, None, "unparsed"),
        ("correct-dict", "{" * 900 + "}" * 900, None, "unparsed"),
        ("correct-text", '{"Correct": True, "Reason": "he said "no""}', 1, "ok"),
        ("correct-text", "Correct: false. It is not.", 0, "ok"),
        ("correct-text", '{"Correct": True / False, "Reason": "xxx"}', None, "ambiguous"),
        ("correct-text", "Correct: True, although Correct: False", None, "ambiguous"),
        ("correct-text", "The answer is incorrect: true story.", None, "unparsed"),
        ("correct-text", "", None, "empty"),
        ("correct-hufs", '{"Correct": true, "Reason": "x"}', 1, "ok"),
        ("correct-hufs", '{"Correct": True, "Reason": "x"}', 1, "ok"),
        ("correct-hufs", "{'Correct': True, 'Reason': 'x'}", 0, "ok"),
        ("correct-hufs", '{"Correct":true,"Reason":"x"}', 0, "ok"),
        ("correct-hufs", "", 0, "ok"),
        ("response-dict", '{"Response": "Yes", "Reason": "x"}', 1, "ok"),
        ("response-dict", '{"Response": "No.", "Reason": "x"}', 0, "ok"),
        ("response-dict", '{"Response": "Yes/No", "Reason": "x"}', None, "ambiguous"),
        ("response-text", 'Response: "No", because', 0, "ok"),
        ("response-text", '{"Response": "Yes/No", "Reason": "x"', None, "ambiguous"),
        # Replies that offer both answers contradict themselves, wherever the parser is ours.
        ("correct-dict", '{"Correct": true, "Correct": false}', None, "ambiguous"),
        ("correct-dict", "{'Correct': True, 'correct': False}", None, "ambiguous"),
        ("correct-dict", '{"Correct": true, "Correct": true}', 1, "ok"),
        ("correct-dict", '{"x": {"Correct": false}, "Correct": true}', 1, "ok"),
        ("correct-dict", '{"Correct": "true or false"}', None, "ambiguous"),
        ("correct-text", '{"Correct": true, "Correct": false, "Reason": "x"}', None, "ambiguous"),
        ("correct-text", "Correct: True or False", None, "ambiguous"),
        ("correct-text", "Correct: [True | False]", None, "ambiguous"),
        ("correct-text", "Correct: True, and not False", 1, "ok"),
        ("response-text", "Response: yes and no", None, "ambiguous"),
        ("sakura-word", "Judgement: correct/incorrect", None, "ambiguous"),
        ("sakura-word", "Judgement: [incorrect or correct]", None, "ambiguous"),
        ("sakura-word", "Judgement: correct/incorrect\nJudgement: correct", 1, "ok"),
        ("yes-word", "Yes/No", None, "ambiguous"),
        ("yes-word", "no or yes", None, "ambiguous"),
        ("yes-word", "Yes, no doubt", 1, "ok"),
        ("rating-label", "Rating: 4.5", Fraction(9, 2), "ok"),
        ("rating-label", "Rating: 0.8.", Fraction(4, 5), "ok"),
        ("rating-label", "Rating: 4/5", 4, "ok"),
        ("rating-label", "Rating: 4 out of 5", 4, "ok"),
        ("rating-label", "Rating: 3-4", None, "ambiguous"),
        ("rating-label", "Rating: 3 to 4", None, "ambiguous"),
        ("rating-label", "Rating: 3\nRating: 4", None, "ambiguous"),
        ("rating-label", "Rating: 4,5", None, "unparsed"),
        ("rating-label", "Rating: 4.5.6", None, "unparsed"),
        ("rating-label", "Rating: 5.5", None, "unparsed"),
        ("rating-label", "0.8", None, "unparsed"),
        ("rating-line", "Rating: 4.5", None, "unparsed"),
        # HUFS' slots: the exact word and nothing else.
        ("yes-exact", "Yes", 1, "ok"),
        ("yes-exact", "No", 0, "ok"),
        ("yes-exact", "Yes.", None, "unparsed"),
        ("yes-exact", "yes", None, "unparsed"),
        ("yes-word", "**Yes**, it does", 1, "ok"),
        ("yes-word", "Nothing", None, "unparsed"),
        ("sakura", "Explanation: a\nb\nJudgement: correct", 1, "ok"),
        ("sakura", "Explanation: a\nJudgement: Incorrect\n\nNote", 0, "ok"),
        ("sakura", "Explanation: a\n\nJudgement: correct", 1, "ok"),
        ("sakura", "**Explanation**: a\n**Judgement**: correct", None, "unparsed"),
        ("sakura", "Explanation: a\nJudgement: correct.\nBut", None, "unparsed"),
        ("sakura-word", "**Explanation**: a\n**Judgement**: correct", 1, "ok"),
        ("sakura-word", "Judgement: correct, no: Judgement: incorrect", 0, "ok"),
        ("jasco", "Explanation1: a\nRating: 2\nExplanation2: b\nOrientation: Good", 2, "ok"),
        ("jasco", "Rating: 2\nOrientation: Audio-Oriented", 0, "ok"),
        ("jasco", "Rating: 1\nOrientation: \nGood", 1, "ok"),
        ("jasco", "Rating: 2\nOrientation: Both", 2, "ok"),
        ("jasco", "Rating: high\nOrientation: Good", 0, "ok"),
        ("jasco", "Rating: 2 of 10\nOrientation: Good", 0, "ok"),
        ("jasco", "Rating: 2", None, "unparsed"),
        ("jasco", "Orientation: Good", None, "unparsed"),
        ("one-to-five", "Good.\nScore: 4", 4, "ok"),
        ("one-to-five", "Score: 4/5", 4, "ok"),
        ("one-to-five", "3", 3, "ok"),
        ("one-to-five", "2 or 3", None, "ambiguous"),
        ("one-to-five", "Score: 4. Score: 2.", None, "ambiguous"),
        ("one-to-five", "ten", None, "unparsed"),
    ],
)
def test_reply(parser: str, reply: str, grade: int | Fraction | None, status: str) -> None:
    verdict = PARSERS[parser](reply)
    assert (verdict.grade, verdict.status) == (grade, status)


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("B", "B"),
        ("C. a dog", "C"),
        ("The answer is D.", "D"),
        ("(B)", "B"),
        ("A man is speaking", "A"),  # the source's own trap: a sentence that begins with A is the answer A
        ("\nB\n", "B"),
        ("b", ""),
        ("Answer: C", "A"),  # the same trap
        ("it is C", ""),
        ("E", ""),
        ("None", ""),
        ("", ""),
    ],
)
def test_air_bench_letter(reply: str, letter: str) -> None:
    verdict = PARSERS["air-bench"](reply)
    assert verdict.label == letter
    assert verdict.failed == (letter == "")


def test_thinking_is_not_the_reply() -> None:
    assert without_thinking("<think>\nCorrect: False\n</think>\n\nYes") == "\n\nYes"
    assert without_thinking("Yes") == "Yes"
    assert without_thinking("<think>It may be that Correct: True, but") == ""


@settings(max_examples=100, deadline=None)
@given(st.text(), st.sampled_from(sorted(PARSERS)))
def test_no_reply_breaks_a_parser(reply: str, parser: str) -> None:
    verdict = PARSERS[parser](reply)
    assert verdict.failed == (verdict.status in {"unparsed", "empty", "ambiguous", "error"})


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.sampled_from(["{", "}", '"', "'", ":", ",", "Correct", "True", "False", "Response", "Yes", " "]),
        lambda inner: st.lists(inner, max_size=20).map("".join),
    )
)
def test_no_half_dictionary_breaks_a_parser(reply: str) -> None:
    for parser in ("correct-dict", "correct-text", "response-dict", "response-text"):
        PARSERS[parser](reply)


def _iemocap(folder: Path) -> list[dict[str, str]]:
    path = folder / "audiobench" / "iemocap_emotion_test_llama3_70b_judge_score.json"
    details: list[dict[str, str]] = json.loads(path.read_text("utf-8"))["details"]
    assert len(details) == 1002
    return details


@pytest.mark.parametrize(
    ("parser", "failure", "expected"),
    [
        ("audiobench", "zero", (2175, 5010, 2, "43.41")),  # as published: 2.17066 of 5
        ("audiobench", "wrong", (2175, 5010, 2, "43.41")),
        ("audiobench", "excluded", (2175, 5000, 2, "43.50")),
        ("rating-line", "zero", (2177, 5010, 1, "43.45")),
        ("rating-label", "zero", (2178, 5010, 0, "43.47")),
    ],
)
def test_stored_judgements_of_iemocap(
    shared_real: Path, parser: str, failure: str, expected: tuple[int, int, int, str]
) -> None:
    points, possible, failed, percent = expected
    verdicts = [PARSERS[parser](row["judge_response"]) for row in _iemocap(shared_real)]
    rule = next(rule for rule in FAILURES if rule == failure)
    counts = total(count(verdict, Scale(0, 5, 1000), rule) for verdict in verdicts)
    assert (counts.points, counts.possible, counts.failed) == (points * 1000, possible * 1000, failed)
    assert f"{100 * counts.points / counts.possible:.2f}" == percent


def test_iemocap_is_scored_as_published(shared_real: Path) -> None:
    rows = _iemocap(shared_real)
    verdicts = [PARSERS["audiobench"](row["judge_response"]) for row in rows]
    for verdict, row in zip(verdicts, rows, strict=True):
        assert (verdict.grade or 0) == row["rate_score"]
        assert (not verdict.failed) == row["success"]
    counts = total(count(verdict, Scale(0, 5, 1000), "zero") for verdict in verdicts)
    assert f"{Fraction(counts.points, counts.kept * 1000).__float__():.5f}" == "2.17066"


@pytest.mark.parametrize(
    ("rule", "right"),
    [("exact", 4), ("once", 131), ("only", 132), ("first", 190), ("last", 199), ("any", 274)],
)
def test_iemocap_by_the_words_of_the_answer(shared_real: Path, rule: emotions.Rule, right: int) -> None:
    """From 13.2 % (the gold emotion and no other is named) up to the judge's 43.4 %: one set of answers."""
    rows = _iemocap(shared_real)
    golds = [emotions.category(row["reference"]) for row in rows]
    assert None not in golds
    found = sum(
        emotions.right(gold or "", row["model_prediction"], rule) for gold, row in zip(golds, rows, strict=True)
    )
    assert found == right
    if rule == "only":
        assert f"{100 * found / 1002:.1f}" == "13.2"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Angry and frustrated, then ANGER.", ["anger", "frustration", "anger"]),
        ("a sad, unhappy state", ["sadness", "happiness"]),
        ("nothing", []),
    ],
)
def test_mentions(text: str, named: list[str]) -> None:
    assert emotions.mentions(text) == named


def test_a_gold_label_must_be_a_category() -> None:
    with pytest.raises(KeyError):
        emotions.right("boredom", "bored", "any")


def test_exact_takes_only_the_word() -> None:
    assert [emotions.right("neutral", text, "exact") for text in ("Neutral.", " neutral", "neutral state")] == [1, 1, 0]
