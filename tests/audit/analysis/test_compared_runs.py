"""Two runs: what differs, how far every metric moves, which rows make the difference, and when it is a margin."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import audit
from audit.analysis.comparison import RunComparison
from audit.errors import InputError
from tests.support.run_files import KNOWN, changed, speech, write

ASR, EMOTION, TRANSLATION = "asr-librispeech-clean", "er-iemocap", "st-en-de"


def compared(folder: Path, first: list[dict[str, Any]], second: list[dict[str, Any]], task: str = ASR, /,
             other: dict[str, Any] | None = None, **options: Any) -> RunComparison:  # fmt: skip
    a = write(folder, f"{task}@a", first, **KNOWN)
    b = write(folder, f"{task}@b", second, **(KNOWN if other is None else other))
    return audit.compare(task, a, b, **options)


def batch(size: int) -> dict[str, Any]:
    return {**KNOWN, "decoding": {**KNOWN["decoding"], "batch_size": size}}


def test_the_team_with_batches_of_one_and_two(tmp_path: Path) -> None:
    """4,000 outputs, 66 of them different: 98.35 % identical, and a measured margin."""
    rows = speech(4000)
    found = compared(tmp_path, rows, changed(rows, 66), other=batch(2), replicates=200)
    assert (found.rows, found.identical, len(found.differences)) == (4000, 3934, 66)
    assert found.lines()[0] == "asr-librispeech-clean: 3934 of 4000 outputs are identical (98.35 %)"
    assert found.hindrances == ()
    effect = next(e for e in found.effects if e.convention == "verbatim")
    assert effect.interval is not None
    assert effect.difference is not None
    low, high = effect.interval
    assert low < effect.difference < high
    largest = max(abs(e.difference) for e in found.effects if e.difference is not None)
    assert Fraction(found.margins["wer"]) == pytest.approx(largest, abs=1e-6)
    assert "The files differ in batch_size (1 and 2)." in found.conditions.reason


def test_without_a_word_about_the_runs_nothing_is_a_margin(tmp_path: Path) -> None:
    """What the files do not state is unknown, until the person who made the runs says what they differ in."""
    rows = speech(100)
    a, b = write(tmp_path, f"{ASR}@a", rows), write(tmp_path, f"{ASR}@b", changed(rows, 3))
    silent = audit.compare(ASR, a, b, replicates=0)
    assert silent.hindrances == ("weights (unknown)", "decoding (unknown)", "prompt (unknown)")
    assert silent.margins == {}
    assert "--only batch" in silent.lines()[-1]
    stated = audit.compare(ASR, a, b, replicates=0, only=["batch", "precision"])
    assert stated.hindrances == ()
    assert stated.margins["wer"] > "0"
    assert stated.conditions.reason == (
        "The person who ran them states that they differ only in batch and precision. "
        "The files do not say whether the runs have the same weights, decoding and prompt."
    )
    with pytest.raises(InputError, match="'prompt' may not differ"):
        audit.compare(ASR, a, b, only=["prompt"])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("other", "differs"),
    [
        ({**KNOWN, "prompt": "Transcribe."}, "prompt"),
        ({**KNOWN, "decoding": {**KNOWN["decoding"], "beams": 1}}, "decoding"),
        ({**KNOWN, "decoding": {**KNOWN["decoding"], "model": {"precision": "fp16", "lora": "merged"}}}, "decoding"),
        ({**KNOWN, "weights": {"salmonn.pth": "1" * 64}}, "weights"),
        ({**KNOWN, "model": "another"}, "model"),
        ({**KNOWN, "variant": "13b"}, "variant"),
        ({**KNOWN, "special_tokens": {"end": ["<|im_end|>"]}}, "special tokens"),
    ],
)
def test_what_differs_is_never_a_margin_whatever_is_stated(tmp_path: Path, other: dict[str, Any], differs: str) -> None:
    rows = speech(40)
    found = compared(tmp_path, rows, changed(rows, 3), other=other, replicates=0, only=["batch"])
    assert found.hindrances == (differs,)
    assert found.margins == {}
    assert f"no margin: the runs differ in {differs}" in found.lines()


def test_prompts_of_rows_count_as_prompts(tmp_path: Path) -> None:
    rows = [{**row, "prompt": "Transcribe."} for row in speech(20)]
    other = [{**row, "prompt": "Write down." if n == 7 else "Transcribe."} for n, row in enumerate(changed(rows, 2))]
    facts = {name: value for name, value in KNOWN.items() if name != "prompt"}
    a, b = write(tmp_path, f"{ASR}@a", rows, **facts), write(tmp_path, f"{ASR}@b", other, **facts)
    found = audit.compare(ASR, a, b, replicates=0, only=["batch"])
    assert found.hindrances == ("prompt",)
    assert found.breakdown is not None
    assert {part.name: part.rows for part in found.breakdown.prompts} == {
        "Transcribe.": 19,
        "Transcribe. | Write down.": 1,
    }


@pytest.mark.parametrize(
    "other", [batch(2), {**KNOWN, "decoding": {**KNOWN["decoding"], "model": {"precision": "fp32", "lora": "adapter"}}},
              {**KNOWN, "device": "another machine"}]
)  # fmt: skip
def test_batch_precision_and_machine_may_differ(tmp_path: Path, other: dict[str, Any]) -> None:
    rows = speech(40)
    assert compared(tmp_path, rows, changed(rows, 3), other=other, replicates=0).hindrances == ()


def test_a_copy_measures_nothing(tmp_path: Path) -> None:
    rows = speech(20)
    found = compared(tmp_path, rows, rows, replicates=50)
    assert found.hindrances == ("nothing: they are one file",)
    assert found.identical == 20
    effects = {(e.metric, e.convention): e for e in found.effects if e.first is not None}
    dropped = next(e for e in found.effects if e.convention == "hufs-finished")
    assert dropped.note == "not defined: no row was scored; 20 dropped (no end token)"
    assert {e.note for e in effects.values()} == {"no row counts differently"}
    assert all(e.interval is None and e.difference == 0 for e in effects.values())


def test_the_outputs_speak_against_equal_prompts(tmp_path: Path) -> None:
    """Forty phone strings in one run alone are not made by a batch size, whoever says so."""
    rows = speech(200)
    phones = [{**row, "hypothesis": "DH AH0 K AE1 T S AE1 T"} if n < 40 else row for n, row in enumerate(rows)]
    found = compared(tmp_path, rows, phones, other=batch(2), replicates=0, only=["batch"])
    assert found.hindrances == (
        "prompt or model, as the outputs show (phones: 0 outputs of the first run alone, 40 of the second)",
    )
    few = [{**row, "hypothesis": "DH AH0 K AE1 T S AE1 T"} if n < 3 else row for n, row in enumerate(rows)]
    assert compared(tmp_path, rows, few, other=batch(2), replicates=0).hindrances == ()


@pytest.mark.parametrize("seed", range(8))
def test_kinds_and_prompts_sum_to_the_gap_exactly(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    faulty = [
        "DH AH0 K AE1 T S AE1 T",
        "so so so so so so so so so so so so",
        "",
        "I'm sorry, but I cannot hear the audio.",
    ]
    rows = [{**row, "prompt": rng.choice(["p one", "p two", "p three"])} for row in speech(60, seed)]
    runs = [
        [{**row, "hypothesis": rng.choice(faulty)} if rng.random() < 0.2 else row for row in rows] for _ in range(2)
    ]
    for convention in ("audiobench", "verbatim", "cmi-bench"):
        found = compared(tmp_path, *runs, replicates=0, convention=convention)
        (effect,) = found.effects
        split = found.breakdown
        assert split is not None
        assert split.method == "exact"
        for parts in (split.kinds, split.prompts):
            assert sum(part.share for part in parts) == split.gap == effect.difference
            assert sum(part.rows for part in parts) == 60
            assert sum(part.differing for part in parts) == len(found.differences)


def test_accuracies_have_flips_and_mcnemar(tmp_path: Path) -> None:
    gold = ["Happy", "Sad", "Neutral", "Angry"] * 5
    rows = [{"id": f"{n:03}", "hypothesis": label, "reference": label} for n, label in enumerate(gold)]
    first = [{**row, "hypothesis": "Happy"} if n in {1, 2} else row for n, row in enumerate(rows)]
    second = [{**row, "hypothesis": "Sad"} if n in {0, 4, 8, 12, 16, 2} else row for n, row in enumerate(rows)]
    found = compared(tmp_path, first, second, EMOTION, metric="accuracy", convention="iemocap-4way", replicates=100)
    (effect,) = found.effects
    assert effect.flips is not None
    assert effect.flips.lost == ("000", "004", "008", "012", "016")
    assert effect.flips.gained == ("001",)
    assert effect.flips.p == Fraction(14, 64)
    assert effect.difference == Fraction(-4, 20)
    text = "\n".join(found.lines())
    assert "right in the first run alone 5, in the second alone 1; McNemar's exact p = 0.2188" in text
    assert "gained: 001" in text


def test_a_constant_metric_is_named(tmp_path: Path) -> None:
    rows = [{"id": f"{n:03}", "hypothesis": "Happy", "reference": "Sad"} for n in range(20)]
    other = [{**row, "hypothesis": "Angry"} for row in rows]
    found = compared(tmp_path, rows, other, EMOTION, metric="accuracy", convention="iemocap-4way", replicates=100)
    (effect,) = found.effects
    assert effect.note == "constant: every row counts the same, in both runs"
    assert effect.interval is None
    assert "constant: every row counts the same" in "\n".join(found.lines())


def test_one_row_has_no_interval(tmp_path: Path) -> None:
    rows = [{"id": "1", "hypothesis": "two dogs", "reference": "two dogs ran"}]
    other = [{**rows[0], "hypothesis": "too dogs"}]
    found = compared(tmp_path, rows, other, replicates=100)
    assert found.no_interval == "1 independent unit is too few; at least 10 are needed"
    assert all(e.interval is None for e in found.effects)
    assert "none: 1 independent unit is too few" in "\n".join(found.lines())
    assert found.breakdown is not None
    assert sum(part.share for part in found.breakdown.kinds) == found.breakdown.gap


def test_one_speaker_has_no_interval(tmp_path: Path) -> None:
    rows = [{**row, "extra": {"cluster": "one" if n < 15 else f"{n}"}} for n, row in enumerate(speech(28))]
    found = compared(tmp_path, rows, changed(rows, 5), replicates=100)
    assert found.no_interval == "one cluster holds more than half of the rows"


def test_where_outputs_first_differ(tmp_path: Path) -> None:
    texts = [("the cat sat", "the cat sits"), ("a", "a b"), ("你好世界", "你好地球"), ("same", "same"), ("", "x")]
    rows = [{"id": f"{n}", "hypothesis": a, "reference": "the cat sat"} for n, (a, _) in enumerate(texts)]
    other = [{**row, "hypothesis": b} for row, (_, b) in zip(rows, texts, strict=True)]
    other[4] = {**rows[4], "hypothesis": None, "extra": {"error": "out of memory"}}
    found = compared(tmp_path, rows, other, replicates=0)
    assert [(d.id, d.character, d.word, d.first, d.second) for d in found.differences] == [
        ("0", 10, 3, "sat", "sits"),
        ("1", 2, 1, "a", "a b"),
        ("2", 3, 1, "你好世界", "你好地球"),
        ("4", 0, 0, "", None),
    ]


def test_different_ids_and_references_are_refused(tmp_path: Path) -> None:
    rows = speech(5)
    with pytest.raises(InputError, match="4 ids in both, 1 only in the first \\('000004'\\)"):
        compared(tmp_path, rows, rows[:4])
    with pytest.raises(InputError, match=r"0 ids in both, 5 only in the first .*, \.\.\.\); 5 only in the second"):
        compared(tmp_path, rows, [{**row, "id": f"x{row['id']}"} for row in rows])
    with pytest.raises(InputError, match="1 of 5 rows have different references, the first is 000003"):
        compared(tmp_path, rows, [{**r, "reference": "x"} if n == 3 else r for n, r in enumerate(rows)])


def test_stored_normalised_texts_have_a_convention_of_their_own(tmp_path: Path) -> None:
    rows = [{"id": f"{n:02}", "hypothesis": "TWO Dogs ran.", "reference": "TWO DOGS RAN"} for n in range(12)]
    stored = [
        {"id": f"{n:02}", "hypothesis": "2 dogs ran" if n else "2 cats ran", "reference": "2 dogs ran"}
        for n in range(12)
    ]
    found = compared(
        tmp_path, rows, stored, replicates=0, convention="open-asr-leaderboard", second_convention="verbatim"
    )
    assert [d.id for d in found.differences] == ["00"]
    assert found.effects[0].difference == Fraction(100, 36)
    assert "no step of counting explains it" in "\n".join(found.lines())
    with pytest.raises(InputError, match="different references under verbatim and verbatim"):
        compared(tmp_path, rows, stored, convention="verbatim", second_convention="verbatim")
    with pytest.raises(InputError, match="the runs have the same references, so one convention counts both"):
        compared(tmp_path, rows, rows, convention="audiobench", second_convention="verbatim")
    with pytest.raises(InputError, match="needs --convention"):
        compared(tmp_path, rows, stored, second_convention="verbatim")


@pytest.mark.parametrize("options", [{"metric": "bleu"}, {"convention": "nobody"}, {"replicates": -1}])
def test_unknown_names_are_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    rows = speech(3)
    with pytest.raises(InputError):
        compared(tmp_path, rows, rows, **options)


def test_translations_state_what_the_rows_make_together(tmp_path: Path) -> None:
    rows = [{"id": f"{n:03}", "hypothesis": "Der Hund lief über den Hügel .", "reference": ["Der Hund lief über die Hügel ."]}
            for n in range(12)]  # fmt: skip
    for row in rows:
        row["reference"] = row["reference"][0]
    other = [{**row, "hypothesis": "Ein Hund rannte ."} if n < 4 else row for n, row in enumerate(rows)]
    found = compared(tmp_path, rows, other, TRANSLATION, metric="bleu", replicates=50)
    split = found.breakdown
    assert split is not None
    assert split.method == "path"
    assert sum(part.share for part in split.kinds) + split.remainder == pytest.approx(split.gap)
    assert "not attributed to rows" in "\n".join(found.lines())


@pytest.mark.parametrize("first", ["librispeech_test_clean.json", "librispeech_test_clean_wer_score.2024.json"])
def test_two_real_runs_differ_by_phone_strings_and_not_by_rules(tmp_path: Path, shared_real: Path, first: str) -> None:
    """55.58 and 10.27: two runs of one model. The gap is split by rows, and no step of counting is named."""
    from audit.cli import main

    for name, run in ((first, "a"), ("librispeech_test_clean_wer_score.2025.json", "b")):
        assert main(["import", "audiobench", str(shared_real / "audiobench" / name), "--task", ASR, "--model", "SALMONN-7B",
                     "--variant", "7b", "--run", run, "--out", str(tmp_path)]) == 0  # fmt: skip
    raw = "score" not in first
    rules = {"convention": "audiobench", "second_convention": "verbatim"} if raw else {"convention": "verbatim"}
    found = audit.compare(
        ASR, tmp_path / f"{ASR}@a.jsonl", tmp_path / f"{ASR}@b.jsonl", replicates=200, only=["batch"], **rules
    )
    (effect,) = found.effects
    assert effect.first is not None
    assert effect.second is not None
    assert (round(float(effect.first), 2), round(float(effect.second), 2)) == (55.58, 10.27)
    assert found.identical == 1665
    split = found.breakdown
    assert split is not None
    assert split.method == "exact"
    assert sum(part.share for part in split.kinds) == split.gap == effect.second - effect.first
    shares = {part.name: part.share / split.gap for part in split.kinds}
    assert shares["phones instead of words, in the first run alone"] > 1
    assert any("loop" in name for name in shares)
    text = "\n".join(found.lines())
    assert "the outputs make the difference, and no step of counting explains it" in text
    assert found.margins == {}
    assert "prompt or model, as the outputs show" in found.hindrances[0]
    if raw:
        assert sum(part.share for part in split.prompts) == split.gap
        assert len(split.prompts) == 10
        two = sum(part.share for part in split.prompts[:2])
        assert two / split.gap > Fraction(3, 4)
