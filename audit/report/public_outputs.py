"""The chapter on public outputs: what outputs that others published give for the claims, under every convention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.report.differences import GapView, gap_view
from audit.report.language import marked, tr, trn
from audit.report.numbers import part_of, shown, whole
from audit.report.survey import short_names
from audit.report.views import ClaimView, convention_anchor
from audit.schema import AuditDocument, PublicOutput

_SAME = {
    "yes": marked("{dataset}, {split}: the same data"),
    "partly": marked("{dataset}, {split}: partly the same data"),
    "no": marked("{dataset}, {split}: other data"),
    "unknown": marked("{dataset}, {split}: data unknown"),
}
# Prompts that a table's head shows; more are counted.
_PROMPTS = 1
# The largest gaps that are shown, on paper and in a browser.
_GAPS = {True: 3, False: 12}


@dataclass(frozen=True, slots=True)
class OutputView:
    """The head of a column: whose outputs, of what, under which prompt.

    Attributes:
        facts: Model, variant, rows and data, each a short text.
        why: Why nothing was counted; empty if something was.
    """

    name: str
    address: str
    facts: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class PublicTable:
    """A claim's values: a row a convention, a column a file.

    Attributes:
        rows: (convention, link, cells); a cell is (value, rows scored if not all).
        first: The convention at which the gaps begin. steps_of: The record of the outputs that they are about.
        gaps: The largest gaps to other conventions, by step; none where the team has outputs of its own.
    """

    title: str
    anchor: str
    reported: str
    columns: tuple[OutputView, ...]
    rows: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]
    first: str
    steps_of: str
    gaps: tuple[GapView, ...]


def public_tables(audit: AuditDocument, claims: Sequence[ClaimView], *, paged: bool) -> tuple[PublicTable, ...]:
    """A table for every claim on which public outputs speak, in the order of the claims; fewer gaps on paper."""
    names = short_names(audit)
    known = {(c.task, c.metric, c.id) for c in audit.conventions}
    found = []
    for view in claims:
        claim = view.data
        if claim.model is not None or claim.subset is not None:
            continue
        outputs = [o for o in audit.public_outputs if o.task == claim.task]
        values = [{v.convention: v for v in o.values if v.metric == claim.metric} for o in outputs]
        if not outputs:
            continue
        ids = [c.id for c in audit.conventions if (c.task, c.metric) == (claim.task, claim.metric)]
        rows = []
        for name in ids:
            if not any(name in of for of in values):
                continue
            cells = tuple(
                (
                    shown(of[name].value, view.digits + 1) if name in of else "–",
                    part_of(of[name].scored, of[name].total)
                    if name in of and of[name].scored != of[name].total
                    else "",
                )
                for of in values
            )
            place = (
                f"#{convention_anchor(claim.task, claim.metric, name)}"
                if (claim.task, claim.metric, name) in known
                else ""
            )
            rows.append((name, place, cells))
        source = next((o for o in outputs if any(gap.claim == claim.id for gap in o.gaps)), None)
        own = [gap for gap in source.gaps if gap.claim == claim.id] if source else []
        largest = sorted(own, key=lambda gap: (-abs(gap.gap), gap.second))[: _GAPS[paged]]
        found.append(
            PublicTable(
                view.title,
                view.anchor,
                view.value,
                tuple(_column(o, names) for o in outputs),
                tuple(rows),
                own[0].first if own else "",
                _short(source) if source else "",
                tuple(gap_view(gap, view, {}, view.digits + 1, draw=False) for gap in largest),
            )
        )
    return tuple(found)


def _column(output: PublicOutput, names: dict[str, str]) -> OutputView:
    size = (
        trn("{n} row", "{n} rows", output.rows, n=whole(output.rows))
        if output.rows is not None
        else tr("number of rows unknown")
    )
    prompts = len(output.prompts)
    if prompts > _PROMPTS:
        prompt = tr("one of {n} prompts a row", n=whole(prompts))
    elif prompts:
        prompt = tr("prompt: {prompt}", prompt=output.prompts[0])
    else:
        prompt = output.prompts_where or tr("prompt unknown")
    variant = (
        tr("{system}, variant {variant}", system=output.system, variant=output.variant)
        if output.variant
        else tr("{system}, variant not stated", system=output.system)
    )
    data = tr(_SAME[output.same_data], dataset=output.dataset, split=output.split)
    facts = (_short(output), variant, data, size, prompt)
    name = names.get(output.work or "", output.work or output.record)
    return OutputView(name, output.address, facts, output.not_counted or "")


def _short(output: PublicOutput) -> str:
    return output.record.removeprefix(f"{output.work}-")
