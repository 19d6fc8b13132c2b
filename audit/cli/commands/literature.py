"""`repro-audit literature`: list, show, check and export the surveyed works, and start a new record."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from audit.cli.json_output import add_json, plain, show
from audit.errors import InputError

if TYPE_CHECKING:
    from audit.literature.checkouts import Opened
    from audit.literature.grades import Known
    from audit.literature.works import Work

HELP = "The surveyed works: one checked record per work, the grades derived from them, and exports."

KINDS = ("evaluated", "copied", "mentioned", "unknown", "none")
RELATIONS = ("audited", "cited-metric-source", "independent", "reproduction-team", "audit")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--works", metavar="DIR", help="the folder of records (default: literature/works)")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    lint = actions.add_parser(
        "lint", help="check all records, conventions, studies, reproductions, set cards and records of public outputs"
    )
    lint.add_argument(
        "--checkouts",
        metavar="DIR",
        help="open every code path at its commit in the clones DIR/OWNER+NAME or DIR/OWNER/NAME, bare or not",
    )
    add_json(lint)
    lint.set_defaults(action_run=_lint)

    listing = actions.add_parser("list", help="one line per record")
    listing.add_argument("--treatment", choices=KINDS, help="only works with this treatment of SALMONN")
    listing.add_argument("--relation", choices=RELATIONS, help="only works with this relation to the paper")
    listing.add_argument("--task", metavar="TASK", help="only works with an entry on this task")
    add_json(listing)
    listing.set_defaults(action_run=_list)

    one = actions.add_parser("show", help="one record in full, with the grades of its conventions")
    one.add_argument("id", metavar="ID")
    add_json(one)
    one.set_defaults(action_run=_show)

    table = actions.add_parser("table", help="works x tasks, conventions with grades, what can be checked")
    table.add_argument("--study", metavar="FILE", help="the study whose tasks are the columns (default: SALMONN's)")
    add_json(table)
    table.set_defaults(action_run=_table)

    for name, text in (("bibtex", "the works as BibTeX"), ("csv", "one line per entry")):
        export = actions.add_parser(name, help=text)
        export.add_argument("--out", metavar="FILE", help="write to a file instead of standard output")
        export.set_defaults(action_run=_export)

    new = actions.add_parser("new", help="write a template with every field explained")
    new.add_argument("id", metavar="ID", help="lower-case words joined by hyphens")
    new.set_defaults(action_run=_new)


def run(args: argparse.Namespace) -> int:
    """Run the action; 1 if the lint found a problem."""
    code: int = args.action_run(args)
    return code


def known() -> Known:
    """The conventions of tasks/ by (task, metric)."""
    from audit.literature.grades import known_conventions

    return known_conventions()


def _by_metric(keys: Iterable[tuple[str, str, str]]) -> Known:
    found: dict[tuple[str, str], set[str]] = {}
    for task, metric, name in keys:
        found.setdefault((task, metric), set()).add(name)
    return found


def _works(args: argparse.Namespace) -> tuple[Work, ...]:
    from audit.literature.works import load_works

    return load_works(args.works)


def _lint(args: argparse.Namespace) -> int:
    from audit.importers import formats
    from audit.literature.checkouts import open_all
    from audit.literature.known_tasks import conventions_of, declared_here, known_tasks, studies_here
    from audit.literature.lint import lint, lint_studies, notes
    from audit.literature.lint_conventions import lint_conventions
    from audit.literature.lint_sets import lint_sets
    from audit.literature.outputs.lint import lint_outputs
    from tasks.registry import families

    conventions = known()
    records, problems = lint(conventions, args.works)
    problems += lint_studies(conventions)
    problems += lint_sets(known_tasks().values())[1]
    named = {study.id: study for study in studies_here()}
    works = {record.work.id for record in records}
    outputs, wrong = lint_outputs(named, works, {one.name for one in formats()})
    problems += wrong
    own = [one.convention for one in declared_here()]
    # What YAML declares cites its own evidence, and is no convention of its family.
    built_in = {key: item for key, item in conventions_of().items() if item not in own}
    of_family: dict[str, set[str]] = {name: set() for name in families()}
    for task, _, name in built_in:
        of_family[known_tasks()[task].family].add(name)
    problems += lint_conventions(of_family, {record.work.id for record in records})
    results: list[Opened] = []
    if args.checkouts:
        results, unopened = open_all(records, args.checkouts)
        problems += unopened
    noted = notes(records, _by_metric(built_in))
    noun = "problem" if len(problems) == 1 else "problems"
    last = f"{len(records)} records, {len(outputs)} records of public outputs, {len(problems)} {noun}"
    lines = [*map(str, results), *map(str, problems), *(f"note: {note}" for note in noted), last]
    show(args, lines, lambda: {
        "records": len(records), "outputs": len(outputs), "problems": plain(problems), "notes": noted,
        "checkouts": plain(results),
    })  # fmt: skip
    return 1 if problems else 0


def _list(args: argparse.Namespace) -> int:
    works = [
        w
        for w in _works(args)
        if args.treatment in {None, w.treatment}
        and args.relation in {None, w.relation}
        and (args.task is None or any(args.task in e.ids for e in w.tasks))
    ]
    width = max((len(w.id) for w in works), default=0)
    lines = [
        f"{w.id:<{width}}  {w.year}  {w.relation:<19}  {w.treatment:<9}  code {w.code.available:<7}  {w.title}"
        for w in works
    ]
    show(args, [*lines, f"{len(works)} records"], lambda: [
        {"id": w.id, "title": w.title, "year": w.year, "relation": w.relation, "treatment": w.treatment,
         "code": w.code.available} for w in works
    ])  # fmt: skip
    return 0


def _show(args: argparse.Namespace) -> int:
    from audit.literature.export import record_text
    from audit.literature.grades import grades
    from audit.literature.survey import named
    from audit.literature.works import find

    works = _works(args)
    work = find(works, args.id)
    found = grades(works, named(works))
    show(args, record_text(work, found).splitlines(), lambda: {
        **plain(work), "links": plain(work.links()),
        "conventions": [
            {"task": task, "metric": metric, "convention": name, "grade": grading.grade}
            for (task, metric, name), grading in found.items()
            if any(one.work == work.id for one in grading.support)
        ],
    })  # fmt: skip
    return 0


def _table(args: argparse.Namespace) -> int:
    from audit._util.paths import LITERATURE
    from audit.literature.export import conventions_table, matrix, steps
    from audit.literature.studies import load_study
    from audit.literature.survey import survey

    study = load_study(args.study or LITERATURE / "studies" / "salmonn.yaml")
    data = survey(_works(args), study.claims, known())
    lines = [*matrix(data).split("\n"), *conventions_table(data).split("\n"), *steps(data).splitlines()]
    show(args, lines, lambda: plain(data))
    return 0


def _export(args: argparse.Namespace) -> int:
    from audit._util.files import write_atomic
    from audit.literature.export import bibtex, table_csv

    text = (bibtex if args.action == "bibtex" else table_csv)(_works(args))
    if args.out:
        write_atomic(args.out, text)
        print(f"written: {args.out}")
    else:
        # On some systems print() would change the CSV's line ends.
        sys.stdout.write(text)
    return 0


def _new(args: argparse.Namespace) -> int:
    from audit._util.files import write_atomic
    from audit._util.paths import LITERATURE
    from audit.literature.schema import schema
    from audit.literature.works import WORKS

    rules = schema("common")["$defs"]["id"]
    if not re.fullmatch(rules["pattern"], args.id) or len(args.id) > rules["maxLength"]:
        raise InputError(f"`{args.id}` is not a valid id", fix=rules["description"])
    path = Path(args.works or WORKS) / f"{args.id}.yaml"
    if path.exists():
        raise InputError("the record is already there", where=str(path), fix="Edit it, or choose another id.")
    text = (LITERATURE / "work.template.yaml").read_text(encoding="utf-8")
    write_atomic(path, text.replace("id: new-work\n", f"id: {args.id}\n", 1))
    print(f"written: {path}\nFill it in, then run: repro-audit literature lint")
    return 0
