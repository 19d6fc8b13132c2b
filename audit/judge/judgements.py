"""`TASK.judgements.jsonl`: what was asked, what was said, and how it was read; scores come from it alone.

Its bytes follow from the replies: they do not depend on the order in which these came, on kills or on the
number of threads.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from audit._util import canonical_json
from audit._util.files import write_atomic
from audit.errors import CheckFailedError, InputError
from audit.judge.cache import ReplyCache
from audit.judge.interface import Message, Reply
from audit.judge.questions import Plan, Setting
from audit.judge.templates import load
from tasks.judging.conventions import JudgedConvention, find
from tasks.judging.fields import FieldError
from tasks.judging.verdict import Status, Verdict
from tasks.row import Row

SCHEMA: Final = "repro-audit/judgement/1"
HUMAN: Final = "human:"
STORED: Final = "stored:"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One reply of one judge about one part of one row.

    Attributes:
        task: The task's id.
        convention: The convention's id.
        metric: Its metric.
        judge: The judge's name with its settings (`Setting.judge`), or `human:NAME` or `stored:NAME`.
        variant: The probe it was asked under, or empty.
        row: The row's id.
        part: Which of the row's questions.
        repeat: Which of several askings.
        request: The request's key; empty for people.
        template: The template's id; empty for people.
        template_sha256: Its hash.
        fidelity: Whether the prompt is the source's (`verbatim`) or our description of it.
        messages_sha256: Over the messages that were sent: ties the judgement to the output.
        backend: Where it was asked.
        model: The model that was asked for.
        params: How it was sampled.
        markers: Chat markers broken up in the row's texts.
        reply: What came, whole; None for people.
        verdict: How the convention's parser reads it.
    """

    task: str
    convention: str
    metric: str
    judge: str
    variant: str
    row: str
    part: str
    repeat: int
    verdict: Verdict
    request: str = ""
    template: str = ""
    template_sha256: str = ""
    fidelity: str = ""
    messages_sha256: str = ""
    backend: str = ""
    model: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    markers: int = 0
    reply: Reply | None = None

    @property
    def identity(self) -> tuple[str, str, str, str, str, int, str, str]:
        """What makes it another judgement than the next one; also the file's order."""
        return (
            self.task,
            self.convention,
            self.metric,
            self.judge,
            self.variant,
            self.repeat,
            self.row,
            self.part,
        )

    def as_json(self) -> dict[str, Any]:
        """The file's object."""
        reply = self.reply
        return {
            "schema": SCHEMA,
            "task": self.task,
            "convention": self.convention,
            "metric": self.metric,
            "judge": self.judge,
            "variant": self.variant,
            "id": self.row,
            "part": self.part,
            "repeat": self.repeat,
            "request": self.request,
            "template": {"id": self.template, "sha256": self.template_sha256, "fidelity": self.fidelity},
            "messages_sha256": self.messages_sha256,
            "backend": self.backend,
            "model": self.model,
            "params": dict(self.params),
            "markers": self.markers,
            "reply": None
            if reply is None
            else {
                "text": reply.text,
                "model": reply.model,
                "finish": reply.finish,
                "prompt_tokens": reply.prompt_tokens,
                "completion_tokens": reply.completion_tokens,
                "attempts": reply.attempts,
            },
            "verdict": {
                "grade": None if self.verdict.grade is None else str(self.verdict.grade),
                "status": self.verdict.status,
                "label": self.verdict.label,
            },
        }


def messages_sha256(messages: Sequence[Message]) -> str:
    """The SHA-256 over the canonical JSON of a conversation."""
    return hashlib.sha256(canonical_json.dumps([message.as_json() for message in messages])).hexdigest()


def collect(task: str, chosen: Setting, plan: Plan, cache: ReplyCache, rows: Mapping[str, Row]) -> list[Judgement]:
    """The judgements for which there is a reply."""
    found = []
    convention = chosen.convention
    for request in plan.requests:
        reply = cache.get(request.key)
        if reply is None:
            continue
        verdict = convention.read(rows[request.row], reply.text, variant=chosen.variant)
        found.append(
            Judgement(
                task=task,
                convention=convention.id,
                metric=convention.metric,
                judge=chosen.judge,
                variant=chosen.variant,
                row=request.row,
                part=request.part,
                repeat=request.repeat,
                verdict=verdict,
                request=request.key,
                template=chosen.template.id,
                template_sha256=chosen.template.sha256,
                fidelity=chosen.template.fidelity,
                messages_sha256=messages_sha256(request.messages),
                backend=chosen.backend,
                model=chosen.model,
                params=request.params.as_json(),
                markers=request.markers,
                reply=reply,
            )
        )
    return found


def stored(
    task: str, convention: JudgedConvention, rows: Iterable[Row], *, name: str, reply_field: str, where: str
) -> list[Judgement]:
    """The judgements that other people's output files carry: each row's reply in `extra`.

    Nobody can know how they were asked for, so they have no request, no prompt and no parameters; model
    and judge are what the importer of the file says they are.

    Raises:
        InputError: A row has no such reply, or the convention asks more than once about a row.
    """
    found = []
    for row in rows:
        text = row.extra.get(reply_field)
        if not isinstance(text, str):
            raise InputError("there is no stored reply", where=f"{where}: row {row.id}: extra.{reply_field}")
        parts = convention.parts(row, "")
        if len(parts) != 1 or parts[0].name:
            raise InputError(f"{convention.id} asks several questions about a row", where=f"{where}: row {row.id}")
        found.append(
            Judgement(
                task=task,
                convention=convention.id,
                metric=convention.metric,
                judge=f"{STORED}{name}",
                variant="",
                row=row.id,
                part="",
                repeat=0,
                verdict=convention.read(row, text),
                model=name,
                reply=Reply(text, name),
            )
        )
    return found


