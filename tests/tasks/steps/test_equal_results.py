"""What takes linear time has the result of the expressions and functions that it stands for."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import jiwer
import pytest

from tasks.analysis import detectors
from tasks.row import Row
from tasks.step import function
from tasks.steps.long_texts import marks_in_order, normal_form, without_spans
from tasks.steps.normalise import open_asr
from tasks.steps.normalise.audiobench import _DIGIT_RUN, _DIGITS, _digit_word, without_brackets
from tasks.steps.normalise.open_asr import OPEN_ASR_2023, OPEN_ASR_2025, OPEN_ASR_2026
from tasks.steps.normalise.simple import JIWER_A1

BRACKETS = ("<", ">", "[", "]", "(", ")", "{", "}", "n", "\\", "a", " ", "\n", "<s>", "</s>")
# Of every combining class that occurs twice in a row somewhere, starters that decompose, and half-width marks.
MARKS = (
    "\u0301", "\u0316", "\u0327", "\u0345", "\u0344", "\u0f73", "\u0f75", "\u0f81", "\u093c", "\u093e", "\u3099",
    "\uff9e", "\uff9f", "\u05b0", "\u05b9", "\u064b", "\u0654", "\u1dce", "\u20dd", "\U0001d165", "\U00010a0d",
)  # fmt: skip


def texts(pieces: Sequence[str], number: int = 3000, longest: int = 40) -> list[str]:
    rng = random.Random(7)
    return ["".join(rng.choice(pieces) for _ in range(rng.randint(0, longest))) for _ in range(number)]


@pytest.mark.parametrize(("source", "ends"), [(r"<[^>]*>", ">"), (r"[<\[][^>\]]*[>\]]", ">]")])
def test_spans_are_those_of_the_expression(source: str, ends: str) -> None:
    pattern = re.compile(source)
    changed = 0
    for text in texts(BRACKETS):
        assert without_spans(pattern, text, *ends) == pattern.sub("", text), text
        changed += without_spans(pattern, text, *ends, instead="\\1") not in {text, pattern.sub("", text)}
    assert changed > 1500


def test_brackets_are_those_of_audiobenchs_expression() -> None:
    pattern = re.compile(r"(\[|\(|\{|\<)[^\(\)\\n\[\]]*(\]|\)|\}|\>)")
    found = {
        without_brackets(text) == text
        for text in texts(BRACKETS, 20_000)
        if without_brackets(text) == pattern.sub("", text)
    }
    assert found == {True, False}
    assert all(without_brackets(text) == pattern.sub("", text) for text in texts(BRACKETS, 20_000))


def test_numbers_are_those_of_audiobenchs_expression() -> None:
    """Of numbers alone nothing but their words is left, and what is beside them decides."""
    pattern = re.compile(r"\b(" + "|".join(sorted(_DIGITS, key=len, reverse=True)) + r")\b")
    pieces = ("0", "1", "2", "5", "20", "90", "٣", "²", "_", "a", "é", " ", ",", "\u0301", "中")
    changed = 0
    for text in texts(pieces, 6000, 6):
        expected = pattern.sub(lambda match: _DIGITS[match.group(1)], text)
        assert _DIGIT_RUN.sub(_digit_word, text) == expected, text
        changed += expected != text
    assert changed > 1000


def test_normal_forms_are_pythons() -> None:
    rng = random.Random(8)
    moved = 0
    for _ in range(1500):
        pieces = rng.sample(MARKS, rng.randint(2, 6))
        run = "".join(rng.choice(pieces) for _ in range(rng.randint(28, 60)))
        text = rng.choice(("", "a", "à", "か", "a b", "İ")) + run + rng.choice(("", "b", "é", " ", "\uff76"))
        for form in ("NFC", "NFD", "NFKC", "NFKD"):
            assert normal_form(form, text) == unicodedata.normalize(form, text), ascii(text)  # type: ignore[arg-type]
        moved += marks_in_order(text, compatibility=True) != text
    assert moved > 500
    assert normal_form("NFKC", "ｶﾞ Ⅷ") == "ガ VIII"


def test_a_long_run_of_marks_is_found_wherever_it_stands() -> None:
    run = "\u0301\u0316" * 16
    for before in range(100):
        text = f"{'é' * before}{run}é"
        assert marks_in_order(text, compatibility=False) != text, before
        shorter = text.replace(run, run[:-1])
        assert marks_in_order(shorter, compatibility=False) == shorter, before


def test_all_characters_of_marks_alone_are_sorted() -> None:
    """A character that decomposes into combining marks is one of those that are searched for."""
    for code in range(0x110000):
        character = chr(code)
        if 0xD800 <= code < 0xE000 or not all(map(unicodedata.combining, unicodedata.normalize("NFKD", character))):
            continue
        run = f"{character}\u0301" * 40
        assert marks_in_order(run, compatibility=True) != run or unicodedata.combining(character) >= 230, hex(code)


def test_jiwers_steps_are_jiwers() -> None:
    library: Callable[[str], Any] = jiwer.Compose(
        [
            jiwer.ToLowerCase(),
            jiwer.RemovePunctuation(),  # type: ignore[no-untyped-call]
            jiwer.RemoveKaldiNonWords(),
            jiwer.RemoveMultipleSpaces(),
            jiwer.Strip(),
        ]
    )
    for text in texts((*BRACKETS, "É", "  ", "'", "中", "İ")):
        assert function(JIWER_A1)(text) == library(text), text
        assert JIWER_A1.batch is not None
        assert JIWER_A1.batch([text]) == [library(text)], text


@pytest.mark.parametrize("step", [OPEN_ASR_2023, OPEN_ASR_2025, OPEN_ASR_2026], ids=lambda step: step.name)
def test_long_texts_have_the_leaderboards_result(step: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_asr, "_SHORT", 0)
    pieces = (
        *BRACKETS,
        "   ",
        "'",
        " '",
        "he's",
        "been",
        "'s",
        "mm",
        "1",
        "2,",
        ".",
        "%",
        "$",
        "one",
        "wi",
        "fi",
        "a",
        "b",
        "é",
    )
    own = [step.load()(text) for text in texts(pieces, 800)]
    monkeypatch.setattr(open_asr, "scannable", lambda text: text)
    plain = step.load()
    assert own == [plain(text) for text in texts(pieces, 800)]
    assert len(set(own)) > 600


def test_the_words_of_a_prompt_are_those_without_its_template() -> None:
    pieces = ("<Speech>", "</Speech>", "<SpeechHere>", "USER:", "ASSISTANT:", "a", " ", "say", "\n", "<", ">")
    kept = set()
    for prompt in texts(pieces, 5000, 12):
        words = re.findall(r"\w+", detectors._SPEECH.sub(" ", prompt).lower())
        assert detectors._prompt_words(Row("r", "x", None, prompt=prompt)) == words, prompt
        kept.add(len(words))
    assert len(kept) > 3
