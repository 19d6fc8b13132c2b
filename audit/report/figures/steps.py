"""The choices in the signatures of conventions, as the rows of a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.report.language import tr

_GROUPS = {"sel": "rows", "hyp": "steps", "ref": "reference", "count": "counting", "fold": "pooling"}


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice: its group, its name, and the columns that make it."""

    group: str
    name: str
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """The choices that differ between conventions, and those that all share."""

    differing: tuple[Choice, ...]
    common: tuple[str, ...]
    unknown: tuple[int, ...]


def choices(signature: str) -> list[tuple[str, str]]:
    """(group, name) of every choice in a signature, in order.

    Steps on the reference are omitted if the hypothesis has them too; steps on the reference only are labelled as such.
    """
    fields = [part.partition(":") for part in signature.split("|")[1:]]
    sides = {key: value.split(",") for key, _, value in fields if key in {"hyp", "ref"}}
    found: list[tuple[str, str]] = []
    for key, _, value in fields:
        if key == "hyp":
            found += [("steps", _plain(step)) for step in sides["hyp"]]
        elif key == "ref":
            found += [("reference", tr("{step} (reference only)", step=_plain(step))) for step in sides["ref"]
                      if step not in sides.get("hyp", ()) and step != "raw"]  # fmt: skip
        elif key == "sel":
            found += [
                ("rows", tr("every row") if name == "all" else tr("only {rows}", rows=name))
                for name in value.split(",")
            ]
        elif key in _GROUPS:
            found.append((_GROUPS[key], f"{key} {value}"))
        elif value:
            found.append(("counting", f"{key} {value}"))
    return list(dict.fromkeys(found))


def _plain(step: str) -> str:
    """A step without its version, which the table of conventions shows."""
    name = step.partition("@")[0]
    return tr("no step (raw text)") if name == "raw" else name


def matrix(signatures: Sequence[str | None]) -> Matrix:
    """The matrix of conventions given by signature, one column each; None if the rule is not identified."""
    order = {group: n for n, group in enumerate(("rows", "steps", "reference", "counting", "pooling"))}
    columns: dict[tuple[str, str], list[int]] = {}
    for column, signature in enumerate(signatures):
        for choice in choices(signature) if signature else ():
            columns.setdefault(choice, []).append(column)
    known = sum(1 for s in signatures if s)
    ordered = sorted(columns.items(), key=lambda item: (order[item[0][0]], item[1][0], item[0][1]))
    return Matrix(
        tuple(Choice(group, name, tuple(where)) for (group, name), where in ordered if len(where) < known),
        tuple(name for (_, name), where in ordered if len(where) == known),
        tuple(n for n, s in enumerate(signatures) if not s),
    )
