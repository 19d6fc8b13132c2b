"""What all tests share holds for each of them, whichever else are run."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

DRAWN: list[int] = []


def test_examples_are_the_same_on_every_run_and_have_no_time_limit() -> None:
    assert settings().derandomize
    assert settings().deadline is None


def test_drawn_twice_they_are_equal() -> None:
    @settings(max_examples=20, database=None)
    @given(st.integers())
    def draw(number: int) -> None:
        DRAWN.append(number)

    draw()
    first = DRAWN.copy()
    DRAWN.clear()
    draw()
    assert first == DRAWN
