"""Cleaning: stripping special tokens and introductory phrases from raw outputs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tasks.row import Row
from tasks.step import step
from tasks.steps.together import together

SOURCES = ("module:tasks.steps.together", "unicode:")


@dataclass(frozen=True, slots=True)
class SpecialTokens:
    """The special tokens of a tokenizer, as it writes them.

    Attributes:
        end: Tokens that end an output.
        other: Beginning, padding, unknown and the like; they may surround an end token.
    """

    end: tuple[str, ...] = ("</s>",)
    other: tuple[str, ...] = ("<s>", "<unk>", "[PAD]")


# SALMONN's: those of Llama, and the padding token that it adds.
SALMONN_TOKENS = SpecialTokens()


def _tail(text: str, tokens: SpecialTokens) -> tuple[int, bool]:
    """The index where the special tokens at the end of a text begin, and whether an end token is among them."""
    every = (*tokens.end, *tokens.other)
    at, ended = len(text), False
    while True:
        while at and text[at - 1].isspace():
            at -= 1
        found = next((token for token in every if text.endswith(token, 0, at)), None)
        if found is None:
            return at, ended
        at, ended = at - len(found), ended or found in tokens.end


def _head(text: str, tokens: SpecialTokens) -> int:
    """The index where the special tokens at the beginning of a text end."""
    every = (*tokens.end, *tokens.other)
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        found = next((token for token in every if text.startswith(token, at)), None)
        if found is None:
            return at
        at += len(found)


def strip_special(text: str) -> str:
    """Strip special tokens and white space from both ends.

    SALMONN's released `generate` keeps special tokens: a finished output ends in `</s>`, and with transformers 4.28 it
    begins with `<s>` (bytedance/SALMONN@a58bba7:models/salmonn.py:425-438).
    """
    text = text[_head(text, SALMONN_TOKENS) :]
    return text[: _tail(text, SALMONN_TOKENS)[0]]


# What `strip` takes is what is white space to `_head` and `_tail`.
_EVERY = (*SALMONN_TOKENS.end, *SALMONN_TOKENS.other)


def _strip_special_of_many(texts: Sequence[str]) -> list[str]:
    """The same for many texts: most have one end token, and nothing else."""
    found = [text.removesuffix("</s>").strip() for text in map(str.strip, texts)]
    return [strip_special(text) if text.startswith(_EVERY) or text.endswith(_EVERY) else text for text in found]


def strip_end_token(text: str) -> str:
    """Cut one `</s>` off the end and strip; any other text stays as it is, a leading `<s>` too.

    jaeeewon/project-multimodal@d9e5d17:dist_eval/eval_*.py.
    """
    return text[: -len("</s>")].strip() if text.endswith("</s>") else text


def ends_with_eos(text: str, tokens: SpecialTokens = SALMONN_TOKENS) -> bool:
    """Whether an output ends with an end token, also if it is repeated or followed by padding and other special tokens.

    A batch is padded to its longest output, with whatever the tokenizer writes for the padding id: `[PAD]`, `<unk>`, `</s>`.
    """
    return _tail(text, tokens)[1]


def is_finished(row: Row) -> bool:
    """Whether the model produced an end token: as the row states it, otherwise from its output."""
    return row.finished if row.finished is not None else ends_with_eos(row.hypothesis or "")


def with_finished(rows: Iterable[Row], tokens: SpecialTokens = SALMONN_TOKENS) -> tuple[Row, ...]:
    """Rows with `finished` inferred from the end token where it is unknown.

    If any output of the set ends in an end token, special tokens were kept in decoding, so an output without one reached the
    length limit. If no output does, special tokens may have been skipped, and `finished` stays unknown.
    """
    rows = tuple(rows)
    if not any(row.hypothesis is not None and ends_with_eos(row.hypothesis, tokens) for row in rows):
        return rows
    return tuple(finished_if_ended(row, tokens) for row in rows)


def finished_if_ended(row: Row, tokens: SpecialTokens) -> Row:
    """The row with `finished` inferred where it is unknown, in a set of which special tokens were kept."""
    if row.finished is not None or row.hypothesis is None:
        return row
    return replace(row, finished=ends_with_eos(row.hypothesis, tokens))


def without_thinking(text: str) -> str:
    """The text after a reasoning model's last `</think>`; empty if the thinking was truncated; other texts unchanged."""
    if "</think>" not in text and text.lstrip().startswith("<think>"):
        return ""
    return text.rsplit("</think>", 1)[-1]


_BEFORE_PUNCTUATION = re.compile(r" ?([!,.?;:])")


def remove_sp(text: str) -> str:
    """Replace `<|...|>` tags by a space, collapse white space, drop a space before `! , . ? ; :`, strip on the left.

    QwenLM/Qwen2-Audio@595360e:eval_audio/evaluate_asr.py:117-162.
    """
    return _BEFORE_PUNCTUATION.sub(r"\1", re.sub(r"\s+", " ", _without_tags(text))).lstrip()


# Blanks of one line, but for a single space.
_LINE_BLANKS = re.compile(r"[^\S\n ][^\S\n]*| [^\S\n]+")
_SPACE_BEFORE_PUNCTUATION = re.compile(r" ([!,.?;:])")


