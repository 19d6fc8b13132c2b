"""Judgements: requests, replies and parsed verdicts, from which scores are computed, and their check against the rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from audit._util import canonical_json
from audit.errors import CheckFailedError, InputError
from audit.judge.cache import ReplyCache
from audit.judge.interface import Message, Reply
from audit.judge.questions import Plan, Setting, lacking
from audit.judge.templates import load
from tasks.judging.conventions import CONVENTIONS, JudgedConvention, find
from tasks.judging.fields import FieldError
from tasks.judging.parsers import PARSERS
from tasks.judging.verdict import JudgeVerdict
from tasks.row import Row

SCHEMA: Final = "repro-audit/judgement/1"
HUMAN: Final = "human:"
STORED: Final = "stored:"
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


def check(judgements: Iterable[Judgement], rows: Mapping[str, Row], *, task: str, family: str, where: str) -> int:
    """Check that the judgements are about these rows and that verdicts match replies. Needs no judge.

    Every reply is parsed again; a person's verdict must lie on the scale. If the template with the recorded hash is
    available, the messages are rebuilt from the row and compared.

    Args:
        judgements: The judgements of a file.
        rows: The rows of its predictions, by id.
        task: The id of the predictions' task.
        family: Its family.
        where: The file, for messages.

    Returns:
        The number of judgements whose messages were compared with their row.

    Raises:
        InputError: A judgement is of a different task or an unknown convention, or a person's verdict is off the scale.
        CheckFailedError: A judgement is about a different row or output, or its verdict does not match (exit code 1).
    """
    tied = 0
    for judgement in judgements:
        if judgement.task != task:
            raise InputError(f"a judgement of the task {judgement.task!r} beside predictions for {task}", where=where)
        row = rows.get(judgement.row)
        if row is None:
            raise CheckFailedError(f"the predictions have no row {judgement.row}", where=where, fix=_FIX_JUDGEMENTS)
        place = f"{where}: row {judgement.row}"
        convention = find(family, judgement.convention, judgement.metric)
        if convention is None:
            raise _unknown(judgement, family, place)
        if judgement.reply is None:
            _check_person(judgement, convention, place)
            continue
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


def _unknown(judgement: Judgement, family: str, where: str) -> InputError:
    known = [f"{item.id} ({item.metric})" for item in CONVENTIONS if item.family == family]
    fix = (
        f"Judged conventions of {family}: {', '.join(known)}." if known else f"No convention of {family} needs a judge."
    )
    return InputError(f"unknown convention {judgement.convention!r} ({judgement.metric})", where=where, fix=fix)


def _check_person(judgement: Judgement, convention: JudgedConvention, where: str) -> None:
    """A verdict without a reply is a person's: a whole grade on the convention's scale, as sheets have them."""
    grade, scale = judgement.verdict.grade, convention.scale
    if grade is None or grade.denominator != 1 or not scale.lowest <= grade <= scale.highest:
        raise InputError(
            f"the grade {grade} is off the scale of {convention.id}",
            where=where,
            fix=f"A person's verdict is an integer from {scale.lowest} to {scale.highest}; import the sheet again.",
        )


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
