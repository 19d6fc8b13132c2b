"""SHA256SUMS: a list for `sha256sum --check`, in canonical form."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from audit.provenance.errors import RejectedError
from audit.provenance.format.archive import check_name

_LINE = re.compile(r"([0-9a-f]{64})  (\S+)\Z")


def sha256(data: bytes) -> str:
    """SHA-256 as lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def compare(
    found: Mapping[str, bytes], listed: Mapping[str, str], *, missing: str, unexpected: str, different: str
) -> None:
    """Compare files with a list of their SHA-256: the same names, each with its bytes.

    Args:
        found: Name -> bytes.
        listed: Name -> SHA-256.
        missing: What an error says of a listed file that is not there.
        unexpected: What it says of a file that is not listed.
        different: What it says of other bytes.

    Raises:
        RejectedError: They differ; of several names, the first is named.
    """
    for name in sorted(found.keys() | listed.keys()):
        if name not in found:
            raise RejectedError(name, "missing", missing)
        if name not in listed:
            raise RejectedError(name, "unexpected-file", unexpected)
        if sha256(found[name]) != listed[name]:
            raise RejectedError(name, "digest-mismatch", different)


def write(digests: Mapping[str, str]) -> bytes:
    """Write the list of names and their SHA-256, sorted by name."""
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests)).encode("ascii")


def read(raw: bytes, file: str) -> dict[str, str]:
    """Read the names and digests of a list in the form that `write` produces.

    Raises:
        RejectedError: A different form, a duplicate name, or a name that is not allowed.
    """
    if not raw.isascii():
        raise RejectedError(file, "malformed", "not ASCII")
    digests: dict[str, str] = {}
    # The list may be empty; a last line without a line feed is not what `write` produces.
    for line in raw.decode("ascii").split("\n")[:-1]:
        match = _LINE.match(line)
        if match is None:
            raise RejectedError(file, "malformed", f"not a line of a checksum list: {line[:80]!r}")
        digests[check_name(match[2], file)] = match[1]
    if write(digests) != raw:
        raise RejectedError(file, "not-canonical", "the list is unsorted, or has duplicate names or wrong line ends")
    return digests
