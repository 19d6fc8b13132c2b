"""Seeded mutations of files: bytes changed anywhere, and JSON with one value replaced, removed, repeated or renamed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Bytes and texts that have broken readers: separators, quotes, escapes, invalid UTF-8, JSON that Python alone reads.
PIECES = [
    b"\x00", b"\r", b"\n", b"\r\n", b"\t", b"\\", b'"', b"'", b"[", b"]", b"{", b"}", b",", b";", b":", b"=", b"\xff",
    b"\xed\xa0\x80", b"\xe2\x80\xa8", b"\xc2\x85", b"\xef\xbb\xbf", b"\\ud800", b"\\u0000", b"NaN", b"Infinity", b"-0",
    b"1e999", b"9" * 30, b"9" * 5000, b"null", b"true", b"[]", b"{}", b'""', b"['a' 'b']", b"[" * 3000, b'{"a":' * 2000,
    b"x" * 200000, b"version https://git-lfs.github.com/spec/v1\n", b"../" * 50, b"(a) ", b"_", b"-", b"\xe2\x80\x8f", b" ",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**30, "", "x", "[", "['a', 'b']", '["a"', "\u2028", "\ud800", "\x00", [], {}, [""],
    [None], [[]], {"": ""}, ["a", 1], "a" * 5000, {"a": {"b": []}}, "B", "(b)", "9" * 5000, "1", "neu", "a=b; a=c",
]  # fmt: skip


def bytes_changed(raw: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        start = rng.randrange(len(raw) + 1)
        end = min(len(raw), start + rng.choice((0, 1, 1, 2, 8, 40)))
        kind = rng.randrange(5)
        if kind == 0:
            raw = raw[:start] + raw[end:]
        elif kind == 1:
            raw = raw[:start] + rng.choice(PIECES) + raw[end:]
        elif kind == 2:
            raw = raw[:start] + raw[start:end] * rng.choice((2, 3, 50)) + raw[end:]
        elif kind == 3 and raw:
            position = rng.randrange(len(raw))
            raw = raw[:position] + bytes([rng.randrange(256)]) + raw[position + 1 :]
        else:
            raw = raw[:start]
    return raw


def value_changed(value: Any, rng: random.Random) -> Any:
    """The value with one of its parts replaced, removed, repeated or renamed."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        name = rng.choice(list(value))
        changed = dict(value)
        kind = rng.randrange(4)
        if kind == 0:
            del changed[name]
        elif kind == 1:
            changed[rng.choice(("x", "", "id", "\u2028", "extra", "details"))] = changed.pop(name)
        else:
            changed[name] = value_changed(value[name], rng)
        return changed
    if isinstance(value, list) and value and rng.random() < 0.8:
        index = rng.randrange(len(value))
        kind = rng.randrange(4)
        if kind == 0:
            return value[:index] + value[index + 1 :]
        if kind == 1:
            return [*value, value[index]]
        return [*value[:index], value_changed(value[index], rng), *value[index + 1 :]]
    return rng.choice(VALUES)


def json_changed(raw: bytes, rng: random.Random) -> bytes:
    """A JSON file, or a file of JSON lines, with a value changed; the bytes changed if it is neither."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return bytes_changed(raw, rng)
    try:
        return json.dumps(value_changed(json.loads(text), rng)).encode()
    except ValueError:
        pass
    lines = text.split("\n")[:-1]
    if not lines:
        return bytes_changed(raw, rng)
    number = rng.randrange(len(lines))
    try:
        lines[number] = json.dumps(value_changed(json.loads(lines[number]), rng))
    except ValueError:
        return bytes_changed(raw, rng)
    return "".join(f"{text}\n" for text in lines).encode()


# What stands where a value of the same type was.
TEXTS = (
    "", " ", "x", "-", "-0", "0", "1", "-1", "100.01", "1e999", "1e1000000000", "-1e-1000000000", "NaN", "Infinity", "1/0",
    "1/3", "9" * 400, "9" * 5000, "0." + "9" * 5000, "1_0", "\uff11", "\u0663", "../../x", "/etc/passwd", "CON", "a/b", "a\\b",
    "\ud800", "\u202e", "\x00", "\n", "\u2028", "{{ x }}", "<b>", "]]>", "%(x)s", "{x}", "https://x/", "javascript:x",
    "a" * 5000, "[" * 200, "2026-13-45", "10000-01-01", "st-en-zh", "reproduced", "asr-librispeech-clean.wer", "A",
)  # fmt: skip
NUMBERS: tuple[Any, ...] = (0, 1, -1, 2, 1000, 2**31, 2**53 - 1, 2**53, -(2**53), 10**30, 1.5, True)


def leaf_changed(value: Any, rng: random.Random) -> Any:
    """The value with one of its leaves, each as likely, replaced by one of the same type; or of another, if seldom."""
    places: list[tuple[Any, Any]] = []
    value = json.loads(json.dumps(value))
    left = [value]
    while left:
        item = left.pop()
        for key, part in item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ():
            places.append((item, key))
            left.append(part)
    if not places:
        return rng.choice(VALUES)
    item, key = rng.choice(places)
    old = item[key]
    if isinstance(old, str) and rng.random() < 0.9:
        item[key] = rng.choice(TEXTS)
    elif isinstance(old, int) and rng.random() < 0.9:
        item[key] = rng.choice(NUMBERS)
    elif isinstance(old, dict) and old and rng.random() < 0.5:
        del old[rng.choice(list(old))]
    elif isinstance(old, dict) and old and rng.random() < 0.5:
        old[rng.choice(TEXTS)] = rng.choice(list(old.values()))
    elif isinstance(old, list) and rng.random() < 0.5:
        item[key] = old + old[:1] if rng.random() < 0.5 else old[1:]
    else:
        item[key] = rng.choice(VALUES)
    return value


def leaves_changed(raw: bytes, rng: random.Random) -> bytes:
    """A JSON file with leaves changed, or as `changed`."""
    if rng.random() < 0.25:
        return changed(raw, rng)
    value = json.loads(raw)
    for _ in range(rng.choice((1, 1, 2))):
        value = leaf_changed(value, rng)
    return json.dumps(value, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")


def changed(raw: bytes, rng: random.Random) -> bytes:
    return json_changed(raw, rng) if rng.random() < 0.5 else bytes_changed(raw, rng)


@dataclass(frozen=True)
class Target:
    """Something that reads a file.

    Attributes:
        name: What a failure names.
        file: The file.
        valid: Its valid contents.
        call: Reads it.
        weight: How often it is chosen, relative to the others; slow ones less often.
        change: How the contents are mutated.
    """

    name: str
    file: Path
    valid: bytes
    call: Callable[[], object]
    weight: int = 16
    change: Callable[[bytes, random.Random], bytes] = changed

    def run(self, rng: random.Random) -> None:
        """Read mutated contents, and put the valid ones back."""
        self.file.write_bytes(self.change(self.valid, rng))
        try:
            self.call()
        finally:
            self.file.write_bytes(self.valid)
