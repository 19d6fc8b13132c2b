"""What happened between two readings of one text: a number spelled out, a contraction, a filler, a hyphen, a spelling, ...

Two conventions read the same output (or the same reference) as different tokens. The tokens are aligned by their letters and
digits alone, so that case and punctuation do not hide what corresponds, and every place where they differ gets a kind.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal, TypeAlias

import regex

from tasks.phrase import phrase
from tasks.steps.characters import letters, letters_of, visible
from tasks.steps.long_texts import normal_form

Kind: TypeAlias = Literal[
    "number", "contraction", "abbreviation", "filler", "hyphen", "script", "spelling", "words", "removed", "markup",
    "boundary", "case", "punctuation",
]  # fmt: skip
# For readers; in the order in which a kind is chosen if both sides of an error changed.
KINDS: dict[Kind, str] = {
    "number": phrase("a number, in digits or spelled out"),
    "contraction": phrase("a contraction or an apostrophe"),
    "abbreviation": phrase("an abbreviated title"),
    "filler": phrase("a filler"),
    "hyphen": phrase("a hyphen or dash"),
    "script": phrase("script or form of characters"),
    "spelling": phrase("a spelling"),
    "markup": phrase("brackets, tags or special tokens"),
    "removed": phrase("words that one convention removes"),
    "words": phrase("words that one convention replaces"),
    "boundary": phrase("where one word ends and the next begins"),
    "case": phrase("upper and lower case"),
    "punctuation": phrase("punctuation"),
}
# Those of Whisper's normaliser, and other spellings of the same sounds.
_FILLERS = frozenset(["hmm", "hm", "mm", "mhm", "mmm", "uh", "um", "uhm", "er", "erm", "eh", "ah", "huh"])
_TITLES = frozenset([
    "mr", "mrs", "ms", "dr", "st", "prof", "capt", "gov", "ald", "gen", "sen", "rep", "pres", "rev", "hon", "asst", "assoc",
    "lt", "col", "jr", "sr", "esq",
])  # fmt: skip
_INFORMAL = frozenset([
    "gonna", "wanna", "gotta", "wont", "cant", "dont", "aint", "lets", "ima", "imma", "woulda", "coulda", "shoulda", "gimme",
    "lemme",
])  # fmt: skip
_APOSTROPHES = frozenset("'\u2018\u2019\u02bc\u2032`\u00b4")
_DASHES = regex.compile(r"\p{Pd}")
_MARKUP = regex.compile(r"[<\[(].*[>\])]|</?s>|<\|.*\|>|\[PAD\]", regex.DOTALL)
_NOT_PLAIN = regex.compile(r"[^\p{L}\p{N}\p{M}]+")
_SIMILAR = 0.6
_ANCHOR = 0.75
# Pairs of tokens up to which a run of different ones is taken apart.
_MOST_PAIRS = 100
# Tokens per side above which a text is compared as a whole: an alignment takes their product.
_LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Change:
    """A place where two readings of a text differ: the tokens of each, and what happened."""

    first: range
    second: range
    kind: Kind


def plain(token: str) -> str:
    """The letters and digits of a token in lower case, in compatibility form; the token itself if it has none."""
    if token.isascii() and token.isalnum():
        return token.lower()
    return _letters(token) or token


def changes(first: Sequence[str], second: Sequence[str]) -> list[Change]:
    """Where two readings of a text differ, in order; empty if they are equal.

    Args:
        first: The tokens under one convention.
        second: Those under another.
    """
    if tuple(first) == tuple(second):
        return []
    found: list[Change] = []
    one, other = [plain(token) for token in first], [plain(token) for token in second]
    for a, b in _blocks(one, other):
        for x, y in _apart(a, b, one, other, first, second):
            before, after = first[x.start : x.stop], second[y.start : y.stop]
            if tuple(before) != tuple(after):
                found.append(Change(x, y, kind_of(before, after)))
    return found


def _apart(
    a: range, b: range, one: Sequence[str], other: Sequence[str], first: Sequence[str], second: Sequence[str]
) -> list[tuple[range, range]]:
    """A run taken apart: equal tokens one by one, and different ones around those that are similar (`colours`, `colors`)."""
    if len(a) == len(b) and all(one[n] == other[m] for n, m in zip(a, b, strict=True)):
        return [(range(n, n + 1), range(m, m + 1)) for n, m in zip(a, b, strict=True)]
    if min(len(a), len(b)) < 2 or len(a) * len(b) > _MOST_PAIRS:
        return [(a, b)]
    parts: list[tuple[range, range]] = []
    n, m = a.start, b.start
    for x, y in [*_anchors(a, b, one, other, first, second), (a.stop, b.stop)]:
        if n < x or m < y:
            parts.append((range(n, x), range(m, y)))
        if x < a.stop:
            parts.append((range(x, x + 1), range(y, y + 1)))
        n, m = x + 1, y + 1
    return parts


def _anchors(
    a: range, b: range, one: Sequence[str], other: Sequence[str], first: Sequence[str], second: Sequence[str]
) -> list[tuple[int, int]]:
    """Pairs of similar tokens, in order on both sides, with the largest sum of similarities; none with an apostrophe."""
    best: dict[tuple[int, int], tuple[float, tuple[tuple[int, int], ...]]] = {}
    nothing: tuple[float, tuple[tuple[int, int], ...]] = (0.0, ())
    for n in reversed(a):
        for m in reversed(b):
            choice = max(best.get((n + 1, m), nothing), best.get((n, m + 1), nothing), key=lambda item: item[0])
            if not any(c in _APOSTROPHES for c in first[n] + second[m]):
                alike = SequenceMatcher(None, one[n], other[m], autojunk=False).ratio()
                total, rest = best.get((n + 1, m + 1), nothing)
                if alike >= _ANCHOR and alike + total > choice[0]:
                    choice = (alike + total, ((n, m), *rest))
            best[n, m] = choice
    return list(best[a.start, b.start][1])


def _blocks(first: Sequence[str], second: Sequence[str]) -> list[tuple[range, range]]:
    """Runs of equal tokens and runs of different ones, in turn: their positions on both sides."""
    from rapidfuzz.distance import Levenshtein

    if max(len(first), len(second)) > _LONGEST:
        return [(range(len(first)), range(len(second)))]
    numbers: dict[Hashable, int] = {}
    one, other = ([numbers.setdefault(token, len(numbers)) for token in side] for side in (first, second))
    found: list[tuple[range, range]] = []
    equal = True
    for op in Levenshtein.opcodes(one, other):
        before, after = range(op.src_start, op.src_end), range(op.dest_start, op.dest_end)
        if found and not equal and op.tag != "equal":
            last = found.pop()
            before, after = range(last[0].start, before.stop), range(last[1].start, after.stop)
        found.append((before, after))
        equal = op.tag == "equal"
    return found


def kind_of(first: Sequence[str], second: Sequence[str]) -> Kind:
    """What happened between two readings of one place; either may be empty."""
    a, b = " ".join(first), " ".join(second)
    one, other = ("".join(map(_letters, side)) for side in (first, second))
    if one == other:
        return _same_letters(first, second)
    if not one or not other:
        return _removed(first or second)
    if any(character.isdigit() for character in one + other):
        return "number"
    if _script(a) != _script(b):
        return "script"
    words = [set(map(plain, side)) for side in (first, second)]
    if any(character in _APOSTROPHES for character in a + b) or (words[0] | words[1]) & _INFORMAL:
        return "contraction"
    if (words[0] ^ words[1]) & _TITLES:
        return "abbreviation"
    spoken = [[_letters(word) for word in side if _letters(word) not in _FILLERS] for side in (first, second)]
    if spoken[0] == spoken[1]:
        return "filler"
    if len(first) == len(second) and all(
        SequenceMatcher(None, _letters(x), _letters(y), autojunk=False).ratio() >= _SIMILAR
        for x, y in zip(first, second, strict=True)
    ):
        return "spelling"
    return "words"


def _letters(token: str) -> str:
    """As `plain`, but empty for a token without letters and digits."""
    found: str = _NOT_PLAIN.sub("", visible(token).casefold())
    return found


def _same_letters(first: Sequence[str], second: Sequence[str]) -> Kind:
    """The kind of a difference in nothing but case, marks, spaces or forms of characters."""
    a, b = " ".join(first), " ".join(second)
    if len(_DASHES.findall(a)) != len(_DASHES.findall(b)):
        return "hyphen"
    if sum(c in _APOSTROPHES for c in a) != sum(c in _APOSTROPHES for c in b):
        return "contraction"
    if [_letters(x) for x in first if _letters(x)] != [_letters(x) for x in second if _letters(x)]:
        return "number" if any(c.isdigit() for c in a) else "boundary"
    if normal_form("NFKC", a) == normal_form("NFKC", b):
        return "script"
    return "case" if _NOT_PLAIN.sub("", a) != _NOT_PLAIN.sub("", b) else "punctuation"


def _removed(words: Sequence[str]) -> Kind:
    """The kind of words that only one reading has."""
    text = " ".join(words)
    if not "".join(map(_letters, words)):
        return "punctuation"
    if all(_letters(word) in _FILLERS for word in words if _letters(word)):
        return "filler"
    if _MARKUP.fullmatch(text):
        return "markup"
    if any(c.isdigit() for c in text):
        return "number"
    return "contraction" if text[0] in _APOSTROPHES else "removed"


def _script(text: str) -> bool:
    """Whether most letters are Latin."""
    return 2 * letters_of(text, "Latin") >= letters(text)
