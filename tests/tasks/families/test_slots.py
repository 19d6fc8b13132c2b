from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from audit.literature.known_tasks import conventions_of as conventions
from tasks.convention import first_failed
from tasks.metrics.slu_f1 import SluF1, character_distance, word_distance
from tasks.row import Row
from tasks.step_cache import ChainCache

KNOWN = conventions()


def row(
    name: str, said: str | None, kind: str, value: str, recording: str = "", transcript: str = "wake me at five"
) -> Row:
    extra = {"recording": recording} if recording else {}
    return Row(name, said, {"slot": kind, "value": value, "transcript": transcript}, extra=extra)


def score(rows: list[Row], metric: str, name: str) -> tuple[object, list[int]]:
    convention = KNOWN["sf-slurp", metric, name]
    kept = [r for r, failed in zip(rows, first_failed(rows, convention.select), strict=True) if failed is None]
    cache = ChainCache(kept)
    counts = convention.metric.count(
        cache.values(convention.hypothesis_view, convention.hypothesis),
        cache.values(convention.reference_view, convention.reference),
    )
    return convention.metric.fold(counts), [int(n) for n in counts.sum(axis=0)]


def test_matches_and_following() -> None:
    rows = [
        row("1", "five am</s>", "time", "five am"),
        row("2", "Five AM.</s>", "time", "five am"),
        row("3", "The time is five am.", "time", "five am"),
        row("4", "Wake me at five!", "time", "five am"),
    ]
    assert score(rows, "accuracy", "exact-match")[1] == [1, 4]
    assert score(rows, "accuracy", "normalised-match")[1] == [2, 4]
    assert score(rows, "accuracy", "contained-match")[1] == [3, 4]
    assert score(rows, "following-rate", "appendix-e")[1] == [3, 4]


def test_distances() -> None:
    assert word_distance("five am", "five") == Fraction(1, 2)
    assert word_distance("five", "at five in the morning") == 4
    assert character_distance("abcd", "abxd") == Fraction(1, 4)
    assert character_distance("a", "abcd") == Fraction(3, 4)


def test_slu_f1_by_hand() -> None:
    rows = [
        row("1", "five am", "time", "five am", "r1"),
        row("2", "tomorow", "date", "tomorrow", "r1"),
        row("3", "", "place", "office", "r1"),
    ]
    value, _ = score(rows, "f1", "slurp-f1")
    # Words: TP 2, FP 1, FN 1 + 1. Characters: TP 2, FP 1/8, FN 1/8 + 1.
    wrong = 1 + 2 + Fraction(1, 8) + Fraction(9, 8)
    assert value == Fraction(8) / (8 + wrong)
    assert score(rows, "f1", "slurp-f1-answered")[0] == value  # the recording has answers, so its third slot is missed


def test_slots_of_a_recording_are_matched_together() -> None:
    """The answers to two questions of one type may be in either order, as in the official matching."""
    swapped = [row("1", "bob", "person", "ann", "r"), row("2", "ann", "person", "bob", "r")]
    assert score(swapped, "f1", "slurp-f1")[0] == 1
    apart = [row("1", "bob", "person", "ann"), row("2", "ann", "person", "bob")]
    assert score(apart, "f1", "slurp-f1")[0] != 1
    imported = [replace(r, extra={"item": "r", "cluster": "s"}) for r in swapped]
    assert score(imported, "f1", "slurp-f1")[0] == 1
    sentence = [replace(r, extra={"cluster": "s"}) for r in swapped]  # two recordings of one sentence
    assert score(sentence, "f1", "slurp-f1")[0] != 1
    assert SluF1().whole_set


def official(hypotheses: list[str], references: list[tuple[str, str, str]]) -> Fraction | None:
    """The published procedure, recording by recording, predictions in order."""
    true = wrong = Fraction(0)
    for distance in (word_distance, character_distance):
        for recording in sorted({r for r, _, _ in references}):
            rows = [i for i, (r, _, _) in enumerate(references) if r == recording]
            gold = [(references[i][1], references[i][2]) for i in rows]
            for i in rows:
                if not hypotheses[i]:
                    continue
                same = [
                    (distance(text, hypotheses[i]), n)
                    for n, (kind, text) in enumerate(gold)
                    if kind == references[i][1]
                ]
                if same:
                    far, n = min(same)
                    true, wrong = true + 1, wrong + 2 * far
                    gold.pop(n)
                else:
                    wrong += 1
            wrong += len(gold)
    return 2 * true / (2 * true + wrong) if true or wrong else None


