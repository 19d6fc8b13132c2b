"""Linter for the records of public outputs; reports file, line, field and remedy."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from audit._util.strict_yaml import Document, Field, load
from audit.errors import InputError
from audit.literature.evidence_items import PLACEHOLDERS, strings
from audit.literature.outputs.records import OUTPUTS, OutputRecord, output_files, record
from audit.literature.schema import Problem, problems
from audit.literature.sets import SETS
from audit.literature.studies import Study
from audit.literature.works import short

_RAW = "https://raw.githubusercontent.com/"


def lint_outputs(
    studies: Mapping[str, Study], works: Collection[str], importers: Collection[str], folder: str | Path | None = None
) -> tuple[list[OutputRecord], list[Problem]]:
    """Check every record of a folder (by default `literature/outputs`).

    A record must be valid under the schema and be named after its id. What it names exists: the work, the set card, the
    importer, the study with its task, and the conventions. A printed value equals the study's claim. No two records feed the
    same predictions file.

    Args:
        studies: By id.
        works: The ids of the records of works.
        importers: The names of the importers.
        folder: The folder of the records.
    """
    place = Path(folder) if folder is not None else short(OUTPUTS)
    found: list[Problem] = []
    records: list[OutputRecord] = []
    fed: dict[tuple[str, str, str | None], str] = {}
    cards = {path.stem for path in SETS.glob("*.yaml")}
    for path in output_files(place):
        try:
            document = load(path)
            wrong = list(problems(document, "output"))
            found += wrong
            if wrong:
                continue
            one = record(document)
        except InputError as error:
            found.append(Problem(error.where or str(path), error.what, error.fix or "See docs/reference/outputs.md."))
            continue
        records.append(one)
        found += _names(document, one, works, importers, cards)
        found += _file(document, one)
        found += _claims(document, one, studies)
        if one.audit is not None:
            key = (one.audit.study, one.audit.task, one.audit.run)
            if key in fed:
                what = f"{fed[key]} feeds this task and run, too"
                found.append(Problem(document.where(("audit",)), what, "Give one of them a run of its own."))
            fed[key] = one.id
    return records, found


def _names(
    document: Document, one: OutputRecord, works: Collection[str], importers: Collection[str], cards: Collection[str]
) -> Iterator[Problem]:
    if document.path.stem != one.id:
        where = document.where(("id",))
        yield Problem(where, f"the id `{one.id}` differs from the file name", f"Rename the file to {one.id}.yaml.")
    named: tuple[tuple[Field, str, str | None, Collection[str]], ...] = (
        (("work",), "record of a work", one.work, works),
        (("set",), "set card", one.card, cards),
        (("format", "importer"), "importer", one.layout.importer, importers),
    )
    for field, kind, name, known in named:
        if name is not None and name not in known:
            yield Problem(document.where(field), f"there is no {kind} `{name}`", "Correct the name, or write null.")
    for field, text in strings(document.data, ()):
        match = PLACEHOLDERS.search(text)
        if match:
            yield Problem(document.where(field), f"placeholder `{match.group()}`", "Write what is known, or null.")


def _file(document: Document, one: OutputRecord) -> Iterator[Problem]:
    file = one.file
    if (file.bytes is None) != (file.sha256 is None):
        where = document.where(("file", "sha256"))
        yield Problem(where, "size and hash are known together or not at all", "Write both, or null for both.")
    if file.address.startswith(_RAW) and file.address != f"{_RAW}{file.repo}/{file.commit}/{quote(file.path)}":
        where = document.where(("file", "address"))
        yield Problem(where, "the address is not that of repo, commit and path", "Correct one of them.")
    if one.audit is not None and one.layout.importer is None:
        where = document.where(("format", "importer"))
        yield Problem(where, "no importer reads what `audit` names", "Name an importer, or write `audit: null`.")


def _claims(document: Document, one: OutputRecord, studies: Mapping[str, Study]) -> Iterator[Problem]:
    known = {task for study in studies.values() for task in study.tasks}
    for index, name in enumerate(one.tasks):
        if name not in known:
            where = document.where(("tasks", index))
            yield Problem(where, f"no study has a task `{name}`", "Correct the id, or leave it out.")
    if one.audit is None:
        return
    study = studies.get(one.audit.study)
    if study is None or one.audit.task not in study.tasks:
        what = f"there is no task `{one.audit.task}` in a study `{one.audit.study}`"
        yield Problem(document.where(("audit",)), what, "Name a study of literature/studies and one of its tasks.")
        return
    task = study.tasks[one.audit.task]
    claims = study.on(one.audit.task, one.audit.run)
    for index, item in enumerate(one.printed):
        where = document.where(("printed", index))
        if item.convention is not None:
            have = {c.id for c in task.conventions.get(item.metric, ())}
            if item.convention not in have:
                what = f"{task.id} has no convention `{item.convention}` for {item.metric}"
                yield Problem(where, what, f"Use one of: {', '.join(sorted(have)) or 'none'}; or null.")
        stated = [claim.value for claim in claims if claim.metric == item.metric]
        if item.value is not None and item.convention is not None and item.value not in stated:
            what = f"{item.value} is not the study's claim ({', '.join(stated) or 'it makes none'})"
            yield Problem(where, what, "Both state what the work prints; correct one of them.")
