"""Parsers of judge replies, each as in its source; replies that cannot be parsed get a status."""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from tasks.judging.verdict import JudgeVerdict, graded

Parser = Callable[[str], JudgeVerdict]

# A longer reply is not a judgement, and Python's parser must not be given megabytes of brackets.
_LONGEST_DICT = 20_000


def _nothing(reply: str) -> JudgeVerdict:
    return JudgeVerdict(None, "unparsed" if reply.strip() else "empty")


def last_token(reply: str) -> JudgeVerdict:
    """The last word of the reply as a number.

    AudioLLMs/AudioBench@0e689b4, eval_methods/eval_llama3_70b.py. The source accepts whatever Python's
    `float` accepts, even off its scale; `nan` and `inf`, which would invalidate its mean, are failures here.
    """
    words = reply.split()
    if not words:
        return _nothing(reply)
    try:
        value = float(words[-1])
    except ValueError:
        return _nothing(reply)
    if not math.isfinite(value):
        return JudgeVerdict(None, "unparsed")
    return JudgeVerdict(Fraction(value), "ok" if 0 <= value <= 5 else "off-scale")


def rating_label(reply: str) -> JudgeVerdict:
    """The digit after the first `Rating:` in the reply (a lenient parser of AudioBench's format)."""
    match = re.search(r"Rating:\s*([0-5])\b", reply)
    return graded(int(match.group(1))) if match else _nothing(reply)


def rating_line(reply: str) -> JudgeVerdict:
    """A line that consists of `Rating: N` (a strict parser of AudioBench's format)."""
    found = set(re.findall(r"^Rating: ([0-5])$", reply, flags=re.MULTILINE))
    if len(found) > 1:
        return JudgeVerdict(None, "ambiguous")
    return graded(int(found.pop())) if found else _nothing(reply)


def _dictionary(reply: str) -> dict[str, Any] | None:
    start, end = reply.find("{"), reply.rfind("}")
    if start < 0 or end < start or end - start > _LONGEST_DICT:
        return None
    text = reply[start : end + 1]
    for read in (ast.literal_eval, json.loads):
        try:
            value = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(value, dict):
            return {str(key).strip().lower(): item for key, item in value.items()}
    return None


def _word(value: object) -> str:
    return str(value).strip().strip(".").lower()


def _from_dictionary(reply: str, key: str, yes: str, no: str) -> JudgeVerdict:
    values = _dictionary(reply)
    if values is None or key not in values:
        return _nothing(reply)
    word = _word(values[key])
    if word not in {yes, no}:
        return JudgeVerdict(None, "unparsed")
    return graded(int(word == yes))


def _from_text(reply: str, key: str, yes: str, no: str) -> JudgeVerdict:
    strict = _from_dictionary(reply, key, yes, no)
    if not strict.failed:
        return strict
    pattern = rf"""["']?\b{key}["']?\s*:\s*["']?({yes}|{no})\b(?!\s*/)"""
    found = {word.lower() for word in re.findall(pattern, reply, flags=re.IGNORECASE)}
    if len(found) == 2:
        return JudgeVerdict(None, "ambiguous")
    return graded(int(found.pop() == yes)) if found else strict


def correct_dict(reply: str) -> JudgeVerdict:
    """`{"Correct": True / False, ...}` as a valid Python or JSON object (SALMONN, appendix G)."""
    return _from_dictionary(reply, "correct", "true", "false")


def correct_text(reply: str) -> JudgeVerdict:
    """As `correct_dict`, otherwise the word after `Correct:`; two different words are `ambiguous`.

    This is the default, because an unescaped quotation mark in the reason already makes the dictionary invalid.
    """
    return _from_text(reply, "correct", "true", "false")


def correct_hufs(reply: str) -> JudgeVerdict:
    """Correct if the lower-cased reply contains one literal prefix, otherwise wrong; never a failure.

    jaeeewon/project-multimodal@d9e5d172, dist_eval/eval_sqqa.py. Any other spelling of the same dictionary
    counts as wrong.
    """
    return graded(int('{"correct": true, "reason": "' in reply.lower()))


def response_dict(reply: str) -> JudgeVerdict:
    """`{"Response": "Yes/No", ...}` as a valid Python or JSON object (SALMONN, appendix G)."""
    return _from_dictionary(reply, "response", "yes", "no")


def response_text(reply: str) -> JudgeVerdict:
    """As `response_dict`, otherwise the word after `Response:`."""
    return _from_text(reply, "response", "yes", "no")


def yes_exact(reply: str) -> JudgeVerdict:
    """Exactly `Yes` is correct, exactly `No` is wrong.

    jaeeewon/project-multimodal@d9e5d172, dist_eval/eval_sf.py. The source divides the number of `Yes` by that of all
    replies; its convention's failure rule therefore counts anything else as wrong.
    """
    if reply in {"Yes", "No"}:
        return graded(int(reply == "Yes"))
    return _nothing(reply)


