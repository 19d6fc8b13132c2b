"""Judgement files (`TASK.judgements.jsonl`): requests, replies and parsed verdicts, from which scores are computed.

The bytes depend only on the replies, not on their order of arrival, on kills or on the number of threads.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from audit._util import canonical_json
from audit._util.files import refuse_pointer, write_atomic
from audit.errors import CheckFailedError, InputError
from audit.judge.cache import ReplyCache
from audit.judge.interface import Message, Reply
from audit.judge.questions import Plan, Setting, lacking
from audit.judge.templates import load
from tasks.judging.conventions import JudgedConvention, find
from tasks.judging.fields import FieldError
from tasks.judging.parsers import PARSERS
from tasks.judging.verdict import JudgeVerdict, Status
from tasks.row import Row

SCHEMA: Final = "repro-audit/judgement/1"
HUMAN: Final = "human:"
STORED: Final = "stored:"
_FIX_FILE = (
    "Restore the file, or delete it and run `repro-audit judge run` or `import-replies` again: replies in the cache are not "
    "asked for twice. Judgements by people must be imported again."
)
_FIX_ROW = "Add the field to the row; see docs/reference/judgements.md."
_FIX_VERDICT = (
    "The file was changed, or its parser was: delete it, and run `repro-audit judge run` or `import-replies` again."
)
_FIX_JUDGEMENTS = "Judge these predictions with `repro-audit judge run`, or restore the predictions that were judged."


@dataclass(frozen=True, slots=True)
class Judgement:
    """A reply of a judge to one question about a row.

    Attributes:
        task: The task's id.
        convention: The convention's id.
        metric: Its metric.
        judge: The judge's name with its settings (`Setting.judge`), or `human:NAME` or `stored:NAME`.
        variant: The probe it was asked under, or empty.
        row: The row's id.
        part: The name of the question within the row.
        repeat: The number of the repetition.
        request: The request's key; empty for people.
        template: The template's id; empty for people.
        template_sha256: Its hash.
        fidelity: Whether the prompt is the source's (`verbatim`) or our description of it.
        messages_sha256: Over the messages that were sent: ties the judgement to the output.
        backend: The backend that was asked.
        model: The requested model.
        params: The sampling parameters.
        markers: The number of chat markers broken up in the row's texts.
        reply: The complete reply; None for people.
        verdict: The result of the convention's parser.
    """

    task: str
    convention: str
    metric: str
    judge: str
    variant: str
    row: str
    part: str
    repeat: int
    verdict: JudgeVerdict
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
        """The key that identifies the judgement; also the sort key of the file."""
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
        """The judgement as the JSON object of the file."""
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
    """The judgements of all questions that have a reply."""
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
    """The judgements contained in third-party output files: the reply of each row is in `extra`.

    The requests are not known, so these judgements have no request, prompt or parameters; the user who imports the
    file names the judge.

    Raises:
        InputError: A row has no reply, or the convention asks several questions per row.
    """
    if convention.several:
        raise InputError(
            f"{convention.id} asks several questions per row, so one reply per row does not score it",
            where=where,
            fix="Ask a judge with `repro-audit judge run`.",
        )
    found = []
    for row in rows:
        text = row.extra.get(reply_field)
        if not isinstance(text, str):
            raise InputError(
                "no stored reply",
                where=f"{where}: row {row.id}: extra.{reply_field}",
                fix="Name the field that holds the replies with --field.",
            )
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
                verdict=_read(convention, row, text, where),
                model=name,
                reply=Reply(text, name),
            )
        )
    return found


def _read(convention: JudgedConvention, row: Row, reply: str, where: str, parser: str | None = None) -> JudgeVerdict:
    try:
        return convention.read(row, reply, parser=parser)
    except FieldError as error:
        raise lacking(error, where, _FIX_ROW) from None


def read_again(
    judgements: Iterable[Judgement], convention: JudgedConvention, rows: Mapping[str, Row], parser: str, *, where: str
) -> list[Judgement]:
    """The judgements of a convention with their replies parsed by another parser; those of people are left out.

    Raises:
        InputError: The parser does not exist, or needs a field that a row lacks.
    """
    if parser not in PARSERS:
        raise InputError(f"there is no parser {parser!r}", where="--parser", fix=f"Parsers: {', '.join(PARSERS)}.")
    mine = (j for j in judgements if (j.convention, j.metric) == (convention.id, convention.metric))
    return [
        replace(item, verdict=_read(convention, rows[item.row], item.reply.text, where, parser))
        for item in mine
        if item.reply is not None
    ]


def path_of(predictions: Path) -> Path:
    """The path of the judgements for a prediction file: `TASK.judgements.jsonl` beside `TASK.jsonl`."""
    return predictions.with_name(f"{predictions.stem}.judgements.jsonl")


def write(path: Path, judgements: Iterable[Judgement]) -> None:
    """Write the file atomically, sorted; of judgements with the same identity, the last one is kept."""
    distinct = {judgement.identity: judgement for judgement in judgements}
    lines = [canonical_json.dumps(distinct[identity].as_json()) + b"\n" for identity in sorted(distinct)]
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
        InputError: A line is not a judgement; the message names file, line and field.
    """
    found = []
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise InputError(
            "no judgements found", where=str(path), fix="Create them with `repro-audit judge run`."
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(f"invalid UTF-8: {error.reason}", where=str(path), fix=_FIX_FILE) from None
    refuse_pointer(text[:64].encode("utf-8", "surrogatepass"), path)
    for number, line in enumerate(text.split("\n"), start=1):
        if line:
            found.append(_parse(line, f"{path}:{number}"))
    return found


def _parse(line: str, where: str) -> Judgement:
    try:
        data = json.loads(line)
    except ValueError as error:
        raise InputError(f"invalid JSON: {error}", where=where, fix=_FIX_FILE) from None
    except RecursionError:
        raise InputError("invalid JSON: nested too deeply", where=where, fix=_FIX_FILE) from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise InputError(f"not a judgement of {SCHEMA}", where=where, fix=_FIX_FILE)
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
            verdict=JudgeVerdict(
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
        raise InputError(f"the field {error.args[0]!r} is missing", where=where, fix=_FIX_FILE) from None
    except (TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise InputError(f"invalid field: {error}", where=where, fix=_FIX_FILE) from None


def _string(data: Mapping[str, Any], name: str) -> str:
    value = data[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is not a string")
    return value


def _status(value: object) -> Status:
    if value not in {"ok", "off-scale", "ambiguous", "unparsed", "empty", "error"}:
        raise ValueError(f"verdict.status is {value!r}")
    return value


def check(judgements: Iterable[Judgement], rows: Mapping[str, Row], *, family: str, where: str) -> int:
    """Check that the judgements are about these rows and that verdicts match replies. Needs no judge.

    Every reply is parsed again. If the template with the recorded hash is available, the messages are rebuilt
    from the row and compared.

    Returns:
        The number of judgements whose messages were compared with their row.

    Raises:
        CheckFailedError: A judgement is about a different row or output, or its verdict does not match (exit code 1).
    """
    tied = 0
    for judgement in judgements:
        row = rows.get(judgement.row)
        if row is None:
            raise CheckFailedError(f"the predictions have no row {judgement.row}", where=where, fix=_FIX_JUDGEMENTS)
        convention = find(family, judgement.convention, judgement.metric)
        if convention is None or judgement.reply is None:
            continue
        place = f"{where}: row {judgement.row}"
        try:
            if judgement.judge.startswith(STORED) and judgement.reply.text not in row.extra.values():
                raise CheckFailedError("the stored reply differs from the row's", where=place, fix=_FIX_JUDGEMENTS)
            verdict = convention.read(row, judgement.reply.text, variant=judgement.variant)
            if verdict != judgement.verdict:
                raise CheckFailedError("the recorded verdict does not match the reply", where=place, fix=_FIX_VERDICT)
            tied += _same_messages(judgement, convention, row, place)
        except FieldError as error:
            raise CheckFailedError(f"{error.field}: {error.problem}", where=place, fix=_FIX_ROW) from None
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
        "the judged output, question or answer differs from the row's",
        where=where,
        fix="Judge the new predictions with `repro-audit judge run`.",
    )
