"""Captions with one reference each, as in music captioning: BLEU and ROUGE-L."""

from __future__ import annotations

from dataclasses import replace

from tasks.convention import Convention
from tasks.metrics.bleu import Bleu, NltkCharacterBleu
from tasks.metrics.coco_rouge import CocoRougeL
from tasks.metrics.rouge import RougeL, rouge_tokens
from tasks.steps.clean import STRIP_END_TOKEN, STRIP_SPECIAL
from tasks.steps.normalise.simple import DROP_PUNCTUATION_BUT, LOWER
from tasks.steps.ptb import PTB, ptb_unavailable
from tasks.steps.select import FINISHED
from tasks.steps.tokenise import JOIN_13A, TOK_13A, WORDS

_STEMS, _PLAIN = rouge_tokens(stemmer=True), rouge_tokens(stemmer=False)
_TWICE = (JOIN_13A, TOK_13A)
_NORMALISED = (LOWER, DROP_PUNCTUATION_BUT, TOK_13A)
_13A_BLEU = Convention(
    "hufs-13a",
    "`13a` tokens, then sacreBLEU with its `13a` again.",
    Bleu(),
    hypothesis=(STRIP_END_TOKEN, *_TWICE),
    reference=_TWICE,
)
_NORMALISED_BLEU = Convention(
    "hufs-normalised",
    "Lower case, ASCII punctuation except `'` and `-` deleted, then sacreBLEU `13a`.",
    Bleu(),
    hypothesis=(STRIP_END_TOKEN, *_NORMALISED),
    reference=_NORMALISED,
)
_13A_ROUGE = Convention(
    "hufs-13a",
    "rouge-score's F with stemming on `13a` tokens, mean.",
    RougeL(),
    hypothesis=(STRIP_END_TOKEN, JOIN_13A, _STEMS),
    reference=(JOIN_13A, _STEMS),
)
_NORMALISED_ROUGE = Convention(
    "hufs-normalised",
    "rouge-score's F with stemming on lower-cased text without punctuation, mean.",
    RougeL(),
    hypothesis=(STRIP_END_TOKEN, *_NORMALISED[:2], _STEMS),
    reference=(*_NORMALISED[:2], _STEMS),
)


def finished(convention: Convention) -> Convention:
    """The convention with outputs without an end token dropped."""
    return replace(
        convention,
        id=f"{convention.id}-finished",
        summary=convention.summary[:-1] + "; outputs without an end token dropped.",
        select=(FINISHED,),
    )


BLEU = (
    _13A_BLEU,
    finished(_13A_BLEU),
    _NORMALISED_BLEU,
    finished(_NORMALISED_BLEU),
    Convention(
        "lp-musiccaps",
        "Corpus BLEU on `13a` tokens without smoothing.",
        Bleu(smoothing="none"),
        hypothesis=(STRIP_SPECIAL, TOK_13A),
        reference=(TOK_13A,),
    ),
    Convention(
        "coco",
        "Corpus BLEU on lower-cased PTB tokens without punctuation, no smoothing, closest length.",
        Bleu(smoothing="none"),
        hypothesis=(STRIP_SPECIAL, PTB, WORDS),
        reference=(PTB, WORDS),
        unavailable=ptb_unavailable,
    ),
    Convention(
        "cmi-bench",
        "nltk's sentence BLEU on strings, so character n-grams, with `<s>` and `</s>` left in; mean.",
        NltkCharacterBleu(),
        notes="Its source calls it BLEU, but it does not count words.",
    ),
    Convention(
        "cmi-bench-bleu4",
        "The same with all weight on character 4-grams.",
        NltkCharacterBleu(only_fourth=True),
    ),
)
ROUGE = (
    _13A_ROUGE,
    finished(_13A_ROUGE),
    _NORMALISED_ROUGE,
    finished(_NORMALISED_ROUGE),
    Convention(
        "lp-musiccaps-mean",
        "rouge-score's F without stemming, mean; its source prints a bootstrap median.",
        RougeL(),
        hypothesis=(STRIP_SPECIAL, _PLAIN),
        reference=(_PLAIN,),
        notes="The source's value changes from run to run and cannot be recomputed: on one set of 3,413 rows three runs "
        "gave 14.8159, 14.8138 and 14.8112, and the mean is 14.8143.",
    ),
    Convention(
        "coco",
        "COCO's ROUGE-L (beta 1.2) on lower-cased PTB tokens without punctuation, mean.",
        CocoRougeL(),
        hypothesis=(STRIP_SPECIAL, PTB),
        reference=(PTB,),
        unavailable=ptb_unavailable,
    ),
    Convention(
        "cmi-bench",
        "rouge-score's recall with stemming, `<s>` and `</s>` left in, mean.",
        RougeL(measure="recall"),
        hypothesis=(_STEMS,),
        reference=(_STEMS,),
    ),
)
