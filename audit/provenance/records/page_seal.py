"""The signature inside report.html: a Sigstore bundle over audit.json, in the one element that is left empty for it.

It cannot cover the file that it is in. So `verify` takes the element's content out, compares everything else with what
audit.json renders to, and accepts nothing in the element but this bundle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit._util import canonical_json
from audit.provenance.errors import RejectedError
from audit.provenance.format import layout
from audit.provenance.format.checksums import sha256
from audit.provenance.records import statement
from audit.provenance.signing import bundle, keys
from audit.report.embedded import SEAL_CLOSE, SEAL_OPEN
from audit.report.page_text import digests

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

_OPEN, _CLOSE = SEAL_OPEN.encode("ascii"), SEAL_CLOSE.encode("ascii")


def parts(page: bytes) -> tuple[bytes, bytes]:
    """The page with the element emptied, and the element's content.

    Raises:
        RejectedError: There is not exactly one such element.
    """
    before, opened, after = page.partition(_OPEN)
    if not opened or _OPEN in after:
        raise RejectedError(layout.REPORT_HTML, "malformed", "not exactly one element for a signature")
    content, left, rest = after.partition(b"<")
    if not (left + rest).startswith(_CLOSE):
        raise RejectedError(layout.REPORT_HTML, "malformed", "the element for a signature contains another element")
    return before + opened + left + rest, content


def sign(page: bytes, audit_json: bytes, key: keys.SigningKey) -> bytes:
    """The page with a signature over audit.json in it, in place of any other.

    Args:
        page: report.html.
        audit_json: The audit that it shows.
        key: The package's.

    Raises:
        RejectedError: The page has no element for it, or several.
    """
    empty, _ = parts(page)
    made = bundle.sign(_statement(empty, audit_json, key.public, key.identity), key)
    return empty.replace(_OPEN, _OPEN + canonical_json.dumps(made), 1)


def verify(page: bytes, audit_json: bytes, public: ec.EllipticCurvePublicKey, signer: str) -> None:
    """Check that the element holds the package's own signature over audit.json and this page's texts.

    Raises:
        RejectedError: See `parts` and `bundle.verify`; or the statement is about a different audit.json, key or page.
    """
    empty, content = parts(page)
    found = bundle.verify(content, public, layout.REPORT_HTML, predicate_type=layout.PAGE_TYPE)
    wanted = _statement(empty, audit_json, public, signer)
    if found.statement["subject"] != wanted["subject"]:
        raise RejectedError(layout.REPORT_HTML, "wrong-statement", "the signature in it is over a different audit.json")
    if found.statement != wanted:
        raise RejectedError(
            layout.REPORT_HTML, "wrong-statement", "the signature in it is about a different page or key than this one"
        )


def _statement(page: bytes, audit_json: bytes, public: ec.EllipticCurvePublicKey, signer: str) -> dict[str, object]:
    try:
        texts = digests(page.decode("utf-8"))
    except UnicodeDecodeError:
        raise RejectedError(layout.REPORT_HTML, "malformed", "not UTF-8") from None
    return statement.page(sha256(audit_json), keys.public_pem(public).decode("ascii"), signer, texts)
