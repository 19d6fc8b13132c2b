"""The judge before real OpenAI-compatible servers, with a model that the test makes: `transformers serve` and llama.cpp's.

The model has random weights and prints nonsense, so every reply is unparsed; what counts is that replies are kept, asked for
once, and the same after a restart.
"""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.judge.helpers import questions, write_rows
from tests.support.judge.tiny_model import make_gguf, make_model
from tests.support.paths import ROOT

pytestmark = [pytest.mark.torch, pytest.mark.slow]

# llama.cpp's server samples unless it is told not to, and a second request may interrupt a streamed one.
GREEDY = ("--temperature", "0", "--seed", "1", "--concurrency", "1")
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


@dataclass
class Server:
    """A server that can be stopped and started again at a different port."""

    command: Callable[[int], list[str]]
    model: str
    log: Path
    process: subprocess.Popen[bytes] | None = None
    port: int = 0

    def start(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(self.port), env={**os.environ, **OFFLINE}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        for _ in range(1200):
            assert self.process.poll() is None, self.log.read_text(errors="replace")[-3000:]
            if self._answers():
                return
            time.sleep(0.1)
        raise AssertionError(f"the server is not ready: {self.log.read_text(errors='replace')[-3000:]}")

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5).close()
        except urllib.error.HTTPError:
            return True  # it answers, whatever it says
        except OSError:
            return False
        return True

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=60)
            self.process = None


@pytest.fixture(scope="module", params=["transformers", "llama.cpp"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    for module in ("torch", "transformers", "openai"):
        pytest.importorskip(module, reason="needs torch, transformers and the extra judge")
    folder = tmp_path_factory.mktemp("server")
    model = make_model(folder / "tiny-judge")
    if request.param == "transformers":
        if importlib.util.find_spec("uvicorn") is None:
            pytest.skip("needs transformers[serving]")
        made = Server(
            lambda port: [sys.executable, "-m", "transformers.cli.transformers", "serve", "--host", "127.0.0.1",
                          "--port", str(port), "--device", "cpu"],
            str(model), folder / "log")  # fmt: skip
    else:
        for module in ("llama_cpp", "gguf"):
            pytest.importorskip(module, reason="needs llama-cpp-python[server] and gguf: `nox -s long`")
        weights = make_gguf(model, folder / "tiny-judge.gguf")
        made = Server(
            lambda port: [sys.executable, "-m", "llama_cpp.server", "--model", str(weights), "--host", "127.0.0.1",
                          "--port", str(port), "--n_ctx", "2048"],
            "tiny-judge", folder / "log")  # fmt: skip
    made.start()
    try:
        yield made
    finally:
        made.stop()


def judge(server: Server, predictions: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "audit", "judge", "run", "--task", "sqqa-wikiqa", "--convention", "paper-judge",
         "--predictions", str(predictions), "--model", server.model, "--base-url", f"http://127.0.0.1:{server.port}/v1",
         "--reply-tokens", "8", "--backend", "here", "--retry-wait", "0.01", *GREEDY, *more],
        cwd=ROOT, env={**os.environ, **OFFLINE, "OPENAI_API_KEY": "none"}, capture_output=True, text=True, check=False,
        timeout=600,
    )  # fmt: skip


def judgements(predictions: Path) -> list[dict[str, object]]:
    text = (predictions / "sqqa-wikiqa.judgements.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("streamed", [False, True])
def test_the_same_answers_twice_and_nonsense_is_unparsed(server: Server, tmp_path: Path, streamed: bool) -> None:
    more = ("--stream",) if streamed else ()
    for name in ("one", "two"):
        write_rows(tmp_path / name, questions(6))
        done = judge(server, tmp_path / name, *more)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "replies without a verdict: 6" in done.stdout, done.stdout
    one, two = (judgements(tmp_path / name) for name in ("one", "two"))
    assert [j["reply"] for j in one] == [j["reply"] for j in two]
    assert len(one) == 6
    assert all(j["verdict"] == {"grade": None, "label": "", "status": "unparsed"} for j in one)


def test_a_server_killed_and_started_again_in_the_middle_leaves_the_same_file(server: Server, tmp_path: Path) -> None:
    write_rows(tmp_path / "whole", questions(10))
    write_rows(tmp_path / "broken", questions(10))
    assert judge(server, tmp_path / "whole").returncode == 0
    some = judge(server, tmp_path / "broken", "--max-requests", "4")
    assert some.returncode == 1, some.stdout + some.stderr
    server.stop()
    down = judge(server, tmp_path / "broken", "--retries", "1")
    assert down.returncode not in {0, 1}
    assert "Traceback" not in down.stderr
    assert str(server.port) in down.stderr
    server.start()
    again = judge(server, tmp_path / "broken")
    assert again.returncode == 0, again.stdout + again.stderr
    whole, broken = ((tmp_path / n / "sqqa-wikiqa.judgements.jsonl").read_bytes() for n in ("whole", "broken"))
    assert whole == broken
