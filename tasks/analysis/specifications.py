"""The axes of every task's multiverse. Every option is defensible: a reader of the paper could have chosen it.

The first option of each axis is the plainest. A task without axes of its own crosses its registered conventions with the
selections.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tasks.analysis.detectors import EMPTY, NOT_CHINESE, NOT_GERMAN, NOT_JAPANESE, PHONES, REFUSAL, RUNAWAY, Detector
from tasks.analysis.multiverse import (
    Axis,
    Option,
    Specification,
    both,
    counted,
    output,
    rows_with,
    with_references,
)
from tasks.convention import Convention, View
from tasks.families.classification import LabelSet, label_set
from tasks.families.translation import references
from tasks.metrics.accuracy import Accuracy, Share
from tasks.metrics.bleu import Bleu, MeanSentenceBleu
from tasks.metrics.class_scores import Classes, ClassScore, Measure
from tasks.metrics.error_rate import ErrorRate, MeanErrorRate
from tasks.metrics.keyphrases import Keyphrases, hufs_points
from tasks.metrics.metric import Metric
from tasks.metrics.permutation import PermutationErrorRate
from tasks.metrics.rouge import RougeL, rouge_tokens
from tasks.row import ReferenceType, Row
from tasks.steps.characters import PUNCTUATION
from tasks.steps.clean import CMI_WRAPPERS, EMPTY_WORD, HUFS_UNWRAP, LSTRIP, REMOVE_SP, STRIP_SPECIAL
from tasks.steps.flores import FLORES101_TOKENS, flores_unavailable
from tasks.steps.normalise.audiobench import AUDIOBENCH_WORDS
from tasks.steps.normalise.cmi import CMI_WORDS
from tasks.steps.normalise.gigaspeech import GIGASPEECH_MARKS, GIGASPEECH_OFFICIAL
from tasks.steps.normalise.simple import DROP_ASCII_PUNCTUATION, DROP_PUNCTUATION_BUT, JIWER_A1, LOWER
from tasks.steps.normalise.whisper import WHISPER_BASIC, WHISPER_ENGLISH
from tasks.steps.phones import DROP_SILENCE, STRIP_STRESS
from tasks.steps.select import FINISHED, REFERENCE_AFTER_TAGS, REFERENCE_NOT_EMPTY
from tasks.steps.sentences import SPLIT_FULL_STOPS, SPLIT_SENTENCES, UPPER_LETTERS
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
    axes = _AXES.get((task.family, metric))
    if task.reference_type is ReferenceType.CAPTIONS:
        return Specification(task.id, metric, _captions(task, metric))
    return Specification(task.id, metric, axes(task) if axes else _generic(task, metric), _means_count_all)


def axis_names(task: Task, metric: str) -> tuple[str, ...]:
    """The names of the axes of `specification`, found without a look at what can be computed here.

    Raises:
        KeyError: The task does not have this metric.
    """
    if metric not in task.conventions:
        raise KeyError(metric)
    if task.reference_type is ReferenceType.CAPTIONS:
        return ("selection", "references", "convention")
    axes = _AXES.get((task.family, metric))
    return tuple(axis.name for axis in axes(task)) if axes else ("selection", "convention")


def _rows(*detectors: Detector, more: tuple[Option, ...] = ()) -> Axis:
    """The selection axis: all rows; finished rows; rows without each fault; rows without any fault."""
    roles = {d.id: "no-other-language" for d in (NOT_CHINESE, NOT_GERMAN, NOT_JAPANESE)}
    return Axis(
        "selection",
        (
            rows_with("all"),
            rows_with("finished", FINISHED),
            *(replace(rows_with(f"no-{d.id}", d.selection), role=roles.get(d.id, "")) for d in detectors),
            rows_with("no-fault", *(d.selection for d in (EMPTY, *detectors))),
            *more,
        ),
    )


def _means_count_all(names: frozenset[str]) -> bool:
    """A mean over sentences is over rows, so it takes their references together."""
    return not {"each", "mean-of-sentences"} <= names


def _first(row: Row) -> Any:
    return row.reference[0] if isinstance(row.reference, list) else row.reference


FIRST = View("reference.first", _first)


def _references(whole: View | None) -> Axis:
    """The references axis: all of a row's references at once, each of them alone, or the first only."""
    return Axis(
        "references",
        (
            Option("all-references", view=whole, references="all"),
            Option("each", view=whole, references="each"),
            Option("first", view=FIRST, references="all"),
        ),
    )


_CLEANING = Axis("cleaning", (output("special", STRIP_SPECIAL), output("raw")))
_WORD_FOLDS = (counted("corpus", ErrorRate()), counted("mean-of-rows", MeanErrorRate()))


