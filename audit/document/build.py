"""Build the audit document from a study, its measurements and decisions.

The same inputs give the same bytes on any machine, so it holds nothing about the machine; the environment has a separate
file in the package.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from audit._util.files import sha256_file
from audit._util.version import PROJECT, project_version
from audit.facts import Claim
from audit.literature.grades import Grading, Key
from audit.literature.studies import Study
from audit.schema import (
    SCHEMA,
    AttributedGap,
    AuditDocument,
    Bootstrap,
    Decision,
    Findings,
    InputFile,
    JointClaims,
    Measurement,
    PayingRowsOfGap,
    Phrase,
    PlannedRun,
    Project,
    PublicOutput,
    RowsIdentity,
    RowTree,
    RuleText,
    Signing,
    Software,
    Survey,
)
from audit.schema import Convention as ConventionFacts
from audit.verdict.rules import RULES
from tasks.availability import Always
from tasks.convention import Convention
from tasks.phrase import joined, phrases_in, with_parts
from tasks.statistics.defaults import SEED

# Libraries that affect numbers; the audit lists their versions.
SCORING_LIBRARIES = (
    "ipadic",
    "jiwer",
    "mecab-python3",
    "nltk",
    "num2words",
    "numpy",
    "rapidfuzz",
    "regex",
    "rouge-score",
    "sacrebleu",
    "whisper-normalizer",
)


def build(
    *,
    study: Study,
    others: Sequence[Claim],
    measurements: Sequence[Measurement],
    decisions: Sequence[Decision],
    gradings: Mapping[Key, Grading],
    identities: Sequence[RowsIdentity],
    literature: Survey,
    public_outputs: Sequence[PublicOutput],
    findings: Findings,
    inputs: Iterable[tuple[str, Path]],
    replicates: int,
    epoch: int,
    signing: Signing | None,
    plans: Sequence[PlannedRun] = (),
    differences: Sequence[AttributedGap] = (),
    joint: Sequence[JointClaims] = (),
    paying: Sequence[PayingRowsOfGap] = (),
    row_trees: Sequence[RowTree] = (),
    count_files: Sequence[InputFile] = (),
) -> AuditDocument:
    """Build the document.

    Args:
        study: The paper and its audited claims.
        others: Claims that are printed, but not audited.
        measurements: All measurements.
        decisions: One per claim.
        gradings: Grade and works of every convention.
        identities: The set that every prediction file holds.
        literature: The survey's data.
        public_outputs: What public outputs of others give for the claims.
        findings: What was found besides the values: detectors, prompts, baselines, probes.
        inputs: (name shown, path) of every input file.
        replicates: Bootstrap replicates.
        epoch: The audit's date, seconds since 1970.
        signing: How the document will be signed; None if it will not be.
        plans: The sampling plans that runs follow.
        differences: The gaps of claims with outputs.
        joint: Groups of claims with outputs.
        paying: The rows that pay for one gap of each claim with outputs.
        row_trees: The root over the rows of every predictions file.
        count_files: The files of counts and their hashes.
    """
    made = AuditDocument(
        schema=SCHEMA,
        project=Project(PROJECT, project_version()),
        source_date_epoch=epoch,
        study=study.facts,
        claims=study.claims,
        conventions=convention_facts(study, gradings),
        measurements=tuple(measurements),
        verdicts=tuple(decisions),
        others=tuple(others),
        rules=tuple(RuleText(n, r.verdict, r.words) for n, r in enumerate(RULES, start=1)),
        identities=tuple(identities),
        literature=literature,
        public_outputs=tuple(public_outputs),
        findings=findings,
        bootstrap=Bootstrap(replicates, SEED),
        inputs=tuple(InputFile(name, sha256_file(path)) for name, path in sorted(inputs)),
        software=software(),
        signing=signing,
        plans=tuple(plans) or None,
        differences=tuple(differences),
        joint=tuple(joint),
        paying=tuple(paying),
        row_trees=tuple(row_trees),
        count_files=tuple(count_files),
    )
    return replace(made, phrases=phrases_of(made))


def convention_facts(study: Study, gradings: Mapping[Key, Grading]) -> tuple[ConventionFacts, ...]:
    """All conventions of the study's tasks, with their evidence."""
    return tuple(
        _convention(task.id, metric, convention, gradings, study)
        for task in study.tasks.values()
        for metric, items in task.conventions.items()
        for convention in items
    )


def phrases_of(value: object) -> tuple[Phrase, ...]:
    """What texts in a value of `audit.schema` were made from, each once, by template; those without values are left out."""
    found = {
        (text.template, tuple(sorted(text.values.items())))
        for one in phrases_in(value)
        for text in with_parts(one)
        if text.values
    }
    return tuple(Phrase(template, {name: str(text) for name, text in values}) for template, values in sorted(found))


def software() -> Software:
    """What affects numbers besides this project's code: Unicode tables and library versions."""
    import unicodedata

    packages = {}
    for name in SCORING_LIBRARIES:
        with suppress(PackageNotFoundError):
            packages[name] = version(name)
    return Software(unicodedata.unidata_version, packages)


def _convention(
    task: str, metric: str, item: Convention, gradings: Mapping[Key, Grading], study: Study
) -> ConventionFacts:
    grading = gradings[task, metric, item.id]
    # Whoever audits may have written the evidence, too: a reader must see where it stands.
    own = next((one.says(study.path) for one in study.conventions if one.convention == item), None)
    return ConventionFacts(
        task=task,
        metric=metric,
        id=item.id,
        summary=item.summary,
        signature=item.signature,
        hash=item.hash,
        grade=grading.grade,
        works=tuple(dict.fromkeys(s.work for s in grading.support)),
        notes=joined((item.notes or "", own or ""), " ") or None,
        # What only this machine lacks (Java, a model file) is reported with the missing value, not here.
        unavailable=item.unavailable.text if isinstance(item.unavailable, Always) else None,
    )
