"""What may follow the rendering in a signed PDF: one update with the objects of one invisible signature, and nothing else.

A signature covers the whole file, whatever was added to the rendering before it was made. An update can replace pages and
attachments, and a reader shows the file as the update left it.
"""

from __future__ import annotations

import io
import re
from typing import Any

from audit.provenance.errors import RejectedError

REASONS = {
    "key": "This is the audit's report as it was rendered",
    "ephemeral": "The key was made for this audit alone: it proves integrity, not identity",
}
# What the update may add to the document's catalog.
_CATALOG = {"/AcroForm", "/Extensions", "/Perms"}
_FORM = {"/Fields", "/SigFlags"}
# No appearance and no action: the field shows nothing.
_FIELD = {"/FT", "/T", "/Type", "/Subtype", "/F", "/Rect", "/P", "/V"}
_SIGNATURE = {"/Type", "/Filter", "/SubFilter", "/Contents", "/ByteRange", "/M", "/Reason", "/Reference"}
_OBJECT = re.compile(rb"\b\d+ \d+ obj\b")


def check(raw: bytes, unsigned_length: int, file: str) -> None:
    """Check that an update of this kind follows the rendering.

    Args:
        raw: The bytes of the signed file.
        unsigned_length: The length in bytes of the rendering at its start.
        file: The file's name in messages.

    Raises:
        RejectedError: The update adds or changes anything else.
    """
    try:
        wrong = _wrong(raw, unsigned_length)
    except Exception as error:  # noqa: BLE001  a damaged PDF raises whatever its damage leads to
        raise RejectedError(file, "pdf-signature", f"the update that signs the PDF cannot be read ({error})") from None
    if wrong:
        raise RejectedError(file, "pdf-signature", wrong)


def _wrong(raw: bytes, unsigned_length: int) -> str:
    """What is wrong with the update; empty if nothing."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    before = PdfFileReader(io.BytesIO(raw[:unsigned_length]), strict=True)
    after = PdfFileReader(io.BytesIO(raw), strict=True)
    if (before.xrefs.total_revisions, after.xrefs.total_revisions) != (1, 2) or after.xrefs.hybrid_xrefs_present:
        return "not exactly one update follows the rendering"
    for name in ("/Root", "/Info", "/Encrypt"):
        if _written(_entry(before.trailer, name)) != _written(_entry(after.trailer, name)):
            return f"the update changes {name} of the trailer"
    # The five objects that may be in the update, and the one that lists them.
    root, page = before.trailer.raw_get("/Root"), before.root["/Pages"]["/Kids"].raw_get(0)
    form = after.root.raw_get("/AcroForm")
    field = after.root["/AcroForm"]["/Fields"].raw_get(0)
    signature = field.get_object().raw_get("/V")
    table = after.xrefs.get_xref_container_info(1).stream_ref
    new = {_name(one) for one in (form, field, signature)} | ({_name(table)} if table else set())
    known = {_name(one) for one in before.xrefs.explicit_refs_in_revision(0)}
    changed = {_name(one) for one in after.xrefs.explicit_refs_in_revision(1)}
    if changed != new | {_name(root), _name(page)} or new & known or after.xrefs.refs_freed_in_revision(1):
        return "the update adds or changes objects that are not those of a signature"
    if after.xrefs.object_streams_used_in(1) or len(_OBJECT.findall(raw[unsigned_length:])) != len(changed):
        return "the update has objects that it does not list"
    return (
        _catalog(before.root, after.root, signature)
        or _page(before, after, page, field)
        or _objects(form.get_object(), field, page, signature.get_object())
    )


def _catalog(old: Any, new: Any, signature: Any) -> str:
    if "/AcroForm" in old or _written(_without(old, _CATALOG)) != _written(_without(new, _CATALOG)):
        return "the update changes the catalog"
    permissions = new.raw_get("/Perms")
    if set(permissions) != {"/DocMDP"} or permissions.raw_get("/DocMDP") != signature:
        return "the permissions are not those of one signature"
    return ""


def _page(before: Any, after: Any, page: Any, field: Any) -> str:
    old, new = (reader.get_object(page.reference) for reader in (before, after))
    annotations = old.raw_get("/Annots") if "/Annots" in old else []
    same = _written(_without(old, {"/Annots"})) == _written(_without(new, {"/Annots"}))
    expected = [*map(_written, _items(annotations)), _written(field)]
    return (
        ""
        if same and [*map(_written, _items(new.raw_get("/Annots")))] == expected
        else "the update changes the first page"
    )


def _objects(form: Any, field: Any, page: Any, signature: Any) -> str:
    widget = field.get_object()
    if set(form) != _FORM or list(map(_written, _items(form.raw_get("/Fields")))) != [_written(field)]:
        return "the form has more than the signature's field"
    if set(widget) != _FIELD or any(widget["/Rect"]) or _written(widget.raw_get("/P")) != _written(page):
        return "the signature's field shows something, or is on a different page"
    if (widget["/FT"], widget["/Subtype"]) != ("/Sig", "/Widget"):
        return "the signature's field is of a different kind"
    # A viewer shows the reason beside the signature.
    if not set(signature) <= _SIGNATURE or signature.get("/Reason") not in {*REASONS.values()}:
        return "the signature says more than it does in a package"
    return ""


def _items(value: Any) -> list[Any]:
    """An array's items, references unresolved; an array of its own object is none that WeasyPrint writes."""
    from pyhanko.pdf_utils.generic import ArrayObject

    if isinstance(value, ArrayObject):
        return [value.raw_get(index) for index in range(len(value))]
    return [] if value == [] else [value]


def _name(reference: Any) -> tuple[int, int]:
    return reference.idnum, reference.generation


def _entry(trailer: Any, name: str) -> Any:
    return trailer.raw_get(name) if name in trailer else None


def _without(dictionary: Any, keys: set[str]) -> Any:
    from pyhanko.pdf_utils.generic import DictionaryObject

    return DictionaryObject({key: dictionary.raw_get(key) for key in dictionary if key not in keys})


def _written(value: Any) -> bytes:
    """A value as it stands in a file, with references by their numbers."""
    written = io.BytesIO()
    if value is not None:
        value.write_to_stream(written, None)
    return written.getvalue()
