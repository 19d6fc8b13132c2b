"""An edition of the report as HTML: its template, style sheet, content security policy, and the escaping of texts."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from html import unescape
from typing import TYPE_CHECKING, Any

from audit._util.html_templates import html_templates
from audit._util.last_result import kept_for_last
from audit._util.paths import TEMPLATES
from audit.document.write import to_bytes
from audit.report import vocabulary
from audit.report.context import context
from audit.report.editions import Edition
from audit.report.embedded import data_elements
from audit.report.foreign_text import isolated, quoted
from audit.report.language import CATALOGUES, Language, current, percent, speaking, tr, trc, trn
from audit.report.machine_texts import in_language
from audit.report.numbers import clean, whole
from audit.report.script import script as script_text
from audit.report.script import words
from audit.report.tables import aligned
from audit.schema import AuditDocument

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_CODE = re.compile(r"`([^`]+)`")
_ID = re.compile(r'<[a-z][^>]* id="([^"]*)"')
_LINK = re.compile(r'<a href="#(?P<place>[^"]*)"(?P<rest>[^>]*)>(?P<text>.*?)</a>', re.DOTALL)
# A run of text that has an endless word, and that word.
_TEXT = re.compile(r">[^<]*[^<\s]{1000}[^<]*")
_ENDLESS = re.compile(r"((?:&#?\w+;|[^\s<>&]){120})((?:&#?\w+;|[^\s<>&]){880,})")
_TEMPLATES = {
    Edition.ANSWERS: "answers.html.j2",
    Edition.HTML: "report.html.j2",
    Edition.REPORT: "report-paged.html.j2",
    Edition.ANNEX: "annex.html.j2",
    Edition.SLIDES: "slides.html.j2",
}
# File in templates/fonts, family, weight, style. Extended Latin letters form a separate fallback family, because the PDF
# renderer confuses the glyphs of two files that share family, weight and style.
_FONTS = (
    ("source-serif-4-latin-400-normal", "Source Serif 4", 400, "normal"),
    ("source-serif-4-latin-400-italic", "Source Serif 4", 400, "italic"),
    ("source-serif-4-latin-600-normal", "Source Serif 4", 600, "normal"),
    ("source-serif-4-latin-ext-400-normal", "Source Serif Extended", 400, "normal"),
    ("source-sans-3-latin-400-normal", "Source Sans 3", 400, "normal"),
    ("source-sans-3-latin-400-italic", "Source Sans 3", 400, "italic"),
    ("source-sans-3-latin-600-normal", "Source Sans 3", 600, "normal"),
    ("source-sans-3-latin-ext-400-normal", "Source Sans Extended", 400, "normal"),
    ("source-code-pro-latin-400-normal", "Source Code Pro", 400, "normal"),
)


def render(audit: AuditDocument, edition: Edition = Edition.HTML, language: Language = Language.ENGLISH) -> str:
    """An edition of the report as HTML, for a browser or for the PDF renderer.

    Args:
        audit: The document.
        edition: The edition.
        language: The language of its sentences; quotations of records stay as they are.
    """
    with speaking(language):
        return _render(audit, edition)


def render_slides(audit: AuditDocument, language: Language = Language.ENGLISH) -> Iterator[str]:
    """The slide of each claim as a page of its own, in the audit's order; for the arguments see `render`."""
    with speaking(language):
        names = _names(audit, Edition.SLIDES)
        found = [
            _filled(Edition.SLIDES, {**names, "claims": [one], "alone": n}) for n, one in enumerate(names["claims"], 1)
        ]
    yield from found


def _render(audit: AuditDocument, edition: Edition) -> str:
    return _filled(edition, _names(audit, edition))


@kept_for_last
def _readable(audit: AuditDocument, language: Language) -> AuditDocument:
    """The document with every text printable, and the program's in the current language, which is `language`."""
    del language
    return in_language(clean(audit))


def _names(audit: AuditDocument, edition: Edition) -> dict[str, Any]:
    # A typesetter has its style sheet already, with the fonts loaded.
    style = "" if edition.paged else style_sheet(current(), paged=False)
    canonical = to_bytes(audit)
    interactive = edition is Edition.HTML
    script = script_text() if interactive else ""
    return {
        **context(_readable(audit, current()), edition),
        "alone": 0,  # the number of a slide that has a file of its own
        "audit_sha256": hashlib.sha256(canonical).hexdigest(),
        "language": current(),
        "style": style,
        "script": script,
        "data": data_elements(canonical, words()) if interactive else "",
        "csp": _policy(style, script),
    }


def _filled(edition: Edition, names: Mapping[str, Any]) -> str:
    text = templates().get_template(_TEMPLATES[edition]).render(names)
    if edition.paged:
        text = _abridged(text)
    return _within(_tidy(text), beyond="report.html" if edition is Edition.ANSWERS else None) + "\n"


def _abridged(text: str) -> str:
    """Show the beginning of a word of thousands of characters only; the attached audit.json has it whole.

    On paper it would fill pages, and its layout takes time with the square of its length.
    """

    def beginning(match: re.Match[str]) -> str:
        more = len(unescape(match[2]))
        return match[1] + trn("\u2026 [{n} more character]", "\u2026 [{n} more characters]", more, n=whole(more))

    return _TEXT.sub(lambda match: _ENDLESS.sub(beginning, match[0]), text)


