"""`repro-audit outputs`: public files of model outputs: list, fetch, check."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from audit._util.paths import LITERATURE
from audit.cli.json_output import add_json
from audit.errors import AuditError

if TYPE_CHECKING:
    from audit._util.progress import Progress
    from audit.literature.outputs.records import OutputRecord
    from audit.literature.outputs.store import State, Store

HELP = """Outputs that others published: one record a file in literature/outputs/, with address, size and SHA-256. The files
themselves are not part of the project. `fetch` downloads them over HTTPS into the user's cache folder, and is the only command
that does; `run` and `survey` read what is there.

examples:
  repro-audit outputs list --work cmi-bench
  repro-audit outputs fetch --study audiobench-2025
  repro-audit outputs fetch --from ~/Downloads
  repro-audit outputs check"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, text in (
        ("list", "a line for each record: rows, size, whether the file is here"),
        ("fetch", "download files, or take them from a folder; checked by size and hash"),
        ("check", "hash what is here against the records; exit code 1 if a file differs"),
    ):
        action = actions.add_parser(name, help=text, description=text)
        action.add_argument("ids", nargs="*", metavar="ID", help="only these records (default: all)")
        action.add_argument("--work", metavar="WORK", help="only files that this work published")
        action.add_argument("--study", metavar="STUDY", help="only files with claims of this study")
        action.add_argument("--cache", type=Path, metavar="DIR",
                            help="the folder of the files (default: $REPRO_AUDIT_OUTPUTS, or the user's cache)")  # fmt: skip
        action.add_argument("--literature", type=Path, default=LITERATURE, metavar="DIR",
                            help="folder of records, in outputs/ (default: built in)")  # fmt: skip
        if name != "list":
            action.add_argument("--from", type=Path, dest="source", metavar="FOLDER",
                                help="look for the files there, by hash; whatever their names")  # fmt: skip
        if name == "fetch":
            action.add_argument("--timeout", type=float, default=30.0, metavar="SECONDS",
                                help="give up a server that is silent for so long (default: %(default)s)")  # fmt: skip
        else:
            add_json(action)
        action.set_defaults(action_run={"list": _list, "fetch": _fetch, "check": _check}[name])


def run(args: argparse.Namespace) -> int:
    """Run the action."""
    code: int = args.action_run(args)
    return code


def _records(args: argparse.Namespace) -> tuple[OutputRecord, ...]:
    from audit.literature.outputs.records import chosen, load_outputs

    return chosen(load_outputs(args.literature / "outputs"), args.ids, work=args.work, study=args.study)


def _store(args: argparse.Namespace) -> Store:
    from audit.literature.outputs.store import Store, default_folder

    return Store(args.cache or default_folder())


def _list(args: argparse.Namespace) -> int:
    records, store = _records(args), _store(args)
    states = {one.id: ("here" if store.has(one) else "?" if one.file.sha256 is None else "-") for one in records}
    if args.json:
        found = [
            {
                "id": one.id, "work": one.work, "system": one.system, "variant": one.variant, "dataset": one.dataset,
                "split": one.split, "rows": one.file.rows, "bytes": one.file.bytes, "sha256": one.file.sha256,
                "address": one.file.address, "study": one.audit.study if one.audit else None, "here": store.has(one),
            }
            for one in records
        ]  # fmt: skip
        print(json.dumps(found, indent=1, ensure_ascii=False))
        return 0
    for work in dict.fromkeys(one.work for one in records):
        mine = [one for one in records if one.work == work]
        size = sum(one.file.bytes or 0 for one in mine)
        print(
            f"{work or 'no record of a work'}: {len(mine)} files, {size / 1e6:.1f} MB, licence as the source states it"
        )
        for one in mine:
            rows = "?" if one.file.rows is None else f"{one.file.rows:,}"
            print(f"  {states[one.id]:<4} {rows:>6} rows  {one.audit.study if one.audit else '-':<15}  {one.id}")
    here = sum(state == "here" for state in states.values())
    print(f"{here} of {len(records)} files are in {store.folder}")
    return 0


