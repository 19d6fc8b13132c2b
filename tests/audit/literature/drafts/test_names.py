from __future__ import annotations

import pytest

from audit.literature.drafts.names import Names, load_names, slug
from tasks.registry import families


@pytest.fixture(scope="module")
def names() -> Names:
    return load_names()


@pytest.mark.parametrize(
    ("text", "metrics"),
    [
        ("WER↓", ("wer",)), ("WER (%)", ("wer",)), ("Word error rate", ("wer",)), ("BLEU-4", ("bleu",)),
        ("Acc.", ("accuracy",)),
        ("Accuracy (%) ↑", ("accuracy",)), ("SPIDEr", ("spider",)), ("CIDEr-D", ("cider",)), ("ROUGE-L", ("rouge-l",)),
        ("macro F1", ("macro-f1",)), ("F1", ("f1",)), ("chrF++", ("chrfpp",)), ("chrF", ("chrf",)),
        ("WER / CER", ("wer", "cer")), ("Following rate", ("following-rate",)),
        # Words that only look like a metric.
        ("ΔWER", ()), ("per speaker", ()), ("answer", ()), ("spice", ()), ("Meteor shower", ()), ("mAP", ()),
        ("Accented speech", ()),
    ],
)  # fmt: skip
def test_metrics_by_name(names: Names, text: str, metrics: tuple[str, ...]) -> None:
    assert names.metrics_in(text) == metrics


@pytest.mark.parametrize(
    ("text", "cards"),
    [
        ("LibriSpeech test-clean", ["librispeech-test-clean"]), ("LibriSpeech (WER↓) clean", ["librispeech-test-clean"]),
        ("LibriSpeech other", ["librispeech-test-other"]), ("LibriSpeech dev-clean", []), ("LibriSpeech", []),
        ("LibriSpeech test-clean, test-other", []), ("GigaSpeech test", ["gigaspeech-test"]), ("GigaSpeech", []),
        ("CoVoST 2 En→De", ["covost2-en-de-test"]), ("CoVoST2 en-zh", ["covost2-en-zh-test"]),
        ("CoVoST2 de-en", ["covost2-en-de-test"]),
        ("CoVoST 2", []), ("SLURP test", ["slurp-test"]), ("TED-LIUM test", []), ("Earnings-21", []),
        ("MMAU test-mini", ["mmau-test-mini", "mmau-v05-15-25-test-mini"]),
        ("MMAU v05.15.25 test-mini", ["mmau-v05-15-25-test-mini"]),
    ],
)  # fmt: skip
def test_test_sets_by_name_and_split(names: Names, text: str, cards: list[str]) -> None:
    found = [card for card in names.cards_in(text) if "phones" not in card]
    assert found == cards


def test_a_benchmark_s_own_copy_is_meant_where_it_is_named(names: Names) -> None:
    assert names.cards_in("LibriSpeech test-clean", "AudioBench, ASR") == ("audiobench-librispeech-test-clean",)
    assert names.cards_in("AudioBench LibriSpeech test-clean") == ("audiobench-librispeech-test-clean",)
    assert names.near_cards("TED-LIUM 3") == ()


def test_a_name_without_its_split_is_near(names: Names) -> None:
    assert "gigaspeech-test" in names.near_cards("GigaSpeech")
    assert "gigaspeech-test" not in names.near_cards("GigaSpeech dev")


def test_roles_and_other_labels(names: Names) -> None:
    assert [names.role(label) for label in ("Ref.", "SOTA", "Ours w/o LoRA", "Whisper")] == [
        "reference", "reference", "ablation", "baseline",
    ]  # fmt: skip
    assert names.describes("# Utts.")
    assert names.describes("Params (M)")
    assert not names.describes("Size of the gap")
    assert names.is_change("Δ")
    assert names.is_change("Relative gain")
    assert names.heads_models("Models")


def test_the_names_are_of_metrics_that_families_have(names: Names) -> None:
    from audit.literature.known_tasks import known_tasks

    have = {metric for task in known_tasks().values() for metric in task.conventions}
    # Named for readers: a column of these is reported as left out, with the reason.
    extra = set(names.metrics) - have
    assert have <= set(names.metrics)
    assert "eer" in extra
    assert families()


def test_ids_of_labels() -> None:
    assert slug("Whisper large-v2 (ours)") == "whisper-large-v2-ours"
    assert slug("Ours", ["ours", "ours-2"]) == "ours-3"
    assert slug("→") == "model"
    assert len(slug("x" * 90)) <= 60
