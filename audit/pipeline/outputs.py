"""The outputs of a run: audit.json, the reports rendered from it, and the counts of every scored row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from audit._util.files import write_atomic
from audit._util.folders import remove, write_folder
from audit.document.write import to_bytes
from audit.errors import InputError, MissingError
from audit.pipeline.count_files import COUNTS
from audit.pipeline.run import Audit
from audit.report.editions import Edition
from audit.report.formats import LAID_OUT, RENDERERS
from audit.report.language import Language
from audit.report.numbers import brief, places, rounded
from audit.report.pdf_cache import cached_pdf
from audit.report.slides import remove_slides
from audit.report.typesetter import Typesetter, here
from audit.schema import AuditDocument

LITERATURE = "literature/"


@dataclass(frozen=True, slots=True)
class Written:
    """What a run wrote.

    Attributes:
        lines: For a terminal: what was written where, and what could not be and why.
        files: audit.json and the reports, by name.
    """

    lines: tuple[str, ...]
    files: Mapping[str, bytes]


def write(
    audit: Audit,
    out: Path,
    chosen: Collection[str],
    cache: Path | None = None,
    *,
    language: Language = Language.ENGLISH,
    typesetter: Typesetter = here,
    meanwhile: Callable[[], None] = lambda: None,
    told: Callable[[str], None] = lambda _: None,
) -> Written:
    """Write every output of a run; every page is rendered before the first file is touched.

    Files appear as soon as they are there, in the order of `audit.report.formats.RENDERERS`: first the HTML, then the PDFs,
    which take longest.

    Args:
        audit: The run's result.
        out: The folder; made if it is missing.
        chosen: File names of the reports to render.
        cache: Folder for rendered PDFs kept between runs; None for no cache.
        language: The language of the reports.
        typesetter: Lays the PDFs out, here or in other processes.
        meanwhile: Work to do while the PDFs are laid out.
        told: Receives each of `Written.lines` when it is true.

    Raises:
        InputError: The folder is not writable.
    """
    begun = begin(to_bytes(audit.document), audit.document, chosen, cache, language, typesetter=typesetter)
    files: dict[str, bytes] = {}
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        told(line)

    def keep(name: str, data: bytes) -> None:
        write_atomic(out / name, data)
        files[name] = data
        say(f"wrote {out / name}")

    try:
        out.mkdir(parents=True, exist_ok=True)
        for name in RENDERERS.keys() - begun.ready.keys():
            # A file of an earlier run would show other values.
            (out / name).unlink(missing_ok=True)
        remove_slides(out)
        for name, data in begun.ready.items():
            keep(name, data)
        write_folder(((name.removeprefix(COUNTS), data) for name, data in audit.counts), out / "counts")
        read = ((name.removeprefix(LITERATURE), path.read_bytes()) for name, path in audit.literature.items())
        write_folder(read, out / "literature")
        _write_plans(audit.plans, out / "plans")
        meanwhile()
        for name, wait in begun.awaited.items():
            try:
                keep(name, wait())
            except MissingError as error:
                say(f"{name} was not written: {error}")
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror})", where=str(error.filename or out), fix="Give --out another folder."
        ) from error
    return Written(tuple(lines), files)


@dataclass(frozen=True, slots=True)
class Begun:
    """Reports by name: those that are ready, and functions that wait for the PDFs."""

    ready: Mapping[str, bytes]
    awaited: Mapping[str, Callable[[], bytes]]


def begin(
    raw: bytes,
    document: AuditDocument,
    chosen: Collection[str],
    cache: Path | None,
    language: Language,
    *,
    typesetter: Typesetter = here,
) -> Begun:
    """Render audit.json and the chosen reports, and begin to lay the PDFs out: first the one that is awaited first.

    Args:
        raw: The bytes of audit.json.
        document: What they hold.
        chosen: See `write`, as for the other arguments.
        cache: See there.
        language: See there.
        typesetter: See there.
    """
    from audit.report.pdf import page_of

    def laid_out(name: str) -> Callable[[], bytes]:
        edition = Edition(name)
        return cached_pdf(cache, raw, edition, language, lambda: typesetter(page_of(document, edition, language)))

    paged = [name for name in RENDERERS if name in chosen and name in LAID_OUT]
    awaited = {name: laid_out(name) for name in paged[:1]}
    ready = {"audit.json": raw} | {
        name: render(document, language) for name, render in RENDERERS.items() if name in chosen and name not in paged
    }
    return Begun(ready, awaited | {name: laid_out(name) for name in paged[1:]})


def rendered(
    raw: bytes,
    document: AuditDocument,
    chosen: Collection[str],
    cache: Path | None,
    language: Language,
    *,
    typesetter: Typesetter = here,
) -> tuple[dict[str, bytes], list[str]]:
    """audit.json and the chosen reports, by name, and what could not be made and why; for the arguments see `begin`."""
    begun = begin(raw, document, chosen, cache, language, typesetter=typesetter)
    content, problems = dict(begun.ready), []
    for name, wait in begun.awaited.items():
        try:
            content[name] = wait()
        except MissingError as error:
            problems.append(f"{name} was not written: {error}")
    return content, problems


def _write_plans(plans: Mapping[str, Path], folder: Path) -> None:
    """The sampling plans that runs follow; without any, a folder of an earlier run is removed."""
    if plans:
        write_folder(((path.name, path.read_bytes()) for path in plans.values()), folder)
    elif folder.is_dir():
        remove(folder)


def summary(document: AuditDocument, width: int | None = None) -> str:
    """The verdicts as a table.

    Args:
        document: The audit.
        width: The terminal's columns, at which lines are cut; None cuts nothing.
    """
    by_id = {m.id: m for m in document.measurements}
    decisions = {d.claim: d for d in document.verdicts}
    wide = max([30, *(len(claim.id) for claim in document.claims)])
    column = max([8, *(len(brief(claim.value)) for claim in document.claims)])
    lines = [f"{'claim':<{wide}} {'reported':>{column}} {'found':>10}  {'verdict':<15} convention"]
    for claim in document.claims:
        decision = decisions[claim.id]
        best = by_id.get(decision.measurement or "")
        value = short(best.value, claim.value) if best else "-"
        mark = "*" if best and best.recorded else " "
        convention = (best.convention or "rule not known") if best else ""
        line = (
            f"{claim.id:<{wide}} {brief(claim.value):>{column}} {value:>9}{mark}  {decision.verdict:<15} {convention}"
        )
        lines.append(line)
    if width is not None:
        lines = [line if len(line) <= width else f"{line[: width - 1]}…" for line in lines]
    lines += ["", f"{len(document.verdicts)} claims"]
    if document.others:
        lines.append(f"  {len(document.others)} more on other models, without outputs: not audited")
    for origin in ("recomputed", "recorded", None):
        counts = Counter(decision.verdict for decision in document.verdicts if decision.origin == origin)
        words = ", ".join(f"{n} {name}" for name, n in counts.items())
        if words:
            lines.append(f"  {f'by {origin} values' if origin else 'without a value'}: {words}")
    if any(m.recorded for m in document.measurements):
        lines.append("* recorded by the reproduction team, not recomputed here")
    return "\n".join(lines)


def short(value: str | None, like: str) -> str:
    """A value with at most two decimals more than the reported one, and at most eight."""
    if value is None:
        return "-"
    most = min(places(like) + 2, 8)
    return value if places(value) <= most else format(rounded(Decimal(value), most), "f")
