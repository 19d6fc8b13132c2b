"""The text of a cell: value, deviation, unit and marks, or the reason why it is no claim.

Digits are kept as printed, since the last one says how far a value is rounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, TypeAlias

from audit.literature.tables.table import Reason, Unit

Script: TypeAlias = Literal["", "^", "_", "?"]


class Segment(NamedTuple):
    """A piece of text: on the line (""), superscript (^), subscript (_), or an undefined macro (?)."""

    script: Script
    text: str


Rich: TypeAlias = tuple[Segment, ...]

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_SUPERSCRIPT = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵃᵇᶜᵈᵉ]+")
_THIN = re.compile("[\u2009\u202f\u00a0\u2006\u2008]")
_MARK = r"[*∗⁎†‡§¶#⋆★☆♠♣♦♥△▲▽◇◆○●]"
_TRAILING_MARKS = re.compile(rf"\s*({_MARK}+)$")
_BRACKETS = re.compile(r"\s*(\([^()]*\)|\[[^\[\]]*\])$")
_CHANGE = re.compile(r"\s*([↑↓▲▼△▽]\s*[\d.]+\s*%?)$")
_MISSING = re.compile(r"\(?(?:[-–—]+|n\.?/?a\.?|n\.?r\.?|[/\\?✗✘×…]|\.{3}|tb[ad]|none|null|nan|oom)\)?", re.IGNORECASE)
_PLAIN = r"(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?:\u2009\d{3})+|\d+)(?:\.\d+)?|\.\d+"
_COMMA = r"\d+,\d+"
_NUMBER = rf"[-+–]?\s?(?:{_COMMA}(?![\d.,])|{_PLAIN})"
_PERCENT = r"\s*(%?)"
_VALUE = re.compile(rf"({_NUMBER}){_PERCENT}")
_MEAN = re.compile(rf"\(?({_NUMBER}){_PERCENT}\s*(?:±|\+/-|\+-)\s*({_NUMBER})\)?{_PERCENT}")
_UNCERTAIN = re.compile(r"([-+]?(?:\d+(?:\.\d+)?|\.\d+))\((\d+)\)")
_RANGE = re.compile(
    rf"({_NUMBER})\s*%?\s*(?:[-–—~]|to)\s*({_PLAIN}|{_COMMA})\s*%?"
    rf"|[\[(]\s*{_NUMBER}\s*%?\s*(?:[,;–]|to)\s*{_NUMBER}\s*%?\s*[\])]"
)
_BOUND = re.compile(rf"[<>≤≥~≈∼≲≳]+\s*{_NUMBER}\s*%?")
_SCIENTIFIC = re.compile(r"[-+]?\d*\.?\d+\s*(?:[eE][-+]?\d+|[×x·]\s*10(?:\^?[-+]?\d*))")
_ABBREVIATED = re.compile(rf"{_NUMBER}\s*[kK]")
_OTHER_UNIT = re.compile(
    rf"[$€£¥]\s?{_NUMBER}[kKMB]?|{_NUMBER}\s*(?:h|hrs?|hours?|min|s|sec|ms|dB|Hz|kHz|[kMG]B|[×x]|[€£¥]|USD|EUR)"
)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+")
_SEVERAL = re.compile(r"[-+\d.,%]+(?:\s+[-+\d.,%]+)+")
_SPLIT = re.compile(r"\s*[/|]\s*")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A cell's content; see `audit.literature.tables.table.Cell`. `parts` are the values of a cell such as `1.6/3.6`."""

    text: str
    value: str | None = None
    deviation: str | None = None
    unit: Unit | None = None
    marks: tuple[str, ...] = ()
    reason: Reason | None = None
    parts: tuple[Parsed, ...] = ()


def plain(text: str) -> Rich:
    """Text without markup; superscript characters become superscripts."""
    segments: list[Segment] = []
    position = 0
    for match in _SUPERSCRIPT.finditer(text):
        segments += [Segment("", text[position : match.start()]), Segment("^", match.group().translate(_SUPERSCRIPTS))]
        position = match.end()
    return tuple(s for s in (*segments, Segment("", text[position:])) if s.text)


def label(rich: Rich) -> tuple[str, tuple[str, ...]]:
    """A label as text on one line, and the footnote marks on it."""
    marks = [s.text.strip() for s in rich if s.script == "^"]
    text = _one_line("".join(s.text for s in rich if s.script != "^"))
    match = _TRAILING_MARKS.search(text)
    if match and match.start():
        marks.insert(0, match.group(1))
        text = text[: match.start()]
    return text, tuple(mark for mark in marks if mark)


def has_decimal_comma(rich: Rich) -> bool:
    """Whether a cell's comma can only be a decimal comma: `2,1`."""
    main = _main(rich).translate(str.maketrans("−", "-"))
    return any(not _GROUPED.fullmatch(n) for n in re.findall(r"(?<![\d.,])\d+,\d+(?![\d.,])", main))


