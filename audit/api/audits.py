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


def render(
    audit: Audit | AuditDocument,
    format: Literal["answers", "html", "pdf", "annex", "tex", "csv"] = "html",  # noqa: A002
    language: Literal["en", "ko"] = "en",
) -> bytes:
    """Render a report of an audit, from the document alone.

    Args:
        audit: The audit, or its document.
        format: The kind of report.
        language: English or Korean; measurements.csv is the same in both.

    Raises:
        InputError: Unknown format or language.
        MissingError: A library for PDF layout is missing.
    """
    from audit.report.formats import RENDERERS, chosen_files
    from audit.report.language import language_of
    from audit.schema import AuditDocument

    document = audit if isinstance(audit, AuditDocument) else audit.document
    (name,) = chosen_files(format)
    return RENDERERS[name](document, language_of(language))


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
    opening: bytes | None = None,
    unblinding: Path | None = None,
    originals: Path | None = None,
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
        unblinding: The statement that opens a blind package (`repro-audit unblind`); its key is looked for beside it.
        originals: With `unblinding`: the folder of the audit that names the team, to compare.
        opening: Rows that the signer has opened (`repro-audit open-rows`), to check against the signed root.

    Returns:
        What was checked; `.intact` is true if every check passed, `.accepted` if the signer is known as well.

    Raises:
        InputError: An option is given without the one it needs.
    """
    from audit.pipeline.deriving import derive
    from audit.pipeline.rescoring import score_again
    from audit.provenance.verification.blind import read_unblinding
    from audit.provenance.verification.trust import Trust
    from audit.provenance.verification.verify import verify as verified

    if rescore and predictions is None:
        raise InputError("--rescore needs the predictions", fix="--predictions DIR")
    if principal is not None and allowed_signers is None:
        raise InputError("--signer needs an allowed-signers file", fix="--allowed-signers FILE")
    if originals is not None and unblinding is None:
        raise InputError("--originals needs the statement that opens the package", fix="--unblinding FILE")
    trust = Trust(
        key=key,
        allowed_signers=allowed_signers,
        principal=principal,
        reviewers=reviewers,
        time_stamp_roots=time_stamp_roots,
        predictions=predictions,
        scorer=partial(score_again, literature=literature) if rescore else None,
        deriver=derive,
        render=render or rescore,
        opening=opening,
        unblinding=None if unblinding is None else read_unblinding(unblinding, originals),
    )
    return verified(Path(package), trust)
