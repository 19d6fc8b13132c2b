"""Runner: asks questions concurrently, with retries and within a budget, and stores every reply immediately."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from audit.errors import AuditError
from audit.judge.budget import Budget, estimate
from audit.judge.cache import ReplyCache
from audit.judge.interface import Judge, JudgeUnavailableError, RefusedError, Reply, TransientError
from audit.judge.questions import Request

# After this many consecutive failed questions the run stops: something is wrong with all of them.
_HOPELESS = 20


@dataclass(frozen=True, slots=True)
class Retry:
    """The retry policy.

    Attributes:
        attempts: The maximum number of attempts per question.
        first: The wait after the first failure, in seconds; doubles each time, and is reduced at random by up to half.
        longest: The maximum wait chosen by the runner, in seconds.
        patience: The maximum wait that a server may request, in seconds.
    """

    attempts: int = 8
    first: float = 0.5
    longest: float = 60.0
    patience: float = 600.0

    def wait(self, key: str, attempt: int, asked: float | None) -> float:
        """Seconds before the next attempt; the random part is derived from the question."""
        draw = hashlib.sha256(f"{key} {attempt}".encode()).digest()[0] / 255
        own = min(self.longest, self.first * 2.0 ** (attempt - 1)) * (0.5 + draw / 2)
        return max(own, min(asked or 0.0, self.patience))


@dataclass(slots=True)
class Outcome:
    """The result of a run.

    Attributes:
        cached: Questions whose reply was cached.
        answered: Questions answered in this run.
        failed: Key and reason of questions without a reply.
        open: Questions that were not asked because the run stopped.
        stopped: `budget`, `interrupted` or empty.
        unavailable: The error that ended the run if the judge is not available.
        requests: The number of attempts.
        tokens: Tokens spent, as reported or estimated.
        in_doubt: Questions that were in flight when an earlier run was killed.
    """

    cached: int = 0
    answered: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    open: int = 0
    stopped: str = ""
    unavailable: AuditError | None = None
    requests: int = 0
    tokens: int = 0
    in_doubt: int = 0

    @property
    def incomplete(self) -> bool:
        """Whether questions are left without a reply."""
        return bool(self.failed or self.open or self.stopped or self.unavailable)


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """The result of several runs on one budget, one after the other."""
    whole = Outcome()
    for one in outcomes:
        for name in ("cached", "answered", "open", "in_doubt"):
            setattr(whole, name, getattr(whole, name) + getattr(one, name))
        # The budget counts what all runs have spent so far.
        whole.requests, whole.tokens = one.requests, one.tokens
        whole.failed |= one.failed
        whole.stopped = whole.stopped or one.stopped
        whole.unavailable = whole.unavailable or one.unavailable
    return whole


Progress = Callable[[int, int], None]


class Runner:
    """One run over a set of questions.

    Args:
        judge: The judge; its `concurrency` sets the number of threads.
        cache: The reply cache.
        budget: The budget.
        retry: The retry policy.
        progress: Called with the number of completed questions and the total.
    """

    def __init__(
        self,
        judge: Judge,
        cache: ReplyCache,
        *,
        budget: Budget | None = None,
        retry: Retry | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._judge = judge
        self._cache = cache
        self._budget = budget or Budget()
        self._retry = retry or Retry()
        self._progress = progress or (lambda _done, _total: None)
        self._stop = threading.Event()
        self._mutex = threading.Lock()
        self._outcome = Outcome()
        self._failures_in_a_row = 0
        self._not_before = 0.0

    def run(self, requests: Iterable[Request]) -> Outcome:
        """Ask all questions that have no reply yet.

        An interrupt (Ctrl-C) waits for pending replies, because they have been paid for.
        However the run ends, all received replies are in the cache.
        """
        distinct = {request.key: request for request in requests}
        todo = [request for key, request in distinct.items() if key not in self._cache]
        outcome = self._outcome
        outcome.cached = len(distinct) - len(todo)
        outcome.in_doubt = len(self._cache.in_doubt & distinct.keys())
        self._progress(self._done(), len(distinct))
        waiting = iter(todo)
        workers: list[tuple[threading.Thread, threading.Event]] = []
        try:
            for number in range(min(max(1, self._judge.concurrency), len(todo))):
                done = threading.Event()
                thread = threading.Thread(target=self._work, args=(waiting, done), name=f"judge-{number}", daemon=True)
                workers.append((thread, done))
                thread.start()
            self._watch(workers, len(distinct))
        except KeyboardInterrupt:
            outcome.stopped = "interrupted"
            self._stop.set()
            self._watch(workers, len(distinct))
        outcome.requests, outcome.tokens = self._budget.requests, self._budget.tokens
        outcome.open = len(todo) - outcome.answered - len(outcome.failed)
        return outcome

    def _watch(self, workers: Sequence[tuple[threading.Thread, threading.Event]], total: int) -> None:
        # Not by join(): interrupted, it takes a running thread for a stopped one (CPython 3.11, Thread._wait_for_tstate_lock),
        # and the replies of that thread would be lost.
        while any(thread.ident is not None and not done.wait(0.1) for thread, done in workers):
            self._progress(self._done(), total)
        self._progress(self._done(), total)

    def _done(self) -> int:
        outcome = self._outcome
        return outcome.cached + outcome.answered + len(outcome.failed)

    def _next(self, waiting: Iterator[Request]) -> Request | None:
        with self._mutex:
            return None if self._stop.is_set() else next(waiting, None)

    def _work(self, waiting: Iterator[Request], done: threading.Event) -> None:
        try:
            self._answer(waiting)
        finally:
            done.set()

    def _answer(self, waiting: Iterator[Request]) -> None:
        while (request := self._next(waiting)) is not None:
            try:
                self._settle(request, self._ask(request))
            except AuditError as error:
                self._end(error)
            except RefusedError as error:
                self._fail(request, str(error))
            except Exception as error:  # noqa: BLE001 - a thread must not die without the run knowing why
                self._end(JudgeUnavailableError(f"the judge failed: {type(error).__name__}: {error}"))

    def _ask(self, request: Request) -> Reply | None:
        tokens = estimate(request.messages, request.params.max_tokens)
        for attempt in range(1, self._retry.attempts + 1):
            self._pause(self._not_before - time.monotonic())
            if self._stop.is_set():
                return None
            if not self._budget.take(tokens):
                with self._mutex:
                    self._outcome.stopped = self._outcome.stopped or "budget"
                self._stop.set()
                return None
            reply: Reply | None = None
            try:
                self._cache.asking(request.key)
                reply = self._judge.ask(request.messages, request.params, key=request.key)
            except TransientError as error:
                self._weigh(request, attempt, error)
            finally:
                self._budget.settle(tokens, reply)
                if reply is None:
                    self._cache.ended(request.key)
            if reply is not None:
                return replace(reply, attempts=attempt)
        return None

    def _weigh(self, request: Request, attempt: int, error: TransientError) -> None:
        """After a failed attempt: give up the question, give up the run, or wait."""
        # A server that never answered is unlikely to appear; one that disappeared may come back.
        tries = min(3, self._retry.attempts) if error.unreachable and not self._outcome.answered else None
        if attempt >= (tries or self._retry.attempts):
            if error.unreachable:
                raise JudgeUnavailableError(
                    f"no server answers: {error}",
                    where=self._judge.backend,
                    fix="Start it and run the same command again: all replies so far are kept.",
                )
            raise RefusedError(f"no reply in {attempt} attempts; the last: {error}")
        wait = self._retry.wait(request.key, attempt, error.wait)
        if error.wait:
            # The wait applies to all threads, not only to the one that received the response.
            self._not_before = max(self._not_before, time.monotonic() + min(error.wait, self._retry.patience))
        self._pause(wait)

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            self._stop.wait(seconds)

    def _settle(self, request: Request, reply: Reply | None) -> None:
        if reply is None:
            return
        self._cache.put(request.key, reply)
        with self._mutex:
            self._outcome.answered += 1
            self._failures_in_a_row = 0

    def _fail(self, request: Request, reason: str) -> None:
        with self._mutex:
            self._outcome.failed[request.key] = reason
            self._failures_in_a_row += 1
            hopeless = self._failures_in_a_row >= _HOPELESS
        if hopeless:
            self._end(
                JudgeUnavailableError(
                    f"{_HOPELESS} questions in a row failed; the last: {reason}",
                    where=self._judge.backend,
                    fix="Check the server and run the same command again: all replies so far are kept.",
                )
            )

    def _end(self, error: AuditError) -> None:
        with self._mutex:
            self._outcome.unavailable = self._outcome.unavailable or error
        self._stop.set()
