"""Prompts: whether rows were asked what a claim says that the model was asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from audit.schema import Claim
from audit.scoring.predictions import PredictionSet

_PLACEHOLDER = "<Speech><SpeechHere></Speech>"
# The template that the released code puts around an instruction (configs/decode_config.yaml of bytedance/SALMONN).
_TEMPLATE = re.compile(r"\AUSER:\s*(.*?)\s*ASSISTANT:\s*\Z", re.DOTALL)


class PromptState(StrEnum):
    """What is known of the rows' prompts beside a claim's."""

    SAME = "same"
    OTHER = "other"
    UNKNOWN = "unknown"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class PromptComparison:
    """The prompts of a prediction file beside a claim's.

    Attributes:
        state: `same` if every row was asked the claim's prompt, `other` if none was; `unknown` if no row is known to have been
            asked another one, and not all are known; `mixed` if some rows were asked another one.
        same: Rows asked the claim's prompt.
        other: Rows asked another one.
        unknown: Rows whose prompt is not known, all of them if the claim's is not.
    """

    state: PromptState
    same: int
    other: int
    unknown: int


def prompt_state(predictions: PredictionSet, claim: Claim) -> PromptComparison:
    """Hold every row's prompt, or the meta file's where the row has none, against the claim's.

    Speech placeholder, template and outer white space do not count; `{}` in the claim's prompt stands for any text. A prompt
    that is empty or missing is unknown, whichever importer wrote the file.
    """
    asked = claim.prompt.text if claim.prompt is not None else None
    common = predictions.meta.prompt
    prompts = [plain_prompt(row.prompt or common) for row in predictions.rows]
    if not asked:
        return PromptComparison(PromptState.UNKNOWN, 0, 0, len(prompts))
    parts = (re.escape(part) for part in (plain_prompt(asked) or "").split("{}"))
    pattern = re.compile(".*".join(parts), re.DOTALL)
    known = [prompt for prompt in prompts if prompt is not None]
    same = sum(pattern.fullmatch(prompt) is not None for prompt in known)
    other, unknown = len(known) - same, len(prompts) - len(known)
    if not other:
        state = PromptState.UNKNOWN if unknown else PromptState.SAME
    else:
        state = PromptState.MIXED if same or unknown else PromptState.OTHER
    return PromptComparison(state, same, other, unknown)


def plain_prompt(prompt: object) -> str | None:
    """An instruction without placeholder, template and outer white space; None where there is none."""
    if not isinstance(prompt, str):
        return None
    match = _TEMPLATE.match(prompt.strip())
    text = (match[1] if match else prompt).replace(_PLACEHOLDER, "").strip()
    return text or None
