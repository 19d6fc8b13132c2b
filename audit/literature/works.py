"""The surveyed works, read from one YAML record each.

Records do not contain evidence grades; these are computed from all records together,
see `audit.literature.grades`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from audit._util.paths import LITERATURE
from audit._util.strict_yaml import Document, load
from audit.errors import InputError, MissingError
from audit.facts import Paper, Unusable
from audit.literature.schema import Problem, problems

Relation: TypeAlias = Literal["audited", "cited-metric-source", "independent", "reproduction-team", "audit"]
Treatment: TypeAlias = Literal["evaluated", "copied", "mentioned", "unknown", "none"]
Kind: TypeAlias = Literal["code", "text", "none"]
SameData: TypeAlias = Literal["yes", "partly", "no", "unknown"]
Availability: TypeAlias = Literal["yes", "partial", "no"]
EntryType: TypeAlias = Literal["article", "inproceedings", "techreport", "misc"]

WORKS = LITERATURE / "works"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A citation of the source of a fact.

    Attributes:
        repo: OWNER/NAME; by default the work's own repository.
        commit: 40 hexadecimal digits; None if unknown.
        path: A file in the repository, or a folder.
        lines: Lines of that file, as `3` or `3-9,12`.
        via: The secondary source, if the primary one was not read.
        verified: Whether the source itself, or a faithful image of it, was read.
        steps: The scoring steps that it supports; `all` for every step, empty for none.
        verified_by: Who opened the source, and when.
    """

    kind: Kind
    verified: bool
    repo: str | None = None
    commit: str | None = None
    path: str | None = None
    lines: str | None = None
    section: str | None = None
    via: str | None = None
    steps: tuple[str, ...] = ()
    verified_by: str | None = None

    def supports(self, axis: str) -> bool:
        """Whether it speaks for this step."""
        return "all" in self.steps or axis in self.steps

    def urls(self) -> tuple[str, ...]:
        """The URL of `path` at its commit, at the first of its lines."""
        if self.repo is None or self.path is None:
            return ()
        kind = "tree" if self.path.endswith("/") else "blob"
        return (f"https://github.com/{self.repo}/{kind}/{self.commit or 'HEAD'}/{self.path}{_anchor(self.lines)}",)

    def text(self) -> str:
        """The evidence as one line of text."""
        parts: list[str] = []
        if self.repo:
            parts.append(f"{self.repo}@{self.commit[:8]}" if self.commit else self.repo)
        if self.path:
            parts.append(self.path)
        if self.lines:
            parts.append(f"{'line' if self.lines.isdigit() else 'lines'} {self.lines}")
        if self.section:
            parts.append(self.section)
        if self.via:
            parts.append(f"seen through {self.via}")
        if not self.verified:
            parts.append("unverified")
        elif self.verified_by:
            parts.append(f"opened by {self.verified_by}")
        return ", ".join(parts) or "nothing was read"


