from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.errors import InputError, MissingError
from audit.judge.cache import ReplyCache
from audit.judge.interface import JudgeUnavailableError, Message, Params, RefusedError, TransientError
from audit.judge.openai_server import OpenAIServer, address, retry_after
from tests.support.judge.helpers import FakeServer

pytest.importorskip("openai", reason="needs the extra judge (the openai package)")
Serve = Callable[..., FakeServer]
ASKED = [Message("system", "You judge."), Message("user", "答え <|x|> \u2028 \"'{}")]


def connect(server: FakeServer, model: str = "tiny-judge", **options: object) -> OpenAIServer:
    return OpenAIServer(model, base_url=server.url, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("stream", [False, True])
def test_a_reply(serve: Serve, stream: bool) -> None:
    judge = connect(serve(reply="Ja, 答え\n"), stream=stream)
    reply = judge.ask(
        ASKED, Params(temperature="0.7", top_p="0.9", max_tokens=5, seed=3, extra={"x": {"y": False}}), "k"
    )
    assert (reply.text, reply.model, reply.finish) == ("Ja, 答え\n", "tiny-judge-2026", "stop")
    assert (reply.prompt_tokens, reply.completion_tokens) == (20, 10)
    judge.close()


def test_what_is_sent(serve: Serve) -> None:
    server = serve()
    judge = connect(server, token_field="max_completion_tokens")
    judge.ask(
        ASKED,
        Params(temperature="0", max_tokens=7, extra={"chat_template_kwargs": {"enable_thinking": False}}),
        "k1",
    )
    body = server.stats()["last"]
    assert body == {
        "model": "tiny-judge",
        "messages": [message.as_json() for message in ASKED],
        "temperature": 0.0,
        "max_completion_tokens": 7,
        "chat_template_kwargs": {"enable_thinking": False},
    }
    judge.ask(ASKED, Params())
    assert "temperature" not in server.stats()["last"]


def test_a_stream_that_nobody_asked_for(serve: Serve) -> None:
    assert connect(serve(always="stream", reply="Yes")).ask(ASKED, Params()).text == "Yes"


def test_an_empty_reply_is_a_reply(serve: Serve) -> None:
    assert connect(serve(reply="")).ask(ASKED, Params()).text == ""


def test_no_usage(serve: Serve) -> None:
    reply = connect(serve(no_usage=True)).ask(ASKED, Params())
    assert (reply.prompt_tokens, reply.completion_tokens) == (None, None)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("500", "status 500"),
        ("503", "status 503"),
        ("429", "status 429"),
        ("408", "status 408"),
        ("cut", "."),
        ("close", "."),
        ("garbage", "invalid JSON"),
        ("no-choices", "no choices"),
    ],
)
def test_what_may_go_well_another_time(serve: Serve, fault: str, said: str) -> None:
    judge = connect(serve(always=fault))
    with pytest.raises(TransientError, match=said) as caught:
        judge.ask(ASKED, Params())
    assert not caught.value.unreachable


def test_a_stream_cut_in_the_middle_is_no_reply(serve: Serve) -> None:
    with pytest.raises(TransientError, match="is truncated"):
        connect(serve(always="stream-cut"), stream=True).ask(ASKED, Params())


def test_a_server_that_hangs(serve: Serve) -> None:
    with pytest.raises(TransientError, match=r"no reply within 0\.3 s"):
        connect(serve(always="hang"), timeout=0.3).ask(ASKED, Params())


@pytest.mark.parametrize("status", ["400", "413", "422"])
def test_what_will_never_be_answered(serve: Serve, status: str) -> None:
    with pytest.raises(RefusedError, match=status):
        connect(serve(always=status)).ask(ASKED, Params())


def test_what_a_server_says_reaches_the_reader(serve: Serve) -> None:
    with pytest.raises(RefusedError, match="fault 400"):
        connect(serve(always="400")).ask(ASKED, Params())
    with pytest.raises(RefusedError, match="not allowed"):
        connect(serve(always="detail")).ask(ASKED, Params())


def test_no_such_model_names_those_there_are(serve: Serve) -> None:
    with pytest.raises(JudgeUnavailableError) as caught:
        connect(serve(models=["alpha", "beta"]), "gamma").ask(ASKED, Params())
    assert caught.value.exit_code == 3
    assert "'gamma'" in str(caught.value)
    assert "It has alpha, beta." in str(caught.value)


def test_no_quota(serve: Serve) -> None:
    with pytest.raises(JudgeUnavailableError, match="quota"):
        connect(serve(always="quota")).ask(ASKED, Params())


def test_no_server(serve: Serve) -> None:
    server = serve()
    judge = connect(server)
    server.stop()
    with pytest.raises(TransientError) as caught:
        judge.ask(ASKED, Params())
    assert caught.value.unreachable


def test_the_key_goes_to_the_server_and_nowhere_else(
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    key = "sk-very-secret-0123456789"
    monkeypatch.setenv("JUDGE_KEY", key)
    monkeypatch.setenv("OPENAI_LOG", "debug")
    caplog.set_level(logging.DEBUG)
    server = serve(key=key, echo_key=True)
    judge = connect(server, key_variable="JUDGE_KEY")
    reply = judge.ask(ASKED, Params(), "k")
    assert key not in reply.text
    assert "[key]" in reply.text
    with ReplyCache(tmp_path) as cache:
        cache.asking("k")
        cache.put("k", reply)
    monkeypatch.setenv("JUDGE_KEY", "sk-wrong-9876543210")
    with pytest.raises(JudgeUnavailableError) as caught:
        connect(server, key_variable="JUDGE_KEY").ask(ASKED, Params())
    assert caught.value.exit_code == 3
    assert "JUDGE_KEY" in str(caught.value)
    everything = [
        str(caught.value),
        repr(caught.value),
        caplog.text,
        *capfd.readouterr(),
        repr(judge),
        judge.backend,
    ]
    everything += [path.read_text("utf-8") for path in tmp_path.rglob("*") if path.is_file()]
    for text in everything:
        assert "very-secret" not in text
        assert "wrong-9876543210" not in text


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("http://localhost:8000/v1/", "http://localhost:8000/v1"),
        ("HTTPS://Example.org/v1", "https://example.org/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
    ],
)
def test_addresses(url: str, kept: str) -> None:
    assert address(url) == kept


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8000",
        "ftp://x",
        "http://",
        "http://x:port/",
        "http://ann:secret@x/v1",
        "http://x/v1?key=secret",
    ],
)
def test_addresses_that_will_not_do(url: str) -> None:
    with pytest.raises(InputError) as caught:
        address(url)
    assert "secret" not in str(caught.value)


def test_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(MissingError, match="OPENAI_BASE_URL"):
        OpenAIServer("m")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert OpenAIServer("m").backend == "http://127.0.0.1:9/v1"
    assert OpenAIServer("m", backend="cluster").backend == "cluster"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 40.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, now=60.0) == seconds


@pytest.mark.parametrize(
    "bad",
    [
        {"temperature": "warm"},
        {"temperature": "nan"},
        {"top_p": "-1"},
        {"max_tokens": 0},
        {"extra": {"x": 0.5}},
        {"extra": {"x": "\ud800"}},
        {"seed": 2**60},
    ],
)
def test_parameters_that_will_not_do(bad: dict[str, object]) -> None:
    with pytest.raises(InputError):
        Params(**bad)  # type: ignore[arg-type]
