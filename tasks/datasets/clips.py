"""Audio clips of online videos, found under any of the file names in common use."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

SUFFIXES = (".wav", ".flac", ".mp3", ".m4a", ".ogg")


class ClipFolder:
    """The audio files in a folder, by name without suffix."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.found: dict[str, str] = {}
        for path in sorted(root.rglob("*")):
            if path.suffix.lower() in SUFFIXES and path.is_file():
                self.found.setdefault(path.stem, path.relative_to(root).as_posix())

    def find(self, names: Iterable[str]) -> str:
        """The path of the first name that exists; if none does, the first name with the suffix .wav."""
        listed = list(names)
        return next((self.found[name] for name in listed if name in self.found), f"{listed[0]}.wav")
