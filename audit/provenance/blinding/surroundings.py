"""The identities of machine, user, checkout and keys; no audit has them on purpose, and they are looked for anyway."""

from __future__ import annotations

import getpass
import os
import re
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from audit._util.git import git
from audit._util.paths import ROOT
from audit.provenance.blinding.names import Identity
from audit.provenance.records.redaction import NOBODY

if TYPE_CHECKING:
    from audit.provenance.records.environment import Environment
    from audit.provenance.signing.keys import SigningKey

_REMOTE = re.compile(r"[:/]([\w.-]+)/([\w.-]+?)(?:\.git)?/?$")
# Names of fewer letters occur everywhere.
_SHORTEST = 4


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys whose names must not be in a blind package.

    Attributes:
        signing: The key that the options name; it does not sign the blind package.
        certificates: PEM certificates of that key.
        comments: Comments of SSH keys, and names that options give.
    """

    signing: SigningKey | None = None
    certificates: bytes | None = None
    comments: tuple[str, ...] = ()


def of_machine(paths: Iterable[Path]) -> Iterator[Identity]:
    """Host, user, home, remotes of the checkouts, and the folders that a command names.

    Args:
        paths: Folders of the audit: its output, its predictions.
    """
    host = socket.gethostname()
    for number, name in enumerate(dict.fromkeys(part for part in (host, host.split(".")[0]) if _names(part)), 1):
        yield Identity("host", name, "host" if number == 1 else f"host-{number}")
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = ""
    if _names(user):
        yield Identity("user", user, "user")
    places = [
        os.environ.get("HOME"),
        os.environ.get("USERPROFILE"),
        *(str(path.resolve()) for path in (*paths, Path.cwd())),
    ]
    for number, place in enumerate(dict.fromkeys(place for place in places if place and len(Path(place).parts) > 2), 1):
        yield Identity("path", place, f"path-{number}")
    yield from _of_checkouts((ROOT, Path.cwd()))


def _names(text: str) -> bool:
    return len(text) >= _SHORTEST and text.casefold() not in NOBODY


def _of_checkouts(folders: Iterable[Path]) -> Iterator[Identity]:
    remotes: dict[str, None] = {}
    for folder in dict.fromkeys(folder.resolve() for folder in folders):
        for line in (git(folder, "remote", "-v") or "").splitlines():
            remotes[line.split()[1]] = None
        for field in ("user.name", "user.email"):
            value = git(folder, "config", "--get", field)
            if value and _names(value):
                yield Identity("person" if field == "user.name" else "given", value, f"git-{field.replace('.', '-')}")
    for number, url in enumerate(remotes, 1):
        yield Identity("remote", url, f"git-remote-{number}")
        # The last folders of a path are not an owner and a name.
        match = None if url.startswith(("/", ".", "file:")) else _REMOTE.search(url)
        if match is not None:
            yield Identity("repository", f"{match[1]}/{match[2]}", f"git-repository-{number}")


def of_software(here: Environment) -> Iterator[Identity]:
    """The commit of the code and the image: both lead to where they were published."""
    digests = [here.code.commit] if here.code.commit else []
    if here.image is not None:
        yield Identity("remote", here.image.uri, "image")
        digests += [text.removeprefix("sha256:") for text in (here.image.manifest, here.image.config) if text]
    for number, digest in enumerate(dict.fromkeys(digests), 1):
        # Beside those of the team's records, which are counted from 1.
        yield Identity("commit", digest, f"{number}{'0' * (len(digest) // 2)}".zfill(len(digest)))


def of_keys(keys: Keys) -> Iterator[Identity]:
    """Names in certificates and comments of keys."""
    names: dict[str, None] = dict.fromkeys(keys.comments)
    if keys.certificates is not None:
        from asn1crypto import pem, x509

        for _, _, der in pem.unarmor(keys.certificates, multiple=True):
            for entry in x509.Certificate.load(der).subject.native.items():
                # Country and the like name nobody.
                if entry[0] in {"common_name", "organization_name", "organizational_unit_name", "email_address"}:
                    names[str(entry[1])] = None
    for number, name in enumerate((name for name in names if name.strip()), 1):
        yield Identity("given", name, f"key-name-{number}")
