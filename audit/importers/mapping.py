"""Mapping of named fields to rows, for the `jsonl` and `csv` importers."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from audit.errors import InputError
from audit.importers.interface import Imported, Refused, position_ids, with_finished
from audit.importers.records import Record, parse
from audit.importers.roles import suggestion
from audit.importers.values import flattened, lettered, options, written_list
from tasks.row import ReferenceType, Row

if TYPE_CHECKING:
    from tasks.task import Task

_LISTS = {ReferenceType.TEXTS, ReferenceType.CAPTIONS, ReferenceType.SPEAKERS, ReferenceType.KEYPHRASES}
_OBJECTS = {
    ReferenceType.QUESTION_ANSWERS: ("question", "answers"),
    ReferenceType.SLOT: ("slot", "value", "transcript"),
}
_TARGETS = ("id", "hypothesis", "finished", "reference", "prompt", "cluster", "choices", "letter")
# Targets that several fields of the source may make up.
_SEVERAL = ("reference", "choices")


@dataclass(frozen=True, slots=True)
class FieldMap:
    """A mapping from the fields of a record to the fields of a row.

    Attributes:
        fields: Maps `id`, `hypothesis`, `reference`, ... or `reference.NAME` to one or several fields of a record.
        separator: Splits a text into the items of a list.
        number: Number the rows instead of reading ids.
        only: Fields of the source and the values that records must have in them.
    """

    fields: Mapping[str, tuple[str, ...]]
    separator: str | None
    number: bool
    only: tuple[tuple[str, str], ...] = ()

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
        help="map a field of a row (id, hypothesis, finished, reference, prompt, cluster, choices, letter, or reference.NAME "
        "for a reference that is an object) to a field of the source; repeat reference or choices to collect a list; letter "
        "is the letter of the correct choice, instead of reference",
    )
    parser.add_argument(
        "--prompt-field", metavar="THEIRS", help="the field with the instruction; short for --field prompt="
    )
    parser.add_argument("--separator", metavar="TEXT", help="split a text into a list of references")
    parser.add_argument("--number", action="store_true", help="number the rows, for sources without ids")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="THEIRS=VALUE",
        help="only records whose field has this value, such as model=M; the others are counted as refused",
    )


def field_map(given: argparse.Namespace, names: Sequence[str], where: str, task: Task) -> FieldMap:
    """The mapping given by the options; an unmapped field is read under its own name if the source has it.

    Args:
        given: The options of the command line.
        names: The fields of the source.
        where: The source, for messages.
        task: The task, which determines the type of `reference`.

    Raises:
        InputError: A mapping is malformed, or names a field that the source does not have.
    """
    found: dict[str, tuple[str, ...]] = {}
    mapped = [*given.field, *([f"prompt={given.prompt_field}"] if given.prompt_field is not None else [])]
    asked = {item.partition("=")[0] for item in mapped}
    # What the study says of the task's files, where the command line says nothing and the source has the field.
    stated = task.declaration.fields if task.declaration else ()
    mapped += [f"{ours}={theirs}" for ours, theirs in stated if ours not in asked and theirs in names]
    for item in mapped:
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
        if ours in found and ours.partition(".")[0] not in _SEVERAL:
            raise InputError(
                f"--field {ours} is given twice", fix=f"Only {' and '.join(_SEVERAL)} take several fields."
            )
        found[ours] = (*found.get(ours, ()), theirs)
    mapped_reference = any(ours.startswith("reference") or ours == "letter" for ours in found)
    for ours in _TARGETS:
        # Only a mapping says that a letter is the answer's.
        taken = ours in found or ours == "letter" or (ours == "reference" and mapped_reference)
        if ours in names and not taken:
            found[ours] = (ours,)
    all_names = ", ".join(names)
    needed = ["hypothesis"] if given.number else ["id", "hypothesis"]
    for ours in needed:
        if ours not in found:
            hint = " or --number" if ours == "id" else ""
            raise InputError(
                f"no field for {ours}",
                where=where,
                fix=f"Give {suggestion(ours, names)}{hint}; the source has: {all_names}.",
            )
    some = mapped_reference or "reference" in found
    if not some and task.reference_type is not ReferenceType.OPTIONAL:
        raise InputError(
            "no field for reference",
            where=where,
            fix=f"Give {suggestion('reference', names)}; the source has: {all_names}.",
        )
    return FieldMap(found, given.separator, given.number, tuple(_only(item, names, where) for item in given.only))


def _only(item: str, names: Sequence[str], where: str) -> tuple[str, str]:
    name, equals, value = item.partition("=")
    if not equals:
        raise InputError(f"--only {item}: not THEIRS=VALUE", fix="Name a field of the source and its value.")
    if name not in names:
        raise InputError(f"no field {name!r}", where=where, fix=f"The source has: {', '.join(names) or 'none'}.")
    return name, value


# Fields in which results of several models in one file name them.
_MODELS = ("model", "model_name", "model_id", "system")


def _one_model(records: Sequence[Record], source: str) -> tuple[str, ...]:
    """The model that the records name, if they do.

    Raises:
        InputError: They name several.
    """
    for name in _MODELS:
        found = list(dict.fromkeys(str(r.fields[name]) for r in records if isinstance(r.fields.get(name), str)))
        if len(found) > 1:
            raise InputError(
                f"outputs of {len(found)} models: {', '.join(found[:5])}{', ...' if len(found) > 5 else ''}",
                where=f"{source.partition(',')[0]}: {name}",
                fix=f"Choose one with --only {name}={found[0]}, and import the others with --run.",
            )
        if found:
            return tuple(found)
    return ()


def _list(value: Any, separator: str | None, where: str) -> Any:
    """A list from a list, a text that is one in JSON or Python, or a text with separators.

    Any other text is a list of one; other values are left to the type check.
    """
    if not isinstance(value, str):
        return value
    if separator is not None:
        return value.split(separator) if value else []
    found = written_list(value, where)
    return [value] if found is None else found


def _one(value: Any, where: str) -> Any:
    """A text from a list of one text, also as written in a table's cell; other values are left to the type check."""
    found = written_list(value, where) if isinstance(value, str) else value
    if isinstance(found, list) and len(found) == 1 and isinstance(found[0], str):
        return found[0]
    if isinstance(value, str) and isinstance(found, list) and found and all(isinstance(item, str) for item in found):
        return found  # several texts: the type check says so
    return value