def _within(text: str, beyond: str | None) -> str:
    """Links to places that this edition leaves out: they lead into the file `beyond`, or become plain text.

    Texts are escaped, so that only our own markup looks like a link.
    """
    here = set(_ID.findall(text))

    def link(match: re.Match[str]) -> str:
        if match["place"] in here:
            return match[0]
        if beyond is None:
            return f"<span{match['rest']}>{match['text']}</span>"
        return f'<a href="{beyond}#{match["place"]}"{match["rest"]}>{match["text"]}</a>'

    return _LINK.sub(link, text)


def _tidy(text: str) -> str:
    """Remove blank lines."""
    return re.sub(r"\n\s*\n+", "\n", text).strip()


@cache
def _read(name: str) -> str:
    return _tidy((TEMPLATES / name).read_text(encoding="utf-8"))


@cache
def style_sheet(language: Language, *, paged: bool) -> str:
    """The style sheet of pages or screens: fonts, the labels of cells on a telephone, and what the edition looks like."""
    with speaking(language):
        labels = "" if paged else f":root{{{';'.join(f'--label-{name}:{_css(text)}' for name, text in _labels())}}}"
    faces = []
    for name, family, weight, style in _FONTS:
        data = base64.b64encode((TEMPLATES / "fonts" / f"{name}.woff2").read_bytes()).decode("ascii")
        faces.append(
            f'@font-face{{font-family:"{family}";font-weight:{weight};font-style:{style};font-display:swap;'
            f'src:url("data:font/woff2;base64,{data}") format("woff2")}}'
        )
    sheets = ["base.css", "print.css"] if paged else ["base.css", "screen.css", "tools.css"]
    own = CATALOGUES / language
    sheets += [
        f"{own.relative_to(TEMPLATES)}/{name}.css"
        for name in ("report", "print" if paged else "screen")
        if (own / f"{name}.css").is_file()
    ]
    return "\n".join([*faces, labels, *(_read(sheet) for sheet in sheets)])


def _labels() -> tuple[tuple[str, str], ...]:
    """What stands above a cell where a table becomes a list: in the style sheet once, not in thousands of cells."""
    return (
        ("origin", tr("Origin")),
        ("value", tr("Value")),
        ("interval", tr("95 % interval")),
        ("rows", tr("Rows scored")),
        ("difference", tr("Difference")),
        ("agreement", tr("Agreement")),
    )


def _css(text: str) -> str:
    """A text as a string of CSS."""
    return '"' + "".join(c if c.isalnum() or c == " " else f"\\{ord(c):x} " for c in text) + '"'


def _policy(style: str, script: str) -> str:
    """A content security policy that allows only this style sheet and this script, if there is one."""
    styles, scripts = (base64.b64encode(hashlib.sha256(t.encode()).digest()).decode("ascii") for t in (style, script))
    allowed = f"script-src 'sha256-{scripts}'; " if script else ""
    return (
        f"default-src 'none'; style-src 'sha256-{styles}'; {allowed}font-src data:; base-uri 'none'; form-action 'none'"
    )


@cache
def templates() -> Environment:
    """The environment of the templates."""
    environment = html_templates()
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    # Functions of jinja2.ext.i18n; they ask for the language of the rendering at hand.
    environment.install_gettext_callables(tr, trn, newstyle=False, pgettext=trc)  # type: ignore[attr-defined]
    environment.filters |= {
        "prose": _prose,
        "quoted": quoted,
        "isolate": isolated,
        "whole": whole,
        "words": _words,
        "bare_url": _bare_url,
        "percent": percent,
        "treatment": vocabulary.treatment,
        "code_available": vocabulary.code_available,
        "identity_state": vocabulary.identity_state,
        "prompts_state": vocabulary.prompts_state,
        "margin_kind": vocabulary.margin_kind,
    }
    environment.globals["same"] = _same
    environment.globals["aligned"] = _aligned
    environment.globals["grades"] = vocabulary.grades
    return environment


def _prose(value: object) -> Markup:
    """Escape a text of a record; text in backticks becomes code."""
    from markupsafe import Markup

    # Texts and codes in turn.
    parts = _CODE.split("" if value is None else str(value))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if n % 2 else quoted(part) for n, part in enumerate(parts)
    )


def _aligned(texts: Iterable[str]) -> Mapping[str, str]:
    """The class that aligns each number of a column; empty for those that need none, and for texts."""
    return defaultdict(str, aligned(texts))


def _words(key: object) -> str:
    return str(key).replace("_", " ").replace("-", " ")


def _bare_url(url: object) -> str:
    return str(url).removeprefix("https://").partition("?")[0].rstrip("/")


_CIRCLES = {
    "yes": '<circle cx="6" cy="6" r="4.6" fill="#1f2328"/>',
    "partly": '<circle cx="6" cy="6" r="4" fill="none" stroke="#1f2328" stroke-width="1.2"/>'
    '<path d="M6 2a4 4 0 0 0 0 8z" fill="#1f2328"/>',
    "no": '<circle cx="6" cy="6" r="4" fill="none" stroke="#1f2328" stroke-width="1.2"/>',
    "unknown": '<circle cx="6" cy="6" r="4" fill="none" stroke="#8a9099" stroke-width="1" stroke-dasharray="1.6 1.5"/>',
}


def _same(kind: str) -> Markup:
    """Whether the data are the same, as a circle: full, half, empty or dotted."""
    from markupsafe import Markup

    circle = _CIRCLES.get(kind, _CIRCLES["unknown"])
    size = 'viewBox="0 0 12 12" width="12" height="12"'
    return Markup(f'<svg class="icon same" {size} aria-hidden="true" focusable="false">{circle}</svg>')  # noqa: S704
