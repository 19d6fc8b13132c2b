"""The axes of every task's multiverse. Every option is defensible: a reader of the paper could have chosen it.

The first option of each axis is the plainest. A task without axes of its own crosses its registered conventions with the
selections.
"""

from __future__ import annotations

from tasks.analysis.detectors import EMPTY, NOT_CHINESE, NOT_GERMAN, NOT_JAPANESE, PHONES, REFUSAL, RUNAWAY, Detector
from tasks.analysis.multiverse import Axis, Option, Specification, both, counted, output, rows_with
from tasks.convention import Convention
from tasks.families.emotion import FAIRMLLM_LABEL, labelled, llaso_read
from tasks.families.overlap import SPLIT_FULL_STOPS, SPLIT_SENTENCES, UPPER_LETTERS
from tasks.families.phones import DROP_SILENCE, STRIP_STRESS
from tasks.metrics.accuracy import Accuracy, Share
from tasks.metrics.bleu import Bleu, MeanSentenceBleu
from tasks.metrics.error_rate import ErrorRate, MeanErrorRate
from tasks.metrics.keyphrases import Keyphrases, hufs_points
from tasks.metrics.metric import Metric
from tasks.metrics.permutation import PermutationErrorRate
from tasks.metrics.rouge import RougeL, rouge_tokens
from tasks.steps.characters import PUNCTUATION
from tasks.steps.clean import CMI_WRAPPERS, EMPTY_WORD, HUFS_UNWRAP, LSTRIP, REMOVE_SP, STRIP_SPECIAL
from tasks.steps.flores import FLORES101_TOKENS, flores_unavailable
from tasks.steps.normalise.audiobench import AUDIOBENCH_WORDS
from tasks.steps.normalise.cmi import CMI_WORDS
from tasks.steps.normalise.gigaspeech import GIGASPEECH_MARKS, GIGASPEECH_OFFICIAL
from tasks.steps.normalise.simple import DROP_ASCII_PUNCTUATION, DROP_PUNCTUATION_BUT, JIWER_A1, LOWER
from tasks.steps.normalise.whisper import WHISPER_BASIC, WHISPER_ENGLISH
from tasks.steps.select import FINISHED, REFERENCE_AFTER_TAGS, REFERENCE_NOT_EMPTY
from tasks.steps.tokenise import (
    CHAR_LEVEL,
    DROP_PUNCTUATION_TOKENS,
    JOIN_13A,
    JOIN_ZH,
    TOK_13A,
    TOK_CHAR,
    TOK_INTL,
    TOK_JA_MECAB,
    TOK_NONE,
    TOK_ZH,
    WORDS,
)
from tasks.task import Task


def specification(task: Task, metric: str) -> Specification:
    """The axes of a task's metric.

    Raises:
        KeyError: The task does not have this metric.
    """
    if metric not in task.conventions:
        raise KeyError(metric)
    family, _, _ = task.id.partition("-")
    axes: tuple[Axis, ...] | None = None
    if family == "asr":
        axes = _speech(task)
    elif family == "st":
        axes = _translation(task)
    elif metric in _BY_METRIC.get(family, {}):
        axes = _BY_METRIC[family][metric]
    return Specification(task.id, metric, axes or _generic(task, metric))


def _rows(*detectors: Detector, more: tuple[Option, ...] = ()) -> Axis:
    """The selection axis: all rows; finished rows; rows without each fault; rows without any fault."""
    return Axis(
        "selection",
        (
            rows_with("all"),
            rows_with("finished", FINISHED),
            *(rows_with(f"no-{d.id}", d.selection) for d in detectors),
            rows_with("no-fault", *(d.selection for d in (EMPTY, *detectors))),
            *more,
        ),
    )


_CLEANING = Axis("cleaning", (output("special", STRIP_SPECIAL), output("raw")))
_WORD_FOLDS = (counted("corpus", ErrorRate()), counted("mean-of-rows", MeanErrorRate()))


