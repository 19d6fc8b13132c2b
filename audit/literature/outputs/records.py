"""Records of public files of model outputs: `literature/outputs/ID.yaml`, one a file.

A record holds what identifies the file (address, commit, size, SHA-256), how it is read, and the scores that the work prints
for it. The outputs themselves are never part of the project.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from audit._util.paths import LITERATURE
from audit._util.strict_yaml import Document, load
from audit._util.suggest import did_you_mean
from audit.errors import InputError
from audit.facts import Unit
from audit.literature.schema import checked
from audit.literature.works import SameData

OUTPUTS = LITERATURE / "outputs"


@dataclass(frozen=True, slots=True)
class PublicFile:
    """What identifies a file.

    Attributes:
        address: Where it is fetched, the only address that is asked.
        blob: Its id in git; None if unknown.
        bytes: Its size; None if unknown.
        sha256: Its hash, in hexadecimal digits; None if unknown.
        rows: The number of outputs in it; None if unknown.
    """

    address: str
    repo: str
    commit: str
    path: str
    blob: str | None
    bytes: int | None
    sha256: str | None
    rows: int | None

    @property
    def name(self) -> str:
        """The last part of its path."""
        return PurePosixPath(self.path).name

    @property
    def place(self) -> str:
        """`OWNER/NAME@COMMIT:PATH`, with a short commit."""
        return f"{self.repo}@{self.commit[:8]}:{self.path}"


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is read.

    Attributes:
        importer: The importer's name; None if no importer reads it.
        text: The layout in a sentence.
        fields: Field of a row -> where it stands in the file.
        normalised: The convention whose normaliser has already changed the texts; None for raw outputs.
    """

    importer: str | None
    text: str
    fields: Mapping[str, str | None]
    normalised: str | None


@dataclass(frozen=True, slots=True)
class Instructions:
    """The prompts: their texts, or where they stand; and whether every row carries its own."""

    texts: tuple[str, ...]
    where: str | None
    in_rows: bool


@dataclass(frozen=True, slots=True)
class Audited:
    """The task of a study whose claims the outputs are held against, and the run of its predictions file."""

    study: str
    task: str
    run: str | None


@dataclass(frozen=True, slots=True)
class StoredJudge:
    """The judge whose replies stand in the rows, and the convention that reads them."""

    convention: str
    name: str


@dataclass(frozen=True, slots=True)
class PrintedScore:
    """A score that the work prints for the file.

    Attributes:
        named: The metric in the work's words.
        value: As printed; None if only the rows have scores.
        unit: None if the value has none, or is in a unit of the work's own.
        convention: The convention that counts as the work does; None if none is registered.
    """

    metric: str
    named: str
    value: str | None
    unit: Unit | None
    convention: str | None
    where: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A value that was counted by other means, for comparison."""

    metric: str
    value: str
    how: str


@dataclass(frozen=True, slots=True)
class OutputRecord:
    """A public file of model outputs.

    Attributes:
        work: The id of the work that published it; None if it has no record.
        variant: None if the source does not state it.
        same_data: Whether it is data of SALMONN's Table 2.
        card: The id of the set card; None if there is none.
        audit: The claims that it is held against; None if no study makes any.
        tasks: Tasks of other studies whose claims it speaks to.
        judge: None if the rows have no replies.
        not_counted: Why the printed scores cannot be counted again from it; None if they can.
        path: The record's file.
    """

    id: str
    work: str | None
    system: str
    variant: str | None
    kind: str
    dataset: str
    split: str
    same_data: SameData
    same_data_reason: str
    file: PublicFile
    licence: str
    layout: Layout
    prompts: Instructions
    decoding: str | None
    card: str | None
    audit: Audited | None
    tasks: tuple[str, ...]
    judge: StoredJudge | None
    printed: tuple[PrintedScore, ...]
    elsewhere: tuple[Elsewhere, ...]
    not_counted: str | None
    notes: str | None
    path: Path


def record(document: Document) -> OutputRecord:
    """The record of a document.

    Raises:
        InputError: It is invalid under the schema; with file, line and field.
    """
    data: Mapping[str, Any] = checked(document, "output").data
    prompts, judge = data["prompts"], data["judge"]
    return OutputRecord(
        id=data["id"],
        work=data["work"],
        system=data["system"],
        variant=data["variant"],
        kind=data["kind"],
        dataset=data["dataset"],
        split=data["split"],
        same_data=data["same_data"],
        same_data_reason=data["same_data_reason"],
        file=PublicFile(**data["file"]),
        licence=data["licence"],
        layout=Layout(**data["format"]),
        prompts=Instructions(tuple(prompts["texts"]), prompts["where"], prompts["in_rows"]),
        decoding=data["decoding"],
        card=data["set"],
        audit=Audited(**data["audit"]) if data["audit"] else None,
        tasks=tuple(data["tasks"]),
        judge=StoredJudge(**judge) if judge else None,
        printed=tuple(PrintedScore(**entry) for entry in data["printed"]),
        elsewhere=tuple(Elsewhere(**entry) for entry in data["elsewhere"]),
        not_counted=data["not_counted"],
        notes=data["notes"],
        path=document.path,
    )


def output_files(folder: str | Path | None = None) -> list[Path]:
    """The files of records of a folder (by default `literature/outputs`); none if there is no such folder."""
    return sorted((OUTPUTS if folder is None else Path(folder)).glob("*.yaml"))


def load_outputs(folder: str | Path | None = None) -> tuple[OutputRecord, ...]:
    """All records of a folder (by default `literature/outputs`), by id.

    Raises:
        InputError: A record is not strict YAML or is invalid under the schema, or two have the same id.
    """
    found: dict[str, OutputRecord] = {}
    for path in output_files(folder):
        one = record(load(path))
        if one.id in found:
            raise InputError(f"duplicate id `{one.id}`", where=str(path), fix=f"{found[one.id].path} has it, too.")
        found[one.id] = one
    return tuple(found[key] for key in sorted(found))


def chosen(
    records: Iterable[OutputRecord], ids: Iterable[str] = (), *, work: str | None = None, study: str | None = None
) -> tuple[OutputRecord, ...]:
    """The records with these ids, of this work and for this study; all of them without any condition.

    Raises:
        InputError: An id, work or study has no record.
    """
    known = {one.id: one for one in records}
    wanted = list(dict.fromkeys(ids))
    for name in wanted:
        if name not in known:
            every = "`repro-audit outputs list` shows all."
            raise InputError(f"there is no record `{name}`", where="ID", fix=did_you_mean(name, known, every))
    found = [known[name] for name in wanted] if wanted else list(known.values())
    for option, value, of in (
        ("--work", work, {one.id: one.work for one in found}),
        ("--study", study, {one.id: one.audit.study if one.audit else None for one in found}),
    ):
        if value is None:
            continue
        found = [one for one in found if of[one.id] == value]
        if not found:
            names = sorted({name for name in of.values() if name})
            raise InputError(f"no public outputs of `{value}`", where=option, fix=f"Known: {', '.join(names)}.")
    return tuple(found)
