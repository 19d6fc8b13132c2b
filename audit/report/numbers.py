"""Numbers and texts as readers see them; numbers are decimal strings throughout, never floats."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
# Not allowed in XML, HTML or PDF text: control characters, lone surrogates, two non-characters; also direction marks, with
# which a text could disguise its neighbours.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def clean(value: Any) -> Any:
    """Replace every unprintable character in texts, keys and fields with U+FFFD.

    Values without such characters are returned unchanged, so that cleaning a document reads each text once.
    """
    if isinstance(value, str):
        return _UNPRINTABLE.sub("\ufffd", value) if _UNPRINTABLE.search(value) else value
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


def shown(value: Any, digits: int) -> str:
    """A decimal string with at most `digits` decimals and a true minus sign; other texts unchanged.

    A value with fewer digits is never padded: a recorded `21.6` must not look like `21.60`.
    """
    text = "" if value is None else str(value)
    if _NUMBER.fullmatch(text) is None:
        return text
    if places(text) > digits:
        rounded = Decimal(text).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
        text = f"{rounded:+f}" if text.startswith("+") else f"{rounded:f}"
    return text.replace("-", "\u2212")


def signed(value: Any, digits: int) -> str:
    """A difference: as `shown`, always with a sign."""
    text = shown(value, digits)
    return f"+{text}" if text[:1].isdigit() else text


def whole(value: Any) -> str:
    """An integer with commas between thousands; empty for None."""
    return f"{value:,}" if isinstance(value, int) else ("" if value is None else str(value))


def share(part: int, of: int) -> str:
    """`part` of `of` in percent with one decimal, truncated, so that 99.96 % does not become 100.0 %."""
    if of <= 0:
        return ""
    tenths = part * 1000 // of
    return f"{tenths // 10}.{tenths % 10} %"


def chance(value: Any) -> str:
    """A probability that was rounded up to two decimals, in percent: `at most 20 %`, `more than 99 %`."""
    number = decimal(value)
    if number is None:
        return ""
    if number >= 1:
        return "more than 99 %"
    return f"at most {(number * 100).to_integral_value():f} %" if number else "none"


def date(epoch: Any) -> str:
    """The day of a Unix time, in UTC, as 2026-11-23; empty if none."""
    return moment(epoch).strftime("%Y-%m-%d") if isinstance(epoch, int) else ""


def moment(epoch: int) -> datetime:
    """A Unix time as a datetime in UTC."""
    return datetime.fromtimestamp(epoch, UTC)


def brief(printed: str, most: int = 8) -> str:
    """A printed number for a narrow column of `most` characters: decimals that do not fit give way to an ellipsis.

    Programs that print all digits of a binary float give up to seventeen.
    """
    kept = max(most - 1, len(printed.partition(".")[0]) + 2)
    return f"{printed[:kept]}\u2026" if len(printed) > max(most, kept + 1) else printed
