"""Known inputs and outputs of the conventions' chains, of the facts that the project was built from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from audit.literature.known_tasks import conventions_of as conventions
from tasks.convention import Convention
from tasks.metrics.metric import Counts
from tasks.row import Row
from tasks.step import Step, Value
from tasks.step_cache import ChainCache

KNOWN = conventions()
ASR = "asr-librispeech-clean"


def chain(steps: Sequence[Step], text: str) -> Value:
    value: Value = text
    for step in steps:
        value = step(value)
    return value


def counts(convention: Convention, pairs: Sequence[tuple[str, object]]) -> Counts:
    cache = ChainCache([Row(str(i), hypothesis, reference) for i, (hypothesis, reference) in enumerate(pairs)])
    return convention.metric.count(
        cache.values(convention.hypothesis_view, convention.hypothesis),
        cache.values(convention.reference_view, convention.reference),
    )


def value(convention: Convention, pairs: Sequence[tuple[str, object]]) -> float:
    found = convention.metric.fold(counts(convention, pairs))
    assert found is not None
    return float(found)


# What five evaluators make of a text, produced by the modules of their repositories: Whisper's English normaliser alone,
# Qwen2-Audio, nota, AudioBench, CMI-Bench. CMI-Bench's column was noted with a stand-in for num2words that knew
# few numbers and left 2050 and 35; here they stand as its rule (every token of digits) and the library have them.
SAME = object()
TABLE = [
    ("THE OFFICER'S MESS", "the officer is mess", SAME, SAME, SAME, "the officer's mess"),
    (
        "It cost $20.50, about 5% off.",
        "it cost $20.50 about 5% off",
        "it cost 20 50 about 5 off",
        "it cost $ 20.50 about 5 off",
        "it cost $twentyfifty about five off",
        "it cost two thousand and fifty about five off",
    ),
    (
        "Mr. Smith left in eighteen seventy four",
        "mister smith left in 1874",
        SAME,
        SAME,
        SAME,
        "mr smith left in eighteen seventy four",
    ),
    (
        "In 1874, twenty five well-known colours",
        "in 187425 well known colors",
        SAME,
        SAME,
        SAME,
        "in one thousand, eight hundred and seventy-four twenty five wellknown colours",
    ),
    ("uh, hmm hello er ah", "hello er ah", SAME, SAME, "hello", "uh hmm hello er ah"),
    ("one two three", "123", SAME, SAME, SAME, "one two three"),
    ("He said: [laughs] (aside) ok", "he said ok", SAME, SAME, SAME, "he said laughs aside ok"),
    ("o clock, oh no", "0 clock 0 no", SAME, SAME, "zero clock zero no", "o clock oh no"),
    ("3.5 million", "3500000", SAME, SAME, SAME, "thirty-five million"),
    (
        "<s>The lyrics of the song are: I'm 25</s>",
        "the lyrics of the song are i am 25",
        SAME,
        SAME,
        SAME,
        "i'm twenty-five",
    ),
    ("", "", SAME, SAME, "empty", ""),
]


@pytest.mark.parametrize(
    ("text", "english", "qwen2", "nota", "audiobench", "cmi"), TABLE, ids=[row[0] for row in TABLE]
)
def test_normalisers(text: str, english: str, qwen2: object, nota: object, audiobench: object, cmi: str) -> None:
    from tasks.steps.normalise.whisper import WHISPER_ENGLISH

    assert WHISPER_ENGLISH(text) == english
    for name, expected in (("qwen2-audio", qwen2), ("nota", nota), ("audiobench", audiobench)):
        convention = KNOWN[ASR, "wer", name]
        wanted = tuple(english.split()) if expected is SAME else tuple(str(expected).split())
        assert chain(convention.reference, text) == wanted, name
        # Special tokens are cut from outputs; the rest of the chain is the references'.
        assert chain(convention.hypothesis, text) == wanted, name
    assert chain(KNOWN[ASR, "wer", "cmi-bench"].hypothesis, text) == tuple(cmi.split())


def test_audiobench_brackets_with_an_n_stay() -> None:
    """The original's character class excludes the letter n; no bracket survives the Whisper normaliser before it."""
    from tasks.steps.normalise.audiobench import audiobench_words

    assert audiobench_words("a (bc) d") == "a d"
    assert audiobench_words("a (on) d") == "a on d"