def _anchor(lines: str | None) -> str:
    if lines is None:
        return ""
    first, _, last = lines.partition(",")[0].partition("-")
    return f"#L{first}-L{last}" if last else f"#L{first}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A work's evaluation of one or several tasks.

    Attributes:
        ids: Tasks of Table 2; empty for other tasks.
        metrics: Metric ids; empty for other metrics.
        relation: The work's relation to the audited paper for these tasks: a source that the paper cites for
            one metric may be independent for another.
        treatment: How the work treats SALMONN: evaluated, copied, mentioned.
        value: SALMONN's value as printed in the work.
        conventions: Ids of conventions in `tasks/`.
        unusable: What it does with outputs that it cannot use; None if unknown.
    """

    ids: tuple[str, ...]
    metrics: tuple[str, ...]
    metric_as_named: str
    data: str
    split: str | None
    same_data: SameData
    same_data_reason: str
    relation: Relation
    treatment: Treatment
    value: str | None
    conventions: tuple[str, ...]
    counting: str | None
    evidence: tuple[Evidence, ...]
    unverified: tuple[str, ...]
    study: str = "salmonn"
    unusable: Unusable | None = None

    def relation_in(self, study: str) -> Relation:
        """The relation to a study's paper: being audited, or cited by it, holds for the record's own study alone."""
        here = self.study == study or self.relation not in {"audited", "cited-metric-source"}
        return self.relation if here else "independent"


@dataclass(frozen=True, slots=True)
class Code:
    """A work's public scoring code."""

    available: Availability
    repo: str | None
    commit: str | None
    licence: str | None
    paths: tuple[str, ...]
    note: str | None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A contradiction between two sources about a work."""

    about: str
    said: str
    said_by: str
    found: str
    found_in: str
    effect: str


@dataclass(frozen=True, slots=True)
class Work:
    """A surveyed work or metric source.

    Attributes:
        name: A short name, for tables.
        entry_type: The BibTeX entry type.
        year: The year of the publication in `venue`.
        venue: Without the year.
        survey_items: Its numbers on the team's list of twenty citing works.
        variant: The SALMONN variant that it ran or cites.
        outputs: Where its raw SALMONN outputs are public.
    """

    id: str
    name: str
    title: str
    authors: tuple[str, ...]
    authors_complete: bool
    year: int
    venue: str
    entry_type: EntryType
    arxiv: str | None
    doi: str | None
    url: str | None
    identity_source: str
    kind: str
    relation: Relation
    survey_items: tuple[int, ...]
    treatment: Treatment
    variant: str | None
    treatment_note: str | None
    code: Code
    outputs: str | None
    summary: str
    tasks: tuple[Entry, ...]
    disagreements: tuple[Disagreement, ...]
    unverified: tuple[str, ...]
    notes: str | None
    path: Path

    def links(self) -> tuple[str, ...]:
        """URLs of the work itself, most persistent first."""
        found: list[str] = []
        if self.doi:
            found.append(f"https://doi.org/{self.doi}")
        if self.arxiv:
            found.append(f"https://arxiv.org/abs/{self.arxiv}")
        if self.url:
            found.append(self.url)
        if self.code.repo:
            tree = f"/tree/{self.code.commit}" if self.code.commit else ""
            found.append(f"https://github.com/{self.code.repo}{tree}")
        return tuple(found)


def work(document: Document) -> Work:
    """The work in a record that is valid under the schema."""
    data = document.data
    salmonn, code = data["salmonn"], data["code"]
    return Work(
        id=data["id"],
        name=data["name"],
        title=data["title"],
        authors=tuple(data["authors"]),
        authors_complete=data["authors_complete"],
        year=data["year"],
        venue=data["venue"],
        entry_type=data["entry_type"],
        arxiv=data["arxiv"],
        doi=data["doi"],
        url=data["url"],
        identity_source=data["identity_source"],
        kind=data["kind"],
        relation=data["relation"],
        survey_items=tuple(data["survey_items"]),
        treatment=salmonn["treatment"],
        variant=salmonn["variant"],
        treatment_note=salmonn["note"],
        code=Code(**{**code, "paths": tuple(code["paths"])}),
        outputs=data["outputs"],
        summary=data["summary"],
        tasks=tuple(_entry(entry, data) for entry in data["tasks"]),
        disagreements=tuple(Disagreement(**entry) for entry in data["disagreements"]),
        unverified=tuple(data["unverified"]),
        notes=data["notes"],
        path=document.path,
    )


def _entry(entry: Mapping[str, Any], data: Mapping[str, Any]) -> Entry:
    return Entry(
        ids=tuple(entry["ids"]),
        metrics=tuple(entry["metrics"]),
        metric_as_named=entry["metric_as_named"],
        data=entry["data"],
        split=entry["split"],
        same_data=entry["same_data"],
        same_data_reason=entry["same_data_reason"],
        relation=entry.get("relation", data["relation"]),
        treatment=entry.get("treatment", data["salmonn"]["treatment"]),
        value=entry["value"],
        conventions=tuple(entry["conventions"]),
        counting=entry["counting"],
        evidence=tuple(_evidence(item, data["code"]) for item in entry["evidence"]),
        unverified=tuple(entry.get("unverified", ())),
        study=entry.get("study", data.get("study", "salmonn")),
        unusable=Unusable(**entry["unusable"]) if "unusable" in entry else None,
    )


def _evidence(item: Mapping[str, Any], code: Mapping[str, Any]) -> Evidence:
    # A path without a repository refers to the work's own; a different repository has its own commit.
    inherits = item.get("path") is not None and "repo" not in item
    repo = code["repo"] if inherits else item.get("repo")
    commit = item.get("commit", code["commit"] if repo == code["repo"] and repo is not None else None)
    return replace(own_evidence(item), repo=repo, commit=commit)


def own_evidence(item: Mapping[str, Any]) -> Evidence:
    """A piece of evidence as it is written, without a repository or commit to inherit."""
    return Evidence(
        kind=item["kind"],
        verified=item["verified"],
        repo=item.get("repo"),
        commit=item.get("commit"),
        path=item.get("path"),
        lines=item.get("lines"),
        section=item.get("section"),
        steps=tuple(item.get("steps", ())),
        verified_by=item.get("verified_by"),
        via=item.get("via"),
    )


def record_files(folder: str | Path | None = None) -> tuple[Path, ...]:
    """The record files of a folder (by default `literature/works`), by name.

    Raises:
        MissingError: The folder does not exist.
    """
    place = Path(folder) if folder is not None else short(WORKS)
    if not place.is_dir():
        raise MissingError(
            "folder of records not found",
            where=str(place),
            fix="Run in the project's folder, or give the folder with --works.",
        )
    return tuple(sorted(place.glob("*.yaml")))


def short(path: Path) -> Path:
    """A path for messages: relative if it is below the current folder."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def load_works(folder: str | Path | None = None) -> tuple[Work, ...]:
    """Load all records of a folder, by id.

    Raises:
        MissingError: The folder does not exist.
        InputError: A record is not strict YAML, is invalid under the schema, or has a duplicate id. For further
            rules see `audit.literature.lint`.
    """
    found: dict[str, Work] = {}
    for path in record_files(folder):
        document = load(path)
        for problem in problems(document, "work"):
            raise problem.error()
        value = work(document)
        if value.id in found:
            raise twice(document, found[value.id].path).error()
        found[value.id] = value
    return tuple(found[key] for key in sorted(found))


