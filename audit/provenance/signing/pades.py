"""PAdES on the PDF, as an incremental update: the signed file begins with the deterministic rendering, byte by byte.

The update certifies the document against every later change (DocMDP level 1).
"""

from __future__ import annotations

import hashlib
import io
import logging
from typing import TYPE_CHECKING, Any

from audit.errors import InputError
from audit.provenance.errors import RejectedError
from audit.provenance.signing.keys import SigningKey, public_der

if TYPE_CHECKING:
    from asn1crypto import tsp, x509
    from cryptography.hazmat.primitives.asymmetric import ec

    from audit.provenance.signing.timestamp import Requester

FIELD = "Signature"
# /Contents is reserved before its size is known; the rest stays zero, and the publication statement covers it.
_RESERVED = 8192
_RESERVED_WITH_TIME_STAMP = 32768


def sign(
    unsigned: bytes, key: SigningKey, chain: list[x509.Certificate], *, reason: str, requester: Requester | None = None
) -> bytes:
    """The PDF with a PAdES-B-B signature (B-T with a time stamp) appended.

    Args:
        unsigned: The rendering; the result starts with exactly these bytes.
        key: The key.
        chain: Its certificates, the signer's first.
        reason: The text in the signature's /Reason.
        requester: Asks a time-stamp server; None for no time stamp.

    Raises:
        InputError: The PDF cannot be read.
    """
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.sign import fields, signers

    metadata = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        reason=reason,
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    try:
        writer = _writer(unsigned)
        signer = signers.PdfSigner(metadata, signer=_signer(key, chain), timestamper=_timestamper(requester))
        reserved = _RESERVED if requester is None else _RESERVED_WITH_TIME_STAMP
        signed: bytes = signer.sign_pdf(writer, bytes_reserved=reserved).getvalue()
    except PdfError as error:
        raise InputError(f"the PDF cannot be signed ({error})", where="report.pdf") from None
    if signed[: len(unsigned)] != unsigned:
        raise AssertionError("the incremental update has changed the rendering before it")
    return signed


def check(raw: bytes, unsigned_length: int, public: ec.EllipticCurvePublicKey, file: str) -> None:
    """Accept a PDF that the key has certified from its first byte to its last.

    Whether the certificate is trusted is not asked: the key is, which the caller knows.

    Args:
        raw: The file.
        unsigned_length: The length in bytes of the rendering it starts with.
        public: The key.
        file: What messages call the file.

    Raises:
        RejectedError: Not exactly one signature, one that does not cover the file, is no certification against
            changes, is another key's, or does not fit.
    """
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign import fields
    from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    # pyHanko logs why it cannot build a path to a trusted root, which is none of the questions here.
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)
    try:
        reader = PdfFileReader(io.BytesIO(raw), strict=True)
        signatures = reader.embedded_signatures
        if len(signatures) != 1:
            raise RejectedError(file, "pdf-signature", f"{len(signatures)} signatures where there must be one")
        signature = signatures[0]
        start, length, after, rest = (int(value) for value in signature.byte_range)
        if start != 0 or after + rest != len(raw) or unsigned_length > length:
            raise RejectedError(file, "pdf-signature", "the signature does not cover the whole file")
        status = validate_pdf_signature(
            signature, ValidationContext(trust_roots=[signature.signer_cert], allow_fetching=False)
        )
        level = signature.docmdp_level
    except RejectedError:
        raise
    except Exception as error:  # noqa: BLE001  a damaged PDF raises whatever its damage leads to
        raise RejectedError(file, "pdf-signature", f"the PDF's signature cannot be read ({error})") from None
    if not (status.intact and status.valid) or status.coverage != SignatureCoverageLevel.ENTIRE_FILE:
        raise RejectedError(file, "pdf-signature", "the signature does not fit the document")
    if level != fields.MDPPerm.NO_CHANGES:
        raise RejectedError(file, "pdf-signature", "the document is not certified against changes")
    if signature.signer_cert.public_key.dump() != public_der(public):
        raise RejectedError(file, "key-mismatch", "the PDF is signed by another key than the statements")


def attachment(raw: bytes, name: str, file: str) -> bytes:
    """The bytes of the one attachment called `name`.

    Raises:
        RejectedError: There is none, or more than one.
    """
    from pyhanko.pdf_utils.reader import PdfFileReader

    try:
        files = PdfFileReader(io.BytesIO(raw), strict=True).root["/AF"]
        # WeasyPrint names an attachment's object twice in /AF.
        specs = {files.raw_get(index) for index in range(len(files))}
        found: list[bytes] = [
            spec["/EF"]["/F"].data for spec in (one.get_object() for one in specs) if str(spec["/UF"]) == name
        ]
    except Exception as error:  # noqa: BLE001  as in `check`
        raise RejectedError(file, "pdf-attachment", f"the PDF's attachments cannot be read ({error})") from None
    if len(found) != 1:
        raise RejectedError(file, "pdf-attachment", f"{len(found)} attachments called {name} where there must be one")
    return found[0]


def _writer(unsigned: bytes) -> Any:
    """An incremental writer that leaves the document's metadata and version as PDF/A-3 wants them.

    pyHanko's own names itself the producer in the XMP, and writes /Version 2.0 (PDF/A-3 is PDF 1.7).
    """
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    class PdfA3Writer(IncrementalPdfFileWriter):
        def ensure_output_version(self, version: tuple[int, int]) -> None:
            """Change nothing: signatures of this kind are allowed in PDF 1.7 by the ESIC extension."""

        def _update_meta(self) -> None:
            """Change nothing."""

    return PdfA3Writer(io.BytesIO(unsigned), strict=True)


def _signer(key: SigningKey, chain: list[x509.Certificate]) -> Any:
    """pyHanko's view of a key that is a PEM file's or a token's alike."""
    from asn1crypto.algos import SignedDigestAlgorithm
    from pyhanko.sign.signers import Signer
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    class KeySigner(Signer):
        async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
            assert digest_algorithm == "sha256"
            return bytes(72) if dry_run else key.sign(data)

    make_store: Any = SimpleCertificateStore  # untyped
    store = make_store()
    store.register_multiple(chain)
    return KeySigner(
        signing_cert=chain[0],
        cert_registry=store,
        signature_mechanism=SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
        embed_roots=False,
    )


def _timestamper(requester: Requester | None) -> Any:
    if requester is None:
        return None
    ask = requester
    from asn1crypto import tsp
    from pyhanko.sign.timestamps import TimeStamper

    class Stamper(TimeStamper):
        async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
            return tsp.TimeStampResp.load(ask(req.dump()))

    make_stamper: Any = Stamper  # untyped
    return make_stamper()


def prefix_digest(raw: bytes, length: int) -> str:
    """SHA-256 of the first `length` bytes, as lower-case hex."""
    return hashlib.sha256(raw[:length]).hexdigest()
