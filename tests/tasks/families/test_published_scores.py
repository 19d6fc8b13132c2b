"""Scores that others published, recomputed from the raw outputs they published with them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from audit.literature.known_tasks import conventions_of as conventions
from tasks.convention import Convention
from tasks.row import Row
from tasks.step_cache import ChainCache


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def audiobench(path: Path) -> list[Row]:
    return [
        Row(str(i), item["model_prediction"], item["answer"], prompt=item["text"]) for i, item in enumerate(load(path))
    ]


def stored_pairs(path: Path) -> list[Row]:
    return [Row(str(i), p["prediction"], p["reference"]) for i, p in enumerate(load(path)["sample_wer"])]


def cmi_bench(path: Path) -> list[Row]:
    return [Row(str(i), item["response"], item["correct_answer"]) for i, item in enumerate(load(path))]


def score(rows: Sequence[Row], convention: Convention) -> tuple[float, list[int]]:
    cache = ChainCache(rows)
    counts = convention.metric.count(
        cache.values(convention.hypothesis_view, convention.hypothesis),
        cache.values(convention.reference_view, convention.reference),
    )
    value = convention.metric.fold(counts)
    assert value is not None
    return float(value), [int(c) for c in counts.sum(axis=0)]


KNOWN = conventions()


def asr(name: str) -> Convention:
    return KNOWN["asr-librispeech-clean", "wer", name]


def test_audiobench_test_clean_2024(shared_real: Path) -> None:
    rows = audiobench(shared_real / "audiobench/librispeech_test_clean.json")
    pairs = stored_pairs(shared_real / "audiobench/librispeech_test_clean_wer_score.2024.json")
    convention = asr("audiobench")
    cache = ChainCache(rows)
    # Without the last step, the split into words: the stored pairs are texts, double spaces and all.
    hypotheses = cache.values(convention.hypothesis_view, convention.hypothesis[:-1])
    references = cache.values(convention.reference_view, convention.reference[:-1])
    assert len(pairs) == 2617
    different = [
        pair.id
        for pair, hypothesis, reference in zip(pairs, hypotheses, references, strict=True)
        if (hypothesis, reference) != (pair.hypothesis, pair.reference)
    ]
    assert different == []
    assert score(rows, convention)[0] / 100 == pytest.approx(0.555834, abs=5e-7)


def test_audiobench_test_clean_2025_pairs(shared_real: Path) -> None:
    rows = stored_pairs(shared_real / "audiobench/librispeech_test_clean_wer_score.2025.json")
    value, (substitutions, deletions, insertions, hits) = score(rows, asr("verbatim"))
    assert value / 100 == pytest.approx(0.102709, abs=5e-7)
    assert (substitutions, deletions, insertions) == (2041, 166, 3238)
    assert substitutions + deletions + hits == 53014


def test_cmi_bench_lyrics(shared_real: Path) -> None:
    rows = cmi_bench(shared_real / "cmi-bench/salmonn_DSing.jsonl")
    assert score(rows, asr("cmi-bench"))[0] == pytest.approx(816.06, abs=0.005)
    assert score(rows, asr("cmi-bench-corpus"))[0] == pytest.approx(375.7, abs=0.05)


def test_cmi_bench_captions_count_characters(shared_real: Path) -> None:
    rows = cmi_bench(shared_real / "cmi-bench/salmonn_MusicCaps.jsonl")
    assert score(rows, KNOWN["mc-musiccaps", "bleu", "cmi-bench"])[0] == pytest.approx(1.235, abs=0.0005)
    # Words, and not characters: the brevity penalty leaves nothing; with the leading marker left in a little more.
    assert score(rows, KNOWN["mc-musiccaps", "bleu", "lp-musiccaps"])[0] < 0.05
    assert score(rows, KNOWN["mc-musiccaps", "bleu", "hufs-13a"])[0] == pytest.approx(0.0612, abs=5e-5)


@pytest.mark.parametrize(
    ("convention", "expected"),
    [("qwen2-audio", 30.853), ("sacrebleu-13a", 7.14), ("sacrebleu-char", 32.40), ("audiobench-2024", 30.853)],
)
def test_audiobench_translation(shared_real: Path, convention: str, expected: float) -> None:
    rows = audiobench(shared_real / "audiobench/covost2_en_zh_test.json")
    tolerance = 0.0005 if expected == 30.853 else 0.005
    assert score(rows, KNOWN["st-en-zh", "bleu", convention])[0] == pytest.approx(expected, abs=tolerance)
