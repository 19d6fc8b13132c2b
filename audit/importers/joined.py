"""Hypotheses and references of two files, joined by the ids of utterances."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.errors import InputError
from audit.importers.interface import Imported, Refused, with_finished
from audit.importers.records import STDIN, decode, named, read_bytes
from audit.importers.references import reference_of
from tasks.row import Row

if TYPE_CHECKING:
    from tasks.task import Task

NO_OUTPUT = "the file of outputs has no line for this utterance"


@dataclass(frozen=True, slots=True)
class Utterance:
    """A text with its place; further facts go into `extra`."""

    where: str
    text: str
    extra: Mapping[str, Any] = field(default_factory=dict)


# Chooses the reading of a reference with alternatives for a hypothesis (None: there is no output).
Reading = Callable[[str, str | None, str], str]


def add_arguments(parser: argparse.ArgumentParser, what: str) -> None:
    """The two files."""
    parser.add_argument("file", type=Path, help=f"the outputs: {what}; - is standard input")
    parser.add_argument(
        "--references", type=Path, required=True, metavar="FILE", help="the references, in the same format"
    )


def lines_of(path: Path, raw: bytes) -> list[tuple[str, str]]:
    """The lines of a text file with their places. Only newlines end a line: U+2028 or a form feed may be text.

    Raises:
        InputError: Invalid UTF-8.
    """
    text = decode(raw, str(path))
    lines = text.removesuffix("\n").split("\n")
    return [(f"{path}:{number}", line.removesuffix("\r")) for number, line in enumerate(lines, 1)]


def two_files(options: argparse.Namespace) -> tuple[bytes, bytes]:
    """The bytes of the outputs and of the references.

    Raises:
        InputError: One cannot be read, or both are standard input.
    """
    if str(options.file) == str(options.references) == STDIN:
        raise InputError("both files are standard input", where="--references", fix="Give one of them as a file.")
    return read_bytes(options.file), read_bytes(options.references)


def source_of(kind: str, options: argparse.Namespace, outputs: bytes, references: bytes) -> str:
    """Both files, for the meta file."""
    name = "standard input" if str(options.references) == STDIN else options.references.name
    digest = hashlib.sha256(references).hexdigest()
    return f"{named(kind, options.file, outputs)}; references {name}, sha256 {digest}"


def unique(found: Sequence[tuple[str, Utterance]]) -> dict[str, Utterance]:
    """Utterances by id.

    Raises:
        InputError: An id is a duplicate.
    """
    by_id: dict[str, Utterance] = {}
    for name, utterance in found:
        if name in by_id:
            raise InputError(
                f"duplicate id {name!r}, first at {by_id[name].where}",
                where=utterance.where,
                fix="Remove the duplicate.",
            )
        by_id[name] = utterance
    return by_id


def joined(
    outputs: Mapping[str, Utterance],
    references: Mapping[str, Utterance],
    task: Task,
    source: str,
    *,
    reading: Reading | None = None,
    notes: tuple[str, ...] = (),
) -> Imported:
    """One row for each reference; an output without a reference is refused, a reference without an output has an error.

    Raises:
        InputError: No id is in both files, or the task expects other references.
    """
    both = outputs.keys() & references.keys()
    if not both:
        first = [next(iter(side), "none") for side in (outputs, references)]
        raise InputError(
            f"no id is in both files: the outputs begin with {first[0]!r}, the references with {first[1]!r}",
            where=next(iter(outputs.values())).where.rpartition(":")[0],
            fix="Give the two files of one test set, the outputs first.",
        )
    rows = []
    for name, reference in references.items():
        output = outputs.get(name)
        text = reference.text
        extra: dict[str, Any] = {**reference.extra, **(output.extra if output else {})}
        if reading is not None:
            text = reading(reference.text, output.text if output else None, reference.where)
            if text != reference.text:
                extra["reference_as_written"] = reference.text
        if output is None:
            extra["error"] = NO_OUTPUT
        gold = reference_of([text], task, reference.where)
        rows.append(Row(name, output.text if output else None, gold, extra=extra))
    refused = tuple(
        Refused(output.where, "no reference with this id") for name, output in outputs.items() if name not in both
    )
    missing = len(references) - len(both)
    if missing:
        notes = (*notes, f"{missing} references have no output; they are rows with an error")
    read = len(references) + len(refused)
    return Imported(with_finished(rows), read, len(rows), refused, source, "utterances", notes)
