"""The search for unused objects is off during work, and as before after it."""

from __future__ import annotations

import gc

import pytest

from audit._util.garbage import uncollected
from audit.scoring import counting


def _failing() -> None:
    with uncollected():
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
        raise ValueError("inside")


def test_it_is_off_inside_and_as_before_after_an_error() -> None:
    assert gc.isenabled()
    with pytest.raises(ValueError, match="inside"):
        _failing()
    assert gc.isenabled()
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_it_is_off_while_rows_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    states: list[bool] = []
    monkeypatch.setattr(counting, "_prepare", lambda *_: states.append(gc.isenabled()))
    counting.count((), ())
    assert (states, gc.isenabled()) == ([False], True)
