"""Phone recognition on LibriSpeech test-clean: phone error rates.

References are forced alignments: ARPAbet with stress digits, silence as `sil` (bytedance/SALMONN issue 103).
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from tasks.convention import Convention
from tasks.metrics.error_rate import ErrorRate, MeanErrorRate
from tasks.row import ReferenceType
from tasks.step import Step, step
from tasks.steps.clean import STRIP_SPECIAL
from tasks.steps.normalise.simple import JIWER_A1, LOWER
from tasks.steps.select import FINISHED
from tasks.steps.tokenise import CHARACTERS, SPACE_WORDS, WORDS
from tasks.task import Task

_PER = ErrorRate(id="per")


def drop_silence(text: str) -> str:
    """Drop the token `sil`."""
    return " ".join(token for token in text.split() if token.lower() != "sil")


def strip_stress(text: str) -> str:
    """Remove the stress digit from the end of a phone."""
    return " ".join(token.rstrip("012") if token[:-1].isalpha() else token for token in text.split())


def letters_only(text: str) -> str:
    """Keep the letters A to Z (EIT-NLP/LLaSO's phone rule, made for IPA references)."""
    return "".join(c for c in text if "A" <= c <= "Z")


DROP_SILENCE = step("drop-sil", drop_silence)
STRIP_STRESS = step("strip-stress", strip_stress)
LETTERS_ONLY = step("letters", letters_only)

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
        "The letters A to Z of both strings as tokens; mean of row error rates.",
        MeanErrorRate(id="per"),
        hypothesis=(LETTERS_ONLY, CHARACTERS),
        reference=(LETTERS_ONLY, CHARACTERS),
        notes="Written for IPA references; on ARPAbet it compares the spellings of phones.",
    ),
)
TASKS = (
    Task(
        "pr-librispeech",
        "PR",
        "LibriSpeech test-clean",
        ReferenceType.TEXT,
        {"per": CONVENTIONS},
        source="Table 2; bytedance/SALMONN issue 103",
    ),
)
