"""WordNet 3.0 synonyms for nltk's METEOR, equal to those of nltk's reader.

The files are those of the folder in `REPRO_AUDIT_WORDNET`, of `repro-audit assets fetch wordnet`, or of Debian's
`wordnet-base` (/usr/share/wordnet). nltk's reader accepts only a folder below its own data path, requires files that METEOR
does not need (`index.sense`, `lexnames`) and builds complete synsets; METEOR needs only the words that share a synset with a
word.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tasks.availability import reason
from tasks.backends.assets import ASSETS, place
from tasks.errors import UnavailableError

PATH_VARIABLE = "REPRO_AUDIT_WORDNET"
FOLDER = "/usr/share/wordnet"
PARTS = ("noun", "verb", "adj", "adv")
FILES = tuple(f"{kind}.{part}" for part in PARTS for kind in ("data", "index")) + tuple(f"{p}.exc" for p in PARTS)
# Lemmatisation rules by part of speech: an ending and its replacement in the lemma (WordNet's morphy(7)).
_ENDINGS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "noun": (
        ("s", ""),
        ("ses", "s"),
        ("ves", "f"),
        ("xes", "x"),
        ("zes", "z"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("men", "man"),
        ("ies", "y"),
    ),
    "verb": (("s", ""), ("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e"), ("ing", "")),
    "adj": (("er", ""), ("est", ""), ("er", "e"), ("est", "e")),
    "adv": (),
}


def wordnet_folder() -> Path:
    """The folder of the WordNet files.

    Raises:
        UnavailableError: The folder or a file is missing, or the version is not 3.0.
    """
    folder = place(ASSETS["wordnet"])
    if not os.environ.get(PATH_VARIABLE) and not folder.is_dir():
        folder = Path(FOLDER)
    missing = [name for name in FILES if not (folder / name).is_file()]
    if len(missing) == len(FILES):
        raise UnavailableError(f"WordNet 3.0 not found (install wordnet-base, or set {PATH_VARIABLE})")
    if missing:
        raise UnavailableError(f"WordNet 3.0 is incomplete: {', '.join(missing)} not found")
    with (folder / "data.noun").open(encoding="ascii", errors="replace") as file:
        head = "".join(next(file, "") for _ in range(29))
    if "WordNet 3.0" not in head:
        raise UnavailableError("the WordNet files are not version 3.0")
    return folder


@cache
def wordnet_digest(folder: Path) -> str:
    """SHA-256 (hex) over the files that determine synonyms, by name."""
    total = hashlib.sha256()
    for name in sorted(FILES):
        total.update(f"{name} {hashlib.sha256((folder / name).read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


class _Lemma:
    """The part of nltk's lemma interface that METEOR uses."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def name(self) -> str:
        """The word as spelled in WordNet."""
        return self._name


class _Synset:
    """The part of nltk's synset interface that METEOR uses."""

    __slots__ = ("_lemmas",)

    def __init__(self, names: frozenset[str]) -> None:
        self._lemmas = [_Lemma(name) for name in sorted(names)]

    def lemmas(self) -> list[_Lemma]:
        """The words of the synset."""
        return self._lemmas


class WordNet:
    """Synonyms of words, with a cache."""

    def __init__(self, folder: Path) -> None:
        self._data = {part: (folder / f"data.{part}").read_bytes() for part in PARTS}
        self._words = {part: _index(folder / f"index.{part}") for part in PARTS}
        self._exceptions = {part: _exceptions(folder / f"{part}.exc") for part in PARTS}
        self._known: dict[str, list[_Synset]] = {}

    def lemmas(self, word: str, part: str) -> list[str]:
        """The lemmas of a word in the index of a part of speech: the word itself, then exceptions or stripped endings."""
        forms = self._exceptions[part].get(word)
        if forms is None:
            forms = [word[: -len(end)] + new for end, new in _ENDINGS[part] if word.endswith(end)]
        index = self._words[part]
        return list(dict.fromkeys(form for form in (word, *forms) if form in index))

    def synonyms(self, word: str) -> frozenset[str]:
        """All words of all synsets of a word, spelled and capitalised as in WordNet, with `_` for a space."""
        word = word.lower()
        return frozenset(
            name
            for part in PARTS
            for form in self.lemmas(word, part)
            for offset in _offsets(self._words[part][form])
            for name in self._names(part, offset)
        )

    def synsets(self, word: str) -> list[_Synset]:
        """All synonyms of a word as one synset, for nltk."""
        known = self._known.get(word)
        if known is None:
            known = self._known[word] = [_Synset(self.synonyms(word))]
        return known

    def _names(self, part: str, offset: int) -> list[str]:
        # `offset file kind count word id word id ...`: the count is hexadecimal; adjectives may end in `(a)`, `(p)`, `(ip)`.
        data = self._data[part]
        fields = data[offset : data.index(b"\n", offset)].decode("ascii").split("|", 1)[0].split()
        return [fields[4 + 2 * i].split("(", 1)[0] for i in range(int(fields[3], 16))]


def _index(path: Path) -> dict[str, str]:
    """The rest of each word's line: few words of an index are looked up, so lines are read when they are."""
    lines = path.read_text(encoding="ascii").split("\n")
    return dict(line.split(" ", 1) for line in lines if line and not line.startswith(" "))


def _offsets(rest: str) -> list[int]:
    """`part count ... offset offset`: where the synsets stand in the data."""
    fields = rest.split()
    return [int(offset) for offset in fields[-int(fields[1]) :]]


def _exceptions(path: Path) -> dict[str, list[str]]:
    return {fields[0]: fields[1:] for fields in map(str.split, path.read_text(encoding="ascii").splitlines()) if fields}


@cache
def _load(folder: Path) -> WordNet:
    return WordNet(folder)


def wordnet() -> WordNet:
    """The WordNet installed on this machine.

    Raises:
        UnavailableError: See `wordnet_folder`.
    """
    return _load(wordnet_folder())


def wordnet_unavailable() -> str | None:
    """Why WordNet is not available here, or None."""
    return reason(wordnet_folder)