def _speech(task: Task) -> tuple[Axis, ...]:
    tags = bool(task.parameters["tags"])
    return (
        _rows(PHONES, RUNAWAY, more=(rows_with("reference-after-tags", REFERENCE_AFTER_TAGS),) if tags else ()),
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
                *((both("gigaspeech-marks", GIGASPEECH_MARKS, WHISPER_ENGLISH),) if tags else ()),
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
_OWN = "own-language"
# The detector of outputs in a different language, and the language's own tokenizer, by target language.
_LANGUAGE: dict[str, tuple[Detector | None, Option | None]] = {
    "zh": (NOT_CHINESE, both("zh", TOK_ZH, role=_OWN)),
    "de": (NOT_GERMAN, None),
    "ja": (NOT_JAPANESE, both("ja-mecab", TOK_JA_MECAB, role=_OWN)),
}


def _translation(task: Task) -> tuple[Axis, ...]:
    wrong, own = _LANGUAGE.get(task.parameters["target"], (None, None))
    several = task.parameters["references"]
    return (
        _rows(*((wrong,) if wrong else ()), RUNAWAY, more=(rows_with("reference-not-empty", REFERENCE_NOT_EMPTY),)),
        *((_references(references(several)),) if several > 1 else ()),
        _CLEANING,
        _TEXT_FORMS,
        Axis(
            "tokenizer",
            (
                both("13a", TOK_13A, role="" if own else _OWN),
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


def _labels(task: Task) -> tuple[Axis, ...]:
    labels = label_set(task.parameters)
    return (
        _rows(REFUSAL, RUNAWAY),
        Axis("cleaning", (output("special", STRIP_SPECIAL), output("raw"), output("lstrip", LSTRIP))),
        Axis("case", (both("verbatim"), both("lower", LOWER))),
        Axis("punctuation", (both("kept"), both("deleted", PUNCTUATION))),
        Axis(
            "answer",
            (
                Option("equal", base=_labelled(labels, Accuracy())),
                Option("contained", base=_labelled(labels, labels.contained())),
                Option("similar", (labels.fairmllm(),), (LOWER,), base=_labelled(labels, Accuracy())),
            ),
        ),
    )


def _labelled(labels: LabelSet, metric: Metric) -> Convention:
    return labels.labelled(Convention("labels", "", metric))


def _classes(measure: Measure) -> Callable[[Task], tuple[Axis, ...]]:
    """The axes of a score by class: an accuracy's that read one label, and the classes that a macro-F1 is over."""

    def axes(task: Task) -> tuple[Axis, ...]:
        labels = label_set(task.parameters)
        base = _labelled(labels, ClassScore(labels.labels, measure))
        found: tuple[Axis, ...] = (
            _rows(REFUSAL, RUNAWAY),
            Axis("cleaning", (output("special", STRIP_SPECIAL), output("raw"), output("lstrip", LSTRIP))),
            Axis("case", (both("verbatim"), both("lower", LOWER))),
        )
        # A label with punctuation of its own would no longer be one.
        if all(PUNCTUATION(label) == label for label in labels.labels):
            found = (*found, Axis("punctuation", (both("kept"), both("deleted", PUNCTUATION))))
        answers = (Option("equal", base=base), Option("similar", (labels.fairmllm(),), (LOWER,), base=base))
        if measure != "macro-f1":
            return (*found, Axis("answer", answers))
        classes: tuple[Classes, ...] = ("labels", "seen")
        folds = tuple(counted(name, ClassScore(labels.labels, measure, name)) for name in classes)
        return (*found, Axis("answer", answers), Axis("metric", folds))

    return axes


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
_CAPTION_BLEU = (
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
_CAPTION_ROUGE = (
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
# By family and metric; all others cross their registered conventions with the selections.
_AXES: dict[tuple[str, str], Callable[[Task], tuple[Axis, ...]]] = {
    ("asr", "wer"): _speech,
    ("translation", "bleu"): _translation,
    ("phones", "per"): lambda _: _PHONES,
    ("classification", "accuracy"): _labels,
    ("classification", "macro-f1"): _classes("macro-f1"),
    ("classification", "weighted-f1"): _classes("weighted-f1"),
    ("classification", "uar"): _classes("uar"),
    ("overlapped-speech", "wer"): lambda _: _OVERLAP,
    ("captioning", "bleu"): lambda _: _CAPTION_BLEU,
    ("captioning", "rouge-l"): lambda _: _CAPTION_ROUGE,
    ("keyphrases", "accuracy"): lambda _: _KEYPHRASES,
}


def _captions(task: Task, metric: str) -> tuple[Axis, ...]:
    """The programs of a metric over several captions a clip, apart from how they take these and which rows they drop."""
    programs: dict[str, Option] = {}
    for convention in task.conventions[metric]:
        if convention.unavailable() is None:
            base = replace(convention, metric=with_references(convention.metric, "all"), select=())
            programs.setdefault(base.signature, Option(convention.id, base=base))
    return (_rows(RUNAWAY, REFUSAL), _references(None), Axis("convention", tuple(programs.values())))


def _generic(task: Task, metric: str) -> tuple[Axis, ...]:
    """The registered conventions that can be computed here, crossed with selections and cleaning."""
    bases = tuple(Option(c.id, base=c) for c in task.conventions[metric] if c.unavailable() is None)
    return (_rows(RUNAWAY, REFUSAL), Axis("convention", bases))
