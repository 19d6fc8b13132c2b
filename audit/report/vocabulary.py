"""The closed vocabularies of audit.json in words: verdicts, agreements, grades, reasons for invalidity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from audit.schema import Agreement, AuditDocument, Verdict


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


VERDICTS: dict[Verdict, VerdictWords] = {
    v.id: v
    for v in (
        VerdictWords(Verdict.NOT_RUN, "not run", "Nothing can be said."),
        VerdictWords(
            Verdict.NOT_COMPARABLE,
            "not comparable",
            "There are values, but none is comparable with the reported one.",
        ),
        VerdictWords(
            Verdict.REPRODUCED,
            "reproduced",
            "The reported value follows from the outputs as described in the paper or in the source that it cites.",
        ),
        VerdictWords(
            Verdict.JUSTIFIED,
            "justified",
            "The reported value follows from the outputs by a convention that others have used and published.",
        ),
        VerdictWords(
            Verdict.UNDOCUMENTED,
            "undocumented",
            "A convention explains the value, but only the reproduction team states it.",
        ),
        VerdictWords(Verdict.SELECTIVE, "selective", "The agreement is shown but not accepted as a justification."),
        VerdictWords(
            Verdict.UNDECIDED,
            "undecided",
            "More units must be scored before anything can be said about the whole set.",
        ),
        VerdictWords(
            Verdict.EXCEEDS,
            "exceeds",
            "The model is at least as good as reported; the reported value is not reproduced.",
        ),
        VerdictWords(
            Verdict.INFEASIBLE,
            "infeasible",
            "The reported value is impossible for this metric on this set; a proof is given.",
        ),
        VerdictWords(
            Verdict.NOT_REPRODUCED,
            "not reproduced",
            "No convention that was tried leads from the outputs to the reported value.",
        ),
    )
}

AGREEMENTS: dict[Agreement, tuple[str, str]] = {
    Agreement.EXACT: ("exact", "The value prints as the reported one, by rounding or, where stated, by truncation."),
    Agreement.WITHIN_MARGIN: (
        "within margin",
        "The value lies outside the rounding interval of the reported one by no more than the margin.",
    ),
    Agreement.BETTER: ("better", "The value lies beyond the margin on the metric\u2019s better side."),
    Agreement.WORSE: ("worse", "The value lies beyond the margin on the metric\u2019s worse side."),
    Agreement.UNDECIDED: (
        "undecided",
        "Units are missing; the value on the whole set may still agree or differ.",
    ),
    Agreement.NONE: ("\u2013", "There is no value to compare."),
    Agreement.WITHIN_NOISE: ("within noise", "An interval of the first edition met the reported value."),
    Agreement.NEAR: ("near", "Within the first edition\u2019s tolerance."),
    Agreement.OFF: ("off", "None of the first edition\u2019s agreements."),
}
# No value, and the words of the first edition of the rules: a report shows them without explanation.
UNEXPLAINED = frozenset({Agreement.NONE, Agreement.WITHIN_NOISE, Agreement.NEAR, Agreement.OFF})

GRADES: dict[str, str] = {
    "A": "the audited paper, its appendix, its code or its authors say so",
    "B": "the source that the paper cites for this metric says so",
    "C": "public code of an independent work does so",
    "D": "the text of an independent work says so, without code",
    "E": "the reproduction team\u2019s own choice",
}

INVALID: dict[str, str] = {
    "other-variant": "a different variant of the model",
    "other-prompt": "a prompt that is not the claim\u2019s",
    "normalised-twice": "texts that this rule has normalised before",
    "other-judge": "a different judge",
    "other-data": "different data",
    "other-references": "different references",
    "identity": "the rows are not the set\u2019s",
    "contradicted": "the rows at hand rule it out",
    "superseded": "recomputed here",
    "protocol": "a broken protocol",
    "one-class": "only one class in the set",
    "coverage-unknown": "coverage not known",
}

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
    "macro-f1": "Macro-F1",
    "weighted-f1": "Weighted F1",
    "uar": "UAR",
    "abstention-rate": "Abstention rate",
    "accuracy": "Accuracy",
    "precision": "Precision",
    "following-rate": "Following rate",
    "diversity": "Diversity",
}

METHODS: dict[str, str] = {
    "bootstrap": "bootstrap",
    "wilson": "Wilson",
    "binomial-approximate": "binomial, approximate",
}


def metric_name(metric: str) -> str:
    """A metric's usual spelling."""
    return METRICS.get(metric, metric)


def unit_name(metric: str, unit: str) -> str:
    """The unit of a value: `%`, `points` (a score times 100), `fraction`, `of 5`, or empty for a count."""
    if unit == "percent":
        return (
            "%"
            if metric
            in {"wer", "cer", "per", "ter", "accuracy", "following-rate", "precision", "uar", "abstention-rate"}
            else "points"
        )
    return {"fraction": "fraction", "of-5": "of 5"}.get(unit, "")


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
        return f"{known}, run {run}" if at else known

    return name
