"""Texts that users chose (ids, prompts, model names): isolated from the text around them, and with a note on paper.

A right-to-left id would otherwise reorder the ids beside it, and a script for which the typesetter has no font becomes boxes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

from audit.schema import AuditDocument

if TYPE_CHECKING:
    from markupsafe import Markup

# Unicode's isolate around a text of any direction (UAX 9); WeasyPrint does not know <bdi>.
_ISOLATE, _END = "\u2068", "\u2069"
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI"})
# First words of characters' names whose glyphs the fonts of the project and of its image hold.
_COVERED = frozenset(
    {"LATIN", "GREEK", "CYRILLIC", "CJK", "HIRAGANA", "KATAKANA", "HANGUL", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH"}
)
_NAMED = 6


def isolated(text: object, *, paged: bool) -> Markup:
    """Escape a text and isolate its direction."""
    from markupsafe import Markup, escape

    said = str(text)
    if paged and any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in said):
        said = f"{_ISOLATE}{said}{_END}"
    return Markup(f"<bdi>{escape(said)}</bdi>")  # noqa: S704  # escaped


def scripts(texts: Iterable[str]) -> tuple[str, ...]:
    """The scripts beyond Latin, Greek, Cyrillic, Chinese, Japanese and Korean in texts, and `symbols` for emoji, sorted."""
    found = set()
    for character in {c for text in texts for c in text if c > "\u02af"}:
        kind = unicodedata.category(character)
        word = unicodedata.name(character, "").partition(" ")[0]
        if kind in {"So", "Sk", "Co", "Cn"} and word not in _COVERED:
            found.add("symbols")
        elif kind[0] in "LMN" and word and word not in {*_COVERED, "MODIFIER", "COMBINING", "VARIATION"}:
            found.add(word.capitalize())
    return tuple(sorted(found))


def note(audit: AuditDocument) -> str:
    """A sentence for the paper edition about characters that its fonts may lack; empty if there are none."""
    found = scripts(_chosen(audit))
    if not found:
        return ""
    listed = ", ".join(found[:_NAMED]) + (" and others" if len(found) > _NAMED else "")
    return (
        f"Ids, prompts or names here use characters beyond the fonts of this edition ({listed}). Where the typesetter had no "
        "glyph, a box stands for a character; the HTML report and audit.json have the characters themselves."
    )


def _chosen(audit: AuditDocument) -> Iterable[str]:
    """The texts that come from prediction files."""
    findings = audit.findings
    for detections in findings.detectors.values():
        for detection in detections:
            yield from detection.example_ids
    for sensitivities in findings.prompts.values():
        for sensitivity in sensitivities:
            yield from (score.prompt for score in sensitivity.prompts)
    for baselines in findings.baselines.values():
        yield from (baseline.answer for baseline in baselines)
    for measurement in audit.measurements:
        if measurement.prediction is not None:
            yield from filter(None, (measurement.prediction.model, measurement.prediction.who))
