"""The budget of a run: requests and tokens."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from audit.judge.interface import Message, Reply


def estimate(messages: Sequence[Message], max_tokens: int) -> int:
    """A high estimate of the tokens of a question: one per three bytes, plus a reply of maximum length."""
    return sum(len(m.content.encode("utf-8", "replace")) // 3 + 8 for m in messages) + max_tokens


class Budget:
    """Requests and tokens, reserved before a question is sent and settled when the reply arrives.

    A question is sent only if its estimate fits, so the budget holds as long as the estimate is not too
    low. Every attempt is a request. If a server reports no tokens, the estimate is charged.

    Args:
        max_requests: None for no limit.
        max_tokens: None for no limit.
    """

    def __init__(self, max_requests: int | None = None, max_tokens: int | None = None) -> None:
        self._max_requests = max_requests
        self._max_tokens = max_tokens
        self.requests = 0
        self.tokens = 0
        self._reserved = 0
        self._in_flight = 0
        self._changed = threading.Condition()

    def take(self, tokens: int) -> bool:
        """Reserve one request of this many tokens; False if it cannot fit, even if nothing were pending."""
        with self._changed:
            while True:
                if self._max_requests is not None and self.requests >= self._max_requests:
                    return False
                fits = self._max_tokens is None or self.tokens + self._reserved + tokens <= self._max_tokens
                if fits:
                    self.requests += 1
                    self._reserved += tokens
                    self._in_flight += 1
                    return True
                if not self._in_flight:
                    return False
                self._changed.wait()

    def settle(self, tokens: int, reply: Reply | None) -> None:
        """Replace a reservation by the actual cost of the reply; a failed attempt costs no tokens."""
        with self._changed:
            self._reserved -= tokens
            self._in_flight -= 1
            if reply is not None:
                known = (reply.prompt_tokens, reply.completion_tokens)
                self.tokens += tokens if None in known else sum(part or 0 for part in known)
            self._changed.notify_all()
