"""The date of outputs, which SOURCE_DATE_EPOCH can fix so that two runs give the same bytes."""

from __future__ import annotations

import os
import time

from audit.errors import InputError

VARIABLE = "SOURCE_DATE_EPOCH"
# 9999-12-31T23:59:59Z: no calendar of Python, and no format that we write, goes beyond.
LATEST = 253_402_300_799


def given_epoch() -> int | None:
    """The value of `SOURCE_DATE_EPOCH` in seconds since 1970; None if it is unset or empty.

    Raises:
        InputError: The value is not an integer, or after the year 9999.
    """
    text = os.environ.get(VARIABLE)
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise InputError(f"{text[:40]!r} is not an integer", where=VARIABLE, fix="Give integer seconds since 1970.")
    if len(text) > len(str(LATEST)) or int(text) > LATEST:
        raise InputError(f"{text[:40]} is after the year 9999", where=VARIABLE, fix="Give integer seconds since 1970.")
    return int(text)


def source_date_epoch() -> int:
    """The date of outputs: `SOURCE_DATE_EPOCH` if set, otherwise the current time.

    Raises:
        InputError: The value of the variable is not an integer.
    """
    given = given_epoch()
    return int(time.time()) if given is None else given
