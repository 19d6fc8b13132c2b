"""Translation into any language, with any number of references: BLEU, chrF, chrF++ and TER."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from tasks.availability import Always
from tasks.convention import REFERENCE, Convention, View
from tasks.errors import ScoringError
from tasks.family import Conventions, Family, Parameter
from tasks.metrics.bleu import Bleu, MeanSentenceBleu
from tasks.metrics.chrf import Chrf
from tasks.metrics.ter import TERCOM_TOKENS, Ter
from tasks.row import ReferenceType, Row
from tasks.step import Step
from tasks.steps.clean import EMPTY_WORD, RSTRIP, STRIP_END_TOKEN, STRIP_SPECIAL
from tasks.steps.flores import FLORES101_TOKENS, flores_unavailable
from tasks.steps.normalise.au_harness import DROP_THINKING, PLAIN, SPELLED_DIGITS
from tasks.steps.normalise.simple import DROP_PUNCTUATION_BUT, LOWER
from tasks.steps.normalise.whisper import WHISPER_ENGLISH
from tasks.steps.select import FINISHED, HAS_KANA, REFERENCE_NOT_EMPTY
from tasks.steps.tokenise import CHAR_LEVEL, JOIN_13A, TOK_13A, TOK_CHAR, TOK_JA_MECAB, TOK_ZH, WORDS

_BLEU = Bleu()


def _bleu(id: str, summary: str, *steps: Step, notes: str = "") -> Convention:  # noqa: A002  # the field's name
    return Convention(id, summary, _BLEU, hypothesis=(STRIP_SPECIAL, *steps), reference=steps, notes=notes)


def _hufs(id: str, summary: str, *steps: Step) -> Convention:  # noqa: A002  # the field's name
    """One `</s>` is cut off the end of the output; a leading `<s>` stays (jaeeewon/project-multimodal, eval_bleu.py)."""
    return Convention(id, summary, _BLEU, hypothesis=(STRIP_END_TOKEN, *steps), reference=steps)


_CHAR = _bleu("sacrebleu-char", "sacreBLEU, every character except white space is a token.", TOK_CHAR)
_13A = _bleu("sacrebleu-13a", "sacreBLEU's default, `13a` tokens.", TOK_13A)
_NORMALISED = (LOWER, DROP_PUNCTUATION_BUT, TOK_CHAR)
_HUFS_NORMALISED = _hufs(
    "hufs-char-normalised",
    "Lower case, ASCII punctuation except `'` and `-` deleted, characters.",
    *_NORMALISED,
)
_HUFS_EOS = Convention(
    "hufs-char-normalised-eos",
    "As hufs-char-normalised, with the literal `</s>` left in the output, where it becomes an `s`.",
    _BLEU,
    hypothesis=_NORMALISED,
    reference=_NORMALISED,
    notes="Adds a stray token to one side only.",
)
_HUFS = (
    _hufs("hufs-char", "sacreBLEU `char` on the text without its end token.", TOK_CHAR),
    _HUFS_NORMALISED,
    _HUFS_EOS,
    replace(
        _HUFS_NORMALISED,
        id="hufs-char-normalised-finished",
        summary="As hufs-char-normalised, outputs without an end token dropped.",
        select=(FINISHED,),
    ),
)
_CHARACTER_LEVEL = _bleu(
    "covost2",
    "Character-level BLEU as in fairseq: `13a`, spaces replaced by U+2581, characters; case-sensitive.",
    JOIN_13A,
    CHAR_LEVEL,
    WORDS,
    notes="Spaces count as tokens. Released by the source that the paper cites for this metric.",
)
_WORD_LEVEL = replace(_13A, id="covost2", summary="sacreBLEU's default, `13a` tokens, case-sensitive.")


def _by_language(language_tokens: Step, name: str) -> tuple[Convention, ...]:
    """The conventions whose tokenizer depends on the target language."""
    return (
        _bleu("qwen2-audio", f"sacreBLEU `{name}` on the raw output.", language_tokens),
        replace(
            _bleu(
                "ultraeval-audio",
                f"sacreBLEU `{name}`, pairs with an empty reference dropped.",
                language_tokens,
            ),
            select=(REFERENCE_NOT_EMPTY,),
        ),
        _bleu("slam-llm", f"sacreBLEU `{name}`, lower case.", RSTRIP, LOWER, language_tokens),
        Convention(
            "diva-eval",
            f"Mean sentence BLEU with `{name}` tokens.",
            MeanSentenceBleu(),
            hypothesis=(STRIP_SPECIAL, language_tokens),
            reference=(language_tokens,),
            notes="A mean over sentences, not comparable with corpus BLEU; the source scored the validation split.",
        ),
    )


def _audiobench(tokens: Step, name: str) -> tuple[Convention, ...]:
    return (
        _bleu(
            "audiobench-2024",
            f"sacreBLEU `{name}` on raw texts, an empty text replaced by `empty` (until 2025-03-25).",
            EMPTY_WORD,
            tokens,
        ),
        replace(
            _bleu(
                "audiobench",
                "sacreBLEU `flores101`, an empty text replaced by `empty` (since 2025-03-25).",
                EMPTY_WORD,
                FLORES101_TOKENS,
            ),
            unavailable=flores_unavailable,
        ),
    )


_LMMS = Convention(
    "lmms-eval",
    "A Chinese text normaliser, `zh` tokens, punctuation dropped and lower case before sacreBLEU `zh`.",
    _BLEU,
    unavailable=Always("the rules of its Chinese text normaliser are not known"),
)
_KANA = (
    *(
        replace(
            c,
            id=f"{c.id}-kana",
            summary=c.summary[:-1] + "; outputs without any kana dropped.",
            select=(HAS_KANA,),
        )
        for c in _HUFS[:3]
    ),
    replace(
        _hufs("hufs-ja-mecab-kana", "sacreBLEU `ja-mecab`; outputs without any kana dropped.", TOK_JA_MECAB),
        select=(HAS_KANA,),
    ),
)


def _au_harness(tokens: Step, name: str) -> Convention:
    prepared = (SPELLED_DIGITS, WHISPER_ENGLISH, PLAIN, tokens)
    return Convention(
        "au-harness",
        f"Digits spelled out, Whisper's English normaliser, punctuation deleted, then sacreBLEU `{name}`.",
        _BLEU,
        hypothesis=(STRIP_SPECIAL, DROP_THINKING, *prepared),
        reference=prepared,
        notes="The English rules are applied to texts in every language.",
    )


_CHRF = Convention(
    "sacrebleu", "sacreBLEU's chrF2: character n-grams up to 6, case kept.", Chrf(), hypothesis=(STRIP_SPECIAL,)
)
_CHRF_PLUS = Convention(
    "sacrebleu",
    "sacreBLEU's chrF2++: character n-grams up to 6 and word n-grams up to 2, case kept.",
    Chrf(words=2, id="chrfpp"),
    hypothesis=(STRIP_SPECIAL,),
)
_TER = Convention(
    "sacrebleu",
    "sacreBLEU's TER: tercom's words in lower case, punctuation kept, shifts counted as one edit.",
    Ter(),
    hypothesis=(STRIP_SPECIAL, TERCOM_TOKENS),
    reference=(TERCOM_TOKENS,),
    notes="Text without spaces is a single word: use another metric for Chinese, Japanese and Thai.",
)


@cache
def references(number: int) -> View:
    """The view of `number` references of a row.

    Raises:
        ScoringError: (of the view) The row has another number of them.
    """

    def take(row: Row) -> list[str]:
        found = [row.reference] if isinstance(row.reference, str) else list(row.reference)
        if len(found) != number:
            raise ScoringError(f"the row has {len(found)} of {number} references", row=row.id)
        return found

    return View(f"references.{number}", take)


# By target language: the sacreBLEU tokenizer, and the one that AudioBench used until it changed to flores101.
_TOKENS = {"zh": (TOK_ZH, "zh"), "ja": (TOK_JA_MECAB, "ja-mecab")}
_AUDIOBENCH_TOKENS = {"zh": (TOK_ZH, "zh")}
_DEFAULT = (TOK_13A, "13a")


def _build(parameters: Mapping[str, Any]) -> Conventions:
    target = parameters["target"]
    found = (
        _CHARACTER_LEVEL if target in _TOKENS else _WORD_LEVEL,
        _CHAR,
        _13A,
        *_by_language(*_TOKENS.get(target, _DEFAULT)),
        *((_LMMS,) if target == "zh" else ()),
        *_audiobench(*_AUDIOBENCH_TOKENS.get(target, _DEFAULT)),
        _au_harness(*_AUDIOBENCH_TOKENS.get(target, _DEFAULT)),
        *_HUFS,
        *(_KANA if target == "ja" else ()),
    )
    metrics = {"bleu": found, "chrf": (_CHRF,), "chrfpp": (_CHRF_PLUS,), "ter": (_TER,)}
    view = references(parameters["references"]) if parameters["references"] > 1 else REFERENCE
    return {metric: tuple(replace(c, reference_view=view) for c in items) for metric, items in metrics.items()}


def _reference(parameters: Mapping[str, Any]) -> ReferenceType:
    return ReferenceType.TEXTS if parameters["references"] > 1 else ReferenceType.TEXT


FAMILY = Family(
    "translation",
    "Translation: BLEU, chrF, chrF++, TER.",
    _build,
    _reference,
    (
        Parameter("target", "text", None, "The target language as an ISO 639-1 code: de, ja, zh.", example="de"),
        Parameter("references", "number", 1, "The number of references of every row; more than one are a list."),
    ),
)