def own_record(paper: Paper, works: Sequence[Work], where: str) -> str | None:
    """The id of the record of a study's paper; None if the study names none, or if there are no records.

    Raises:
        InputError: There is no such record, or it is of another paper: its evidence would count as the audited paper's own.
    """
    if paper.work is None or not works:
        return None
    value = next((work for work in works if work.id == paper.work), None)
    fix = "Name the record of this paper under `paper`, or leave `work` out."
    if value is None:
        raise InputError(f"there is no record `{paper.work}` of the paper", where=where, fix=fix)
    if not same_paper((value.title, value.arxiv), (paper.title, paper.arxiv)):
        what = f"the record `{value.id}` is of another paper: {value.title} ({value.arxiv or 'not on arXiv'})"
        raise InputError(what, where=where, fix=fix)
    return value.id


def same_paper(one: tuple[str, str | None], other: tuple[str, str | None]) -> bool:
    """Whether two papers, as (title, arXiv id), are the same: by their ids if both have one, or else by their titles."""
    (left, number), (right, another) = one, other
    if number and another:
        return number.partition("v")[0] == another.partition("v")[0]
    return re.findall(r"\w+", left.lower()) == re.findall(r"\w+", right.lower())


def twice(document: Document, other: Path) -> Problem:
    """The problem of a duplicate id."""
    return Problem(
        document.where(("id",)),
        f"duplicate id `{document.data['id']}`, also in {other.name}",
        "Give the record a unique id; the file is named after it.",
    )


def find(works: tuple[Work, ...], name: str) -> Work:
    """The record with the id `name`.

    Raises:
        InputError: There is no such record; similar ids are suggested.
    """
    import difflib

    for value in works:
        if value.id == name:
            return value
    near = difflib.get_close_matches(name, [w.id for w in works], 3)
    raise InputError(
        f"no record `{name}`",
        fix=f"Did you mean {' or '.join(near)}?" if near else "`repro-audit literature list` lists the records.",
    )