def _remove_sp_of_many(texts: Sequence[str]) -> list[str]:
    return list(map(str.lstrip, together(texts, _remove_sp_of_lines, remove_sp, lambda text: "<|" not in text)))


def _remove_sp_of_lines(text: str) -> str:
    return _SPACE_BEFORE_PUNCTUATION.sub(r"\1", _LINE_BLANKS.sub(" ", text))


def _without_tags(text: str) -> str:
    """Replace every `<|...|>` by a space. Not a regular expression: unclosed tags make one take quadratic time."""
    parts, at = [], 0
    while (start := text.find("<|", at)) >= 0 and (end := text.find("|>", start + 2)) >= 0:
        parts += [text[at:start], " "]
        at = end + 2
    return "".join([*parts, text[at:]])


def before_end_symbol(text: str) -> str:
    """The text before `<|end_of_text|>` (nota-github/audiolm-evaluator@c63eb3b)."""
    return text.split("<|end_of_text|>", 1)[0]


# An introduction starts at the beginning of a line, contains both words, and ends at the next colon.
_INTRODUCTIONS = ((" lyrics ", "are"), (" content ", "is"), (" transcription ", "is"), (" text ", "is"))


def cmi_wrappers(text: str) -> str:
    """Delete introductions and sentence markers, stripping after each (nicolaus625/CMI-bench@4c15f41:evaluate.py:357-403).

    Case-sensitive; introductions do not span lines, and each keyword needs spaces around it. The source deletes all matches of
    `.*? lyrics .*?are.*?:` and similar patterns. These take cubic time on repetitive outputs, so this code searches for the
    words instead.
    """
    for keyword, verb in _INTRODUCTIONS:
        text = "\n".join(_without_introductions(line, keyword, verb) for line in text.split("\n")).strip()
    for marker in ("<s>", "</s>"):
        text = text.replace(marker, "").strip()
    return text


def _without_introductions(line: str, keyword: str, verb: str) -> str:
    while True:
        start = line.find(keyword)
        said = line.find(verb, start + len(keyword)) if start >= 0 else -1
        colon = line.find(":", said + len(verb)) if said >= 0 else -1
        if colon < 0:
            return line
        line = line[colon + 1 :]


_HUFS_PREFIXES = ("The transcription of the given speech is:", "The transcription of the speech is:")


def hufs_unwrap(text: str) -> str:
    """The transcript inside the wrappers that the model produces at a low LoRA scale.

    In order: between `<Speech>` and `</Speech>`; after a known introduction, the first line; between `: "` and the next
    quote; between `is "` and the last quote (jaeeewon/project-multimodal@d9e5d17, the repository's unused output parser).
    """
    text = strip_special(text)
    inner, closed, _ = text.partition("<Speech>")[2].partition("</Speech>")
    if closed:
        text = inner.strip()
    for prefix in _HUFS_PREFIXES:
        if text.startswith(prefix):
            lines = text[len(prefix) :].strip().splitlines()
            text = lines[0].strip() if lines else ""
    quoted = re.search(r': "([^"]*)"', text) or re.search(r'is "(.*)"', text, re.DOTALL)
    return quoted.group(1) if quoted else text


_MARKS = re.compile(r"^\s*<s>|</s>\s*$")


def strip_sentence_marks(text: str) -> str:
    """Cut a leading `<s>` and a final `</s>` and strip; `<unk>` stays, as some programs look for it."""
    return _MARKS.sub("", text).strip()


def _drop_end_tokens(text: str) -> str:
    return text.replace("</s>", "")


def _strip(text: str) -> str:
    return text.strip()


def _rstrip(text: str) -> str:
    return text.rstrip()


def _lstrip(text: str) -> str:
    return text.lstrip()


def _empty_word(text: str) -> str:
    return text or "empty"


STRIP_SPECIAL = step("special", strip_special, batch=_strip_special_of_many, light=True)
STRIP_END_TOKEN = step("end-token", strip_end_token, light=True)
STRIP_SENTENCE_MARKS = step("sentence-marks", strip_sentence_marks)
# jaeeewon/project-multimodal@d9e5d17:dist_eval/eval_sf.py deletes `</s>` wherever it stands.
DROP_END_TOKEN = step("drop-end-tokens", _drop_end_tokens)
STRIP = step("strip", _strip, light=True)
REMOVE_SP = step("remove-sp", remove_sp, batch=_remove_sp_of_many)
BEFORE_END_SYMBOL = step("before-end-of-text", before_end_symbol)
CMI_WRAPPERS = step("cmi-wrappers", cmi_wrappers)
HUFS_UNWRAP = step("hufs-unwrap", hufs_unwrap)
RSTRIP = step("rstrip", _rstrip, light=True)
LSTRIP = step("lstrip", _lstrip, light=True)
# AudioBench replaces an empty text by the word `empty` (AudioLLMs/AudioBench@e991641:src/dataset_src/*.py).
EMPTY_WORD = step("empty-word", _empty_word, light=True)
