"""Speech recognition: word error rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tasks.availability import Always
from tasks.convention import HYPOTHESIS, REFERENCE, Convention, Selection
from tasks.family import Conventions, Family, Parameter
from tasks.metrics.compounds import CompoundErrorRate, OneWordErrorRate
from tasks.metrics.error_rate import ErrorRate, MeanErrorRate
from tasks.metrics.jiwer_words import JIWER_WORDS
from tasks.row import ReferenceType
from tasks.step import Step
from tasks.steps.clean import BEFORE_END_SYMBOL, CMI_WRAPPERS, EMPTY_WORD, HUFS_UNWRAP, REMOVE_SP, STRIP_SPECIAL
from tasks.steps.normalise.au_harness import DROP_THINKING, PLAIN, SPELLED_DIGITS
from tasks.steps.normalise.audiobench import AUDIOBENCH_WORDS
from tasks.steps.normalise.cmi import CMI_WORDS
from tasks.steps.normalise.gigaspeech import GIGASPEECH_MARKS, GIGASPEECH_OFFICIAL
from tasks.steps.normalise.open_asr import (
    OPEN_ASR_2023,
    OPEN_ASR_2025,
    OPEN_ASR_2026,
    SCORED_2023,
    SCORED_2025,
    SCORED_2026,
)
from tasks.steps.normalise.simple import DROP_PUNCTUATION_BUT, JIWER_A1, LOWER
from tasks.steps.normalise.whisper import WHISPER_BASIC, WHISPER_ENGLISH
from tasks.steps.select import FINISHED, REFERENCE_AFTER_TAGS
from tasks.steps.tokenise import DROP_PUNCTUATION_TOKENS, JOIN_13A, JOIN_NONE, JOIN_ZH, SPACE_WORDS, WORDS

_WER = ErrorRate()


def _both(id: str, summary: str, *steps: Step, notes: str = "") -> Convention:  # noqa: A002  # the field's name
    """The same steps on both sides; special tokens are stripped from the output first, as decoding without them would do."""
    return Convention(
        id, summary, _WER, hypothesis=(STRIP_SPECIAL, *steps, WORDS), reference=(*steps, WORDS), notes=notes
    )


HUFS = Convention(
    "hufs",
    "Lower case, category-P characters and <...> deleted with jiwer; errors pooled over the set.",
    _WER,
    hypothesis=(JIWER_A1, SPACE_WORDS),
    reference=(JIWER_A1, SPACE_WORDS),
    notes="Numerals and abbreviations are not normalised. Every output is scored.",
)
HUFS_FINISHED = Convention(
    "hufs-finished",
    "As hufs, outputs without an end token dropped.",
    _WER,
    hypothesis=HUFS.hypothesis,
    reference=HUFS.reference,
    select=(FINISHED,),
)
HUFS_FILTERED = Convention(
    "hufs-filtered",
    "As hufs, outputs without an end token and references that are empty without their tags dropped.",
    _WER,
    hypothesis=HUFS.hypothesis,
    reference=HUFS.reference,
    select=(REFERENCE_AFTER_TAGS, FINISHED),
)


def _leaderboard(id: str, summary: str, normaliser: Step, scored: Selection) -> Convention:  # noqa: A002
    """The Open ASR Leaderboard's rule on one file of results; long recordings that it cut must be joined before."""
    return Convention(
        id,
        summary,
        _WER,
        hypothesis=(STRIP_SPECIAL, normaliser, WORDS),
        reference=(normaliser, WORDS),
        select=(scored,),
        notes="English only. The leaderboard drops segments before it runs a model, and rounds each set before it averages.",
    )


