from __future__ import annotations

import time

import pytest

from audit._util.clock import given_epoch, source_date_epoch
from audit.errors import InputError


def test_the_variable_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert given_epoch() == source_date_epoch() == 1_700_000_000
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert given_epoch() == source_date_epoch() == 0


@pytest.mark.parametrize("text", [None, ""])
def test_without_it_the_clock_does(monkeypatch: pytest.MonkeyPatch, text: str | None) -> None:
    if text is None:
        monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    else:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
    assert given_epoch() is None
    before = int(time.time())
    assert before <= source_date_epoch() <= time.time()


@pytest.mark.parametrize("text", ["yesterday", "1.5", "-1", " 1", "１２"])
def test_what_is_no_number_of_seconds_is_an_error(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
    with pytest.raises(InputError, match="SOURCE_DATE_EPOCH"):
        source_date_epoch()
