"""A reply beyond what a judge can have written is not read, whichever parser would read it."""

from __future__ import annotations

import pytest

from tasks.judging import conventions
from tasks.judging.conventions import CONVENTIONS, MAX_REPLY
from tasks.judging.parsers import PARSERS
from tasks.row import Row


@pytest.mark.parametrize("parser", PARSERS)
def test_no_parser_is_given_a_longer_reply(parser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    convention = next(iter(CONVENTIONS))
    given: list[int] = []
    real = PARSERS[parser]
    monkeypatch.setitem(conventions.PARSERS, parser, lambda reply: given.append(len(reply)) or real(reply))
    row = Row("a", "x", None)
    for text in ("Explanation: ", "Rating: ", "[", "</think>", " "):
        reply = (text * (MAX_REPLY + 1))[: MAX_REPLY + 1]
        assert convention.read(row, reply, parser=parser).status == "unparsed"
    assert given == []
    convention.read(row, "Rating: 1", parser=parser)
    assert given == [9]
