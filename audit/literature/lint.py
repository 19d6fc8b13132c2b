"""Linter for literature records; reports file, line, field and remedy.

A rule is a function from the records (and, if needed, the conventions of `tasks/`) to problems; `RULES` lists the rules.
Strict YAML and the schema are checked first; a record that fails them is not linted further.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from audit._util.paths import LITERATURE
from audit._util.strict_yaml import load
from audit.errors import InputError
from audit.literature.evidence_items import PLACEHOLDERS, placeholders, strings
from audit.literature.evidence_rules import EVIDENCE_RULES, Record, Rule, entries
from audit.literature.grades import Known
from audit.literature.known_tasks import known_tasks
from audit.literature.reproductions import load_reproduction
from audit.literature.schema import Problem, load_checked, problems
from audit.literature.studies import Study, load_study
from audit.literature.works import record_files, short, twice, work


def lint(known: Known, folder: str | Path | None = None) -> tuple[list[Record], list[Problem]]:
    """Check every record of a folder (by default `literature/works`).

    Args:
        known: (task, metric) -> ids of the conventions in tasks/.
        folder: The folder of the records.

    Returns:
        The records that are valid under the schema, and all problems, by file and line.

    Raises:
        MissingError: The folder does not exist.
    """
    records: list[Record] = []
    found: list[Problem] = []
    for path in record_files(folder):
        try:
            document = load(path)
        except InputError as error:
            found.append(_problem(error, path))
            continue
        wrong = list(problems(document, "work"))
        found.extend(wrong)
        if not wrong:
            records.append(Record(document, work(document)))
    for rule in RULES:
        found.extend(rule(records, known))
    return records, sorted(found, key=_place)


def notes(records: list[Record], known: Known) -> list[str]:
    """Notes, which are not problems.

    Conventions that no record names, which have grade E; per record, verified evidence that does not say who opened it.
    """
    found = [f"{problem.where}: {problem.what}" for problem in conventions_reached(records, known)]
    for record in records:
        evidence = [e for entry in record.work.tasks for e in entry.evidence if e.verified]
        unnamed = sum(e.verified_by is None for e in evidence)
        if unnamed:
            where = f"{unnamed} of {len(evidence)} pieces of verified evidence do not say who opened them"
            found.append(f"{record.document.path}: {where} (`verified_by`)")
    return found


def lint_studies(known: Known, folder: str | Path | None = None) -> list[Problem]:
    """Check the studies and reproductions of a folder (by default `literature`).

    Studies and reproductions must load, and the conventions of recorded values must exist in tasks/.
    """
    place = Path(folder) if folder is not None else short(LITERATURE)
    found: list[Problem] = []
    studies: dict[str, Study] = {}
    for path in sorted((place / "studies").glob("*.yaml")):
        study, wrong = lint_study(path, place)
        found += wrong
        if study is not None:
            studies[study.id] = study
    for path in sorted((place / "reproductions").glob("*.yaml")):
        try:
            about = load_checked(path, "reproduction").data["study"]
            if about not in studies:
                raise InputError(f"no valid study `{about}`", where=f"{path}: study", fix="Name a file in studies/.")
            recorded = load_reproduction(path, studies[about]).recorded
        except InputError as error:
            found.append(_problem(error, path))
            continue
        for index, value in enumerate(recorded):
            have = known.get((value.task, value.metric), ())
            if value.convention is not None and value.convention not in have:
                where = load(path).where(("recorded", index, "convention"))
                what = f"tasks/ has no convention `{value.convention}` for {value.metric} of {value.task}"
                found.append(Problem(where, what, f"Use one of: {', '.join(sorted(have))}; or null."))
    return sorted(found, key=_place)


def lint_study(path: str | Path, literature: Path = LITERATURE) -> tuple[Study | None, list[Problem]]:
    """Check one study: it loads, its set cards exist, and nothing is left to fill in.

    Args:
        path: The study's file.
        literature: The folder whose `sets/` holds cards beside the project's own.

    Returns:
        The study, None if it does not load; and the problems, by line.
    """
    path = Path(path)
    try:
        study = load_study(path)
        document = load(path)
    except InputError as error:
        return None, [_problem(error, path)]
    cards = {card.stem for folder in (literature, LITERATURE) for card in (folder / "sets").glob("*.yaml")}
    found: list[Problem] = []
    for index, entry in enumerate(document.data["tasks"]):
        if entry.get("set") is not None and entry["set"] not in cards:
            near = difflib.get_close_matches(entry["set"], sorted(cards), 3)
            fix = f"Did you mean {' or '.join(near)}? " if near else ""
            where = document.where(("tasks", index, "set"))
            found.append(Problem(where, f"there is no set card `{entry['set']}`", f"{fix}Name a card, or write null."))
    for field, text in strings(document.data, ()):
        match = PLACEHOLDERS.search(text)
        if match:
            what = f"placeholder `{match.group()}`"
            found.append(Problem(document.where(field), what, _rest(text, match.end()) or "Write what is known."))
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        comment = re.match(r"\s*#(.*)\bFILL IN:(.*)", line)
        if comment:
            what = f"a comment to fill in:{comment.group(1).rstrip()}"
            fix = f"Write the fields, or remove the comment: {comment.group(2).strip()}"
            found.append(Problem(f"{path}:{number}", what, fix))
    return study, sorted(found, key=_place)


def _rest(text: str, start: int) -> str:
    """What a placeholder asks for, as a sentence."""
    asked = " ".join(text[start:].strip(" :").split()).rstrip(".")
    return f"Write {asked}." if asked else ""


def _problem(error: InputError, path: Path) -> Problem:
    return Problem(error.where or str(path), error.what, error.fix or "See docs/reference/literature.md.")


def _place(problem: Problem) -> tuple[str, int, str]:
    file, _, rest = problem.where.partition(":")
    line = rest.split(":", 1)[0].strip()
    return file, int(line) if line.isdigit() else 0, problem.where + problem.what


def unique_ids(records: list[Record], known: Known) -> Iterator[Problem]:
    """Ids and arXiv ids are unique, and a file is named after its record."""
    del known
    ids: dict[str, Record] = {}
    arxiv: dict[str, Record] = {}
    for record in records:
        name = record.work.id
        if name in ids:
            yield twice(record.document, ids[name].document.path)
        elif record.document.path.stem != name:
            yield Problem(
                record.document.where(("id",)),
                f"the id `{name}` differs from the file name",
                f"Rename the file to {name}.yaml, or the record to `{record.document.path.stem}`.",
            )
        ids.setdefault(name, record)
        if record.work.arxiv is None:
            continue
        number = record.work.arxiv.partition("v")[0]
        if number in arxiv:
            yield Problem(
                record.document.where(("arxiv",)),
                f"duplicate arXiv id {number}, also in {arxiv[number].document.path.name}",
                "Merge the two records into one.",
            )
        arxiv.setdefault(number, record)


def tasks_exist(records: list[Record], known: Known) -> Iterator[Problem]:
    """All tasks and metrics named by records exist in tasks/."""
    for key, have in (("ids", {task for task, _ in known}), ("metrics", {metric for _, metric in known})):
        noun = "task" if key == "ids" else "metric"
        for record, index, entry in entries(records):
            for position, name in enumerate(entry[key]):
                if name not in have:
                    near = difflib.get_close_matches(name, sorted(have), 1)
                    yield Problem(
                        record.document.where(("tasks", index, key, position)),
                        f"tasks/ has no {noun} `{name}`",
                        (f"Did you mean `{near[0]}`? " if near else "") + f"Use one of: {', '.join(sorted(have))}.",
                    )


def conventions_exist(records: list[Record], known: Known) -> Iterator[Problem]:
    """All conventions named by records exist in tasks/ for each of the entry's tasks."""
    for record, index, entry in entries(records):
        for position, name in enumerate(entry["conventions"]):
            where = record.document.where(("tasks", index, "conventions", position))
            if not entry["ids"] or not entry["metrics"]:
                yield Problem(
                    where,
                    f"the convention `{name}` has no task and metric",
                    "Name the tasks under `ids` and the metrics under `metrics`, or remove the convention.",
                )
            for task in entry["ids"]:
                have = {c for metric in entry["metrics"] for c in known.get((task, metric), ())}
                if name not in have:
                    listed = ", ".join(sorted(have)) or "none"
                    yield Problem(
                        where,
                        f"there is no convention `{name}` for {' or '.join(entry['metrics'])} of {task}",
                        f"Use one of: {listed}; or name a convention in YAML under `conventions` of this task in its study.",
                    )


