"""RFC 3161 time stamps, with which a third party attests when a signature existed. Optional (--timestamp)."""

from __future__ import annotations

import datetime as dt
import urllib.error
import urllib.request
from collections.abc import Callable
from urllib.parse import urlsplit

from audit.errors import InputError, MissingError
from audit.provenance.errors import RejectedError

# Takes a DER TimeStampReq, returns a DER TimeStampResp.
Requester = Callable[[bytes], bytes]

_LIMIT = 1 << 20  # bytes; a response has a few kilobytes


def http(url: str, timeout: float = 30.0) -> Requester:
    """A requester that posts to an RFC 3161 server.

    Raises:
        InputError: `url` is not an http or https URL.
    """
    if urlsplit(url).scheme not in {"http", "https"}:
        raise InputError("the time-stamp server's address must start with http:// or https://", where=url)

    def post(request: bytes) -> bytes:
        message = urllib.request.Request(  # noqa: S310  the scheme was checked above
            url, data=request, headers={"Content-Type": "application/timestamp-query"}, method="POST"
        )
        try:
            with urllib.request.urlopen(message, timeout=timeout) as reply:  # noqa: S310
                answer: bytes = reply.read(_LIMIT)
        except (urllib.error.URLError, TimeoutError, OSError) as error:
            raise MissingError(
                f"the time-stamp server did not answer ({error})", where=url, fix="omit --timestamp, or try later"
            ) from None
        return answer

    return post


def stamp(signature: bytes, requester: Requester) -> bytes:
    """The DER TimeStampResp over a signature.

    Raises:
        InputError: The server refused, or stamped something else.
    """
    from rfc3161_client import TimestampRequestBuilder, decode_timestamp_response
    from rfc3161_client.base import HashAlgorithm

    request = (
        TimestampRequestBuilder()
        .data(signature)
        .hash_algorithm(HashAlgorithm.SHA256)
        .nonce(nonce=True)
        .cert_request(cert_request=True)
        .build()
    )
    answer = requester(request.as_bytes())
    try:
        response = decode_timestamp_response(answer)
        info = response.tst_info
        granted = response.status == 0 and info.nonce == request.nonce
        right = info.message_imprint.message == request.message_imprint.message
    except ValueError as error:
        raise InputError(f"the time-stamp server's response is not a TimeStampResp ({error})") from None
    if not (granted and right):
        raise InputError("the time-stamp server refused, or answered a different request")
    return answer


def verify(response: bytes, signature: bytes, roots: bytes, file: str, where: str) -> dt.datetime:
    """Verify a time stamp and return its time.

    The certificates must have been valid at that time, not now.

    Args:
        response: The DER TimeStampResp.
        signature: The signature that it must cover.
        roots: PEM certificates trusted for time stamps.
        file: The name, in messages, of the file with the time stamp.
        where: The name of the file of certificates.

    Raises:
        InputError: `roots` contains no certificate.
        RejectedError: The time stamp does not cover this signature, or is not by any of the certificates.
    """
    from cryptography import x509
    from rfc3161_client import VerifierBuilder, decode_timestamp_response
    from rfc3161_client.errors import VerificationError

    try:
        trusted = x509.load_pem_x509_certificates(roots)
    except ValueError as error:
        raise InputError(f"not PEM certificates ({error})", where=where) from None
    try:
        answer = decode_timestamp_response(response)
        VerifierBuilder(roots=trusted).build().verify_message(answer, signature)
        return answer.tst_info.gen_time
    except (VerificationError, ValueError) as error:
        raise RejectedError(file, "timestamp", f"the time stamp does not verify ({error})") from None
