"""Mapping of named fields to rows, for the `jsonl` and `csv` importers."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.errors import InputError
from audit.importers.interface import Imported, position_ids, with_finished
from audit.importers.records import Record, parse
from tasks.row import ReferenceType, Row
from tasks.task import Task

_LISTS = {ReferenceType.CAPTIONS, ReferenceType.SPEAKERS, ReferenceType.KEYPHRASES}
_OBJECTS = {
    ReferenceType.QUESTION_ANSWERS: ("question", "answers"),
    ReferenceType.SLOT: ("slot", "value", "transcript"),
}
_TARGETS = ("id", "hypothesis", "finished", "reference", "prompt", "cluster")


@dataclass(frozen=True, slots=True)
class FieldMap:
    """A mapping from the fields of a record to the fields of a row.

    Attributes:
        fields: Maps `id`, `hypothesis`, `reference`, ... or `reference.NAME` to one or several fields of a record.
        separator: Splits a text into the items of a list.
        number: Number the rows instead of reading ids.
    """

    fields: Mapping[str, tuple[str, ...]]
    separator: str | None
    number: bool

    @property
    def taken(self) -> tuple[str, ...]:
        """All fields of a record that are mapped to the row."""
        return tuple(name for names in self.fields.values() for name in names)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of a mapping."""
    parser.add_argument(
        "--field",
        action="append",
        default=[],
        metavar="OURS=THEIRS",
        help="map a field of a row (id, hypothesis, finished, reference, prompt, cluster, or reference.NAME for a reference "
        "that is an object) to a field of the source; repeat reference to collect a list",
    )
    parser.add_argument("--separator", metavar="TEXT", help="split a text into a list of references")
    parser.add_argument("--number", action="store_true", help="number the rows, for sources without ids")


def field_map(options: argparse.Namespace, names: Sequence[str], where: str, task: Task) -> FieldMap:
    """The mapping given by the options; an unmapped field is read under its own name if the source has it.

    Args:
        options: The options of the command line.
        names: The fields of the source.
        where: The source, for messages.
        task: The task, which determines the type of `reference`.

    Raises:
        InputError: A mapping is malformed, or names a field that the source does not have.
    """
    found: dict[str, tuple[str, ...]] = {}
    for item in options.field:
        ours, equals, theirs = item.partition("=")
        if (
            not equals
            or (ours.partition(".")[0] not in _TARGETS)
            or ("." in ours and not ours.startswith("reference."))
        ):
            raise InputError(
                f"--field {item}: not OURS=THEIRS", fix=f"OURS is one of {', '.join(_TARGETS)}, or reference.NAME."
            )
        if theirs not in names:
            raise InputError(f"no field {theirs!r}", where=where, fix=f"The source has: {', '.join(names) or 'none'}.")
        if ours in found and ours != "reference" and not ours.startswith("reference."):
            raise InputError(f"--field {ours} is given twice", fix="Only reference may be mapped to several fields.")
        found[ours] = (*found.get(ours, ()), theirs)
    mapped_reference = any(ours.startswith("reference") for ours in found)
    for ours in _TARGETS:
        if ours in names and ours not in found and not (ours == "reference" and mapped_reference):
            found[ours] = (ours,)
    all_names = ", ".join(names)
    needed = ["hypothesis"] if options.number else ["id", "hypothesis"]
    for ours in needed:
        if ours not in found:
            hint = " or --number" if ours == "id" else ""
            raise InputError(
                f"no field for {ours}",
                where=where,
                fix=f"Give --field {ours}=NAME{hint}; the source has: {all_names}.",
            )
    if not any(o.startswith("reference") for o in found) and task.reference_type is not ReferenceType.OPTIONAL:
        raise InputError(
            "no field for reference",
            where=where,
            fix=f"Give --field reference=NAME; the source has: {all_names}.",
        )
    return FieldMap(found, options.separator, options.number)


