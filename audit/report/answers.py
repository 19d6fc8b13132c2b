"""The five questions of a reproduction team, answered in order: conventions, dropped outputs, legitimacy, prompts, batching.

Every answer is drawn from audit.json; a question that no data answer says so, and says what would.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from audit.facts import Unusable
from audit.report import vocabulary
from audit.report.findings import PromptsView
from audit.report.language import marked, tr, trn
from audit.report.numbers import part_of, whole
from audit.report.survey import OPENED, EntryView, SurveyChapter
from audit.report.views import ClaimView, MeasurementView
from audit.schema import AuditDocument, Observation, Verdict

# Of more conventions than this, the first are named and the others counted.
_NAMED = 4
# Of more pieces of evidence than this, the first are shown and the others counted; the record has all.
_CITED = 1
# Of more works than this, the one page names the first and counts the others.
_LISTED = 6
_OUTCOMES = {
    "dropped": marked("Works that drop them: {works}."),
    "wrong": marked("That count them as wrong: {works}."),
    "replaced": marked("That replace them: {works}."),
    "kept": marked("That keep them: {works}."),
}
# From the best verdict to the worst; one line of the third answer each.
_GROUPS: tuple[tuple[str, tuple[Verdict, ...]], ...] = (
    (marked("Legitimate: the value follows by a documented convention"), (Verdict.REPRODUCED, Verdict.JUSTIFIED)),
    (marked("At least as good as reported"), (Verdict.EXCEEDS,)),
    (marked("Explained, but only by the team\u2019s own convention"), (Verdict.UNDOCUMENTED,)),
    (marked("Reached only by dropping units"), (Verdict.SELECTIVE,)),
    (marked("Open: too few units were scored"), (Verdict.UNDECIDED,)),
    (marked("Not reproduced"), (Verdict.NOT_REPRODUCED, Verdict.INFEASIBLE)),
    (marked("Not comparable, so neither confirmed nor refuted"), (Verdict.NOT_COMPARABLE,)),
    (marked("Not run"), (Verdict.NOT_RUN,)),
)


@dataclass(frozen=True, slots=True)
class Explained:
    """The conventions that explain a reported value.

    Attributes:
        agreeing: Valid measurements that agree with it, the deciding one first; at most four.
        more: How many further ones agree.
        nearest: Without agreement, the nearest valid measurement; None if there is none.
    """

    claim: ClaimView
    agreeing: tuple[MeasurementView, ...]
    more: int
    nearest: MeasurementView | None


@dataclass(frozen=True, slots=True)
class Dropping:
    """What somebody does with outputs that cannot be used.

    Attributes:
        who: The work's or team's name; `href` links to the record or claim.
        tasks: The tasks in short.
        outcome: `kept`, `wrong`, `replaced` or `dropped`.
        rule: The rule in words.
        rows: `15,473 of 15,531`; empty if no source states it.
        evidence: (text, address, verified); at most one.
        more: How many further pieces of evidence the record has.
    """

    who: str
    href: str
    tasks: str
    outcome: str
    rule: str
    rows: str
    evidence: tuple[tuple[str, str, bool], ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Answers:
    """The chapter."""

    explained: tuple[Explained, ...]
    team: tuple[Dropping, ...]
    works: tuple[Dropping, ...]
    groups: tuple[tuple[str, tuple[ClaimView, ...]], ...]
    prompts: tuple[str, ...]
    about_prompts: tuple[Observation, ...]
    batching: tuple[str, ...]
    about_batching: tuple[Observation, ...]
    further: tuple[Observation, ...]


def answers(
    audit: AuditDocument, claims: Sequence[ClaimView], survey: SurveyChapter, prompts: Sequence[PromptsView]
) -> Answers:
    """The answers of an audit.

    Args:
        audit: The document.
        claims: Its claims.
        survey: The survey chapter.
        prompts: Scores by prompt.
    """
    names = vocabulary.task_names(audit)
    about = {kind: tuple(o for o in audit.findings.observed if o.about == kind) for kind in ("prompts", "batching")}
    return Answers(
        tuple(_explained(claim) for claim in claims),
        _of_team(audit, claims),
        tuple(_of_works(survey, {claim.task for claim in audit.claims}, names)),
        tuple((tr(words), found) for words, kinds in _GROUPS if (found := _with(claims, kinds))),
        _prompts(audit, prompts),
        about["prompts"],
        _batching(audit),
        about["batching"],
        tuple(o for o in audit.findings.observed if o.about not in about),
    )


@dataclass(frozen=True, slots=True)
class ShortAnswer:
    """An answer on the one page: the question in a word or two, and a sentence or more."""

    question: str
    sentences: tuple[str, ...]


def in_short(found: Answers, claims: Sequence[ClaimView]) -> tuple[ShortAnswer, ...]:
    """The five answers in a few sentences, for the one page; the chapter has their evidence."""
    legitimate = tuple(
        tr("{group} ({n}): {claims}.", group=words, n=whole(len(items)), claims=", ".join(c.short for c in items))
        for words, items in found.groups
    )
    return (
        ShortAnswer(tr("Which convention?"), _which(found.explained, claims)),
        ShortAnswer(tr("Who drops what?"), _who(found)),
        ShortAnswer(tr("Is it legitimate?"), legitimate or (tr("There are no claims."),)),
        ShortAnswer(tr("Prompts?"), (*found.prompts, *_observed(found.about_prompts))),
        ShortAnswer(tr("Batching?"), (*found.batching, *_observed(found.about_batching))),
    )


def _which(explained: Sequence[Explained], claims: Sequence[ClaimView]) -> tuple[str, ...]:
    agreeing = [e.agreeing[0].label for e in explained if e.agreeing]
    counts = sorted(Counter(agreeing).items(), key=lambda item: (-item[1], item[0]))
    said = [
        tr(
            "{n} of {claims} reported values agree with a value that may be compared.",
            n=whole(len(agreeing)),
            claims=whole(len(claims)),
        )
    ]
    if counts:
        named = [f"`{name}` {whole(count)}" for name, count in counts]
        said.append(tr("By convention: {conventions}.", conventions=_some(named, _NAMED)))
    without = sum(e.nearest is not None for e in explained)
    none = len(explained) - len(agreeing) - without
    if without:
        said.append(
            trn(
                "For {n}, no convention agrees; the table names the nearest.",
                "For {n}, no convention agrees; the table names the nearest.",
                without,
                n=whole(without),
            )
        )
    if none:
        said.append(
            trn("For {n}, no value may be compared.", "For {n}, no value may be compared.", none, n=whole(none))
        )
    return tuple(said)


def _who(found: Answers) -> tuple[str, ...]:
    said = []
    if found.team:
        said.append(
            trn(
                "The team drops units for {n} recorded value ({tasks}).",
                "The team drops units for {n} recorded values ({tasks}).",
                len(found.team),
                n=whole(len(found.team)),
                tasks=", ".join(dict.fromkeys(d.tasks for d in found.team)),
            )
        )
    for outcome, template in _OUTCOMES.items():
        works = list(dict.fromkeys(d.who for d in found.works if d.outcome == outcome))
        if works:
            said.append(tr(template, works=_some(works, _LISTED)))
    return tuple(said) or (tr("Nothing is on record."),)


def _some(names: Sequence[str], most: int) -> str:
    """The first names, and how many more there are."""
    listed = ", ".join(names[:most])
    more = len(names) - most
    return (
        trn("{names} and {n} more", "{names} and {n} more", more, names=listed, n=whole(more)) if more > 0 else listed
    )


def _observed(items: Sequence[Observation]) -> tuple[str, ...]:
    """The first remark of the team, and how many more there are."""
    if not items:
        return ()
    said = [tr("The team recorded: {statement}", statement=items[0].statement)]
    if more := len(items) - 1:
        said.append(trn("({n} more remark)", "({n} more remarks)", more, n=whole(more)))
    return tuple(said)


def _with(claims: Sequence[ClaimView], verdicts: tuple[Verdict, ...]) -> tuple[ClaimView, ...]:
    return tuple(claim for claim in claims if claim.verdict.id in verdicts)


def _explained(claim: ClaimView) -> Explained:
    valid = [m for m in claim.measurements if m.value and not m.invalid]
    agreeing = sorted((m for m in valid if m.agrees), key=lambda m: (not m.deciding, m.partial, m.number))
    nearest = min(valid, key=lambda m: (m.partial, m.gap(claim.reported), m.number), default=None)
    return Explained(claim, tuple(agreeing[:_NAMED]), max(len(agreeing) - _NAMED, 0), None if agreeing else nearest)


def _of_team(audit: AuditDocument, claims: Sequence[ClaimView]) -> tuple[Dropping, ...]:
    """Recorded values for which units were dropped."""
    names = vocabulary.task_names(audit)
    dropped = {m.id: sum(s.rows for s in m.rows.skipped) for m in audit.measurements if m.recorded and m.rows}
    return tuple(
        Dropping(
            tr("Reproduction team"),
            f"#{claim.anchor}",
            names(claim.task),
            "dropped",
            item.rule,
            item.rows,
            ((item.source, "", True),),
        )
        for claim in claims
        for item in claim.measurements
        if dropped.get(item.id)
    )


def _of_works(survey: SurveyChapter, claimed: set[str], names: vocabulary.TaskNames) -> list[Dropping]:
    """One line for each work and rule; entries with the same rule share it, and name the claimed tasks."""
    found = []
    for work in survey.works:
        rules: dict[Unusable, list[EntryView]] = {}
        for entry in work.entries:
            if entry.data.unusable is not None:
                rules.setdefault(entry.data.unusable, []).append(entry)
        for item, entries in rules.items():
            tasks = dict.fromkeys(names(task) for entry in entries for task in entry.data.tasks if task in claimed)
            rows = part_of(item.kept, item.total) if item.kept is not None and item.total is not None else ""
            cited = tuple(dict.fromkeys(piece for entry in entries for piece in _cited(entry)))
            place, more = f"#{entries[0].anchor}", max(len(cited) - _CITED, 0)
            found.append(
                Dropping(work.name, place, ", ".join(tasks), item.outcome, item.rule, rows, cited[:_CITED], more)
            )
    return sorted(found, key=lambda d: (d.outcome != "dropped", d.outcome == "kept"))


def _cited(entry: EntryView) -> tuple[tuple[str, str, bool], ...]:
    """An entry's evidence, what shows the selection of rows first."""
    pairs = zip(entry.evidence, entry.data.evidence, strict=True)
    ranked = sorted(pairs, key=lambda pair: ("selection" not in pair[1].steps, "all" not in pair[1].steps))
    # Who opened the source stands in the record.
    return tuple(
        (item.text.removesuffix(", unverified").partition(OPENED)[0], address, verified)
        for (_, address, verified), item in ranked
    )


