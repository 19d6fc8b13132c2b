"""From predictions at hand: are they those of the audit, and do they give the same values and counts again?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from audit._util.files import sha256_file
from audit.document.write import plain
from audit.provenance.errors import RejectedError
from audit.provenance.format import checksums, layout
from audit.provenance.records.inputs import FOLDER
from audit.provenance.verification.result import Report
from audit.schema import AuditDocument, Measurement


@dataclass(frozen=True, slots=True)
class Again:
    """What scoring the predictions again gives.

    Args:
        measurements: As audit.json would hold them.
        counts: The files of counts: name in the package and bytes.
    """

    measurements: Iterable[Measurement]
    counts: Iterable[tuple[str, bytes]]


# Takes a folder of predictions and the audit.
Scorer = Callable[[Path, AuditDocument], Again]

# Of a measurement, what scoring decides; the rest comes from the literature.
_FIELDS = ("value", "interval", "rows", "counts")


def check(
    files: Mapping[str, bytes],
    audit: AuditDocument,
    predictions: Path | None,
    scorer: Scorer | None,
    report: Report,
) -> None:
    """Compare predictions and, with a scorer, every recomputed value and every file of counts.

    Args:
        files: The package.
        audit: audit.json.
        predictions: The folder of predictions; None if they are not at hand.
        scorer: Computes values and counts again.
        report: Where the outcome goes.
    """
    listed = checksums.read(files[layout.PREDICTIONS_LIST], layout.PREDICTIONS_LIST)
    values = [entry for entry in audit.measurements if not entry.recorded]
    if predictions is None:
        report.skip(
            "predictions",
            f"not at hand; the package names {len(listed)} files by hash" if listed else "the audit used none",
        )
        report.skip(
            "values",
            "not computed again; give --predictions and --rescore" if values else "none was computed from predictions",
        )
        return
    report.run("predictions", lambda: _same_files(listed, predictions), f"{len(listed)} files, as the audit used them")
    if scorer is None:
        report.skip("values", "not computed again; give --rescore")
    elif not report.failures:
        score = scorer
        counts = {name: data for name, data in files.items() if name.startswith(layout.COUNTS)}

        def score_again() -> Again:
            found = score(predictions, audit)
            _same_values(values, found.measurements)
            return found

        again = report.run("values", score_again, f"{len(values)} computed again, all equal")
        if again is not None:
            made = again.counts
            report.run("counts", lambda: _same_counts(counts, made), f"{len(counts)} files made again, all equal")


def _same_files(listed: Mapping[str, str], folder: Path) -> None:
    for name, digest in sorted(listed.items()):
        path = folder / name
        if not path.is_file():
            raise RejectedError(FOLDER + name, "missing", f"not in {folder}")
        if sha256_file(path) != digest:
            raise RejectedError(
                FOLDER + name, "digest-mismatch", "not the predictions that the audit was computed from"
            )


def _same_values(values: Iterable[Measurement], again: Iterable[Measurement]) -> None:
    found = {entry.id: entry for entry in again if not entry.recorded}
    for entry in values:
        other = found.pop(entry.id, None)
        if other is None:
            raise RejectedError(layout.AUDIT, "value-mismatch", f"{entry.id} does not come out of the predictions")
        for field in _FIELDS:
            stated, computed = plain(getattr(entry, field)), plain(getattr(other, field))
            if stated != computed:
                raise RejectedError(
                    layout.AUDIT,
                    "value-mismatch",
                    f"{entry.id}: {field} is {computed!r} when computed again, not {stated!r}",
                )
    if found:
        raise RejectedError(
            layout.AUDIT, "value-mismatch", f"{min(found)} comes out of the predictions, and is not in the audit"
        )


def _same_counts(counts: Mapping[str, bytes], again: Iterable[tuple[str, bytes]]) -> None:
    left = set(counts)
    for name, data in again:
        if name not in left:
            raise RejectedError(name, "missing", "comes out of the predictions, and is not in the package")
        if counts[name] != data:
            raise RejectedError(name, "value-mismatch", "holds other counts than come out of the predictions")
        left.remove(name)
    if left:
        raise RejectedError(min(left), "value-mismatch", "does not come out of the predictions")
