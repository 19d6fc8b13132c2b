"""`repro-audit sets`: cards of test sets, and the identity of predictions files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from audit._util.suggest import did_you_mean
from audit.cli.json_output import add_json, plain, show
from audit.errors import InputError

HELP = "Set cards: sizes, totals and hashes of test sets, with sources; and the identity of predictions files."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("--sets", type=Path, metavar="DIR", help="the folder of cards (default: literature/sets)")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    listing = actions.add_parser("list", help="a table of all cards")
    add_json(listing)
    listing.set_defaults(action_run=_list)

    one = actions.add_parser("show", help="one card with its sources")
    one.add_argument("id", metavar="ID", help="the id of a card or a task")
    add_json(one)
    one.set_defaults(action_run=_show)

    check = actions.add_parser(
        "check",
        help="identify the set of a predictions file or of a data set on disk; exit code 1 if it contradicts the card",
    )
    check.add_argument("file", type=Path, nargs="?", metavar="FILE", help="TASK.jsonl, with its meta file beside it")
    _add_data(check)
    check.add_argument("--task", metavar="TASK", help="with --data: the task of the data set")
    check.add_argument("--card", metavar="ID", help="hold the rows against this card instead of the task's")
    add_json(check)
    check.set_defaults(action_run=_check)

    manifest = actions.add_parser("manifest", help="print the items of a data set on disk, for `infer --manifest`")
    _add_data(manifest, required=True)
    manifest.add_argument("--task", required=True, metavar="TASK", help="the task of the data set")
    manifest.add_argument("--out", type=Path, metavar="FILE", help="write this file instead of printing")
    manifest.set_defaults(action_run=_write_manifest)

    make = actions.add_parser("make", help="draft a card without texts from a predictions file or a data set on disk")
    make.add_argument("file", type=Path, nargs="?", metavar="FILE", help="a predictions file with the complete set")
    _add_data(make)
    make.add_argument("--task", metavar="TASK", help="the task of the rows (default: the file's)")
    make.add_argument("--id", metavar="ID", help="the card's id (default: the task's)")
    make.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write the card and its hashes to this folder instead of printing the card",
    )
    make.set_defaults(action_run=_make)


def _add_data(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    instead = "" if required else ", instead of a file"
    parser.add_argument(
        "--data", type=Path, required=required, metavar="DIR", help=f"a data set in its official layout{instead}"
    )
    parser.add_argument("--labels", type=Path, metavar="PATH", help="with --data: labels in a different place")
    parser.add_argument("--speech", type=Path, metavar="DIR", help="with --data: recordings of texts, ID.wav")


def run(args: argparse.Namespace) -> int:
    """Run the action; returns 1 if checked rows contradict their card."""
    code: int = args.action_run(args)
    return code


def _list(args: argparse.Namespace) -> int:
    from audit.literature.known_tasks import tasks_here
    from audit.literature.set_words import table
    from audit.literature.sets import load_sets

    cards = load_sets(args.sets)
    show(args, table(cards.values(), tasks_here().values()), lambda: [
        {"id": one.id, "name": one.name, "split": one.split, "units": [layout.units for layout in one.layouts],
         "hub": None if one.hub is None else one.hub.id} for one in cards.values()
    ])  # fmt: skip
    return 0


def _show(args: argparse.Namespace) -> int:
    from audit.literature.known_tasks import tasks_here
    from audit.literature.set_words import card_words, tasks_by_card
    from audit.literature.sets import card_of, load_sets

    cards, tasks = load_sets(args.sets), tasks_here()
    card = cards.get(args.id) or (card_of(tasks[args.id], cards) if args.id in tasks else None)
    if card is None:
        raise InputError(
            f"there is no card `{args.id}`", fix=did_you_mean(args.id, cards, f"Cards: {', '.join(cards)}.")
        )
    show(args, card_words(card, tasks.values()), lambda: {
        **plain(card), "tasks": tasks_by_card(tasks.values()).get(card.id, []),
    })  # fmt: skip
    return 0


def _check(args: argparse.Namespace) -> int:
    from audit.scoring.predictions import load
    from audit.verdict.identity import identity, identity_on_disk

    if (args.file is None) == (args.data is None):
        raise InputError("give either a predictions file or a data set with --data", where="sets check")
    if args.data is not None:
        manifest, task = _manifest(args)
        found = identity_on_disk(manifest, _card(args, task))
        for text in (*manifest.notes, *(f"missing: {name}" for name in manifest.missing[:3])):
            print(f"note: {text}", file=sys.stderr)
    else:
        task = _task(args.file.name.removesuffix(".jsonl").partition("@")[0])
        found = identity(load(args.file, task), _card(args, task))
    size = "unknown" if found.expected is None else f"{found.expected:,}"
    lines = [
        f"{found.state}: {found.rows:,} rows of {size}, card {found.card or 'none'}, layout {found.layout or 'none'}"
    ]
    lines += [f"  {'against' if one.against else '       '}  {one.code:<18} {one.text}" for one in found.reasons]
    show(args, lines, lambda: plain(found))
    return 1 if found.contradicted else 0


def _card(args: argparse.Namespace, task: Any) -> Any:
    """The card that the options name, or the task's."""
    from audit.literature.sets import card_of, load_sets

    cards = load_sets(args.sets)
    if args.card is None:
        return card_of(task, cards)
    if args.card not in cards:
        every = f"Cards: {', '.join(cards)}."
        raise InputError(f"there is no card `{args.card}`", where="--card", fix=did_you_mean(args.card, cards, every))
    return cards[args.card]


