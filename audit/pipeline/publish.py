"""Run an audit, write the document, the reports and the counts into a folder, and sign them as a package."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from audit.pipeline.request import AuditRequest, PublicationRequest
from audit.report.formats import PDF
from audit.report.typesetter import here, typesetter
from audit.schema import AuditDocument, Signing

_NEEDED = frozenset({"report.html", PDF})


@dataclass(frozen=True, slots=True)
class Publication:
    """What was written.

    Attributes:
        document: The audit.
        lines: For a terminal: what was written where, and what could not be and why.
    """

    document: AuditDocument
    lines: tuple[str, ...]


def publish(audit: AuditRequest, request: PublicationRequest) -> Publication:
    """Run an audit and write everything.

    Raises:
        InputError: An input file is not valid, or the folder is not writable.
    """
    packed = request.sign and set(request.files) >= _NEEDED
    kept = audit.cache and audit.cache / "reports"
    # Started before any other import, because the run waits for it at the end.
    with typesetter(kept) if PDF in request.files else nullcontext(here) as typeset:
        from audit.pipeline.outputs import write
        from audit.pipeline.public_outputs import with_public_outputs
        from audit.pipeline.run import run

        signing = Signing("ephemeral" if request.key is None else "key") if packed else None
        audit, notes = with_public_outputs(audit)
        found = run(replace(audit, signing=signing))
        meanwhile = _prepare_package if packed else _nothing
        written = write(found, request.out, request.files, kept, typesetter=typeset, meanwhile=meanwhile)
    lines = [*notes, *written.lines]
    if packed:
        lines.append(_package(request, audit.predictions, written.files))
    elif request.sign:
        lines.append("no package was made: it needs report.html and report.pdf (--format html,pdf)")
    return Publication(found.document, tuple(lines))


def _nothing() -> None:
    pass


def _prepare_package() -> None:
    """Import the signing code and list the installed packages: half of the packaging time, and independent of the PDF."""
    from audit.provenance import package  # noqa: F401
    from audit.provenance.records import packages

    packages.installed()


def _package(request: PublicationRequest, predictions: Path | None, files: Mapping[str, bytes]) -> str:
    """Sign the results and return a line for a terminal. Without the PDF no package is made."""
    from audit.provenance import package
    from audit.provenance.signing import keys

    if PDF not in files:
        return "no package was signed: it needs report.pdf"
    key = keys.ephemeral() if request.key is None else request.key()
    folder = predictions if predictions is not None and predictions.exists() else None
    certificates = None if request.certificate is None else request.certificate.read_bytes()
    options = package.Options(key=key, certificates=certificates, predictions=folder)
    made = package.build(request.out, options, files)
    who = "a key made for this run (integrity, not identity)" if request.key is None else "your key"
    return f"wrote {made} and {made}.zip, signed by {who}"
