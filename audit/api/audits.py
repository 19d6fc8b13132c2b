"""The public API on audits: plan one, run it, read studies and documents, render and verify reports."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from audit.errors import InputError
from audit.pipeline.request import AuditRequest, ClaimRequest, PlanRequest  # noqa: F401  # exported by `audit`

if TYPE_CHECKING:
    from audit.analysis.sampling.plan import Plan
    from audit.literature.studies import Study
    from audit.pipeline.run import Audit
    from audit.pipeline.works_survey import WorksSurvey
    from audit.provenance.verification.result import Report
    from audit.schema import AuditDocument
    from audit.scoring.predictions import PredictionSet


def survey(
    *,
    outputs: Path | None = None,
    source: Path | None = None,
    literature: Path | None = None,
    cache: Path | None = None,
    study: str | None = None,
) -> WorksSurvey:
    """Audit the works whose outputs are public: printed values, the works' own rules, the range of all rules, verdicts.

    Args:
        outputs: The folder of public outputs; by default `$REPRO_AUDIT_OUTPUTS`, or the user's cache folder.
        source: A folder from which files are taken first, by their hash.
        literature: The folder of studies, works and records of outputs; by default the project's.
        cache: Folder for counts kept between calls; None for no cache.
        study: The id of one study; by default all with public outputs.

    Raises:
        InputError: A record, a study or a file is invalid.
        CheckFailedError: A file of the folder differs from its record.
    """
    from audit._util.paths import LITERATURE
    from audit.literature.outputs.store import Store, default_folder, found_in
    from audit.pipeline.public_outputs import records_of
    from audit.pipeline.works_survey import survey as surveyed

    folder = LITERATURE if literature is None else literature
    store = Store(outputs or default_folder())
    if source is not None:
        records = [one for one in records_of(folder) if not store.has(one)]
        for name, path in found_in(source, records).items():
            store.take(next(one for one in records if one.id == name), path)
    return surveyed(folder, store, cache, only=study)


def audit(request: AuditRequest) -> Audit:
    """Audit a study; nothing is written.

    Raises:
        InputError: An input file is not valid.
    """
    from audit.pipeline.run import run

    return run(request)


def plan(request: PlanRequest) -> Plan:
    """Make a sampling plan; nothing is written.

    Raises:
        InputError: No claim, an unknown task, metric or convention, or a set that cannot be planned.
    """
    from audit.pipeline.plan_design import make_plan

    return make_plan(request)


def load_study(study: str | Path, literature: Path | None = None) -> Study:
    """Load a study by its id or its file.

    Raises:
        InputError: No such study, or the file does not fit the schema.
    """
    from audit._util.paths import LITERATURE
    from audit.literature import known_tasks, studies

    return studies.load_study(known_tasks.find_study(study, literature or LITERATURE))


def load_predictions(path: str | Path, task: str) -> PredictionSet:
    """Load a predictions file with its meta file.

    Args:
        path: The file, or the folder that holds `TASK.jsonl`.
        task: The task's id.

    Raises:
        InputError: Unknown task, or a row that does not fit; with file, line and field.
    """
    from audit.literature.known_tasks import find_task
    from audit.scoring.rows_in_memory import prediction_set

    return prediction_set(find_task(task), Path(path))


def load_audit(path: str | Path) -> AuditDocument:
    """Load an audit.json.

    Raises:
        InputError: The file is not an audit.json; with the field.
    """
    from audit.document.read import load_document

    return load_document(Path(path))


def render(audit: Audit | AuditDocument, format: Literal["html", "pdf", "tex", "csv"] = "html") -> bytes:  # noqa: A002
    """Render a report of an audit, from the document alone.

    Raises:
        InputError: Unknown format.
        MissingError: A library for PDF layout is missing.
    """
    from audit.report.formats import RENDERERS, chosen_files
    from audit.schema import AuditDocument

    document = audit if isinstance(audit, AuditDocument) else audit.document
    (name,) = chosen_files(format)
    return RENDERERS[name](document)


def verify(
    package: str | Path,
    *,
    key: bytes | None = None,
    allowed_signers: str | None = None,
    principal: str | None = None,
    reviewers: tuple[bytes, ...] = (),
    time_stamp_roots: bytes | None = None,
    predictions: Path | None = None,
    rescore: bool = False,
    render: bool = False,
    literature: Path | None = None,
) -> Report:
    """Verify a package (a folder or a zip) offline.

    Args:
        package: The package's folder or zip.
        key: The auditor's public key or certificate, obtained independently of the package.
        allowed_signers: The text of an OpenSSH allowed-signers file.
        principal: The required signer; with `allowed_signers`.
        reviewers: Public keys of reviewers; a countersignature by each is required.
        time_stamp_roots: Trusted certificates for time stamps, as PEM.
        predictions: The folder of predictions, to compare with the package's hashes.
        rescore: With `predictions`: recompute every recomputed value and every file of counts.
        render: Render HTML, table and CSV again, and compare them.
        literature: With `rescore`: the folder with studies, cards and records to read instead of the package's.

    Returns:
        What was checked; `.accepted` is true if every check passed.

    Raises:
        InputError: An option is given without the one it needs.
    """
    from audit.pipeline.rescoring import score_again
    from audit.provenance.verification.trust import Trust
    from audit.provenance.verification.verify import verify as verified

    if rescore and predictions is None:
        raise InputError("--rescore needs the predictions", fix="--predictions DIR")
    if principal is not None and allowed_signers is None:
        raise InputError("--signer needs an allowed-signers file", fix="--allowed-signers FILE")
    trust = Trust(
        key=key,
        allowed_signers=allowed_signers,
        principal=principal,
        reviewers=reviewers,
        time_stamp_roots=time_stamp_roots,
        predictions=predictions,
        scorer=partial(score_again, literature=literature) if rescore else None,
        render=render or rescore,
    )
    return verified(Path(package), trust)
