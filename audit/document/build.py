"""Building the audit document out of a study, its measurements and decisions.

The same inputs give the same bytes on any machine, so nothing of the machine is in it; the environment has a file of its
own in the package.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from audit._util.files import sha256_file
from audit._util.version import PROJECT, project_version
from audit.literature.grades import Grading, Key
from audit.literature.studies import Study
from audit.schema import (
    SCHEMA,
    AuditDocument,
    Bootstrap,
    Decision,
    Findings,
    InputFile,
    Measurement,
    Project,
    RowsIdentity,
    RuleText,
    Signing,
    Software,
    Survey,
)
from audit.schema import Convention as ConventionFacts
from audit.verdict.rules import RULES
from tasks.availability import Always
from tasks.convention import Convention
from tasks.statistics.defaults import SEED
from tasks.task import Task

# Libraries that decide numbers; their versions stand in the audit.
SCORING_LIBRARIES = (
    "ipadic",
    "jiwer",
    "mecab-python3",
    "nltk",
    "num2words",
    "numpy",
    "rapidfuzz",
    "rouge-score",
    "sacrebleu",
    "whisper-normalizer",
)


def build(
    *,
    study: Study,
    tasks: Mapping[str, Task],
    measurements: Sequence[Measurement],
    decisions: Sequence[Decision],
    gradings: Mapping[Key, Grading],
    identities: Sequence[RowsIdentity],
    literature: Survey,
    findings: Findings,
    inputs: Iterable[tuple[str, Path]],
    replicates: int,
    epoch: int,
    signing: Signing | None,
) -> AuditDocument:
    """The document.

    Args:
        study: The paper and its claims.
        tasks: Of the claims, by id.
        measurements: All of them.
        decisions: One a claim.
        gradings: Grade and works of every convention.
        identities: Which set every prediction file holds.
        literature: The survey's data.
        findings: Detectors, prompts, baselines, probes: what was seen besides the values.
        inputs: (name shown, path) of every file that was read.
        replicates: Of the bootstrap.
        epoch: The audit's date, seconds since 1970.
        signing: How the document will be signed; None where it is not going to be.
    """
    claimed = {claim.task for claim in study.claims}
    return AuditDocument(
        schema=SCHEMA,
        project=Project(PROJECT, project_version()),
        source_date_epoch=epoch,
        study=study.facts,
        claims=study.claims,
        conventions=tuple(
            _convention(task.id, metric, convention, gradings)
            for task in tasks.values()
            if task.id in claimed
            for metric, items in task.conventions.items()
            for convention in items
        ),
        measurements=tuple(measurements),
        verdicts=tuple(decisions),
        rules=tuple(RuleText(n, r.verdict, r.words) for n, r in enumerate(RULES, start=1)),
        identities=tuple(identities),
        literature=literature,
        findings=findings,
        bootstrap=Bootstrap(replicates, SEED),
        inputs=tuple(InputFile(name, sha256_file(path)) for name, path in sorted(inputs)),
        software=software(),
        signing=signing,
    )


def software() -> Software:
    """What decides numbers besides our own code: Unicode tables and library versions."""
    import unicodedata

    packages = {}
    for name in SCORING_LIBRARIES:
        with suppress(PackageNotFoundError):
            packages[name] = version(name)
    return Software(unicodedata.unidata_version, packages)


def _convention(task: str, metric: str, item: Convention, gradings: Mapping[Key, Grading]) -> ConventionFacts:
    grading = gradings[task, metric, item.id]
    return ConventionFacts(
        task=task,
        metric=metric,
        id=item.id,
        summary=item.summary,
        signature=item.signature,
        hash=item.hash,
        grade=grading.grade,
        works=tuple(dict.fromkeys(s.work for s in grading.support)),
        notes=item.notes or None,
        # What only this machine lacks (Java, a model file) is said where a value is missing, not here.
        unavailable=item.unavailable.text if isinstance(item.unavailable, Always) else None,
    )
