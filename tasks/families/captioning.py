"""Audio and music captioning: METEOR and SPIDEr, or BLEU and ROUGE-L, under every convention in use.

Besides tokenisation, conventions differ in the METEOR (1.5 or nltk's, which gives about twice as much) and in whether an
output is scored against one caption or against all five of its clip. A row's `reference` is the list of its captions;
conventions that score one caption per item treat every caption of a row as an item.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tasks.availability import Reason, first_reason
from tasks.backends.wordnet import wordnet_unavailable
from tasks.convention import Convention
from tasks.families.single_captions import BLEU, ROUGE, finished
from tasks.family import Conventions, Family, Parameter
from tasks.metrics.captions import References
from tasks.metrics.cider import CiderD
from tasks.metrics.meteor import Meteor, meteor_unavailable
from tasks.metrics.metric import Metric
from tasks.metrics.nltk_meteor import NLTK_WORDS, NltkMeteor
from tasks.metrics.spice import Spice, Spider, spice_unavailable
from tasks.row import ReferenceType
from tasks.step import Step
from tasks.steps.clean import BEFORE_END_SYMBOL, STRIP_END_TOKEN, STRIP_SPECIAL
from tasks.steps.normalise.ltu import LTU_CAPTION
from tasks.steps.normalise.simple import JIWER_A1, LOWER
from tasks.steps.ptb import PTB, ptb_unavailable
from tasks.steps.tokenise import WORDS

_METEOR = first_reason(meteor_unavailable, ptb_unavailable)
_SPICE = first_reason(spice_unavailable, ptb_unavailable)
_ONE = "one caption per item"
_ALL = "all captions of the row"


def _ptb(id: str, summary: str, metric: Metric, missing: Reason, *before: Step, notes: str = "") -> Convention:  # noqa: A002  # the field's name
    """The same steps and PTB tokens on both sides."""
    return Convention(
        id,
        summary,
        metric,
        hypothesis=(STRIP_SPECIAL, *before, PTB),
        reference=(*before, PTB),
        unavailable=missing,
        notes=notes,
    )


def _plain(id: str, summary: str, metric: Metric, missing: Reason, *steps: Step, notes: str = "") -> Convention:  # noqa: A002  # the field's name
    """The same steps on both sides, without PTB tokenisation."""
    return Convention(
        id, summary, metric, hypothesis=(STRIP_SPECIAL, *steps), reference=steps, unavailable=missing, notes=notes
    )


def _hufs(convention: Convention) -> Convention:
    """One `</s>` is cut off the end of the output before the other steps (jaeeewon/project-multimodal, eval_aac.py)."""
    return replace(convention, hypothesis=(STRIP_END_TOKEN, *convention.hypothesis[1:]))


_COCO_NOTES = "As in the COCO scorer, which the paper's source for this task uses as well."
_DF = " Document frequencies come from the captions of the scored set."
_SINGLE = "The five captions of a clip are five items here, which gives lower scores than all five at once."


def _coco(metric: str, references: References) -> Convention:
    found: dict[str, tuple[str, Metric, Reason, str]] = {
        "meteor": ("METEOR 1.5", Meteor(references), _METEOR, ""),
        "spider": ("SPIDEr (CIDEr-D and SPICE)", Spider(references), _SPICE, _DF),
        "cider": ("CIDEr-D", CiderD(references), ptb_unavailable, _DF),
        "spice": ("SPICE 1.0", Spice(references), _SPICE, ""),
    }
    name, scored, missing, notes = found[metric]
    if references == "all":
        return _ptb("coco", f"{name} on PTB tokens, {_ALL}.", scored, missing, notes=_COCO_NOTES + notes)
    return _ptb("coco-one", f"{name} on PTB tokens, {_ONE}.", scored, missing, notes=_SINGLE + notes)


_HUFS_NLTK = _hufs(
    _plain(
        "hufs-nltk",
        f"nltk's METEOR on lower-cased words without punctuation, {_ONE}.",
        NltkMeteor("each"),
        wordnet_unavailable,
        JIWER_A1,
        WORDS,
        notes="nltk's METEOR gives about twice what METEOR 1.5 gives. " + _SINGLE,
    )
)
_HUFS_METEOR = _hufs(
    _ptb(
        "hufs-coco",
        f"METEOR 1.5 on lower-cased text without punctuation, {_ONE}.",
        Meteor("each"),
        _METEOR,
        JIWER_A1,
        notes=_SINGLE,
    )
)
_HUFS_SPIDER = replace(
    _HUFS_METEOR,
    summary=f"SPIDEr on lower-cased text without punctuation, {_ONE}.",
    metric=Spider("each"),
    unavailable=_SPICE,
    notes=_SINGLE + _DF,
)
_AUDIOBENCH = _plain(
    "audiobench",
    f"nltk's METEOR on nltk's word tokens, {_ONE}.",
    NltkMeteor("each"),
    wordnet_unavailable,
    NLTK_WORDS,
    notes="The source decodes each clip once per caption, with a different prompt each time. "
    "Sentences are split without nltk's English model, which would have to be downloaded.",
)
_AAC = "The same programs as coco, with a fixed number format; a text with a line break is an error there."
METEOR = (
    _coco("meteor", "all"),
    _coco("meteor", "each"),
    _ptb("aac-metrics", f"METEOR 1.5 on PTB tokens, {_ALL}.", Meteor(), _METEOR, notes=_AAC),
    _HUFS_NLTK,
    finished(_HUFS_NLTK),
    replace(
        _HUFS_NLTK,
        id="hufs-nltk-five",
        summary=f"As hufs-nltk, the best over {_ALL}.",
        metric=NltkMeteor(),
        notes="Not used by any published work: isolates the effect of the number of captions.",
    ),
    _HUFS_METEOR,
    finished(_HUFS_METEOR),
    _AUDIOBENCH,
    replace(
        _AUDIOBENCH,
        id="audiobench-five",
        summary=f"As audiobench, the best over {_ALL}.",
        metric=NltkMeteor(),
        notes="Not used by any published work: isolates the effect of the number of captions.",
    ),
)
_NOTA = Convention(
    "nota-v1.0",
    f"CIDEr-D alone, reported as SPIDEr; split on white space, captions unchanged, {_ONE}.",
    CiderD("each", id="spider"),
    hypothesis=(STRIP_SPECIAL, BEFORE_END_SYMBOL, LOWER),
    reference=(),
    notes="Neither SPICE nor PTB tokens: not SPIDEr, although its source calls it that." + _DF,
)
_LTU_NOTES = "The source averages the scores of five outputs per clip; here the row has one output." + _DF
SPIDER = (
    _coco("spider", "all"),
    _coco("spider", "each"),
    _ptb("aac-metrics", f"SPIDEr on PTB tokens, {_ALL}.", Spider(), _SPICE, notes=_AAC + _DF),
    _HUFS_SPIDER,
    finished(_HUFS_SPIDER),
    _NOTA,
    replace(
        _NOTA,
        id="nota-v1.1",
        summary=f"SPIDEr on words split on white space, captions unchanged, {_ONE}.",
        metric=Spider("each"),
        unavailable=spice_unavailable,
        notes="Its source reports a fraction, unlike for nota-v1.0; here it is multiplied by 100." + _DF,
    ),
    _ptb("ltu", f"SPIDEr on text after the last colon, {_ALL}.", Spider(), _SPICE, LTU_CAPTION, notes=_LTU_NOTES),
    _ptb(
        "slam-llm",
        f"SPIDEr on PTB tokens, {_ONE}.",
        Spider("each"),
        _SPICE,
        notes="Each line of the source's files has one caption." + _DF,
    ),
)
CIDER = (
    _coco("cider", "all"),
    _coco("cider", "each"),
    replace(
        _HUFS_SPIDER,
        summary=f"CIDEr-D on lower-cased text without punctuation, {_ONE}.",
        metric=CiderD("each"),
        unavailable=ptb_unavailable,
    ),
    _ptb(
        "ltu",
        f"CIDEr-D on text after the last colon, {_ALL}.",
        CiderD(),
        ptb_unavailable,
        LTU_CAPTION,
        notes=_LTU_NOTES,
    ),
)
SPICE = (
    _coco("spice", "all"),
    _coco("spice", "each"),
    replace(
        _HUFS_SPIDER,
        summary=f"SPICE on lower-cased text without punctuation, {_ONE}.",
        metric=Spice("each"),
        notes=_SINGLE,
    ),
)


def _build(parameters: Mapping[str, Any]) -> Conventions:
    if parameters["references"] == "one":
        return {"bleu": BLEU, "rouge-l": ROUGE}
    return {"meteor": METEOR, "spider": SPIDER, "cider": CIDER, "spice": SPICE}


def _reference(parameters: Mapping[str, Any]) -> ReferenceType:
    return ReferenceType.TEXT if parameters["references"] == "one" else ReferenceType.CAPTIONS


FAMILY = Family(
    "captioning",
    "Captioning: METEOR, SPIDEr, CIDEr-D and SPICE with several captions a clip, BLEU and ROUGE-L with one.",
    _build,
    _reference,
    (
        Parameter(
            "references",
            "text",
            "several",
            "several: a row's reference is the list of its clip's captions; one: it is a text.",
            choices=("several", "one"),
        ),
    ),
)
