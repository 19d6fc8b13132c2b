"""Compares rows with the layouts of a set card: count, references, ids, repeats."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from audit.literature.set_texts import (
    Totals,
    are_positions,
    pairs_sha256,
    prepared,
    sorted_sha256,
    totals,
    unit_hash,
    unit_id,
)
from audit.literature.sets import Ids, Layout, SetCard, Texts
from audit.schema import IdentityState
from tasks.phrase import phrase
from tasks.row import Row

# If a card does not say how many rows repeat a reference, a larger share than this of rows that repeat both the reference and
# the output of an earlier row contradicts it: in no known test set is half the content a repeat.
MOST_REPEATED = Fraction(1, 2)
# An unofficial copy may spell some texts differently; if it lacks more than this share of the texts, the set is different.
MOST_OUTSIDE = Fraction(1, 2)

Number: TypeAlias = int | str | None


@dataclass(frozen=True, slots=True)
class IdentityReason:
    """One finding about a prediction file.

    Attributes:
        code: Which finding: `units-above`, `totals-differ`, ...; docs/reference/sets.md lists them.
        text: The finding in a sentence, with both numbers.
        found: The value in the rows.
        expected: The value on the card.
        against: Whether the finding contradicts the set.
    """

    code: str
    text: str
    found: Number = None
    expected: Number = None
    against: bool = False


_ORDER = tuple(IdentityState)


def best(rows: Sequence[Row], card: SetCard) -> tuple[Layout | None, IdentityState, list[IdentityReason]]:
    """The layout of the card that fits the rows best, the identity of the rows under it, and the reasons.

    The layout is None, and the identity unknown, if the card has none.
    """
    if not card.layouts:
        text = phrase("Nothing is known about the rows of {set}: {reason}", set=card.name, reason=card.public.reason)
        return None, IdentityState.UNKNOWN, [IdentityReason("no-layout", text)]
    compared = [(layout, *held(rows, layout)) for layout in card.layouts]
    # Ties go to the layout closest in size, that is, the smallest that holds all rows.
    layout, state, reasons = min(
        compared,
        key=lambda item: (
            _ORDER.index(item[1]),
            sum(r.against for r in item[2]),
            abs((item[0].units or 0) - len(rows)),
        ),
    )
    alike = [f"{item.id} ({item.units})" for item, other, _ in compared if other is state and item is not layout]
    if alike and state is not IdentityState.CONTRADICTED:
        text = phrase(
            "The rows fit {layout} ({units}) and {others} equally well; the smallest is used.",
            layout=layout.id,
            units=layout.units,
            others=", ".join(alike),
        )
        reasons = [*reasons, IdentityReason("layout-ambiguous", text, layout.id, alike[0])]
    return layout, state, reasons


def held(rows: Sequence[Row], layout: Layout) -> tuple[IdentityState, list[IdentityReason]]:
    """The identity of the rows under one layout of a set, with the reasons."""
    reasons: list[IdentityReason] = []
    if layout.units is not None and len(rows) > layout.units:
        text = phrase("{n} rows; the whole set has {expected}.", n=len(rows), expected=layout.units)
        reasons.append(IdentityReason("units-above", text, len(rows), layout.units, against=True))
    whole = len(rows) == layout.units
    reasons += _shape(rows, layout)
    states = [_part(rows, part, layout, reasons, whole=whole) for part in layout.texts]
    state = IdentityState.UNKNOWN if layout.units is None else states[0]
    # Labels are the same in every set; only the ids tell which unit has which label.
    labelled = layout.texts[0].labels is not None
    confirmed = state in {IdentityState.VERIFIED, IdentityState.CONSISTENT} and not labelled
    found = _ids([row.id for row in rows], layout.ids, whole=whole, confirmed=confirmed)
    if labelled and state is not IdentityState.UNKNOWN and "ids-equal" not in {reason.code for reason in found}:
        text = phrase("The references are labels, and the ids do not identify the units.")
        reasons.append(IdentityReason("labels-alone", text))
        state = IdentityState.UNKNOWN
    reasons += found
    reasons += _pairs(rows, layout)
    reasons += _repeats(rows, layout)
    return (IdentityState.CONTRADICTED if any(reason.against for reason in reasons) else state), reasons


def _shape(rows: Sequence[Row], layout: Layout) -> list[IdentityReason]:
    part, wanted = layout.texts[0], layout.texts_per_row
    sizes = Counter(len(prepared(row.reference, part.part, part.case, part.step)) for row in rows)
    if set(sizes) == {0}:
        return []
    if part.step is not None:
        # A row that the official scoring drops does not belong to the layout of the rows it keeps.
        if layout.units != part.count or not sizes[0]:
            return []
        text = phrase("{n} rows have references that the official scoring drops.", n=sizes[0])
        return [IdentityReason("not-scored", text, sizes[0], 0, against=True)]
    if wanted is None or sizes[wanted] == len(rows):
        return []
    odd = len(rows) - sizes[wanted]
    text = phrase("{n} of {rows} rows do not have {wanted} reference texts each.", n=odd, rows=len(rows), wanted=wanted)
    return [IdentityReason("row-shape", text, odd, 0, against=True)]


def _ids(names: Sequence[str], ids: Ids, *, whole: bool, confirmed: bool) -> list[IdentityReason]:
    """Different ids contradict the set only if the references do not confirm it; otherwise they rename the same units."""
    if are_positions(names):
        return [IdentityReason("ids-are-positions", "The ids number the rows; they do not name units.")]
    against = ids.official and not confirmed
    plain = [unit_id(name) for name in names]
    if ids.pattern is not None:
        odd = [name for name, unit in zip(names, plain, strict=True) if not re.fullmatch(ids.pattern, unit)]
        if odd:
            text = phrase(
                "{n} of {ids} ids, e.g. {example}, do not match the data set's pattern {pattern}.",
                n=len(odd),
                ids=len(names),
                example=repr(odd[0]),
                pattern=ids.pattern,
            )
            return [IdentityReason("id-pattern", text, len(odd), 0, against=against)]
    surplus = len(set(names)) - len(set(plain))
    if surplus and ids.official:
        text = phrase("{n} ids name the same unit as an earlier row's id.", n=surplus)
        return [IdentityReason("duplicate-units", text, surplus, 0, against=against)]
    if ids.sha256 is None:
        return []
    if sorted_sha256(plain) == ids.sha256:
        return [IdentityReason("ids-equal", "The ids are those on the card.", len(names), len(names))]
    if whole and ids.official:
        text = phrase("{n} ids, as many as in the set, but not the set's ids.", n=len(names))
        return [IdentityReason("ids-differ", text, sorted_sha256(plain), ids.sha256, against=against)]
    return []


def _part(
    rows: Sequence[Row], part: Texts, layout: Layout, reasons: list[IdentityReason], *, whole: bool
) -> IdentityState:
    """Compare one part of the references with the card; findings are added to `reasons`."""
    first = part is layout.texts[0]
    found = [text for row in rows for text in prepared(row.reference, part.part, part.case, part.step)]
    if not found:
        if first:
            reasons.append(IdentityReason("no-references", "The rows have no references to compare."))
        return IdentityState.UNKNOWN
    if not part.has_totals and part.labels is None and part.units is None:
        if first:
            text = phrase("The card has neither totals nor hashes of the references: {reason}", reason=part.reason)
            reasons.append(IdentityReason("no-totals", text))
        return IdentityState.UNKNOWN
    summed = totals(found)
    if whole:
        reasons += _equal(summed, part)
    else:
        reasons += _below(summed, part)
    reasons += _label_counts(found, part)
    inside = _inside(found, part, reasons)
    if any(reason.against for reason in reasons):
        return IdentityState.CONTRADICTED
    if whole and part.sha256 is not None and summed.sha256 == part.sha256 and part.official:
        return IdentityState.VERIFIED
    if not inside:
        return IdentityState.UNKNOWN
    if not whole:
        return IdentityState.PART
    # Without totals, a whole set is consistent if all rows but those that the copy lacks match the hashes of a copy.
    return IdentityState.CONSISTENT if part.words is not None or part.units is not None else IdentityState.UNKNOWN


def _numbers(summed: Totals, part: Texts) -> Iterable[tuple[str, int, int]]:
    """What is counted in a part of the references, with a placeholder for the number; the number, and that of the set."""
    own = part.part == "reference"
    counted = (
        phrase("{n} reference texts", n=summed.count)
        if own
        else phrase("{n} texts of the {part}", n=summed.count, part=part.part),
        phrase("{n} reference words", n=summed.words)
        if own
        else phrase("{n} words of the {part}", n=summed.words, part=part.part),
        phrase("{n} reference characters", n=summed.characters)
        if own
        else phrase("{n} characters of the {part}", n=summed.characters, part=part.part),
    )
    for name, words in zip(("count", "words", "characters"), counted, strict=True):
        expected = getattr(part, name)
        if expected is not None:
            yield words, getattr(summed, name), expected


def _equal(summed: Totals, part: Texts) -> list[IdentityReason]:
    reasons = [
        IdentityReason(
            "totals-differ",
            phrase("{counted}; the set has {expected}.", counted=words, expected=expected),
            found,
            expected,
            against=True,
        )
        for words, found, expected in _numbers(summed, part)
        if found != expected
    ]
    if reasons:
        return reasons
    if part.words is not None:
        text = phrase(
            "{n} texts of the {part} with {words} words, as in the set.",
            n=summed.count,
            part=part.part,
            words=summed.words,
        )
        reasons.append(IdentityReason("totals-equal", text, summed.words, part.words))
    if part.sha256 is not None:
        if summed.sha256 == part.sha256:
            text = (
                phrase("The {part} texts have the card's official hash.", part=part.part)
                if part.official
                else phrase("The {part} texts have the card's unofficial hash.", part=part.part)
            )
            reasons.append(IdentityReason("hash-equal", text, summed.sha256, part.sha256))
        else:
            both = {"part": part.part, "found": summed.sha256[:12], "hash": part.sha256[:12]}
            text = (
                phrase("The {part} texts have the hash {found}; the card's official hash is {hash}.", **both)
                if part.official
                else phrase("The {part} texts have the hash {found}; the card's unofficial hash is {hash}.", **both)
            )
            reasons.append(IdentityReason("hash-differs", text, summed.sha256, part.sha256, against=part.official))
    return reasons


def _below(summed: Totals, part: Texts) -> list[IdentityReason]:
    return [
        IdentityReason(
            "totals-above",
            phrase("{counted}; the whole set has {expected}.", counted=words, expected=expected),
            found,
            expected,
            against=True,
        )
        for words, found, expected in _numbers(summed, part)
        if found > expected
    ]


def _label_counts(found: Sequence[str], part: Texts) -> list[IdentityReason]:
    if part.labels is None:
        return []
    counted = Counter(found)
    foreign = sum(count for label, count in counted.items() if label not in part.labels)
    reasons = []
    if foreign:
        text = phrase(
            "{n} of {references} references are not among the labels {labels}.",
            n=foreign,
            references=len(found),
            labels=", ".join(part.labels),
        )
        reasons.append(IdentityReason("foreign-labels", text, foreign, 0, against=True))
    for label, most in part.labels.items():
        if counted[label] > most:
            text = phrase(
                "{n} references are {label}; the whole set has {expected}.",
                n=counted[label],
                label=label,
                expected=most,
            )
            reasons.append(IdentityReason("label-above", text, counted[label], most, against=True))
    return reasons


def _inside(found: Sequence[str], part: Texts, reasons: list[IdentityReason]) -> bool:
    """Whether every text is on the card, judged by truncated hashes; findings are added."""
    if part.units is None:
        return True
    known = Counter(part.units)
    surplus = Counter(map(unit_hash, found)) - known
    repeated = sum(count for unit, count in surplus.items() if unit in known)
    outside = sum(surplus.values()) - repeated
    lacking = (part.count or len(part.units)) - len(part.units)
    texts = {"texts": len(found), "part": part.part}
    if repeated > lacking:
        text = phrase("{n} of {texts} {part} texts occur more often than in the set.", n=repeated, **texts)
        reasons.append(IdentityReason("repeated-texts", text, repeated, lacking, against=True))
    if outside > lacking or repeated <= lacking < repeated + outside:
        text = phrase(
            "{n} of {texts} {part} texts are not among the {known} on the card.",
            n=outside,
            known=len(part.units),
            **texts,
        )
        against = part.official or Fraction(outside, len(found)) > MOST_OUTSIDE
        reasons.append(IdentityReason("texts-outside", text, outside, lacking, against=against))
    if repeated + outside <= lacking:
        inside = len(found) - repeated - outside
        text = phrase(
            "{n} of {texts} {part} texts are among the {known} on the card.", n=inside, known=len(part.units), **texts
        )
        reasons.append(IdentityReason("texts-inside", text, inside, len(found)))
        return True
    return False


def _pairs(rows: Sequence[Row], layout: Layout) -> list[IdentityReason]:
    ids, part = layout.ids, layout.texts[0]
    if ids.pairs_sha256 is None or sorted_sha256(unit_id(row.id) for row in rows) != ids.sha256:
        return []
    pairs = [(unit_id(row.id), prepared(row.reference, part.part, part.case, part.step)) for row in rows]
    if not any(found for _, found in pairs):
        return []
    if pairs_sha256(pairs) == ids.pairs_sha256:
        return [IdentityReason("pairs-equal", "Every id has its reference.", len(rows), len(rows))]
    text = phrase("The ids are those of the set, but the references are under different ids.")
    return [IdentityReason("pairs-differ", text, against=ids.pairs_official)]


def _repeats(rows: Sequence[Row], layout: Layout) -> list[IdentityReason]:
    part, allowed = layout.texts[0], layout.repeats.rows
    keys = [prepared(row.reference, part.part, part.case, part.step) for row in rows]
    given = [(key, row.hypothesis) for key, row in zip(keys, rows, strict=True) if key]
    if not given:
        return []
    if allowed is not None:
        surplus = len(given) - len({key for key, _ in given})
        if surplus <= allowed:
            return []
        text = phrase(
            "{n} of {rows} rows repeat the reference of an earlier row; in the set {allowed} do.",
            n=surplus,
            rows=len(rows),
            allowed=allowed,
        )
        return [IdentityReason("repeated-units", text, surplus, allowed, against=True)]
    surplus = len(given) - len(set(given))
    if Fraction(surplus, len(given)) <= MOST_REPEATED:
        return []
    text = phrase(
        "{n} of {rows} rows repeat both the reference and the output of an earlier row.", n=surplus, rows=len(rows)
    )
    return [IdentityReason("repeated-units", text, surplus, int(MOST_REPEATED * len(given)), against=True)]
