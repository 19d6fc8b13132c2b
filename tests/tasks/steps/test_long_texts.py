"""Long texts of one shape: what the normalisers of others are given takes linear time, with the result that it had before."""

from __future__ import annotations

import random
import re

import pytest
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

from tasks.judging.parsers import sakura
from tasks.step import function
from tasks.steps.normalise import whisper
from tasks.steps.normalise.whisper import WHISPER_BASIC, WHISPER_ENGLISH, scannable

PIECES = ("[", "]", "<", ">", "(", ")", "()", " ", "  ", "   ", "\n", "\t\n ", "'", " '", "he's", "been", "'s", "'d", "a",
          "mm", "1", "2,", ".", "%", "$", "one", "hundred", "won't", "İ", "é", "ß", "|", "中")  # fmt: skip
LONG = [
    piece * 20_000
    for piece in ("[", "<", "(", " ", "\n", "[<(", "( ", "[ ", "a [", "(a)x   x", "%", "~", "'", " '", "{", "()", "<(>")
]


def texts() -> list[str]:
    rng = random.Random(10)
    return ["".join(rng.choice(PIECES) for _ in range(rng.randint(20, 90))) for _ in range(3000)]


@pytest.mark.parametrize(
    ("library", "step"), [(EnglishTextNormalizer, WHISPER_ENGLISH), (BasicTextNormalizer, WHISPER_BASIC)]
)
def test_the_result_is_the_librarys(library: type, step: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whisper, "_SHORT", 0)
    own, known = function(step), library()  # type: ignore[arg-type]
    changed = 0
    for text in texts():
        said = own(text)
        assert str(said).strip() == known(text).strip(), text
        assert known(scannable(text)) == known(text), text
        changed += scannable(text) != text
    assert changed > 2500


@pytest.mark.parametrize("text", LONG, ids=lambda text: repr(text[:9]))
def test_what_the_library_scans_has_an_end_for_every_opening(text: str) -> None:
    """Work of its expressions: characters from every place where one can begin to where it ends, or gives up at the end."""
    found = scannable(text + "x")
    work = 0
    for opening, closing in (("<[", ">]"), ("(", ")")):
        last = max(found.rfind(sign) for sign in closing)
        assert not any(sign in found[last + 1 :] for sign in opening)
    for run in re.finditer(r"\s+", found):
        work += len(run[0]) ** 2
    assert work <= 4 * len(text)


def test_the_counter_would_see_the_text_as_it_was() -> None:
    assert sum(len(run[0]) ** 2 for run in re.finditer(r"\s+", " " * 20_000)) > 100_000_000


_SAKURA = re.compile(r"Explanation: (.*?)\nJudgement: (.*?)(?:\n\n|$)", re.DOTALL)


def test_the_parser_of_sakura_reads_as_its_expression() -> None:
    rng = random.Random(11)
    pieces = (
        "Explanation: ",
        "Judgement: ",
        "\nJudgement: ",
        "\n",
        "\n\n",
        "correct",
        "incorrect",
        " ",
        "x",
        "Correct",
    )
    grades = set()
    for _ in range(5000):
        reply = "".join(rng.choice(pieces) for _ in range(rng.randint(1, 9)))
        match = _SAKURA.search(reply)
        word = match[2].strip().lower() if match else ""
        wanted = {"correct": 1, "incorrect": 0}.get(word)
        assert sakura(reply).grade == wanted, reply
        grades.add(wanted)
    assert grades == {None, 0, 1}
