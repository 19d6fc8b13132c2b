"""Run an audit, write the document, the reports and the counts into a folder, and sign them as a package."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from audit._util.folders import held
from audit.errors import InputError, MissingError
from audit.pipeline.request import AuditRequest, BlindOptions, PublicationRequest
from audit.report.editions import Edition
from audit.report.formats import LAID_OUT
from audit.report.language import Language
from audit.report.typesetter import Typesetter, here, typesetter
from audit.schema import AuditDocument, Signing

if TYPE_CHECKING:
    from audit.provenance.blinding.surroundings import Keys
    from audit.provenance.signing.timestamp import Requester

_NEEDED = frozenset({Edition.HTML.value, Edition.REPORT.value})


@dataclass(frozen=True, slots=True)
class Publication:
    """What was written.

    Attributes:
        document: The audit.
        lines: For a terminal: what was written where, and what could not be and why.
    """

    document: AuditDocument
    lines: tuple[str, ...]


def publish(
    audit: AuditRequest,
    request: PublicationRequest,
    *,
    decided: Callable[[AuditDocument], None] = lambda _: None,
    told: Callable[[str], None] = lambda _: None,
) -> Publication:
    """Run an audit and write everything. The folder is held meanwhile.

    Args:
        audit: What to audit.
        request: What to write, and where.
        decided: Receives the audit as soon as it is decided, before anything is written.
        told: Receives each of `Publication.lines` when it is true: when a file is there.

    Raises:
        InputError: An input file is not valid, or the folder is not writable.
        MissingError: Another run is writing into the folder.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(held(request.out))
        except OSError as error:
            raise InputError(
                f"cannot be written ({error.strerror})", where=str(request.out), fix="Give --out another folder."
            ) from error
        return _publish(audit, request, decided, told)


def _publish(
    audit: AuditRequest,
    request: PublicationRequest,
    decided: Callable[[AuditDocument], None],
    told: Callable[[str], None],
) -> Publication:
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        told(line)

    packed = request.sign and set(request.files) >= _NEEDED
    if request.blind is not None and not packed:
        raise InputError(
            "a blind edition is a package, which needs report.html and report.pdf",
            where="--blind",
            fix="leave out --no-package, and --format or add html and pdf to it",
        )
    kept = audit.cache and audit.cache / "reports"
    # Started before any other import, because the run waits for it at the end.
    with typesetter(kept, request.language) if LAID_OUT & set(request.files) else nullcontext(here) as typeset:
        from audit.pipeline.outputs import write
        from audit.pipeline.public_outputs import with_public_outputs
        from audit.pipeline.run import run

        blind = request.blind
        signing = Signing("ephemeral" if request.key is None else "key") if packed and blind is None else None
        audit, notes = with_public_outputs(audit)
        found = run(replace(audit, signing=signing))
        decided(found.document)
        for note in notes:
            say(note)
        meanwhile = _prepare_package if packed else _nothing
        written = write(
            found,
            request.out,
            request.files if blind is None else (),
            kept,
            language=request.language,
            typesetter=typeset,
            meanwhile=meanwhile,
            told=say,
        )
        if blind is not None:
            for line in _blind(request, blind, audit.predictions, kept, typeset):
                say(line)
    if packed and blind is None:
        say(_package(request, audit.predictions, written.files))
    elif request.sign and blind is None:
        say("no package was made: it needs report.html and report.pdf (--format html,pdf)")
    if request.slides and blind is None:
        from audit.report.slides import slides, write_slides

        say(
            f"wrote {write_slides(slides(found.document, request.language), request.out)}: a 16:9 PDF and PNG of each claim"
        )
    return Publication(found.document, tuple(lines))


def _blind(
    request: PublicationRequest, blind: BlindOptions, predictions: Path | None, kept: Path | None, typeset: Typesetter
) -> list[str]:
    """Make the blind edition and return lines for a terminal."""
    from audit.provenance.blinding.surroundings import Keys

    keys = Keys(
        None if request.key is None else request.key(),
        None if request.certificate is None else request.certificate.read_bytes(),
    )
    found = predictions if predictions is not None and predictions.exists() else None
    return make_blind(
        request.out, blind, keys, found, request.files, request.language,
        slides=request.slides, cache=kept, typeset=typeset,
    )  # fmt: skip


def make_blind(
    out: Path,
    blind: BlindOptions,
    keys: Keys,
    predictions: Path | None,
    files: Collection[str],
    language: Language,
    *,
    slides: bool = False,
    with_predictions: bool = False,
    requester: Requester | None = None,
    cache: Path | None = None,
    typeset: Typesetter = here,
) -> list[str]:
    """Make the blind edition of the audit in a folder.

    Args:
        out: The folder.
        blind: The options.
        keys: The keys that are not to be named.
        predictions: The folder of predictions; None if it is not at hand.
        files: File names of the reports to render.
        language: Their language.
        slides: Whether to make slides, too.
        with_predictions: Whether the package holds the predictions.
        requester: Requests time stamps.
        cache: Folder for rendered PDFs kept between runs.
        typeset: Lays the PDFs out.

    Returns:
        Lines for a terminal.

    Raises:
        MissingError: There is no audit, or a report cannot be rendered here.
        InputError: See `audit.provenance.blind_edition.make`.
    """
    from audit.document.read import parse_document
    from audit.pipeline.deriving import derive
    from audit.pipeline.outputs import rendered
    from audit.provenance import blind_edition

    def render(raw: bytes, language: Language) -> dict[str, bytes]:
        document = parse_document(raw, "the blind audit.json")
        content, problems = rendered(raw, document, files, cache, language, typesetter=typeset)
        if problems:
            raise MissingError("the blind edition cannot be made here", fix="; ".join(problems))
        if slides:
            from audit.report import slides as of_talk

            content |= {f"{of_talk.FOLDER}/{name}": data for name, data in of_talk.slides(document, language)}
        return content

    wanted = blind_edition.Request(
        named=blind.named,
        kept=blind.kept,
        own_paper=blind.own_paper,
        secret=blind.secret,
        keys=keys,
        predictions=predictions,
        with_predictions=with_predictions,
        language=language,
        requester=requester,
        deriver=derive,
    )
    made = blind_edition.make(out, wanted, render)
    return [
        *(f"note: {text}" for text in made.notes),
        f"wrote {made.folder}: reports and package without the team's name; {made.files} files were searched for it",
        f"{len(made.sealed)} identities and facts are sealed in the package's statement",
        f"keep {made.secret} secret: `repro-audit unblind` opens them with it, and nobody else can",
    ]


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

    if Edition.REPORT.value not in files:
        return "no package was signed: it needs report.pdf"
    key = keys.ephemeral() if request.key is None else request.key()
    folder = predictions if predictions is not None and predictions.exists() else None
    certificates = None if request.certificate is None else request.certificate.read_bytes()
    options = package.Options(key=key, certificates=certificates, predictions=folder)
    made = package.build(request.out, options, files)
    who = "a key made for this run (integrity, not identity)" if request.key is None else "your key"
    return f"wrote {made} and {made}.zip, signed by {who}"
