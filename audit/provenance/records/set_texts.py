"""Which predictions a package may hold: those of sets whose cards allow publishing their texts."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from audit._util.strict_yaml import parse
from audit.errors import InputError
from audit.provenance.format import layout
from audit.provenance.records.inputs import FOLDER
from audit.schema import AuditDocument, IdentityState
from audit.scoring.prediction_meta import json_object

_CARDS = f"{layout.LITERATURE}sets/"
_FIX = "leave out --with-predictions: the package has the hashes, and `repro-audit open-rows` shows single rows"


def check_ids(audit: AuditDocument, files: Mapping[str, bytes], folder: Path | None) -> None:
    """Refuse rows whose ids are their texts, if these may not be published: every file of counts lists the ids.

    Args:
        audit: audit.json.
        files: The audit's outputs.
        folder: The folder of predictions; None if it is not at hand.

    Raises:
        InputError: An id holds its row's output or reference.
    """
    if folder is None:
        return
    from audit.analysis.withheld_texts import is_sentence, normal, texts_of
    from tasks.row import Row

    for path in _rows(audit):
        counts = f"{layout.COUNTS}{path.removeprefix(FOLDER).removesuffix('.jsonl')}/"
        # The largest has the most rows.
        listed = max((data for name, data in files.items() if name.startswith(counts)), key=len, default=b"")
        ids = {row["id"] for row in csv.DictReader(io.StringIO(listed.decode("utf-8")))}
        if not any(map(is_sentence, ids)) or not _refused(path, audit, files):
            continue
        place = folder / path.removeprefix(FOLDER)
        for number, line in enumerate(place.read_bytes().splitlines(), 1):
            row = Row(**{"extra": {}, **json_object(line, f"{place}:{number}")})
            words = normal(row.id)
            if any(is_sentence(text) and normal(text) in words for text in texts_of(row)):
                raise InputError(
                    "the id is a text of the set, which may not be published",
                    where=f"{place}:{number}: id",
                    fix="give the rows ids that say nothing, such as numbers, and run the audit again",
                )


def check(audit: AuditDocument, files: Mapping[str, bytes]) -> None:
    """Refuse to publish predictions whose set cards do not allow it.

    Args:
        audit: audit.json.
        files: The audit's outputs, with the set cards that it was computed from.

    Raises:
        InputError: A set has no card, its card does not say that its texts may be published, or the rows are not known to be
            that set's.
    """
    for path in _rows(audit):
        reason = _refused(path, audit, files)
        if reason:
            raise InputError(f"its texts may not be published: {reason}", where=path, fix=_FIX)


def _rows(audit: AuditDocument) -> list[str]:
    """The files of rows that the audit scored."""
    paths = {entry.path for entry in audit.inputs if entry.path.startswith(FOLDER) and entry.path.endswith(".jsonl")}
    return sorted(path for path in paths if not path.endswith(".judgements.jsonl"))


def _refused(path: str, audit: AuditDocument, files: Mapping[str, bytes]) -> str:
    """Why the texts of a file may not be published; empty if they may."""
    identity = next((item for item in audit.identities if item.path == path), None)
    if identity is None or identity.card is None:
        return "its task has no set card"
    name = f"{_CARDS}{identity.card}.yaml"
    if name not in files:
        return f"the set card {identity.card} is not at hand"
    terms = parse(files[name], name).data["publish_text"]
    if terms["state"] != "yes":
        known = "does not allow" if terms["state"] == "no" else "is not known to allow"
        return f"the licence of {identity.card} {known} it ({str(terms['reason']).rstrip('.')})"
    if identity.state in {IdentityState.UNKNOWN, IdentityState.CONTRADICTED}:
        return f"the rows are not known to be those of {identity.card}"
    return ""
