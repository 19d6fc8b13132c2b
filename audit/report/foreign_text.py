"""Texts that users chose (ids, prompts, model names): isolated from the text around them, and with a note on paper.

A right-to-left id would otherwise reorder the ids beside it, and a script for which the typesetter has no font becomes boxes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

from audit._util.html_templates import ISOLATE
from audit.report.language import Language, current, marked, tr
from audit.schema import AuditDocument

if TYPE_CHECKING:
    from markupsafe import Markup

_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI"})
# First words of characters' names whose glyphs the fonts of the project and of its image hold.
_COVERED = frozenset(
    {"LATIN", "GREEK", "CYRILLIC", "CJK", "HIRAGANA", "KATAKANA", "HANGUL", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH"}
)
_NAMED = 6
# Words of a quotation.
_FEWEST = 3
_SYMBOLS = marked("symbols")


def isolated(text: object, *, paged: bool) -> Markup:
    """Escape a text and isolate its direction."""
    from markupsafe import Markup, escape

    said = str(text)
    if paged and any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in said):
        said = said.join(ISOLATE)
    return Markup(f"<bdi>{escape(said)}</bdi>")  # noqa: S704  # escaped


# A quotation: from the first of at least three words in Latin letters to the last character before the next Hangul.
_QUOTATION = re.compile(r"[A-Za-z(\u2018\u201c\"']*[A-Za-z]{2}[^\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]*")
_WORDS = re.compile(r"[A-Za-z]{2,}")


def quoted(text: object) -> Markup:
    """Escape a text; in a report of another language, mark quotations of records as English for screen readers and browsers.

    Records are in English. What stands in Latin letters and is shorter than three words is a name or a term.
    """
    from markupsafe import Markup, escape

    said = str(text)
    if current() is Language.ENGLISH:
        return escape(said)
    found, end = Markup(""), 0
    for match in _QUOTATION.finditer(said):
        if len(_WORDS.findall(match[0])) < _FEWEST:
            continue
        words = match[0].rstrip()
        found += escape(said[end : match.start()]) + Markup('<span lang="en">{}</span>').format(words)
        end = match.start() + len(words)
    return found + escape(said[end:])


def scripts(texts: Iterable[str]) -> tuple[str, ...]:
    """The scripts beyond Latin, Greek, Cyrillic, Chinese, Japanese and Korean in texts, and `symbols` for emoji, sorted."""
    found = set()
    for character in {c for text in texts for c in text if c > "\u02af"}:
        kind = unicodedata.category(character)
        word = unicodedata.name(character, "").partition(" ")[0]
        if kind in {"So", "Sk", "Co", "Cn"} and word not in _COVERED:
            found.add(_SYMBOLS)
        elif kind[0] in "LMN" and word and word not in {*_COVERED, "MODIFIER", "COMBINING", "VARIATION"}:
            found.add(word.capitalize())
    return tuple(sorted(found))


def note(audit: AuditDocument) -> str:
    """A sentence for the paper edition about characters that its fonts may lack; empty if there are none."""
    found = scripts(_chosen(audit))
    if not found:
        return ""
    names = ", ".join(tr(_SYMBOLS) if name == _SYMBOLS else name for name in found[:_NAMED])
    return tr(
        "Ids, prompts or names here use characters beyond the fonts of this edition ({scripts}). Where the "
        "typesetter had no glyph, a box stands for a character; the HTML report and audit.json have the characters "
        "themselves.",
        scripts=tr("{names} and others", names=names) if len(found) > _NAMED else names,
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
