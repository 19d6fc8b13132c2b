"""What the PDF needs from the operating system: Pango's libraries and fonts for Chinese, Japanese and Korean."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from functools import cache

# Libraries that WeasyPrint loads: name on Linux -> Debian package.
_LIBRARIES = {
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
}
PACKAGES = (*_LIBRARIES.values(), "fonts-noto-cjk")
_FONTS = "fonts-noto-cjk"
_LANGUAGES = ("zh", "ja", "ko")


def apt_command(packages: list[str]) -> str:
    """The command line with which the current user installs Debian packages."""
    sudo = "" if hasattr(os, "geteuid") and os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get update && {sudo}apt-get install -y --no-install-recommends {' '.join(packages)}"


def missing_libraries() -> list[str]:
    """Debian packages whose library cannot be loaded; empty if the PDF can be made.

    Other systems use other library names; there, importing WeasyPrint reports what is missing.
    """
    if not sys.platform.startswith("linux"):
        return []
    return [package for library, package in _LIBRARIES.items() if not _loads(library)]


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


@cache
def missing_fonts() -> tuple[str, ...]:
    """Languages that no installed font covers, according to fontconfig; all of them without `fc-list`."""
    program = shutil.which("fc-list")
    if program is None:
        return _LANGUAGES
    return tuple(
        language
        for language in _LANGUAGES
        if not subprocess.run(
            [program, f":lang={language}", "family"], capture_output=True, check=False, timeout=60
        ).stdout.strip()
    )


def pdf_problem() -> str | None:
    """What is missing for the PDF, with the command that installs it; None if nothing."""
    libraries = missing_libraries()
    if libraries:
        return f"Pango is missing; run: {apt_command([*libraries, _FONTS])}"
    languages = missing_fonts()
    if languages:
        names = {"zh": "Chinese", "ja": "Japanese", "ko": "Korean"}
        listed = ", ".join(names[language] for language in languages)
        return f"no font covers {listed}, whose characters the PDF shows as boxes; run: {apt_command([_FONTS])}"
    return None