def _speech(task: Task) -> tuple[Axis, ...]:
    giga = task.id == "asr-gigaspeech"
    return (
        _rows(PHONES, RUNAWAY, more=(rows_with("reference-after-tags", REFERENCE_AFTER_TAGS),) if giga else ()),
        Axis(
            "cleaning",
            (
                output("special", STRIP_SPECIAL),
                output("raw"),
                output("cmi-wrappers", CMI_WRAPPERS),
                output("hufs-unwrap", HUFS_UNWRAP),
            ),
        ),
        Axis(
            "normaliser",
            (
                both("verbatim"),
                both("lower", LOWER),
                both("jiwer", JIWER_A1),
                both("covost2", LOWER, DROP_PUNCTUATION_BUT),
                both("ascii-punct", LOWER, DROP_ASCII_PUNCTUATION),
                both("whisper-en", WHISPER_ENGLISH),
                both("whisper-en+basic", REMOVE_SP, WHISPER_ENGLISH, WHISPER_BASIC),
                both("whisper-basic", WHISPER_BASIC),
                both("audiobench", LOWER, WHISPER_ENGLISH, AUDIOBENCH_WORDS, EMPTY_WORD),
                both("cmi", CMI_WORDS),
                both("gigaspeech", GIGASPEECH_OFFICIAL),
                *((both("gigaspeech-marks", GIGASPEECH_MARKS, WHISPER_ENGLISH),) if giga else ()),
            ),
        ),
        Axis(
            "tokenizer",
            (
                both("words", WORDS),
                both("13a", JOIN_13A, WORDS),
                both("13a-no-punct", JOIN_13A, DROP_PUNCTUATION_TOKENS, WORDS),
                both("zh-no-punct", JOIN_ZH, DROP_PUNCTUATION_TOKENS, WORDS),
            ),
        ),
        Axis("fold", _WORD_FOLDS),
    )


_TEXT_FORMS = Axis(
    "normaliser",
    (
        both("verbatim"),
        both("lower", LOWER),
        both("hufs", LOWER, DROP_PUNCTUATION_BUT),
        both("ascii-punct", DROP_ASCII_PUNCTUATION),
    ),
)
_BLEU_FOLDS = Axis(
    "fold",
    (
        counted("corpus", Bleu()),
        counted("corpus-unsmoothed", Bleu(smoothing="none")),
        counted("mean-of-sentences", MeanSentenceBleu()),
    ),
)
_LANGUAGE = {
    "st-en-zh": (NOT_CHINESE, both("zh", TOK_ZH)),
    "st-en-de": (NOT_GERMAN, None),
    "st-en-ja": (NOT_JAPANESE, both("ja-mecab", TOK_JA_MECAB)),
}


def _translation(task: Task) -> tuple[Axis, ...]:
    wrong, own = _LANGUAGE[task.id]
    return (
        _rows(wrong, RUNAWAY, more=(rows_with("reference-not-empty", REFERENCE_NOT_EMPTY),)),
        _CLEANING,
        _TEXT_FORMS,
        Axis(
            "tokenizer",
            (
                both("13a", TOK_13A),
                *((own,) if own else ()),
                both("char", TOK_CHAR),
                both("char-level", JOIN_13A, CHAR_LEVEL, WORDS),
                both("intl", TOK_INTL),
                both("none", TOK_NONE),
                *((both("flores101", FLORES101_TOKENS),) if flores_unavailable() is None else ()),
            ),
        ),
        _BLEU_FOLDS,
    )


_PHONES = (
    _rows(RUNAWAY),
    _CLEANING,
    Axis("case", (both("lower", LOWER), both("jiwer", JIWER_A1), both("verbatim"))),
    Axis("silence", (both("sil"), both("nosil", DROP_SILENCE))),
    Axis("stress", (both("stress"), both("nostress", STRIP_STRESS))),
    Axis(
        "fold",
        (counted("corpus", ErrorRate(id="per"), WORDS), counted("mean-of-rows", MeanErrorRate(id="per"), WORDS)),
    ),
)


