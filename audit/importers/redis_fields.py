"""The fields of a Redis hash by task, and their conversion to rows.

jaeeewon/project-multimodal@d9e5d17: dist_eval/init_works.py, works.py and eval_*.py.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from audit.errors import InputError
from audit.importers.interface import Refused
from tasks.row import ReferenceType, Row

if TYPE_CHECKING:
    from tasks.task import Task

# NAME in task_NAME:ID.
NAMES: Mapping[str, str] = {
    "asr-librispeech-clean": "LibriSpeech-ASR-test-clean",
    "asr-librispeech-other": "LibriSpeech-ASR-test-other",
    "asr-gigaspeech": "GigaSpeech-ASR-test",
    "st-en-zh": "en2zh",
    "st-en-de": "en2de",
    "st-en-ja": "en2ja",
    "aac-audiocaps": "AudioCaps-AAC-test",
    "pr-librispeech": "LibriSpeech-PR-test-clean",
    "er-iemocap": "IEMOCAP-ER",
    "mc-musiccaps": "MusicCaps-MC",
    "osr-librimix": "LibriMix-OSR",
    "sv-voxceleb1": "VoxCeleb1-SV",
    "ke-inspec": "Inspec-KE",
    "sqqa-wikiqa": "WikiQA-SQQA",
    "sf-slurp": "Slurp-SF",
    "story-audiocaps": "AudioCaps-Story-test",
    **{
        f"sakura-{track}-{hop}": f"SAKURA-{track.title()}-{hop}"
        for track in ("animal", "emotion", "gender", "language")
        for hop in ("single", "multi")
    },
}
_REFERENCE = {
    "asr": "sentence",
    "translation": "translation",
    "captioning": "caption",
    "phones": "text",
    "classification": "emotion",
    "keyphrases": "keyphrases",
    "slots": "slots",
    "spoken-qa": "answer",
}
# IEMOCAP's codes and the four scored classes; excited counts as happy (dist_eval/eval_er.py).
EMOTIONS = {"neu": "Neutral", "hap": "Happy", "exc": "Happy", "sad": "Sad", "ang": "Angry"}
OTHER_EMOTIONS = frozenset(["fru", "sur", "fea", "dis", "oth", "xxx"])
# The separators of list items, and of a slot and its value.
_ITEMS, _VALUE = "; ", "="


@dataclass(frozen=True, slots=True)
class Item:
    """A hash: its key, and its fields as strings."""

    key: str
    fields: Mapping[str, str]

    def text(self, name: str, hint: str = "") -> str:
        """The value of a required field.

        Raises:
            InputError: The field is missing.
        """
        if name not in self.fields:
            raise InputError(
                "the field is missing",
                where=f"{self.key}: {name}",
                fix=f"The hash has: {', '.join(self.fields)}.{hint}",
            )
        return self.fields[name]


def rows_of(
    item: Item, task: Task, name: str, field: str | None, constant: str | None, *, prompt_field: str | None = None
) -> list[Row] | Refused:
    """The rows of a hash (one, or one per slot), or why it has none.

    Args:
        item: The hash.
        task: The task.
        name: NAME in task_NAME:ID.
        field: The field with the reference; by default that of the task.
        constant: A reference for all hashes, instead of a field.
        prompt_field: The field with the instruction; None if the hashes have none.

    Raises:
        InputError: A field is missing, or the reference has the wrong type for the task.
    """
    identifier = item.key.removeprefix(f"task_{name}:")
    extra: dict[str, Any] = {k: v for k, v in item.fields.items() if k != "infer"}
    hypothesis = item.fields.get("infer")
    if hypothesis is None:
        extra["error"] = f"no output in the source (status: {item.fields.get('status', 'none')})"
    prompt = None if prompt_field is None else item.text(prompt_field, " Check --prompt-field.") or None
    if task.reference_type is ReferenceType.SLOT and constant is None:
        rows = _slots(item, identifier, hypothesis, extra, field or "slots")
        return rows if isinstance(rows, Refused) else [replace(row, prompt=prompt) for row in rows]
    reference = constant if constant is not None else _reference(item, task, field)
    if isinstance(reference, Refused):
        return reference
    problem = task.reference_type.problem(reference)
    if problem:
        raise InputError(f"the reference {problem}", where=item.key, fix="Check --task, --name and --reference-field.")
    return [Row(identifier, hypothesis, reference, prompt=prompt, extra=extra)]


def _reference(item: Item, task: Task, field: str | None) -> Any:
    family = task.family
    kind = task.reference_type
    if kind is ReferenceType.SPEAKERS and field is None:
        return [item.text("ans1"), item.text("ans2")]
    name = field or _REFERENCE.get(family)
    if name is None:
        if kind is ReferenceType.OPTIONAL:
            return item.fields.get("caption")
        raise InputError(
            f"the field with the reference of {task.id} is not known",
            where=item.key,
            fix=f"Give --reference-field FIELD (the hash has: {', '.join(item.fields)}) or --reference TEXT.",
        )
    text = item.text(name, " Give --reference-field FIELD.")
    if family == "classification" and field is None:
        if text in EMOTIONS:
            return EMOTIONS[text]
        if text in OTHER_EMOTIONS:
            return Refused(item.key, f"gold label {text!r} is not one of the four classes")
        raise InputError(f"unknown label {text!r}", where=f"{item.key}: {name}", fix="Give --reference-field FIELD.")
    if kind in {ReferenceType.KEYPHRASES, ReferenceType.SPEAKERS}:
        return text.split(_ITEMS) if text else []
    if kind in {ReferenceType.CAPTIONS, ReferenceType.TEXTS}:
        return [text]
    if kind is ReferenceType.QUESTION_ANSWERS:
        return {"question": item.text("question"), "answers": text.split(_ITEMS) if text else []}
    return text


def _slots(
    item: Item, identifier: str, hypothesis: str | None, extra: dict[str, Any], field: str
) -> list[Row] | Refused:
    """One row per slot. The answers have the form `type=answer; type=answer`, in the order of the gold slots."""
    gold = [part.partition(_VALUE) for part in item.text(field).split(_ITEMS) if part]
    if not gold or any(not equals for _, equals, _ in gold):
        return Refused(item.key, "slots not of the form type=value; type=value")
    types = [name.strip() for name, _, _ in gold]
    answers: list[str | None] = [None] * len(gold)
    if hypothesis is not None:
        found = split_answers(hypothesis, types)
        if found is None:
            return Refused(item.key, "answers that cannot be aligned unambiguously with the slots")
        answers = list(found)
    transcript = item.text("transcript")
    width = len(str(len(gold)))
    return [
        Row(
            identifier if len(gold) == 1 else f"{identifier}#{index:0{width}d}",
            answer,
            {"slot": name, "value": value.strip(), "transcript": transcript},
            extra=extra if len(gold) == 1 else {**extra, "item": identifier, "cluster": identifier},
        )
        for index, (name, (_, _, value), answer) in enumerate(zip(types, gold, answers, strict=True), 1)
    ]


def split_answers(text: str, types: list[str]) -> list[str] | None:
    """The answers in `type=answer; type=answer` for these types in this order; None unless the split is unique.

    An answer may itself contain `; ` or `=`, so a naive split may shift answers between slots. A looping output has a great
    many markers: every position is tried once for every slot, and no more than two ways are kept.
    """
    heads = [re.compile(rf"\s*{re.escape(name + _VALUE)}", re.IGNORECASE) for name in types]
    marks = [re.compile(re.escape(f"{_ITEMS}{name}{_VALUE}"), re.IGNORECASE) for name in types]
    # The ways to split the rest of the text from a position on, for the slot in turn; computed from the last slot back.
    after: dict[int, list[tuple[str, ...]]] = {}
    for index in range(len(types) - 1, -1, -1):
        starts = [0] if index == 0 else [match.start() + len(_ITEMS) for match in marks[index].finditer(text)]
        ways: dict[int, list[tuple[str, ...]]] = {}
        later = sorted(after)
        for start in starts:
            head = heads[index].match(text, start)
            if head is None:
                continue
            if index == len(types) - 1:
                ways[start] = [(text[head.end() :],)]
                continue
            found: list[tuple[str, ...]] = []
            for following in later[bisect_left(later, head.end() + len(_ITEMS)) :]:
                found += [(text[head.end() : following - len(_ITEMS)], *rest) for rest in after[following]]
                if len(found) > 1:
                    break
            if found:
                ways[start] = found[:2]
        after = ways
    (only,) = after.values() if len(after) == 1 else ([],)
    return list(only[0]) if len(only) == 1 else None
