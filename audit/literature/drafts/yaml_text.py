"""YAML as people write it: the subset that `audit._util.strict_yaml` reads back unchanged."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping
from typing import Any

_WIDTH = 120
# Plain where no reader could take it for anything else.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 ._/()+-]*[A-Za-z0-9)._/+]")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
# Line breaks and byte order marks of YAML that JSON leaves as they are.
_BREAKS = re.compile("[\u0085\u2028\u2029\ufeff\u007f-\u009f]")


def scalar(text: str) -> str:
    """A text as a scalar on one line: plain if it is unambiguous, else in double quotes."""
    if _PLAIN.fullmatch(text) and text.casefold() not in _WORDS and " #" not in text:
        return text
    return _BREAKS.sub(lambda match: f"\\u{ord(match.group()):04x}", json.dumps(text, ensure_ascii=False))


def inline(value: Any) -> str:
    """A value in flow style: `{name: Whisper, role: baseline}`."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(str(key))}: {inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(inline(item) for item in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else "null" if value is None else scalar(str(value))


def entry(key: str, text: str, level: int = 0) -> list[str]:
    """`key: text`, folded over several lines if it is long."""
    indent = "  " * level
    line = f"{indent}{key}: {scalar(text)}"
    if (
        len(line) <= _WIDTH
        or not re.fullmatch(r"[^\n\s](?:[^\n]*[^\n\s])?", text)
        or "  " in text
        or _BREAKS.search(text)
    ):
        return [line]
    wrapped = textwrap.wrap(text, _WIDTH - len(indent) - 2, break_long_words=False, break_on_hyphens=False)
    return [f"{indent}{key}: >-", *(f"{indent}  {part}" for part in wrapped)]


def comment(text: str, level: int = 0) -> list[str]:
    """A comment, over several lines if it is long."""
    indent = "  " * level
    return [f"{indent}# {line}" for line in textwrap.wrap(text, _WIDTH - len(indent) - 2)]
