"""A judge behind an OpenAI-compatible server, on this machine or hosted."""

from __future__ import annotations

import json
import logging
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn
from urllib.parse import urlsplit

from audit._util.strict_json import InvalidJsonError, loads
from audit.errors import InputError, MissingError
from audit.judge.bounded_replies import bound_replies
from audit.judge.interface import JudgeUnavailableError, Message, Params, RefusedError, Reply, TransientError

URL_VARIABLE = "OPENAI_BASE_URL"
KEY_VARIABLE = "OPENAI_API_KEY"
# Sent as the key if the server needs none: the client requires a value.
_NO_KEY = "none"
_TRANSPORTS = ("httpx", "httpx2", "httpcore", "httpcore2", "h11")


def address(url: str) -> str:
    """A server's address in a form that is safe to record.

    Raises:
        InputError: It is not an http address, or it contains a user name, a password or a query, which may be
            secret.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == -1:
        raise InputError("the judge's address is not an http URL", fix="Use, for instance, http://localhost:8000/v1.")
    if parts.username is not None or parts.query or parts.fragment:
        raise InputError(
            "the judge's address contains a user name, a password or a query",
            fix=f"Put the key into the environment variable {KEY_VARIABLE}: addresses are recorded.",
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path.rstrip('/')}"


class OpenAIServer:
    """Asks a server by `POST /chat/completions`.

    Args:
        model: The model's name on the server.
        base_url: The URL up to, but without, `/chat/completions`; by default from `OPENAI_BASE_URL`.
        key_variable: The environment variable with the key; optional for servers without keys.
        backend: The name under which replies are cached; by default the address. A custom name keeps the cache valid if
            the server's address changes.
        timeout: Seconds to wait for a reply.
        stream: Stream the reply, for servers or gateways that close idle connections.
        token_field: The server's name for the maximum number of tokens.
        concurrency: The maximum number of concurrent questions.

    Raises:
        MissingError: The `openai` package or the address is missing.
        InputError: The address is not usable.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        key_variable: str = KEY_VARIABLE,
        backend: str | None = None,
        timeout: float = 120.0,
        stream: bool = False,
        token_field: str = "max_tokens",  # noqa: S107 - the name of a field, not a secret
        concurrency: int = 8,
    ) -> None:
        try:
            import openai
        except ImportError:
            raise MissingError(
                "the judge needs the Python package openai", fix='pip install "repro-audit[judge]"'
            ) from None
        url = base_url or os.environ.get(URL_VARIABLE, "")
        if not url:
            raise MissingError(
                "no address of a judge given",
                fix=f"Set {URL_VARIABLE} or give --base-url, for instance http://localhost:8000/v1.",
            )
        self._address = address(url)
        self.backend = backend or self._address
        self.model = model
        self.concurrency = concurrency
        self._key = os.environ.get(key_variable, "")
        self._key_variable = key_variable
        self._timeout = timeout
        self._stream = stream
        self._token_field = token_field
        self._openai = openai
        # The client's debug log (OPENAI_LOG) would write whole prompts and request headers.
        for name in ("openai", *_TRANSPORTS):
            logging.getLogger(name).setLevel(logging.WARNING)
        self._client = openai.OpenAI(
            api_key=self._key or _NO_KEY,
            base_url=self._address,
            timeout=timeout,
            max_retries=0,
            # A few compressed bytes can stand for gigabytes.
            default_headers={"Accept-Encoding": "identity"},
        )
        bound_replies(self._client)

    def ask(self, messages: Sequence[Message], params: Params, key: str = "") -> Reply:
        """Send one question, once; see `Judge.ask`. `key` is sent as `Idempotency-Key`."""
        body = self._sampling(params)
        # Passed as an extra field, which the client sends unchanged: its conversion of messages is
        # unnecessary here and takes a quarter of its time per request.
        body["messages"] = [message.as_json() for message in messages]
        if self._stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        try:
            with self._client.chat.completions.with_streaming_response.create(
                model=self.model,
                messages=[],
                extra_body=body,
                extra_headers={"Idempotency-Key": key} if key else None,
            ) as response:
                # Some gateways stream even if not asked to: parse according to the response, not to the
                # request.
                if "text/event-stream" in response.headers.get("content-type", ""):
                    reply = self._from_stream(response.iter_lines())
                else:
                    reply = self._from_body(response.read())
        except self._openai.OpenAIError as error:
            self._translate(error)
        except (TransientError, RefusedError, JudgeUnavailableError):
            raise
        except Exception as error:
            # The client does not wrap the transport's errors (a connection lost in the middle of a reply).
            if type(error).__module__.split(".")[0] not in _TRANSPORTS:
                raise
            raise TransientError(self._scrub(f"connection lost: {error}")) from None
        return reply

    def _sampling(self, params: Params) -> dict[str, Any]:
        body: dict[str, Any] = {self._token_field: params.max_tokens, **params.extra}
        for name, value in (("temperature", params.temperature), ("top_p", params.top_p)):
            if value is not None:
                body[name] = float(value)
        if params.seed is not None:
            body["seed"] = params.seed
        return body

    def _from_body(self, raw: bytes) -> Reply:
        try:
            value = loads(raw)
        except InvalidJsonError:
            raise TransientError("the server's reply is invalid JSON") from None
        choices = value.get("choices") if isinstance(value, dict) else None
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            said = raw[:200].decode("utf-8", "replace")
            raise TransientError(self._scrub(f"the server's reply has no choices: {said}"))
        message = choices[0].get("message")
        text = message.get("content") if isinstance(message, dict) else None
        return self._reply(value, text if isinstance(text, str) else "", choices[0].get("finish_reason"))

    def _from_stream(self, lines: Iterator[str]) -> Reply:
        pieces: list[str] = []
        last: dict[str, Any] = {}
        finish: object = None
        for line in lines:
            if not line.startswith("data:"):
                continue
            data = line[5:].strip()
            if data == "[DONE]":
                break
            try:
                value = loads(data)
            except InvalidJsonError:
                raise TransientError("a chunk of the server's reply is invalid JSON") from None
            if not isinstance(value, dict) or "error" in value:
                raise TransientError(self._scrub(f"the server aborted its reply: {data[:200]}"))
            last |= {name: value[name] for name in ("model", "usage") if value.get(name)}
            choices = value.get("choices")
            for choice in choices if isinstance(choices, list) else ():
                delta = choice.get("delta") if isinstance(choice, dict) else None
                text = delta.get("content") if isinstance(delta, dict) else None
                pieces.append(text if isinstance(text, str) else "")
                finish = (choice.get("finish_reason") if isinstance(choice, dict) else None) or finish
        # A missing finish reason is the only sign of a connection closed in the middle of a stream.
        if finish is None:
            raise TransientError("the server's reply is truncated")
        return self._reply(last, "".join(pieces), finish)

    def _reply(self, value: Mapping[str, Any], text: str, finish: object) -> Reply:
        usage = value.get("usage")
        usage = usage if isinstance(usage, Mapping) else {}

        def tokens(name: str) -> int | None:
            number = usage.get(name)
            return number if type(number) is int and 0 <= number < 2**53 else None

        return Reply(
            text=self._scrub(re.sub(r"[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)),
            model=self._scrub(str(value.get("model") or "")),
            finish=self._scrub(str(finish or "")),
            prompt_tokens=tokens("prompt_tokens"),
            completion_tokens=tokens("completion_tokens"),
        )

    def _scrub(self, text: str) -> str:
        """The text without the key, which a server might echo."""
        return text.replace(self._key, "[key]") if len(self._key) >= 4 else text

    def _translate(self, error: Exception) -> NoReturn:
        openai = self._openai
        if isinstance(error, openai.APITimeoutError):
            raise TransientError(f"no reply within {self._timeout:g} s") from None
        if isinstance(error, openai.APIStatusError):
            self._status(error)
        if isinstance(error, openai.APIConnectionError):
            cause = error.__cause__ or error
            unreachable = type(cause).__name__ in {"ConnectError", "ConnectTimeout"}
            # The backend may have a name; what a reader must start is the server at this host and port.
            url = self._client.base_url
            place = f"{url.host}:{url.port}" if url.port else url.host
            raise TransientError(self._scrub(f"{place}: {cause}"), unreachable=unreachable) from None
        raise TransientError(self._scrub(str(error))) from None

    def _status(self, error: Any) -> NoReturn:
        status = int(error.status_code)
        said = self._scrub(_message(error))
        if status in {401, 402, 403}:
            raise JudgeUnavailableError(
                f"the server rejected the key ({status}): {said}",
                where=self._address,
                fix=f"Set {self._key_variable} to a valid key. Every reply so far is kept.",
            ) from None
        if status == 404:
            raise JudgeUnavailableError(
                f"the server does not have the model {self.model!r} (404): {said}",
                where=self._address,
                fix=self._models() or "Check the model's name and the end of the address (/v1 for most servers).",
            ) from None
        if status == 429 and "insufficient_quota" in {error.code, error.type}:
            raise JudgeUnavailableError(
                f"the account's quota is exhausted: {said}",
                where=self._address,
                fix="Run the same command again when quota is available: all replies so far are kept.",
            ) from None
        if status in {408, 409, 425, 429} or status >= 500:
            wait = retry_after(error.response.headers)
            raise TransientError(f"status {status}: {said}", wait=wait) from None
        raise RefusedError(f"status {status}: {said}") from None

    def _models(self) -> str:
        try:
            found = sorted(item.id for item in self._client.models.list(timeout=10.0))
        except Exception:  # noqa: BLE001 - whatever goes wrong, the first error is the one to tell
            return ""
        return self._scrub(f"It has {', '.join(found[:20])}.") if found else ""

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _message(error: Any) -> str:
    """The server's error message: `message` (OpenAI), `detail` (FastAPI), or the whole body."""
    body = error.body
    if isinstance(body, Mapping):
        said = next((body[name] for name in ("message", "detail", "error") if body.get(name)), body)
        return (said if isinstance(said, str) else json.dumps(said, ensure_ascii=False))[:300]
    return str(body or error.message)[:300]


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """The seconds in a Retry-After header (a number or a date), or None."""
    for name, factor in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value):
            return float(value) * factor
    # Not loaded for --help.
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(headers.get("retry-after", "")).timestamp()
    except (TypeError, ValueError, IndexError):
        return None
    return max(0.0, moment - (time.time() if now is None else now))
