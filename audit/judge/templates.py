"""Prompt templates: data with an id and a hash, filled in a single pass.

A template is split at its placeholders when it is loaded, and values are inserted between the pieces. A value is therefore
never parsed for placeholders, and the surrounding text never changes. The placeholder determines how a value is rendered:

- `python-dict`: several fields as a Python dictionary literal, which evaluates to the fields.
- `json`: one field as a JSON string, which decodes to the field.
- `line`: one field unchanged except that line breaks become spaces, so that it cannot start a new line.
- `lines`: one field unchanged; only for text that the project writes itself, such as a list of options.

Chat markers (`<|im_start|>`, `[INST]`, `</s>`, ...) in a value are broken up by a space after their first
character: a server or tokenizer that interprets them as control tokens would otherwise end the turn there.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal, cast

from audit._util import canonical_json
from audit._util.files import read_limited
from audit._util.strict_json import InvalidJsonError, loads
from audit.errors import InputError
from audit.judge.interface import Message, Role

# Bytes of a template's file; a prompt has a few thousand.
_LARGEST = 1 << 20
Render = Literal["python-dict", "json", "line", "lines"]
RENDERS: tuple[Render, ...] = ("python-dict", "json", "line", "lines")

MARKER = re.compile(
    r"<\|[^<>|\s]{1,60}\|>|<｜[^<>｜]{1,60}｜>|</?s>|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS)\]"
    r"|<</?SYS>>|</?(?:start_of_turn|end_of_turn|bos|eos|unk|pad|think|system|user|assistant)>",
    re.IGNORECASE,
)


def neutralise(text: str) -> tuple[str, int]:
    """The text with chat markers broken up, and their number.

    A lone surrogate, which cannot be encoded, becomes the replacement character.
    """
    text = re.sub(r"[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)
    total = 0
    while True:
        text, found = MARKER.subn(lambda match: f"{match.group()[0]} {match.group()[1:]}", text)
        if not found:
            return text, total
        total += found


@dataclass(frozen=True, slots=True)
class Slot:
    """A placeholder: how its value is rendered, and from which fields (label and field name)."""

    render: Render
    fields: tuple[tuple[str, str], ...]

    def write(self, values: Mapping[str, str]) -> str:
        """The text that replaces the placeholder."""
        match self.render:
            case "python-dict":
                return repr({label: values[name] for label, name in self.fields})
            case "json":
                return json.dumps(values[self.fields[0][1]], ensure_ascii=False)
            case "line":
                return " ".join(values[self.fields[0][1]].splitlines())
            case "lines":
                return values[self.fields[0][1]]


@dataclass(frozen=True, slots=True)
class Template:
    """A prompt.

    Attributes:
        id: The id; for a variant `ID.VARIANT`.
        sha256: Over roles, texts and placeholders, which determine what is sent.
        fidelity: `verbatim` (the source's wording) or `described` (our wording, from a description of the source).
        source: Where the prompt or its description was published.
        turns: Role and pieces of each message; a piece is a literal text or a placeholder.
    """

    id: str
    sha256: str
    fidelity: Literal["verbatim", "described"]
    source: str
    turns: tuple[tuple[Role, tuple[str | Slot, ...]], ...]

    @property
    def needs(self) -> frozenset[str]:
        """The fields that the template requires."""
        return frozenset(
            name for _, pieces in self.turns for piece in pieces if isinstance(piece, Slot) for _, name in piece.fields
        )

    def fill(self, values: Mapping[str, str]) -> tuple[list[Message], int]:
        """The messages for these fields, and the number of chat markers broken up in them.

        Raises:
            InputError: A field is missing.
        """
        missing = sorted(self.needs - values.keys())
        if missing:
            raise InputError(f"the prompt {self.id} needs the field {missing[0]}")
        safe: dict[str, str] = {}
        markers = 0
        for name in self.needs:
            safe[name], found = neutralise(values[name])
            markers += found
        messages = [
            Message(role, "".join(p.write(safe) if isinstance(p, Slot) else p for p in pieces))
            for role, pieces in self.turns
        ]
        return messages, markers


def _slot(name: str, value: object, where: str) -> Slot:
    if not isinstance(value, Mapping):
        raise InputError(f"the placeholder {name} needs render and a field", where=where)
    render = value.get("render")
    if render not in RENDERS:
        raise InputError(f"placeholder {name}: render is {render!r}", where=where, fix=f"Use one of {RENDERS}.")
    if render == "python-dict":
        pairs = value.get("fields")
        if not isinstance(pairs, list) or not all(isinstance(p, list) and len(p) == 2 for p in pairs):
            raise InputError(f"the placeholder {name} needs fields: a list of [label, field]", where=where)
        return Slot(cast("Render", render), tuple((str(label), str(key)) for label, key in pairs))
    key = value.get("field")
    if not isinstance(key, str):
        raise InputError(f"the placeholder {name} needs a field", where=where)
    return Slot(cast("Render", render), ((key, key),))


def parse(data: Mapping[str, Any], *, variant: str = "", where: str = "template") -> Template:
    """A template, or one of its variants, from the object in its file.

    Raises:
        InputError: The object is not a template, or it does not have this variant.
    """
    merged = dict(data)
    if variant:
        variants = data.get("variants", {})
        if variant not in variants:
            raise InputError(f"the template has no variant {variant!r}", where=where, fix=f"It has {sorted(variants)}.")
        merged |= variants[variant]
    try:
        name, placeholders = str(merged["id"]), dict(merged["placeholders"])
        messages = list(merged["messages"])
        fidelity, source = merged["fidelity"], str(merged["source"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"not a template: {error}", where=where) from None
    if fidelity not in ("verbatim", "described"):
        raise InputError(f"fidelity is {fidelity!r}", where=where, fix="Use verbatim or described.")
    slots = {key: _slot(key, value, where) for key, value in placeholders.items()}
    # Longest first: a placeholder may be a prefix of another one.
    cut = "|".join(re.escape(key) for key in sorted(slots, key=len, reverse=True))
    turns: list[tuple[Role, tuple[str | Slot, ...]]] = []
    seen: list[str] = []
    for message in messages:
        if not isinstance(message, Mapping) or message.get("role") not in ("system", "user", "assistant"):
            raise InputError("a message needs a role: system, user or assistant", where=where)
        content = message.get("content")
        if not isinstance(content, str):
            raise InputError("a message needs a content: a text", where=where)
        pieces = re.split(f"({cut})", content) if cut else [content]
        seen += [piece for piece in pieces if piece in slots]
        turns.append((message["role"], tuple(slots.get(piece, piece) for piece in pieces if piece)))
    if sorted(seen) != sorted(slots):
        raise InputError("each placeholder must occur exactly once in the messages", where=where)
    identity = {"messages": messages, "placeholders": placeholders}
    digest = hashlib.sha256(canonical_json.dumps(identity)).hexdigest()
    return Template(f"{name}.{variant}" if variant else name, digest, fidelity, source, tuple(turns))


def load(name: str | Path, variant: str = "") -> Template:
    """Load a template by its id (if it is the project's own) or by the path of a JSON file.

    The variant `padded` changes the judged output, not the prompt, so every template has it.

    Raises:
        InputError: The template does not exist or is invalid.
    """
    path = Path(name)
    inside = resources.files("audit.judge") / "prompts" / f"{name}.json"
    if path.suffix == ".json":
        if not path.is_file():
            raise InputError("no such template", where=str(path))
        text, where = _bytes_of(path), str(path)
    elif inside.is_file():
        text, where = inside.read_bytes(), f"template {name}"
    else:
        raise InputError(f"no template {name}", fix=f"Use one of {', '.join(names())}.")
    try:
        data = loads(text, exact=True)
    except InvalidJsonError as error:
        raise InputError(f"invalid JSON: {error}", where=where) from None
    if not isinstance(data, dict):
        raise InputError("not a JSON object", where=where)
    variants = data.get("variants", {})
    if not isinstance(variants, dict) or not all(isinstance(one, dict) for one in variants.values()):
        raise InputError("variants must be an object of objects", where=where)
    own = variant in variants or variant not in {"padded", "swapped"}
    return parse(data, variant=variant if own else "", where=where)


def _bytes_of(path: Path) -> bytes:
    return read_limited(path, _LARGEST, "a template", "Give the JSON file of a prompt.")


def names() -> list[str]:
    """The ids of the project's own templates."""
    folder = resources.files("audit.judge") / "prompts"
    return sorted(item.name.removesuffix(".json") for item in folder.iterdir() if item.name.endswith(".json"))
