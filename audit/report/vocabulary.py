"""The closed vocabularies of audit.json in words: verdicts, agreements, grades, reasons for invalidity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from audit.report.language import marked, tr, trc
from audit.schema import Agreement, AuditDocument, Invalid, Verdict


@dataclass(frozen=True, slots=True)
class VerdictWords:
    """A verdict as shown; the rules in the document say when it applies.

    Attributes:
        id: As in audit.json.
        label: The text on its badge.
        meaning: What a reader may conclude.
    """

    id: Verdict
    label: str
    meaning: str


def verdicts() -> dict[Verdict, VerdictWords]:
    """The verdicts in the order of the rules, in the reader's language."""
    words = (
        (Verdict.NOT_RUN, trc("verdict", "not run"), tr("Nothing can be said.")),
        (
            Verdict.NOT_COMPARABLE,
            trc("verdict", "not comparable"),
            tr("There are values, but none is comparable with the reported one."),
        ),
        (
            Verdict.REPRODUCED,
            trc("verdict", "reproduced"),
            tr("The reported value follows from the outputs as described in the paper or in the source that it cites."),
        ),
        (
            Verdict.JUSTIFIED,
            trc("verdict", "justified"),
            tr("The reported value follows from the outputs by a convention that others have used and published."),
        ),
        (
            Verdict.UNDOCUMENTED,
            trc("verdict", "undocumented"),
            tr("A convention explains the value, but only the reproduction team states it."),
        ),
        (
            Verdict.SELECTIVE,
            trc("verdict", "selective"),
            tr("The agreement is shown but not accepted as a justification."),
        ),
        (
            Verdict.UNDECIDED,
            trc("verdict", "undecided"),
            tr("More units must be scored before anything can be said about the whole set."),
        ),
        (
            Verdict.EXCEEDS,
            trc("verdict", "exceeds"),
            tr("The model is at least as good as reported; the reported value is not reproduced."),
        ),
        (
            Verdict.INFEASIBLE,
            trc("verdict", "infeasible"),
            tr("The reported value is impossible for this metric on this set; a proof is given."),
        ),
        (
            Verdict.NOT_REPRODUCED,
            trc("verdict", "not reproduced"),
            tr("No convention that was tried leads from the outputs to the reported value."),
        ),
    )
    return {verdict: VerdictWords(verdict, label, meaning) for verdict, label, meaning in words}


def agreements() -> dict[Agreement, tuple[str, str]]:
    """How a value may compare with the reported one: (label, meaning)."""
    return {
        Agreement.EXACT: (
            trc("agreement", "exact"),
            tr("The value prints as the reported one, by rounding or, where stated, by truncation."),
        ),
        Agreement.WITHIN_MARGIN: (
            trc("agreement", "within margin"),
            tr("The value lies outside the rounding interval of the reported one by no more than the margin."),
        ),
        Agreement.BETTER: (
            trc("agreement", "better"),
            tr("The value lies beyond the margin on the metric\u2019s better side."),
        ),
        Agreement.WORSE: (
            trc("agreement", "worse"),
            tr("The value lies beyond the margin on the metric\u2019s worse side."),
        ),
        Agreement.UNDECIDED: (
            trc("agreement", "undecided"),
            tr("Units are missing; the value on the whole set may still agree or differ."),
        ),
        Agreement.NONE: ("\u2013", tr("There is no value to compare.")),
        Agreement.WITHIN_NOISE: (
            trc("agreement", "within noise"),
            tr("An interval of the first edition met the reported value."),
        ),
        Agreement.NEAR: (trc("agreement", "near"), tr("Within the first edition\u2019s tolerance.")),
        Agreement.OFF: (trc("agreement", "off"), tr("None of the first edition\u2019s agreements.")),
    }


# No value, and the words of the first edition of the rules: a report shows them without explanation.
UNEXPLAINED = frozenset({Agreement.NONE, Agreement.WITHIN_NOISE, Agreement.NEAR, Agreement.OFF})


def grades() -> dict[str, str]:
    """What the evidence of each grade is."""
    return {
        "A": tr("the audited paper, its appendix, its code or its authors say so"),
        "B": tr("the source that the paper cites for this metric says so"),
        "C": tr("public code of an independent work does so"),
        "D": tr("the text of an independent work says so, without code"),
        "E": tr("the reproduction team\u2019s own choice"),
    }


def invalid(code: str) -> str:
    """Why a measurement is invalid, by the code of its reason; an unknown code as it is."""
    return {
        "other-variant": tr("a different variant of the model"),
        "other-prompt": tr("a prompt that is not the claim\u2019s"),
        "normalised-twice": tr("texts that this rule has normalised before"),
        "other-judge": tr("a different judge"),
        "other-data": tr("different data"),
        "other-references": tr("different references"),
        "identity": tr("the rows are not the set\u2019s"),
        "contradicted": tr("the rows at hand rule it out"),
        "superseded": tr("recomputed here"),
        "protocol": tr("a broken protocol"),
        "one-class": tr("only one class in the set"),
        "coverage-unknown": tr("coverage not known"),
    }.get(code, code)


