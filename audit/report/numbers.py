"""Numbers and texts as readers see them; numbers are decimal strings throughout, never floats."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation, localcontext
from typing import Any

from audit._util.html_templates import printable
from audit.report.language import day, percent, tr, trc, whole_number

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def clean(value: Any) -> Any:
    """Show what cannot be seen in texts, keys and fields for what it is (`audit._util.html_templates.printable`).

    Values without such characters are returned unchanged, so that cleaning a document reads each text once.
    """
    if isinstance(value, str):
        return printable(value)
    if is_dataclass(value) and not isinstance(value, type):
        old = {item.name: getattr(value, item.name) for item in fields(value)}
        new = {name: cleaned for name, part in old.items() if (cleaned := clean(part)) is not part}
        return replace(value, **new) if new else value
    if isinstance(value, Mapping):
        found = {clean(key): clean(item) for key, item in value.items()}
        return value if all(key in found and found[key] is item for key, item in value.items()) else found
    if isinstance(value, tuple | list):
        items = [clean(item) for item in value]
        return value if all(a is b for a, b in zip(items, value, strict=True)) else type(value)(items)
    return value


def decimal(value: Any) -> Decimal | None:
    """A JSON number or decimal string as a Decimal; None for anything else."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def places(value: Any) -> int:
    """Number of digits after the decimal point."""
    _, _, fraction = str(value).partition(".")
    return len(fraction)


def rounded(value: Decimal, digits: int) -> Decimal:
    """A decimal rounded half up to `digits` decimals, however long it is."""
    with localcontext(Context(prec=28 + max(0, value.adjusted()) + digits)):
        return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def shown(value: Any, digits: int) -> str:
    """A decimal string with at most `digits` decimals and a true minus sign; other texts unchanged.

    A value with fewer digits is never padded: a recorded `21.6` must not look like `21.60`.
    """
    text = "" if value is None else str(value)
    if _NUMBER.fullmatch(text) is None:
        return text
    if places(text) > digits:
        short = rounded(Decimal(text), digits)
        text = f"{short:+f}" if text.startswith("+") else f"{short:f}"
    return text.replace("-", "\u2212")


def signed(value: Any, digits: int) -> str:
    """A difference: as `shown`, always with a sign."""
    text = shown(value, digits)
    return f"+{text}" if text[:1].isdigit() else text


def whole(value: Any) -> str:
    """An integer with separators between thousands; empty for None."""
    return whole_number(value) if isinstance(value, int) else ("" if value is None else str(value))


def range_of(low: str, high: str) -> str:
    """`34.10 to 34.61`."""
    return tr("{low} to {high}", low=low, high=high)


def part_of(part: int | str, of: int) -> str:
    """`15,473 of 15,531`."""
    return tr("{part} of {whole}", part=whole(part), whole=whole(of))


def share(part: int, of: int) -> str:
    """`part` of `of` in percent with one decimal, truncated, so that 99.96 % does not become 100.0 %."""
    if of <= 0:
        return ""
    tenths = part * 1000 // of
    return percent(f"{tenths // 10}.{tenths % 10}")


def chance(value: Any) -> str:
    """A probability that was rounded up to two decimals, in percent: `at most 20 %`, `more than 99 %`."""
    number = decimal(value)
    if number is None:
        return ""
    if number >= 1:
        return tr("more than {share}", share=percent("99"))
    if not number:
        return trc("chance", "none")
    return tr("at most {share}", share=percent(f"{(number * 100).to_integral_value():f}"))


def date(epoch: Any) -> str:
    """The day of a Unix time, in UTC, as 2026-11-23 or as usual in the language; empty if none."""
    return day(moment(epoch)) if isinstance(epoch, int) else ""


def moment(epoch: int) -> datetime:
    """A Unix time as a datetime in UTC."""
    return datetime.fromtimestamp(epoch, UTC)


def brief(printed: str, most: int = 8) -> str:
    """A printed number for a narrow column of `most` characters: decimals that do not fit give way to an ellipsis.

    Programs that print all digits of a binary float give up to seventeen.
    """
    kept = max(most - 1, len(printed.partition(".")[0]) + 2)
    return f"{printed[:kept]}\u2026" if len(printed) > max(most, kept + 1) else printed