def _reference(record: Record, fields: FieldMap, kind: ReferenceType, choices: list[str] | None) -> Any:
    if "letter" in fields.fields:
        (name,) = fields.fields["letter"]
        return lettered(record.value(name), choices, f"{record.where}: {name}")
    parts = {ours.partition(".")[2]: names for ours, names in fields.fields.items() if ours.startswith("reference.")}
    if parts:
        built: dict[str, Any] = {}
        for name, names in parts.items():
            values = [record.value(theirs) for theirs in names]
            is_list = name == "answers" or len(values) > 1
            built[name] = (
                (
                    flattened(values)
                    if len(values) > 1
                    else _list(values[0], fields.separator, f"{record.where}: {names[0]}")
                )
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
        # Speakers keep their places: an empty transcript is one.
        return values if kind is ReferenceType.SPEAKERS else flattened(values)
    if kind in _LISTS:
        return _list(values[0], fields.separator, where)
    if kind is ReferenceType.TEXT:
        return _one(values[0], where)
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
    counts = Counter[str]()
    seen: dict[str, str] = {}
    total = len(records)
    records, refused = _chosen(records, fields.only)
    models = _one_model(records, source)
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
        choices = _choices(record, fields)
        if choices is not None:
            extra["choices"] = choices
        hypothesis = _hypothesis(record, fields.fields["hypothesis"][0], extra)
        counts["outputs"] += isinstance(hypothesis, str) and _looks_like_a_list(hypothesis)
        reference = _reference(record, fields, task.reference_type, choices)
        counts["references"] += _was_written(record, fields, reference)
        counts["empty"] += _left_out(record, fields, task.reference_type)
        problem = task.reference_type.problem(reference)
        if problem:
            mapped = (
                n for o, names in fields.fields.items() if o.startswith("reference") or o == "letter" for n in names
            )
            name = " + ".join(mapped)
            raise InputError(
                f"the reference {problem}",
                where=f"{record.where}: {name or 'reference'}",
                fix="Correct it, or --field.",
            )
        prompt = record.fields.get(fields.fields["prompt"][0]) if "prompt" in fields.fields else None
        if prompt is not None and not isinstance(prompt, str):
            prompt = record.text(fields.fields["prompt"][0])
        rows.append(Row(identifier, hypothesis, reference, _finished(record, fields), prompt or None, extra))
    notes = tuple(text.format(counts[name]) for name, text in _NOTES.items() if counts[name])
    return Imported(with_finished(rows), total, len(records), refused, source, unit, notes, models=models)


def _chosen(records: Sequence[Record], only: Sequence[tuple[str, str]]) -> tuple[Sequence[Record], tuple[Refused, ...]]:
    if not only:
        return records, ()
    kept, refused = [], []
    for record in records:
        other = next((name for name, value in only if str(record.fields.get(name)) != value), None)
        if other is None:
            kept.append(record)
        else:
            refused.append(Refused(record.where, f"another value of {other} than --only asks for"))
    return kept, tuple(refused)


def with_notes(imported: Imported, notes: tuple[str, ...]) -> Imported:
    """The import with further notes."""
    return replace(imported, notes=(*imported.notes, *notes))


_NOTES = {
    "outputs": "{} outputs are written as lists; they are kept as they are",
    "references": "{} references are written as lists, in JSON or as Python prints them; they were read as lists",
    "empty": "{} empty references left out",
}


def _was_written(record: Record, fields: FieldMap, reference: Any) -> bool:
    """Whether the reference is a list, or a text from one, that the source has as a text."""
    names = fields.fields.get("reference", ())
    raw = record.fields.get(names[0]) if len(names) == 1 else None
    return fields.separator is None and isinstance(raw, str) and raw[:1] in "[ \t" and reference not in (raw, [raw])


def _left_out(record: Record, fields: FieldMap, kind: ReferenceType) -> int:
    names = fields.fields.get("reference", ())
    several = len(names) > 1 and kind is not ReferenceType.SPEAKERS
    return sum(record.fields[name] in (None, "") for name in names) if several else 0


def _hypothesis(record: Record, name: str, extra: dict[str, Any]) -> str | None:
    value = record.value(name)
    if value is None and "error" in extra:
        return None
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        return value[0]
    return record.text(name)


def _looks_like_a_list(text: str) -> bool:
    try:
        found = written_list(text, "")
    except InputError:
        return True
    return bool(found) and all(isinstance(item, str) for item in found or ())


def _choices(record: Record, fields: FieldMap) -> list[str] | None:
    names = fields.fields.get("choices")
    if not names:
        return None
    if len(names) == 1 and record.fields.get(names[0]) is None:
        return None
    return options([record.value(name) for name in names], f"{record.where}: {names[0]}")


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
