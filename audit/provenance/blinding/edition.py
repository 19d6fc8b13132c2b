"""Blinding an audit's files: a pure function of the files and the identities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache

from audit import schema
from audit._util import canonical_json
from audit._util.paths import LITERATURE
from audit._util.strict_json import loads
from audit._util.strict_yaml import parse
from audit.document.read import structure
from audit.errors import InputError
from audit.literature.works import Work, work
from audit.provenance.blinding import document, own_records
from audit.provenance.blinding.names import Identity, Names
from audit.provenance.format import checksums, layout


@dataclass(frozen=True, slots=True)
class BlindFiles:
    """An audit's files without identities, before the reports are rendered.

    Attributes:
        files: audit.json, the literature and the counts.
        originals: Name of a file that differs -> `SHA-256  NAME` of the original, which is sealed.
    """

    files: Mapping[str, bytes]
    originals: Mapping[str, str]


def blind(files: Mapping[str, bytes], identities: Iterable[Identity], *, own_paper: bool = False) -> BlindFiles:
    """Blind an audit.

    Args:
        files: audit.json, `literature/`, `counts/` and `plans/` of an audit's output.
        identities: What is replaced.
        own_paper: See `document.blinded`.

    Raises:
        InputError: A file is not a text, or two files get one name.
    """
    names = Names(identities, field_names())
    own = own_records.find(files, own_paper=own_paper)
    found: dict[str, bytes] = {}
    originals: dict[str, str] = {}
    for name, data in sorted(files.items()):
        if name == layout.AUDIT:
            continue
        neutral = names.text(name)
        if name.startswith(layout.PLANS):
            originals[neutral] = _original(name, data)
            continue
        try:
            made = own_records.blinded(name, own, names) if name in own.paths else names.bytes(data)
        except UnicodeDecodeError:
            raise InputError("is not UTF-8", where=name, fix="run the audit again") from None
        if neutral in found:
            raise InputError(
                f"has the name {neutral} in the blind edition, as another file has", where=name, fix="rename it"
            )
        found[neutral] = made
        if (neutral, made) != (name, data):
            originals[neutral] = _original(name, data)
    raw = files[layout.AUDIT]
    hashed = (layout.LITERATURE, layout.COUNTS)
    hashes = {name: checksums.sha256(data) for name, data in found.items() if name.startswith(hashed)}
    own_works = [_work(names.text(path), found) for path in own.works if path != _of_paper(own)]
    works = {one.id: one for one in own_works}
    value = document.blinded(loads(raw, "refused"), names, works, hashes, own_paper=own_paper)
    try:
        structure(value, layout.AUDIT)
    except InputError as error:
        raise InputError(
            f"cannot be made blind: an identity is a word of the format ({error.told})",
            where=layout.AUDIT,
            fix="give that word with --not-identity",
        ) from None
    found[layout.AUDIT] = canonical_json.dumps(value)
    originals[layout.AUDIT] = _original(layout.AUDIT, raw)
    return BlindFiles(found, dict(sorted(originals.items())))


@cache
def field_names() -> frozenset[str]:
    """The names of all fields of audit.json and of the literature's records."""
    found = {item.name for value in vars(schema).values() if is_dataclass(value) for item in fields(value)}
    for path in (LITERATURE / "schema").glob("*.json"):
        left = [loads(path.read_bytes())]
        while left:
            item = left.pop()
            if isinstance(item, dict):
                found.update(item["properties"] if isinstance(item.get("properties"), dict) else ())
                left += item.values()
            elif isinstance(item, list):
                left += item
    return frozenset(found)


def _work(path: str, files: Mapping[str, bytes]) -> Work:
    return work(parse(files[path], path))


def _of_paper(own: own_records.OwnRecords) -> str | None:
    """The file of the audited paper's record, if it is the team's own: its title is no secret."""
    return next((path for path, data in own.works.items() if data["id"] == own.paper), None)


def _original(name: str, data: bytes) -> str:
    return f"{checksums.sha256(data)}  {name}"
