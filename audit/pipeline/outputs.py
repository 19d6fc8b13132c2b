"""The outputs of a run: audit.json, the reports rendered from it, and the counts of every scored row."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from audit._util.csv_cells import csv_text
from audit._util.files import write_atomic
from audit.document.write import to_bytes
from audit.errors import InputError, MissingError
from audit.pipeline.run import Audit
from audit.pipeline.scored_sets import Scored
from audit.report.formats import PDF, RENDERERS
from audit.report.numbers import brief, places
from audit.report.pdf_cache import cached_pdf
from audit.report.typesetter import Typesetter, here
from audit.schema import AuditDocument

COUNTS = "counts/"
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
    typesetter: Typesetter = here,
    meanwhile: Callable[[], None] = lambda: None,
) -> Written:
    """Write every output of a run; everything is rendered before the first file is touched.

    Args:
        audit: The run's result.
        out: The folder; made if it is missing.
        chosen: File names of the reports to render.
        cache: Folder for rendered PDFs kept between runs; None for no cache.
        typesetter: Lays the PDF out, here or in another process.
        meanwhile: Work to do while the PDF is rendered.

    Raises:
        InputError: The folder is not writable.
    """
    content: dict[str, bytes] = {"audit.json": to_bytes(audit.document)}
    notes: list[str] = []
    # Started first and awaited last.
    pdf = cached_pdf(cache, content["audit.json"], typesetter) if PDF in chosen else None
    content |= {name: render(audit.document) for name, render in RENDERERS.items() if name in chosen and name != PDF}
    meanwhile()
    if pdf is not None:
        try:
            content[PDF] = pdf()
        except MissingError as error:
            notes.append(f"{PDF} was not written: {error}")
    content = {name: content[name] for name in ("audit.json", *RENDERERS) if name in content}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, data in content.items():
            write_atomic(out / name, data)
        for name in RENDERERS.keys() - content.keys():
            # A file of an earlier run would show other values.
            (out / name).unlink(missing_ok=True)
        _write_folder(((name.removeprefix(COUNTS), data) for name, data in count_files(audit.scored)), out / "counts")
        read = ((name.removeprefix(LITERATURE), path.read_bytes()) for name, path in audit.literature.items())
        _write_folder(read, out / "literature")
        _write_plans(audit.plans, out / "plans")
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror})", where=str(error.filename or out), fix="Give --out another folder."
        ) from error
    return Written(tuple([f"wrote {out / name}" for name in content] + notes), content)


def _write_plans(plans: Mapping[str, Path], folder: Path) -> None:
    """The sampling plans that runs follow; without any, a folder of an earlier run is removed."""
    if plans:
        _write_folder(((path.name, path.read_bytes()) for path in plans.values()), folder)
    elif folder.is_dir():
        shutil.rmtree(folder)


def count_files(scored: Mapping[str, Scored]) -> Iterator[tuple[str, bytes]]:
    """One CSV for each task, metric and convention: the counts of every scored row.

    Yields:
        Its path below the output folder, with slashes, and its bytes; one at a time, since there may be many rows.
    """
    for task, entry in scored.items():
        for item in entry.scores:
            if item.counts is None:
                continue
            rows = ([name, *row] for name, row in zip(item.ids, item.counts.tolist(), strict=True))
            text = csv_text(["id", *item.convention.metric.columns], rows)
            yield f"{COUNTS}{task}/{item.metric}/{item.convention.id}.csv", text.encode("utf-8")


def _write_folder(files: Iterable[tuple[str, bytes]], folder: Path) -> None:
    """Write files into a folder that is replaced as a whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        for name, data in files:
            write_atomic(new / name, data)
        new.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        new.replace(folder)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise


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
    return value if places(value) <= most else format(Decimal(value).quantize(Decimal(1).scaleb(-most)), "f")
