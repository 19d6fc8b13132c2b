"""A judgement file is an untrusted file: what it says must be possible, once, and in the field's own range."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from audit.errors import CheckFailedError, InputError
from audit.judge.interface import Reply
from audit.judge.judgement_files import add, read, write
from audit.judge.judgements import HUMAN, Judgement, check
from tasks.judging.parsers import json_score, last_token
from tasks.judging.verdict import JudgeVerdict
from tasks.row import Row

ROWS = {"q1": Row("q1", "an output", None, {}), "q2": Row("q2", "an output", None, {})}


def person(row: str = "q1", grade: int = 1, **changes: Any) -> Judgement:
    given = {"task": "sqqa-wikiqa", "convention": "paper-judge", "metric": "accuracy", "judge": f"{HUMAN}Ann"}
    return Judgement(
        **{
            **given,
            "variant": "",
            "row": row,
            "part": "",
            "repeat": 0,
            "verdict": JudgeVerdict(Fraction(grade)),
            **changes,
        }
    )


def model() -> Judgement:
    return person(
        judge="m#1", request="r", model="m", backend="b", reply=Reply("Correct", "m"), messages_sha256="0" * 64
    )


@pytest.fixture
def spoil(tmp_path: Path) -> Callable[..., Path]:
    """A file with one judgement, some of whose fields are changed."""

    def made(judgement: Judgement, **changes: Any) -> Path:
        data = judgement.as_json()
        for name, value in changes.items():
            outer, _, inner = name.partition("__")
            if inner:
                data[outer][inner] = value
            else:
                data[outer] = value
        path = tmp_path / "sqqa-wikiqa.judgements.jsonl"
        path.write_text(json.dumps(data) + "\n", "utf-8")
        return path

    return made


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.judgements.jsonl"
    items = [person(), person("q2", 0), model()]
    write(path, items)
    assert sorted(read(path), key=lambda i: i.identity) == sorted(items, key=lambda i: i.identity)
    add(path, [person("q2", 1)])
    assert {i.row: i.verdict.grade for i in read(path) if i.reply is None} == {"q1": 1, "q2": 1}


@pytest.mark.parametrize("grade", ["999999", "2", "-1", "1/2"])
def test_a_person_cannot_leave_the_scale(grade: str, spoil: Callable[..., Path]) -> None:
    path = spoil(person(), verdict__grade=grade)
    with pytest.raises(InputError, match="off the scale of paper-judge"):
        check(read(path), ROWS, task="sqqa-wikiqa", family="spoken-qa", where=str(path))


@pytest.mark.parametrize(
    ("base", "changes", "said"),
    [
        (person(), {"verdict__grade": "1e1000000000"}, "verdict.grade: '1e1000000000' is not an integer"),
        (person(), {"verdict__grade": "1" * 500}, "is not an integer or a fraction"),
        (person(), {"verdict__grade": "1/0"}, "is not an integer or a fraction"),
        (person(), {"verdict__grade": " 1"}, "is not an integer or a fraction"),
        (person(), {"verdict__grade": "\u0661"}, "is not an integer or a fraction"),
        (person(), {"verdict__grade": 1}, "verdict.grade: Input should be a valid string"),
        (person(), {"verdict__grade": None}, "verdict: the grade None with the status ok"),
        (person(), {"verdict__status": "empty"}, "with the status empty"),
        (person(), {"verdict__status": "fine"}, "verdict.status"),
        (person(), {"judge": "gpt-4"}, "a judgement by 'gpt-4' without a reply"),
        (model(), {"reply": None}, "without a reply"),
        (model(), {"judge": "human:Ann"}, "with a reply"),
        (person(), {"request": "r"}, "request: a person's judgement has a grade and no request"),
        (person(), {"params": {"temperature": "0"}}, "params: a person's judgement"),
        (person(), {"repeat": -1}, "repeat: -1 is outside"),
        (person(), {"repeat": "0"}, "repeat: Input should be a valid integer"),
        (person(), {"repeat": 2**53}, "an integer of 16 digits"),
        (person(), {"repeat": True}, "repeat"),
        (person(), {"markers": 10**9}, "markers: 1000000000 is outside"),
        (person(), {"schema": "repro-audit/judgement/2"}, "schema: 'repro-audit/judgement/2'"),
        (person(), {"grade": "1"}, "grade: "),
        (model(), {"reply__mood": "good"}, "reply.mood"),
        (model(), {"reply__attempts": 1.5}, "reply.attempts"),
        (person(), {"id": "\ud800"}, "half of a surrogate pair"),
        (model(), {"reply__text": "\udfff"}, "half of a surrogate pair"),
    ],
)  # fmt: skip
def test_impossible_fields(base: Judgement, changes: dict[str, Any], said: str, spoil: Callable[..., Path]) -> None:
    path = spoil(base, **changes)
    with pytest.raises(InputError) as caught:
        read(path)
    assert said in str(caught.value)
    assert f"{path}:1" in str(caught.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"a": Infinity}', "Infinity is not a JSON number"),
        ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
        ("[" * 200 + "]" * 200, "nested too deeply"),
        ('{"task": "a", "task": "b"}', "duplicate field 'task'"),
        ("[]", "not a judgement"),
        ("1" * 5000, "digits"),
        ("\udc80", "not UTF-8"),
    ],
)
def test_lines_that_are_not_records(line: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.judgements.jsonl"
    path.write_bytes(line.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError) as caught:
        read(path)
    assert said in str(caught.value)


def test_a_line_of_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "x.judgements.jsonl"
    path.write_text(json.dumps({"task": "x" * (1 << 22)}), "utf-8")
    with pytest.raises(InputError, match="a judgement has at most"):
        read(path)


def test_two_lines_of_one_identity(tmp_path: Path) -> None:
    path = tmp_path / "x.judgements.jsonl"
    lines = [json.dumps(item.as_json()) for item in (person(), person("q2"), person(grade=0))]
    path.write_text("\n".join(lines), "utf-8")
    with pytest.raises(InputError, match="judge and repetition as line 1") as caught:
        read(path)
    assert f"{path}:3" in str(caught.value)


def test_a_folder_where_the_file_should_be(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the file"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"convention": "paper-jugde"}, "unknown convention 'paper-jugde'"),
        ({"metric": "acuracy"}, "unknown convention 'paper-judge' (acuracy)"),
        ({"convention": "jasco-judge"}, "Judged conventions of spoken-qa: paper-judge (accuracy)"),
        ({"task": "sf-slurp"}, "a judgement of the task 'sf-slurp' beside predictions for sqqa-wikiqa"),
    ],
)
def test_misspelt_names_do_not_vanish(changes: dict[str, str], said: str) -> None:
    with pytest.raises(InputError) as caught:
        check([person(**changes)], ROWS, task="sqqa-wikiqa", family="spoken-qa", where="x")
    assert said in str(caught.value)


def test_a_row_that_is_not_there() -> None:
    with pytest.raises(CheckFailedError, match="no row q9"):
        check([person("q9")], ROWS, task="sqqa-wikiqa", family="spoken-qa", where="x")


@pytest.mark.parametrize("reply", ["1e300", "-1e10", "nan", "inf", "1e999"])
def test_replies_beyond_every_scale_are_failures(reply: str) -> None:
    assert last_token(f"Rating: {reply}").failed
    assert json_score(json.dumps({"score": reply})).failed


def test_mutated_files_end_in_an_error_or_in_judgements(tmp_path: Path) -> None:
    path = tmp_path / "x.judgements.jsonl"
    write(path, [person(), person("q2", 0), model()])
    whole = path.read_bytes()
    pieces = [
        b"\xff",
        b"\\ud800",
        b"1e999999999",
        b"NaN",
        b"null",
        b"{}",
        b"[" * 80,
        b'"',
        b"\n",
        b"-1",
        b"9" * 30,
        b"",
    ]
    draw = random.Random(5)
    accepted = 0
    for _ in range(500):
        start = draw.randrange(len(whole))
        path.write_bytes(whole[:start] + draw.choice(pieces) + whole[start + draw.randrange(4) :])
        try:
            found = read(path)
        except InputError:
            continue
        accepted += 1
        assert all(item.verdict.grade is None or abs(item.verdict.grade) < 10**400 for item in found)
    assert accepted < 500
