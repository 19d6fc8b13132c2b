"""Questions for a judge, built from rows and a convention."""

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
        key: The identity of the question (`request_key`).
        row: The row's id.
        part: The name of the question within the row.
        messages: The messages to send.
        params: The sampling parameters.
        markers: The number of chat markers broken up in the row's texts.
        repeat: The number of the repetition.
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
    """The questions to ask, and the rows without questions.

    Attributes:
        requests: In the order of the rows; requests with the same key are one question.
        without_output: The ids of rows without an output (`hypothesis` is null): they have no judgement.
        unasked: The ids of rows that need no judge (a question without a correct answer).
    """

    requests: tuple[Request, ...]
    without_output: tuple[str, ...]
    unasked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """A convention with judge, prompt and parameters.

    Attributes:
        convention: Defines the questions and the parser.
        template: The prompt, in the variant below.
        backend: The name under which replies are cached.
        model: The requested model.
        params: Sampling parameters; by default those of the convention.
        variant: `swapped` or `padded` for a probe of the judge, otherwise empty.
        drawn: Several temperatures, one of which is drawn for each row; empty if there is only one.
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
        """A name for model and settings: `MODEL#` and eight hexadecimal digits over backend, parameters, prompt."""
        identity = {
            "backend": self.backend,
            "model": self.model,
            "params": self.params.as_json(),
            "drawn": list(self.drawn),
            # A probe is the same judge with a different prompt, so the variant is not part of the judge's name.
            "template": self.prompt,
        }
        return f"{self.model}#{hashlib.sha256(canonical_json.dumps(identity)).hexdigest()[:8]}"

    def sampling(self, row: str) -> Params:
        """The parameters for a row; with several temperatures, the row's id determines which."""
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
    """The setting of a convention for a judge; `params` override the convention's own.

    Raises:
        InputError: The convention does not have this variant, or the template is invalid.
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


def lacking(error: FieldError, where: str, fix: str) -> InputError:
    """The error of a row that lacks a field, for the file `where`."""
    return InputError(error.problem, where=f"{where}: row {error.row}: {error.field}", fix=fix)


def build(chosen: Setting, rows: Iterable[Row], *, repeats: int = 1, where: str = "predictions") -> Plan:
    """All questions about the rows.

    With `repeats` above one, each question is asked that many times; a seed, if set, is increased by one
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
            fix = f"{chosen.convention.id} needs this field; see docs/reference/judgements.md."
            raise lacking(error, where, fix) from None
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
