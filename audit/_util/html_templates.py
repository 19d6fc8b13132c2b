"""The HTML templates: one way to load them, with every value escaped and printable."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from audit._util.paths import TEMPLATES

if TYPE_CHECKING:
    from jinja2 import Environment

# Not allowed in XML, HTML or PDF text: control characters, lone surrogates, two non-characters.
_FORBIDDEN = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"
# Direction marks, with which a text could disguise its neighbours, and what has no width, with which two texts could look the
# same or one could carry another: soft hyphen, fillers, joiners, byte order marks, annotations, tags, supplementary selectors.
_HIDDEN = (
    "\xad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Joiners shape letters of other scripts and emoji; beside ASCII, and at either end, they show nothing.
_JOINERS = "(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
UNPRINTABLE = re.compile(f"[{_FORBIDDEN}{_HIDDEN}]|{_JOINERS}")
_ONLY_FORBIDDEN = re.compile(f"[{_FORBIDDEN}]")
# Unicode's isolate around a text of any direction (UAX 9); WeasyPrint does not know <bdi>.
ISOLATE = ("\u2068", "\u2069")
_Value = TypeVar("_Value")


def printable(value: _Value) -> _Value | str:
    """A text without characters that cannot be seen: hidden ones are named (`[U+202E]`), forbidden ones become U+FFFD.

    Any other value, and a text without them, is returned unchanged.
    """
    if isinstance(value, str) and UNPRINTABLE.search(value):
        # Markup stays markup, and keeps the isolates around a text; a text of another kind becomes a plain one.
        if hasattr(value, "__html__"):
            return type(value)(UNPRINTABLE.sub(lambda found: found[0] if found[0] in ISOLATE else _named(found), value))
        return UNPRINTABLE.sub(_named, value)
    return value


def _named(found: re.Match[str]) -> str:
    character = found[0]
    return "\ufffd" if _ONLY_FORBIDDEN.match(character) else f"[U+{ord(character):04X}]"


def html_templates() -> Environment:
    """A new environment of the project's templates; an undefined name is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        finalize=printable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
