"""The date of outputs, which SOURCE_DATE_EPOCH can fix so that two runs give the same bytes."""

from __future__ import annotations

import os
import time

from audit.errors import InputError

VARIABLE = "SOURCE_DATE_EPOCH"


def given_epoch() -> int | None:
    """The value of `SOURCE_DATE_EPOCH` in seconds since 1970; None if it is unset or empty.

    Raises:
        InputError: The value is not an integer.
    """
    text = os.environ.get(VARIABLE)
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise InputError(f"{text!r} is not an integer", where=VARIABLE, fix="Give integer seconds since 1970.")
    return int(text)


def source_date_epoch() -> int:
    """The date of outputs: `SOURCE_DATE_EPOCH` if set, otherwise the current time.

    Raises:
        InputError: The value of the variable is not an integer.
    """
    given = given_epoch()
    return int(time.time()) if given is None else given
