"""Table of scores: a prediction set under several conventions, for terminals, notebooks and data frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, overload

from audit._util.terminal import in_a_line
from audit.errors import InputError
from audit.scoring.predictions import PredictionSet
from audit.scoring.score import Score

if TYPE_CHECKING:
    import pandas as pd

# Rows that cannot be read and are named on a terminal.
_SHOWN = 10


@dataclass(frozen=True, eq=False, repr=False)
class ScoreTable(Sequence[Score]):
    """One score per convention; `table["whisper-en"]` is the score under that convention.

    Attributes:
        predictions: The prediction set.
        scores: By metric and convention, in display order.
    """

    predictions: PredictionSet
    scores: tuple[Score, ...]

    def __len__(self) -> int:
        return len(self.scores)

    def __iter__(self) -> Iterator[Score]:
        return iter(self.scores)

    @overload
    def __getitem__(self, key: int | str) -> Score: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[Score, ...]: ...
    def __getitem__(self, key: int | str | slice) -> Score | tuple[Score, ...]:
        """The score at a position, or under a convention (`wer/hufs` if several metrics have a convention of that id).

        Raises:
            InputError: There is no score under this convention, or there are several.
        """
        if not isinstance(key, str):
            return self.scores[key]
        metric, _, name = key.rpartition("/")
        found = [s for s in self.scores if s.convention.id == name and metric in {"", s.metric}]
        if len(found) == 1:
            return found[0]
        if found:
            both = ", ".join(f"{s.metric}/{name}" for s in found)
            raise InputError(f"several metrics have the convention {key!r}", fix=f"Name one: {both}.")
        known = ", ".join(dict.fromkeys(s.convention.id for s in self.scores))
        raise InputError(f"no score under the convention {key!r}", fix=f"Conventions: {known}.")

    def records(self) -> list[dict[str, Any]]:
        """One dictionary per score: values as decimal strings, counts as integers."""
        return [_record(item) for item in self.scores]

    def details(self) -> Iterator[dict[str, Any]]:
        """One dictionary per scored row and convention: counts and, for SPICE, sub-scores and tuples.

        See `audit.scoring.details.details`.
        """
        from audit.scoring.details import details

        return details(self.predictions, self.scores)

    def to_pandas(self) -> pd.DataFrame:
        """One line per score, with values and interval bounds as floats.

        Raises:
            ImportError: pandas is not installed.
        """
        import pandas as pd

        lines = []
        for item in self.scores:
            low, high = item.interval or (None, None)
            account = item.account
            lines.append(
                {
                    "metric": item.metric,
                    "convention": item.convention.id,
                    "value": None if item.value is None else float(item.value),
                    "low": None if low is None else float(low),
                    "high": None if high is None else float(high),
                    "scored": account.scored if account else None,
                    "expected": account.expected if account else None,
                    "unread": item.unread,
                    "unavailable": item.no_value,
                    "signature": item.convention.signature,
                    "hash": item.convention.hash,
                }
            )
        return pd.DataFrame(lines)

    @property
    def title(self) -> str:
        """Task, number of rows and model."""
        rows = self.predictions
        count = len(rows.rows)
        model = in_a_line(f"{rows.meta.model} ({rows.variant})")
        return f"{rows.task}: {count} row{'' if count == 1 else 's'} of {model}"

    def lines(self) -> list[str]:
        """The table for a terminal."""
        found = [self.title]
        for item in self.scores:
            if item.value is None:
                found.append(f"  {item.metric:<14} {item.convention.id:<30} {item.no_value}")
                continue
            assert item.account is not None
            interval = f"[{item.interval[0]:.4f}, {item.interval[1]:.4f}]" if item.interval else ""
            kept = item.account.scored, item.account.expected
            part = "" if kept[0] == kept[1] else f" {kept[0]}/{kept[1]}"
            part += f" {item.unread} unread" if item.unread else ""
            found.append(f"  {item.metric:<14} {item.convention.id:<28} {item.value:>10.4f} {interval}{part}")
        return found + unreadable_lines([pair for item in self.scores for pair in item.unreadable])

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        """For notebooks."""
        head = "".join(f"<th>{name}</th>" for name in ("metric", "convention", "value", "95 % interval", "rows"))
        body = []
        for item in self.scores:
            value = item.no_value or f"{item.value:.4f}"
            interval = f"{item.interval[0]:.4f} to {item.interval[1]:.4f}" if item.interval else ""
            rows = f"{item.account.scored} of {item.account.expected}" if item.account else ""
            rows += f", {item.unread} unread" if item.unread else ""
            cells = (item.metric, item.convention.id, value, interval, rows)
            body.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
        return (
            f"<table><caption>{escape(self.title)}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{''.join(body)}</tbody></table>"
        )


def unreadable_lines(rows: Iterable[tuple[str, str]]) -> list[str]:
    """The rows that cannot be read, each with its reason, for a terminal; empty if there are none.

    Args:
        rows: (row id, reason); pairs may repeat.
    """
    distinct = sorted(set(rows))
    if not distinct:
        return []
    number = len({row for row, _ in distinct})
    found = [f"{number} {'row' if number == 1 else 'rows'} cannot be read and count as errors:"]
    # An id may hold control and bidi characters, which a terminal would obey.
    found += [f"  row {in_a_line(row)}: {in_a_line(why)}" for row, why in distinct[:_SHOWN]]
    return found + ([f"  and {len(distinct) - _SHOWN} more"] if len(distinct) > _SHOWN else [])


def _record(item: Score) -> dict[str, Any]:
    account = item.account
    return {
        "metric": item.metric,
        "convention": item.convention.id,
        "signature": item.convention.signature,
        "hash": item.convention.hash,
        "value": None if item.value is None else format(item.value, "f"),
        "interval": None if item.interval is None else [format(b, "f") for b in item.interval],
        "rows": None
        if account is None
        else {
            "expected": account.expected,
            "scored": account.scored,
            "skipped": {s.rule: s.rows for s in account.skipped},
            "missing": account.missing,
            "error": account.error,
        },
        "unread": item.unread,
        "unreadable": dict(item.unreadable),
        "unavailable": item.no_value,
    }
