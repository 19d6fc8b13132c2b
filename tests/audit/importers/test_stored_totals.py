"""The totals that AudioBench's files state about themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.errors import InputError
from audit.scoring.predictions import PredictionSet

Import = Callable[..., PredictionSet]
Write = Callable[..., Path]


def judged(*ratings: Any) -> list[dict[str, Any]]:
    return [{"question": "q", "reference": "Sad.", "model_prediction": "Sad.", "judge_response": f"Rating: {rating}",
             "rate_score": rating, "success": 1} for rating in ratings]  # fmt: skip


@pytest.mark.parametrize(
    ("score", "ratings", "says"),
    [
        (
            40.0,
            (1, 0, 0),
            "judge_score 40.0; its 3 rows give 33.3333 (mean of rate_score x 100): the total is not theirs",
        ),
        (33.33, (1, 0, 0), "judge_score 33.33; its 3 rows give it (mean of rate_score x 100)"),
        (2.5, (5.0, 0.0), "judge_score 2.5; its 2 rows give it (mean of rate_score)"),
        (50.0, (5.0, 0.0), "judge_score 50.0; its 2 rows give it (mean of rate_score x 20)"),
        (1.0, (1, None), "cannot be added up (not every row has a number in rate_score)"),
    ],
)
@pytest.mark.parametrize("inside", [True, False])
def test_a_judges_total_is_held_against_its_details(
    run_import: Import,
    write_json: Write,
    capsys: pytest.CaptureFixture[str],
    score: float,
    ratings: tuple[Any, ...],
    says: str,
    *,
    inside: bool,
) -> None:
    stated: dict[str, Any] = {"judge_score": score}
    value = {"a_judge_binary": {**stated, "details": judged(*ratings)}} if inside else {
        "a_judge_binary": stated, "details": judged(*ratings)}  # fmt: skip
    found = run_import("audiobench", write_json(value), "er-iemocap")
    assert len(found.rows) == len(ratings)
    assert f"own total a_judge_binary.judge_score {score}" in str(found.meta.source)
    assert says in capsys.readouterr().out


@pytest.mark.parametrize(
    ("rate", "says"),
    [
        (0.25, "wer 0.25; its 2 rows give it"),
        (0.1, "wer 0.1; its 2 rows give 0.25"),
        (0.2501, "rows give 0.25 (word errors"),
    ],
)
def test_a_stored_word_error_rate_is_held_against_its_pairs(
    run_import: Import, write_json: Write, capsys: pytest.CaptureFixture[str], rate: float, says: str
) -> None:
    pairs = [
        {"reference": "a b c", "prediction": "a b c", "wer": 0.0},
        {"reference": "d", "prediction": "e", "wer": 1.0},
    ]
    run_import("audiobench", write_json({"wer": rate, "sample_wer": pairs}), "asr-librispeech-clean")
    assert says in capsys.readouterr().out


def test_pairs_without_words_have_no_rate(
    run_import: Import, write_json: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = [{"reference": "", "prediction": "a"}]
    run_import("audiobench", write_json({"wer": 1.0, "sample_wer": pairs}), "asr-librispeech-clean")
    assert "cannot be added up (no reference words)" in capsys.readouterr().out


def test_details_of_two_judges_are_ambiguous(run_import: Import, write_json: Write) -> None:
    value = {name: {"judge_score": 1.0, "details": judged(1)} for name in ("one", "two")}
    with pytest.raises(InputError, match="details of several judges: one, two"):
        run_import("audiobench", write_json(value), "er-iemocap")
