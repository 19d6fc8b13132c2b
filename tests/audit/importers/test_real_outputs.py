"""Published scores, through the importers: raw log, import, strict reading, scoring."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from audit.literature.known_tasks import known_tasks as tasks
from audit.scoring.predictions import PredictionSet
from audit.scoring.score import Score, score

Import = Callable[..., PredictionSet]


def scored(predictions: PredictionSet, metric: str, convention: str) -> Score:
    (found,) = score(predictions, tasks()[predictions.task], metrics=[metric], conventions=[convention], replicates=0)
    return found


def value(predictions: PredictionSet, metric: str, convention: str) -> float:
    found = scored(predictions, metric, convention)
    assert found.exact is not None
    assert found.account is not None
    assert found.account.scored == len(predictions.rows)
    return float(found.exact)


def test_audiobench_librispeech(shared_real: Path, run_import: Import, capsys: pytest.CaptureFixture[str]) -> None:
    predictions = run_import(
        "audiobench", shared_real / "audiobench/librispeech_test_clean.json", "asr-librispeech-clean"
    )
    assert len(predictions.rows) == 2617
    assert [row.id for row in predictions.rows[:2]] == ["000000", "000001"]
    assert value(predictions, "wer", "audiobench") / 100 == pytest.approx(0.555834, abs=5e-7)
    # Random prompts: no single one stands in the meta file, each stands in its row.
    assert predictions.meta.prompt is None
    assert all(row.prompt for row in predictions.rows)
    assert "read        2617 items" in capsys.readouterr().out


@pytest.mark.parametrize(("year", "expected"), [("2024", 0.555834), ("2025", 0.102709)])
def test_audiobench_stored_pairs(
    shared_real: Path, run_import: Import, capsys: pytest.CaptureFixture[str], year: str, expected: float
) -> None:
    path = shared_real / f"audiobench/librispeech_test_clean_wer_score.{year}.json"
    predictions = run_import("audiobench", path, "asr-librispeech-clean")
    assert value(predictions, "wer", "verbatim") / 100 == pytest.approx(expected, abs=5e-7)
    assert "already normalised" in capsys.readouterr().out


def test_audiobench_translation(shared_real: Path, run_import: Import) -> None:
    predictions = run_import("audiobench", shared_real / "audiobench/covost2_en_zh_test.json", "st-en-zh")
    assert len(predictions.rows) == 50
    assert value(predictions, "bleu", "audiobench-2024") == pytest.approx(30.853, abs=0.0005)
    assert value(predictions, "bleu", "sacrebleu-13a") == pytest.approx(7.14, abs=0.005)
    assert value(predictions, "bleu", "sacrebleu-char") == pytest.approx(32.40, abs=0.005)


def test_audiobench_emotion_by_its_judge(shared_real: Path, run_import: Import) -> None:
    name = "audiobench/iemocap_emotion_test_llama3_70b_judge_score.json"
    predictions = run_import("audiobench", shared_real / name, "er-iemocap")
    assert len(predictions.rows) == 1002

    def rating(reply: str) -> float:
        try:
            return float(reply.rsplit(maxsplit=1)[-1])
        except (ValueError, IndexError):
            return 0.0

    ratings = [rating(row.extra["judge_response"]) for row in predictions.rows]
    assert sum(ratings) / len(ratings) == pytest.approx(2.17066, abs=5e-6)


def test_audiobench_emotion_outputs_are_those_that_were_judged(
    shared_real: Path, run_import: Import, tmp_path: Path
) -> None:
    outputs = run_import("audiobench", shared_real / "audiobench/iemocap_emotion_test.json", "er-iemocap")
    judged = run_import(
        "audiobench",
        shared_real / "audiobench/iemocap_emotion_test_llama3_70b_judge_score.json",
        "er-iemocap",
        out=tmp_path / "judged",
    )
    assert [(r.id, r.hypothesis, r.reference) for r in outputs.rows] == [
        (r.id, r.hypothesis, r.reference) for r in judged.rows
    ]


def test_cmi_bench_lyrics(shared_real: Path, run_import: Import) -> None:
    path = shared_real / "cmi-bench/salmonn_DSing.jsonl"
    predictions = run_import("cmi-bench", path, "asr-librispeech-clean", "--cluster-by-audio")
    assert len(predictions.rows) == 482
    assert len({row.extra["cluster"] for row in predictions.rows}) == 70
    assert value(predictions, "wer", "cmi-bench") == pytest.approx(816.06, abs=0.005)
    assert value(predictions, "wer", "cmi-bench-corpus") == pytest.approx(375.7, abs=0.05)


def test_cmi_bench_captions(shared_real: Path, run_import: Import) -> None:
    predictions = run_import("cmi-bench", shared_real / "cmi-bench/salmonn_MusicCaps.jsonl", "mc-musiccaps")
    assert len(predictions.rows) == 2813
    assert value(predictions, "bleu", "cmi-bench") == pytest.approx(1.235, abs=0.0005)
    assert predictions.meta.prompt == "Please provide the caption of the given audio."
    # `</s>` was kept when they were decoded, so its absence says that an output was cut.
    assert sum(row.finished is True for row in predictions.rows) == 2804
    assert sum(row.finished is False for row in predictions.rows) == 9
    finished = scored(predictions, "bleu", "hufs-13a-finished").account
    assert finished is not None
    assert (finished.scored, [s.rows for s in finished.skipped]) == (2804, [9])


@pytest.mark.slow
def test_audiobench_captions(shared_real: Path, run_import: Import) -> None:
    predictions = run_import("audiobench", shared_real / "audiobench/audiocaps_test.json", "aac-audiocaps")
    assert len(predictions.rows) == 4400
    assert all(len(row.reference) == 1 for row in predictions.rows)
    found = scored(predictions, "meteor", "audiobench")
    if found.unavailable:
        pytest.skip(found.unavailable)
    assert found.exact is not None
    # nltk's English sentence model, which is a download, splits a few outputs in other places.
    assert float(found.exact) / found.convention.metric.scale == pytest.approx(0.208492, abs=1e-5)


def test_captions_with_five_references_of_a_table(shared_real: Path, run_import: Import) -> None:
    options = [o for n in range(1, 6) for o in ("--field", f"reference=caption_{n}")]
    predictions = run_import(
        "csv",
        shared_real / "captions/aac_metrics_example_1.csv",
        "aac-audiocaps",
        "--number",
        "--field",
        "hypothesis=caption_predicted",
        *options,
    )
    assert len(predictions.rows) == 464
    assert all(len(row.reference) == 5 and not row.extra for row in predictions.rows)
