"""Phone recognition: phone error rates.

References are forced alignments: ARPAbet with stress digits, silence as `sil` (bytedance/SALMONN issue 103).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

from tasks.convention import HYPOTHESIS, REFERENCE, Convention
from tasks.family import Conventions, Family
from tasks.metrics.error_rate import ErrorRate, MeanErrorRate
from tasks.row import ReferenceType
from tasks.step import Step
from tasks.steps.clean import STRIP_SPECIAL
from tasks.steps.normalise.simple import JIWER_A1, LOWER
from tasks.steps.phones import DROP_SILENCE, LLASO_LETTERS, STRIP_STRESS
from tasks.steps.select import FINISHED
from tasks.steps.tokenise import CHARACTERS, SPACE_WORDS, WORDS

_PER = ErrorRate(id="per")
_LLASO = (LLASO_LETTERS, CHARACTERS)
HUFS = Convention(
    "hufs",
    "Lower case, phones split on white space; silence and stress count.",
    _PER,
    hypothesis=(JIWER_A1, SPACE_WORDS),
    reference=(JIWER_A1, SPACE_WORDS),
)


def _grid(silence: bool, stress: bool, finished: bool) -> Convention:
    steps: list[Step] = [LOWER]
    steps += [] if silence else [DROP_SILENCE]
    steps += [] if stress else [STRIP_STRESS]
    name = f"phones-{'sil' if silence else 'nosil'}-{'stress' if stress else 'nostress'}"
    words = [
        "silence counted" if silence else "silence dropped",
        "stress kept" if stress else "stress stripped",
    ]
    return Convention(
        name + ("-finished" if finished else ""),
        f"Phones, {words[0]}, {words[1]}{', outputs without an end token dropped' if finished else ''}.",
        _PER,
        hypothesis=(STRIP_SPECIAL, *steps, WORDS),
        reference=(*steps, WORDS),
        select=(FINISHED,) if finished else (),
    )


CONVENTIONS = (
    HUFS,
    replace(HUFS, id="hufs-finished", summary="As hufs, outputs without an end token dropped.", select=(FINISHED,)),
    *(_grid(*choice) for choice in product((True, False), repeat=3)),
    Convention(
        "llaso",
        "The letters of both strings in upper case, some taken as one (A and D; C, F and G; H and W; K, N and V); mean of row "
        "error rates with gold and output exchanged, so errors are divided by the output's letters.",
        MeanErrorRate(id="per", empty="one"),
        hypothesis=_LLASO,
        reference=_LLASO,
        hypothesis_view=REFERENCE,
        reference_view=HYPOTHESIS,
        notes="Written for IPA references; on ARPAbet it compares the spellings of phones. Special tokens are letters. On "
        "the source's own outputs its script gives 65.3 %; with the sides the usual way it would be 182.4 %. An "
        "output without letters has the rate 1 (0 if the gold has none either).",
    ),
)


def _build(_: Mapping[str, Any]) -> Conventions:
    return {"per": CONVENTIONS}


FAMILY = Family("phones", "Phone recognition: phone error rates.", _build, ReferenceType.TEXT)
