"""The team's own records: which of the literature's files they are, and what a blind package says instead of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from audit._util.strict_json import loads
from audit._util.strict_yaml import parse
from audit.provenance.blinding.names import Names
from audit.provenance.format import layout

REPRODUCTIONS = f"{layout.LITERATURE}reproductions/"
WORKS = f"{layout.LITERATURE}works/"
WITHHELD = "withheld"
TEAM = "the reproduction team"
TITLE = "The reproduction team's own work"


@dataclass(frozen=True, slots=True)
class OwnRecords:
    """The team's own records, as they are.

    Attributes:
        reproductions: Path in the package -> data of each reproduction of the study.
        works: The same of each work that is by the same team.
        study: The same of the study, if the audited paper is the team's own.
        paper: The id of that paper's record among `works`, if it has one.
    """

    reproductions: Mapping[str, Mapping[str, Any]]
    works: Mapping[str, Mapping[str, Any]]
    study: Mapping[str, Mapping[str, Any]]
    paper: str | None = None

    @property
    def paths(self) -> frozenset[str]:
        """The records' files."""
        return frozenset({*self.reproductions, *self.works, *self.study})


def find(files: Mapping[str, bytes], *, own_paper: bool = False) -> OwnRecords:
    """The team's own records among the files of an audit.

    A work is the team's if its record says that it is a reproduction team's, and it names the repository of a reproduction
    or has its id.

    Args:
        files: audit.json and the literature.
        own_paper: The audited paper is the team's own: its study and its record are theirs, too.

    Raises:
        InputError: A record is not YAML.
    """
    reproductions = {
        name: parse(data, name).data for name, data in sorted(files.items()) if name.startswith(REPRODUCTIONS)
    }
    repositories = {data["repo"] for data in reproductions.values()}
    ids = {data["id"] for data in reproductions.values()}
    study = _study(files) if own_paper else {}
    paper = next((data["paper"].get("work") for data in study.values()), None)
    works = {}
    for name, raw in sorted(files.items()):
        # Records of others are many: only those that say the word are read.
        if name.startswith(WORKS) and b"reproduction-team" in raw:
            data = parse(raw, name).data
            own = data["code"]["repo"] in repositories or any(f"{one}-".startswith(f"{data['id']}-") for one in ids)
            if data["relation"] == "reproduction-team" and own:
                works[name] = data
        elif name == f"{WORKS}{paper}.yaml":
            works[name] = parse(raw, name).data
    return OwnRecords(reproductions, works, study, paper)


def _study(files: Mapping[str, bytes]) -> dict[str, Mapping[str, Any]]:
    name = f"{layout.LITERATURE}studies/{loads(files[layout.AUDIT], 'refused')['study']['id']}.yaml"
    return {name: parse(files[name], name).data} if name in files else {}


def blinded(path: str, own: OwnRecords, names: Names) -> bytes:
    """The file of a blinded record, in YAML; the comments of the record are left out.

    Args:
        path: The record's path before blinding.
        own: The records.
        names: The neutral names.
    """
    if path in own.works:
        work = own.works[path]
        kept = {"title": work["title"]} if work["id"] == own.paper else {}
        data = names.json(work_fields(dict(work)) | kept)
    elif path in own.study:
        study = own.study[path]
        data = names.json({**study, "paper": {**study["paper"], "arxiv": None, "url": None}})
    else:
        data = names.json({**own.reproductions[path], "team": TEAM, "title": TITLE})
    text: str = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
    return text.encode("utf-8")


def work_fields(data: dict[str, Any]) -> dict[str, Any]:
    """A work's record without the fields that say whose it is."""
    code = {**data["code"], "note": None}
    return {
        **data,
        "name": TEAM,
        "title": TITLE,
        "authors": [WITHHELD],
        "authors_complete": True,
        "venue": WITHHELD,
        "arxiv": None,
        "doi": None,
        "url": None,
        "identity_source": WITHHELD,
        "code": code,
        "outputs": None if data["outputs"] is None else WITHHELD,
        "notes": None,
    }
