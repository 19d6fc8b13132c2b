"""Judgement files (`TASK.judgements.jsonl`): written sorted, read as strictly as predictions.

The bytes depend only on the replies, not on their order of arrival, on kills or on the number of threads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from audit._util import canonical_json, typed_json
from audit._util.files import refuse_pointer, write_atomic
from audit._util.folders import held
from audit._util.strict_json import InvalidJsonError
from audit.errors import InputError
from audit.judge.interface import Reply
from audit.judge.judgements import HUMAN, SCHEMA, Judgement
from tasks.judging.verdict import JudgeVerdict, Status

_FIX_FILE = (
    "Restore the file, or delete it and run `repro-audit judge run` or `import-replies` again: replies in the cache are not "
    "asked for twice. Judgements by people must be imported again."
)
# The longest line: a reply of a few thousand tokens has a few ten thousand bytes.
_LONGEST: Final = 1 << 22
# How `str(Fraction)` writes a grade. In another notation a short line can stand for a number of a billion digits.
_GRADE = re.compile(r"-?(0|[1-9][0-9]{0,399})(/[1-9][0-9]{0,399})?")
_MOST_REPEATS: Final = 1_000_000
# Empty where a person judged: there is no request.
_OF_A_REQUEST = ("request", "messages_sha256", "backend", "model", "variant", "part", "params", "markers")


@dataclass(frozen=True, slots=True)
class _Template:
    id: str
    sha256: str
    fidelity: str


@dataclass(frozen=True, slots=True)
class _Verdict:
    grade: str | None
    status: Status
    label: str


@dataclass(frozen=True, slots=True)
class _Record:
    schema: str
    task: str
    convention: str
    metric: str
    judge: str
    variant: str
    id: str
    part: str
    repeat: int
    request: str
    template: _Template
    messages_sha256: str
    backend: str
    model: str
    params: dict[str, Any]
    markers: int
    reply: Reply | None
    verdict: _Verdict


def path_of(predictions: Path) -> Path:
    """The path of the judgements for a prediction file: `TASK.judgements.jsonl` beside `TASK.jsonl`."""
    return predictions.with_name(f"{predictions.stem}.judgements.jsonl")


def write(path: Path, judgements: Iterable[Judgement]) -> None:
    """Write the file atomically, sorted; of judgements with the same identity, the last one is kept.

    Raises:
        MissingError: Another process is writing into the folder.
    """
    distinct = {judgement.identity: judgement for judgement in judgements}
    lines = [canonical_json.dumps(distinct[identity].as_json()) + b"\n" for identity in sorted(distinct)]
    with held(path.parent):
        write_atomic(path, b"".join(lines))


def add(path: Path, judgements: Iterable[Judgement]) -> None:
    """Add judgements to a file, which need not exist; they replace those with the same identity.

    Raises:
        InputError: The existing file is invalid.
    """
    write(path, [*(read(path) if path.exists() else ()), *judgements])


def read(path: Path) -> list[Judgement]:
    """All judgements of a file.

    Raises:
        InputError: A line is not a judgement, or has the identity of an earlier one; the message names file, line and field.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputError(
            "no judgements found", where=str(path), fix="Create them with `repro-audit judge run`."
        ) from None
    except OSError as error:
        raise InputError(f"cannot read the file: {error.strerror}", where=str(path), fix="Check the path.") from None
    refuse_pointer(raw[:64], path)
    found: list[Judgement] = []
    lines: dict[tuple[Any, ...], int] = {}
    for number, line in enumerate(raw.split(b"\n"), start=1):
        if not line:
            continue
        where = f"{path}:{number}"
        judgement = _parse(line, where)
        if (first := lines.setdefault(judgement.identity, number)) != number:
            what = f"the same row, question, judge and repetition as line {first}"
            raise InputError(what, where=where, fix="Keep one of the two lines, or restore the file.")
        found.append(judgement)
    return found


def _parse(line: bytes, where: str) -> Judgement:
    def bad(what: str) -> InputError:
        return InputError(what, where=where, fix=_FIX_FILE)

    if len(line) > _LONGEST:
        raise bad(f"a line of {len(line)} bytes; a judgement has at most {_LONGEST}")
    try:
        record = typed_json.read(_Record, line, exact=True)
    except InvalidJsonError as error:
        what = "not a judgement" if error.problem == "record" else "invalid JSON"
        raise bad(f"{what}: {error}") from None
    if record.schema != SCHEMA:
        raise bad(f"schema: {record.schema[:40]!r} instead of {SCHEMA}")
    for name, number, most in (("repeat", record.repeat, _MOST_REPEATS), ("markers", record.markers, _LONGEST)):
        if not 0 <= number <= most:
            raise bad(f"{name}: {number} is outside 0 to {most}")
    grade = record.verdict.grade
    if grade is not None and not _GRADE.fullmatch(grade):
        raise bad(f"verdict.grade: {grade[:40]!r} is not an integer or a fraction such as 1/2")
    if (grade is not None) != (record.verdict.status in {"ok", "off-scale"}):
        raise bad(f"verdict: the grade {grade} with the status {record.verdict.status}")
    if record.judge.startswith(HUMAN) != (record.reply is None):
        raise bad(f"reply: a judgement by {record.judge[:40]!r} {'with' if record.reply else 'without'} a reply")
    if record.reply is None:
        asked = [name for name in _OF_A_REQUEST if getattr(record, name)]
        if asked or grade is None:
            raise bad(f"{asked[0] if asked else 'verdict.grade'}: a person's judgement has a grade and no request")
    return Judgement(
        task=record.task,
        convention=record.convention,
        metric=record.metric,
        judge=record.judge,
        variant=record.variant,
        row=record.id,
        part=record.part,
        repeat=record.repeat,
        verdict=JudgeVerdict(None if grade is None else Fraction(grade), record.verdict.status, record.verdict.label),
        request=record.request,
        template=record.template.id,
        template_sha256=record.template.sha256,
        fidelity=record.template.fidelity,
        messages_sha256=record.messages_sha256,
        backend=record.backend,
        model=record.model,
        params=record.params,
        markers=record.markers,
        reply=record.reply,
    )
