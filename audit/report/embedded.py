"""audit.json inside report.html, for the page's script: every value, in a sixth of the space.

Compression by a library would give other bytes with another version of it. Here the objects of a document with equal keys
share one list of the keys, and the values of one key stand together in a column, which is written in the shortest of six ways.

The text is JSON: a list of shapes, the first of which is the document's own. A shape is `[KEYS, ABSENT, COLUMNS]`: the sorted
keys with a value, the keys with null, and one column for each of the first. A column begins with its kind:

    0  one value, the same in every object
    1  the values
    2  a text with one sign per object, then the values that the signs stand for
    3  ASCII texts: two signs for the lengths of the beginning and the end shared with the text before, then what is between
    4  ASCII texts of words: how many signs stand for a word, the words, then the texts of signs, each as in 3
    5  hashes: the bytes of all of them in base64

An object in a column is `[N]`, the next of shape N; a list is `[-1, ...]`; everything else stands for itself. A reader takes
values in the order in which it meets them, an object's keys in sorted order.
"""

from __future__ import annotations

import base64
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from audit._util.html_templates import UNPRINTABLE

# One sign for each number from 0: printable, and with no meaning in HTML or JSON.
SIGNS = "".join(chr(code) for code in range(35, 127) if chr(code) not in "&<>\\")
DATA_ID, SEAL_ID, WORDS_ID = "audit-json", "signature", "words"
# The element that a signature over audit.json is put into; `verify` compares everything else with a new rendering.
SEAL_OPEN = f'<script type="application/vnd.dev.sigstore.bundle.v0.3+json" id="{SEAL_ID}">'
SEAL_CLOSE = "</script>"
_WORD = re.compile(r"[A-Za-z0-9]+|[^A-Za-z0-9]")
_HASH = re.compile(r"[0-9a-f]{64}")
_Shape: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]


def data_elements(audit_json: bytes, words: Mapping[str, str]) -> str:
    """The elements of the page that hold data: audit.json, the place for a signature over it, and sentences of the script.

    Their texts contain no `<` and no character that HTML does not allow.

    Args:
        audit_json: The document.
        words: English sentence -> the same in the language of the page, where they differ.
    """
    said = f'<script type="application/json" id="{WORDS_ID}">{in_script(_text(words))}</script>\n' if words else ""
    document = in_script(pack(json.loads(audit_json)))
    return f'{said}<script type="application/json" id="{DATA_ID}">{document}</script>\n{SEAL_OPEN}{SEAL_CLOSE}'


def in_script(text: str) -> str:
    """JSON as the text of a script element."""
    return UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text).replace("<", "\\u003c")


def pack(document: Mapping[str, Any]) -> str:
    """The packed form of a JSON object."""
    shapes = _Shapes()
    shapes.add(document)
    written = [
        f"[{_text(keys)},{_text(absent)},[{','.join(map(_column, columns))}]]"
        for (keys, absent), (_, columns) in shapes.found.items()
    ]
    return f"[{','.join(written)}]"


class _Shapes:
    """The shapes of a document's objects: (keys with a value, keys with null) -> (number, columns)."""

    def __init__(self) -> None:
        self.found: dict[_Shape, tuple[int, list[list[Any]]]] = {}

    def add(self, value: Any) -> Any:
        """A value as it stands in a column; an object's values go into the columns of its shape."""
        if isinstance(value, Mapping):
            names = sorted(value)
            keys = tuple(name for name in names if value[name] is not None)
            absent = tuple(name for name in names if value[name] is None)
            number, columns = self.found.setdefault((keys, absent), (len(self.found), [[] for _ in keys]))
            # Its place in every column is taken before those of objects inside it, which may have the same shape.
            places = [(column, len(column)) for column in columns]
            for column in columns:
                column.append(None)
            for name, (column, place) in zip(keys, places, strict=True):
                column[place] = self.add(value[name])
            return [number]
        if isinstance(value, list | tuple):
            return [-1, *map(self.add, value)]
        return value


