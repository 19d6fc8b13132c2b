from __future__ import annotations

import io
import sys

import pytest

from audit._util.progress import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(seen: list[tuple[float, int]], total: int) -> list[str]:
    """What is written where (second, done) are seen."""
    stream, now = io.StringIO(), [0.0]
    with progress("judging", stream=stream, clock=lambda: now[0]) as shown:
        for second, done in seen:
            now[0] = second
            shown.show(done, total)
    return stream.getvalue().splitlines()


def test_a_line_every_ten_seconds_with_rate_and_time_left() -> None:
    # The hundred that were done before count as done, and not for the speed.
    assert lines([(0, 100), (5, 150), (10, 200), (11, 210), (40, 400), (40, 400)], 400) == [
        "judging: 100 of 400",
        "judging: 200 of 400, 10.0/s, 0:20 left",
        "judging: 400 of 400, 7.5/s",
    ]


def test_what_is_slow_is_told_by_the_minute() -> None:
    assert lines([(0, 0), (40, 1)], 200) == ["judging: 0 of 200", "judging: 1 of 200, 1.5/min, 2:12:40 left"]


def test_nothing_is_told_twice() -> None:
    assert lines([(0, 7), (30, 7)], 7) == ["judging: 7 of 7"]
    assert lines([(0, 0), (30, 0)], 0) == ["judging: 0 of 0"]


def test_a_known_total_is_told_at_once() -> None:
    stream, now = io.StringIO(), [0.0]
    with progress("scoring", 30, stream, clock=lambda: now[0]) as bar:
        assert stream.getvalue() == "scoring: 0 of 30\n"
        for second in (4, 10, 12):
            now[0] = float(second)
            bar.advance(10)
    assert stream.getvalue().splitlines()[1:] == ["scoring: 20 of 30, 2.0/s, 0:05 left", "scoring: 30 of 30, 2.5/s"]


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with progress("judging", stream=stream) as shown:
        shown.show(1, 4)
        shown.show(4, 4)
    assert "4/4" in stream.getvalue()
    assert "judging" in stream.getvalue()


def test_a_terminal_that_cannot_move_its_cursor_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    with progress("judging", 4, stream) as bar:
        bar.advance(4)
    assert stream.getvalue().startswith("judging: 0 of 4\njudging: 4 of 4")


def test_prints_keep_their_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar on standard error takes nothing from standard output where that is a file; notes on stderr are not lost."""
    monkeypatch.setenv("TERM", "xterm")
    out, err = io.StringIO(), Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with progress("judging", 2) as bar:
        print("a result")
        print("a note", file=sys.stderr)
        bar.advance(2)
    assert out.getvalue() == "a result\n"
    assert "a note" in err.getvalue()
    assert "a result" not in err.getvalue()