def path_of(predictions: Path) -> Path:
    """Where the judgements of a prediction file are: `TASK.judgements.jsonl` beside `TASK.jsonl`."""
    return predictions.with_name(f"{predictions.stem}.judgements.jsonl")


def write(path: Path, judgements: Iterable[Judgement]) -> None:
    """Write the file whole, sorted; of two judgements with one identity the later one stays."""
    distinct = {judgement.identity: judgement for judgement in judgements}
    lines = [canonical_json.dumps(distinct[identity].as_json()) + b"\n" for identity in sorted(distinct)]
    write_atomic(path, b"".join(lines))


def read(path: Path) -> list[Judgement]:
    """All judgements of a file.

    Raises:
        InputError: A line is no judgement; the message names file, line and field.
    """
    found = []
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise InputError(
            "there are no judgements", where=str(path), fix="Make them with `repro-audit judge run`."
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(f"it is not UTF-8: {error.reason}", where=str(path)) from None
    for number, line in enumerate(text.split("\n"), start=1):
        if line:
            found.append(_parse(line, f"{path}:{number}"))
    return found


def _parse(line: str, where: str) -> Judgement:
    try:
        data = json.loads(line)
    except ValueError as error:
        raise InputError(f"the line is not JSON: {error}", where=where) from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise InputError(f"the line is no judgement of {SCHEMA}", where=where)
    try:
        reply, verdict, template = data["reply"], data["verdict"], data["template"]
        grade = verdict["grade"]
        return Judgement(
            task=_string(data, "task"),
            convention=_string(data, "convention"),
            metric=_string(data, "metric"),
            judge=_string(data, "judge"),
            variant=_string(data, "variant"),
            row=_string(data, "id"),
            part=_string(data, "part"),
            repeat=int(data["repeat"]),
            verdict=Verdict(
                None if grade is None else Fraction(grade), _status(verdict["status"]), str(verdict["label"])
            ),
            request=_string(data, "request"),
            template=_string(template, "id"),
            template_sha256=_string(template, "sha256"),
            fidelity=_string(template, "fidelity"),
            messages_sha256=_string(data, "messages_sha256"),
            backend=_string(data, "backend"),
            model=_string(data, "model"),
            params=dict(data["params"]),
            markers=int(data["markers"]),
            reply=None if reply is None else Reply(**reply),
        )
    except KeyError as error:
        raise InputError(f"the field {error.args[0]!r} is missing", where=where) from None
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise InputError(f"a field is not as it should be: {error}", where=where) from None


def _string(data: Mapping[str, Any], name: str) -> str:
    value = data[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is no text")
    return value


def _status(value: object) -> Status:
    if value not in {"ok", "off-scale", "ambiguous", "unparsed", "empty", "error"}:
        raise ValueError(f"verdict.status is {value!r}")
    return value


def check(judgements: Iterable[Judgement], rows: Mapping[str, Row], *, where: str) -> int:
    """Whether the judgements are about these rows and say what they are said to say. Needs no judge.

    Every reply is parsed again, and where the prompt's template is at hand, under the recorded hash, the
    messages are made again from the row.

    Returns:
        How many judgements could be tied to their row's output by its messages.

    Raises:
        CheckFailedError: One of them is about another row or output, or says something else (exit code 1).
    """
    tied = 0
    for judgement in judgements:
        row = rows.get(judgement.row)
        if row is None:
            raise CheckFailedError(f"the predictions have no row {judgement.row}", where=where)
        convention = find(judgement.task, judgement.convention, judgement.metric)
        if convention is None or judgement.reply is None:
            continue
        place = f"{where}: row {judgement.row}"
        try:
            if judgement.judge.startswith(STORED) and judgement.reply.text not in row.extra.values():
                raise CheckFailedError("the stored reply is not the row's", where=place)
            verdict = convention.read(row, judgement.reply.text, variant=judgement.variant)
            if verdict != judgement.verdict:
                raise CheckFailedError("the recorded verdict is not what the reply says", where=place)
            tied += _same_messages(judgement, convention, row, place)
        except FieldError as error:
            raise CheckFailedError(f"{error.field}: {error.what}", where=place) from None
    return tied


def _same_messages(judgement: Judgement, convention: JudgedConvention, row: Row, where: str) -> int:
    try:
        template = load(convention.template, judgement.variant)
    except InputError:
        return 0
    if template.sha256 != judgement.template_sha256:
        return 0
    for part in convention.parts(row, judgement.variant):
        if part.name == judgement.part:
            messages, _ = template.fill(part.values)
            if messages_sha256(messages) == judgement.messages_sha256:
                return 1
    raise CheckFailedError(
        "the judgement is about another output, question or answer than the row's",
        where=where,
        fix="Judge the new predictions with `repro-audit judge run`.",
    )
