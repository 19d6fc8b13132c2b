"""Overlapped speech recognition: word error rates over two speakers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tasks.convention import Convention
from tasks.family import Conventions, Family
from tasks.metrics.permutation import PermutationErrorRate
from tasks.row import ReferenceType
from tasks.steps.clean import STRIP_END_TOKEN, STRIP_SPECIAL
from tasks.steps.select import FINISHED
from tasks.steps.sentences import SEPARATE_WORDS, SPLIT_FULL_STOPS, SPLIT_SENTENCES, TWO_PIECES, UPPER_LETTERS
from tasks.steps.tokenise import WORDS

_CPWER = Convention(
    "cpwer",
    "Sentences split at full stops, words at everything except letters and apostrophes, assigned to speakers with the fewest "
    "errors; missing and surplus sentences are errors.",
    PermutationErrorRate(),
    hypothesis=(STRIP_SPECIAL, SPLIT_FULL_STOPS, SEPARATE_WORDS, WORDS),
    reference=(SEPARATE_WORDS, WORDS),
)
CONVENTIONS = (
    Convention(
        "hufs",
        "Outputs without exactly two sentences dropped; the better order; `well-known` is one word.",
        PermutationErrorRate(pooled_order=True),
        hypothesis=(STRIP_END_TOKEN, SPLIT_FULL_STOPS, UPPER_LETTERS, WORDS),
        reference=(UPPER_LETTERS, WORDS),
        select=(FINISHED, TWO_PIECES),
        notes="The source takes the references as they are, in upper case without punctuation.",
    ),
    _CPWER,
    replace(
        _CPWER,
        id="cpwer-sentences",
        summary="As cpwer, sentences split at `.`, `?`, `!` and line ends.",
        hypothesis=(STRIP_SPECIAL, SPLIT_SENTENCES, SEPARATE_WORDS, WORDS),
    ),
    replace(
        _CPWER,
        id="cpwer-merge",
        summary="As cpwer, surplus sentences joined to speakers so that all sentences together have the fewest errors.",
        metric=PermutationErrorRate(merge=True),
    ),
)


def _build(_: Mapping[str, Any]) -> Conventions:
    return {"wer": CONVENTIONS}


FAMILY = Family(
    "overlapped-speech",
    "Overlapped speech recognition: word error rates over the speakers.",
    _build,
    ReferenceType.SPEAKERS,
)