def parse(rich: Rich, *, siunitx: bool = False, decimal_comma: bool = False) -> Parsed:
    """Read a cell of the body.

    Args:
        rich: The cell's text.
        siunitx: It stands in a column of siunitx: `4.1(2)` is 4.1 ± 0.2.
        decimal_comma: Another cell of the table has a decimal comma, so that `25,112` has two readings.
    """
    shown = _one_line(_main(rich))
    if any(s.script == "?" for s in rich):
        return Parsed(shown, reason="unknown-macro")
    marks = [s.text.strip() for s in rich if s.script == "^" and s.text.strip()]
    main = _emphasis(shown)
    deviation = None
    for sub in (_one_line(s.text) for s in rich if s.script == "_"):
        match = re.fullmatch(rf"(?:±|\+/-|\+-)\s*({_NUMBER})\s*%?", sub.replace("−", "-"))
        if match and deviation is None:
            deviation = _digits(match.group(1))
        elif sub:
            marks.append(sub)
    if re.search(r"[×x·]\s*10$", main) and marks:
        return Parsed(f"{shown}^{marks[0]}", reason="scientific")
    found = _line(main, siunitx=siunitx, decimal_comma=decimal_comma)
    if found.value is None and not found.parts:
        # Marks on a cell without a value mean nothing for a claim.
        return replace(found, text=shown)
    return replace(
        found, text=shown, deviation=found.deviation or deviation, marks=(*found.marks, *marks),
    )  # fmt: skip


def _line(text: str, *, siunitx: bool, decimal_comma: bool) -> Parsed:
    """Read the part of a cell that stands on the line."""
    simple = _THIN.sub("\u2009", text).replace("−", "-")
    if not simple.strip():
        return Parsed(text, reason="empty")
    pieces = _SPLIT.split(simple.strip())
    if _MISSING.fullmatch(simple) or all(_MISSING.fullmatch(piece) for piece in pieces):
        return Parsed(text, reason="no-value")
    if siunitx and (match := _UNCERTAIN.fullmatch(simple)):
        return Parsed(text, _digits(match.group(1)), uncertainty(match.group(1), match.group(2)))
    value = _number(simple, decimal_comma=decimal_comma)
    if value:
        return value
    if len(pieces) > 1:
        parts = tuple(_part(piece, decimal_comma=decimal_comma) for piece in pieces)
        if any(part.value for part in parts) and all(part.value or part.reason for part in parts):
            return Parsed(text, reason="several-values", parts=parts)
    for pattern in (_TRAILING_MARKS, _BRACKETS, _CHANGE):
        match = pattern.search(simple)
        if match and match.start():
            inner = _line(simple[: match.start()], siunitx=siunitx, decimal_comma=decimal_comma)
            if inner.value or inner.parts:
                return replace(inner, text=text, marks=(*inner.marks, match.group(1)))
    return Parsed(text, reason=_reason(simple))


def _reason(simple: str) -> Reason:
    patterns: tuple[tuple[re.Pattern[str], Reason], ...] = (
        (_BOUND, "bound"), (_RANGE, "range"), (_SCIENTIFIC, "scientific"), (_ABBREVIATED, "abbreviated"),
        (_OTHER_UNIT, "other-unit"), (_SEVERAL, "several-values"),
    )  # fmt: skip
    return next((reason for pattern, reason in patterns if pattern.fullmatch(simple)), "text")


def _number(simple: str, *, decimal_comma: bool) -> Parsed | None:
    match = _MEAN.fullmatch(simple)
    if match:
        value, first, deviation, second = match.groups()
        unit: Unit | None = "percent" if first or second else None
        return Parsed(simple, _digits(value), _digits(deviation), unit)
    match = _VALUE.fullmatch(simple)
    if not match:
        return None
    value, sign = match.groups()
    if decimal_comma and _GROUPED.fullmatch(value.lstrip("-+– ")):
        return Parsed(simple, reason="decimal-comma")
    return Parsed(simple, _digits(value), unit="percent" if sign else None)


def _part(piece: str, *, decimal_comma: bool) -> Parsed:
    if _MISSING.fullmatch(piece):
        return Parsed(piece, reason="no-value")
    match = _TRAILING_MARKS.search(piece)
    bare = piece[: match.start()] if match else piece
    found = _number(bare, decimal_comma=decimal_comma)
    if found is None:
        # `reason` stays open for text, so that `A/B` is text and `<0.1 / 3.6` is two entries.
        reason = _reason(bare)
        return Parsed(piece, reason=None if reason == "text" else reason)
    return replace(found, text=piece, marks=(match.group(1),) if match else ())


def _digits(number: str) -> str:
    """A number as digits and a point: without separators, a plus sign, or a comma for a point."""
    text = number.replace("–", "-").replace("\u2009", "").replace(" ", "").lstrip("+")
    sign, text = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole = text.partition(".")[0]
    text = text.replace(",", "") if _GROUPED.fullmatch(whole) else text.replace(",", ".")
    return f"{sign}0{text}" if text.startswith(".") else sign + text


def uncertainty(value: str, digits: str) -> str:
    """siunitx's `(2)` after 4.1, in units of the last digit, as a number: 0.2."""
    places = len(value.partition(".")[2])
    padded = digits.zfill(places + 1)
    return f"{padded[:-places]}.{padded[-places:]}" if places else digits


def _main(rich: Rich) -> str:
    return "".join(s.text for s in rich if s.script in {"", "?"})


def _one_line(text: str) -> str:
    """Text on one line, without spaces at its ends; thin and fixed spaces stay between digits only."""
    text = re.sub(r"[ \t\r\n]+", " ", text)
    text = re.sub("(?<![0-9])[\u2009\u202f\u00a0\u2006\u2008]|[\u2009\u202f\u00a0\u2006\u2008](?![0-9])", " ", text)
    return re.sub(" +", " ", text).strip()


def _emphasis(text: str) -> str:
    """Text without Markdown's bold and italics around it, as CSV files keep them."""
    match = re.fullmatch(r"(\*\*|__|\*|_)(.+?)\1", text)
    return match.group(2) if match else text