def _fetch(args: argparse.Namespace) -> int:
    """Take or download; 3 if a file could not be had, 1 if a server sent something else."""
    from audit._util.progress import progress
    from audit.literature.outputs.fetch import Fetcher, UnreachableError, told
    from audit.literature.outputs.store import State, found_in

    records, store = _records(args), _store(args)
    states = {one.id: store.state(one) for one in records}
    for one in records if args.ids else ():
        store.path(one)  # a file that is asked for by its id can be recognised, or it is an error
    wanted = [one for one in records if states[one.id] in {State.MISSING, State.DAMAGED}]
    taken: Mapping[str, Path] = found_in(args.source, wanted) if args.source is not None else {}
    for one in wanted:
        if one.id in taken:
            store.take(one, taken[one.id])
            print(f"{one.id}: taken from {taken[one.id]}")
    rest = [one for one in wanted if one.id not in taken]
    failed: list[AuditError] = []
    fetcher = Fetcher(store, silence=args.timeout)
    unreachable: dict[str, int] = {}
    if args.source is None:
        for number, one in enumerate(rest, 1):
            host = one.file.address.split("/")[2]
            if unreachable.get(host, 0) >= 2:  # a machine without a network is not kept waiting for every file
                continue
            try:
                with progress(f"{number} of {len(rest)}: {one.id}", one.file.bytes) as bar:
                    fetcher.fetch(one, partial(_show, bar, one.file.bytes or 0))
                print(f"{one.id}: fetched, {one.file.bytes or 0:,} bytes, SHA-256 as recorded")
            except UnreachableError as error:
                unreachable[host] = unreachable.get(host, 0) + 1
                failed.append(error)
                print(f"{one.id}: {told(error)}", file=sys.stderr)
            except AuditError as error:
                if error.exit_code == 2:
                    raise
                failed.append(error)
                print(f"{one.id}: {told(error)}", file=sys.stderr)
    return _summary(records, store, failed, skipped=sum(n for n in unreachable.values()) > 1)


def _show(bar: Progress, size: int, have: int) -> None:
    bar.show(have, size)


def _summary(records: tuple[OutputRecord, ...], store: Store, failed: list[AuditError], *, skipped: bool) -> int:
    from audit.literature.outputs.store import State

    missing = [one for one in records if one.file.sha256 is not None and not store.has(one)]
    nameless = sum(one.file.sha256 is None for one in records)
    print(f"{len(records) - len(missing) - nameless} of {len(records)} files are in {store.folder}")
    if skipped:
        print("The server cannot be reached; the remaining files were not asked for.")
    for one in missing[:5]:
        print(f"missing: {one.id}: {one.file.address}")
    if len(missing) > 5:
        print(f"missing: {len(missing) - 5} more")
    if nameless:
        print(f"{State.UNIDENTIFIED}: {nameless} records state no size and hash, so their files are never fetched")
    if any(error.exit_code == 1 for error in failed):
        return 1
    return 3 if missing else 0


def _check(args: argparse.Namespace) -> int:
    """Hash; 1 if a file of the cache differs, or a named file is missing."""
    from audit.literature.outputs.store import State, found_in

    records, store = _records(args), _store(args)
    states: dict[str, State] = {one.id: store.state(one) for one in records}
    places = {one.id: str(store.path(one)) for one in records if states[one.id] in {State.PRESENT, State.DAMAGED}}
    if args.source is not None:
        for name, path in found_in(args.source, records).items():
            states[name], places[name] = State.PRESENT, str(path)
    damaged = [name for name, state in states.items() if state is State.DAMAGED]
    missing = [name for name, state in states.items() if state is State.MISSING]
    if args.json:
        print(json.dumps([{"id": n, "state": str(s), "path": places.get(n)} for n, s in states.items()], indent=1))
    else:
        for one in records:
            if one.id in places:
                size = f"{one.file.bytes or 0:,} bytes"
                print(
                    f"{states[one.id]:<8} {one.id}: {places[one.id]} ({size}, SHA-256 {(one.file.sha256 or '')[:12]}…)"
                )
        nameless = sum(state is State.UNIDENTIFIED for state in states.values())
        print(f"{len(places) - len(damaged)} present, {len(damaged)} damaged, {len(missing)} missing, "
              f"{nameless} without a recorded hash")  # fmt: skip
        for name in missing if args.ids else ():
            print(f"missing: {name}")
    return 1 if damaged or (args.ids and missing) else 0
