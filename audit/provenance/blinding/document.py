"""Blinding audit.json: a pure function of its value, the neutral names, and the files that change with it.

What it says of the literature must be what the blinded records give, because `verify` derives the one from the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.literature.survey import reference
from audit.literature.works import Work
from audit.provenance.blinding.names import Names
from audit.provenance.blinding.own_records import WITHHELD, work_fields

NO_HASH = "0" * 64
# Plans stay with the team: their bytes are signed by a key of theirs, and name conventions.
PLAN = ".plan."


def blinded(
    value: Mapping[str, Any],
    names: Names,
    own_works: Mapping[str, Work],
    hashes: Mapping[str, str],
    *,
    own_paper: bool = False,
) -> dict[str, Any]:
    """The JSON value of the blinded audit.json.

    Args:
        value: The JSON value of audit.json.
        names: The neutral names.
        own_works: The blinded records of the team's own works, by their blinded ids.
        hashes: Blinded path -> SHA-256 of the files of literature and counts that are blinded.
        own_paper: The audited paper is the team's own: who wrote it, and where it is, is left out.
    """
    found: dict[str, Any] = names.json(dict(value))
    _survey(found.get("literature", {}), own_works)
    in_order(found)
    for measurement in found["measurements"]:
        file = measurement.get("prediction")
        if file and file.get("who") is not None:
            file["who"] = WITHHELD
    for run in found.get("plans", ()):
        # The plan, its registration and the key that signed it stay with the team until they are opened.
        run |= {"sha256": NO_HASH, "registered": run.get("registered") and NO_HASH}
    if own_paper:
        found["study"]["paper"] |= {"arxiv": None, "url": None}
    found["inputs"] = [entry for entry in found["inputs"] if PLAN not in entry["path"]]
    for listed in (found["inputs"], found.get("count_files", [])):
        for entry in listed:
            entry["sha256"] = hashes.get(entry["path"], entry["sha256"])
        listed.sort(key=lambda entry: entry["path"])
    found["signing"] = {"identity": "ephemeral"}
    used = sorted(names.used, key=lambda one: (one.kind, len(one.name), one.name))
    # Two spellings of one identity have one name.
    shown = {(one.kind, one.name): {"name": one.name, "kind": one.kind} for one in used}
    found["blind"] = {"names": list(shown.values())}
    return found


def in_order(value: dict[str, Any]) -> None:
    """Sort the lists of the survey as `audit.literature` sorts them, by the names that stand in them now.

    Otherwise the place of a neutral name would show where the team's stands in the alphabet.
    """
    survey = value.get("literature", {})
    authors = {
        work["id"]: (str((work.get("authors") or [work["title"]])[0]).split()[-1].casefold(), work.get("year") or 0)
        for work in survey.get("works", ())
    }
    for part, key in (("works", "id"), ("matrix", "work"), ("disagreements", "work")):
        if part in survey:
            survey[part].sort(key=lambda entry, key=key: entry[key])
    if "bibliography" in survey:
        survey["bibliography"].sort(key=lambda entry: (*authors.get(entry["work"], ("", 0)), entry["work"]))


def _survey(survey: dict[str, Any], own: Mapping[str, Work]) -> None:
    """The survey without who the team is: its own works as their blinded records have them."""
    for work in survey.get("works", ()):
        if work["id"] in own:
            record = work_fields({**work, "outputs": work.get("outputs"), "code": work.get("code", {})})
            links = list(own[work["id"]].links())
            work.update({key: record[key] for key in work} | ({"links": links} if "links" in work else {}))
    for entry in survey.get("bibliography", ()):
        if entry["work"] in own:
            entry |= {"text": reference(own[entry["work"]]), "links": list(own[entry["work"]].links())}