def yes_word(reply: str) -> JudgeVerdict:
    """The first word of the reply, ignoring case and surrounding punctuation (a lenient parser)."""
    match = re.match(r"\W*(yes|no)\b", reply, flags=re.IGNORECASE)
    return graded(int(match.group(1).lower() == "yes")) if match else _nothing(reply)


_SAKURA = re.compile(r"Explanation: (.*?)\nJudgement: (.*?)(?:\n\n|$)", re.DOTALL)


def sakura(reply: str) -> JudgeVerdict:
    """The text after `Judgement:`, up to an empty line or the end.

    ckyang1124/SAKURA@a1fdb14, evaluation/llm_judge.py. The source prints replies that it cannot parse for manual
    repair and keeps them in the denominator.
    """
    match = _SAKURA.search(reply)
    if match is None:
        return _nothing(reply)
    word = match.group(2).strip().lower()
    if word not in {"correct", "incorrect"}:
        return JudgeVerdict(None, "unparsed")
    return graded(int(word == "correct"))


def sakura_word(reply: str) -> JudgeVerdict:
    """The word after the last `Judgement:`, ignoring what surrounds it (a lenient parser)."""
    found = re.findall(r"Judgement\W+(incorrect|correct)\b", reply, flags=re.IGNORECASE)
    return graded(int(found[-1].lower() == "correct")) if found else _nothing(reply)


_ORIENTATIONS = (
    ("Neither", ("Neither",)),
    ("Audio-Oriented", ("Audio-Oriented",)),
    ("Speech-Oriented", ("Speech-Oriented",)),
    ("Good", ("Good", "Both")),
)


def jasco(reply: str) -> JudgeVerdict:
    """A rating of 0 to 2, void unless the orientation is good.

    BenoitWang/What_Are_They_Doing@e728f83, evaluation/eval.py. The first of the digits 0, 1, 2 (in this
    order) that the last line with `Rating: ` contains; without a digit, 0. The source asks its judge again if
    the orientation is missing, and without a rating line it reuses the rating of the previous row: both are
    failures here.
    """
    orientation = ""
    for name, words in _ORIENTATIONS:
        if any(f"Orientation: {word}" in reply or f"Orientation: \n{word}" in reply for word in words):
            orientation = name
            break
    lines = [line for line in reply.split("\n") if "Rating: " in line]
    if not orientation or not lines:
        return JudgeVerdict(None, _nothing(reply).status, orientation)
    rating = next((digit for digit in (0, 1, 2) if str(digit) in lines[-1]), 0)
    return graded(rating if orientation == "Good" else 0, orientation)


def one_to_five(reply: str) -> JudgeVerdict:
    """The only number from 1 to 5 in the reply, or the one after `score` or `rating`.

    EIT-NLP/LLaSO@0907788 scores from 1 to 5; its parser is not known, so this one is our own.
    """
    pattern = r"\b(?:score|rating)\b\W{0,5}([1-5])\b(?!\s*[-.]\s*\d)"
    named = set(re.findall(pattern, reply, flags=re.IGNORECASE))
    found = named or set(re.findall(r"(?<![\d.])([1-5])(?![\d.]*\d)", reply))
    if len(found) > 1:
        return JudgeVerdict(None, "ambiguous")
    return graded(int(found.pop())) if found else _nothing(reply)


def air_bench_letter(reply: str) -> JudgeVerdict:
    """The letter of the option: the first character, otherwise the last but one.

    OFA-Sys/AIR-Bench@9832476, score_foundation.py 9-86. Line breaks are deleted first. A sentence that
    begins with `A` is therefore read as A, and `(B)` as B, from its last but one character. `None` and an
    empty reply are failures, which the source excludes from the denominator.
    """
    text = reply.strip().replace("\n", "")
    if text in {"", "None"}:
        return JudgeVerdict(None, "empty")
    letter = text[0] if text[0] in "ABCD" else text[-2] if len(text) > 1 and text[-2] in "ABCD" else ""
    return graded(0, letter) if letter else JudgeVerdict(None, "unparsed")


PARSERS: dict[str, Parser] = {
    "audiobench": last_token,
    "rating-label": rating_label,
    "rating-line": rating_line,
    "correct-dict": correct_dict,
    "correct-text": correct_text,
    "correct-hufs": correct_hufs,
    "response-dict": response_dict,
    "response-text": response_text,
    "yes-exact": yes_exact,
    "yes-word": yes_word,
    "sakura": sakura,
    "sakura-word": sakura_word,
    "jasco": jasco,
    "one-to-five": one_to_five,
    "air-bench": air_bench_letter,
}
