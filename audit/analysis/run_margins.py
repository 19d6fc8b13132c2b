"""When the difference between two runs is a margin: only if nothing but batch, machine, precision or library versions differs.

If the files state a difference in anything else, there is no margin. What a file does not state is unknown, not equal: then
the person who made the runs must say what they differ in, and the margin's reason says that somebody did. The outputs outweigh
this statement: if significantly more outputs of one run than of the other answer another question (phone strings, refusals,
another language), the prompts or the models differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from audit.scoring.predictions import PredictionSet
from tasks.analysis.run_kinds import OTHER_TASK, Kind
from tasks.statistics.mcnemar import mcnemar

Allowed = Literal["batch", "machine", "precision", "library versions"]
ALLOWED: tuple[Allowed, ...] = ("batch", "machine", "precision", "library versions")
# Settings in `decoding` that may differ: `infer` writes the batch sizes at the top and the precision under `model`; other
# programs may name them differently.
_BATCH = frozenset({"batch", "batch_size", "encode_batch"})
_PRECISION = frozenset({"precision", "dtype", "torch_dtype"})
_LIBRARIES = frozenset({"transformers", "torch", "libraries", "library_versions"})
_FREE = _BATCH | _PRECISION | _LIBRARIES
# Two honest runs show as many outputs of another kind with at most this probability, for each detector.
_IMPLAUSIBLE = Fraction(1, 1000)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Whether the difference between two runs is a margin.

    Attributes:
        differ: What differs and must not; never a margin.
        unknown: What must be equal and is not stated by both runs.
        stated: What the runs differ in, as the person who made them says; empty if nobody does.
        seen: What may differ and does, as the files say: `batch_size 1 and 2`.
    """

    differ: tuple[str, ...]
    unknown: tuple[str, ...]
    stated: tuple[Allowed, ...]
    seen: tuple[str, ...]

    @property
    def hindrances(self) -> tuple[str, ...]:
        """Why the difference is not a margin; empty if it is."""
        unknown = () if self.stated else tuple(f"{name} (unknown)" for name in self.unknown)
        return (*self.differ, *unknown)

    @property
    def reason(self) -> str:
        """What differs and how it is known, for the margin's reason in a study."""
        said = []
        if self.seen:
            said.append(f"The files differ in {_and(self.seen)}.")
        if self.stated:
            said.append(f"The person who ran them states that they differ only in {_and(self.stated)}.")
            if self.unknown:
                said.append(f"The files do not say whether the runs have the same {_and(self.unknown)}.")
        return " ".join(said)


def conditions(
    first: PredictionSet, second: PredictionSet, kinds: Sequence[Kind], stated: Sequence[Allowed]
) -> Conditions:
    """Compare what the files of two runs say, and what their outputs show.

    Args:
        first: A run.
        second: The other, on the same items.
        kinds: The kind of each pair of rows.
        stated: What the runs differ in, as the person who made them says.
    """
    differ: list[str] = []
    unknown: list[str] = []
    a, b = first.meta, second.meta
    if first.sha256 == second.sha256:
        differ.append("nothing: they are one file")
    for name in ("model", "variant"):
        if getattr(a, name) != getattr(b, name):
            differ.append(name)
    for name, one, other in (
        ("weights", a.weights, b.weights),
        ("decoding", _fixed(a.decoding), _fixed(b.decoding)),
        ("special tokens", a.special_tokens, b.special_tokens),
    ):
        if one is not None and other is not None:
            if one != other:
                differ.append(name)
        elif name != "special tokens":
            unknown.append(name)
        elif one != other:
            differ.append(name)
    if a.dataset is not None and b.dataset is not None and a.dataset != b.dataset:
        differ.append("dataset")
    prompts = [(x.prompt, y.prompt) for x, y in zip(first.asked, second.asked, strict=True)]
    if any(x is not None and y is not None and x != y for x, y in prompts):
        differ.append("prompt")
    elif any(x is None or y is None for x, y in prompts):
        unknown.append("prompt")
    differ += _shown(kinds)
    return Conditions(tuple(differ), tuple(unknown), tuple(dict.fromkeys(stated)), tuple(_seen(first, second)))


def _fixed(decoding: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The settings that must be equal, without those that may differ."""
    if decoding is None:
        return None
    return {
        name: _fixed(value) if isinstance(value, Mapping) else value
        for name, value in decoding.items()
        if name not in _FREE
    }


def _seen(first: PredictionSet, second: PredictionSet) -> Iterable[str]:
    a, b = (dict(_flat(run.meta.decoding or {})) for run in (first, second))
    for name in sorted(a.keys() | b.keys()):
        if name in _FREE and a.get(name) != b.get(name):
            yield f"{name} ({_plain(a.get(name))} and {_plain(b.get(name))})"
    if first.meta.device != second.meta.device:
        yield f"device ({first.meta.device or 'not stated'} and {second.meta.device or 'not stated'})"


def _flat(settings: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, Mapping) and name not in _FREE:
            yield from _flat(value)
        else:
            yield name, value


def _plain(value: object) -> str:
    return "not stated" if value is None else value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _shown(kinds: Sequence[Kind]) -> Iterable[str]:
    """What the outputs say against equal prompts and models."""
    for name in OTHER_TASK:
        alone = {where: sum(k.id == name and k.where == where for k in kinds) for where in ("first", "second")}
        p = mcnemar(alone["first"], alone["second"])
        if p is not None and p < _IMPLAUSIBLE:
            yield (
                f"prompt or model, as the outputs show ({name}: {alone['first']} outputs of the first run alone, "
                f"{alone['second']} of the second)"
            )


def _and(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
