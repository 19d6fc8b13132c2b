"""`repro-audit study`: start a study from a paper's table, check it, show it, and look for its values in the paper's PDF."""

from __future__ import annotations

import argparse
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.cli.json_output import add_json, plain, say, show
from audit.errors import InputError

if TYPE_CHECKING:
    from audit.literature.drafts.answers import Answers
    from audit.literature.drafts.new import NewStudy
    from audit.literature.drafts.questions import Questions
    from audit.literature.studies import Study

HELP = "Studies: the values that a paper reports. Start one from a table, check it, show it, look for it in the paper's PDF."
_WIDTH = 80


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument(
        "--literature", type=Path, metavar="FOLDER", help="studies and set cards (default: those that come along)"
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    new = actions.add_parser(
        "new",
        help="write a study from a table in LaTeX, Markdown or CSV, or from questions",
        description="Each cell with a number becomes a claim, or is listed with the reason why it does not. Labels are "
        "matched with tasks, metrics and models by name; what is unclear is asked about at a terminal, or left out with the "
        "option that answers.",
    )
    _add_new(new)
    new.set_defaults(action_run=_new)

    check = actions.add_parser("check", help="check a study; with --paper, look for its values in the paper's PDF")
    check.add_argument("study", nargs="+", metavar="FILE-OR-ID", help="one study, or several without --paper")
    check.add_argument(
        "--paper", type=Path, metavar="PDF", help="mark the claims whose printed string is in its table and row"
    )
    check.add_argument("--dry-run", action="store_true", help="with --paper: list only, change nothing")
    add_json(check)
    check.set_defaults(action_run=_check)

    show_it = actions.add_parser("show", help="a study's claims as a table")
    show_it.add_argument("study", metavar="FILE-OR-ID")
    add_json(show_it)
    show_it.set_defaults(action_run=_show)

    listing = actions.add_parser("list", help="one line per study")
    add_json(listing)
    listing.set_defaults(action_run=_list)


def _add_new(new: argparse.ArgumentParser) -> None:
    new.add_argument(
        "--table", type=Path, metavar="FILE", help=".tex, .md, .csv or .tsv; without it, values are asked for"
    )
    new.add_argument("--macros", type=Path, action="append", default=[], metavar="FILE",
                     help="a .tex file that defines the table's macros, such as the preamble; repeatable")  # fmt: skip
    new.add_argument("--number", type=int, metavar="N", help="the N-th table of the file")
    new.add_argument("--out", type=Path, default=Path("study.yaml"), metavar="FILE", help="default: %(default)s")
    new.add_argument("--force", action="store_true", help="overwrite an existing file")
    new.add_argument("--no-questions", action="store_true", help="ask nothing, even at a terminal")
    known = new.add_argument_group("what the table does not say")
    known.add_argument("--answers", type=Path, metavar="FILE", help="all of this as YAML; options count more")
    known.add_argument(
        "--model", metavar="LABEL", help="the audited model's label in the table; none if it has no label"
    )
    known.add_argument("--model-name", metavar="NAME", help="the audited model in full")
    known.add_argument("--answer", action="append", default=[], metavar="LABEL=TASK.METRIC",
                       help="a label's task and metric, or skip; several labels: 'A > B=...'; repeatable")  # fmt: skip
    known.add_argument("--task", action="append", default=[], metavar="ID=FAMILY,set=CARD",
                       help="a task that no study declares; dataset=TEXT and parameters follow; repeatable")  # fmt: skip
    known.add_argument("--role", action="append", default=[], metavar="LABEL=ROLE",
                       help="another model: reference, baseline, ablation, or skip; repeatable")  # fmt: skip
    known.add_argument("--runs", type=int, metavar="N", help="the number of runs behind means with a deviation")
    known.add_argument("--id", metavar="ID", help="the study's id")
    known.add_argument("--table-name", metavar="NAME", help="the table in the paper: 'Table 2'")
    known.add_argument("--title", metavar="TEXT", help="the paper's title")
    known.add_argument("--author", metavar="NAME", help="its first author")
    known.add_argument("--year", type=int, metavar="YEAR", help="its year (default: the arXiv id's)")
    known.add_argument("--venue", metavar="NAME", help="its venue")
    known.add_argument("--arxiv", metavar="ID", help="its arXiv id")
    known.add_argument("--url", metavar="URL", help="its address")


def run(args: argparse.Namespace) -> int:
    """Run the action; 1 if a check found a problem."""
    code: int = args.action_run(args)
    return code


def _literature(args: argparse.Namespace) -> Path:
    from audit._util.paths import LITERATURE

    return args.literature or LITERATURE


def _new(args: argparse.Namespace) -> int:
    from audit.literature.drafts.new import choose_table, new_study, refuse_existing, write_study

    refuse_existing(args.out, force=args.force)
    asking = None if args.no_questions or not sys.stdin.isatty() else _questions()
    answers = _answers(args)
    if args.table is not None:
        table = choose_table(args.table, args.number, asking, args.macros)
    elif asking is not None:
        table = asking.cells()
    else:
        raise InputError("there is no table, and no terminal to ask at", fix="Give a file with --table.")
    made = new_study(table, args.table, answers, asking, _literature(args))
    write_study(made.draft.text, args.out, force=args.force)
    _tell(made, args.out)
    return 0


def _questions() -> Questions:
    from audit.literature.drafts.questions import Questions

    return Questions(input, print)


def _answers(args: argparse.Namespace) -> Answers:
    from dataclasses import replace

    from audit.literature.drafts.answers import Answers, from_options, load_answers

    answers = load_answers(args.answers) if args.answers else Answers()
    answers = from_options(answers, args.answer, args.task, args.role)
    paper = {"title": args.title, "authors_first": args.author, "year": args.year, "venue": args.venue, "arxiv": args.arxiv,
             "url": args.url}  # fmt: skip
    facts: dict[str, Any] = {"id": args.id, "model_name": args.model_name, "table": args.table_name, "runs": args.runs}
    given = {key: value for key, value in facts.items() if value is not None}
    known = {**answers.facts.get("paper", {}), **{key: value for key, value in paper.items() if value is not None}}
    return replace(answers, model=args.model or answers.model, facts={**answers.facts, **given, "paper": known})


def _tell(made: NewStudy, path: Path) -> None:
    match = made.match
    left = [(item.cell, item.why) for item in match.unclear] + [(item.cell, item.why) for item in match.left]
    verb = "is a claim" if len(match.claims) == 1 else "are claims"
    print(f"{len(match.claims)} of {match.total} cells {verb}; {len(left)} left out{':' if left else '.'}")
    for cell, why in left:
        _wrapped(f"{cell.place}: {why}")
    options = dict.fromkeys(item.option for item in match.unclear)
    if options:
        print("What is unclear can be answered:")
        for option in options:
            print(f"  {option}")
    print("Matched by name or answer:")
    places: dict[str, list[str]] = {}
    for claim in made.draft.claims:
        name = f"{claim.match.task.id}.{claim.match.metric}"
        places.setdefault(name, []).append(claim.match.cell.place)
    for name, cells in places.items():
        _wrapped(f"{name}: {len(cells)} claim{'' if len(cells) == 1 else 's'}, the first from {cells[0]}")
    if made.draft.models:
        print("Other models of the table:")
        for model in made.draft.models:
            _wrapped(f"{model.id}: {model.label} ({model.role})")
    deviations = sum(claim.match.cell.deviation is not None for claim in made.draft.claims)
    if deviations and made.draft.runs is None:
        print(f"{deviations} deviations are comments: the number of runs is unknown (--runs N)")
    print(f"written: {path}\nFill in what it marks, then run: repro-audit study check {path}")


def _wrapped(text: str) -> None:
    """Print an entry of a list, indented, in lines of at most 80 characters."""
    for line in textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="      ", break_on_hyphens=False):
        print(line)


