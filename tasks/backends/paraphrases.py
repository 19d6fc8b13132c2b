"""METEOR's table of paraphrases, cut to the pairs that the texts of a run can match.

METEOR loads 5.3 million pairs of phrases, which takes several times as long as scoring a test set. A pair can match only if
one phrase stands in an output and the other in a caption; an index of the table, made once on a machine, finds these pairs.
Their order is kept, so METEOR finds the same matches in the same order.

METEOR changes punctuation before it looks for phrases. Phrases are therefore looked for as runs of ASCII letters and digits:
METEOR puts spaces around other characters, and only deletes full stops within a word (`u.s.` becomes `us`), for which
`readings` allows. A pair found in excess matches nothing and changes nothing. Where a text cannot be read in this way, and
where no index can be made or kept, METEOR loads the whole table: the values are the same.
"""

from __future__ import annotations

import gzip
import os
import re
import tempfile
import time
import zlib
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import BinaryIO, TypeAlias

import regex

from tasks.arrays import NDArray, np
from tasks.backends.user_cache import chosen_cache, is_private

PATH_VARIABLE = "REPRO_AUDIT_METEOR_CACHE"
_FORMAT = 1
# Temporary files older than this, in seconds, were left by a killed run.
_LEFT_BEHIND = 3600
_CHUNK = 1 << 24
# Texts whose runs are kept at once: bounds the memory for large sets.
_BLOCK = 20_000
_RUN = re.compile(rb"[a-z0-9]+")
_PLAIN = re.compile(rb"[a-z0-9]+(?: [a-z0-9]+)*")
# Words with full stops inside, unless the word ends without one: there METEOR may delete them.
# The first releases of Python 3.11 misread possessive groups (python/cpython#106052).
_DOTTED = regex.compile(r"[a-z0-9]++(?:\.[a-z0-9]++)++(?! |\Z)")
# Every such word is read in two ways, so a text with this many has 2**4 readings.
_MOST_DOTTED = 4
# METEOR's own mark for several full stops, and the letters outside ASCII whose lower case is in it.
_UNREADABLE = re.compile("DOTMULTI|[\u0130\u212a]")
Hashes: TypeAlias = "NDArray[np.uint32]"


def readings(text: str) -> list[list[bytes]] | None:
    """The runs of letters and digits of a text, in every way in which METEOR may read it; None if it cannot be said."""
    if _UNREADABLE.search(text):
        return None
    text = text.lower()
    if "." not in text:
        return [_RUN.findall(text.encode(errors="replace"))]
    parts: list[tuple[str, ...]] = []
    end = 0
    for found in _DOTTED.finditer(text):
        parts += [(text[end : found.start()],), (found[0], found[0].replace(".", ""))]
        end = found.end()
    if len(parts) > 2 * _MOST_DOTTED:
        return None
    parts.append((text[end:],))
    return [_RUN.findall("".join(chosen).encode(errors="replace")) for chosen in product(*parts)]


def _hash(phrase: bytes) -> int:
    """The hash of a phrase's runs."""
    return zlib.crc32(phrase if _PLAIN.fullmatch(phrase) else b" ".join(_RUN.findall(phrase.lower())))


def _hashes(texts: Iterable[str], longest: int) -> Hashes | None:
    """The hashes of all sequences of at most `longest` runs in texts, sorted, and of the empty one; None: see `readings`."""
    blocks: list[Hashes] = []
    found = array("I", [0])
    crc = zlib.crc32
    for number, text in enumerate(dict.fromkeys(texts)):
        read = readings(text)
        if read is None:
            return None
        for runs in read:
            following = [b" " + run for run in runs]
            for start, run in enumerate(runs, 1):
                value = crc(run)
                found.append(value)
                for other in following[start : start + longest - 1]:
                    value = crc(other, value)
                    found.append(value)
        if number % _BLOCK == _BLOCK - 1:
            blocks.append(np.unique(np.frombuffer(found, np.uint32)))
            found = array("I")
    return np.unique(np.concatenate([*blocks, np.frombuffer(found, np.uint32)]))


def _among(values: Hashes, known: Hashes) -> NDArray[np.bool_]:
    """Which values are among the known ones, which are sorted."""
    at = np.minimum(np.searchsorted(known, values), len(known) - 1)
    found: NDArray[np.bool_] = known[at] == values
    return found


@dataclass(frozen=True, slots=True)
class Index:
    """A table by its first phrases, which are sorted by their hashes.

    Attributes:
        firsts: The first phrases, by their numbers.
        starts: Where each one's pairs begin in `seconds`, and the end of the last one.
        seconds: The second phrase of every pair, by its number; the pairs of a first phrase in the table's order.
        hashes: The hash of every phrase.
        ends: Where every phrase ends in `text`.
        text: All phrases, one after another.
        longest: The runs of the longest phrase.
    """

    firsts: NDArray[np.int32]
    starts: NDArray[np.int32]
    seconds: NDArray[np.int32]
    hashes: Hashes
    ends: NDArray[np.int32]
    text: NDArray[np.uint8]
    longest: int

    def pairs(self, outputs: Iterable[str], captions: Iterable[str]) -> list[tuple[bytes, bytes]] | None:
        """The pairs that an output and a caption can match, at least these; None if a text cannot be read."""
        said, wanted = _hashes(outputs, self.longest), _hashes(captions, self.longest)
        if said is None or wanted is None:
            return None
        hashes = self.hashes[self.firsts]
        one_said, one_wanted = _among(hashes, said), _among(hashes, wanted)
        kept = np.flatnonzero(one_said | one_wanted)
        lengths = self.starts[kept + 1] - self.starts[kept]
        first = np.repeat(np.arange(len(kept)), lengths)
        before = np.cumsum(lengths) - lengths
        second = self.seconds[np.arange(len(first)) - before[first] + self.starts[kept][first]]
        other = self.hashes[second]
        one = kept[first]
        match = (one_said[one] & _among(other, wanted)) | (one_wanted[one] & _among(other, said))
        return list(zip(self._phrases(self.firsts[one[match]]), self._phrases(second[match]), strict=True))

    def _phrases(self, numbers: NDArray[np.int32]) -> Iterator[bytes]:
        starts = np.where(numbers > 0, self.ends[numbers - 1], 0)
        for start, end in zip(starts.tolist(), self.ends[numbers].tolist(), strict=True):
            yield self.text[start:end].tobytes()


