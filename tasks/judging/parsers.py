"""Parsers of judge replies, each as in its source; replies that cannot be parsed get a status."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from tasks.judging.verdict import JudgeVerdict, graded

Parser = Callable[[str], JudgeVerdict]

# A longer reply is not a judgement, and Python's parser must not be given megabytes of brackets.
_LONGEST_DICT = 20_000


_NUMBER = r"[0-9]{1,3}(?:\.[0-9]{1,6})?"
# A second number that makes the first one unclear: `3-4`, `3 or 4`; not the scale in `3/5` or `3 out of 5`.
_OTHER_NUMBER = rf"\s*(?:-|\u2013|\u2014|~|\bor\b|\bto\b|\band\b)\s*{_NUMBER}"
_TOP = 5
# Beyond it, a grade of the sources that accept any number would leave the range of the counts.
_LARGEST = 10**9


def _nothing(reply: str) -> JudgeVerdict:
    return JudgeVerdict(None, "unparsed" if reply.strip() else "empty")


def last_token(reply: str) -> JudgeVerdict:
    """The last word of the reply as a number.

    AudioLLMs/AudioBench@0e689b4, eval_methods/eval_llama3_70b.py. The source accepts whatever Python's
    `float` accepts, even off its scale; `nan`, `inf` and numbers beyond 10^9, which would invalidate its mean, are failures
    here.
    """
    words = reply.split()
    if not words:
        return _nothing(reply)
    try:
        value = float(words[-1])
    except ValueError:
        return _nothing(reply)
    if not abs(value) <= _LARGEST:
        return JudgeVerdict(None, "unparsed")
    return JudgeVerdict(Fraction(value), "ok" if 0 <= value <= 5 else "off-scale")


def rating_label(reply: str) -> JudgeVerdict:
    """The number from 0 to 5 after `Rating:` (a lenient parser of AudioBench's format); decimals count, `4/5` is 4.

    Two numbers (`Rating: 3-4`, two different ratings) are ambiguous.
    """
    found = re.findall(rf"Rating:\s*({_NUMBER})(?![\w.,]*\d)({_OTHER_NUMBER})?", reply)
    values = {Fraction(number) for number, _ in found}
    if len(values) > 1 or any(second for _, second in found):
        return JudgeVerdict(None, "ambiguous")
    value = values.pop() if values else None
    return graded(value) if value is not None and value <= _TOP else _nothing(reply)


def rating_line(reply: str) -> JudgeVerdict:
    """A line that consists of `Rating: N`, a whole number (a strict parser of AudioBench's format)."""
    found = set(re.findall(r"^Rating: ([0-5])$", reply, flags=re.MULTILINE))
    if len(found) > 1:
        return JudgeVerdict(None, "ambiguous")
    return graded(int(found.pop())) if found else _nothing(reply)


def _pairs(reply: str) -> list[tuple[str, Any]] | None:
    """The pairs of the Python or JSON object in a reply, duplicate keys included; None without a valid one."""
    start, end = reply.find("{"), reply.rfind("}")
    if start < 0 or end < start or end - start > _LONGEST_DICT:
        return None
    text = reply[start : end + 1]
    for read in (_python_pairs, _json_pairs):
        try:
            pairs = [(str(key).strip().lower(), item) for key, item in read(text)]
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            continue
        if pairs:
            return pairs
    return None


def _python_pairs(text: str) -> list[tuple[Any, Any]]:
    node = ast.parse(text, mode="eval").body
    ast.literal_eval(node)
    if not isinstance(node, ast.Dict) or None in node.keys:
        raise ValueError("not a dictionary")
    return [
        (ast.literal_eval(key), ast.literal_eval(value))
        for key, value in zip(node.keys, node.values, strict=True)
        if key is not None
    ]


def _json_pairs(text: str) -> list[tuple[str, Any]]:
    # The last object that is closed is the outermost one.
    found: list[list[tuple[str, Any]]] = []

    def keep(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found.append(pairs)
        return dict(pairs)

    return found[-1] if isinstance(json.loads(text, object_pairs_hook=keep), dict) else []


def _word(value: object) -> str:
    return str(value).strip().strip(".").lower()


def _from_dictionary(reply: str, key: str, yes: str, no: str) -> JudgeVerdict:
    words = {_word(value) for name, value in _pairs(reply) or () if name == key}
    if not words:
        return _nothing(reply)
    if {yes, no} <= words or any(len(both) > 1 for word in words for both in _either(r"\A\W*", yes, no, word)):
        return JudgeVerdict(None, "ambiguous")
    if len(words) > 1 or not words <= {yes, no}:
        return JudgeVerdict(None, "unparsed")
    return graded(int(words == {yes}))


def _from_text(reply: str, key: str, yes: str, no: str) -> JudgeVerdict:
    strict = _from_dictionary(reply, key, yes, no)
    if not strict.failed or strict.status == "ambiguous":
        return strict
    before = rf"""["']?\b{key}["']?\s*:\s*["'(\[]*"""
    words = frozenset().union(*_either(before, yes, no, reply))
    return _of_words(words, yes, reply) if words else strict


def _either(before: str, yes: str, no: str, reply: str) -> list[frozenset[str]]:
    """For each place where a pattern is followed by one of two words: that word, or both where it offers both (`yes/no`)."""
    pattern = re.compile(rf"{before}({yes}|{no})\b(\s*(?:/|\||\bor\b|\band\b)\s*(?:{yes}|{no})\b)?", re.IGNORECASE)
    return [frozenset([yes, no] if second else [word.lower()]) for word, second in pattern.findall(reply)]


def _of_words(words: frozenset[str], yes: str, reply: str) -> JudgeVerdict:
    if len(words) > 1:
        return JudgeVerdict(None, "ambiguous")
    return graded(int(yes in words)) if words else _nothing(reply)


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
    """The first word of the reply, ignoring case and surrounding punctuation (a lenient parser); `Yes/No` is ambiguous."""
    return _of_words(frozenset().union(*_either(r"\A\W*", "yes", "no", reply)), "yes", reply)


def sakura(reply: str) -> JudgeVerdict:
    """The text after `Judgement:`, up to an empty line or the end.

    ckyang1124/SAKURA@a1fdb14, evaluation/llm_judge.py. The source prints replies that it cannot parse for manual
    repair and keeps them in the denominator.
    """
    # r"Explanation: (.*?)\nJudgement: (.*?)(?:\n\n|$)" in linear time; `$` is also before a line feed at the end.
    start = reply.find("Explanation: ")
    label = "\nJudgement: "
    at = -1 if start < 0 else reply.find(label, start + len("Explanation: "))
    if at < 0:
        return _nothing(reply)
    word = reply[at + len(label) :].split("\n\n", 1)[0].strip().lower()
    if word not in {"correct", "incorrect"}:
        return JudgeVerdict(None, "unparsed")
    return graded(int(word == "correct"))


def sakura_word(reply: str) -> JudgeVerdict:
    """The word after the last `Judgement:`, ignoring what surrounds it (a lenient parser).

    `correct/incorrect` after the last one is ambiguous.
    """
    found = _either(r"Judgement\W+", "incorrect", "correct", reply)
    return _of_words(found[-1] if found else frozenset(), "correct", reply)


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


def json_score(reply: str) -> JudgeVerdict:
    """The `score` of a reply that is one JSON object and nothing else; an object without one has the score 0.

    ServiceNow/AU-Harness@daa0616, metrics/llm_judge.py 121-127, 312-315. The source counts any other reply as 0, also an
    object in a code block, and stops at a score that is no number: both are failures here, as are scores beyond 10^9. It
    keeps scores off its scale.
    """
    if len(reply) > _LONGEST_DICT:
        return JudgeVerdict(None, "unparsed")
    try:
        found = json.loads(reply.strip())
    except (ValueError, RecursionError):
        return _nothing(reply)
    if not isinstance(found, dict):
        return _nothing(reply)
    try:
        value = float(found.get("score", 0))
    except (TypeError, ValueError, OverflowError):
        return JudgeVerdict(None, "unparsed")
    if not abs(value) <= _LARGEST:
        return JudgeVerdict(None, "unparsed")
    return JudgeVerdict(Fraction(value), "ok" if 0 <= value <= 1 else "off-scale")


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
    "au-harness": json_score,
}
