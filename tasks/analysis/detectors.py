"""Detectors: named rules that find broken outputs and outputs for the wrong task; conventions can select by them.

A detector decides for one row whether it has a fault. Detectors do not judge quality: a wrong transcript is not a fault,
a phone string instead of a transcript is. Rules look only at the text of the row, in one pass.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from tasks.convention import Selection
from tasks.row import Row
from tasks.steps.characters import letters, letters_of, visible
from tasks.steps.clean import ends_with_eos, is_finished, strip_special
from tasks.steps.long_texts import without_spans
from tasks.task import Task

SOURCES = (
    "module:tasks.steps.characters",
    "module:tasks.steps.long_texts",
    "module:tasks.steps.clean",
    "module:tasks.steps.together",
    "unicode:",
    "version:regex",
)


@dataclass(frozen=True, slots=True)
class Detector:
    """A named rule that finds a fault in a row.

    Attributes:
        id: The id in findings: `phones`.
        fault: What is wrong with a flagged row, for readers.
        found: Whether a row with a hypothesis has the fault.
        judged: Whether the rule applies to the row (its prompt is known, an end token would be visible).
        version: Our version number, increased when the rule changes.
        suspicion: How close a row is to being flagged, for manual inspection; only the order matters.
    """

    id: str
    fault: str
    found: Callable[[Row], bool] = field(compare=False, repr=False)
    judged: Callable[[Row], bool] = field(compare=False, repr=False, default=lambda row: row.hypothesis is not None)
    version: str = "1"
    suspicion: Callable[[Row], float] | None = field(compare=False, repr=False, default=None)

    @property
    def selection(self) -> Selection:
        """A selection that skips flagged rows, for a convention's `select`."""
        return Selection(
            f"no-{self.id}", lambda row: not (self.judged(row) and self.found(row)), self.fault, self.version
        )


@dataclass(frozen=True, slots=True)
class Detection:
    """The result of a detector: the `ids` of flagged rows, in order, among the `of` rows to which it applies."""

    detector: str
    version: str
    fault: str
    ids: tuple[str, ...]
    of: int


def detect(rows: Sequence[Row], task: Task) -> list[Detection]:
    """Run all detectors of the task; rows without a hypothesis are skipped."""
    live = [row for row in rows if row.hypothesis is not None]
    # If no output of the set has an end token, they were stored without end tokens: finished or not is unknown.
    ends = any(row.finished is not None or ends_with_eos(row.hypothesis or "") for row in live)
    detectors = [d for d in detectors_of(task) if d is not UNFINISHED or ends]
    found: dict[str, list[str]] = {d.id: [] for d in detectors}
    judged: Counter[str] = Counter()
    for row in live:
        for detector in detectors:
            if detector.judged(row):
                judged[detector.id] += 1
                if detector.found(row):
                    found[detector.id].append(row.id)
    return [Detection(d.id, d.version, d.fault, tuple(found.get(d.id, ())), judged[d.id]) for d in detectors_of(task)]


