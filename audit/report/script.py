"""The script of the HTML report: plain modules, joined in this order, without which the page is complete, too."""

from __future__ import annotations

import json
import re
from functools import cache

from audit._util.paths import TEMPLATES
from audit.report.language import tr

MODULES = (
    "core", "rational", "data", "fold", "agreement", "signature", "check", "tables", "survey", "find", "rows", "details",
    "keys", "start",
)  # fmt: skip
# A sentence of the script: `_("...")`, which scripts/messages.py collects, too.
_SENTENCE = re.compile(r'\b_\(("(?:[^"\\]|\\.)*")')


@cache
def script() -> str:
    """The text of the page's one script, without blank lines, which the page has none of."""
    texts = "\n".join((TEMPLATES / "js" / f"{name}.js").read_text(encoding="utf-8") for name in MODULES)
    return re.sub(r"\n\s*\n+", "\n", f'(function () {{\n"use strict";\n{texts}}}());').strip()


@cache
def sentences() -> tuple[str, ...]:
    """The sentences that the script may show, in English."""
    return tuple(dict.fromkeys(json.loads(found) for found in _SENTENCE.findall(script())))


def words() -> dict[str, str]:
    """The script's sentences in the current language, without those that are the same in English."""
    return {sentence: said for sentence in sentences() if (said := tr(sentence)) != sentence}
