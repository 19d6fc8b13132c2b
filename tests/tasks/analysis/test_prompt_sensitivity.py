from __future__ import annotations

import json
import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from audit.literature.known_tasks import conventions_of as conventions
from tasks.analysis.prompt_sensitivity import sensitivity
from tasks.row import Row
from tasks.step_cache import ChainCache

KNOWN = conventions()
WER = KNOWN["asr-librispeech-clean", "wer", "slam-llm"]
ACCURACY = KNOWN["er-iemocap", "accuracy", "iemocap-4way"]


def test_per_prompt_rates_of_a_real_run(shared_real: Path) -> None:
    data = json.loads((shared_real / "audiobench/librispeech_test_clean.json").read_text(encoding="utf-8"))
    rows = [Row(str(i), x["model_prediction"], x["answer"], prompt=x["text"]) for i, x in enumerate(data)]
    found = sensitivity(
        ChainCache(rows), KNOWN["asr-librispeech-clean", "wer", "audiobench"], bootstrap=200, permutations=199
    )
    assert found is not None
    assert (len(found.prompts), found.rows, found.tested) == (10, 2617, 10)
    values = {s.prompt: s.value for s in found.prompts}
    for prompt, expected, digits in (
        ("Turn the speech input into a text transcription.", "1.81", 2),
        ("Transform the speech into a text document.", "2.12", 2),
        ("Decode the audio and give me the written transcription.", "217", 0),
        ("Capture the spoken language and convert it to text.", "177", 0),
    ):
        assert f"{float(values[prompt] or 0):.{digits}f}" == expected
    assert found.p == Fraction(1, 200)
    best, worst = found.prompts[0], found.prompts[-1]
    assert best.interval
    assert worst.interval
    assert best.interval[1] < worst.interval[0]
    assert best.interval[0] <= float(best.value or 0) <= best.interval[1]


def rows_of(right: dict[str, float], number: int, seed: int) -> list[Row]:
    rng = random.Random(seed)
    prompts = sorted(right)
    rows = []
    for i in range(number):
        prompt = rng.choice(prompts)
        rows.append(Row(f"{i:05}", "Happy" if rng.random() < right[prompt] else "Sad", "Happy", prompt=prompt))
    return rows


def test_planted_difference_is_found_and_its_absence_is_not() -> None:
    different = sensitivity(ChainCache(rows_of({"a": 0.5, "b": 0.9}, 300, 1)), ACCURACY, bootstrap=0, permutations=299)
    assert different is not None
    assert different.p == Fraction(1, 300)
    same = sensitivity(ChainCache(rows_of({"a": 0.7, "b": 0.7, "c": 0.7}, 300, 2)), ACCURACY, permutations=299)
    assert same is not None
    assert same.p is not None
    assert same.p > Fraction(1, 20)


def test_false_alarms_are_as_rare_as_they_should_be() -> None:
    """Rows in which an output in ten is a loop of many errors, prompts without any influence: p < 0.1 in one of ten."""
    alarms = 0
    for seed in range(100):
        rng = random.Random(seed)
        rows = [
            Row(
                str(i), "x " * 60 if rng.random() < 0.1 else "one two three", "one two three", prompt=rng.choice("abcd")
            )
            for i in range(120)
        ]
        found = sensitivity(ChainCache(rows), WER, bootstrap=0, permutations=99, seed=seed)
        assert found is not None
        assert found.p is not None
        alarms += found.p <= Fraction(1, 10)
    # Binomial(100, 0.1): outside 2..20 once in a thousand. The draws are fixed.
    assert 2 <= alarms <= 20


def test_small_prompts_are_shown_and_not_tested() -> None:
    rows = [Row(str(i), "Sad", "Sad", prompt="a" if i < 30 else "b" if i < 60 else "rare") for i in range(62)]
    found = sensitivity(ChainCache(rows), ACCURACY, bootstrap=10, permutations=19)
    assert found is not None
    assert [(s.prompt, s.rows) for s in found.prompts] == [("a", 30), ("b", 30), ("rare", 2)]
    assert (found.tested, found.p) == (2, Fraction(1))
    lonely = sensitivity(ChainCache([*rows[:30], rows[-1]]), ACCURACY, bootstrap=0)
    assert lonely is not None
    assert (lonely.tested, lonely.p) == (1, None)


def test_one_prompt_or_none_is_no_question() -> None:
    assert sensitivity(ChainCache([Row("1", "Sad", "Sad", prompt="a")] * 3), ACCURACY) is None
    assert sensitivity(ChainCache([Row("1", "Sad", "Sad")] * 3), ACCURACY) is None
    failed = [Row("1", None, "Sad", prompt="b", extra={"error": "x"}), Row("2", "Sad", "Sad", prompt="a")]
    assert sensitivity(ChainCache(failed), ACCURACY) is None


def test_same_seed_same_answer() -> None:
    rows = rows_of({"a": 0.5, "b": 0.6}, 200, 3)
    one, two = (sensitivity(ChainCache(rows), ACCURACY, bootstrap=50, permutations=99) for _ in range(2))
    assert one is not None
    assert one == two


@pytest.mark.parametrize("metric", ["mc-musiccaps/bleu/hufs-13a", "mc-musiccaps/rouge-l/hufs-13a"])
def test_metrics_that_are_no_ratio(metric: str) -> None:
    task, name, convention = metric.split("/")
    rng = np.random.Generator(np.random.PCG64(5))
    rows = []
    for i in range(80):
        words = [f"w{j}" for j in rng.integers(0, 9, size=12)]
        said = words if i % 2 else [f"w{j}" for j in rng.integers(0, 9, size=12)]
        rows.append(Row(f"{i:03}", " ".join(said), " ".join(words), prompt="good" if i % 2 else "bad"))
    found = sensitivity(ChainCache(rows), KNOWN[task, name, convention], bootstrap=0, permutations=99)
    assert found is not None
    assert [s.prompt for s in found.prompts] == ["bad", "good"]
    assert found.p == Fraction(1, 100)
