"""Building the signed package, a folder and its zip, from an audit's output folder.

The order matters: artefacts, then the statements over them, then the list of all files, its SSH signature, and finally
the publication statement. Each step covers the previous ones. Only the last signature is not covered; the verifier accepts
only its canonical encoding.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from audit._util import canonical_json
from audit._util.files import write_atomic
from audit._util.paths import TEMPLATES
from audit._util.version import project_version
from audit.errors import InputError, MissingError
from audit.provenance.errors import RejectedError
from audit.provenance.format import archive, checksums, layout
from audit.provenance.records import (
    audit_facts,
    codecheck,
    environment,
    inputs,
    rerender,
    ro_crate,
    run_record,
    sbom,
    statement,
)
from audit.provenance.signing import bundle, certificate, keys, pades, sshsig, timestamp
from audit.schema import AuditDocument

# Outputs of an audit besides audit.json and the reports; missing ones are left out.
ARTEFACTS = ("measurements.csv", "table.tex", layout.COUNTS, layout.LITERATURE, layout.PLANS)


_REASONS = {
    "key": "This is the audit's report as it was rendered",
    "ephemeral": "The key was made for this audit alone: it proves integrity, not identity",
}


@dataclass(frozen=True, slots=True)
class Options:
    """Options for building a package.

    Args:
        key: Signs the statements, the PDF and (without `ssh`) the list of files.
        certificates: PEM certificates for the PDF, the signer's first; None for a self-signed one.
        name: The name in a self-signed certificate; by default it identifies only the key.
        ssh: A separate key for the SSH signature.
        requester: Requests time stamps from a server.
        predictions: The folder of predictions from which the audit was computed.
        with_predictions: Whether to include them in the package.
        started: The start time of the run, in seconds since 1970; by default the time when the program was loaded.
        command: The command line; by default this process's.
    """

    key: keys.SigningKey
    certificates: bytes | None = None
    name: str | None = None
    ssh: sshsig.SshSigner | None = None
    requester: timestamp.Requester | None = None
    predictions: Path | None = None
    with_predictions: bool = False
    started: float | None = None
    command: tuple[str, ...] | None = None


def build(out: Path, options: Options, just_rendered: Mapping[str, bytes] | None = None) -> Path:
    """Build `out/package/` and `out/package.zip` from the artefacts in `out`.

    Both are written atomically; an existing package is replaced. HTML, table and CSV are rendered again from
    audit.json and must have the same bytes, so that no report is signed that contradicts the audit.

    Args:
        out: The output folder of an audit: audit.json, report.html, report.pdf (unsigned), and any of `ARTEFACTS`.
        options: Keys and options.
        just_rendered: Reports that this process has just rendered from this audit.json, which are not rendered again.

    Returns:
        The package's folder.

    Raises:
        MissingError: An artefact is missing.
        InputError: An artefact is invalid.
    """
    artefacts = _artefacts(out)
    try:
        rerender.check(artefacts, audit_facts.read_audit(artefacts[layout.AUDIT]), just_rendered or {})
        files = make(artefacts, options)
    except RejectedError as error:
        again = (
            f"`repro-audit report {out / layout.AUDIT}` writes it again" if error.code == "render-mismatch" else None
        )
        raise InputError(error.why, where=str(out / error.file), fix=again or "run the audit again") from None
    target = out / "package"
    _may_replace(target)
    staging = Path(tempfile.mkdtemp(prefix=".package.", dir=out))
    try:
        for name, data in sorted(files.items()):
            (staging / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / name).write_bytes(data)
        _open_modes(staging)
        if target.is_dir():
            shutil.rmtree(target)
        staging.rename(target)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    write_atomic(out / "package.zip", archive.zip_bytes(files))
    return target


def _may_replace(target: Path) -> None:
    if target.is_symlink() or target.is_file():
        raise InputError("exists and is not a package", where=str(target), fix="move it away")
    if (target / layout.COUNTERSIGNATURES).exists():
        raise InputError(
            "the existing package has countersignatures, which would be lost",
            where=str(target),
            fix="move it away first",
        )


def make(artefacts: Mapping[str, bytes], options: Options) -> dict[str, bytes]:
    """The files of the package for some artefacts.

    Args:
        artefacts: The outputs of the audit: name -> bytes; `report.pdf` is not signed yet. `build` checks that HTML, table
            and CSV match audit.json.
        options: Keys and options.

    Raises:
        RejectedError: audit.json is not canonical, or differs from the one attached to the PDF.
        InputError: Predictions, key or certificate do not match.
    """
    key = options.key
    audit = audit_facts.read_audit(artefacts[layout.AUDIT])
    unsigned = artefacts[layout.REPORT_PDF]
    if pades.attachment(unsigned, layout.AUDIT, layout.REPORT_PDF) != artefacts[layout.AUDIT]:
        raise RejectedError(
            layout.REPORT_PDF, "pdf-attachment", "the attached audit.json differs from the one beside it"
        )
    if audit_facts.stated_signer(audit) not in {None, key.identity}:
        raise RejectedError(
            layout.AUDIT, "wrong-statement", f"the report states a different kind of key than this one ({key.identity})"
        )
    made_from = inputs.read(options.predictions, audit)
    certificates = options.certificates or certificate.self_signed(key, _name(options))
    chain = certificate.load_chain(certificates, key, layout.CERTIFICATE)
    signer = str(chain[0].subject.native.get("common_name", _name(options)))

    files = {name: data for name, data in artefacts.items() if name != layout.REPORT_PDF}
    if options.with_predictions and made_from.folder is not None:
        files |= {inputs.FOLDER + name: (made_from.folder / name).read_bytes() for name in made_from.digests}
    software = environment.collect()
    files[layout.ENVIRONMENT] = canonical_json.dumps(software.as_json())
    files[layout.SBOM] = canonical_json.dumps(sbom.build(made_from.weights))
    files[layout.CODECHECK] = codecheck.build(audit, sorted([*files, layout.REPORT_PDF]), signer)
    files[layout.PREDICTIONS_LIST] = checksums.write(made_from.digests)

    # All files so far are reproducible; they are the subjects of the root statement.
    subjects = {name: checksums.sha256(data) for name, data in files.items()}
    subjects |= {inputs.FOLDER + name: digest for name, digest in made_from.digests.items()}
    subjects[layout.UNSIGNED_PDF] = checksums.sha256(unsigned)
    root = _statements(files, audit, software, subjects, made_from, options, len(unsigned))

    files[layout.REPORT_PDF] = pades.sign(
        unsigned, key, chain, reason=_REASONS[key.identity], requester=options.requester
    )
    files[layout.PUBLIC_KEY] = keys.public_pem(key.public)
    files[layout.CERTIFICATE] = certificates
    ssh = options.ssh or sshsig.from_key(key)
    files[layout.SSH_KEY] = f"{ssh.line}\n".encode("ascii")
    files[layout.VERIFY] = _verify_text(audit, options, chain, signer, len(subjects), len(unsigned), made_from)
    record = run_record.collect(options.started, options.command)
    files[layout.RUN] = canonical_json.dumps(asdict(record))
    digests = {name: checksums.sha256(data) for name, data in files.items()}
    sizes = {name: len(data) for name, data in files.items()}
    files[layout.CRATE] = canonical_json.dumps(
        ro_crate.build(audit, digests, sizes, record, version=project_version(), signer=signer)
    )

    files[layout.CHECKSUMS] = checksums.write({name: checksums.sha256(data) for name, data in files.items()})
    files[layout.SSH_SIGNATURE] = sshsig.sign(files[layout.CHECKSUMS], ssh)
    last = {name: checksums.sha256(files[name]) for name in (layout.CHECKSUMS, layout.SSH_SIGNATURE, layout.REPORT_PDF)}
    published = statement.publication(last, root, run_record.utc(time.time()))
    files[layout.PUBLICATION] = canonical_json.dumps(bundle.sign(published, key))
    return files


def _statements(
    files: dict[str, bytes],
    audit: AuditDocument,
    software: environment.Environment,
    subjects: Mapping[str, str],
    made_from: inputs.Sources,
    options: Options,
    unsigned_bytes: int,
) -> bytes:
    """Add the root statement and its two siblings to `files`; returns the root's payload."""
    siblings = {
        layout.PROVENANCE: statement.provenance(audit, {layout.AUDIT: subjects[layout.AUDIT]}, software, made_from),
        layout.TEST_RESULT: statement.test_result(audit, subjects[layout.AUDIT], subjects[layout.ENVIRONMENT]),
    }
    payloads = {name: canonical_json.dumps(value) for name, value in siblings.items()}
    root = statement.root(
        audit, subjects, software, payloads, signer=options.key.identity, unsigned_pdf_bytes=unsigned_bytes
    )
    for name, value in siblings.items():
        files[name] = canonical_json.dumps(bundle.sign(value, options.key))
    signed = bundle.sign(root, options.key)
    if options.requester is not None:
        signed = bundle.with_timestamp(signed, timestamp.stamp(bundle.signature_of(signed), options.requester))
    files[layout.ROOT] = canonical_json.dumps(signed)
    return canonical_json.dumps(root)