def make(table: Path) -> Index:
    """The index of a table: gzip of three lines a pair, its probability and the two phrases.

    Raises:
        OSError, EOFError, zlib.error: The table cannot be read.
        ValueError: The table is cut short.
    """
    numbers: defaultdict[bytes, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    firsts, seconds = array("i"), array("i")
    left: list[bytes] = [b""]
    with gzip.open(table) as file:
        while chunk := file.read(_CHUNK):
            if b"\r" in chunk:
                raise ValueError(f"{table}: Java reads other lines")
            lines = (left[-1] + chunk).split(b"\n")
            lines[:0] = left[:-1]
            whole = (len(lines) - 1) // 3 * 3
            firsts.extend(map(numbers.__getitem__, lines[1:whole:3]))
            seconds.extend(map(numbers.__getitem__, lines[2:whole:3]))
            left = lines[whole:]
    if left != [b""]:
        raise ValueError(f"{table}: not three lines a pair")
    phrases = list(numbers)
    hashes = np.fromiter(map(_hash, phrases), np.uint32, len(phrases))
    longest = max((len(_RUN.findall(phrase)) for phrase in phrases), default=0)
    one = np.frombuffer(firsts, np.int32)
    # By hash, then by phrase; stable, so that the pairs of a phrase stay in order.
    order = np.argsort(hashes[one].astype(np.uint64) << np.uint64(32) | one.astype(np.uint64), kind="stable")
    one = one[order]
    starts = np.flatnonzero(np.concatenate([[True], one[1:] != one[:-1]])) if len(one) else np.zeros(0, np.int64)
    return Index(
        firsts=one[starts],
        starts=np.append(starts, len(one)).astype(np.int32),
        seconds=np.frombuffer(seconds, np.int32)[order],
        hashes=hashes,
        ends=np.cumsum(np.fromiter(map(len, phrases), np.int32, len(phrases)), dtype=np.int32),
        text=np.frombuffer(b"".join(phrases), np.uint8),
        longest=longest,
    )


def folder() -> Path | None:
    """Where indices are kept: `REPRO_AUDIT_METEOR_CACHE` (`off`: nowhere), or a folder in the user's cache folder."""
    return chosen_cache(PATH_VARIABLE, "meteor")


def index(table: Path, identity: str) -> Index | None:
    """The kept index of a table, made if there is none; None if it cannot be made or kept.

    It is written whole or not at all, and read with its checksums. The folder must belong to this user alone, since whoever
    writes there decides values.

    Args:
        table: The file.
        identity: Its SHA-256 (hex).
    """
    place = folder()
    if place is None:
        return None
    path = place / f"paraphrases-{_FORMAT}-{identity[:16]}.npz"
    try:
        if not is_private(place):
            return None
        return _read(path, identity) or _written(path, table, identity)
    except (OSError, EOFError, zlib.error, ValueError, MemoryError):
        return None


def _read(path: Path, identity: str) -> Index | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            if str(kept["identity"]) != identity:
                return None
            arrays = {name: kept[name] for name in Index.__slots__ if name != "longest"}
            return Index(**arrays, longest=int(kept["longest"]))
    except Exception:  # noqa: BLE001  # a damaged archive may say anything
        return None


def _written(path: Path, table: Path, identity: str) -> Index:
    for left in path.parent.glob(".paraphrases-*.tmp"):
        if time.time() - left.stat().st_mtime > _LEFT_BEHIND:
            left.unlink(missing_ok=True)
    # Opened first: an index that cannot be kept is not worth its making.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            made = make(table)
            arrays = {name: getattr(made, name) for name in Index.__slots__}
            np.savez(file, identity=np.array(identity), **arrays)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return made


def cut(table: Path, identity: str, outputs: Sequence[str], captions: Sequence[str], file: BinaryIO) -> bool:
    """Write the part of a table that outputs and captions can match, as a table; false if the whole one is needed.

    Args:
        table: The table.
        identity: Its SHA-256 (hex).
        outputs: The outputs.
        captions: The captions.
        file: What is written to.
    """
    known = index(table, identity)
    pairs = None if known is None else known.pairs(outputs, captions)
    if pairs is None:
        return False
    # METEOR does not read the probability.
    file.write(gzip.compress(b"".join(b"0\n%b\n%b\n" % pair for pair in pairs), 1, mtime=0))
    file.flush()
    return True