def reason(item: Invalid) -> str:
    """The text of the reason; its code in words if it has no text, or as a prefix if that adds the kind of fault."""
    text = item.text
    label = invalid(item.code)
    if not text:
        return label
    return f"{label}: {text[:1].lower()}{text[1:]}" if item.code == "protocol" and text[1:2].islower() else text


def treatment(code: str) -> str:
    """How a work treats the audited model."""
    return {
        "evaluated": trc("the model was", "evaluated"),
        "copied": trc("the model was", "copied"),
        "mentioned": trc("the model was", "mentioned"),
        "unknown": trc("the model was", "unknown"),
        "none": trc("the model was", "none"),
    }.get(code, code)


def code_available(code: str) -> str:
    """Whether a work's scoring code is public."""
    return {
        "yes": trc("the code is public", "yes"),
        "partial": trc("the code is public", "partial"),
        "no": trc("the code is public", "no"),
    }.get(code, code)


def identity_state(code: str) -> str:
    """How certain it is that rows are those of their set."""
    return {
        "verified": trc("identity", "verified"),
        "consistent": trc("identity", "consistent"),
        "part": trc("identity", "part"),
        "unknown": trc("identity", "unknown"),
        "contradicted": trc("identity", "contradicted"),
    }.get(code, code)


def prompts_state(code: str) -> str:
    """How the prompts of rows compare with the claim's."""
    return {
        "same": trc("prompts", "same"),
        "other": trc("prompts", "other"),
        "mixed": trc("prompts", "mixed"),
        "unknown": trc("prompts", "unknown"),
    }.get(code, code)


def margin_kind(code: str) -> str:
    """Where a margin comes from."""
    return {
        "measured": trc("margin", "measured"),
        "cited": trc("margin", "cited"),
        "assumed": trc("margin", "assumed"),
    }.get(code, code)


METRICS: dict[str, str] = {
    "wer": "WER",
    "cer": "CER",
    "per": "PER",
    "bleu": "BLEU",
    "meteor": "METEOR",
    "spider": "SPIDEr",
    "cider": "CIDEr",
    "spice": "SPICE",
    "rouge-l": "ROUGE-L",
    "chrf": "chrF",
    "chrfpp": "chrF++",
    "ter": "TER",
    "f1": "F1",
    "macro-f1": marked("Macro-F1"),
    "weighted-f1": marked("Weighted F1"),
    "uar": "UAR",
    "abstention-rate": marked("Abstention rate"),
    "accuracy": marked("Accuracy"),
    "precision": marked("Precision"),
    "following-rate": marked("Following rate"),
    "diversity": marked("Diversity"),
}


def method_name(method: str) -> str:
    """How an interval was made."""
    return {
        "bootstrap": trc("interval", "bootstrap"),
        "wilson": trc("interval", "Wilson"),
        "binomial-approximate": trc("interval", "binomial, approximate"),
    }.get(method, method)


def metric_name(metric: str) -> str:
    """A metric's usual spelling."""
    return tr(METRICS[metric]) if metric in METRICS else metric


def unit_name(metric: str, unit: str) -> str:
    """The unit of a value: `%`, `points` (a score times 100), `fraction`, `of 5`, or empty for a count."""
    if unit == "percent":
        return (
            "%"
            if metric
            in {"wer", "cer", "per", "ter", "accuracy", "following-rate", "precision", "uar", "abstention-rate"}
            else trc("unit", "points")
        )
    return {"fraction": trc("unit", "fraction"), "of-5": trc("unit", "of 5")}.get(unit, "")


def short_tasks(audit: AuditDocument) -> dict[str, tuple[str, str]]:
    """By task, what to write above a narrow column; the second part distinguishes tasks with the same first one."""
    found: dict[str, tuple[str, str]] = {}
    for claim in (*audit.claims, *audit.others):
        first, *rest = claim.task_short or (claim.task_name or claim.task,)
        found.setdefault(claim.task, (first, " ".join(rest)))
    return found


TaskNames: TypeAlias = Callable[[str], str]


def task_names(audit: AuditDocument) -> TaskNames:
    """A function from a task's id to its short name; `TASK@RUN` also names the run."""
    short = short_tasks(audit)

    def name(task: str) -> str:
        plain, at, run = task.partition("@")
        known = " ".join(part for part in short.get(plain, (plain, "")) if part)
        return tr("{task}, run {run}", task=known, run=run) if at else known

    return name