def _check(args: argparse.Namespace) -> int:
    if args.paper is not None and len(args.study) > 1:
        raise InputError("belongs to one study", where="--paper", fix="Check the studies one by one.")
    code = 0
    documents: list[dict[str, Any]] = []
    for name in args.study:
        found, document = _check_one(args, name)
        code = max(code, found)
        documents.append(document)
    if args.json:
        show(args, (), lambda: documents)
    return code


def _check_one(args: argparse.Namespace, name: str) -> tuple[int, dict[str, Any]]:
    """The exit code, and the result as JSON; for people, it is printed."""
    from audit.literature.known_tasks import find_study
    from audit.literature.lint import lint_study

    literature = _literature(args)
    path = find_study(name, literature)
    study, problems = lint_study(path, literature)
    document: dict[str, Any] = {
        "study": str(path), "id": None if study is None else study.id,
        "claims": None if study is None else len(study.claims), "tasks": None if study is None else len(study.tasks),
        "problems": plain(problems),
    }  # fmt: skip
    code = 1 if problems else 0
    if not args.json:
        for problem in problems if args.paper is None or study is None else ():
            print(f"{problem.where}: {problem.what}")
            _wrapped(problem.fix)
        noun = "problem" if len(problems) == 1 else "problems"
        if study is not None:
            print(f"{path}: {len(study.claims)} claims, {len(study.tasks)} tasks, {len(problems)} {noun}")
    if args.paper is None or study is None:
        return code, document
    seen, document["paper"] = _paper(args, study)
    return max(seen, code), document


