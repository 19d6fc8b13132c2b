"""Writes `seen` into a study's YAML by editing the text, so that comments and layout stay."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from audit._util.files import write_atomic
from audit._util.strict_yaml import Document, load, parse
from audit.errors import InputError
from audit.literature.schema import checked


def mark(path: str | Path, pages: Mapping[str, int], sha256: str) -> int:
    """Mark claims as seen: `seen: {page: 7, sha256: ...}` before their locator, or in the place of an older mark.

    Args:
        path: The study.
        pages: Claim -> the page on which its printed string was seen.
        sha256: The PDF's.

    Returns:
        The number of claims whose mark changed. If none did, the file is not written.

    Raises:
        InputError: A claim is written in flow style, where no line can be inserted; the file is unchanged.
    """
    path = Path(path)
    document = load(path)
    # Not read_text(), which would change line ends; not splitlines(), which knows more of them than YAML does.
    lines = re.findall(r"[^\n]*\n|[^\n]+", path.read_bytes().decode("utf-8"))
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    edits: list[tuple[int, int, str]] = []
    for index, entry in enumerate(document.data["claims"]):
        page = pages.get(entry["id"])
        if page is None or entry.get("seen") == {"page": page, "sha256": sha256}:
            continue
        edits.append(_edit(document, index, f"seen: {{page: {page}, sha256: {sha256}}}", lines))
    for first, last, line in sorted(edits, reverse=True):
        lines[first:last] = [f"{line}{end}"]
    if edits:
        changed = "".join(lines)
        after = checked(parse(changed.encode("utf-8"), path), "study")
        _same_but_seen(document, after)
        write_atomic(path, changed, mode=path.stat().st_mode & 0o777)
    return len(edits)


def _edit(document: Document, index: int, seen: str, lines: list[str]) -> tuple[int, int, str]:
    """The lines to replace (none, for an insertion) and the new line."""
    place = ("claims", index)
    has = "seen" in document.data["claims"][index]
    first = document.lines[*place, "seen" if has else "locator"] - 1
    match = re.match(r"(\s*)(- )?(\"?)(seen|locator)\3\s*:", lines[first])
    if match is None or (match.group(2) and not has and match.group(4) == "locator"):
        raise InputError(
            f"no line can be inserted for `{seen}`",
            where=document.where((*place, "locator")),
            fix="Write each field of the claim on its own line, the id first; or add the text by hand.",
        )
    indent = match.group(1) + (match.group(2) or "")
    if not has:
        return first, first, f"{indent}{seen}"
    last = first + 1
    while last < len(lines) and re.match(rf"{re.escape(match.group(1))}\s+(page|sha256)\s*:", lines[last]):
        last += 1
    return first, last, f"{indent}{seen}"


def _same_but_seen(before: Document, after: Document) -> None:
    """Make sure that the edited text differs in `seen` alone."""

    def without(document: Document) -> object:
        claims = [{k: v for k, v in entry.items() if k != "seen"} for entry in document.data["claims"]]
        return {**document.data, "claims": claims}

    if without(before) != without(after):
        raise InputError(
            "the marks cannot be written without changing other fields",
            where=str(before.path),
            fix="Write each field of a claim on its own line.",
        )
