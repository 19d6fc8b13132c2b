"""From rows and a convention to the questions for a judge."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from audit._util import canonical_json
from audit.errors import InputError
from audit.judge.interface import Message, Params, request_key
from audit.judge.templates import Template, load
from tasks.judging.conventions import JudgedConvention
from tasks.judging.fields import FieldError
from tasks.row import Row


@dataclass(frozen=True, slots=True)
class Request:
    """One question about one row.

    Attributes:
        key: Its identity (`request_key`).
        row: The row's id.
        part: Which of the row's questions it is.
        messages: What is sent.
        params: How it is sampled.
        markers: How many chat markers in the row's texts were broken up.
        repeat: Which of several askings it is.
    """

    key: str
    row: str
    part: str
    messages: tuple[Message, ...]
    params: Params
    markers: int
    repeat: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be asked, and of which rows nothing can be asked.

    Attributes:
        requests: In the order of the rows; two of them may have the same key, and are then one question.
        without_output: The ids of rows without an output (`hypothesis` is null): they have no judgement.
        unasked: The ids of rows that need no judge (a question without any correct answer).
    """

    requests: tuple[Request, ...]
    without_output: tuple[str, ...]
    unasked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """A convention with the judge, the prompt and the parameters it is used with.

    Attributes:
        convention: What is asked and how replies are read.
        template: The prompt, in the variant below.
        backend: Where replies are kept under.
        model: The model asked for.
        params: Sampling; the convention's own where nothing else was wanted.
        variant: `swapped` or `padded` for a probe of the judge, otherwise empty.
        drawn: Several temperatures of which each row has one; empty where there is one for all.
        prompt: The hash of the prompt without its variant.
    """

    convention: JudgedConvention
    template: Template
    backend: str
    model: str
    params: Params
    variant: str = ""
    drawn: tuple[str, ...] = ()
    prompt: str = ""

    @property
    def judge(self) -> str:
        """A name for model and settings: `MODEL#` and eight digits over backend, parameters, prompt."""
        identity = {
            "backend": self.backend,
            "model": self.model,
            "params": self.params.as_json(),
            "drawn": list(self.drawn),
            # A probe is the same judge under another prompt, so the variant is not part of the judge's name.
            "template": self.prompt,
        }
        return f"{self.model}#{hashlib.sha256(canonical_json.dumps(identity)).hexdigest()[:8]}"

    def sampling(self, row: str) -> Params:
        """The parameters for one row: with several temperatures, the one that the row's id draws."""
        if not self.drawn:
            return self.params
        draw = int.from_bytes(hashlib.sha256(f"temperature {row}".encode()).digest()[:8], "big")
        return replace(self.params, temperature=self.drawn[draw % len(self.drawn)])


def setting(
    convention: JudgedConvention,
    *,
    backend: str,
    model: str,
    params: Mapping[str, Any] | None = None,
    variant: str = "",
    template: str | None = None,
) -> Setting:
    """A convention's setting for a judge: its own parameters, where `params` does not say otherwise.

    Raises:
        InputError: The variant is none that the convention can be probed with, or the template is not valid.
    """
    if variant and variant not in convention.probes:
        raise InputError(
            f"{convention.id} has no variant {variant!r}",
            fix=f"It has {', '.join(convention.probes) or 'none'}.",
        )
    wanted = {name: value for name, value in (params or {}).items() if value is not None}
    drawn = () if "temperature" in wanted else convention.temperatures
    return Setting(
        convention,
        load(template or convention.template, variant),
        backend,
        model,
        Params(**{**convention.params, **wanted}),
        variant,
        drawn,
        load(template or convention.template).sha256,
    )


def build(chosen: Setting, rows: Iterable[Row], *, repeats: int = 1, where: str = "predictions") -> Plan:
    """All questions about the rows.

    With `repeats` of more than one, each is asked so many times; a seed, where one is set, goes up by one
    each time.

    Raises:
        InputError: A row lacks a field that the convention needs; the message names the row and the field.
    """
    requests: list[Request] = []
    without: list[str] = []
    unasked: list[str] = []
    for row in rows:
        name = row.id
        if row.hypothesis is None:
            without.append(name)
            continue
        try:
            parts = chosen.convention.parts(row, chosen.variant)
        except FieldError as error:
            raise InputError(
                error.what,
                where=f"{where}: row {name}: {error.field}",
                fix=f"{chosen.convention.id} needs this field; see docs/reference/judgements.md.",
            ) from None
        if not parts:
            unasked.append(name)
        for part in parts:
            messages, markers = chosen.template.fill(part.values)
            first = Request("", name, part.name, tuple(messages), chosen.sampling(name), markers)
            requests.extend(_repeat(chosen, first, number) for number in range(repeats))
    return Plan(tuple(requests), tuple(without), tuple(unasked))


def _repeat(chosen: Setting, first: Request, repeat: int) -> Request:
    params = first.params
    if params.seed is not None and repeat:
        params = replace(params, seed=params.seed + repeat)
    key = request_key(
        backend=chosen.backend,
        model=chosen.model,
        params=params,
        template=chosen.template.sha256,
        messages=first.messages,
        row=first.row,
        repeat=repeat,
    )
    return replace(first, key=key, params=params, repeat=repeat)
