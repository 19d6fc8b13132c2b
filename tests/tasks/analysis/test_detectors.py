from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.literature.known_tasks import known_tasks as tasks
from tasks.analysis.detectors import (
    ECHO,
    EMPTY,
    NOT_CHINESE,
    NOT_GERMAN,
    NOT_JAPANESE,
    NOT_LATIN,
    PHONES,
    REFUSAL,
    RUNAWAY,
    UNFINISHED,
    Detector,
    detect,
    detectors_of,
    hand_check,
    phone_run,
    phone_share,
    repeats,
)
from tasks.row import Row

TASKS = tasks()


def row(hypothesis: str | None, reference: Any = "some words", prompt: str | None = None, **more: Any) -> Row:
    return Row("a", hypothesis, reference, prompt=prompt, **more)


def test_the_phone_detector_finds_the_362_rows_of_a_real_run(shared_real: Path) -> None:
    data = json.loads((shared_real / "audiobench/librispeech_test_clean.json").read_text(encoding="utf-8"))
    rows = [Row(str(i), x["model_prediction"], x["answer"], prompt=x["text"]) for i, x in enumerate(data)]
    stressed = {r.id for r in rows if re.search(r"\b[A-Z]{2}[012]\b", r.hypothesis or "")}
    assert len(stressed) == 362
    found = {d.detector: d for d in detect(rows, TASKS["asr-librispeech-clean"])}
    assert found["phones"].of == 2617
    assert stressed <= set(found["phones"].ids)
    # Three more: strings of phones without a single stress digit.
    assert len(found["phones"].ids) == 365
    assert sum(phone_share(r.hypothesis or "") for r in rows) == 364
    # The file has no end tokens: nothing is said about unfinished outputs, and nothing is invented.
    assert (found["unfinished"].of, found["unfinished"].ids) == (0, ())


def test_the_published_count_on_normalised_texts(shared_real: Path) -> None:
    """50 of the 2,617 normalised pairs of the later run, by the share of phones alone."""
    pairs = json.loads(
        (shared_real / "audiobench/librispeech_test_clean_wer_score.2025.json").read_text(encoding="utf-8")
    )["sample_wer"]
    assert sum(phone_share(p["prediction"]) for p in pairs) == 50
    assert not any(phone_share(p["reference"]) or phone_run(p["reference"]) for p in pairs)


def test_phones_need_more_than_four_tokens_and_more_than_60_percent() -> None:
    assert not phone_share("AH0 B AH0 K")
    assert phone_share("AH0 B AH0 K sil")
    assert not phone_share("B K S words words")  # three of five are 60 %
    assert phone_share("hh ah zero l ow one sil")
    assert not phone_run("B K S T sil"), "no stress digit"
    assert phone_run("a transcript that turns IH1 N T UW0 F OW1 N Z")
    assert not phone_run("AH0 B or AH0 K or S T")


@pytest.mark.parametrize(
    ("detector", "bad", "good"),
    [
        (UNFINISHED, row("cut in the mid"), row("whole.</s>")),
        (UNFINISHED, row("cut", finished=False), row("whole", finished=True)),
        (EMPTY, row("<s> </s>"), row("<s> a</s>")),
        (EMPTY, row(""), row("0")),
        (PHONES, row("<s>DH AH0 K AE1 T S AE1 T sil</s>"), row("The cat sat.</s>")),
        (NOT_LATIN, row("这是一个句子 ok"), row("This is 一个 sentence")),
        (NOT_CHINESE, row("I cannot say it."), row("我不知道 Python")),
        (NOT_CHINESE, row("これは文です"), row("1 + 1 = 2")),
        (NOT_JAPANESE, row("这是一个句子"), row("これは文です")),
        (NOT_JAPANESE, row("This is a sentence"), row("12:30")),
        (NOT_GERMAN, row("The man was in the house"), row("Der Mann war in dem Haus")),
        (NOT_GERMAN, row("这是一个句子"), row("The Who spielten in Bonn")),
        (RUNAWAY, row("and so on " * 4), row("no no no no, and that was it")),
        (RUNAWAY, row("她很" * 20), row("她很好，他也很好。")),
        (RUNAWAY, row("yes sir " * 5), row("yes sir " * 4)),
        (RUNAWAY, row("whispered H" + "H" * 40), row("1000000000")),
        (REFUSAL, row("I'm sorry, but as an AI I have no ears."), row("I'm sorry but I must go.")),
        (REFUSAL, row("I cannot hear any audio."), row("I cannot hear any audio.", "i cannot hear any audio")),
        (REFUSAL, row("No, I can’t identify the speaker."), row("She said she could not identify him.")),
        (REFUSAL, row("很抱歉，我无法翻译。"), row("我很抱歉来晚了")),
        (
            ECHO,
            row("Recognize the speech. Hello.", prompt="Recognize the speech."),
            row("x", prompt="Recognize it now"),
        ),
        (
            ECHO,
            row("write a story</s>", prompt="USER: <Speech><SpeechHere></Speech> Write a story \nASSISTANT:"),
            row("please write a story", "please write a story", prompt="Write a story"),
        ),
    ],
)
def test_each_finds_its_fault_and_spares_the_rest(detector: Detector, bad: Row, good: Row) -> None:
    assert detector.judged(bad)
    assert detector.found(bad)
    assert not detector.found(good)
    assert not detector.selection.keep(bad)
    assert detector.selection.keep(good)


