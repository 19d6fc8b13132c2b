"""The HTML templates: one way to load them, with every value escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit._util.paths import TEMPLATES

if TYPE_CHECKING:
    from jinja2 import Environment


def html_templates() -> Environment:
    """A new environment of the project's templates; an undefined name is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
