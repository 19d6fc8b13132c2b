"""Whether the prompts of the rows are the prompt of the claim."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from audit.facts import Claim
from audit.scoring.predictions import PredictionSet

_PLACEHOLDER = "<Speech><SpeechHere></Speech>"
# The template that the released code wraps around an instruction (configs/decode_config.yaml of bytedance/SALMONN).
_TEMPLATE = re.compile(r"\AUSER:\s*(.*?)\s*ASSISTANT:\s*\Z", re.DOTALL)


class PromptState(StrEnum):
    """How the prompts of the rows compare with the prompt of a claim."""

    SAME = "same"
    OTHER = "other"
    UNKNOWN = "unknown"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class PromptComparison:
    """The prompts of a prediction file, compared with the prompt of a claim.

    Attributes:
        state: `same` if every row has the claim's prompt, `other` if every row has a different one; `unknown` if some prompts
            are unknown and no row is known to differ; `mixed` if only some rows are known to differ.
        same: Rows with the claim's prompt.
        other: Rows with a different prompt.
        unknown: Rows whose prompt is not known: all rows if the claim's prompt is not.
    """

    state: PromptState
    same: int
    other: int
    unknown: int


def prompt_state(predictions: PredictionSet, claim: Claim) -> PromptComparison:
    """Compare the prompt of every row, or of the meta file if the row has none, with the prompt of the claim.

    Speech placeholder, template and outer white space are ignored; `{}` in the claim's prompt matches any text. An empty or
    missing prompt is unknown, whichever importer wrote the file.
    """
    asked = plain_prompt(claim.prompt.text) if claim.prompt is not None else None
    number: Counter[str | None] = Counter()
    for prompt, times in predictions.prompts.items():
        number[plain_prompt(prompt)] += times
    if asked is None:
        return PromptComparison(PromptState.UNKNOWN, 0, 0, number.total())
    parts = (re.escape(part) for part in asked.split("{}"))
    pattern = re.compile(".*".join(parts), re.DOTALL)
    unknown = number.pop(None, 0)
    same = sum(times for prompt, times in number.items() if prompt is not None and pattern.fullmatch(prompt))
    other = number.total() - same
    if not other:
        state = PromptState.UNKNOWN if unknown else PromptState.SAME
    else:
        state = PromptState.MIXED if same or unknown else PromptState.OTHER
    return PromptComparison(state, same, other, unknown)


def plain_prompt(prompt: object) -> str | None:
    """An instruction without placeholder, template and outer white space; None if none."""
    if not isinstance(prompt, str):
        return None
    match = _TEMPLATE.match(prompt.strip())
    text = (match[1] if match else prompt).replace(_PLACEHOLDER, "").strip()
    return text or None
