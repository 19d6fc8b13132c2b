"""Every sentence of the report stands in the catalogues, and the catalogues are complete.

The first is seen by rendering with a catalogue whose translations are marked: what a reader sees outside of the marks must be
data of the document.
"""

from __future__ import annotations

import gettext
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from audit.pipeline.request import AuditRequest
from audit.pipeline.run import run
from audit.report import language, page
from audit.report.editions import Edition
from audit.report.language import Language
from audit.report.latex import render_tex
from audit.report.machine_texts import FIELDS
from audit.schema import AuditDocument
from tests.audit.report.test_language import COLLECTED, PATHS, messages, strings
from tests.support.example_audit import build, document
from tests.support.paths import ROOT
from tests.support.planned import follow, planned, prepare, sentences

OPEN, CLOSE = "\u27e6", "\u27e7"
# What is printed as it is in every language: names of files and fields, algorithms, and the words of a LaTeX file.
NAMES = frozenset(
    [
        "esc",
        "audit",
        "json",
        "sha",
        "source",
        "date",
        "epoch",
        "unicode",
        "report",
        "html",
        "pdf",
        "measurements",
        "csv",
        "wilson",
        "id",
    ]
)
LATEX = frozenset(
    [
        "usepackage",
        "kotex",
        "booktabs",
        "begin",
        "tabular",
        "llrrrll",
        "toprule",
        "midrule",
        "bottomrule",
        "end",
        "texttt",
        "dagger",
    ]
)
_PLACEHOLDER = re.compile(r"(?<!#)(\{[a-z_]+\}|%\([a-z_]+\)s)")
_WORD = re.compile(r"[A-Za-z]{2,}")
_HASH = re.compile(r"\b[0-9a-f]{12,64}\b")


@pytest.fixture
def marks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Korean with marked English instead of translations; style sheets, which are kept, hold some of them."""
    monkeypatch.setattr(language, "_translations", lambda _: Marks())
    page.style_sheet.cache_clear()
    yield
    page.style_sheet.cache_clear()


def marked(message: str) -> str:
    """The message with marks around what is its own; what stands for a placeholder is outside."""
    parts = _PLACEHOLDER.split(message)
    return "".join(part if n % 2 else f"{OPEN}{part}{CLOSE}" for n, part in enumerate(parts) if part)


class Marks(gettext.NullTranslations):
    def gettext(self, message: str) -> str:
        return marked(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return marked(msgid2)

    def pgettext(self, context: str, message: str) -> str:
        return message if "CLDR" in context else marked(message)


class Seen(HTMLParser):
    """What a reader sees or hears: texts, titles and labels."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.attributes: list[str] = []
        self.hidden = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag in {"style", "script"}
        spoken = ("title", "aria-label", "alt", "data-label", "placeholder", "content")
        named = dict(attrs).get("name")
        self.attributes += [
            value for name, value in attrs if name in spoken and value and (name != "content" or named == "description")
        ]

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in {"style", "script"}

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.texts.append(data)


def outside(pieces: list[str]) -> Iterator[str]:
    """What stands outside of the marks, piece by piece."""
    depth = 0
    for piece in pieces:
        kept = ""
        for character in piece:
            depth += (character == OPEN) - (character == CLOSE)
            assert depth >= 0, piece
            kept += " " if depth or character == CLOSE else character
        yield kept
    assert not depth


def words_of(value: Any) -> Iterator[str]:
    """The words of a document's data, without the texts that the program writes into it."""
    if isinstance(value, str):
        yield from (word.casefold() for word in _WORD.findall(value))
    elif is_dataclass(value):
        for item in fields(value):
            if item.name not in (*FIELDS.get(type(value), ()), "phrases"):
                yield from words_of(getattr(value, item.name))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from (*words_of(key), *words_of(item))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from words_of(item)


def unknown(text: str, known: frozenset[str]) -> list[str]:
    return [word for word in _WORD.findall(_HASH.sub("", text)) if word.casefold() not in known]


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, AuditDocument]:
    """With every verdict, with recorded values and the whole survey, and with a planned sample and the parts of gaps."""
    rows = sentences()
    made = prepare(tmp_path_factory.mktemp("plan"), rows, "2.1")
    follow(made, rows, planned(made, rows), 60)
    return {
        "example": document(build(hostile=False)),
        "default": run(AuditRequest(replicates=0)).document,
        "planned": made.audit().document,
    }


