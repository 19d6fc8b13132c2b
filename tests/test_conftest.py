"""What all tests share holds for each of them, whichever else are run."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.paths import ROOT

pytest_plugins = ("pytester",)

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


def test_what_passed_here_is_left_out_there(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Skipped, failed, and failed at the end are run again; ids with brackets, blanks and backslashes are ids."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makeconftest(Path(ROOT / "tests/conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(
        test_some="""
        import pytest

        @pytest.mark.parametrize("text", ["a b", "[x]", "\\n\\\\", "é"])
        def test_passes(text): pass
        def test_skipped(): pytest.skip()
        def test_fails(): assert False
        @pytest.fixture
        def ends_badly():
            yield
            assert False
        def test_fails_at_its_end(ends_badly): pass
        """,
        test_needs="import pytest\npytest.importorskip('nothing_of_this_name')\ndef test_more(): pass",
    )
    passed = pytester.path.with_name("apart") / "passed"
    passed.parent.mkdir()
    first = pytester.runpytest_subprocess("--passed-to", passed, "-n", "2")
    first.assert_outcomes(passed=5, skipped=2, failed=1, errors=1)
    # As in the environment of a session: written apart, a path that exists would be taken for the folder of the tests.
    monkeypatch.setenv("PYTEST_ADDOPTS", f"--but={passed}")
    again = pytester.runpytest_subprocess("-n", "2")
    again.assert_outcomes(skipped=2, failed=1, passed=1, errors=1)
    assert len(passed.read_text().splitlines()) == 4
