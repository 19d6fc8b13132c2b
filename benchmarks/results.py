"""The raw results of all runs in one JSON file, and what a page says of them: medians with their range.

A group is what is measured together; the file is written anew after each, so that a stopped command goes on where it was.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit._util.files import write_atomic
from audit.errors import InputError

SCHEMA = "repro-audit/benchmark/1"
Found = dict[str, Any]


@dataclass(frozen=True)
class Spread:
    """The median of some numbers, and the least and the most of them."""

    median: float
    least: float
    most: float
    number: int

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Spread:
        """Of at least one number."""
        return cls(statistics.median(numbers), min(numbers), max(numbers), len(numbers))

    def text(self, digits: int = 3) -> str:
        """`4.06 (3.98 to 4.31)`; of one run without a range."""
        if self.number == 1:
            return significant(self.median, digits)
        return " ".join([significant(self.median, digits),
                         f"({significant(self.least, digits)} to {significant(self.most, digits)})"])  # fmt: skip


def significant(value: float, digits: int = 3) -> str:
    """So many significant digits, whole numbers in full, no exponent."""
    if value <= 0:
        return "0"
    places = digits - 1 - math.floor(math.log10(value))
    # What rounds up to the next power of ten has one place fewer.
    places -= round(value, places) >= 10.0 ** (digits - places)
    return f"{value:,.{max(0, places)}f}"


class Measured:
    """What was found under each name, one entry a run."""

    def __init__(self, found: Mapping[str, Sequence[Found]]) -> None:
        self._found = found

    def __contains__(self, name: str) -> bool:
        return name in self._found

    def names(self, beginning: str = "") -> list[str]:
        """The names that begin so, in the order of measuring."""
        return [name for name in self._found if name.startswith(beginning)]

    def first(self, name: str) -> Found:
        """What the first run found, for what is the same in all."""
        return self._found[name][0]

    def failed(self, name: str) -> str | None:
        """Why nothing was found in one of the runs."""
        return next((str(one["failed"]) for one in self._found[name] if "failed" in one), None)

    def numbers(self, name: str, *keys: str) -> list[float]:
        """One number a run; several keys lead into the parts of what was found."""
        numbers = []
        for one in self._found[name]:
            value: Any = one
            for key in keys:
                value = value[key]
            numbers.append(float(value))
        return numbers

    def spread(self, name: str, *keys: str) -> Spread:
        """The median and the range of these numbers."""
        return Spread.of(self.numbers(name, *keys))

    def ratio(self, name: str, other: str, key: str) -> Spread:
        """How many times as much one has as the other, run by run."""
        pairs = zip(self.numbers(name, key), self.numbers(other, key), strict=True)
        return Spread.of([mine / max(its, 1e-9) for mine, its in pairs])

    def versions(self, beginning: str = "") -> dict[str, str]:
        """The versions of the libraries under names that begin so, each as any run found it."""
        found: dict[str, set[str]] = {}
        for name in self.names(beginning):
            for one in self._found[name]:
                for library, version in one.get("versions", {}).items():
                    found.setdefault(library, set()).add(version)
        return {library: " and ".join(sorted(some)) for library, some in found.items()}


class Results:
    """A results file.

    Args:
        file: Where it is, or will be.
        conditions: What all its runs must have in common: sizes, code, machine; those of a part alone may come later.

    Raises:
        InputError: The file is none, or its runs had other conditions.
    """

    def __init__(self, file: Path, conditions: Mapping[str, Any]) -> None:
        self.file, self.conditions = file, dict(conditions)
        self._groups: dict[str, dict[str, Any]] = {}
        if file.exists():
            self._groups = self._read()

    def _read(self) -> dict[str, dict[str, Any]]:
        fix = "Name another file with --results, or delete this one to begin anew."
        try:
            stored = json.loads(self.file.read_text(encoding="utf-8"))
            schema, conditions, groups = (stored[key] for key in ("schema", "conditions", "groups"))
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(
                f"not a results file of the benchmarks ({error})", where=str(self.file), fix=fix
            ) from error
        if schema != SCHEMA:
            raise InputError(f"unknown schema {schema!r}", where=str(self.file), fix=fix)
        for key, now in self.conditions.items():
            if (then := conditions.get(key, now)) != now:
                raise InputError(f"{key} was {then!r}, and is {now!r}", where=str(self.file), fix=fix)
        self.conditions = conditions | self.conditions
        return dict(groups)

    def has(self, group: str, run: int) -> bool:
        """Whether this run of a group is done."""
        return str(run) in self._groups.get(group, {})

    def add(self, group: str, run: int, load: float, found: Mapping[str, Found]) -> None:
        """Keep one run of a group, with the load average before it, and write the file."""
        self._groups.setdefault(group, {})[str(run)] = {"load": load, "found": dict(found)}
        stored = {"schema": SCHEMA, "conditions": self.conditions, "groups": self._groups}
        write_atomic(self.file, json.dumps(stored, indent=1) + "\n")

    def measured(self, groups: Sequence[str], runs: int) -> Measured:
        """The first runs of some groups, under `GROUP/WAY`."""
        return Measured(
            {
                f"{group}/{way}": [self._groups[group][str(run)]["found"][way] for run in range(1, runs + 1)]
                for group in groups
                for way in self._groups.get(group, {}).get("1", {}).get("found", {})
            }
        )

    def loads(self, groups: Sequence[str], runs: int) -> list[float]:
        """The load averages before these runs."""
        return [self._groups[group][str(run)]["load"] for group in groups for run in range(1, runs + 1)]