def _labelled(metric: Metric) -> Convention:
    return labelled(Convention("labels", "", metric))


_EMOTION = (
    _rows(REFUSAL, RUNAWAY),
    Axis("cleaning", (output("special", STRIP_SPECIAL), output("raw"), output("lstrip", LSTRIP))),
    Axis("case", (both("verbatim"), both("lower", LOWER))),
    Axis("punctuation", (both("kept"), both("deleted", PUNCTUATION))),
    Axis(
        "answer",
        (
            Option("equal", base=_labelled(Accuracy())),
            Option("contained", base=_labelled(Share("label-contained", llaso_read, reads=True))),
            Option("similar", (FAIRMLLM_LABEL,), (LOWER,), base=_labelled(Accuracy())),
        ),
    ),
)
_SPLITS = (output("full-stops", SPLIT_FULL_STOPS), output("sentences", SPLIT_SENTENCES))
_OVERLAP = (
    _rows(RUNAWAY),
    _CLEANING,
    Axis("splitter", _SPLITS),
    Axis(
        "normaliser",
        (
            both("letters", UPPER_LETTERS),
            both("lower", LOWER),
            both("jiwer", JIWER_A1),
            both("whisper-en", WHISPER_ENGLISH),
            both("whisper-en+basic", WHISPER_ENGLISH, WHISPER_BASIC),
        ),
    ),
    Axis(
        "metric",
        (
            counted("cp", PermutationErrorRate(), WORDS),
            counted("cp-merge", PermutationErrorRate(merge=True), WORDS),
        ),
    ),
)
_MUSIC_BLEU = (
    _rows(RUNAWAY),
    _CLEANING,
    _TEXT_FORMS,
    Axis(
        "tokenizer",
        (
            both("13a", TOK_13A),
            both("13a-twice", JOIN_13A, TOK_13A),
            both("intl", TOK_INTL),
            both("none", TOK_NONE),
            both("char", TOK_CHAR),
        ),
    ),
    _BLEU_FOLDS,
)
_MUSIC_ROUGE = (
    _rows(RUNAWAY),
    _CLEANING,
    Axis("normaliser", (both("verbatim"), both("13a", JOIN_13A), both("hufs", LOWER, DROP_PUNCTUATION_BUT))),
    Axis("tokenizer", (both("stems", rouge_tokens(stemmer=True)), both("plain", rouge_tokens(stemmer=False)))),
    Axis("metric", (counted("f", RougeL()), counted("recall", RougeL(measure="recall")))),
)
_KEYPHRASES = (
    _rows(RUNAWAY, REFUSAL),
    _CLEANING,
    Axis(
        "metric",
        (
            counted("hits", Share("keyphrase-hits", hufs_points)),
            *(
                counted(f"{'partial' if partial else 'exact'}-{measure}@{cutoff}", Keyphrases(cutoff, partial, measure))
                for cutoff in (1, 3, 5)
                for partial in (False, True)
                for measure in ("precision", "f1")
            ),
        ),
    ),
)
_BY_METRIC: dict[str, dict[str, tuple[Axis, ...]]] = {
    "pr": {"per": _PHONES},
    "er": {"accuracy": _EMOTION},
    "osr": {"wer": _OVERLAP},
    "mc": {"bleu": _MUSIC_BLEU, "rouge-l": _MUSIC_ROUGE},
    "ke": {"accuracy": _KEYPHRASES},
}


def _generic(task: Task, metric: str) -> tuple[Axis, ...]:
    """The registered conventions that can be computed here, crossed with selections and cleaning."""
    bases = tuple(Option(c.id, base=c) for c in task.conventions[metric] if c.unavailable() is None)
    return (_rows(RUNAWAY, REFUSAL), Axis("convention", bases))
