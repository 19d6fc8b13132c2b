"""NIST's `stm` and `ctm`: segments and words with times (usnistgov/SCTK@9688a26: doc/infmts.htm)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.errors import InputError
from audit.importers.joined import lines_of

IGNORED = "IGNORE_TIME_SEGMENT_IN_SCORING"
_LABEL = re.compile(r"<[^<>\s]*>")
_ALTERNATIVES = ("<ALT_BEGIN>", "<ALT>", "<ALT_END>")


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of an stm file; times in seconds, as numbers and as written."""

    where: str
    file: str
    channel: str
    speaker: str
    begin: float
    end: float
    written: tuple[str, str]
    label: str | None
    text: str

    @property
    def id(self) -> str:
        """File, channel, speaker and times."""
        return "-".join((self.file, self.channel, self.speaker, *self.written))

    @property
    def facts(self) -> dict[str, Any]:
        """The columns, for `extra`."""
        found = {"file": self.file, "channel": self.channel, "speaker": self.speaker, "begin": self.written[0],
                 "end": self.written[1]}  # fmt: skip
        return found if self.label is None else {**found, "label": self.label}


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a ctm file; times in seconds."""

    where: str
    file: str
    channel: str
    begin: float
    duration: float
    text: str

    @property
    def middle(self) -> float:
        """The middle of the word, by which it belongs to a segment."""
        return self.begin + self.duration / 2


def segments(path: Path, raw: bytes) -> list[Segment]:
    """The segments of an stm file.

    Raises:
        InputError: A line is malformed, or there is none.
    """
    found = []
    for where, line in _lines(path, raw):
        segment = segment_of(line, where)
        if segment is None:
            raise InputError(
                "not a line of an stm file",
                where=where,
                fix="Write `FILE CHANNEL SPEAKER BEGIN END [<LABEL>] WORDS...`.",
            )
        found.append(segment)
    if not found:
        raise InputError("no segments", where=str(path), fix="Give a file that contains segments.")
    return found


def words(path: Path, raw: bytes) -> list[Word]:
    """The words of a ctm file.

    Raises:
        InputError: A line is malformed, or there is none.
    """
    found = []
    for where, line in _lines(path, raw):
        parts = line.split()
        if len(parts) > 4 and parts[4] in _ALTERNATIVES:
            raise InputError("alternatives in a ctm file are not read", where=where, fix="Write them into an stm file.")
        word = word_of(line, where)
        if word is None:
            raise InputError(
                "not a line of a ctm file", where=where, fix="Write `FILE CHANNEL BEGIN DURATION WORD [CONFIDENCE]`."
            )
        found.append(word)
    if not found:
        raise InputError("no words", where=str(path), fix="Give a file that contains words.")
    return found


def segment_of(line: str, where: str) -> Segment | None:
    """A line as a segment; None if it is not one."""
    parts = line.split(maxsplit=5)
    if len(parts) < 5:
        return None
    begin, end = _time(parts[3]), _time(parts[4])
    if begin is None or end is None or end < begin:
        return None
    text, label = parts[5].strip() if len(parts) > 5 else "", None
    first, _, rest = text.partition(" ")
    if _LABEL.fullmatch(first):
        text, label = rest.strip(), first
    return Segment(where, parts[0], parts[1], parts[2], begin, end, (parts[3], parts[4]), label, text)


def word_of(line: str, where: str) -> Word | None:
    """A line as a word; None if it is not one."""
    parts = line.split()
    if len(parts) not in (5, 6):
        return None
    begin, duration = _time(parts[2]), _time(parts[3])
    if begin is None or duration is None or (len(parts) == 6 and _time(parts[5]) is None and parts[5] != "NA"):
        return None
    return Word(where, parts[0], parts[1], begin, duration, parts[4])


def words_of_segments(gold: Sequence[Segment], said: Sequence[Word]) -> list[list[Word]]:
    """The words of each segment: a word belongs to the first segment of its channel that ends after its middle.

    Words behind the last segment belong to that one, so that no word is lost; sclite counts them so, too.

    Raises:
        InputError: The file or channel of a word has no segment.
    """
    order: dict[tuple[str, str], list[int]] = {}
    for index, segment in enumerate(gold):
        order.setdefault(_channel(segment), []).append(index)
    for indices in order.values():
        indices.sort(key=lambda index: (gold[index].begin, gold[index].end))
    found: list[list[Word]] = [[] for _ in gold]
    next_of = dict.fromkeys(order, 0)
    for word in sorted(said, key=lambda word: word.middle):
        key = _channel(word)
        if key not in order:
            raise InputError(
                f"the references have no segment of file {word.file!r}, channel {word.channel!r}",
                where=word.where,
                fix="Give the references of these recordings.",
            )
        indices = order[key]
        while next_of[key] < len(indices) - 1 and gold[indices[next_of[key]]].end <= word.middle:
            next_of[key] += 1
        found[indices[next_of[key]]].append(word)
    return found


def _channel(part: Segment | Word) -> tuple[str, str]:
    return part.file, part.channel.lower()


def _lines(path: Path, raw: bytes) -> Iterator[tuple[str, str]]:
    for where, line in lines_of(path, raw):
        if line.strip() and not line.lstrip().startswith(";;"):
            yield where, line


def _time(text: str) -> float | None:
    if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?|\.\d{1,9}", text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None
