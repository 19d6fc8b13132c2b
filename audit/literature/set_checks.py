"""Consistency checks of a set card beyond its schema; errors name file, line and field."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from audit._util.strict_yaml import Document, Field
from audit.errors import InputError


def _labels(value: Any, field: Field) -> Iterator[tuple[Field, str]]:
    """All labels under keys named `source`, with their fields."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "source":
                yield from (((*field, key, number), label) for number, label in enumerate(item))
            else:
                yield from _labels(item, (*field, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _labels(item, (*field, number))


def check_sources(document: Document) -> None:
    """Check that every fact names described sources, and that every source is named by a fact.

    Raises:
        InputError: A source is not described, or is unused.
    """
    sources = document.data["sources"]
    named = list(_labels({key: item for key, item in document.data.items() if key != "sources"}, ()))
    for field, label in named:
        if label not in sources:
            raise InputError(
                f"unknown source `{label}`",
                where=document.where(field),
                fix=f"Describe it under `sources`, or name one of: {', '.join(sources)}.",
            )
    for label in sources:
        if label not in {name for _, name in named}:
            raise InputError(
                f"no fact names the source `{label}`",
                where=document.where(("sources", label)),
                fix="Name it at a fact that it supports, or remove it.",
            )


def check_layouts(document: Document) -> None:
    """Check that layout ids are unique, every null has a reason, and every hash states what it was made from.

    Raises:
        InputError: A check fails.
    """
    data = document.data
    names: set[str] = set()
    for index, layout in enumerate(data["layouts"]):
        place: Field = ("layouts", index)
        if layout["id"] in names:
            raise InputError(
                f"duplicate layout `{layout['id']}`", where=document.where((*place, "id")), fix="Rename one."
            )
        names.add(layout["id"])
        if layout["units"] is None and layout["reason"] is None:
            _unexplained(document, (*place, "units"))
        ids = layout["ids"]
        _check_pattern(document, (*place, "ids", "pattern"), ids["pattern"])
        if (ids["sha256"] or ids["pairs_sha256"]) and ids["made"] is None:
            _unmade(document, (*place, "ids", "made"))
        for number, part in enumerate(layout["texts"]):
            _check_texts(document, (*place, "texts", number), part, layout, first=number == 0)
    for key in ("name", "split", "other"):
        _check_pattern(document, ("called", key), data["called"][key])
    for key in ("layout", "of") if data["selection"] else ():
        if data["selection"][key] not in names:
            raise InputError(
                f"unknown layout `{data['selection'][key]}`",
                where=document.where(("selection", key)),
                fix=f"Layouts: {', '.join(sorted(names)) or 'none'}.",
            )
    if not data["layouts"] and data["public"]["state"] == "yes":
        raise InputError(
            "a public set without a layout",
            where=document.where(("layouts",)),
            fix="Describe what a row is and the number of rows.",
        )


def _check_texts(
    document: Document, place: Field, part: Mapping[str, Any], layout: Mapping[str, Any], *, first: bool
) -> None:
    count, labels = part["count"], part["labels"]
    if None in {count, part["words"], part["characters"], part["sha256"]} and part["reason"] is None:
        _unexplained(document, (*place, "reason"))
    if (part["sha256"] or part["units"]) and part["made"] is None:
        _unmade(document, (*place, "made"))
    if labels is not None and sum(labels.values()) != count:
        raise InputError(
            f"the label counts sum to {sum(labels.values())}, not {count}",
            where=document.where((*place, "labels")),
            fix="Correct the labels or `count`.",
        )
    per_row, units = layout["texts_per_row"], layout["units"]
    if first and part["step"] is None and None not in {per_row, units, count} and per_row * units != count:
        raise InputError(
            f"{units} rows of {per_row} texts do not make {count} texts",
            where=document.where((*place, "count")),
            fix="Correct `units`, `texts_per_row` or `count`.",
        )


def _unexplained(document: Document, field: Field) -> None:
    raise InputError(
        "a number is null without a reason", where=document.where(field), fix="State in `reason` why it is unknown."
    )


def _unmade(document: Document, field: Field) -> None:
    raise InputError(
        "a hash without its source", where=document.where(field), fix="State in `made` what it was computed from."
    )


def _check_pattern(document: Document, field: Field, pattern: str | None) -> None:
    if pattern is None:
        return
    try:
        # What a later Python may read in another way is refused, too.
        with warnings.catch_warnings(action="error"):
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        raise InputError(
            f"invalid regular expression: {error}", where=document.where(field), fix="Correct the pattern."
        ) from None
