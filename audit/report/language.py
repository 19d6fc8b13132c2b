"""The language of a report: gettext catalogues of its sentences; numbers, dates and plural forms by Babel.

The English text of a sentence is its id in the catalogue (`templates/locale/LANGUAGE/LC_MESSAGES/report.po`). Parts that vary
are named placeholders, `{value}`, so that a translation puts them where its grammar wants them:

    tr("{part} of {whole}", part="990", whole="1,000")
    trn("{n} row scored", "{n} rows scored", 3, n="3")    # singular and plural, chosen by the language's own rule
    trc("axis of a figure", "break")                      # a short text whose meaning depends on where it stands
    GRADES = {"E": marked("the team's own choice")}       # collected here, translated where it is shown: tr(GRADES["E"])

`speaking` sets the language for one rendering in the current context: renderings in other threads are not affected, and what
is rendered outside of it is English.
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from audit._util.paths import TEMPLATES
from audit._util.templates import fill
from audit.errors import InputError

if TYPE_CHECKING:
    from babel import Locale

CATALOGUES = TEMPLATES / "locale"


class Language(StrEnum):
    """A language of reports, by its ISO 639-1 code, as HTML and `--lang` name it."""

    ENGLISH = "en"
    KOREAN = "ko"


_current: ContextVar[Language] = ContextVar("language", default=Language.ENGLISH)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Render in this language within the block."""
    token = _current.set(language)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> Language:
    """The language of the rendering at hand."""
    return _current.get()


def language_of(code: str) -> Language:
    """The language with this code.

    Raises:
        InputError: There are no reports in it.
    """
    try:
        return Language(code)
    except ValueError:
        known = ", ".join(Language)
        raise InputError(f"unknown language {code!r}", where="language", fix=f"Use: {known}.") from None


def tr(message: str, /, **values: str) -> str:
    """A message in the current language, its placeholders replaced by `values`."""
    return _filled(_translations(current()).gettext(message), values)


def trn(one: str, many: str, number: int, /, **values: str) -> str:
    """A message about a number of things in the plural form of the current language."""
    return _filled(_translations(current()).ngettext(one, many, number), values)


def trc(context: str, message: str, /, **values: str) -> str:
    """A message that other languages translate differently in different places; translators read `context`."""
    return _filled(_translations(current()).pgettext(context, message), values)


def _filled(template: str, values: dict[str, str]) -> str:
    # Without values, what is asked for is the template.
    return fill(template, values) if values else template


def marked(message: str) -> str:
    """The message itself; the extraction of messages finds it here, `tr` translates it later."""
    return message


def whole_number(number: int) -> str:
    """An integer with the language's separators between thousands."""
    return _grouped(number, current())


@lru_cache(maxsize=1 << 14)
def _grouped(number: int, language: Language) -> str:
    from babel.numbers import format_decimal

    # Tables repeat the size of their set in every row, and Babel reads its pattern anew for each number.
    return format_decimal(number, locale=_locale(language))


def percent(number: Decimal | str) -> str:
    """A number of per cent, with the digits that it has."""
    return trc("a number of per cent", "{number} %", number=str(number))


def day(moment: datetime) -> str:
    """A date: ISO 8601 in English, as usual in the language otherwise."""
    from babel.dates import format_date

    # Translators: a pattern of CLDR, https://cldr.unicode.org/translation/date-time/date-time-patterns
    pattern = trc("date, a CLDR pattern", "yyyy-MM-dd")
    return format_date(moment.date(), pattern, locale=_locale(current()))


@cache
def _locale(language: Language) -> Locale:
    from babel import Locale

    return Locale.parse(language)


@cache
def _translations(language: Language) -> gettext.NullTranslations:
    """The catalogue of a language; English needs none.

    The text file is the only form of a catalogue: nothing has to be compiled, and nothing can be out of date.
    """
    if language is Language.ENGLISH:
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    made = []
    for domain in ("report", "conventions"):
        with (CATALOGUES / language / "LC_MESSAGES" / f"{domain}.po").open("rb") as file:
            catalogue = read_po(file, locale=language, abort_invalid=True)
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        made.append(gettext.GNUTranslations(compiled))
    sentences, conventions = made
    sentences.add_fallback(conventions)
    return sentences