@pytest.mark.parametrize("seed", range(30))
def test_slu_f1_equals_the_published_procedure(seed: int) -> None:
    pick = random.Random(seed)
    fillers = ["ann", "bob", "ann lee", "five am", "five", "at five", "tomorrow"]
    references = [(pick.choice("pqr"), pick.choice(["person", "time"]), pick.choice(fillers)) for _ in range(12)]
    hypotheses = [pick.choice([*fillers, "", "anne"]) for _ in references]
    counts = SluF1().count(hypotheses, references)
    expected = official(hypotheses, references)
    assert float(SluF1().fold(counts) or 0) == pytest.approx(float(expected or 0), abs=1e-9)
    assert SluF1().replicate(counts, np.ones((1, 12)))[0] == pytest.approx(float(expected or 0), abs=1e-5)


def test_an_empty_answer_is_a_false_negative() -> None:
    slot = {"slot": "time", "value": "five", "transcript": "t"}
    rows = [Row("0", "five", slot), *(Row(str(n), "</s>", slot) for n in (1, 2, 3))]
    assert score(rows, "f1", "slurp-f1")[0] == Fraction(2, 5)  # 2 TP, 6 FN in both distances together
    assert score(rows, "f1", "slurp-f1-answered")[0] == 1
    assert SluF1().fold(SluF1().count([], [])) is None


def test_answers_are_compared_as_they_are_with_gold_in_lower_case() -> None:
    gold = [("r", "time", "Five AM"), ("r", "time", "six")]
    right = [10**12, 0, 0, 10**12, 0, 0]
    assert SluF1().count(["five am", "six"], gold).tolist() == [right] * 2
    # Words are split as jiwer does; characters see the blanks.
    assert SluF1().count(["five  am", "six"], gold).tolist() == [[*right[:4], 125 * 10**9, 125 * 10**9], right]
    # `Six` is as far from both slots by words, so it takes the first; its own is then missed.
    assert SluF1().count(["", "Six"], gold)[1].tolist() == [
        10**12,
        10**12,
        2 * 10**12,
        10**12,
        333333333333,
        333333333333,
    ]
    # The first answer takes the second's slot, whose own answer takes what is left.
    assert SluF1().count(["six", "five"], gold).tolist() == [
        right,
        [10**12, 5 * 10**11, 5 * 10**11, 10**12, 428571428571, 428571428571],
    ]


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("tomorrow", Fraction(1)),
        ("Tomorrow", Fraction("0.64")),
        ("TOMORROW", Fraction("0.5")),
        ("tomorrow.", Fraction(18, 28)),
    ],
)
def test_case_and_punctuation_of_an_answer_count(said: str, value: Fraction) -> None:
    found = score([row("1", said, "date", "tomorrow", "1")], "f1", "slurp-f1")[0]
    assert isinstance(found, Fraction)
    assert abs(found - value) < Fraction(1, 10**11)


def test_only_recordings_without_any_answer_are_left_out() -> None:
    rows = [
        row("1", "five", "time", "five", "r1"),
        row("2", "</s>", "date", "monday", "r1"),
        row("3", "</s>", "time", "six", "r2"),
        row("4", "", "date", "friday", "r2"),
    ]
    assert score(rows, "f1", "slurp-f1-answered")[0] == Fraction(2 * 2, 2 * 2 + 2)  # the slot of r1 is missed twice
    assert score(rows, "f1", "slurp-f1")[0] == Fraction(2 * 2, 2 * 2 + 6)


def test_the_team_counts_a_recording_as_followed_if_any_answer_is_no_transcript() -> None:
    rows = [
        row("1", "Wake me at five</s>", "time", "five", "r1"),
        row("2", "five", "date", "monday", "r1"),
        row("3", "WAKE ME AT FIVE</s>", "time", "five", "r2"),
        row("4", "wake me at six", "time", "five", "r3"),  # one word of four is under 30 %
    ]
    assert score(rows, "following-rate", "hufs") == (Fraction(1, 3), [1, 3])
    # Only answers are lower-cased: a transcript in capitals is never met.
    assert score([row("1", "WAKE", "time", "five", transcript="WAKE")], "following-rate", "hufs")[1] == [1, 1]


def test_upper_case_would_make_two_letters_of_one() -> None:
    counts = SluF1().count(["strasse"], [("r", "street", "Stra\u00dfe")])
    assert counts.tolist() == [[10**12, 10**12, 10**12, 10**12, round(10**12 * 2 / 7), round(10**12 * 2 / 7)]]
    assert SluF1().terms(counts).tolist() == [[10**6, 10**6, 10**6, 10**6, 285_714, 285_714]]


def test_empty_fillers_have_a_distance() -> None:
    assert character_distance("", "") == word_distance("", "") == 0
    assert character_distance("", "x") == word_distance("", "x") == 1
