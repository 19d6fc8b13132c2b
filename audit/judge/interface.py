"""What a judge is: a question in, a reply out, and the errors that may come instead."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from audit._util import canonical_json
from audit.errors import InputError, MissingError

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str

    def as_json(self) -> dict[str, str]:
        """The object that servers take."""
        return {"role": self.role, "content": self.content}


@dataclass(frozen=True, slots=True)
class Params:
    """Sampling settings; what is None is left to the server, and recorded as such.

    Attributes:
        temperature: A decimal string.
        top_p: A decimal string.
        max_tokens: The most tokens of a reply.
        seed: Sent where it is given; whether the server heeds it is its own affair.
        extra: Further fields of the request's body (`{"chat_template_kwargs": {"enable_thinking":
            false}}`); no
            floats: numbers with a fraction cannot be recorded exactly.
    """

    temperature: str | None = None
    top_p: str | None = None
    max_tokens: int = 512
    seed: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value in (("temperature", self.temperature), ("top_p", self.top_p)):
            if value is not None:
                _decimal(name, value)
        if self.max_tokens < 1:
            raise InputError(f"max_tokens is {self.max_tokens}", fix="Give a number of at least 1.")
        try:
            canonical_json.dumps(self.as_json())
        except (TypeError, ValueError) as error:
            raise InputError(
                f"a parameter cannot be recorded exactly: {error}",
                fix="Use whole numbers up to 2**53, and ordinary characters.",
            ) from None

    def as_json(self) -> dict[str, Any]:
        """A value for canonical JSON: what was asked for, with nothing in it that was not."""
        given = {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
            "extra": dict(self.extra) or None,
        }
        return {name: value for name, value in given.items() if value is not None}


def _decimal(name: str, value: str) -> None:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 10:
        raise InputError(f"{name} is {value!r}", fix="Give a decimal number, such as 0 or 0.7.")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a judge said.

    Attributes:
        text: The reply as it came; empty where it was empty.
        model: The model's name as the server reports it.
        finish: Why it ended (`stop`, `length`, ...), as the server reports it.
        prompt_tokens: As the server reports them; None where it does not.
        completion_tokens: The same.
        attempts: How many requests it took.
    """

    text: str
    model: str
    finish: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    attempts: int = 1


class Judge(Protocol):
    """A backend. Its `ask` may be called from several threads at once, up to `concurrency` of them.

    Attributes:
        backend: The name under which its replies are kept: where the model is, without any secret.
        model: The model that is asked for.
        concurrency: How many questions it takes at once.
    """

    backend: str
    model: str
    concurrency: int

    def ask(self, messages: Sequence[Message], params: Params, key: str = "") -> Reply:
        """Put one question, once.

        Args:
            messages: The conversation so far.
            params: Sampling settings.
            key: A name of this question that stays the same when it is put again.

        Raises:
            TransientError: It may go well another time.
            RefusedError: This question will never be answered (too long, not allowed); others may.
            JudgeUnavailableError: No question can be answered: no server, a wrong key, no such model.
        """

    def close(self) -> None:
        """Let go of connections and memory."""


class JudgeUnavailableError(MissingError):
    """There is no judge: no server, a wrong key, a model that is not there (exit code 3)."""


class TransientError(Exception):
    """A question failed, and may go well when it is put again.

    Attributes:
        wait: How many seconds the server asks to be left alone; None if it does not say.
        unreachable: Whether there was no server at all.
    """

    def __init__(self, what: str, *, wait: float | None = None, unreachable: bool = False) -> None:
        super().__init__(what)
        self.wait = wait
        self.unreachable = unreachable


class RefusedError(Exception):
    """The server will not answer this one question."""


def request_key(
    *,
    backend: str,
    model: str,
    params: Params,
    template: str,
    messages: Sequence[Message],
    row: str,
    repeat: int = 0,
) -> str:
    """The identity of a question: the SHA-256 over backend, model, parameters, prompt and row, as hex.

    `template` is the template's hash; `repeat` tells apart several askings of one question.
    """
    identity = {
        "backend": backend,
        "model": model,
        "params": params.as_json(),
        "template": template,
        "messages": [message.as_json() for message in messages],
        "row": row,
        "repeat": repeat,
    }
    return hashlib.sha256(canonical_json.dumps(identity)).hexdigest()
