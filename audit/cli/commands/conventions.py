"""`repro-audit conventions`: the known conventions and what identifies them."""

from __future__ import annotations

import argparse
import difflib
import json
import textwrap
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from audit._util.paths import LITERATURE
from audit.cli.json_output import add_json
from audit.errors import InputError

if TYPE_CHECKING:
    from tasks.availability import Reason

HELP = """List the conventions of a task, or of all tasks: grade, who uses it, signature and hash.

A convention can also be written in YAML, without Python: --steps lists what it may be composed of, --show prints an
existing one to begin from."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("task", nargs="?", help="only this task")
    parser.add_argument(
        "--steps",
        action="store_true",
        help="list what a convention can be composed of in YAML: steps, rules for rows, views, metrics",
    )
    parser.add_argument(
        "--families", action="store_true", help="list the families of tasks: metrics, parameters, references"
    )
    parser.add_argument("--show", metavar="ID", help="everything about one convention, also as YAML to begin from")
    parser.add_argument("--long", action="store_true", help="also print signature, hash and works")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print the list."""
    if args.families:
        return _families(args)
    if args.steps:
        return _steps(args)
    if args.show is not None:
        return _show(args)
    from audit.literature.declared_conventions import declared_conventions
    from audit.literature.grades import grades, known_conventions
    from audit.literature.known_tasks import conventions_of, declared_here, task_here, tasks_here
    from audit.literature.works import load_works

    here = tasks_here()
    known = here if args.task is None else {args.task: task_here(args.task)}
    gradings = grades(load_works(LITERATURE / "works"), known_conventions(known), tasks=here, declared=declared_here())
    chosen = conventions_of(known)
    # Conventions of one metric ask for the same programs and files.
    why: Callable[[Reason], str | None] = cache(lambda asked: asked())
    if args.json:
        entries = [
            {
                "task": task,
                "metric": metric,
                "id": item.id,
                "summary": item.summary,
                "grade": gradings[task, metric, item.id].grade,
                "works": list(dict.fromkeys(s.work for s in gradings[task, metric, item.id].support)),
                "signature": item.signature,
                "hash": item.hash,
                "unavailable": why(item.unavailable),
            }
            for (task, metric, _), item in chosen.items()
        ]
        print(json.dumps(entries, indent=1, ensure_ascii=False))
        return 0
    heading = None
    for (task, metric, name), item in chosen.items():
        if heading != (task, metric):
            heading = (task, metric)
            print(f"{task}  {metric}")
        grading = gradings[task, metric, name]
        reason = why(item.unavailable)
        print(f"  {grading.grade}  {name:<28} {reason or item.summary}"[:80])
        if args.long:
            works = ", ".join(dict.fromkeys(s.work for s in grading.support)) or "no record"
            print(f"       {item.summary}\n       used by: {works}\n       {item.signature}\n       sha256:{item.hash}")
    unused = (
        [one for one in declared_conventions() if one.convention not in chosen.values()] if args.task is None else []
    )
    if unused:
        print("in YAML, for tasks of a study that name them")
    for one in unused:
        print(f"  {one.family}  {one.metric}  {one.id:<20} {one.convention.summary}"[:80])
    return 0


def _families(args: argparse.Namespace) -> int:
    """Every family, as a study's tasks may name it."""
    from audit.cli.family_table import as_json, lines

    print(json.dumps(as_json(), indent=1, ensure_ascii=False) if args.json else "\n".join(lines()))
    return 0


def _steps(args: argparse.Namespace) -> int:
    from audit.cli.catalogue_table import as_json, lines

    if args.json:
        print(json.dumps(as_json(), indent=1, ensure_ascii=False))
    else:
        print("\n".join(lines(long=args.long)))
    return 0


def _show(args: argparse.Namespace) -> int:
    """One convention: of which tasks, as text and as YAML, once for each way in which an id counts."""
    from audit.literature.convention_yaml import yaml_text
    from audit.literature.declared_conventions import declared_conventions
    from audit.literature.known_tasks import conventions_of, task_here, tasks_here

    known = tasks_here() if args.task is None else {args.task: task_here(args.task)}
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    chosen = {}
    for (task, metric, name), item in conventions_of(known).items():
        if name == args.show:
            key = (known[task].family, item.signature)
            found.setdefault(key, []).append((task, metric))
            chosen[key] = item
    for one in declared_conventions() if args.task is None else ():
        key = (one.family, one.convention.signature)
        if one.id == args.show and key not in found:
            found[key], chosen[key] = [(f"any task of the family {one.family}", one.metric)], one.convention
    if not found:
        ids = sorted({name for _, _, name in conventions_of(known)} | {one.id for one in declared_conventions()})
        near = difflib.get_close_matches(args.show, ids, 3)
        raise InputError(
            f"there is no convention {args.show!r}",
            where=args.task,
            fix=f"Did you mean {' or '.join(near)}?" if near else "`repro-audit conventions` lists them.",
        )
    for (family, signature), places in found.items():
        item = chosen[family, signature]
        names = ", ".join(dict.fromkeys(task for task, _ in places))
        texts = [f"{', '.join(dict.fromkeys(metric for _, metric in places))} of {names}", item.summary, item.notes]
        for text in filter(None, texts):
            print(textwrap.fill(text, 80))
        print(f"{signature}\nsha256:{item.hash}\n")
        yaml = yaml_text(item, family)
        print(
            yaml if yaml is not None else "It cannot be written in YAML: a part is not among `conventions --steps`.\n"
        )
    return 0
