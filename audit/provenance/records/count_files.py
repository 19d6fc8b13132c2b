"""Whether the files of counts are those that belong to an audit's values."""

from __future__ import annotations

from collections.abc import Mapping

from audit.provenance.format import checksums, layout
from audit.schema import AuditDocument


def check(files: Mapping[str, bytes], audit: AuditDocument) -> int | None:
    """Compare the files of counts with the hashes that audit.json lists.

    A run that is killed after audit.json and before its counts leaves those of an earlier run beside it.

    Returns:
        The number of files; None if audit.json lists none although there are some, as in earlier versions.

    Raises:
        RejectedError: A file is missing, another one, or one too many.
    """
    found = {name: data for name, data in files.items() if name.startswith(layout.COUNTS)}
    listed = {one.path: one.sha256 for one in audit.count_files}
    if found and not listed:
        return None
    checksums.compare(
        found,
        listed,
        missing="audit.json lists these counts, which are not there",
        unexpected="audit.json does not list these counts",
        different="not the counts that belong to audit.json",
    )
    return len(listed)
