"""AU-Harness's text preparation on texts whose results its program printed, and its two WERs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.literature.known_tasks import conventions_of
from tasks.steps.normalise.au_harness import PLAIN, SPELLED_DIGITS, drop_thinking
from tasks.steps.normalise.whisper import WHISPER_ENGLISH
from tests.tasks.families.test_vectors import value

KNOWN = conventions_of()
# Printed at daa06166.
TEXTS = [
    ("It cost $20.50, about 5% off.", "it cost twenty 50 about five off"),
    ("THE OFFICER'S MESS", "the officer is mess"),
    ("In 1874, twenty five well-known colours", "in 187425 well known colors"),
    ("The 2nd time at 10:30", "the twond time at 1030"),
    ("1,000 men", "10 men"),
    ("3-4", "34"),
    ("7 and a half", "75"),
    ("one two three", "123"),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_known_texts(text: str, expected: str) -> None:
    assert PLAIN(WHISPER_ENGLISH(SPELLED_DIGITS(text))) == expected


# (pairs of output and reference, mean of utterance rates, rate over the set).
RATES = [
    ([("the cat sat", "the cat sat"), ("hello there world", "hello world")], 25, 20),
    ([("foo bar baz", "uh"), ("hello world", "hello world")], 150, 100),
    ([("", "[noise]")], 0, 0),
    ([("", "hello world")], 100, 100),
    ([("i have two dogs and twenty five cats", "i have 2 dogs and 25 cats")], 0, 0),
    ([("twenty five", "25")], 0, 0),
]


@pytest.mark.parametrize(("pairs", "mean", "pooled"), RATES)
def test_known_rates(pairs: list[tuple[str, str]], mean: float, pooled: float) -> None:
    assert value(KNOWN["asr-librispeech-clean", "wer", "au-harness-mean"], pairs) == pytest.approx(mean)
    assert value(KNOWN["asr-librispeech-clean", "wer", "au-harness"], pairs) == pytest.approx(pooled)


# (language, references, outputs, BLEU): printed with sacreBLEU 2.6.0 behind it.
BLEU = [
    ("de", ["The cat sat on the mat.", "It's 20 degrees outside today, isn't it?"],
     ["the cat sat on the mat", "It is twenty degrees outside today, is not it"], 100.0),
    ("zh", ["我明天去北京，看望我的老朋友。", "他在 Python 3.8 中写代码。"],
     ["明天我去北京拜访我的老朋友", "他用 Python 3.8 写代码"], 36.25),
]  # fmt: skip


@pytest.mark.parametrize(("language", "references", "said", "expected"), BLEU)
def test_known_translations(language: str, references: list[str], said: list[str], expected: float) -> None:
    found = value(KNOWN[f"st-en-{language}", "bleu", "au-harness"], list(zip(said, references, strict=True)))
    assert found == pytest.approx(expected, abs=0.005)


def test_thinking_is_dropped_where_it_is_closed() -> None:
    assert drop_thinking("<think>a\nb</think> yes <think></think>.") == "yes ."
    assert drop_thinking("<think> never closed") == "<think> never closed"
    assert drop_thinking("no </think> yes") == "no </think> yes"
    assert drop_thinking("<think>a <think>b</think> c</think>") == "c</think>"
    assert drop_thinking("<think>" * 100_000).startswith("<think>")  # in linear time


@given(st.text("<think>/ ab\n", max_size=60))
def test_thinking_is_what_the_sources_pattern_matches(text: str) -> None:
    import re

    assert drop_thinking(text) == re.sub(r"<think>.*?</think>", "", text, flags=re.DOTALL).strip()


def test_numbers_that_cannot_be_spelled_stay() -> None:
    assert SPELLED_DIGITS("7 " + "1" * 400) == "7 " + "1" * 400
    assert SPELLED_DIGITS("7 " + "1" * 9000) == "7 " + "1" * 9000
    assert SPELLED_DIGITS("e\u0301 21st") == "é twenty-onest"
