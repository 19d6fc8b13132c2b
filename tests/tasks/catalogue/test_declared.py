"""Conventions from data: equal to those composed in Python, and refused with a place and a remedy where they do not fit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from audit.literature.known_tasks import conventions_of
from tasks.convention import Convention, first_failed
from tasks.declared import as_data, convention
from tasks.errors import DeclarationError
from tasks.row import Row
from tasks.step_cache import ChainCache

KNOWN = conventions_of()
QWEN2 = ["remove-sp", "whisper-english", "whisper-basic", "none-text", "drop-punctuation-tokens", "lower", "words"]
NORMALISED = ["lower", "covost2-punctuation", "char"]
AUDIOBENCH = ["lower", "whisper-english", "audiobench-words", "empty-word", "words"]
# (task, metric, convention): the same, written by hand.
WRITTEN: dict[tuple[str, str, str], dict[str, Any]] = {
    ("asr-librispeech-clean", "wer", "qwen2-audio"): {
        "metric": "wer", "hypothesis": ["strip-special", *QWEN2], "reference": QWEN2,
    },
    ("asr-librispeech-clean", "wer", "hufs-finished"): {
        "metric": "wer",
        "hypothesis": ["jiwer-lower-punct-tags", "words-between-spaces"],
        "reference": ["jiwer-lower-punct-tags", "words-between-spaces"],
        "select": ["finished"],
    },
    ("asr-gigaspeech", "wer", "audiobench"): {
        "metric": "wer", "hypothesis": ["strip-special", *AUDIOBENCH], "reference": AUDIOBENCH,
    },
    ("asr-librispeech-clean", "wer", "cmi-bench"): {
        "metric": "wer",
        "options": {"fold": "mean"},
        "hypothesis": ["cmi-wrappers", "cmi-words", "words"],
        "reference": ["cmi-words", "words"],
    },
    ("asr-librispeech-clean", "wer", "llaso"): {
        "metric": "wer",
        "hypothesis": ["jiwer-words"],
        "reference": ["jiwer-words"],
        "hypothesis_view": "reference",
        "reference_view": "hypothesis",
    },
    ("st-en-zh", "bleu", "hufs-char-normalised"): {
        "metric": "bleu", "hypothesis": ["strip-end-token", *NORMALISED], "reference": NORMALISED,
    },
    ("st-en-de", "bleu", "diva-eval"): {
        "metric": "bleu", "options": {"fold": "mean"}, "hypothesis": ["strip-special", "13a"], "reference": ["13a"],
    },
    ("mc-musiccaps", "rouge-l", "cmi-bench"): {
        "metric": "rouge-l",
        "options": {"measure": "recall"},
        "hypothesis": ["rouge-stems"],
        "reference": ["rouge-stems"],
    },
    ("sakura-animal-single", "accuracy", "mmau-v1"): {
        "metric": "choices",
        "options": {"rule": "mmau-v1"},
        "hypothesis": ["strip-special"],
        "reference_view": "choices",
        "select": ["has-choices"],
    },
    ("asr-librispeech-clean", "wer", "open-asr-leaderboard"): {
        "metric": "wer",
        "options": {"compounds": "merged"},
        "hypothesis": ["strip-special", "open-asr-2026", "words"],
        "reference": ["open-asr-2026", "words"],
        "select": ["open-asr-2026-reference"],
    },
    ("sf-slurp", "following-rate", "appendix-e"): {
        "metric": "not-transcribed",
        "hypothesis": ["jiwer-lower-punct-tags"],
        "reference": ["jiwer-lower-punct-tags"],
        "reference_view": "slot-transcript",
    },
    ("aac-audiocaps", "spider", "coco"): {
        "metric": "spider", "hypothesis": ["strip-special", "ptb"], "reference": ["ptb"],
    },
}  # fmt: skip
ROWS = [
    Row("1", "<s> Mr. Smith's colour, um, cost $20.</s>", "MISTER SMITH'S COLOR COST TWENTY DOLLARS"),
    Row("2", "two dogs are barking at the well-known house", "2 dogs bark at the well known house"),
    Row("3", "</s>", "an empty output"),
    Row("4", "我明天去北京，看望 Anna。</s>", "明天我去北京看望安娜。"),
]
written = pytest.mark.parametrize("key", list(WRITTEN), ids=[" ".join(key) for key in WRITTEN])


def rows(key: tuple[str, str, str]) -> list[Row]:
    """The rows with the references of the task."""
    if key[0] == "sf-slurp":
        return [replace(r, reference={"slot": "s", "value": "v", "transcript": r.reference}) for r in ROWS]
    return [replace(r, extra={"choices": [r.reference, "two cats", "twenty dollars"]}) for r in ROWS]


def made(key: tuple[str, str, str]) -> Convention:
    return convention({"id": "mine", "summary": "Mine.", **WRITTEN[key]})


def value(item: Convention, chosen: list[Row]) -> object:
    """The counts and the value over the rows that are kept."""
    kept = [row for row, failed in zip(chosen, first_failed(chosen, item.select), strict=True) if failed is None]
    assert kept
    cache = ChainCache(kept)
    hypotheses = cache.values(item.hypothesis_view, item.hypothesis)
    references = cache.values(item.reference_view, item.reference)
    counts = item.metric.count(hypotheses, references)
    return counts.tolist(), item.metric.fold(counts)


@written
def test_a_written_convention_is_the_one_of_the_same_steps(key: tuple[str, str, str]) -> None:
    ours, known = made(key), KNOWN[key]
    assert (ours.signature, ours.hash) == (known.signature, known.hash)
    assert ours.metric.id == key[1]
    assert ours.unavailable() == known.unavailable()


@written
def test_it_gives_the_same_values(key: tuple[str, str, str]) -> None:
    ours, known = made(key), KNOWN[key]
    if reason := ours.unavailable():
        pytest.skip(reason)
    assert value(ours, rows(key)) == value(known, rows(key))


def test_all_conventions_of_listed_parts_are_made_again_from_their_data() -> None:
    composed = {key: data for key, item in KNOWN.items() if (data := as_data(item))}
    assert len(composed) > 100
    for key, data in composed.items():
        again, known = convention(data), KNOWN[key]
        assert (again.signature, again.hash) == (known.signature, known.hash), key
        assert again.metric == known.metric
        assert as_data(again) == data


def test_a_convention_of_other_parts_or_that_is_computed_nowhere_has_no_data() -> None:
    assert as_data(KNOWN["sqqa-wikiqa", "accuracy", "paper-judge"]) is None
    assert as_data(KNOWN["asr-librispeech-clean", "wer", "ltu-as"]) is None


@pytest.mark.parametrize(
    ("change", "field", "what", "fix"),
    [
        ({"metric": "werr"}, "metric", "unknown metric `werr`", "Did you mean `wer`"),
        ({"hypothesis": ["lowr", "words"]}, "hypothesis.0", "unknown step `lowr`", "Did you mean `lower`?"),
        ({"hypothesis": ["zzz", "words"]}, "hypothesis.0", "unknown step `zzz`", "`repro-audit conventions --steps`"),
        ({"hypothesis": ["special", "words"]}, "hypothesis.0", "name of a step in signatures", "Write `strip-special`."),
        ({"reference": ["words", "lower"]}, "reference.1", "stands after the tokenizer `words`", "Move `words`"),
        ({"reference": ["words", "13a"]}, "reference.1", "a second tokenizer after `words`", "Keep one of them."),
        ({"hypothesis": ["lower"]}, "hypothesis", "wer counts tokens, and this chain ends in a text", "`words`"),
        ({"reference": ["lower"]}, "reference", "wer counts tokens", "a tokenizer"),
        ({"reference": []}, "reference", "wer counts tokens", "a tokenizer"),
        ({"reference": ["characters"]}, "reference.0", "`words` and the reference in the tokens of `characters`", "same"),
        ({"metric": "cer"}, "hypothesis.0", "cer does not count the tokens of `words`", "characters, char"),
        ({"metric": "keyphrases", "reference": []}, "hypothesis.0", "reads text, and this chain ends in the tokens", "Leave"),
        ({"metric": "accuracy", "reference": []}, "reference", "`words` and the reference in a text", "same tokenizer"),
        ({"metric": "cpwer"}, "hypothesis", "cpwer compares lists", "Add a step that splits"),
        ({"select": ["finishd"]}, "select.0", "unknown rule for rows `finishd`", "Did you mean `finished`?"),
        ({"reference_view": "refrence"}, "reference_view", "unknown view", "Did you mean `reference`?"),
        ({"options": {"folds": "mean"}}, "options.folds", "wer has no option `folds`", "fold, empty_reference"),
        ({"options": {"fold": "median"}}, "options.fold", "`median` is not a value of fold", "corpus, mean"),
        ({"options": {"empty_reference": "one"}}, "options", "an option of `fold: mean`", "--steps"),
        ({"metric": "bleu", "options": {"fold": "mean", "smoothing": "none"}}, "options", "`smoothing: exp`", "--steps"),
        ({"metric": "uar"}, "options", "uar needs the option `labels`", "`labels: happy, sad, angry, neutral`"),
        ({"metric": "choices", "hypothesis": []}, "reference.0", "choices reads object, and this chain", "Leave out"),
        ({"metric": "choices", "hypothesis": [], "reference_view": "choices"}, "reference.0", "gives an object",
         "`reference: []`"),
        ({"metric": "ter"}, "hypothesis.0", "ter does not count the tokens of `words`", "Use one of: tercom."),
        ({"options": {"compounds": "merged", "fold": "mean"}}, "options", "stand alone", "--steps"),
        ({"metric": "accuracy", "options": {"fold": "mean"}}, "options.fold", "no option", "Options of accuracy: none."),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_with_its_position(change: dict[str, Any], field: str, what: str, fix: str) -> None:
    data = {"id": "mine", "summary": "Mine.", "metric": "wer", "hypothesis": ["words"], "reference": ["words"]}
    convention(data)
    with pytest.raises(DeclarationError) as caught:
        convention(data | change)
    assert ".".join(map(str, caught.value.field)) == field
    assert what in caught.value.what
    assert fix in caught.value.fix


def test_labels_are_given_in_words() -> None:
    data = {"id": "mine", "summary": "Mine.", "metric": "macro-f1", "hypothesis": ["strip"], "reference": []}
    item = convention(data | {"options": {"labels": "Happy, Sad", "classes": "seen"}})
    assert item.metric.id == "macro-f1"
    assert item.metric.columns[:2] == ("hit:Happy", "hit:Sad")


def test_a_metric_of_outputs_alone_needs_no_reference() -> None:
    data = {"id": "mine", "summary": "Mine.", "metric": "diversity", "hypothesis": ["words"], "reference": []}
    assert convention(data).metric.id == "diversity"
