"""Conventions declared in YAML: a file each in a folder, or inside a study.

A declaration names registered steps, rules and a metric (`tasks.catalogue`) and cites its evidence as the records of works
do. Composing it is `tasks.declared`; this module reads, checks and locates errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit._util.paths import LITERATURE
from audit._util.strict_yaml import Document, load
from audit.errors import InputError
from audit.literature import installed
from audit.literature.evidence_items import Where, inside, of_evidence
from audit.literature.schema import Problem, problems_inside
from audit.literature.works import Entry, Evidence, Relation, own_evidence
from tasks import declared
from tasks.convention import Convention
from tasks.errors import DeclarationError

SCHEMA = "repro-audit/convention/1"


@dataclass(frozen=True, slots=True)
class ConventionEvidence:
    """Who counts so, and where this is documented.

    Attributes:
        work: The id of the record of a work, or a short name.
        relation: The work's relation to the paper of `study`.
        study: The study to which `relation` applies; None if the work is independent of all.
        items: As in the record of a work.
    """

    work: str
    relation: Relation
    study: str | None
    items: tuple[Evidence, ...]

    def entry(self, metric: str, convention: str) -> Entry:
        """The same as an entry of a work's record, from which grades are computed."""
        return Entry(
            ids=(),
            metrics=(metric,),
            metric_as_named=metric,
            data="",
            split=None,
            same_data="unknown",
            same_data_reason="",
            relation=self.relation,
            treatment="none",
            value=None,
            conventions=(convention,),
            counting=None,
            evidence=self.items,
            unverified=(),
            study=self.study or "",
        )


@dataclass(frozen=True, slots=True)
class DeclaredConvention:
    """A convention declared in YAML.

    Attributes:
        family: The family of tasks that it scores.
        metric: The id of its metric, by which claims name it.
        convention: Itself.
        evidence: Who counts so.
        data: What it is composed of, for `tasks.declared.convention`.
        path: The file that declares it.
    """

    family: str
    metric: str
    convention: Convention
    evidence: ConventionEvidence
    data: Mapping[str, Any] = field(repr=False, compare=False)
    path: Path

    @property
    def id(self) -> str:
        """Its id."""
        return self.convention.id

    def says(self, study: Path) -> str:
        """Where it is declared, and the evidence that stands there, for readers.

        Args:
            study: The file of the study that uses it.
        """
        place = "the study itself" if self.path == study else f"conventions/{self.path.name}"
        found = "; ".join(f"{item.kind}, {item.text()}" for item in self.evidence.items) or "none"
        relation = self.evidence.relation.replace("-", " ")
        return f"Declared in {place}, with evidence of {self.evidence.work} ({relation}): {found}."


# The keys of a declaration that decide what is computed, or that readers of the value see.
_COMPOSED = (
    "id",
    "summary",
    "metric",
    "options",
    "hypothesis",
    "reference",
    "hypothesis_view",
    "reference_view",
    "select",
    "notes",
)


def declared_convention(entry: Any, where: Where, path: Path) -> DeclaredConvention:
    """The convention that a part of a YAML file declares, in the form of literature/schema/convention.schema.json.

    Args:
        entry: The declaration, as read by `audit._util.strict_yaml`.
        where: The location of one of its fields: `Document.where` for a file of its own; for the third convention of a study
            `evidence_items.inside(document.where, "conventions", 2)`.
        path: The file.

    Raises:
        InputError: It is invalid under the schema, names an unknown part, or its parts do not fit together; names the
            first problem with file, line, field and fix.
    """
    found = declaration_problems(entry, where)
    if found:
        raise found[0].error()
    data = {key: entry[key] for key in _COMPOSED if key in entry}
    convention = declared.convention(data)
    return DeclaredConvention(entry["family"], convention.metric.id, convention, _evidence(entry), data, path)


def conventions_of(document: Document) -> dict[str, DeclaredConvention]:
    """The conventions that a study declares itself, by id.

    Raises:
        InputError: See `declared_convention`; two have the same id.
    """
    found: dict[str, DeclaredConvention] = {}
    for index, entry in enumerate(document.data.get("conventions", ())):
        place = inside(document.where, "conventions", index)
        one = declared_convention(entry, place, document.path)
        if one.id in found:
            raise InputError(f"duplicate convention `{one.id}`", where=place(("id",)), fix="Rename one of them.")
        found[one.id] = one
    return found


