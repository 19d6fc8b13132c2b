"""PAdES signatures as incremental updates: the signed file begins with the bytes of the deterministic rendering.

The update certifies the document against every later change (DocMDP level 1).
"""

from __future__ import annotations

import hashlib
import io
import logging
from functools import cached_property
from typing import TYPE_CHECKING, Any

from audit.errors import InputError
from audit.provenance.errors import RejectedError
from audit.provenance.signing.keys import SigningKey, public_der

if TYPE_CHECKING:
    from asn1crypto import tsp, x509
    from cryptography.hazmat.primitives.asymmetric import ec

    from audit.provenance.signing.timestamp import Requester

FIELD = "Signature"
# /Contents is reserved before its size is known; the rest is zeros, which the publication statement covers.
_RESERVED = 8192
_RESERVED_WITH_TIME_STAMP = 32768


class Pdf:
    """A rendering that is read once: what it states, what is attached to it, and its signature.

    Attributes:
        raw: Its bytes.
        file: How errors name it.
    """

    def __init__(self, raw: bytes, file: str = "report.pdf") -> None:
        self.raw, self.file = raw, file

    @cached_property
    def _reader(self) -> Any:
        from pyhanko.pdf_utils.reader import PdfFileReader

        return PdfFileReader(io.BytesIO(self.raw), strict=True)

    def language(self) -> str:
        """The language that the PDF states for its text; empty if it states none.

        Raises:
            RejectedError: The PDF cannot be read.
        """
        try:
            return str(self._reader.root.get("/Lang", ""))
        except Exception as error:  # noqa: BLE001  as in `check`
            raise RejectedError(self.file, "malformed", f"the PDF cannot be read ({error})") from None

    def attachment(self, name: str) -> bytes:
        """The bytes of the attachment named `name`.

        Raises:
            RejectedError: There is no such attachment, or more than one.
        """
        try:
            files = self._reader.root["/AF"]
            # WeasyPrint lists an attachment's object twice in /AF.
            specs = {files.raw_get(index) for index in range(len(files))}
            found: list[bytes] = [
                spec["/EF"]["/F"].data for spec in (one.get_object() for one in specs) if str(spec["/UF"]) == name
            ]
        except Exception as error:  # noqa: BLE001  as in `check`
            why = f"the PDF's attachments cannot be read ({error})"
            raise RejectedError(self.file, "pdf-attachment", why) from None
        if len(found) != 1:
            raise RejectedError(self.file, "pdf-attachment", f"{len(found)} attachments named {name} instead of one")
        return found[0]

    def sign(
        self, key: SigningKey, chain: list[x509.Certificate], *, reason: str, requester: Requester | None = None
    ) -> bytes:
        """The PDF with a PAdES-B-B signature (B-T with a time stamp) appended; it starts with exactly the rendering.

        Args:
            key: The key.
            chain: Its certificates, the signer's first.
            reason: The text in the signature's /Reason.
            requester: Requests a time stamp from a server; None for no time stamp.

        Raises:
            InputError: The PDF cannot be read.
        """
        from pyhanko.pdf_utils.misc import PdfError

        try:
            reader = self._reader
            # The writer changes what was read.
            del self._reader
            signed = _sign(_writer(reader), key, chain, reason, requester)
        except PdfError as error:
            raise InputError(f"the PDF cannot be signed ({error})", where=self.file) from None
        if signed[: len(self.raw)] != self.raw:
            raise AssertionError("the incremental update changed the rendering")
        return signed


def _sign(
    writer: Any, key: SigningKey, chain: list[x509.Certificate], reason: str, requester: Requester | None = None
) -> bytes:
    from pyhanko.sign import fields, signers

    metadata = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        reason=reason,
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    signer = signers.PdfSigner(metadata, signer=_signer(key, chain), timestamper=_timestamper(requester))
    reserved = _RESERVED if requester is None else _RESERVED_WITH_TIME_STAMP
    signed: bytes = signer.sign_pdf(writer, bytes_reserved=reserved).getvalue()
    return signed


def check(raw: bytes, unsigned_length: int, public: ec.EllipticCurvePublicKey, file: str) -> None:
    """Check that the key has certified the whole PDF.

    Trust in the certificate is not checked: the caller trusts the key.

    Args:
        raw: The bytes of the file.
        unsigned_length: The length in bytes of the rendering at its start.
        public: The key.
        file: The file's name in messages.

    Raises:
        RejectedError: There is not exactly one signature, or it does not cover the file, does not certify it against
            changes, is by a different key, or is invalid.
    """
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign import fields
    from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    # pyHanko logs that it cannot build a path to a trusted root, which is irrelevant here.
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)
    try:
        reader = PdfFileReader(io.BytesIO(raw), strict=True)
        signatures = reader.embedded_signatures
        if len(signatures) != 1:
            raise RejectedError(file, "pdf-signature", f"{len(signatures)} signatures instead of one")
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
        raise RejectedError(file, "pdf-signature", "the signature does not match the document")
    if level != fields.MDPPerm.NO_CHANGES:
        raise RejectedError(file, "pdf-signature", "the document is not certified against changes")
    if signature.signer_cert.public_key.dump() != public_der(public):
        raise RejectedError(file, "key-mismatch", "the PDF is signed by a different key than the statements")


def _writer(reader: Any) -> Any:
    """An incremental writer on a PDF that was read, which preserves the metadata and version required by PDF/A-3.

    pyHanko's own writer sets itself as producer in the XMP and writes /Version 2.0 (PDF/A-3 is PDF 1.7).
    """
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    class PdfA3Writer(IncrementalPdfFileWriter):
        def ensure_output_version(self, version: tuple[int, int]) -> None:
            """Change nothing: signatures of this kind are allowed in PDF 1.7 by the ESIC extension."""

        def _update_meta(self) -> None:
            """Change nothing."""

    return PdfA3Writer.from_reader(reader)


def _signer(key: SigningKey, chain: list[x509.Certificate]) -> Any:
    """A pyHanko signer for a key in a PEM file or a token."""
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
