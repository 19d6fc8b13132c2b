from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from audit.judge.budget import Budget, estimate
from audit.judge.cache import NAME, ReplyCache
from audit.judge.interface import (
    JudgeUnavailableError,
    Message,
    Params,
    RefusedError,
    Reply,
    TransientError,
    request_key,
)
from audit.judge.questions import Request
from audit.judge.runner import Retry, Runner
from tests.support.judge.helpers import FakeServer, questions, write_rows
from tests.support.paths import ROOT

Serve = Callable[..., FakeServer]
QUICK = Retry(attempts=4, first=0.001, longest=0.002)


class Scripted:
    """A judge that does as it is told: what happens follows from the question and the attempt."""

    backend, model = "scripted", "m"

    def __init__(self, script: Callable[[str, int], object] | None = None, concurrency: int = 4) -> None:
        self.concurrency = concurrency
        self.script = script or (lambda _key, _number: Reply("yes", "m", "stop", 5, 5))
        self.asked: Counter[str] = Counter()
        self.open = self.most = 0
        self.lock = threading.Lock()

    def ask(self, messages: Sequence[Message], params: Params, key: str = "") -> Reply:
        with self.lock:
            self.asked[key] += 1
            number = self.asked[key]
            self.open += 1
            self.most = max(self.most, self.open)
        try:
            result = self.script(key, number)
        finally:
            with self.lock:
                self.open -= 1
        if isinstance(result, BaseException):
            raise result
        assert isinstance(result, Reply)
        return result

    def close(self) -> None:
        pass


def requests(count: int) -> list[Request]:
    return [
        Request(f"k{number}", f"r{number}", "", (Message("user", f"{number}"),), Params(max_tokens=10), 0)
        for number in range(count)
    ]


def test_each_question_is_put_once(tmp_path: Path) -> None:
    judge = Scripted()
    with ReplyCache(tmp_path) as cache:
        outcome = Runner(judge, cache).run([*requests(30), *requests(10)])
        assert (outcome.cached, outcome.answered, outcome.open, len(cache)) == (0, 30, 0, 30)
        again = Runner(judge, cache).run(requests(40))
        assert (again.cached, again.answered) == (30, 10)
    assert set(judge.asked.values()) == {1}


def test_no_more_at_once_than_allowed(tmp_path: Path) -> None:
    def slow(_key: str, _number: int) -> object:
        time.sleep(0.002)
        return Reply("yes", "m")

    judge = Scripted(slow, concurrency=3)
    with ReplyCache(tmp_path) as cache:
        Runner(judge, cache).run(requests(40))
    assert judge.most <= 3


def test_failures_are_tried_again_and_counted(tmp_path: Path) -> None:
    def script(key: str, number: int) -> object:
        return TransientError("not now") if number < (int(key[1:]) % 4) + 1 else Reply("yes", "m")

    with ReplyCache(tmp_path) as cache:
        outcome = Runner(Scripted(script), cache, retry=QUICK).run(requests(8))
        assert outcome.answered == 8
        assert [reply.attempts for _, reply in sorted(cache.items())] == [1, 2, 3, 4, 1, 2, 3, 4]
        assert outcome.requests == 20


def test_a_question_without_a_reply_is_named_and_the_run_goes_on(tmp_path: Path) -> None:
    def script(key: str, _number: int) -> object:
        return {"k3": RefusedError("too long"), "k5": TransientError("never")}.get(key) or Reply("yes", "m")

    judge = Scripted(script)
    with ReplyCache(tmp_path) as cache:
        outcome = Runner(judge, cache, retry=QUICK).run(requests(30))
    assert outcome.failed == {"k3": "too long", "k5": "no reply in 4 attempts; the last: never"}
    assert (judge.asked["k3"], judge.asked["k5"]) == (1, 4)
    assert (outcome.answered, outcome.open, outcome.unavailable) == (28, 0, None)


def test_when_every_question_fails_the_run_ends(tmp_path: Path) -> None:
    judge = Scripted(lambda _key, _number: RefusedError("no such parameter"), concurrency=1)
    with ReplyCache(tmp_path) as cache:
        outcome = Runner(judge, cache).run(requests(500))
    assert isinstance(outcome.unavailable, JudgeUnavailableError)
    assert "no such parameter" in str(outcome.unavailable)
    assert len(outcome.failed) == 20
    assert outcome.open == 480


def test_without_a_judge_the_run_ends_at_once_and_keeps_what_came(tmp_path: Path) -> None:
    def script(key: str, _number: int) -> object:
        return JudgeUnavailableError("wrong key") if key == "k9" else Reply("yes", "m")

    judge = Scripted(script, concurrency=1)
    with ReplyCache(tmp_path) as cache:
        outcome = Runner(judge, cache).run(requests(100))
        assert len(cache) == outcome.answered == 9
    assert str(outcome.unavailable) == "wrong key"
    assert outcome.open == 91


