"""Numbers and texts as a reader sees them; numbers come in and stay decimal strings, never floats."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
# What no XML, HTML or PDF text may hold: control characters, halves of surrogate pairs, two non-characters; and the marks
# that turn the direction of all that follows, by which a text could disguise its neighbours.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def clean(value: Any) -> Any:
    """The same JSON value with every character that cannot be shown replaced by U+FFFD, in keys and in values."""
    if isinstance(value, str):
        return _UNPRINTABLE.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {clean(str(key)): clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    return value


def decimal(value: Any) -> Decimal | None:
    """A JSON number or decimal string as a Decimal; None for what is neither."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def places(value: Any) -> int:
    """How many digits a decimal string has after its point."""
    _, _, fraction = str(value).partition(".")
    return len(fraction)


def shown(value: Any, digits: int) -> str:
    """A decimal string with at most `digits` digits after its point and a true minus sign; other texts as they are.

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
    """A difference: as `shown`, with its sign always there."""
    text = shown(value, digits)
    return f"+{text}" if text[:1].isdigit() else text


def whole(value: Any) -> str:
    """An integer with thousands separated by commas; an empty text for None."""
    return f"{value:,}" if isinstance(value, int) else ("" if value is None else str(value))


def share(part: int, of: int) -> str:
    """`part` of `of` in percent with one digit, cut, so that 99.96 % does not look like everything."""
    if of <= 0:
        return ""
    tenths = part * 1000 // of
    return f"{tenths // 10}.{tenths % 10} %"


def chance(value: Any) -> str:
    """A chance that was rounded up to two decimals, in percent: `at most 20 %`, `more than 99 %`."""
    number = decimal(value)
    if number is None:
        return ""
    if number >= 1:
        return "more than 99 %"
    return f"at most {(number * 100).to_integral_value():f} %" if number else "none"


def date(epoch: Any) -> str:
    """The day of a Unix time, in UTC, as 2026-11-23; an empty text where there is none."""
    return moment(epoch).strftime("%Y-%m-%d") if isinstance(epoch, int) else ""


def moment(epoch: int) -> datetime:
    """A Unix time as a datetime in UTC."""
    return datetime.fromtimestamp(epoch, UTC)
