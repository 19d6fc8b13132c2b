from __future__ import annotations

import pytest

from tasks.backends import java
from tasks.convention import HYPOTHESIS, REFERENCE
from tasks.errors import UnavailableError
from tasks.row import Row
from tasks.step_cache import ChainCache
from tasks.steps.ptb import JAR, PTB, ptb_text, ptb_texts, ptb_unavailable

needs_java = pytest.mark.skipif(ptb_unavailable() is not None, reason=str(ptb_unavailable()))


@needs_java
@pytest.mark.java
@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("A dog, barking (loudly).", "a dog barking -lrb- loudly -rrb-"),
        ('A man can\'t "speak" etc.', "a man ca n't speak etc."),
        ("He lives in the U.S.", "he lives in the u.s."),
        ("well-known; then -- nothing...", "well-known then nothing"),
        ("a|||b ||| c", "a | | | b | | | c"),
        ("two\nlines\r\nand\u2028more", "two lines and more"),
        ("", ""),
        ("...", ""),
        ("Ein schöner Tag 一", "ein schöner tag 一"),
    ],
)
def test_tokens(text: str, tokens: str) -> None:
    assert ptb_text(text) == tokens


@needs_java
@pytest.mark.java
def test_a_text_is_tokenised_alike_whatever_stands_around_it() -> None:
    texts = [
        "It is 5 p.m.",
        "The dog",
        "in the U.S.",
        "a dog",
        "Mr.",
        "Smith",
        "what...",
        "",
        "  ",
        "etc.",
        "Then",
        "x\x00y",
    ]
    together = ptb_texts(texts)
    assert together == list(reversed(ptb_texts(texts[::-1])))
    assert together == [ptb_text(text) for text in texts]


@needs_java
@pytest.mark.java
def test_a_chain_starts_java_once(monkeypatch: pytest.MonkeyPatch) -> None:
    starts = []

    def counted(name: str, arguments: tuple[str, ...], **options: object) -> bytes:
        starts.append(name)
        return java.run(name, arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("tasks.steps.ptb.run", counted)
    rows = [Row(str(i), f"A dog {i % 3}.", ["Dogs!", f"A dog {i % 3}."]) for i in range(50)]
    cache = ChainCache(rows)
    assert cache.values(HYPOTHESIS, (PTB,))[:2] == ["a dog 0", "a dog 1"]
    assert cache.values(REFERENCE, (PTB,))[1] == ["dogs", "a dog 1"]
    assert starts == ["PTB tokenizer", "PTB tokenizer"]


def test_no_texts_need_no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(java.JAVA_VARIABLE, "/nothing")
    assert ptb_texts([]) == []


def test_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(java.JAVA_VARIABLE, "/nothing")
    assert "Java not found" in (ptb_unavailable() or "")


def test_a_line_too_few_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.steps.ptb.jar", lambda path: path)
    monkeypatch.setattr("tasks.steps.ptb.run", lambda *_, **__: b"one line\n")
    with pytest.raises(UnavailableError, match="1 output lines for 2 texts"):
        ptb_texts(["a", "b"])
    assert JAR.endswith(".jar")
