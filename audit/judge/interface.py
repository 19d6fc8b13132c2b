"""Interface of judges: messages, sampling parameters, replies and errors."""

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
        """The message as a JSON object, as servers expect it."""
        return {"role": self.role, "content": self.content}


@dataclass(frozen=True, slots=True)
class Params:
    """Sampling parameters; None leaves a parameter to the server, and is recorded as such.

    Attributes:
        temperature: A decimal string.
        top_p: A decimal string.
        max_tokens: The maximum number of tokens of a reply.
        seed: Sent if given; the server may ignore it.
        extra: Further fields of the request body (`{"chat_template_kwargs": {"enable_thinking": false}}`), without
            floats, which cannot be recorded exactly.
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
            raise InputError(f"max_tokens is {self.max_tokens}", fix="Give at least 1.")
        try:
            canonical_json.dumps(self.as_json())
        except (TypeError, ValueError) as error:
            raise InputError(
                f"a parameter cannot be recorded exactly: {error}",
                fix="Use integers up to 2**53 and characters of the Basic Multilingual Plane.",
            ) from None

    def as_json(self) -> dict[str, Any]:
        """The parameters that were set, as a value for canonical JSON."""
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
    """A judge's reply.

    Attributes:
        text: The reply as received; may be empty.
        model: The model's name as reported by the server.
        finish: The finish reason (`stop`, `length`, ...) as reported by the server.
        prompt_tokens: As reported by the server; None if not reported.
        completion_tokens: As reported by the server; None if not reported.
        attempts: The number of requests.
    """

    text: str
    model: str
    finish: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    attempts: int = 1


class Judge(Protocol):
    """A judge backend. Up to `concurrency` threads may call `ask` at the same time.

    Attributes:
        backend: The name under which replies are cached: the location of the model, without secrets.
        model: The requested model.
        concurrency: The maximum number of concurrent questions.
    """

    backend: str
    model: str
    concurrency: int

    def ask(self, messages: Sequence[Message], params: Params, key: str = "") -> Reply:
        """Send one question, once.

        Args:
            messages: The conversation so far.
            params: Sampling parameters.
            key: An identifier of the question that is the same in every attempt.

        Raises:
            TransientError: A later attempt may succeed.
            RefusedError: This question will never be answered (too long, not allowed); others may be.
            JudgeUnavailableError: No question can be answered: no server, an invalid key, no such model.
        """

    def close(self) -> None:
        """Close connections and free memory."""


class JudgeUnavailableError(MissingError):
    """The judge is not available: no server, an invalid key, no such model (exit code 3)."""


class TransientError(Exception):
    """A question failed, but a later attempt may succeed.

    Attributes:
        wait: The seconds to wait, as requested by the server (Retry-After); None if not given.
        unreachable: Whether the server could not be reached.
    """

    def __init__(self, what: str, *, wait: float | None = None, unreachable: bool = False) -> None:
        super().__init__(what)
        self.wait = wait
        self.unreachable = unreachable


class RefusedError(Exception):
    """The server refuses this question."""


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

    `template` is the template's hash; `repeat` distinguishes repetitions of a question.
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