@pytest.mark.parametrize("name", ["example", "default", "planned"])
@pytest.mark.parametrize("edition", list(Edition))
def test_what_a_reader_sees_is_in_the_catalogue_or_in_the_document(
    name: str, edition: Edition, documents: dict[str, AuditDocument], marks: None
) -> None:
    known = frozenset(words_of(documents[name])) | NAMES
    seen = Seen(page.render(documents[name], edition, language=Language.KOREAN))
    assert any(OPEN in text for text in seen.texts)
    for pieces in (seen.texts, *([label] for label in seen.attributes)):
        found = [(piece, unknown(kept, known)) for piece, kept in zip(pieces, outside(pieces), strict=True)]
        assert [(piece, words) for piece, words in found if words] == []


def test_so_is_the_latex_table(documents: dict[str, AuditDocument], marks: None) -> None:
    known = frozenset(words_of(documents["example"])) | NAMES | LATEX
    text = render_tex(documents["example"], Language.KOREAN)
    assert unknown("".join(outside([text])), known) == []


def test_a_sentence_outside_of_the_catalogue_is_found(documents: dict[str, AuditDocument], marks: None) -> None:
    """The test above can fail: a text and a label that nobody wrapped."""
    plain = documents["example"]
    shown = page.render(plain, Edition.ANSWERS, language=Language.KOREAN)
    broken = shown.replace("</h1>", "</h1><p title='Forgotten label'>A sentence that nobody translates.</p>")
    known = frozenset(words_of(plain)) | NAMES
    seen = Seen(broken)
    found = [words for kept in outside(seen.texts) if (words := unknown(kept, known))]
    assert found == [["sentence", "nobody", "translates"]]
    assert any(unknown(label, known) for label in seen.attributes)


def test_a_quotation_is_marked_as_english_in_a_korean_page(documents: dict[str, AuditDocument]) -> None:
    plain = documents["example"]
    first = replace(plain.claims[0], notes="Nobody knows what this is. `wer`")
    made = replace(plain, claims=(first, *plain.claims[1:]))
    korean = page.render(made, Edition.HTML, language=Language.KOREAN)
    assert '<span lang="en">Nobody knows what this is.</span> <code>wer</code>' in korean
    assert 'lang="en"' not in page.render(made, Edition.HTML)[100:]


def test_the_script_has_no_sentences_of_its_own() -> None:
    """Each text that the script may show is a message, `_("...")`, which the page gives it in its language."""
    string = r"""(["'`])((?:\\.|(?!\1).)*)\1"""
    sentence = re.compile(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}|^[A-Z][a-z]+ [a-z]{2,}")
    for path in sorted((ROOT / "templates" / "js").glob("*.js")):
        code = re.sub(r"(?m)^\s*//.*$|\s//\s.*$", "", path.read_text(encoding="utf-8"))
        others = re.sub(rf"\b_\({string}", "", code)
        found = [text for _, text in re.findall(string, others) if sentence.search(text)]
        assert [text for text in found if text != "use strict"] == [], path.name


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.parent.parent.name)
def test_every_message_has_a_translation(path: Path) -> None:
    """`nox -s messages` adds a new message; its translation is written by a person."""
    known = messages.catalogue(path)
    wanted = {(m.context, m.id if isinstance(m.id, str) else m.id[0]) for m in COLLECTED if m.id}
    there = {(m.context, m.id if isinstance(m.id, str) else m.id[0]): m for m in known if m.id}
    assert wanted - there.keys() == set()
    assert there.keys() - wanted == set()
    assert [key for key, m in there.items() if m.fuzzy or not all(strings(m))] == []


@pytest.mark.parametrize("edition", list(Edition))
def test_hostile_texts_change_nothing_but_their_own_cell_in_korean(edition: Edition) -> None:
    """The elements of the page are those of the English one, but for the marks of quotations."""

    def reasons(match: re.Match[str]) -> str:
        assert set(re.findall(r"</?([a-z][a-z0-9]*)", match[2])) <= {"a", "b", "bdi", "code", "em", "span", "strong"}
        return f"{match[1]}</p>"

    def elements(lang: Language) -> Counter[str]:
        shown = page.render(document(build(hostile=True)), edition, language=lang)
        assert "<script>alert" not in shown
        # The texts of the script in another language.
        shown = re.sub(r'<script type="application/json" id="words">.*?</script>', "", shown)
        if edition is Edition.SLIDES:
            # A slide has room for so many characters of sentences, so languages may show different numbers of them.
            shown = re.sub(r'(<p class="why">)(.*?)</p>', reasons, shown)
        return Counter(name for name in re.findall(r"</?[a-z][a-z0-9]*", shown) if not name.endswith("span"))

    assert elements(Language.KOREAN) == elements(Language.ENGLISH)