def _paper(args: argparse.Namespace, study: Study) -> tuple[int, dict[str, Any]]:
    from audit.literature.paper.mark import mark
    from audit.literature.paper.search import search

    paper: Path = args.paper
    found = search(paper, study.claims)
    width = max(len(item.claim.id) for item in found.claims)
    seen = [item for item in found.claims if item.page is not None]
    if not args.json:
        print(f"seen in {paper.name} (SHA-256 {found.sha256[:16]}...): {len(seen)} of {len(found.claims)} claims")
        for item in found.claims:
            print(f"  {item.claim.id:<{width}}  {item.claim.value:>6}  {item.told}")
    if seen and not args.dry_run:
        changed = mark(study.path, {item.claim.id: item.page for item in seen if item.page is not None}, found.sha256)
        say(args, f"written: {study.path} ({changed} claims marked)")
    document = {
        "file": str(paper), "sha256": found.sha256,
        "claims": [{"id": one.claim.id, "value": one.claim.value, "page": one.page, "found": one.told}
                   for one in found.claims],
    }  # fmt: skip
    return (0 if len(seen) == len(found.claims) else 1), document


def _show(args: argparse.Namespace) -> int:
    from audit.literature.known_tasks import find_study
    from audit.literature.show import study_lines
    from audit.literature.studies import load_study

    study = load_study(find_study(args.study, _literature(args)))
    show(args, study_lines(study, _WIDTH), lambda: {
        "id": study.id, "title": study.facts.title,
        "claims": [{"id": c.id, "task": c.task, "metric": c.metric, "value": c.value, "unit": c.unit, "model": c.model}
                   for c in study.claims],
    })  # fmt: skip
    return 0


def _list(args: argparse.Namespace) -> int:
    from audit.literature.known_tasks import study_files
    from audit.literature.studies import load_study

    files = study_files(_literature(args))
    width = max(map(len, files), default=0)
    studies = {name: load_study(path) for name, path in files.items()}
    lines = [f"{name:<{width}}  {len(one.claims):>4} claims  {one.facts.title}" for name, one in studies.items()]
    show(args, [*lines, f"{len(files)} {'study' if len(files) == 1 else 'studies'}"], lambda: [
        {"id": name, "title": one.facts.title, "claims": len(one.claims), "tasks": list(one.tasks)}
        for name, one in studies.items()
    ])  # fmt: skip
    return 0
