from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import InputError
from audit.judge import sensitivity
from audit.judge.scoring import Rating
from tasks.judging.conventions import find
from tasks.judging.verdict import JudgedCounts
from tests.support.paths import ROOT

Units = dict[str, JudgedCounts]


def units(points: list[int | None]) -> Units:
    """One unit of one possible point each; None is a unit that is excluded."""
    return {
        f"u{number:04}": JudgedCounts(excluded=1, failed=1) if value is None else JudgedCounts(value, 1, 1)
        for number, value in enumerate(points)
    }


def test_the_paired_interval_is_about_the_difference() -> None:
    rng = np.random.default_rng(1)
    first = [int(x) for x in rng.integers(0, 2, 400)]
    second = [1 - x if number < 20 else x for number, x in enumerate(first)]
    result = sensitivity.paired(units(first), units(second), seed=3)
    assert result is not None
    assert result.value == pytest.approx((sum(second) - sum(first)) / 400)
    # Only 20 of 400 differ, so the paired standard error is at most sqrt(20)/400 = 0.011, not 0.035 as
    # unpaired.
    assert result.low < result.value < result.high
    assert result.high - result.low < 5 * 20**0.5 / 400
    assert result == sensitivity.paired(units(first), units(second), seed=3)
    assert result != sensitivity.paired(units(first), units(second), seed=4)


def test_the_interval_covers_as_often_as_it_says() -> None:
    """Of 95 % intervals over samples with a known difference of 0.1, about 95 % cover it."""
    rng = np.random.default_rng(7)
    covered = 0
    for trial in range(200):
        a = rng.random(150) < 0.5
        b = np.where(rng.random(150) < 0.8, a, rng.random(150) < 1.0)
        result = sensitivity.paired(units([int(x) for x in a]), units([int(x) for x in b]), replicates=300, seed=trial)
        assert result is not None
        covered += result.low <= 0.1 <= result.high
    assert 0.90 <= covered / 200 <= 0.99


def test_blocks_do_not_change_the_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = units([0, 1] * 50), units([1, 1, 0, 1] * 25)
    whole = sensitivity.paired(first, second, replicates=50)
    monkeypatch.setattr(sensitivity, "_BLOCK", 300)
    assert sensitivity.paired(first, second, replicates=50) == whole


def test_only_units_that_both_count_are_compared() -> None:
    result = sensitivity.paired(units([1, 0, None, 1]), units([1, 1, 1]), replicates=10)
    assert result is not None
    assert result.units == 2
    assert result.value == 0.5
    assert sensitivity.paired(units([None]), units([1])) is None
    assert sensitivity.paired({}, {}) is None


def test_probes() -> None:
    found = sensitivity.probe(units([0, 0, 1, 1, None]), units([0, 1, 0, 1, 1]), replicates=10)
    assert (found.units, found.raised, found.lowered) == (4, 1, 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), max_size=30))
def test_length_preference_is_the_share_of_pairs(rows: list[tuple[int, int]]) -> None:
    lengths = {f"u{number:04}": length for number, (_, length) in enumerate(rows)}
    found = sensitivity.length_preference(units([points for points, _ in rows]), lengths)
    pairs = [(a, b) for (p, a) in rows for (q, b) in rows if p < q]
    if not pairs:
        assert found is None
    else:
        twice = sum(2 * (b > a) + (b == a) for a, b in pairs)
        assert found == Fraction(twice, 2 * len(pairs))


def test_agreement_leaves_failed_replies_out() -> None:
    convention = find("spoken-qa", "paper-judge")
    assert convention is not None
    found = sensitivity.agree(
        convention,
        {
            Rating("a"): {
                "x": JudgedCounts(1, 1, 1),
                "y": JudgedCounts(0, 1, 1, 0, 1),
                "z": JudgedCounts(1, 1, 1),
            },
            Rating("b"): {"x": JudgedCounts(1, 1, 1), "y": JudgedCounts(0, 1, 1), "z": JudgedCounts(0, 1, 1)},
        },
    )
    assert found.units == 2
    assert found.raw == Fraction(1, 2)
    assert list(found.cohen) == [("a", "b")]


def compare(claim: str, shares: dict[str, str], models: dict[str, str], factor: int = 1) -> sensitivity.Comparability:
    return sensitivity.comparability(
        claim, "gpt-3.5", {name: Fraction(value) for name, value in shares.items()}, models, factor=factor
    )


def test_another_judge_is_not_comparable_unless_the_range_covers_the_claim() -> None:
    one = compare("0.41", {"a#1": "0.36"}, {"a#1": "qwen"})
    assert one.state == "not-comparable"
    assert "qwen" in one.sentence
    assert "a different measurement" in one.sentence
    # One judge that happens to give the same number proves nothing about the judge.
    assert compare("0.41", {"a#1": "0.41"}, {"a#1": "qwen"}).state == "not-comparable"
    # Nor do several seeds of one model.
    seeds = compare("0.41", {"a#1": "0.36", "a#1 (repeat 2)": "0.45"}, {"a#1": "qwen", "a#1 (repeat 2)": "qwen"})
    assert seeds.state == "not-comparable"
    two = compare("0.41", {"a#1": "0.36", "b#2": "0.45"}, {"a#1": "qwen", "b#2": "llama"})
    assert two.state == "covered-by-judges"
    assert "range from 0.3600 to 0.4500" in two.sentence
    assert "covers the reported 0.41" in two.sentence
    outside = compare("0.41", {"a#1": "0.36", "b#2": "0.40"}, {"a#1": "qwen", "b#2": "llama"})
    assert outside.state == "not-comparable"
    assert "does not cover" in outside.sentence


@pytest.mark.parametrize(
    ("low", "high", "state"),
    [
        ("0.3", "0.4049", "not-comparable"),
        ("0.3", "0.405", "covered-by-judges"),
        ("0.415", "0.5", "covered-by-judges"),
        ("0.4151", "0.5", "not-comparable"),
    ],
)
def test_the_claims_rounding_interval_counts(low: str, high: str, state: str) -> None:
    assert compare("0.41", {"a": low, "b": high}, {"a": "x", "b": "y"}).state == state


def test_the_papers_judge() -> None:
    found = compare("0.41", {"a": "0.3"}, {"a": "gpt-3.5-turbo-0613"})
    assert found.state == "same-judge"
    # What the server reports decides, not what was asked for.
    assert compare("0.41", {"gpt-3.5-turbo#1": "0.3"}, {"gpt-3.5-turbo#1": "qwen"}).state == "not-comparable"
    assert compare("0.41", {}, {}).state == "not-comparable"
    assert compare("41.0", {"a": "0.3", "b": "0.5"}, {"a": "x", "b": "y"}, 100).state == "covered-by-judges"


@pytest.mark.parametrize("claim", ["", "x", "1e3", "0,41", "١", "."])
def test_claims_that_are_no_numbers(claim: str) -> None:
    with pytest.raises(InputError, match="is not a decimal number"):
        compare(claim, {"a": "0.3"}, {"a": "x"})


def test_the_command_imports_nothing_heavy() -> None:
    code = (
        "import sys, audit.cli.commands.judge, audit.cli.judge_actions; "
        "print([m for m in ('torch', 'transformers', 'openai', 'rich.progress') if m in sys.modules])"
    )
    root = ROOT
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_rules_import_nothing_of_the_pipeline() -> None:
    code = "import sys, tasks.judging.conventions; print([m for m in sys.modules if m.split('.')[0] == 'audit'])"
    root = ROOT
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