@pytest.mark.parametrize(("before", "attempts"), [(0, 3), (5, 4)])
def test_a_server_that_was_never_there_is_given_up_sooner(tmp_path: Path, before: int, attempts: int) -> None:
    def script(key: str, _number: int) -> object:
        return Reply("yes", "m") if int(key[1:]) < before else TransientError("refused", unreachable=True)

    judge = Scripted(script, concurrency=1)
    with ReplyCache(tmp_path) as cache:
        outcome = Runner(judge, cache, retry=QUICK).run(requests(20))
    assert judge.asked[f"k{before}"] == attempts
    assert "no server answers" in str(outcome.unavailable)
    assert outcome.open == 20 - before


def test_a_judge_that_breaks_does_not_hang_the_run(tmp_path: Path) -> None:
    judge = Scripted(lambda _key, _number: KeyError("bug"))
    with ReplyCache(tmp_path) as cache:
        outcome = Runner(judge, cache).run(requests(20))
    assert "KeyError" in str(outcome.unavailable)


def test_a_budget_of_requests(tmp_path: Path) -> None:
    def script(_key: str, number: int) -> object:
        return TransientError("x") if number == 1 else Reply("yes", "m", "stop", 1, 1)

    judge = Scripted(script)
    with ReplyCache(tmp_path) as cache:
        outcome = Runner(judge, cache, budget=Budget(max_requests=11), retry=QUICK).run(requests(20))
        assert sum(judge.asked.values()) == outcome.requests == 11
        assert outcome.stopped == "budget"
        assert outcome.open == 20 - len(cache)


@pytest.mark.parametrize("reported", [True, False])
def test_a_budget_of_tokens_is_never_overdrawn(tmp_path: Path, reported: bool) -> None:
    cost = estimate(requests(1)[0].messages, 10)
    used = (3, 2) if reported else (None, None)
    judge = Scripted(lambda _key, _number: Reply("yes", "m", "stop", *used))
    with ReplyCache(tmp_path) as cache:
        outcome = Runner(judge, cache, budget=Budget(max_tokens=100)).run(requests(100))
    assert outcome.tokens <= 100
    assert outcome.tokens == outcome.answered * (5 if reported else cost)
    assert 100 - outcome.tokens < cost  # and not left over either
    assert outcome.stopped == "budget"


def test_waits_grow_and_heed_the_server() -> None:
    retry = Retry(first=1.0, longest=8.0, patience=30.0)
    waits = [retry.wait("k", attempt, None) for attempt in range(1, 7)]
    assert all(half / 2 <= wait <= half for wait, half in zip(waits, [1, 2, 4, 8, 8, 8], strict=True))
    assert retry.wait("k", 1, 20.0) == 20.0
    assert retry.wait("k", 1, 900.0) == 30.0
    assert retry.wait("k", 2, None) == retry.wait("k", 2, None) != retry.wait("j", 2, None)


def test_the_key_names_everything_that_decides_a_reply() -> None:
    base = {
        "backend": "b",
        "model": "m",
        "params": Params(temperature="0"),
        "template": "t",
        "messages": [Message("user", "x")],
        "row": "r",
        "repeat": 0,
    }
    changes = [
        {"backend": "c"},
        {"model": "n"},
        {"params": Params(temperature="0.0")},
        {"params": Params(temperature="0", seed=0)},
        {"params": Params(temperature="0", extra={"a": 1})},
        {"template": "u"},
        {"messages": [Message("user", "y")]},
        {"messages": [Message("system", "x")]},
        {"messages": [Message("user", "x"), Message("user", "")]},
        {"row": "s"},
        {"repeat": 1},
    ]
    keys = {request_key(**{**base, **change}) for change in [{}, *changes]}  # type: ignore[arg-type]
    assert len(keys) == len(changes) + 1
    one, other = (
        request_key(**{**base, "params": Params(temperature="0", extra=extra)})  # type: ignore[arg-type]
        for extra in ({"a": 1, "b": 2}, {"b": 2, "a": 1})
    )
    assert one == other


STARTED: list[subprocess.Popen[str]] = []
PROGRAM = """
import sys
from audit.cli.commands import judge
from audit.errors import AuditError
from tests.support.judge.helpers import parse
try:
    sys.exit(judge.run(parse(*sys.argv[1:])))
except AuditError as error:
    print(f"repro-audit: {error}", file=sys.stderr)
    sys.exit(error.exit_code)
except KeyboardInterrupt:
    sys.exit(130)
"""


def start(folder: Path, server: FakeServer, *more: str) -> subprocess.Popen[str]:
    arguments = ["run", "--task", "sqqa-wikiqa", "--convention", "paper-judge", "--predictions", str(folder)]
    arguments += ["--model", "tiny-judge", "--base-url", server.url, "--retry-wait", "0.002", *more]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    STARTED.append(process)
    return process


