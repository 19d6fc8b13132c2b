"""The blind edition of an audit: `out/blind/` with reports and package, and `unblind.json`, which stays with the team.

An audit's outputs name the team; they stay as they are. From them a second set is derived: audit.json and the literature
with neutral names, and everything else from these. Nothing is written before every file was searched for every identity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from audit._util import canonical_json
from audit._util.files import write_atomic
from audit._util.folders import held, replacing
from audit.errors import InputError, MissingError
from audit.provenance import package
from audit.provenance.blinding import identities, own_records, secret, surroundings
from audit.provenance.blinding.commitments import Sealed, seal
from audit.provenance.blinding.document import PLAN
from audit.provenance.blinding.edition import blind
from audit.provenance.blinding.leaks import Leak, Search
from audit.provenance.blinding.names import Identity, Names
from audit.provenance.blinding.own_records import WITHHELD
from audit.provenance.format import checksums, layout
from audit.provenance.records import artefact_files, audit_facts, environment, inputs, run_record, set_texts
from audit.provenance.records.derivation import Deriver
from audit.provenance.signing import bundle, keys
from audit.provenance.signing.timestamp import Requester
from audit.report.language import Language
from audit.schema import AuditDocument

FOLDER = "blind"
_READ = (layout.COUNTS, layout.LITERATURE, layout.PLANS)
# Places that an error names; the others are counted.
_SHOWN = 8

# Takes the bytes of audit.json and a language, and returns the reports by name.
Render = Callable[[bytes, Language], Mapping[str, bytes]]


@dataclass(frozen=True, slots=True)
class Request:
    """How to make a blind edition.

    Attributes:
        named: Further identities: spellings, nicknames and names in other scripts, which no record has.
        kept: Words that are not identities although they were found as ones.
        own_paper: The audited paper is the team's own: who wrote it, and where it is, is left out.
        secret: The unblind.json; by default in the audit's folder. One that exists is used again.
        keys: The keys that are not to be named.
        predictions: The folder of predictions.
        with_predictions: Whether to include them.
        language: The language of the reports.
        requester: Requests time stamps.
        deriver: Derives the blind document again, which must follow from its counts and the blinded literature.
    """

    named: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    own_paper: bool = False
    secret: Path | None = None
    keys: surroundings.Keys = field(default_factory=surroundings.Keys)
    predictions: Path | None = None
    with_predictions: bool = False
    language: Language = Language.ENGLISH
    requester: Requester | None = None
    deriver: Deriver | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """What was made.

    Attributes:
        folder: The blind edition's folder.
        secret: The unblind.json.
        sealed: What the package seals.
        files: How many files were searched.
        notes: For a terminal.
    """

    folder: Path
    secret: Path
    sealed: tuple[Sealed, ...]
    files: int
    notes: tuple[str, ...]


def make(out: Path, request: Request, render: Render) -> Made:
    """Make `out/blind/` from the audit in `out`.

    Raises:
        MissingError: There is no audit, or the reports cannot be rendered here.
        InputError: A file is invalid, an identity is left in a file, or unblind.json is damaged.
    """
    files = _read(out)
    audit = audit_facts.read_audit(files[layout.AUDIT], canonical=False)
    target = out / FOLDER
    package.may_replace(target / "package")
    place = request.secret or out / secret.NAME
    _outside(place, target)
    kept = secret.read(place) if place.exists() else secret.new()
    found, notes = _identities(out, files, audit, request)
    sources = inputs.read(request.predictions, audit)
    set_texts.check_ids(audit, files, sources.folder)
    blinded = blind(files, found, own_paper=request.own_paper)
    raw = blinded.files[layout.AUDIT]
    reports = render(raw, request.language)
    sealed = _sealed(found, blinded.originals, audit, sources, request, kept.secret)
    options = package.Options(
        key=kept.key,
        requester=request.requester,
        language=request.language,
        deriver=request.deriver,
        blind=package.Blinding(tuple(one.public() for one in sealed), _without_people(sources, Names(found))),
    )
    beside = {**blinded.files, **reports}
    with held(out), replacing(target) as new:
        for name, data in beside.items():
            write_atomic(new / name, data)
        artefacts = artefact_files.read(new) | _predictions(files, audit, sources, request, Names(found))
        packed = package.checked(new, artefacts, options, beside)
        searched = {**beside, **packed}
        _refuse(Search(found).in_files(searched), target)
        root = checksums.sha256(bundle.payload(packed[layout.ROOT]))
        # Before the package: without it, nobody could ever open what that seals.
        secret.write(place, kept.with_package(root, sealed))
        package.write(new, packed)
    return Made(target, place, sealed, len(searched), tuple(notes))


def _read(out: Path) -> dict[str, bytes]:
    if not (out / layout.AUDIT).is_file():
        raise MissingError(
            "an audit's output is missing", where=str(out / layout.AUDIT), fix="run `repro-audit run` first"
        )
    files = {layout.AUDIT: (out / layout.AUDIT).read_bytes()}
    for folder in _READ:
        files |= artefact_files.read_folder(out, folder)
    return files


def _outside(place: Path, target: Path) -> None:
    if place.resolve().is_relative_to(target.resolve()):
        raise InputError(
            "would be in the folder that is handed in", where=str(place), fix="give --unblind-file a path outside of it"
        )


def _identities(
    out: Path, files: Mapping[str, bytes], audit: AuditDocument, request: Request
) -> tuple[tuple[Identity, ...], list[str]]:
    own = own_records.find(files, own_paper=request.own_paper)
    of_records = identities.of_records(files, audit, own)
    paths = [out, *([request.predictions] if request.predictions else [])]
    around = [
        *surroundings.of_machine(paths),
        *surroundings.of_software(environment.collect()),
        *surroundings.of_keys(request.keys),
        *_of_meta(request.predictions, audit),
    ]
    given = [Identity("given", text, f"withheld-{number}") for number, text in enumerate(request.named, 1)]
    kept = {text.casefold() for text in request.kept}
    found: dict[str, Identity] = {}
    for one in (*of_records.identities, *given, *around):
        if one.value.casefold() not in kept:
            # What a record names keeps the name that it has there; case tells nothing apart.
            found.setdefault(one.value.casefold(), one)
    notes = list(of_records.notes)
    if not own.paths and not request.named:
        notes.append("no record names a team: give every name that must not be seen with --identity")
    return tuple(found.values()), notes


def _of_meta(predictions: Path | None, audit: AuditDocument) -> Iterator[Identity]:
    """Who made the predictions, by their meta files."""
    if predictions is not None:
        who = sorted({meta.who for meta in inputs.read(predictions, audit).meta.values() if meta.who})
        for number, name in enumerate(who, 1):
            yield Identity("given", name, f"made-by-{number}")


def _without_people(sources: inputs.Sources, names: Names) -> inputs.Sources:
    """The sources by neutral names, without who ran the model, and where."""
    return inputs.Sources(
        {names.text(name): digest for name, digest in sources.digests.items() if PLAN not in name},
        {
            names.text(task): replace(
                meta,
                model=names.text(meta.model),
                variant=names.text(meta.variant),
                weights=meta.weights and names.json(dict(meta.weights)),
                dataset=meta.dataset and names.json(dict(meta.dataset)),
                who=meta.who and WITHHELD,
                device=meta.device and WITHHELD,
            )
            for task, meta in sources.meta.items()
        },
    )


def _predictions(
    files: Mapping[str, bytes], audit: AuditDocument, sources: inputs.Sources, request: Request, names: Names
) -> dict[str, bytes]:
    if not request.with_predictions or sources.folder is None:
        return {}
    set_texts.check(audit, files)
    return {
        inputs.FOLDER + names.text(name): (sources.folder / name).read_bytes()
        for name in sources.digests
        if PLAN not in name
    }


def _sealed(
    found: Sequence[Identity],
    originals: Mapping[str, str],
    audit: AuditDocument,
    sources: inputs.Sources,
    request: Request,
    salt: bytes,
) -> tuple[Sealed, ...]:
    """Every identity, and every fact that is left out as a whole."""
    here = environment.collect()
    record = run_record.collect()
    left = {
        "code": asdict(here.code),
        "image": None if here.image is None else here.image.as_json(),
        "os": here.os.name,
    }
    machine = {"machine": asdict(record.machine), "time_zone": record.time_zone, "variables": dict(record.variables)}
    facts = [
        ("environment", "environment", canonical_json.dumps(left).decode()),
        ("machine", "machine", canonical_json.dumps(machine).decode()),
    ]
    facts += [("device", task, meta.device) for task, meta in sorted(sources.meta.items()) if meta.device]
    if request.keys.signing is not None:
        facts.append(("key", "signing-key", keys.fingerprint(request.keys.signing.public)))
    if request.own_paper:
        facts.append(("paper", "own-paper", audit.study.paper.title))
    facts += [("original", name, value) for name, value in originals.items()]
    facts += [(one.kind, one.name, one.value) for one in found]
    if len({(kind, name) for kind, name, _ in facts}) != len(facts):
        raise AssertionError("two facts have one kind and name")
    return tuple(seal(kind, name, value, salt) for kind, name, value in sorted(facts))


def _refuse(found: Sequence[Leak], target: Path) -> None:
    """Refuse to write what names the team."""
    if not found:
        return
    shown = "; ".join(
        f"{leak.file} ({leak.place}): {leak.identity.value!r} in {leak.around!r}" for leak in found[:_SHOWN]
    )
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    raise InputError(
        f"the blind edition would name the team: {shown}{more}",
        where=str(target),
        fix="change the name at its source (a run's or a study's name, a note, a path) and run again; what is no identity, "
        "name with --not-identity",
    )