def find_convention(name: str, study: Path) -> DeclaredConvention | None:
    """The convention of that id for a study's tasks, from a file `conventions/ID.yaml`; None if there is none.

    Looked for beside the study, in the literature folder that holds it, in the project's, and in those of installed
    packages; the first one counts.

    Raises:
        InputError: The file is invalid.
    """
    for folder in convention_folders(study):
        path = folder / f"{name}.yaml"
        if path.is_file():
            return load_convention(path)
    return None


def convention_folders(study: Path | None = None) -> tuple[Path, ...]:
    """The folders in which conventions are looked for, first the nearest; `study` is the file of a study."""
    beside = [] if study is None else [study.parent]
    if study is not None and study.parent.name == "studies":
        beside.append(study.parent.parent)
    literature = [*beside, LITERATURE, *installed.folders(installed.STUDIES)]
    found = [*(folder / "conventions" for folder in literature), *installed.folders(installed.CONVENTIONS)]
    return tuple(dict.fromkeys(found))


def load_convention(path: Path) -> DeclaredConvention:
    """The convention of one file.

    Raises:
        InputError: The file is not strict YAML, is not named after its convention, or see `declared_convention`.
    """
    document = load(path)
    for problem in file_problems(document):
        raise problem.error()
    return declared_convention(document.data, document.where, path)


def declaration_problems(entry: Any, where: Where) -> list[Problem]:
    """All problems of a declaration: its schema, its parts, its evidence."""
    found = list(problems_inside(entry, "convention", where))
    if found:
        return found
    try:
        declared.convention(entry)
    except DeclarationError as error:
        found.append(Problem(where(error.field), error.what, error.fix))
    evidence = _evidence(entry)
    if evidence.relation in {"audited", "cited-metric-source"} and evidence.study is None:
        what = f"the relation `{evidence.relation}` without the study to which it applies"
        found.append(Problem(where(("relation",)), what, "Add `study:` with the study's id."))
    for number, (item, value) in enumerate(zip(entry["evidence"], evidence.items, strict=True)):
        place = inside(where, "evidence", number)
        found += [Problem(place(field), what, fix) for field, what, fix in of_evidence(item, value, evidence.relation)]
    return found


def _evidence(entry: Mapping[str, Any]) -> ConventionEvidence:
    return ConventionEvidence(
        work=entry["work"],
        relation=entry.get("relation", "independent"),
        study=entry.get("study"),
        items=tuple(own_evidence(item) for item in entry["evidence"]),
    )


def convention_files(folder: str | Path) -> tuple[Path, ...]:
    """The declarations of a folder, by name; none if there is no such folder."""
    return tuple(sorted(Path(folder).glob("*.yaml")))


def load_conventions(folder: str | Path) -> tuple[DeclaredConvention, ...]:
    """All conventions declared in a folder, by file name, which is their id.

    Raises:
        InputError: See `load_convention`.
    """
    return tuple(load_convention(path) for path in convention_files(folder))


def declared_conventions() -> tuple[DeclaredConvention, ...]:
    """The conventions of all files at hand: beside the study in the current folder, the project's, and installed ones.

    Raises:
        InputError: See `load_convention`.
    """
    found: dict[str, DeclaredConvention] = {}
    for folder in convention_folders(Path.cwd() / "study.yaml"):
        for one in load_conventions(folder):
            found.setdefault(one.id, one)
    return tuple(found.values())


def file_problems(document: Document) -> list[Problem]:
    """What a file of its own must have besides the declaration: the schema's id, and its convention's name."""
    data = document.data
    if not isinstance(data, dict) or "schema" not in data:
        return [Problem(document.where(), "the key `schema` is missing", f"Add `schema: {SCHEMA}` as the first line.")]
    name = data.get("id")
    if isinstance(name, str) and name != document.path.stem:
        what = f"the id `{name}` differs from the file name"
        fix = f"Rename the file to {name}.yaml, or the convention to `{document.path.stem}`."
        return [Problem(document.where(("id",)), what, fix)]
    return []