@pytest.fixture(autouse=True)
def _no_run_outlives_its_test() -> Iterator[None]:
    yield
    while STARTED:
        process = STARTED.pop()
        if process.poll() is None:
            process.kill()
            process.communicate(timeout=60)


def replies(folder: Path) -> int:
    path = folder / "judge-cache" / NAME
    return path.read_bytes().count(b'"reply":{') if path.exists() else 0


def wait_for_replies(folder: Path, count: int, process: subprocess.Popen[str]) -> None:
    """Until so many replies are kept; reads only what is new, to leave the processor to the run."""
    path = folder / "judge-cache" / NAME
    found = offset = 0
    while found < count and process.poll() is None:
        time.sleep(0.02)
        if path.exists():
            with path.open("rb") as handle:
                handle.seek(offset)
                new = handle.read()
            whole = new.rfind(b"\n") + 1
            found += new[:whole].count(b'"reply":{')
            offset += whole


@pytest.mark.slow
def test_ten_thousand_rows_with_a_kill_in_the_middle(serve: Serve, tmp_path: Path) -> None:
    rows = 10_000
    folder = tmp_path / "predictions"
    write_rows(folder, questions(rows))
    # One question in fifty meets every fault there is, one after the other, before it is answered.
    server = serve(delay=0.001, faults=["429", "500", "cut", "garbage", "close", "stream"], share=2)
    first = start(folder, server)
    wait_for_replies(folder, rows // 2, first)
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=60)
    assert first.returncode == -signal.SIGKILL
    with ReplyCache(folder / "judge-cache", write=False) as cache:
        kept = dict(cache.items())
        in_doubt = len(cache.in_doubt)
    assert rows // 2 <= len(kept) < rows
    # Only what was under way at the kill can be in doubt: a question a thread.
    assert in_doubt <= 8
    before = server.stats()

    second = start(folder, server)
    said, errors = second.communicate(timeout=600)
    assert second.returncode == 0, errors
    after = server.stats()
    # None lost: every reply that was kept is still the one that is used, and every row has a judgement.
    with ReplyCache(folder / "judge-cache", write=False) as cache:
        assert len(cache) == rows
        assert all(cache.get(key) == reply for key, reply in kept.items())
    lines = (folder / "sqqa-wikiqa.judgements.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == [row["id"] for row in questions(rows)]
    assert f"questions: {len(kept)} known, {rows - len(kept)} answered, 0 failed, 0 not put" in said
    # None paid twice: the server, which counts, made one reply for each question.
    assert len(after["generated"]) == rows
    assert set(after["generated"].values()) == {1}
    # What it was asked for again and gave from its own memory was under way at the kill, and nothing else.
    assert sum(after["replayed"].values()) <= in_doubt
    # Nothing that had been kept was asked for again, under whatever key.
    asked_again = sum(after["generated"].values()) + sum(after["replayed"].values()) - sum(before["generated"].values())
    assert asked_again <= rows - len(kept)
    assert after["most_open"] <= 8
    assert all(after["counts"][kind] > 100 for kind in ("429", "500", "cut", "garbage", "close", "stream"))


def test_the_file_does_not_depend_on_kills_or_threads(serve: Serve, tmp_path: Path) -> None:
    server = serve(delay=0.002)
    for name in ("whole", "killed"):
        write_rows(tmp_path / name, questions(120))
    options = ("--backend", "here")
    whole = start(tmp_path / "whole", server, *options, "--concurrency", "1")
    assert whole.communicate(timeout=60)
    killed = start(tmp_path / "killed", server, *options, "--concurrency", "5")
    wait_for_replies(tmp_path / "killed", 30, killed)
    killed.kill()
    killed.communicate(timeout=60)
    again = start(tmp_path / "killed", server, *options, "--concurrency", "7")
    again.communicate(timeout=60)
    assert whole.returncode == again.returncode == 0
    files = [(tmp_path / name / "sqqa-wikiqa.judgements.jsonl").read_bytes() for name in ("whole", "killed")]
    assert files[0] == files[1]


def test_an_interrupt_keeps_what_is_under_way(serve: Serve, tmp_path: Path) -> None:
    write_rows(tmp_path, questions(300))
    # Slow enough that a busy machine cannot finish before the interrupt.
    server = serve(delay=0.4)
    process = start(tmp_path, server)
    wait_for_replies(tmp_path, 20, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    generated = sum(server.stats()["generated"].values())
    assert replies(tmp_path) == generated
    assert 20 <= generated < 300
    judgements = (tmp_path / "sqqa-wikiqa.judgements.jsonl").read_text("utf-8").splitlines()
    assert len(judgements) == generated
