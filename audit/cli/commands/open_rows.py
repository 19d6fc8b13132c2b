"""`repro-audit open-rows`: show single rows of an audit, with a proof that they are those that were signed."""

from __future__ import annotations

import argparse
from pathlib import Path

from audit.cli.json_output import add_json, say

HELP = """Open single rows of a predictions file. The audit holds the root of a tree over all rows and none of their texts;
this writes the rows that you name, with the salts and the path that lead to the root, and `repro-audit verify PACKAGE
--opening FILE` checks them. By default a row's output is shown and its reference stays hidden."""
DEFAULT_FIELDS = "hypothesis,finished"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("package", type=Path, metavar="PACKAGE", help="the package (folder or zip), or its audit.json")
    parser.add_argument("task", metavar="TASK", help="the rows' file: TASK, or TASK@RUN")
    parser.add_argument("ids", nargs="+", metavar="ID", help="the ids of the rows to open")
    parser.add_argument("--predictions", type=Path, metavar="PATH",
                        help="the file, or the folder that holds TASK.jsonl (default: predictions)")  # fmt: skip
    parser.add_argument("--fields", default=DEFAULT_FIELDS, metavar="LIST",
                        help="what to show besides the id: hypothesis, finished, reference, prompt, extra "
                        "(default: %(default)s)")  # fmt: skip
    parser.add_argument("--out", type=Path, default=Path("rows.opening.json"), metavar="FILE",
                        help="where the opening goes (default: %(default)s)")  # fmt: skip
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Write the opening."""
    from audit._util import canonical_json
    from audit._util.files import write_atomic
    from audit.document.read import parse_document
    from audit.errors import InputError
    from audit.provenance.errors import RejectedError
    from audit.provenance.format import archive, checksums, layout
    from audit.provenance.records import row_openings
    from audit.scoring.predictions import file_of
    from audit.scoring.row_tree import read_rows

    if args.package.is_file() and args.package.suffix == ".json":
        raw = args.package.read_bytes()
    else:
        try:
            raw = archive.read(args.package).get(layout.AUDIT, b"")
        except RejectedError as error:
            raise InputError(error.why, where=str(args.package), fix="Give a package or an audit.json.") from None
        if not raw:
            raise InputError("has no audit.json", where=str(args.package), fix="Give a package or an audit.json.")
    audit = parse_document(raw, str(args.package))
    rows = read_rows(file_of(args.predictions, args.task))
    fields = [part.strip() for part in args.fields.split(",") if part.strip()]
    opening = row_openings.build(audit, checksums.sha256(raw), rows, args.ids, fields)
    write_atomic(args.out, canonical_json.dumps(opening))
    if args.json:
        print(canonical_json.dumps(opening).decode())
    say(args, f"wrote {args.out}: {len(opening['rows'])} of {len(rows.rows)} rows, with {', '.join(['id', *fields])}")
    say(args, f"check it with `repro-audit verify PACKAGE --opening {args.out}`")
    say(
        args,
        "The file holds texts of the set: whether they may be published, the set's card says (`repro-audit sets`).",
    )
    return 0