def test_a_selection_names_its_rule_version_and_source() -> None:
    selection = PHONES.selection
    assert (selection.name, selection.version, selection.reason) == ("no-phones", "1", "phones instead of words")
    assert selection.sources[0] == "module:tasks.analysis.detectors"
    assert "module:tasks.steps.characters" in selection.sources


def test_rows_that_cannot_be_judged_are_not_counted() -> None:
    rows = [row(None, extra={"error": "x"}), row("a b c d", prompt=None), row("hello</s>", prompt="Say it now")]
    found = {d.detector: d for d in detect(rows, TASKS["asr-librispeech-clean"])}
    assert found["echoed-prompt"].of == 1
    assert found["empty"].of == 2
    assert (found["unfinished"].of, len(found["unfinished"].ids)) == (2, 1)


def test_a_hand_check_shows_the_border_and_a_random_part() -> None:
    texts = ["AH0 K AE1 T S", *("words " * 9 + "b k t s " * n for n in range(1, 4)), *["words"] * 20]
    texts += [f"AH0 K AE1 T S {'sil ' * n} words" for n in range(1, 9)]
    rows = [Row(f"{n:03}", text, "") for n, text in enumerate(texts)]
    found, other = hand_check(rows, PHONES, 4)
    assert all(PHONES.found(r) for r in found)
    assert not any(PHONES.found(r) for r in other)
    assert (len(found), len(other)) == (4, 4)
    assert [r.id for r in other[:2]] == ["003", "002"], "the most suspicious first"
    assert [r.id for r in found[:2]] == ["024", "025"], "the least certain first"
    assert (found, other) == hand_check(rows, PHONES, 4)
    assert [len(side) for side in hand_check(rows, PHONES, 100)] == [9, 23]
    assert [len(side) for side in hand_check(rows, EMPTY, 5)] == [0, 5]


def test_phone_recognition_has_no_phone_detector() -> None:
    ids = [d.id for d in detectors_of(TASKS["pr-librispeech"])]
    assert "phones" not in ids
    assert [d.id for d in detectors_of(TASKS["st-en-de"])][3] == "wrong-language"


@given(st.lists(st.sampled_from("ab"), min_size=1, max_size=20), st.integers(4, 9), st.lists(st.sampled_from("cd")))
def test_planted_repetition_is_found(unit: list[str], times: int, before: list[str]) -> None:
    assert repeats([*before, *unit * times, *before], len(unit) * times)


@given(st.integers(2, 400))
def test_texts_without_repetition_are_spared(length: int) -> None:
    assert not repeats([str(i) for i in range(length)], 4)


@given(st.text(max_size=60), st.text(max_size=60), st.one_of(st.none(), st.text(max_size=30)))
def test_no_detector_fails_on_any_text(hypothesis: str, reference: str, prompt: str | None) -> None:
    for task in ("asr-librispeech-clean", "st-en-zh", "st-en-de", "st-en-ja"):
        detect([row(hypothesis, reference, prompt)], TASKS[task])
