"""How a command's failures are told: one line or two on standard error, and an exit code of its kind."""

from __future__ import annotations

import errno
import os
import platform
import sys
import tempfile
import traceback

from audit._util.terminal import in_a_line

SYSTEM = 4
FAULT = 70  # EX_SOFTWARE of sysexits.h

_REMEDIES = {
    errno.ENOSPC: "Free disk space and run the command again.",
    errno.EDQUOT: "The quota is used up: free disk space and run the command again.",
    errno.EROFS: "The file system is read-only: give a folder that can be written to.",
    errno.EISDIR: "A folder stands where a file should be: move it, or give another path.",
    errno.ENOTDIR: "A file stands where a folder should be: move it, or give another path.",
    errno.ENAMETOOLONG: "Give a shorter path.",
    errno.EMFILE: "Raise the limit of open files (ulimit -n).",
    errno.ENOMEM: "Free memory, or use a machine with more.",
}


def of_the_system(error: OSError) -> str:
    """What the operating system refused, where, and what to do."""
    where = f"{in_a_line(error.filename)}: " if error.filename is not None else ""
    what = in_a_line(error.strerror or error)
    if isinstance(error, PermissionError):
        # In a container the user often does not own the files.
        return (f"{where or 'a file: '}user {os.getuid()} may not read or write it\n"
                "  Change the permissions (chmod), or run as the files' owner.")  # fmt: skip
    fix = _REMEDIES.get(error.errno or 0, "Check the path and the file system.")
    return f"{where}{what}\n  {fix}"


def code_of(error: OSError) -> int:
    """The exit code: 2 for a path that the user can correct, 4 for a system that refuses."""
    wrong_path = {errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EEXIST, errno.ELOOP}
    return 2 if isinstance(error, PermissionError) or error.errno in wrong_path else SYSTEM


def unforeseen(error: BaseException, arguments: list[str], version: str) -> str:
    """Write a report on an error that nobody foresaw, and say where it is. Never raises."""
    kind = in_a_line(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
    if len(kind) > 300:
        kind = f"{kind[:300]}\u2026"
    try:
        lines = [
            f"repro-audit {version}",
            f"Python {platform.python_version()}, {platform.platform()}",
            f"arguments: {arguments!r}",
            "",
            "".join(traceback.format_exception(error)),
        ]
        descriptor, name = tempfile.mkstemp(prefix="repro-audit-error-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as handle:
            handle.write("\n".join(lines))
        place = (
            f"Details are in {in_a_line(name)}; please attach that file to a bug report. Read it first: it names paths."
        )
    except Exception as second:  # noqa: BLE001  # nothing may keep the first error from being told
        place = f"Details could not be written ({in_a_line(second)}). REPRO_AUDIT_TRACEBACK=1 prints them."
    if os.environ.get("REPRO_AUDIT_TRACEBACK") == "1":
        traceback.print_exception(error, file=sys.stderr)
    return f"a fault in repro-audit: {kind}\n  {place}"
