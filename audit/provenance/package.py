"""Building the signed package, a folder and its zip, from an audit's output folder.

The order matters: artefacts, then the statements over them, then the list of all files, its SSH signature, and finally
the publication statement. Each step covers the previous ones. Only the last signature is not covered; the verifier accepts
only its canonical encoding.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from audit._util import canonical_json
from audit._util.files import write_atomic
from audit._util.folders import held, write_folder
from audit._util.version import project_version
from audit.errors import InputError
from audit.provenance.errors import RejectedError
from audit.provenance.format import archive, checksums, layout
from audit.provenance.records import (
    artefact_files,
    audit_facts,
    codecheck,
    count_files,
    derivation,
    environment,
    inputs,
    page_seal,
    rerender,
    ro_crate,
    run_record,
    sbom,
    set_texts,
    statement,
    verify_md,
)
from audit.provenance.signing import bundle, certificate, keys, pades, pdf_update, sshsig, timestamp
from audit.report.formats import language_of_page
from audit.report.language import Language
from audit.schema import AuditDocument


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
        with_predictions: Whether to include them in the package; their set cards must allow publishing their texts.
        started: The start time of the run, in seconds since 1970; by default the time when the program was loaded.
        command: The command line; by default this process's.
        language: The language that the reports must have; by default that of report.html.
        codecheck: What codecheck.yml needs and the audit does not know.
        deriver: Derives the document again, which must follow from its counts and the literature; None for one just computed.
        blind: The artefacts are blind: what is sealed, and the sources by their neutral names. Then `certificates`, `name`,
            `ssh`, `predictions` and `command` are not used.
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
    language: Language | None = None
    codecheck: codecheck.Facts | None = None
    deriver: derivation.Deriver | None = None
    blind: Blinding | None = None


@dataclass(frozen=True, slots=True)
class Blinding:
    """What a blind package has instead of identities.

    Attributes:
        sealed: The commitments, as the root statement has them.
        sources: The predictions by their neutral names, without what their meta files say about people and machines.
    """

    sealed: tuple[Mapping[str, str], ...]
    sources: inputs.Sources


def build(out: Path, options: Options, just_rendered: Mapping[str, bytes] | None = None) -> Path:
    """Build `out/package/` and `out/package.zip` from the artefacts in `out`.

    Both are written atomically; an existing package is replaced. HTML, table and CSV are rendered again from
    audit.json and must have the same bytes, so that no report is signed that contradicts the audit.

    Args:
        out: The output folder of an audit: audit.json, report.html and report.pdf (unsigned), and any of
            `artefact_files.ARTEFACTS`.
        options: Keys and options.
        just_rendered: Reports that this process has just rendered from this audit.json, which are not rendered again.

    Returns:
        The package's folder.

    Raises:
        MissingError: An artefact is missing.
        InputError: An artefact is invalid.
    """
    return write(out, checked(out, artefact_files.read(out), options, just_rendered))


def checked(
    out: Path, artefacts: Mapping[str, bytes], options: Options, just_rendered: Mapping[str, bytes] | None = None
) -> dict[str, bytes]:
    """The files of a package whose artefacts were checked; `out` is where errors say that they are."""
    try:
        pdfs = {name: pades.Pdf(artefacts[name], name) for name in layout.PDFS if name in artefacts}
        _same_language(artefacts, pdfs, options.language)
        audit = audit_facts.read_audit(artefacts[layout.AUDIT])
        rerender.check(artefacts, audit, just_rendered or {})
        count_files.check(artefacts, audit)
        if options.deriver is not None and derivation.carried(artefacts):
            derivation.following(artefacts, audit, options.deriver)
        return _made(artefacts, options, audit, pdfs)
    except RejectedError as error:
        again = f"`repro-audit report {out / layout.AUDIT}{_lang(artefacts, options)}` writes it again"
        raise InputError(
            error.why,
            where=str(out / error.file),
            fix=again if error.code == "render-mismatch" else "run the audit again",
        ) from None


def write(out: Path, files: Mapping[str, bytes]) -> Path:
    """Write a package as a folder and a zip, each completely or not at all; an existing one is replaced."""
    target = out / "package"
    may_replace(target)
    with held(out):
        write_folder(sorted(files.items()), target)
        write_atomic(out / "package.zip", archive.zip_bytes(files))
    return target


def _materials(audit: AuditDocument, made_from: inputs.Sources) -> sbom.Materials:
    """The audited model, and the data: predictions by their hash, and test sets as the meta files name them."""
    sets: dict[str, str | None] = {}
    for meta in made_from.meta.values():
        stated = meta.dataset or {}
        name = " ".join(filter(None, (stated.get("name"), stated.get("split"))))
        if name:
            sets.setdefault(name, stated.get("manifest_sha256"))
    variants = tuple(dict.fromkeys(meta.variant for meta in made_from.meta.values()))
    return sbom.Materials(audit.study.model, variants or tuple(audit.study.variants), made_from.digests, sets)


def _same_language(artefacts: Mapping[str, bytes], pdfs: Mapping[str, pades.Pdf], wanted: Language | None) -> None:
    """HTML and PDFs are in one language, and in that which is asked for."""
    page = language_of_page(artefacts[layout.REPORT_HTML])
    if page is None:
        return  # rerender.check refuses it
    if wanted not in {None, page}:
        raise RejectedError(layout.REPORT_HTML, "render-mismatch", f"is in the language {page}, not in {wanted}")
    for name in layout.PDFS:
        pdf = pdfs[name].language() if name in pdfs else page
        if pdf != page:
            raise RejectedError(
                name, "render-mismatch", f"is in the language {pdf or '(none)'}, {layout.REPORT_HTML} in {page}"
            )


def _lang(artefacts: Mapping[str, bytes], options: Options) -> str:
    """The option with which `repro-audit report` writes the wanted language."""
    language = options.language or language_of_page(artefacts[layout.REPORT_HTML]) or Language.ENGLISH
    return "" if language is Language.ENGLISH else f" --lang {language}"


def may_replace(target: Path) -> None:
    """Check that a package may take the place of what is there.

    Raises:
        InputError: It is not a package, or has countersignatures.
    """
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
        artefacts: The outputs of the audit: name -> bytes; the PDFs are not signed yet. `build` checks that HTML, table and
            CSV match audit.json.
        options: Keys and options.

    Raises:
        RejectedError: audit.json is not canonical, or differs from the one attached to the PDF.
        InputError: Predictions, key or certificate do not match, or texts are to be published that may not be.
    """
    audit = audit_facts.read_audit(artefacts[layout.AUDIT])
    pdfs = {name: pades.Pdf(artefacts[name], name) for name in layout.PDFS if name in artefacts}
    return _made(artefacts, options, audit, pdfs)


