"""Languages of the report: messages, plural forms, numbers and dates; and that one rendering never speaks for another."""

from __future__ import annotations

import ast
import gettext
import hashlib
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message

from audit._util.templates import fill, split
from audit.errors import InputError
from audit.report import language
from audit.report.editions import Edition
from audit.report.formats import language_of_page
from audit.report.language import Language, current, language_of, speaking, tr, trc, trn
from audit.report.markup import Part, code, enumeration, listed, said, said_many
from audit.report.numbers import chance, date, share, whole
from audit.report.page import render
from audit.report.script import sentences
from tests.support.example_audit import document
from tests.support.paths import ROOT

NOON = 1_763_856_000  # 2025-11-23


def load_script() -> ModuleType:
    found = importlib.util.spec_from_file_location("messages_script", ROOT / "scripts" / "messages.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


messages = load_script()
COLLECTED: Catalog = messages.collected()
PATHS = sorted(language.CATALOGUES.glob("*/LC_MESSAGES/report.po"))
ALL = sorted(language.CATALOGUES.glob("*/LC_MESSAGES/*.po"))


def strings(message: Message) -> list[str]:
    string = message.string or ""
    return list(string) if isinstance(string, tuple | list) else [string]


def placeholders(text: str) -> set[str]:
    """Of both kinds: `{name}` in Python, `%(name)s` in templates."""
    return set(re.findall(r"\{[a-z_]+\}|%\([a-z_]+\)s", text))


def test_every_language_but_english_has_a_catalogue() -> None:
    assert [path.parent.parent.name for path in PATHS] == [str(lang) for lang in Language if lang != Language.ENGLISH]


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_translations_have_the_placeholders_and_plural_forms_of_their_message(path: Path) -> None:
    known = messages.catalogue(path)
    for message in known:
        if not message.id:
            continue
        ids = list(message.id) if isinstance(message.id, tuple | list) else [message.id]
        assert len(strings(message)) == (known.num_plurals if message.pluralizable else 1), message.id
        for text in filter(None, strings(message)):
            # A plural form may leave the number out, as English does in "one value": none may have another one.
            assert placeholders(text) <= placeholders(ids[-1]), message.id
            assert placeholders(text) >= placeholders(ids[0]) & placeholders(ids[-1]), message.id


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_catalogue_is_written_as_the_extraction_writes_it(path: Path) -> None:
    assert messages.text(messages.catalogue(path)) == path.read_text(encoding="utf-8")


def test_no_message_stands_inside_an_f_string() -> None:
    """Python 3.11 reads an f-string as one piece, so the extraction would find the message only with later versions."""
    for path in sorted((ROOT / "audit").rglob("*.py")):
        for string in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(string, ast.JoinedStr):
                called = {node.func.id for node in ast.walk(string)
                          if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}  # fmt: skip
                assert not called & {"tr", "trn", "trc", "said", "said_many"}, (path, string.lineno)


def test_placeholders_are_names_alone() -> None:
    """No format specification: what it would do to a translator's text, or to a value, is not for a catalogue to say."""
    for message in COLLECTED:
        for text in message.id if isinstance(message.id, tuple | list) else [message.id]:
            assert not re.search(r"\{[^a-z}]|\{[a-z_]+[^a-z_}]", text), text


@pytest.fixture
def korean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Korean with two messages of its own."""

    class Two(gettext.NullTranslations):
        def gettext(self, message: str) -> str:
            return {"{part} of {whole}": "{whole} 중 {part}", "a {kind} value": "{kind} 값"}.get(message, message)

        def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
            return {"{n} row scored": "{n}행 채점"}[msgid1]

    monkeypatch.setattr(language, "_translations", lambda _: Two())
    with speaking(Language.KOREAN):
        yield


def test_a_translation_puts_the_parts_where_its_grammar_wants_them(korean: None) -> None:
    assert tr("{part} of {whole}", part="990", whole="1,000") == "1,000 중 990"
    assert said("{part} of {whole}", part=code("990"), whole="1,000") == (Part("1,000"), Part(" 중 "), code("990"))
    assert tr("without a translation") == "without a translation"
    assert trn("{n} row scored", "{n} rows scored", 1, n="1") == "1행 채점"
    assert said_many("{n} row scored", "{n} rows scored", 2, n=Part("2", "strong"))[0] == Part("2", "strong")


def test_english_is_the_message_itself() -> None:
    assert tr("{part} of {whole}", part="990", whole="1,000") == "990 of 1,000"
    assert trn("{n} row", "{n} rows", 1, n="1") == "1 row"
    assert trn("{n} row", "{n} rows", 0, n="0") == "0 rows"
    assert trc("anywhere", "break") == "break"


def test_values_are_not_searched_for_placeholders() -> None:
    assert fill("{a} and {b}", {"a": "{b}", "b": "{a.__class__} {0} {"}) == "{b} and {a.__class__} {0} {"
    assert split("a {b} {C} {}") == [("a ", "b"), (" {C} {}", "")]
    with pytest.raises(KeyError):
        tr("{a}", b="")


def test_lists() -> None:
    assert [enumeration(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert listed([[code("a")], [Part("b")]]) == [code("a"), Part(" and "), Part("b")]


def test_numbers_and_dates_are_those_of_the_language() -> None:
    assert (whole(1234567), share(996, 1000), chance("0.31"), date(NOON)) == (
        "1,234,567", "99.6 %", "at most 31 %", "2025-11-23",
    )  # fmt: skip


def test_a_language_ends_with_its_block_whatever_happens() -> None:
    def fail() -> None:
        with speaking(Language.KOREAN):
            assert current() is Language.KOREAN
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert current() is Language.ENGLISH


def test_threads_speak_for_themselves() -> None:
    def speak(lang: Language) -> list[Language]:
        with speaking(lang):
            return [current() for _ in range(1000)]

    with ThreadPoolExecutor(4) as pool:
        wanted = list(Language) * 8
        assert [set(found) for found in pool.map(speak, wanted)] == [{lang} for lang in wanted]


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(InputError, match="unknown language 'xx'"):
        language_of("xx")
    assert language_of("ko") is Language.KOREAN


def test_the_extraction_finds_python_and_templates() -> None:
    """Also contexts, plural forms and comments."""
    found: dict[Any, Message] = {(m.context, m.id): m for m in COLLECTED if m.id}
    assert ("date, a CLDR pattern", "yyyy-MM-dd") in found
    assert found["date, a CLDR pattern", "yyyy-MM-dd"].auto_comments
    assert all(
        location[0].startswith(("audit/", "tasks/", "templates/")) for m in found.values() for location in m.locations
    )


def test_the_extraction_finds_every_sentence_of_the_script() -> None:
    """Babel reads JavaScript in its own way: a quote in a regular expression would hide what follows it."""
    assert set(sentences()) <= {m.id for m in COLLECTED}


def test_korean_numbers_dates_and_lists() -> None:
    with speaking(Language.KOREAN):
        assert (whole(1234567), share(996, 1000), date(NOON)) == ("1,234,567", "99.6%", "2025년 11월 23일")
        assert chance("0.31") == "31% 이하"
        assert enumeration(["a", "b", "c"]) == "a, b, c"
        # One form for every number.
        assert trn("{n} row", "{n} rows", 1, n="1") == "1행"
        assert trn("{n} row", "{n} rows", 2, n="2") == "2행"


@pytest.mark.parametrize("edition", list(Edition))
def test_the_same_document_gives_the_same_bytes_in_both_languages(edition: Edition, audit: dict[str, Any]) -> None:
    """Whatever was rendered in between, and in another process with another hash seed, zone and locale."""
    read = document(audit)
    first = {lang: render(read, edition, language=lang) for lang in Language}
    assert {lang: render(read, edition, language=lang) for lang in reversed(Language)} == first
    assert first[Language.KOREAN] != first[Language.ENGLISH]
    program = (
        "import sys, hashlib; sys.path[:0] = sys.argv[1:3]\n"
        "from tests.support.example_audit import build, document\n"
        "from audit.report.page import render\nfrom audit.report.editions import Edition\n"
        "from audit.report.language import Language\n"
        "for lang in Language:\n"
        "    print(hashlib.sha256(render(document(build()), Edition(sys.argv[3]), language=lang).encode()).hexdigest())"
    )
    other = {**os.environ, "TZ": "Asia/Seoul", "PYTHONHASHSEED": "7", "LC_ALL": "C.UTF-8", "LANGUAGE": "ko"}
    told = subprocess.run(
        [sys.executable, "-c", program, str(ROOT), str(ROOT / "tests"), edition],
        env=other, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert told == [hashlib.sha256(first[lang].encode()).hexdigest() for lang in Language]


def test_every_korean_page_says_its_language_and_has_no_italics_for_hangul(audit: dict[str, Any]) -> None:
    shown = render(document(audit), Edition.HTML, language=Language.KOREAN)
    assert shown.startswith('<!DOCTYPE html>\n<html lang="ko">\n')
    assert "word-break: keep-all" in shown
    assert "font-style: normal" in shown
    assert language_of_page(shown.encode()) is Language.KOREAN
