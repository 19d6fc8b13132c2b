"""Slot filling, one question per slot: accuracy, SLU-F1 and following rate.

A row is a slot. Rows of the same recording have its name in `extra["recording"]`, or in `extra["item"]` if they were imported
from one answer to all slots; a row with neither is a separate recording. (`extra["cluster"]` may span recordings.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tasks.availability import needs_judge
from tasks.convention import Convention, Selection, View
from tasks.family import Conventions, Family
from tasks.metrics.accuracy import Accuracy, Share
from tasks.metrics.following import NotTranscribed, RecordingsNotTranscribed
from tasks.metrics.slu_f1 import Slot, SluF1
from tasks.row import ReferenceType, Row
from tasks.steps.characters import PUNCTUATION, plain_words
from tasks.steps.clean import DROP_END_TOKEN, STRIP, STRIP_SPECIAL
from tasks.steps.normalise.simple import JIWER_A1, LOWER

SOURCES = ("module:tasks.steps.characters", "module:tasks.steps.long_texts", "unicode:", "version:regex")


def _object(row: Row) -> Mapping[str, Any]:
    return row.reference if isinstance(row.reference, Mapping) else {}


def _value(row: Row) -> str | None:
    value = _object(row).get("value")
    return value if isinstance(value, str) else None


def _transcript(row: Row) -> str | None:
    value = _object(row).get("transcript")
    return value if isinstance(value, str) else None


def _slot(row: Row) -> Slot | None:
    kind, value = _object(row).get("slot"), _value(row)
    if not isinstance(kind, str) or value is None:
        return None
    return _recording(row), kind, value


def _recording(row: Row) -> str:
    return str(row.extra.get("recording", row.extra.get("item", row.id)))


def _spoken(row: Row) -> tuple[str, str] | None:
    text = _transcript(row)
    return None if text is None else (_recording(row), text)


def _answered(row: Row) -> bool:
    return bool(STRIP_SPECIAL(row.hypothesis or ""))


VALUE = View("value", _value)
TRANSCRIPT = View("transcript", _transcript)
SLOT = View("slot", _slot)
SPOKEN = View("recording-transcript", _spoken)
# Leaves out recordings without a single answer: pswietojanski/slurp@8eb1654:scripts/evaluation/evaluate.py:82-93.
RECORDING_ANSWERED = Selection("recording-answered", _answered, "no answer in the recording", group=_recording)


def value_in_output(hypothesis: str, value: str) -> tuple[int, int]:
    """(correct, 1): the output contains the slot's words consecutively, ignoring case and punctuation."""
    words = plain_words(value)
    return int(bool(words.strip()) and words in plain_words(hypothesis)), 1


_NORMALISED = (LOWER, PUNCTUATION)
_JUDGE = Convention(
    "hufs-judge",
    "Qwen3-8B decides whether the answer reflects the gold slot, once per slot.",
    Accuracy(),
    unavailable=needs_judge,
    notes="The paper does not say how answers are judged.",
)
ACCURACY = (
    _JUDGE,
    replace(
        _JUDGE,
        id="llaso-judge",
        summary="GPT-4o-mini rates the slot from 1 to 5.",
        notes="The source has not published its prompt.",
    ),
    Convention(
        "exact-match",
        "The output equals the slot's value exactly.",
        Accuracy(),
        hypothesis=(STRIP_SPECIAL,),
        reference_view=VALUE,
    ),
    Convention(
        "normalised-match",
        "The output equals the slot's value, ignoring case and punctuation.",
        Accuracy(),
        hypothesis=(STRIP_SPECIAL, *_NORMALISED),
        reference=_NORMALISED,
        reference_view=VALUE,
    ),
    Convention(
        "contained-match",
        "The output contains the slot's value, ignoring case and punctuation.",
        Share("value-in-output", value_in_output, version="2"),
        hypothesis=(STRIP_SPECIAL,),
        reference_view=VALUE,
    ),
)
_SLURP = Convention(
    "slurp-f1",
    "SLURP's SLU-F1 on answers as they are written, gold in lower case; a slot without an answer is a false negative.",
    SluF1(),
    hypothesis=(STRIP_SPECIAL,),
    reference_view=SLOT,
    notes="SLURP's program leaves out recordings without any prediction; here their slots are false negatives. Its gold joins "
    "tokens (`jessica 's`), the set's own slots are spelt as in the sentence (`jessica's`). Rows missing from the predictions "
    "are not counted as slots: see the share of the set that was scored.",
)
F1 = (
    _SLURP,
    replace(
        _SLURP,
        id="slurp-f1-answered",
        summary="As slurp-f1, recordings without any answer left out, as in SLURP's program.",
        select=(RECORDING_ANSWERED,),
        notes="An unanswered slot of a recording with another answer is a false negative. SLURP's gold joins tokens "
        "(`jessica 's`), the set's own slots are spelt as in the sentence (`jessica's`).",
    ),
)
FOLLOWING = (
    Convention(
        "hufs",
        "A recording is followed if the WER of any of its answers, lower-cased, to the spoken text is 30 % or more.",
        RecordingsNotTranscribed(),
        hypothesis=(DROP_END_TOKEN, LOWER, STRIP),
        reference_view=SPOKEN,
        notes="Counts recordings, not outputs as the paper does, and lower-cases the answers alone. One answer that is not a "
        "transcript is enough, so nearly every recording counts as followed.",
    ),
    Convention(
        "appendix-e",
        "Not followed if the WER to the spoken text is below 30 %.",
        NotTranscribed(),
        hypothesis=(JIWER_A1,),
        reference=(JIWER_A1,),
        reference_view=TRANSCRIPT,
        notes="The paper does not name a normaliser; lower case without punctuation is used.",
    ),
)


def _build(_: Mapping[str, Any]) -> Conventions:
    return {"accuracy": ACCURACY, "f1": F1, "following-rate": FOLLOWING}


FAMILY = Family(
    "slots", "Slot filling, one question per slot: accuracy, SLU-F1 and following rate.", _build, ReferenceType.SLOT
)