def conventions_reached(records: list[Record], known: Known) -> Iterator[Problem]:
    """Every convention in tasks/ is named by a record; this project's own variants by its own record.

    A convention that no record names for a task takes the evidence of its family, as in `audit.literature.grades`.
    """
    family = {name: task.family for name, task in known_tasks().items()}
    named, of_family = set(), set()
    for _, _, entry in entries(records):
        for task, metric, name in product(entry["ids"], entry["metrics"], entry["conventions"]):
            named.add((task, metric, name))
            of_family.add((family.get(task), metric, name))
    for (task, metric), names in sorted(known.items()):
        for name in sorted(names):
            if (family.get(task), metric, name) not in of_family and (task, metric, name) not in named:
                yield Problem(
                    "literature/works",
                    f"no record names the convention `{name}` of {metric} of {task}",
                    "Name it under `conventions` in the record of a work that uses it, "
                    "or in repro-audit.yaml if no external work does.",
                )


def no_placeholders(records: list[Record], known: Known) -> Iterator[Problem]:
    """There are no placeholders."""
    del known
    for record in records:
        yield from placeholders(record.document)


def yes_has_evidence(records: list[Record], known: Known) -> Iterator[Problem]:
    """`same_data: yes` and `available: yes` have evidence."""
    del known
    for record, index, entry in entries(records):
        if entry["same_data"] == "yes" and all(item["kind"] == "none" for item in entry["evidence"]):
            yield Problem(
                record.document.where(("tasks", index, "same_data")),
                "`yes` without evidence",
                "Add evidence of kind code or text, or write `unknown`.",
            )
    for record in records:
        code = record.work.code
        if code.available != "yes":
            continue
        place = record.document.where(("code", "available"))
        if code.repo is None or not code.paths:
            yield Problem(place, "`yes` without evidence", "Name `repo` and the scoring files under `paths`.")
        elif code.commit is None and code.note is None:
            yield Problem(place, "`yes` without a commit", "Name the commit, or explain in `note` why it is not known.")


def venue_has_no_year(records: list[Record], known: Known) -> Iterator[Problem]:
    """The year is only in `year`, so that it is printed once and cannot differ."""
    del known
    for record in records:
        match = re.search(r"\b(?:19|20)[0-9]{2}\b", record.work.venue)
        if match:
            yield Problem(
                record.document.where(("venue",)),
                f"the venue names the year {match.group()}",
                "Write the venue without it; `year` is the year of that publication.",
            )


def values_have_a_treatment(records: list[Record], known: Known) -> Iterator[Problem]:
    """A work that prints a SALMONN value ran SALMONN or copied the value."""
    del known
    for record in records:
        for index, entry in enumerate(record.work.tasks):
            if entry.value is not None and entry.treatment not in {"evaluated", "copied"}:
                yield Problem(
                    record.document.where(("tasks", index, "value")),
                    f"a SALMONN value although the treatment is `{entry.treatment}`",
                    "Write `treatment: evaluated` or `copied` in the entry or the record, or remove the value.",
                )


RULES: tuple[Rule, ...] = (
    unique_ids,
    tasks_exist,
    conventions_exist,
    no_placeholders,
    yes_has_evidence,
    *EVIDENCE_RULES,
    venue_has_no_year,
    values_have_a_treatment,
)