def _prompts(audit: AuditDocument, prompts: Sequence[PromptsView]) -> tuple[str, ...]:
    """What the data say about prompts, a sentence each."""
    said = []
    for item in prompts:
        values = [value for _, _, value, _ in item.scores if value]
        if values:
            low, high = min(values, key=float), max(values, key=float)
            moved = trn(
                "{task}, {metric} under {convention}: {low} to {high} over {n} prompt.",
                "{task}, {metric} under {convention}: {low} to {high} over {n} prompts.",
                len(item.scores),
                task=item.task,
                metric=item.metric,
                convention=item.convention,
                low=low,
                high=high,
                n=whole(len(item.scores)),
            )
            said.append(f"{moved} {item.test}")
    probed = audit.findings.probes.get("probe-prompts", {})
    if probed:
        names = ", ".join(sorted(vocabulary.task_names(audit)(task) for task in probed))
        said.append(
            tr(
                "The same clips were run with several prompts: {tasks}. The results are among the other findings.",
                tasks=names,
            )
        )
    if not said:
        said.append(
            tr(
                "Not measured here: no prediction file has rows with more than one prompt, and no probe was run. "
                "`repro-audit probe prompts` runs the same clips with several prompts."
            )
        )
    return tuple(sentence.strip() for sentence in said)


def _batching(audit: AuditDocument) -> tuple[str, ...]:
    """What the data say about batch size, precision and libraries, a sentence each."""
    said = []
    probed = audit.findings.probes.get("probe-determinism", {})
    if probed:
        names = ", ".join(sorted(vocabulary.task_names(audit)(task) for task in probed))
        said.append(
            tr(
                "Batch size and precision were varied here: {tasks}. The results are among the other findings.",
                tasks=names,
            )
        )
    margins = sorted(audit.study.margins.items())
    for kind, template in (
        ("measured", marked("Margins measured: {margins}.")),
        ("cited", marked("Margins cited: {margins}.")),
        ("assumed", marked("Margins assumed: {margins}.")),
    ):
        of_kind = [f"{vocabulary.metric_name(name)} {m.value}" for name, m in margins if m.kind == kind]
        if of_kind:
            said.append(tr(template, margins=", ".join(of_kind)))
    if not probed:
        said.append(
            tr(
                "No probe was run here. `repro-audit probe determinism` varies batch size and precision, and "
                "`repro-audit compare` measures a margin from two runs."
            )
        )
    return tuple(said)
