"""VERIFY.md: the commands with which others check a package. A function of the package, so that `verify` can write it again.

Whoever signs a package could put other commands in it, and readers paste them into a shell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from audit._util.paths import TEMPLATES
from audit.provenance.errors import RejectedError
from audit.provenance.format import layout

# The template of this edition, and those of earlier ones, whose packages are still accepted. When the template changes after a
# release, the released one becomes the next number here; the golden packages tell if it is missing.
_TEMPLATES = ("VERIFY.md.j2", "verify/2.md.j2", "verify/1.md.j2")
# Letters, digits and signs of which Markdown and HTML make nothing: a name must not begin a block of commands or a link.
_OTHER = re.compile(r"[^\w .,:;()@'&+/-]")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the text says of a package.

    Args:
        study: The study's id.
        subjects: The number of subjects of the root statement.
        unsigned_bytes: The length of the report as a PDF before it was signed.
        ephemeral: Whether the key was made for this package.
        signer: The name in the certificate.
        self_signed: Whether the certificate is.
        fingerprint: SHA-256 of the key, in hex.
        stamped: Whether there is a time stamp.
        predictions: Whether the audit has predictions.
        with_predictions: Whether they are in the package.
        sealed: The number of commitments of a blind edition; None if it is not one.
        annex_bytes: The length of the annex before it was signed; None without an annex.
    """

    study: str
    subjects: int
    unsigned_bytes: int
    ephemeral: bool
    signer: str
    self_signed: bool
    fingerprint: str
    stamped: bool
    predictions: bool
    with_predictions: bool
    sealed: int | None = None
    annex_bytes: int | None = None


def text(facts: Facts) -> bytes:
    """VERIFY.md of a package."""
    return _render(_TEMPLATES[0], facts)


def check(files: Mapping[str, bytes], facts: Facts) -> None:
    """Check that a package's VERIFY.md is one that this program writes, or has written, for it.

    Raises:
        RejectedError: It is not.
    """
    if all(_render(template, facts) != files[layout.VERIFY] for template in _TEMPLATES):
        raise RejectedError(
            layout.VERIFY, "render-mismatch", "not the text that this version writes for this package: do not follow it"
        )


def _render(template: str, facts: Facts) -> bytes:
    import jinja2

    loader = jinja2.FileSystemLoader(TEMPLATES)
    # The output is Markdown, in which the names have no signs that mean anything.
    engine = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)  # noqa: S701
    values: dict[str, Any] = asdict(facts)
    for name in ("study", "signer"):
        values[name] = _OTHER.sub("?", values[name])
    return engine.get_template(template).render(values).encode("utf-8")
