"""Collect the report's messages from code and templates, and bring the catalogues up to date: `nox -s messages`.

A new message is added without a translation, a changed one keeps its old translation marked `fuzzy`, and one that is no longer
used is removed. The tests say which translations are missing in `report.po`. `conventions.po` has what conventions say of
themselves; a convention may be added without a translation, and is then quoted in English.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "repro-audit"
CATALOGUES = ROOT / "templates" / "locale"
# Functions, and the places of message, plural and context in their arguments.
OF_REPORT: dict[str, Any] = {
    # audit.report.language, audit.report.markup, and those of templates and scripts
    **dict.fromkeys(("tr", "marked", "said", "_", "gettext"), None),
    **dict.fromkeys(("trn", "said_many", "ngettext"), (1, 2)),
    **dict.fromkeys(("trc", "pgettext"), ((1, "c"), 2)),
}
# Texts of audit.json.
OF_DOCUMENT: dict[str, Any] = {
    "phrase": None,
    "Always": (1,),
    **dict.fromkeys(("Detector", "IdentityReason", "Invalid", "Rule"), (2,)),
    "Selection": (3,),
}
# Folder -> files, Babel's method, its options, keywords.
SOURCES: dict[str, tuple[str, str, dict[str, str], dict[str, Any]]] = {
    "audit": ("**.py", "python", {}, OF_DOCUMENT),
    "audit/report": ("**.py", "python", {}, OF_REPORT),
    "tasks": ("**.py", "python", {}, OF_DOCUMENT),
    # The options of the environment in which the report's templates are rendered.
    "templates": ("**.html.j2", "jinja2.ext:babel_extract",
                  {"trimmed": "true", "trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}, OF_REPORT),
}  # fmt: skip
# Lines of the header that nobody fills in here; dates and authors stand in the repository's history.
_HEADER = re.compile(
    r'^"(POT-Creation-Date|PO-Revision-Date|Generated-By|Report-Msgid-Bugs-To|Last-Translator|Language-Team): .*\\n"\n',
    re.MULTILINE,
)


def collected() -> Catalog:
    """All messages of the report, without translations."""
    from audit.report.script import sentences

    found = Catalog(project=PROJECT, fuzzy=False)
    for file, message, comments, context in _messages():
        found.add(message, locations=[(file, 0)], auto_comments=comments, context=context)
    # As the page itself finds what to translate for its script.
    for message in sentences():
        found.add(message, locations=[("templates/js", 0)])
    return found


def of_conventions() -> Catalog:
    """The summaries and notes of all conventions, without translations."""
    from audit.literature.known_tasks import known_tasks

    found = Catalog(project=PROJECT, fuzzy=False)
    conventions = (item for task in known_tasks().values() for items in task.conventions.values() for item in items)
    for text in sorted({text for item in conventions for text in (item.summary, item.notes) if text}):
        found.add(text)
    return found


def _messages() -> Iterator[tuple[str, Any, list[str], str | None]]:
    for folder, (pattern, method, options, keywords) in SOURCES.items():
        for name, _, message, comments, context in extract_from_dir(
            ROOT / folder,
            [(pattern, method)],
            {pattern: options},
            keywords,
            comment_tags=("Translators:",),
            strip_comment_tags=True,
        ):
            yield f"{folder}/{name}", message, comments, context


def catalogue(path: Path) -> Catalog:
    """A catalogue as it stands."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name, domain=path.stem, abort_invalid=True)


def text(catalog: Catalog) -> str:
    """A catalogue as the text of its file: the same messages give the same text."""
    written = io.BytesIO()
    write_po(written, catalog, width=120, include_lineno=False, ignore_obsolete=True)
    return _HEADER.sub("", written.getvalue().decode("utf-8"))


def main() -> int:
    """Update every catalogue, and say what is missing."""
    templates = {"report": collected(), "conventions": of_conventions()}
    for path in sorted(CATALOGUES.glob("*/LC_MESSAGES/*.po")):
        known = catalogue(path)
        known.project, known.version = PROJECT, path.stem
        known.update(templates[path.stem], update_header_comment=False)
        for item in known:
            if not any(_strings(item.string)):
                item.flags.discard("fuzzy")
        path.write_text(text(known), encoding="utf-8")
        # Read once more: Babel keeps flags of a similar message for a new one.
        path.write_text(text(catalogue(path)), encoding="utf-8")
        missing = sum(1 for item in known if item.id and (item.fuzzy or not all(_strings(item.string))))
        print(f"{path.relative_to(ROOT)}: {len(known)} messages, {missing} without a translation")
    return 0


def _strings(string: Any) -> tuple[str, ...]:
    return tuple(string) if isinstance(string, tuple | list) else (string,)


if __name__ == "__main__":
    sys.exit(main())