def _write_manifest(args: argparse.Namespace) -> int:
    from audit._util.files import write_atomic
    from audit.literature.set_manifest import notes
    from audit.literature.sets import card_of, load_sets
    from tasks.datasets.manifest import with_hashes

    manifest, task = _manifest(args)
    for text in (*manifest.notes, *notes(manifest, card_of(task, load_sets(args.sets)))):
        print(f"note: {text}", file=sys.stderr)
    for name in manifest.missing:
        print(f"missing: {name}", file=sys.stderr)
    text = with_hashes(manifest).text()
    if args.out is None:
        print(text, end="")
    else:
        write_atomic(args.out, text)
        print(f"written: {args.out}, {len(manifest.items)} items")
    return 0


def _make(args: argparse.Namespace) -> int:
    from audit._util.files import write_atomic
    from audit.literature.make_set import draft

    if (args.file is None) == (args.data is None):
        raise InputError("give either a predictions file or a data set with --data", where="sets make")
    rows, task, dataset, split, made = _from_data(args) if args.data is not None else _from_file(args)
    name = args.id or task.id
    drafted = draft(rows, task.reference_type, name=name, dataset=dataset, split=split, made=made)
    if args.out is None:
        print(drafted.card, end="")
        return 0
    path = args.out / f"{name}.yaml"
    for target, text in ((path, drafted.card), *((args.out / file, text) for file, text in drafted.units.items())):
        if target.exists():
            raise InputError("already exists", where=str(target), fix="Choose another --id or --out.")
        write_atomic(target, text)
        print(f"written: {target}")
    print(f"Fill in the REPLACE gaps in {path}, then run: repro-audit literature lint")
    return 0


def _from_file(args: argparse.Namespace) -> tuple[list[tuple[str, Any]], Any, str, str, str]:
    from audit.literature.set_texts import unit_id
    from audit.scoring.predictions import load

    task = _task(args.task or args.file.name.removesuffix(".jsonl").partition("@")[0])
    predictions = load(args.file, task)
    said = predictions.meta.dataset or {}
    rows = [(unit_id(row.id), row.reference) for row in predictions.rows]
    made = f"The references of {args.file.name}, SHA-256 {predictions.sha256}."
    return rows, task, str(said.get("name") or task.dataset), str(said.get("split") or "REPLACE"), made


def _from_data(args: argparse.Namespace) -> tuple[list[tuple[str, Any]], Any, str, str, str]:
    manifest, task = _manifest(args)
    rows = [(item.id, item.reference) for item in manifest.items]
    made = f"{manifest.dataset}, {manifest.split}, in its official layout; manifest SHA-256 {manifest.sha256}."
    return rows, task, manifest.dataset, manifest.split, made


def _manifest(args: argparse.Namespace) -> tuple[Any, Any]:
    from tasks.datasets.errors import DatasetError
    from tasks.datasets.registry import Options, read

    if args.task is None:
        raise InputError("required with --data", where="--task", fix="Name the task of the data set.")
    task = _task(args.task)
    try:
        return read(task.id, args.data, Options(labels=args.labels, speech=args.speech)), task
    except DatasetError as error:
        raise InputError(error.what, where=error.where, fix=error.fix) from error


def _task(name: str) -> Any:
    from audit.literature.known_tasks import tasks_here

    known = tasks_here()
    if name not in known:
        raise InputError(f"there is no task {name!r}", fix=f"Name the file TASK.jsonl. Tasks: {', '.join(known)}.")
    return known[name]
