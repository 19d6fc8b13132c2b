"""The date that an output carries: fixed by SOURCE_DATE_EPOCH, so that two runs give the same bytes."""

from __future__ import annotations

import os
import time

from audit.errors import InputError

VARIABLE = "SOURCE_DATE_EPOCH"


def given_epoch() -> int | None:
    """Seconds since 1970 that `SOURCE_DATE_EPOCH` holds; None where it is not set or empty.

    Raises:
        InputError: The variable holds no whole number of seconds.
    """
    text = os.environ.get(VARIABLE)
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise InputError(f"{text!r} is no number of seconds", where=VARIABLE, fix="Give whole seconds since 1970.")
    return int(text)


def source_date_epoch() -> int:
    """The date of what is written now: `SOURCE_DATE_EPOCH` if it is set, else the clock's.

    Raises:
        InputError: The variable holds no whole number of seconds.
    """
    given = given_epoch()
    return int(time.time()) if given is None else given
