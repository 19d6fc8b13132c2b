"""The five questions of a reproduction team, answered in order: conventions, dropped outputs, legitimacy, prompts, batching.

Every answer is drawn from audit.json; a question that no data answer says so, and says what would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.report import vocabulary
from audit.report.findings import PromptsView
from audit.report.numbers import whole
from audit.report.survey import EntryView, SurveyChapter
from audit.report.views import ClaimView, MeasurementView
from audit.schema import AuditDocument, Observation, Unusable, Verdict

# Of more conventions than this, the first are named and the others counted.
_NAMED = 4
# Of more pieces of evidence than this, the first are shown and the others counted; the record has all.
_CITED = 1
# From the best verdict to the worst; one line of the third answer each.
_GROUPS: tuple[tuple[str, tuple[Verdict, ...]], ...] = (
    ("Legitimate: the value follows by a documented convention", (Verdict.REPRODUCED, Verdict.JUSTIFIED)),
    ("At least as good as reported", (Verdict.EXCEEDS,)),
    ("Explained, but only by the team\u2019s own convention", (Verdict.UNDOCUMENTED,)),
    ("Reached only by dropping units", (Verdict.SELECTIVE,)),
    ("Open: too few units were scored", (Verdict.UNDECIDED,)),
    ("Not reproduced", (Verdict.NOT_REPRODUCED, Verdict.INFEASIBLE)),
    ("Not comparable, so neither confirmed nor refuted", (Verdict.NOT_COMPARABLE,)),
    ("Not run", (Verdict.NOT_RUN,)),
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
        tuple((words, found) for words, kinds in _GROUPS if (found := _with(claims, kinds))),
        _prompts(audit, prompts),
        about["prompts"],
        _batching(audit),
        about["batching"],
        tuple(o for o in audit.findings.observed if o.about not in about),
    )


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
            "Reproduction team",
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
            rows = f"{whole(item.kept)} of {whole(item.total)}" if None not in {item.kept, item.total} else ""
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
    return tuple((text.partition(", opened by ")[0], address, verified) for (text, address, verified), _ in ranked)


def _prompts(audit: AuditDocument, prompts: Sequence[PromptsView]) -> tuple[str, ...]:
    """What the data say about prompts, a sentence each."""
    said = []
    for item in prompts:
        values = [value for _, _, value, _ in item.scores if value]
        if values:
            low, high = min(values, key=float), max(values, key=float)
            over = f"{low} to {high} over {len(item.scores)} prompts"
            said.append(f"{item.task}, {item.metric} under {item.convention}: {over}. {item.test}")
    probed = audit.findings.probes.get("probe-prompts", {})
    if probed:
        names = ", ".join(sorted(vocabulary.task_names(audit)(task) for task in probed))
        said.append(f"The same clips were run with several prompts: {names}. The results are among the other findings.")
    if not said:
        said.append(
            "Not measured here: no prediction file has rows with more than one prompt, and no probe was run. "
            "`repro-audit probe prompts` runs the same clips with several prompts."
        )
    return tuple(sentence.strip() for sentence in said)


def _batching(audit: AuditDocument) -> tuple[str, ...]:
    """What the data say about batch size, precision and libraries, a sentence each."""
    said = []
    probed = audit.findings.probes.get("probe-determinism", {})
    if probed:
        names = ", ".join(sorted(vocabulary.task_names(audit)(task) for task in probed))
        said.append(f"Batch size and precision were varied here: {names}. The results are among the other findings.")
    margins = sorted(audit.study.margins.items())
    for kind in ("measured", "cited", "assumed"):
        of_kind = [f"{vocabulary.metric_name(name)} {m.value}" for name, m in margins if m.kind == kind]
        if of_kind:
            said.append(f"Margins {kind}: {', '.join(of_kind)}.")
    if not probed:
        said.append(
            "No probe was run here. `repro-audit probe determinism` varies batch size and precision, and "
            "`repro-audit compare` measures a margin from two runs."
        )
    return tuple(said)