_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def _column(values: Sequence[Any]) -> str:
    written = [_text(value) for value in values]
    distinct = {text: number for number, text in enumerate(dict.fromkeys(written))}
    if len(distinct) == 1:
        return f"[0,{written[0]}]"
    ways = ["[1," + ",".join(written) + "]"]
    if len(distinct) <= len(SIGNS):
        ways.append(f'[2,"{"".join(SIGNS[distinct[text]] for text in written)}",' + ",".join(distinct) + "]")
    elif all(isinstance(value, str) and value.isascii() for value in values):
        ways.append("[3," + ",".join(map(_text, _shared(values))) + "]")
        ways.append(_of_words(values))
        if all(map(_HASH.fullmatch, values)):
            ways.append(f'[5,"{base64.b64encode(bytes.fromhex("".join(values))).decode("ascii")}"]')
    return min(ways, key=lambda way: len(way.encode()))


def _of_words(texts: Sequence[str]) -> str:
    """A column of kind 4: words are runs of letters and digits, or what separates them."""
    split = [_WORD.findall(text) for text in texts]
    words = {word: number for number, word in enumerate(dict.fromkeys(word for line in split for word in line))}
    width = 1 if len(words) <= len(SIGNS) else 2
    if len(words) > len(SIGNS) ** 2:
        return "[3," + ",".join(map(_text, _shared(texts))) + "]"
    signs = {word: _number(number, width) for word, number in words.items()}
    lines = ("".join(signs[word] for word in line) for line in split)
    return f"[4,{width},{_text(list(words))}," + ",".join(map(_text, _shared(lines))) + "]"


def _number(number: int, width: int) -> str:
    first, last = divmod(number, len(SIGNS))
    return SIGNS[last] if width == 1 else SIGNS[first] + SIGNS[last]


def _shared(texts: Iterable[str]) -> list[str]:
    """Each text without what it shares with the one before, after two signs for the lengths of beginning and end."""
    found, before = [], ""
    most = len(SIGNS) - 1
    for text in texts:
        limit = min(len(before), len(text), most)
        start = next((n for n in range(limit) if before[n] != text[n]), limit)
        limit = min(len(before) - start, len(text) - start, most)
        end = next((n for n in range(limit) if before[-1 - n] != text[-1 - n]), limit)
        found.append(SIGNS[start] + SIGNS[end] + text[start : len(text) - end])
        before = text
    return found


def unpack(text: str) -> Any:
    """The value of a packed text; the page's script does the same."""
    shapes = json.loads(text)
    readers = [[_values(column) for column in columns] for _, _, columns in shapes]

    def value(item: Any) -> Any:
        if not isinstance(item, list):
            return item
        if item[0] == -1:
            return [value(one) for one in item[1:]]
        keys, absent, _ = shapes[item[0]]
        taken = [next(column) for column in readers[item[0]]]
        return {
            **{key: value(one) for key, one in zip(keys, taken, strict=True)},
            **dict.fromkeys(absent),
        }

    return value([0])


def _values(column: list[Any]) -> Iterator[Any]:
    kind, *rest = column
    if kind == 0:
        return itertools.repeat(rest[0])
    if kind == 2:
        return (rest[1 + SIGNS.index(sign)] for sign in rest[0])
    if kind == 3:
        return _restored(rest)
    if kind == 4:
        width, words, *lines = rest
        known = {_number(number, width): word for number, word in enumerate(words)}
        return ("".join(known[line[n : n + width]] for n in range(0, len(line), width)) for line in _restored(lines))
    if kind == 5:
        digits = base64.b64decode(rest[0]).hex()
        return (digits[n : n + 64] for n in range(0, len(digits), 64))
    return iter(rest)


def _restored(shared: Iterable[str]) -> Iterator[str]:
    before = ""
    for text in shared:
        start, end = SIGNS.index(text[0]), SIGNS.index(text[1])
        before = before[:start] + text[2:] + (before[-end:] if end else "")
        yield before