_AU_HARNESS = (SPELLED_DIGITS, WHISPER_ENGLISH, PLAIN, WORDS)
_QWEN2 = (REMOVE_SP, WHISPER_ENGLISH, WHISPER_BASIC, JOIN_NONE, DROP_PUNCTUATION_TOKENS, LOWER)
CONVENTIONS = (
    HUFS,
    HUFS_FINISHED,
    _both(
        "qwen-audio",
        "Tags removed and spaces collapsed, sacreBLEU `none` tokens, lower case; punctuation counts.",
        REMOVE_SP,
        JOIN_NONE,
        LOWER,
        notes="Written for a model that was asked not to punctuate; every punctuation mark of another model is an error.",
    ),
    _both(
        "qwen2-audio",
        "Whisper's English normaliser, then its basic one, `none` tokens, all-punctuation tokens dropped.",
        *_QWEN2,
    ),
    _both(
        "kimi-audio-evalkit",
        "Whisper's English and basic normalisers, sacreBLEU `zh` tokens, lower case, all-punctuation tokens dropped.",
        WHISPER_ENGLISH,
        WHISPER_BASIC,
        JOIN_ZH,
        DROP_PUNCTUATION_TOKENS,
        LOWER,
    ),
    _both(
        "ultraeval-audio",
        "Whisper's English normaliser, sacreBLEU `13a` tokens, lower case; punctuation tokens count.",
        WHISPER_ENGLISH,
        JOIN_13A,
        LOWER,
    ),
    _both("lmms-eval", "As qwen2-audio; lmms-eval's LibriSpeech task.", *_QWEN2),
    Convention(
        "nota",
        "Text before the end symbol, lower case, Whisper's English normaliser, `13a` tokens, punctuation tokens dropped.",
        _WER,
        hypothesis=(
            STRIP_SPECIAL,
            BEFORE_END_SYMBOL,
            LOWER,
            WHISPER_ENGLISH,
            JOIN_13A,
            DROP_PUNCTUATION_TOKENS,
            LOWER,
            WORDS,
        ),
        reference=(WHISPER_ENGLISH, JOIN_13A, DROP_PUNCTUATION_TOKENS, LOWER, WORDS),
    ),
    _both(
        "covost2-wer",
        "`13a` tokens, lower case, punctuation except apostrophes and hyphens deleted.",
        JOIN_13A,
        LOWER,
        DROP_PUNCTUATION_BUT,
        notes="The source describes the rule in one sentence; the order of its three parts follows that sentence.",
    ),
    _both(
        "gigaspeech-official",
        "Upper case, hyphens to spaces, fillers and GigaSpeech tags dropped; ordinary punctuation counts.",
        GIGASPEECH_OFFICIAL,
        notes="The official script expects outputs without punctuation.",
    ),
    _both("slam-llm", "Lower case, words between white space.", LOWER),
    Convention(
        "ltu-as",
        "Upper case without punctuation; an output that contains an external recogniser's transcript is replaced by it.",
        _WER,
        hypothesis=(STRIP_SPECIAL, WORDS),
        reference=(WORDS,),
        unavailable=Always("needs an external recogniser's transcripts"),
        notes="Scores the transcript of another system instead of the model's output.",
    ),
    Convention(
        "verbatim",
        "Raw words, including case, punctuation and special tokens.",
        _WER,
        hypothesis=(WORDS,),
        reference=(WORDS,),
    ),
    Convention(
        "llaso",
        "Raw words as in verbatim with gold and output exchanged, so errors are divided by the output's words.",
        _WER,
        hypothesis=(JIWER_WORDS,),
        reference=(JIWER_WORDS,),
        hypothesis_view=REFERENCE,
        reference_view=HYPOTHESIS,
        notes="Deletions and insertions change places too. The source stops at an empty output; here it adds insertions.",
    ),
    Convention(
        "cmi-bench",
        "Introductions cut, ASCII punctuation except the apostrophe deleted, numbers spelled out; mean of utterance WERs.",
        MeanErrorRate(),
        hypothesis=(CMI_WRAPPERS, CMI_WORDS, WORDS),
        reference=(CMI_WORDS, WORDS),
        notes="The mean of utterance WERs weighs short and long utterances alike; a single looping output can dominate it.",
    ),
    Convention(
        "cmi-bench-corpus",
        "As cmi-bench, errors pooled over the set instead of averaged.",
        _WER,
        hypothesis=(CMI_WRAPPERS, CMI_WORDS, WORDS),
        reference=(CMI_WORDS, WORDS),
    ),
    Convention(
        "hufs-parser",
        "The transcript extracted from known wrappers, then as hufs.",
        _WER,
        hypothesis=(HUFS_UNWRAP, JIWER_A1, SPACE_WORDS),
        reference=(JIWER_A1, SPACE_WORDS),
        select=(FINISHED,),
    ),
    Convention(
        "audiobench",
        "Lower case, Whisper's English normaliser, small numbers spelled out, punctuation and fillers deleted.",
        _WER,
        hypothesis=(STRIP_SPECIAL, LOWER, WHISPER_ENGLISH, AUDIOBENCH_WORDS, EMPTY_WORD, WORDS),
        reference=(LOWER, WHISPER_ENGLISH, AUDIOBENCH_WORDS, EMPTY_WORD, WORDS),
        notes="An empty text is replaced by the word `empty`.",
    ),
    _leaderboard(
        "open-asr-leaderboard-2023",
        "Whisper's English normaliser, segments without words in the reference dropped (until October 2025).",
        OPEN_ASR_2023,
        SCORED_2023,
    ),
    _leaderboard(
        "open-asr-leaderboard-2025",
        "As open-asr-leaderboard-2023 with a corrected spelling table (October 2025 to June 2026).",
        OPEN_ASR_2025,
        SCORED_2025,
    ),
    replace(
        _leaderboard(
            "open-asr-leaderboard",
            "Fillers, compounds, acronyms and names normalised too, words apart or together at no cost (since June 2026).",
            OPEN_ASR_2026,
            SCORED_2026,
        ),
        metric=CompoundErrorRate(),
    ),
    *(
        Convention(
            name,
            f"Digits spelled out, Whisper's English normaliser, punctuation deleted; {fold}.",
            metric,
            hypothesis=(STRIP_SPECIAL, DROP_THINKING, *_AU_HARNESS),
            reference=_AU_HARNESS,
            notes="Ordinals and decimals break: `2nd` becomes `twond`. An empty reference counts as one word.",
        )
        for name, fold, metric in (
            ("au-harness", "errors pooled over the set", OneWordErrorRate()),
            ("au-harness-mean", "mean of utterance WERs", MeanErrorRate()),
        )
    ),
)
WITH_TAGS = (
    *CONVENTIONS,
    HUFS_FILTERED,
    _both(
        "lmms-eval-gigaspeech",
        "Punctuation tags replaced by marks, Whisper's English normaliser, `none` tokens, all-punctuation tokens dropped.",
        GIGASPEECH_MARKS,
        WHISPER_ENGLISH,
        JOIN_NONE,
        DROP_PUNCTUATION_TOKENS,
        LOWER,
    ),
)


def _build(parameters: Mapping[str, Any]) -> Conventions:
    return {"wer": WITH_TAGS if parameters["tags"] else CONVENTIONS}


FAMILY = Family(
    "asr",
    "Speech recognition: word error rates.",
    _build,
    ReferenceType.TEXT,
    (
        Parameter(
            "tags",
            "flag",
            False,
            "true if references write punctuation and noises as tags (`<COMMA>`, `<SIL>`), as GigaSpeech does.",
        ),
    ),
)
