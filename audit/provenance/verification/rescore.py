"""The verifier's check of predictions: whether they are those of the audit, and reproduce its values and counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from audit._util.files import sha256_file
from audit.document.write import plain
from audit.provenance.errors import RejectedError
from audit.provenance.format import checksums, layout
from audit.provenance.records import count_files
from audit.provenance.records.derivation import carried
from audit.provenance.records.inputs import FOLDER
from audit.provenance.verification.result import Report
from audit.schema import AuditDocument, Measurement
from audit.scoring.prediction_meta import folder_of, is_rows


@dataclass(frozen=True, slots=True)
class Again:
    """The result of scoring the predictions again.

    Args:
        measurements: The measurements, as in audit.json.
        counts: The files of counts: name in the package and bytes.
        document: The audit by the literature that was read; None if the package carries none.
    """

    measurements: Iterable[Measurement]
    counts: Iterable[tuple[str, bytes]]
    document: AuditDocument | None = None


# Takes a folder of predictions, the audit, and the package's files of the literature by their names below `literature/`.
Scorer = Callable[[Path, AuditDocument, Mapping[str, bytes]], Again]

# The fields of a measurement that scoring determines; the others come from the literature.
_FIELDS = ("value", "interval", "rows", "counts", "sample")
# What follows from the values and the literature that the package carries.
_PARTS = ("study", "claims", "others", "identities", "plans", "verdicts")
# What earlier versions did not compute.
_ADDED = ("differences", "joint", "paying", "row_trees")


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
        predictions: The folder of predictions, or a file in it; None if not available.
        scorer: Computes values and counts again.
        report: Receives the outcome.
    """
    listed = checksums.read(files[layout.PREDICTIONS_LIST], layout.PREDICTIONS_LIST)
    values = [entry for entry in audit.measurements if not entry.recorded]
    public = sum(entry.path.startswith("outputs/") for entry in audit.inputs)
    if public:
        report.skip(
            "public outputs",
            f"{public} files of others were scored beside the claims; audit.json has their hashes, and no verdict uses them",
        )
    if predictions is None:
        report.skip(
            "predictions",
            f"not given; the package lists {len(listed)} files by hash" if listed else "the audit used none",
        )
        report.skip(
            "values",
            "not computed again; give --predictions and --rescore" if values else "none was computed from predictions",
        )
        return
    folder = folder_of(predictions)
    blind = audit.blind is not None
    report.run(
        "predictions", lambda: _same_files(listed, folder, blind=blind), f"{len(listed)} files, as the audit used them"
    )
    # A file alone is scored alone, if it is all that the audit used.
    others = [name for name in listed if is_rows(Path(name)) and name != predictions.name]
    used = folder if others else predictions
    if scorer is None:
        report.skip("values", "not computed again; give --rescore")
    elif not report.failures:
        score = scorer
        counts = {name: data for name, data in files.items() if name.startswith(layout.COUNTS)}

        def score_again() -> Again:
            found = score(used, audit, carried(files))
            _same_values(values, found.measurements)
            return found

        again = report.run("values", score_again, f"{len(values)} computed again, all equal")
        if again is not None:
            made = again.counts
            report.run("counts", lambda: _same_counts(counts, made), f"{len(counts)} files made again, all equal")
            document = again.document
            if document is None:
                report.skip("verdicts", "not decided again; the package carries no literature")
            else:
                report.run(
                    "verdicts", lambda: _same_parts(audit, document), f"{len(audit.verdicts)} decided again, all equal"
                )


def check_literature(files: Mapping[str, bytes], audit: AuditDocument, report: Report) -> None:
    """Check that the study, cards and records in the package are those from which the audit was computed."""
    found = {layout.LITERATURE + name: data for name, data in carried(files).items()}
    if not found:
        report.skip("literature", "the package carries no study; it is of the first edition")
        return
    stated = {entry.path: entry.sha256 for entry in audit.inputs if entry.path.startswith(layout.LITERATURE)}

    def same() -> None:
        checksums.compare(
            found,
            stated,
            missing="the audit read this file, which is not in the package",
            unexpected="the audit did not read this file",
            different="not the file from which the audit was computed",
        )

    report.run("literature", same, f"{len(found)} files, as the audit read them")


def check_counts(files: Mapping[str, bytes], audit: AuditDocument, report: Report) -> None:
    """Check that the files of counts are those that audit.json lists."""
    if not audit.count_files:
        if any(name.startswith(layout.COUNTS) for name in files):
            report.skip("count files", "audit.json of an earlier version does not list its files of counts")
        return
    number = len(audit.count_files)
    report.run("count files", lambda: count_files.check(files, audit), f"{number} files, as audit.json lists them")


def _same_files(listed: Mapping[str, str], folder: Path, *, blind: bool) -> None:
    """The files are those of the audit; in a blind edition they may have other names than there."""
    found = {sha256_file(path) for path in folder.iterdir() if path.is_file()} if blind and folder.is_dir() else set()
    for name, digest in sorted(listed.items()):
        path = folder / name
        if digest in found:
            continue
        if not path.is_file():
            raise RejectedError(FOLDER + name, "missing", f"not in {folder}")
        if sha256_file(path) != digest:
            raise RejectedError(
                FOLDER + name, "digest-mismatch", "not the predictions from which the audit was computed"
            )


def _same_values(values: Iterable[Measurement], again: Iterable[Measurement]) -> None:
    found = {entry.id: entry for entry in again if not entry.recorded}
    for entry in values:
        other = found.pop(entry.id, None)
        if other is None:
            raise RejectedError(layout.AUDIT, "value-mismatch", f"the predictions do not reproduce {entry.id}")
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
            layout.AUDIT, "value-mismatch", f"the predictions give {min(found)}, which is not in the audit"
        )


def _same_parts(audit: AuditDocument, again: AuditDocument) -> None:
    """A signer may sign a verdict that does not follow from the values."""
    for part in _PARTS:
        # The plans of a blind edition are withheld.
        if part == "plans" and audit.blind is not None:
            continue
        if plain(getattr(audit, part)) != plain(getattr(again, part)):
            why = f"its {part} do not follow from the predictions and the literature"
            raise RejectedError(layout.AUDIT, "value-mismatch", why)
    for part in _ADDED:
        if getattr(audit, part) and plain(getattr(audit, part)) != plain(getattr(again, part)):
            why = f"its {part} do not follow from the predictions"
            raise RejectedError(layout.AUDIT, "value-mismatch", why)


def _same_counts(counts: Mapping[str, bytes], again: Iterable[tuple[str, bytes]]) -> None:
    left = set(counts)
    for name, data in again:
        if name not in left:
            raise RejectedError(name, "missing", "the predictions give this file, which is not in the package")
        if counts[name] != data:
            raise RejectedError(name, "value-mismatch", "differs from the counts of the predictions")
        left.remove(name)
    if left:
        raise RejectedError(min(left), "value-mismatch", "not reproduced by the predictions")
