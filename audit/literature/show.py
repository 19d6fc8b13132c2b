"""A study's claims as a table for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from audit.facts import Claim
from audit.literature.studies import Study

_UNITS = {"percent": "%", "fraction": "", "of-5": "of 5", "count": "items"}


def study_lines(study: Study, width: int) -> Iterator[str]:
    """The study's title, models and claims, in lines of at most `width` characters.

    One line per claim: its id, the value as printed with its deviation and unit, whether lower or higher is better, and the
    page on which the value was seen in the paper's PDF.
    """
    facts = study.facts
    yield from _folded(f"{study.id}: {facts.title}", width)
    yield from _folded(f"model: {facts.model}", width)
    claims = study.claims
    values = {claim.id: _value(claim) for claim in claims}
    longest = max(len(text) for text in values.values())
    # A value that is longer than the line has its line wide.
    room = max(20, width - longest - 13)
    for model in (None, *facts.models):
        own = [claim for claim in claims if claim.model == model]
        if not own:
            continue
        yield ""
        if model is not None:
            yield from _folded(f"{facts.models[model].name} ({facts.models[model].role})", width)
        for claim in own:
            arrow = "↓" if claim.direction == "lower" else "↑"
            page = f"p. {claim.seen.page}" if claim.seen else ""
            yield f"  {_cut(claim.id, room):<{room}}  {values[claim.id]:>{longest}} {arrow}  {page}".rstrip()
    seen = sum(claim.seen is not None for claim in claims)
    yield ""
    yield f"{len(claims)} claims on {len(study.tasks)} tasks; {seen} seen in the paper's PDF"


def _value(claim: Claim) -> str:
    deviation = f" ± {claim.deviation}" if claim.deviation else ""
    return f"{claim.value}{deviation} {_UNITS[claim.unit]}".rstrip()


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"


def _folded(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent="  ")