def _list(value: Any, separator: str | None, where: str) -> Any:
    """A list from a list, a JSON text or a text with separators; other values are left to the type check."""
    if not isinstance(value, str):
        return value
    if separator is not None:
        return value.split(separator) if value else []
    if value.lstrip().startswith("["):
        return parse(value, where)
    return [value]


def _reference(record: Record, fields: FieldMap, kind: ReferenceType) -> Any:
    parts = {ours.partition(".")[2]: names for ours, names in fields.fields.items() if ours.startswith("reference.")}
    if parts:
        built: dict[str, Any] = {}
        for name, names in parts.items():
            values = [record.value(theirs) for theirs in names]
            is_list = name == "answers" or len(values) > 1
            built[name] = (
                (values if len(values) > 1 else _list(values[0], fields.separator, f"{record.where}: {names[0]}"))
                if is_list
                else values[0]
            )
        return built
    names = fields.fields.get("reference", ())
    if not names:
        return None
    values = [record.value(name) for name in names]
    where = f"{record.where}: {names[0]}"
    if len(values) > 1:
        return values
    if kind in _LISTS:
        return _list(values[0], fields.separator, where)
    if kind in _OBJECTS and isinstance(values[0], str) and values[0].lstrip().startswith("{"):
        return parse(values[0], where)
    return values[0]


def _finished(record: Record, fields: FieldMap) -> bool | None:
    if "finished" not in fields.fields:
        return None
    name = fields.fields["finished"][0]
    value = record.fields.get(name)
    known: dict[object, bool | None] = {"true": True, "false": False, "": None, "null": None}
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in known:
        return known[value.strip().lower()]
    raise InputError(
        f"must be true, false or empty, not {str(value)[:40]!r}", where=f"{record.where}: {name}", fix="Correct it."
    )


def to_rows(records: Sequence[Record], fields: FieldMap, task: Task, source: str, unit: str) -> Imported:
    """Convert every record to a row; unmapped fields go into `extra`.

    Raises:
        InputError: A field is missing or has the wrong type, or an id is a duplicate; the message locates the record.
    """
    rows: list[Row] = []
    seen: dict[str, str] = {}
    numbers = position_ids(len(records)) if fields.number else []
    for index, record in enumerate(records):
        identifier = numbers[index] if fields.number else _id(record, fields.fields["id"][0])
        if identifier in seen:
            raise InputError(
                f"duplicate id {identifier!r}, first at {seen[identifier]}",
                where=record.where,
                fix="Remove the duplicate.",
            )
        seen[identifier] = record.where
        extra = _extra(record, fields)
        hypothesis = record.value(fields.fields["hypothesis"][0])
        if hypothesis is not None or "error" not in extra:
            hypothesis = record.text(fields.fields["hypothesis"][0])
        reference = _reference(record, fields, task.reference_type)
        problem = task.reference_type.problem(reference)
        if problem:
            name = " + ".join(n for o, names in fields.fields.items() if o.startswith("reference") for n in names)
            raise InputError(
                f"the reference {problem}",
                where=f"{record.where}: {name or 'reference'}",
                fix="Correct it, or --field.",
            )
        prompt = record.fields.get(fields.fields["prompt"][0]) if "prompt" in fields.fields else None
        if prompt is not None and not isinstance(prompt, str):
            prompt = record.text(fields.fields["prompt"][0])
        rows.append(Row(identifier, hypothesis, reference, _finished(record, fields), prompt or None, extra))
    return Imported(with_finished(rows), len(records), len(records), (), source, unit)


def _id(record: Record, name: str) -> str:
    value = record.value(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value:
        raise InputError("must be a non-empty string", where=f"{record.where}: {name}", fix="Correct it.")
    return value


def _extra(record: Record, fields: FieldMap) -> dict[str, Any]:
    extra = record.others(*fields.taken)
    # In our own format, `extra` must not be nested in another `extra`.
    inner = extra.pop("extra", None)
    if isinstance(inner, dict):
        extra = {**inner, **extra}
    elif inner is not None:
        extra["extra"] = inner
    if "cluster" in fields.fields:
        extra["cluster"] = record.value(fields.fields["cluster"][0])
    return extra