def _artefacts(out: Path) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for name in (layout.AUDIT, layout.REPORT_HTML, layout.REPORT_PDF):
        if not (out / name).is_file():
            raise MissingError("an audit's output is missing", where=str(out / name), fix="run `repro-audit run` first")
        files[name] = (out / name).read_bytes()
    for name in ARTEFACTS:
        if name.endswith("/"):
            inner = archive.read_folder(out / name) if (out / name).is_dir() else {}
            files |= {name + path: data for path, data in inner.items()}
        elif (out / name).is_file():
            files[name] = (out / name).read_bytes()
    return files


def _name(options: Options) -> str:
    if options.name is not None:
        return options.name
    return (
        keys.EPHEMERAL_NAME
        if options.key.identity == "ephemeral"
        else f"repro-audit key {keys.fingerprint(options.key.public)[:16]}"
    )


def _verify_text(
    audit: AuditDocument,
    options: Options,
    chain: list[Any],
    signer: str,
    subjects: int,
    unsigned_bytes: int,
    made_from: inputs.Sources,
) -> bytes:
    import jinja2

    loader = jinja2.FileSystemLoader(TEMPLATES)
    # The output is Markdown; every value was produced by this program or checked to be printable.
    engine = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)  # noqa: S701
    template = engine.get_template("VERIFY.md.j2")
    text = template.render(
        study=audit.study.id,
        subjects=subjects,
        unsigned_bytes=unsigned_bytes,
        ephemeral=options.key.identity == "ephemeral",
        signer=signer,
        self_signed=chain[0].self_issued,
        fingerprint=keys.fingerprint(options.key.public),
        stamped=options.requester is not None,
        predictions=bool(made_from.digests),
        with_predictions=options.with_predictions and made_from.folder is not None,
    )
    return text.encode("utf-8")


def _open_modes(folder: Path) -> None:
    """Make the folder readable for all, whatever the umask: `mkdtemp` sets 0700."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
