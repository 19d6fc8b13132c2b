"""Usual names of the fields that hold ids, outputs and references: for suggestions, never for guesses."""

from __future__ import annotations

from collections.abc import Collection, Iterable

NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "uid", "uuid", "utt", "utt_id", "utterance_id", "key", "index", "idx", "sample_id", "file_name", "audio_id"),
    "reference": ("reference", "references", "ref", "text", "target", "answer", "gold", "label", "transcript", "transcription",
                  "sentence", "ground_truth", "expected_answer"),
    "hypothesis": ("hypothesis", "prediction", "predictions", "pred", "pred_text", "predicted", "hyp", "response", "output",
                   "outputs", "model_output", "model_prediction", "generated_text", "generation", "completion",
                   "answer_prediction"),
    "prompt": ("prompt", "instruction", "question", "query"),
    "choices": ("choices", "options"),
}  # fmt: skip


def candidates(role: str, names: Iterable[str]) -> list[str]:
    """The fields that usually have a role, in the order of the source."""
    usual = NAMES.get(role, ())
    return [name for name in names if name.lower().replace("-", "_").replace(" ", "_") in usual]


def has_output(names: Collection[str]) -> bool:
    """Whether a field has the usual name of outputs."""
    return bool(candidates("hypothesis", names))


def suggestion(role: str, names: Collection[str]) -> str:
    """What to write for a role that no field has: the one usual name, or a placeholder if there are none or several."""
    found = candidates(role, names)
    return f"--field {role}={found[0] if len(found) == 1 else 'NAME'}"
