"""Prints `SHA256  NAME` of every archive in pip's installation reports, sorted by name: `wheels.py REPORT.json ...`."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def lines(*reports: str) -> list[str]:
    """The list's lines.

    Raises:
        KeyError: An archive without a hash was installed.
    """
    found = []
    for item in (item for report in reports for item in json.loads(report)["install"]):
        source = item["download_info"]
        found.append((source["url"].rsplit("/", maxsplit=1)[-1], source["archive_info"]["hashes"]["sha256"]))
    return [f"{digest}  {name}" for name, digest in sorted(found)]


if __name__ == "__main__":
    print("\n".join(lines(*(Path(name).read_text(encoding="utf-8") for name in sys.argv[1:]))))