def hand_check(rows: Sequence[Row], detector: Detector, number: int, seed: int = 11) -> tuple[list[Row], list[Row]]:
    """A sample for manual inspection: `number` flagged and `number` unflagged rows, or all if there are fewer.

    Half of each are those closest to the decision boundary, if the detector has an order; the rest is random.
    """
    judged = [row for row in rows if detector.judged(row)]
    sides: tuple[list[Row], list[Row]] = ([], [])
    for row in judged:
        sides[not detector.found(row)].append(row)
    generator = random.Random(seed)  # noqa: S311  # a sample to look at, nothing secret
    picked = []
    for sign, side in zip((1, -1), sides, strict=True):
        rest, near = side, []
        if (order := detector.suspicion) is not None:
            rest = [
                row
                for _, _, row in sorted(((sign * order(row), row.id, row) for row in side), key=lambda item: item[:2])
            ]
            near, rest = rest[: number // 2], rest[number // 2 :]
        drawn = generator.sample(rest, min(number - len(near), len(rest)))
        picked.append([*near, *sorted(drawn, key=lambda row: row.id)])
    return picked[0], picked[1]


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# All detectors process a row in turn, and each needs its text without special tokens.
@lru_cache(maxsize=8)
def _stripped(text: str) -> str:
    return strip_special(text)


def _text(row: Row) -> str:
    return _stripped(row.hypothesis or "")


def _unfinished(row: Row) -> bool:
    return not is_finished(row)


def _empty(row: Row) -> bool:
    return not visible(_text(row)).strip()


# ARPAbet as in the CMU dictionary, where vowels carry a stress digit.
_VOWELS = _set("aa ae ah ao aw ay eh er ey ih iy ow oy uh uw")
_CONSONANTS = _set("b ch d dh f g hh jh k l m n ng p r s sh t th v w y z zh")
_PHONES = _VOWELS | _CONSONANTS
# `sil` is a pause; the Whisper normaliser separates stress digits from their vowels and spells them out.
_PHONE_COMPANIONS = frozenset(["sil", "zero", "one", "two", "0", "1", "2"])
PHONE_TOKENS = 4
PHONE_SHARE_PERCENT = 60


def phone_share(text: str) -> bool:
    """More than 4 tokens, more than 60 % of them phones, pauses or spelled-out stress digits.

    The rule used on AudioBench's SALMONN logs. The stress digit of a phone is removed before the look-up.
    """
    phones, tokens = _phone_tokens(text)
    return tokens > PHONE_TOKENS and 100 * phones > PHONE_SHARE_PERCENT * tokens


def _phone_tokens(text: str) -> tuple[int, int]:
    tokens = text.lower().split()
    return sum(_is_phone(token) or token in _PHONE_COMPANIONS for token in tokens), len(tokens)


def phone_run(text: str) -> bool:
    """More than 4 consecutive phones or pauses, one of them a stressed vowel: a transcript that turns into phones."""
    run = stressed = 0
    for word in text.lower().split():
        if word != "sil" and not _is_phone(word):
            run = stressed = 0
            continue
        run += 1
        stressed += word[-1] in "012"
        if run > PHONE_TOKENS and stressed:
            return True
    return False


def _is_phone(token: str) -> bool:
    return token in _PHONES or (token[-1] in "012" and token[:-1] in _VOWELS)


def _phone_suspicion(row: Row) -> float:
    phones, tokens = _phone_tokens(_text(row))
    return phones / max(1, tokens)


def _phones(row: Row) -> bool:
    text = _text(row)
    return phone_share(text) or phone_run(text)


_KANA = ("Hiragana", "Katakana")


def _latin_expected(row: Row) -> bool:
    """Fewer than half of the letters are Latin."""
    text = _text(row)
    if text.isascii():
        return False
    return 2 * letters_of(text, "Latin") < letters(text)


def _chinese_expected(row: Row) -> bool:
    """Letters, but no Han character; or kana."""
    text = _text(row)
    return bool(letters_of(text, *_KANA)) or (bool(letters(text)) and not letters_of(text, "Han"))


def _japanese_expected(row: Row) -> bool:
    """Letters, but no kana: Chinese or English. Also flags a Japanese answer written only in Han characters."""
    text = _text(row)
    return bool(letters(text)) and not letters_of(text, *_KANA)


# Words that are frequent in one of the two languages and do not exist in the other.
_ENGLISH = _set("the and of is are was were with this that they you he she his her have from not for it")
_GERMAN = _set("der die das und ist sind nicht ein eine einen dem den des mit auf für von zu im sich er sie es ich wir")


def _german_expected(row: Row) -> bool:
    """Not in Latin script; or at least two frequent English words, and more of them than frequent German words."""
    words = re.findall(r"[^\W\d_]+", _text(row).lower())
    english = sum(word in _ENGLISH for word in words)
    return _latin_expected(row) or (english >= 2 and english > sum(word in _GERMAN for word in words))


REPEATS = 4
LONGEST_UNIT = 20


def repeats(items: Sequence[str], least: int) -> bool:
    """Whether a unit of at most 20 items is repeated at least 4 times in a row, over at least `least` items in total.

    One pass per unit length, and none if too few items occur twice for any loop.
    """
    fewest = min(max(least, REPEATS * period) - period for period in range(1, LONGEST_UNIT + 1))
    if len(items) - len(set(items)) < fewest:
        return False
    for period in range(1, min(LONGEST_UNIT, len(items) // REPEATS) + 1):
        needed = max(least, REPEATS * period) - period
        run = 0
        for index in range(period, len(items)):
            run = run + 1 if items[index] == items[index - period] else 0
            if run >= needed:
                return True
    return False


def _runaway(row: Row) -> bool:
    """A loop of at least 10 words, or of 24 characters without a space (Chinese, a repeated letter)."""
    words = _text(row).lower().split()
    return repeats(words, 10) or any(len(word) >= 24 and repeats(word, 24) for word in words)


_REFUSAL = re.compile(
    r"^(?:i'?m|i am) (?:very |so |really )?sorry,? (?:but )?"
    r"(?:i(?: am|'m)?(?: do)? (?:not|can'?t|cannot|don'?t|unable)|as an|there is no)\b"
    r"|\bas an? (?:ai|artificial intelligence|language model|large language model|text-based)\b"
    r"|\bi(?:'m| am)? (?:can'?t|cannot|can not|unable to|not able to|don'?t have the ability to)"
    r" (?:hear|listen|access|play|process|transcribe|translate|determine|identify|provide|answer|assist|help|recognize)\b"
    r"|\b(?:please provide|you (?:have not|haven't|did not|didn't) provide)d?\b.{0,40}\b(?:audio|speech|recording|file|clip)\b"
    r"|^(?:抱歉|对不起，我(?:无法|不能)|很抱歉|我(?:无法|不能)(?:听|翻译|处理|回答)|作为(?:一个|一名)?(?:ai|人工智能|语言模型))"
    r"|^(?:申し訳(?:ありません|ございません)|すみませんが)"
    r"|^(?:es tut mir leid,? (?:aber|ich)|als ki\b|ich kann (?:das|die|den) (?:audio|aufnahme))"
)


def _refusal(row: Row) -> bool:
    """The wording of a refusal in the output but not in the reference: speakers apologise in recordings too."""
    match = _REFUSAL.search(_plain(_text(row)))
    return match is not None and match.group() not in _plain(_reference_text(row))


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", visible(text).lower().replace("\u2019", "'")).strip()


def _reference_text(row: Row) -> str:
    value = row.reference
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return " ".join(str(item) for item in value)
    return " ".join(str(item) for item in value.values()) if isinstance(value, dict) else ""


_SPEECH = re.compile(r"<Speech>.*?</Speech>|<SpeechHere>|\bUSER:|\bASSISTANT:", re.DOTALL)
_MARKERS = re.compile(r"<SpeechHere>|\bUSER:|\bASSISTANT:")
ECHO_WORDS = 3


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", visible(text).lower())


def _has_prompt(row: Row) -> bool:
    return row.hypothesis is not None and bool(row.prompt) and len(_prompt_words(row)) >= ECHO_WORDS


def _prompt_words(row: Row) -> list[str]:
    return _words(_MARKERS.sub(" ", without_spans(_SPEECH, row.prompt or "", "</Speech>", instead=" ")))


def _echo(row: Row) -> bool:
    """The output, but not the reference, contains the prompt's words (3 or more, without the chat template) consecutively."""
    prompt = f" {' '.join(_prompt_words(row))} "
    output, reference = (f" {' '.join(_words(text))} " for text in (_text(row), _reference_text(row)))
    return prompt in output and prompt not in reference


UNFINISHED = Detector("unfinished", "no end token", _unfinished, version="2")
EMPTY = Detector("empty", "empty output", _empty, version="2")
PHONES = Detector("phones", "phones instead of words", _phones, suspicion=_phone_suspicion)
NOT_LATIN = Detector("wrong-script", "not in Latin script", _latin_expected, version="2")
NOT_CHINESE = Detector("wrong-script", "not in Chinese", _chinese_expected, version="zh.2")
NOT_JAPANESE = Detector("wrong-script", "no kana", _japanese_expected, version="ja.2")
NOT_GERMAN = Detector("wrong-language", "not in German", _german_expected, version="de.2")
RUNAWAY = Detector("runaway", "a loop of repetitions", _runaway)
REFUSAL = Detector("refusal", "a refusal", _refusal, version="2")
ECHO = Detector("echoed-prompt", "the prompt repeated", _echo, _has_prompt, version="2")

_LANGUAGE = {"zh": NOT_CHINESE, "ja": NOT_JAPANESE, "de": NOT_GERMAN}


def detectors_of(task: Task) -> tuple[Detector, ...]:
    """The detectors that apply to a task: in phone recognition, for instance, phones are correct."""
    translated = task.parameters.get("target")
    # The script of a language without a detector of its own is not known here.
    language = _LANGUAGE.get(translated) if translated else NOT_LATIN
    common = (UNFINISHED, EMPTY, *((language,) if language else ()), RUNAWAY, REFUSAL, ECHO)
    return common if task.family == "phones" else (*common[:2], PHONES, *common[2:])
