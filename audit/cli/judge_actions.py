"""What `repro-audit judge` does: outputs are judged by a language model or a person; how far do judges agree?"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit._util.files import write_atomic
from audit._util.progress import progress
from audit.cli.json_output import show
from audit.errors import CheckFailedError, InputError
from audit.judge import human, judgement_files, judgements, tables
from audit.judge.attach import followed_rows
from audit.judge.budget import Budget
from audit.judge.cache import ReplyCache
from audit.judge.interface import Judge
from audit.judge.questions import build, lacking, setting
from audit.judge.runner import Outcome, Retry, Runner, together
from audit.judge.scoring import by_rating
from audit.scoring import predictions as prediction_files
from audit.scoring.prediction_meta import folder_of
from tasks.judging.conventions import CONVENTIONS, JudgedConvention, find
from tasks.judging.fields import FieldError
from tasks.row import Row
from tasks.task import Task

if TYPE_CHECKING:
    from audit.analysis.sampling.plan import Ordered


def run(args: argparse.Namespace) -> int:
    """Run one subcommand and return its exit code.

    Raises:
        InputError: A row lacks a field that the convention needs.
    """
    actions = {
        "run": _run,
        "sample": _sample,
        "import-human": _import_human,
        "import-replies": _import_replies,
        "agreement": _agreement,
        "status": _status,
    }
    try:
        return actions[args.action](args)
    except FieldError as error:
        fix = "The convention needs this field; see docs/reference/judgements.md."
        raise lacking(error, str(args.predictions), fix) from None


def _task(name: str, where: str | None = None) -> Task:
    # Not loaded for --help.
    from audit.literature.known_tasks import task_here

    return task_here(name, where)


def _convention(args: argparse.Namespace) -> JudgedConvention:
    family = _task(args.task, "--task").family
    found = find(family, args.convention, args.metric)
    if found is None:
        there = sorted({f"{c.id} ({c.metric})" for c in CONVENTIONS if c.family == family})
        raise InputError(
            f"{args.task} has no judged convention {args.convention} for {args.metric}",
            fix=f"It has {', '.join(there)}."
            if there
            else f"Judged families are {', '.join(sorted({c.family for c in CONVENTIONS}))}.",
        )
    return found


def _rows(path: Path, task: str) -> tuple[Row, ...]:
    return tuple(prediction_files.load(path, _task(task, str(path))).asked)


def _judge(args: argparse.Namespace) -> Judge:
    if args.local is not None:
        if args.model or args.base_url:
            raise InputError("--local excludes --model and --base-url")
        from audit.judge.local import LocalModel

        return LocalModel(args.local, device=args.device)
    if not args.model:
        raise InputError("no judge is named", fix="Give --model NAME for a server, or --local DIR.")
    from audit.judge.openai_server import OpenAIServer

    return OpenAIServer(
        args.model,
        base_url=args.base_url,
        key_variable=args.key_env,
        backend=args.backend,
        timeout=args.timeout,
        stream=args.stream,
        token_field=args.token_field,
        concurrency=args.concurrency,
    )


def _extra(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        value = json.loads(text)
    except ValueError as error:
        raise InputError(f"is not JSON: {error}", where="--extra", fix="""Give an object: '{"top_k": 1}'.""") from None
    if not isinstance(value, dict) or {"model", "messages", "stream"} & value.keys():
        raise InputError("must be an object without the fields model, messages and stream", where="--extra")
    return value


def _run(args: argparse.Namespace) -> int:
    convention = _convention(args)
    predictions = prediction_files.file_of(args.predictions, args.task)
    found = _rows(predictions, args.task)
    # Before the judge is opened: errors in the command itself come first.
    extra = _extra(args.extra) or None
    judge = _judge(args)
    params = {
        "temperature": args.temperature,
        "top_p": args.top_p,
        "seed": args.seed,
        "max_tokens": args.reply_tokens,
        "extra": extra,
    }
    chosen = setting(
        convention,
        backend=judge.backend,
        model=judge.model,
        params=params,
        variant=args.variant,
        template=args.template,
    )
    target = judgement_files.path_of(predictions)
    # A file that cannot be read must stop the run before it costs anything.
    others = judgement_files.read(target) if target.exists() else []
    by_id = {row.id: row for row in found}
    sampled = _planned(args, predictions)
    parts = [found] if sampled is None else sampled.parts(by_id, args.concurrency)
    # Also the questions about rows that a settled sample never asks: a row that lacks a field stops the run before it costs.
    plan = build(chosen, found, repeats=args.repeats, where=str(predictions))
    budget = Budget(args.max_requests, args.max_tokens)
    outcomes: list[Outcome] = []
    mine: list[judgements.Judgement] = []
    with ReplyCache(args.cache or predictions.parent / "judge-cache") as cache:
        try:
            for rows in parts:
                part = plan if sampled is None else build(chosen, rows, repeats=args.repeats, where=str(predictions))
                with progress(f"{args.task} {convention.id}") as display:
                    outcomes.append(
                        Runner(
                            judge,
                            cache,
                            budget=budget,
                            retry=Retry(attempts=args.retries, first=args.retry_wait),
                            progress=display.show,
                        ).run(part.requests)
                    )
                mine += judgements.collect(args.task, chosen, part, cache, by_id)
                judgement_files.write(target, [*others, *mine])
                if sampled is not None and (outcomes[-1].incomplete or sampled.settled()):
                    break
        finally:
            judge.close()
    outcome = together(outcomes)
    print(f"{target}: {len(mine)} judgements by {chosen.judge}")
    failures = sum(1 for item in mine if item.verdict.failed)
    empty = sum(1 for item in mine if item.verdict.status == "empty")
    print(
        f"questions: {outcome.cached} known, {outcome.answered} answered, {len(outcome.failed)} failed,"
        f" {outcome.open} not put; {outcome.requests} requests, {outcome.tokens} tokens"
    )
    if outcome.in_doubt:
        print(
            f"{outcome.in_doubt} of them were in flight when an earlier run was killed, and were sent again"
            " under the same idempotency key"
        )
    if failures:
        print(f"replies without a verdict: {failures}, {empty} of them empty; the failure rule applies")
    if plan.without_output:
        print(f"rows without an output: {len(plan.without_output)}")
    return _end(outcome, empty)


def _planned(args: argparse.Namespace, predictions: Path) -> _Sampled | None:
    """The plan of judgements that the run follows; None without one."""
    if not args.until_settled:
        if args.plan is not None:
            raise InputError("needs --until-settled", where="--plan", fix="Add --until-settled, or omit it.")
        return None
    if args.plan is None:
        raise InputError("no plan", where="--until-settled", fix="`repro-audit plan TASK --judgements` makes one.")
    if args.variant or args.repeats > 1:
        raise InputError("a probe settles no claim", where="--until-settled", fix="Omit --variant and --repeats.")
    return _sampled_by(args, predictions)


def _sampled_by(args: argparse.Namespace, predictions: Path) -> _Sampled:
    from audit.pipeline.until_settled import adopt

    files, task = adopt(args.plan, args.task, predictions.parent, sampled="judgements")
    plan = files.ordered.plan
    counted = [one.id for claim in plan.claims if claim.metric == args.metric for one in claim.conventions]
    if args.convention not in counted:
        raise InputError(
            f"the plan does not count the convention {args.convention} of {args.metric}",
            where=str(args.plan),
            fix=f"It counts {', '.join(counted) or 'none'}.",
        )
    return _Sampled(files.ordered, task, predictions)


@dataclass(frozen=True, slots=True)
class _Sampled:
    """A run that follows a plan of judgements."""

    plan: Ordered
    task: Task
    predictions: Path

    def parts(self, rows: Mapping[str, Row], least: int) -> Iterator[tuple[Row, ...]]:
        """The rows in the planned order, a few at a time: at least as many as the judge answers at once.

        Raises:
            InputError: The plan and the predictions have different ids.
        """
        order = self.plan.units
        different = sorted(set(order) ^ set(rows))
        if different:
            raise InputError(
                f"the plan is of another set: {len(different)} ids are in one of them alone, such as {different[0]!r}",
                where=str(self.predictions),
                fix="Plan with --units and these predictions.",
            )
        start = 0
        while start < len(order):
            # Judgements cost more than looks; still, a look scores all of them again.
            size = max(least, start // 20)
            yield tuple(rows[name] for name in order[start : start + size])
            start += size

    def settled(self) -> bool:
        """Show the bounds, and whether every claim of the plan is settled."""
        from audit.pipeline.until_settled import look_at_judgements

        found = look_at_judgements(self.plan, self.task, prediction_files.load(self.predictions, self.task))
        print(f"{self.task.id}: {found.units} of {len(self.plan.units)} judged", flush=True)
        for line in found.lines:
            print(f"  {line}")
        return found.settled


def _end(outcome: Outcome, empty: int) -> int:
    if outcome.unavailable is not None:
        raise outcome.unavailable
    if outcome.stopped == "interrupted":
        raise KeyboardInterrupt
    if outcome.failed:
        key, reason = next(iter(sorted(outcome.failed.items())))
        raise CheckFailedError(
            f"{len(outcome.failed)} questions have no reply; one of them ({key[:12]}): {reason}",
            fix="Run the same command again to ask only these.",
        )
    if outcome.stopped == "budget":
        raise CheckFailedError(
            f"the budget is used up; {outcome.open} questions are left",
            fix="Run the same command again, with a new budget, to continue.",
        )
    if empty:
        raise CheckFailedError(
            f"{empty} replies are empty",
            fix="Check the reply length (--reply-tokens) and the server's log.",
        )
    return 0


def _sample(args: argparse.Namespace) -> int:
    convention = _convention(args)
    found = _rows(prediction_files.file_of(args.predictions, args.task), args.task)
    if args.out.exists() and not args.force:
        raise InputError("the sheet exists", where=str(args.out), fix="Overwrite it with --force.")
    if args.plan is None:
        chosen = human.sample(found, args.size, args.seed)
    else:
        sampled = _sampled_by(args, prediction_files.file_of(args.predictions, args.task))
        every = [row for rows in sampled.parts({row.id: row for row in found}, args.size) for row in rows]
        chosen = [row for row in every[: args.size] if row.hypothesis is not None]
    # The byte order mark tells spreadsheets that this is UTF-8.
    write_atomic(args.out, "\ufeff" + human.sheet(convention, chosen))
    print(f"{args.out}: {len(chosen)} of {len(found)} rows; in the column verdict: {human.allowed(convention)}")
    return 0


def _import_human(args: argparse.Namespace) -> int:
    convention = _convention(args)
    human.check_person(args.person)
    predictions = prediction_files.file_of(args.predictions, args.task)
    by_id = {row.id: row for row in _rows(predictions, args.task)}
    mine, blank = human.parse(args.sheet, args.task, convention, by_id, args.person)
    target = judgement_files.path_of(predictions)
    judgement_files.add(target, mine)
    print(f"{target}: {len(mine)} judgements by {args.person}, {blank} rows left blank")
    return 0


def _import_replies(args: argparse.Namespace) -> int:
    convention = _convention(args)
    predictions = prediction_files.file_of(args.predictions, args.task)
    found = _rows(predictions, args.task)
    mine = judgements.stored(
        args.task, convention, found, name=args.judge, reply_field=args.field, where=str(predictions)
    )
    target = judgement_files.path_of(predictions)
    judgement_files.add(target, mine)
    failures = sum(1 for item in mine if item.verdict.failed)
    print(f"{target}: {len(mine)} stored replies of {args.judge}, {failures} of them without a verdict")
    return 0


def _agreement(args: argparse.Namespace) -> int:
    convention = _convention(args)
    predictions = prediction_files.file_of(args.predictions, args.task)
    found = _rows(predictions, args.task)
    target = judgement_files.path_of(predictions)
    known = judgement_files.read(target)
    by_id = {row.id: row for row in found}
    judgements.check(known, by_id, task=args.task, family=_task(args.task).family, where=str(target))
    if args.parser is not None:
        known = judgements.read_again(known, convention, by_id, args.parser, where=str(target))
        print(f"Replies parsed with {args.parser} instead of {convention.parser}; nothing is written.",
              file=sys.stderr if args.json else sys.stdout)  # fmt: skip
    report = tables.judge_report(
        args.task,
        convention,
        found,
        known,
        replicates=args.replicates,
        seed=args.seed,
        claim=args.claim,
        factor=100 if args.percent else 1,
        followed=followed_rows(_task(args.task), found),
    )
    if not report.ratings:
        raise InputError(
            "there are no judgements of this convention", where=str(target), fix="Make them with `judge run`."
        )
    show(args, (tables.agreement_text(report),), report.as_json)
    return 0


def _status(args: argparse.Namespace) -> int:
    if not args.predictions.exists():
        raise InputError("there is no such file or folder", where=str(args.predictions))
    report: list[dict[str, Any]] = []
    lines: list[str] = []
    folder = folder_of(args.predictions)
    one = judgement_files.path_of(args.predictions)
    files = sorted(folder.glob("*.judgements.jsonl"))
    if args.predictions.is_file():
        files = [file for file in files if file == one]
    for target in files:
        name = target.name.removesuffix(".judgements.jsonl")
        task = prediction_files.split_name(name)[0]
        found = _rows(folder / f"{name}.jsonl", task)
        known = judgement_files.read(target)
        declared = _task(task, str(target))
        by_id = {row.id: row for row in found}
        tied = judgements.check(known, by_id, task=task, family=declared.family, where=str(target))
        lines.append(f"{task}: {len(found)} rows, {len(known)} judgements, {tied} of them tied to their output")
        followed = followed_rows(declared, found)
        for convention in CONVENTIONS:
            if declared.family != convention.family:
                continue
            for rating, verdicts in by_rating(known, task, convention).items():
                table = tables.rating_table(convention, found, rating, verdicts, followed)
                report.append({"task": task, "convention": convention.id, "metric": convention.metric, **asdict(table)})
                own = table.scores[convention.failure]
                lines.append(
                    f"  {convention.id} {convention.metric}, {rating.name}: {own.share}"
                    f" ({own.points}/{own.possible}), {own.failed} failed, {own.missing} missing"
                    + ("" if (over := table.over_followed) is None else f"; over followed: {over.share}")
                )
    if not files:
        lines.append(f"{args.predictions}: no judgements")
    show(args, lines, lambda: report)
    return 0