def test_cmi_introductions_are_not_cut_from_references() -> None:
    text = "<s>The lyrics of the song are: I'm 25</s>"
    assert " ".join(chain(KNOWN[ASR, "wer", "cmi-bench"].reference, text)) == "sthe lyrics of the song are i'm 25s"


LIBRI = [
    ("Mr. Quilter is the apostle.</s>", "MISTER QUILTER IS THE APOSTLE"),
    ("Do not go to the well known place.</s>", "DON'T GO TO THE WELL-KNOWN PLACE"),
]


@pytest.mark.parametrize(("convention", "expected"), [("verbatim", 118.18), ("slam-llm", 63.64), ("hufs", 45.45)])
def test_word_error_rates_of_two_pairs(convention: str, expected: float) -> None:
    assert value(KNOWN[ASR, "wer", convention], LIBRI) == pytest.approx(expected, abs=0.005)


CHINESE = [
    ("两个头比一个头好。", "两个人总比一个人好。"),
    ("他用 Python 3.8 写代码。", "他在 Python 3.8 中写代码。"),
    ("明天我去北京拜访我的老朋友。", "我明天去北京看望我的老朋友。"),
]
BLEU = [
    ("sacrebleu-13a", 28.8675, 5.4111),
    ("qwen2-audio", 38.3108, 28.0065),
    ("sacrebleu-char", 52.2848, 40.4816),
    ("hufs-char-normalised", 50.5778, 48.8326),
    ("covost2", 56.6880, 35.8127),
    ("diva-eval", 36.8432, 26.8411),
]


@pytest.mark.parametrize(("name", "clean", "with_end_token"), BLEU, ids=[row[0] for row in BLEU])
def test_bleu_of_three_pairs(name: str, clean: float, with_end_token: float) -> None:
    convention = KNOWN["st-en-zh", "bleu", name]
    ended = [(f"{hypothesis}</s>", reference) for hypothesis, reference in CHINESE]
    assert value(convention, CHINESE) == pytest.approx(clean, abs=5e-5)
    # The conventions cut the end token; with the references' chain on both sides it is left in.
    assert value(convention, ended) == pytest.approx(clean, abs=5e-5)
    assert value(replace(convention, hypothesis=convention.reference), ended) == pytest.approx(with_end_token, abs=5e-5)


def test_the_end_token_left_in_is_a_convention_of_its_own() -> None:
    ended = [(f"{hypothesis}</s>", reference) for hypothesis, reference in CHINESE]
    found = value(KNOWN["st-en-zh", "bleu", "hufs-char-normalised-eos"], ended)
    assert found == pytest.approx(48.8326, abs=5e-5)


@pytest.mark.parametrize(
    "name", sorted(c for (task, _, c), convention in KNOWN.items() if task == ASR and not convention.unavailable())
)
def test_an_equal_text_has_no_errors(name: str) -> None:
    convention = KNOWN[ASR, "wer", name]
    assert (
        value(
            convention,
            [("plain words only</s>" if name not in {"verbatim", "llaso"} else "plain words only", "plain words only")],
        )
        == 0
    )


@pytest.mark.parametrize("metric", ["wer", "bleu", "per", "rouge-l", "accuracy", "diversity"])
def test_every_chain_takes_an_empty_output(metric: str) -> None:
    references: dict[str, object] = {
        "osr-librimix": ["A B", "C"],
        "ke-inspec": ["a b"],
        "story-audiocaps": None,
        "er-iemocap": "Sad",
        "sv-voxceleb1": "No",
    }
    tried = 0
    for (task, of, _), convention in KNOWN.items():
        if of == metric and not convention.unavailable() and task in {ASR, "st-en-ja", "pr-librispeech", "er-iemocap",
            "mc-musiccaps", "osr-librimix", "sv-voxceleb1", "ke-inspec", "story-audiocaps"}:  # fmt: skip
            row = Row("a", "</s>", references.get(task, "a b c d"))
            if all(rule.keep(row) for rule in convention.select):
                found = counts(convention, [(row.hypothesis or "", row.reference)])
                assert found.shape == (1, len(convention.metric.columns))
                assert (found >= 0).all()
                tried += 1
    assert tried
