"""`TASK.meta.json`: facts about all rows of a predictions file. Imports no numpy, so that verification needs none."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from audit._util.files import refuse_pointer
from audit._util.strict_json import Fractions, InvalidJsonError, loads
from audit.errors import InputError
from tasks.steps.clean import SALMONN_TOKENS, SpecialTokens

# A row has a few hundred bytes; a longer line is a broken file and must not exhaust the memory. Records of sources, too.
MAX_LINE_BYTES = 4 * 2**20
META_SCHEMA = "repro-audit/predictions/1"
_REQUIRED = ("schema", "task", "model", "variant")
_OBJECTS: Mapping[str, tuple[type, ...]] = {
    "weights": (str,),
    "decoding": (object,),
    "dataset": (str, type(None)),
    "special_tokens": (list,),
    "stated": (str,),
}
_TOKEN_KINDS = ("end", "other")


@dataclass(frozen=True, slots=True)
class PredictionMeta:
    """`TASK.meta.json`: facts common to all rows; None if unknown.

    Attributes:
        weights: File name -> SHA-256.
        decoding: The settings of the decoder; fractions as written, never as binary floats.
        dataset: `name`, `split` and `manifest_sha256`.
        prompt: The instruction, if it is the same for all rows.
        source: The origin of the rows.
        special_tokens: The special tokens that the outputs contain, as lists under `end` and `other`; by default SALMONN's.
        normalised: The convention whose normaliser has already changed the texts, where a source stores only such texts.
        rows_sha256: The SHA-256 of the rows' file, as whoever wrote both files knew it.
        stated: The scores that the source states about itself, name -> value as written. They are claims, not measurements.
    """

    task: str
    model: str
    variant: str
    weights: Mapping[str, str] | None = None
    decoding: Mapping[str, Any] | None = None
    dataset: Mapping[str, str | None] | None = None
    prompt: str | None = None
    who: str | None = None
    when: str | None = None
    device: str | None = None
    source: str | None = None
    special_tokens: Mapping[str, Sequence[str]] | None = None
    normalised: str | None = None
    rows_sha256: str | None = None
    stated: Mapping[str, str] | None = None

    def as_json(self) -> dict[str, Any]:
        """The file's object; `special_tokens`, `normalised`, `rows_sha256` and `stated` only if they are known."""
        found = {"schema": META_SCHEMA, **asdict(self)}
        for name in ("special_tokens", "normalised", "rows_sha256", "stated"):
            if found[name] is None:
                del found[name]
        return found

    @property
    def tokens(self) -> SpecialTokens:
        """The special tokens of the outputs."""
        stated = self.special_tokens
        if stated is None:
            return SALMONN_TOKENS
        return SpecialTokens(tuple(stated["end"]), tuple(stated.get("other", ())))


_META_FIELDS = ("schema", *(item.name for item in fields(PredictionMeta)))


def json_object(raw: bytes, place: str, fractions: Fractions = "floats") -> dict[str, Any]:
    """Parse a line or file as a JSON object; `place` is its location in errors."""
    try:
        value = loads(raw, fractions)
    except InvalidJsonError as error:
        if error.problem == "encoding":
            what, fix = f"invalid UTF-8 (byte {error.column} of the line)", "Save the file as UTF-8."
        else:
            column = f", column {error.column}" if error.column else ""
            what, fix = f"invalid JSON: {error}{column}", "Write one JSON object per line."
        raise InputError(what, where=place, fix=fix) from None
    if not isinstance(value, dict):
        raise InputError("not a JSON object", where=place, fix="Write one JSON object per line.")
    return value


def load_meta(path: Path, task: str) -> tuple[PredictionMeta, str]:
    """Read a task's meta file; also returns its SHA-256.

    Raises:
        InputError: The file cannot be read, has a different schema or task, or has an invalid field; with file and field.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"the meta file cannot be read ({error.strerror})",
            where=str(path),
            fix="Every predictions file needs a meta file; see docs/reference/predictions.md.",
        ) from error
    refuse_pointer(raw, path)
    found = json_object(raw, str(path), "text")
    for name, value in found.items():
        if name not in _META_FIELDS:
            raise InputError("unknown field", where=f"{path}: {name}", fix=f"Known: {', '.join(_META_FIELDS)}.")
        if not _fits(name, value):
            raise InputError("wrong type", where=f"{path}: {name}", fix="See docs/reference/predictions.md.")
    check_special_tokens(found.get("special_tokens"), f"{path}: special_tokens")
    for name in _REQUIRED:
        if not found.get(name):
            raise InputError("the field is missing or empty", where=f"{path}: {name}", fix="Add it.")
    schema = found.pop("schema")
    if schema != META_SCHEMA:
        raise InputError(
            f"unknown schema {schema!r}", where=f"{path}: schema", fix=f"This program reads {META_SCHEMA}."
        )
    meta = PredictionMeta(**found)
    if meta.task != task:
        raise InputError(f"the task is {meta.task!r}, not {task!r}", where=f"{path}: task", fix="Rename one of them.")
    return meta, hashlib.sha256(raw).hexdigest()


def check_special_tokens(value: object, where: str) -> None:
    """Check the special tokens of a meta file; None is valid.

    Raises:
        InputError: An unknown kind of token, no end token, or a token that is not a text.
    """
    if value is None:
        return
    fix = 'Give lists of texts: {"end": ["<|im_end|>"], "other": ["<|endoftext|>"]}; at least one end token.'
    if not isinstance(value, Mapping) or not all(isinstance(tokens, list) for tokens in value.values()):
        raise InputError("must be an object of lists", where=where, fix=fix)
    unknown = sorted(set(value) - set(_TOKEN_KINDS))
    if unknown:
        raise InputError(f"unknown kind of token {unknown[0]!r}", where=where, fix=fix)
    texts = [token for tokens in value.values() for token in tokens]
    if not all(isinstance(token, str) and token.strip() == token != "" for token in texts):
        raise InputError("a token is empty, has white space around it, or is not a text", where=where, fix=fix)
    if not value.get("end"):
        raise InputError("no end token", where=where, fix=fix)


def _fits(name: str, value: object) -> bool:
    if value is None:
        return name not in _REQUIRED
    if name in _OBJECTS:
        return isinstance(value, dict) and all(isinstance(one, _OBJECTS[name]) for one in value.values())
    return isinstance(value, str)


def is_rows(path: Path) -> bool:
    """Whether a file has the name of a predictions file; hidden files and judgements do not."""
    return path.suffix == ".jsonl" and not path.name.startswith(".") and not path.name.endswith(".judgements.jsonl")


def folder_of(place: Path) -> Path:
    """The folder of predictions, from the folder itself or a file in it."""
    return place.parent if place.is_file() else place