def _made(
    artefacts: Mapping[str, bytes], options: Options, audit: AuditDocument, pdfs: Mapping[str, pades.Pdf]
) -> dict[str, bytes]:
    """As `make`, for what was read already."""
    key = options.key
    unsigned = {name: pdf.raw for name, pdf in pdfs.items()}
    for name, pdf in pdfs.items():
        if pdf.attachment(layout.AUDIT) != artefacts[layout.AUDIT]:
            raise RejectedError(name, "pdf-attachment", "the attached audit.json differs from the one beside it")
    if audit_facts.stated_signer(audit) not in {None, key.identity}:
        raise RejectedError(
            layout.AUDIT, "wrong-statement", f"the report states a different kind of key than this one ({key.identity})"
        )
    blind = options.blind
    if blind is not None:
        made_from = blind.sources
        certificates = certificate.self_signed(key, _name(options))
    else:
        made_from = inputs.read(options.predictions, audit)
        set_texts.check_ids(audit, artefacts, made_from.folder)
        certificates = options.certificates or certificate.self_signed(key, _name(options))
    chain = certificate.load_chain(certificates, key, layout.CERTIFICATE)
    signer = certificate.name(chain[0])

    files = {name: data for name, data in artefacts.items() if name not in unsigned}
    if options.with_predictions and made_from.folder is not None:
        set_texts.check(audit, artefacts)
        files |= {inputs.FOLDER + name: (made_from.folder / name).read_bytes() for name in made_from.digests}
    software = environment.collect() if blind is None else environment.blinded(environment.collect())
    files[layout.ENVIRONMENT] = canonical_json.dumps(software.as_json())
    files[layout.SBOM] = canonical_json.dumps(sbom.build(made_from.weights, _materials(audit, made_from)))
    authors = codecheck.authors_in(artefacts, audit)
    listed = sorted([*files, *unsigned])
    files[layout.CODECHECK] = codecheck.build(audit, listed, signer, options.codecheck, authors)
    files[layout.PREDICTIONS_LIST] = checksums.write(made_from.digests)

    # All files so far are reproducible; they are the subjects of the root statement.
    subjects = {name: checksums.sha256(data) for name, data in files.items() if name != layout.REPORT_HTML}
    subjects[layout.UNSIGNED_HTML] = checksums.sha256(files[layout.REPORT_HTML])
    subjects |= {inputs.FOLDER + name: digest for name, digest in made_from.digests.items()}
    subjects |= {layout.PDFS[name][0]: checksums.sha256(raw) for name, raw in unsigned.items()}
    lengths = {layout.PDFS[name][1]: len(raw) for name, raw in unsigned.items()}
    root = _statements(files, audit, software, subjects, made_from, options, lengths)

    files[layout.REPORT_HTML] = page_seal.sign(files[layout.REPORT_HTML], files[layout.AUDIT], key)
    for name, pdf in pdfs.items():
        files[name] = pdf.sign(key, chain, reason=pdf_update.REASONS[key.identity], requester=options.requester)
    files[layout.PUBLIC_KEY] = keys.public_pem(key.public)
    files[layout.CERTIFICATE] = certificates
    ssh = options.ssh if blind is None and options.ssh is not None else sshsig.from_key(key)
    files[layout.SSH_KEY] = f"{ssh.line}\n".encode("ascii")
    files[layout.VERIFY] = verify_md.text(
        verify_md.Facts(
            study=audit.study.id,
            subjects=len(subjects),
            unsigned_bytes=len(unsigned[layout.REPORT_PDF]),
            annex_bytes=len(unsigned[layout.ANNEX]) if layout.ANNEX in unsigned else None,
            ephemeral=key.identity == "ephemeral",
            signer=signer,
            self_signed=certificate.is_self_signed(chain[0]),
            fingerprint=keys.fingerprint(key.public),
            stamped=options.requester is not None,
            predictions=bool(made_from.digests),
            with_predictions=any(name.startswith(inputs.FOLDER) for name in files),
            sealed=None if blind is None else len(blind.sealed),
        )
    )
    record = run_record.collect(options.started, options.command)
    if blind is not None:
        record = run_record.blinded(record)
    files[layout.RUN] = canonical_json.dumps(asdict(record))
    digests = {name: checksums.sha256(data) for name, data in files.items()}
    sizes = {name: len(data) for name, data in files.items()}
    files[layout.CRATE] = canonical_json.dumps(
        ro_crate.build(audit, digests, sizes, record, version=project_version(), signer=signer)
    )

    files[layout.CHECKSUMS] = checksums.write({name: checksums.sha256(data) for name, data in files.items()})
    files[layout.SSH_SIGNATURE] = sshsig.sign(files[layout.CHECKSUMS], ssh)
    last = {name: checksums.sha256(files[name]) for name in (layout.CHECKSUMS, layout.SSH_SIGNATURE, *unsigned)}
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
    lengths: Mapping[str, int],
) -> bytes:
    """Add the root statement and its two siblings to `files`; returns the root's payload."""
    siblings = {
        layout.PROVENANCE: statement.provenance(audit, {layout.AUDIT: subjects[layout.AUDIT]}, software, made_from),
        layout.TEST_RESULT: statement.test_result(audit, subjects[layout.AUDIT], subjects[layout.ENVIRONMENT]),
    }
    payloads = {name: canonical_json.dumps(value) for name, value in siblings.items()}
    root = statement.root(
        audit,
        subjects,
        software,
        payloads,
        signer=options.key.identity,
        unsigned_bytes=lengths,
        sealed=None if options.blind is None else options.blind.sealed,
    )
    for name, value in siblings.items():
        files[name] = canonical_json.dumps(bundle.sign(value, options.key))
    signed = bundle.sign(root, options.key)
    if options.requester is not None:
        signed = bundle.with_timestamp(signed, timestamp.stamp(bundle.signature_of(signed), options.requester))
    files[layout.ROOT] = canonical_json.dumps(signed)
    return canonical_json.dumps(root)


def _name(options: Options) -> str:
    if options.blind is not None:
        return keys.BLIND_NAME
    if options.name is not None:
        return options.name
    return (
        keys.EPHEMERAL_NAME
        if options.key.identity == "ephemeral"
        else f"repro-audit key {keys.fingerprint(options.key.public)[:16]}"
    )
