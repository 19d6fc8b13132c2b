"""Names of files and folders made from ids, titles and other texts that somebody else chose."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_KEPT = re.compile(r"[^A-Za-z0-9._+@-]+")
# Device names of Windows, with or without an extension, in any case.
_DEVICES = re.compile(r"(con|conin\$|conout\$|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_LONGEST = 100


def is_device(name: str) -> bool:
    """Whether Windows opens a device under this name, whatever the folder: `con`, `NUL.txt`, `com1.csv`."""
    return _DEVICES.fullmatch(name) is not None


def name_of(text: str, taken: tuple[str, ...] = ()) -> str:
    """A text as the name of one file or folder that is valid everywhere and leads nowhere else.

    Letters, digits and `._+@-` stay; everything else, `/` and `..` included, becomes `-`. A text that loses something gets a
    part of its SHA-256, so that two texts do not share a name.

    Args:
        text: Any text.
        taken: Names that must not be used.
    """
    plain = unicodedata.normalize("NFC", text)
    found = _KEPT.sub("-", plain).strip("-. ")[:_LONGEST].rstrip(". ")
    if found and found == plain and not is_device(found) and found not in taken:
        return found
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    if is_device(f"{found}-{digest}"):  # `con.x`: what follows the first dot does not make it another name
        return f"{digest}-{found}"
    return f"{found}-{digest}" if found else digest
