"""A difference between two runs split by rows: by what happened to them, by prompt, and row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from audit._util.terminal import in_a_line
from audit.analysis.amounts import exact_text, percent
from tasks.analysis.row_shares import Amount, Method


@dataclass(frozen=True, slots=True)
class Part:
    """The share of some rows in a difference: their number, how many of their outputs differ, and what they add to it."""

    name: str
    rows: int
    differing: int
    share: Amount


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A difference split by rows, under one convention.

    Attributes:
        gap: The second value minus the first.
        remainder: What is not attributed to rows; 0 for ratios and means.
        method: How the shares were computed, see `tasks.analysis.row_shares`.
        kinds: By what happened to the rows; with the remainder they sum to the gap.
        prompts: By prompt, if a run has kept them; likewise.
        rows: The rows with a share, the largest first: id, share, what happened.
    """

    metric: str
    convention: str
    second_convention: str | None
    gap: Amount
    remainder: Amount
    method: Method
    kinds: tuple[Part, ...]
    prompts: tuple[Part, ...]
    rows: tuple[tuple[str, Amount, str], ...]

    def lines(self, most: int) -> list[str]:
        """For a terminal, with at most `most` rows."""
        both = self.second_convention is not None
        name = f"{self.convention} | {self.second_convention}" if both else self.convention
        found = [
            "",
            f"The difference of {float(self.gap):+.4f} ({self.metric}, {name}), by what happened to the rows:",
            *self._parts(self.kinds),
        ]
        if self.prompts:
            found += ["By prompt:", *self._parts(self.prompts)]
        how = {
            "exact": "the shares sum to the difference exactly",
            "path": "a row's share is what its counts add while all rows change together",
            "leave one out": "a row's share is what leaving it out changes",
        }[self.method]
        why = (
            "The second run stores normalised texts, and both runs have the same references"
            if both
            else "Both runs are counted under the same convention"
        )
        found.append(f"{why}: the outputs make the difference, and no step of counting explains it; {how}.")
        if self.rows:
            found.append("Rows that make most of it:")
        for row, share, kind in self.rows[:most]:
            found.append(f"  {float(share):>+11.4f} {percent(share, self.gap):>9}  {in_a_line(row)}  {kind}")
        rest = len(self.rows) - most
        return [*found, f"  and {rest} more (--json-out FILE writes all)"] if rest > 0 else found

    def _parts(self, parts: Sequence[Part]) -> list[str]:
        found = [f"  {'points':>11} {'share':>9}  {'rows':>7} {'differ':>7}"]
        for part in parts:
            numbers = (
                f"{float(part.share):>+11.4f} {percent(part.share, self.gap):>9}  {part.rows:>7} {part.differing:>7}"
            )
            found.append(f"  {numbers}  {part.name}")
        if self.method != "exact":
            found.append(
                f"  {float(self.remainder):>+11.4f} {percent(self.remainder, self.gap):>9}  {'':>15}  not attributed to rows"
            )
        return [*found, f"  {float(self.gap):>+11.4f} {'':>9}  {'':>15}  sum"]

    def as_json(self) -> dict[str, Any]:
        """Plain JSON; exact amounts as fractions, `-1234/567`, so that a reader can add them up."""
        return {
            "metric": self.metric,
            "convention": self.convention,
            "second_convention": self.second_convention,
            "gap": exact_text(self.gap),
            "remainder": exact_text(self.remainder),
            "method": self.method,
            "rows": [{"id": row, "share": exact_text(share), "kind": kind} for row, share, kind in self.rows],
            **{
                name: [
                    {"name": p.name, "rows": p.rows, "differing": p.differing, "share": exact_text(p.share)}
                    for p in parts
                ]
                for name, parts in (("kinds", self.kinds), ("prompts", self.prompts))
            },
        }
