"""Paths of the container in the program's messages, as the host's: `wrote /out/report.html` is a file in --out."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

# What may stand before and behind a path, so that `a/out`, `/output` and `/out.json` are left as they are.
_BEFORE, _BEHIND = rb"(?<![\w./-])", rb"(?![\w-]|\.\w)"
_WORD = re.compile(rb"[\w./-]+\Z")


class HostPaths:
    """Translates one stream, in pieces as they come."""

    def __init__(self, places: Mapping[str, Path]) -> None:
        """Take the mounts.

        Args:
            places: Absolute path inside the container to the path outside, as it is to be shown.
        """
        self._names = {os.fsencode(place): os.fsencode(path) for place, path in places.items()}
        longest_first = sorted(self._names, key=len, reverse=True)
        choice = rb"|".join(map(re.escape, longest_first))
        self._pattern = re.compile(_BEFORE + rb"(?:" + choice + rb")" + _BEHIND if choice else rb"(?!)")
        # As much as is needed to know that a word begins with none of the paths.
        self._longest = max(map(len, self._names), default=0) + 2
        self._waiting = self._before = b""

    def take(self, piece: bytes) -> bytes:
        """A piece of the stream; what of it and of what waited can be shown."""
        text = self._waiting + piece
        word = _WORD.search(text)
        begin = len(text) if word is None else word.start()
        # A word that goes on may be a path: it waits, until it is too long to be the beginning of one.
        if len(text) - begin > self._longest:
            begin = len(text)
        self._waiting = text[begin:]
        return self._translated(text[:begin])

    def rest(self) -> bytes:
        """What still waits, at the end of the stream."""
        text, self._waiting = self._waiting, b""
        return self._translated(text)

    def _translated(self, text: bytes) -> bytes:
        # The byte before decides whether a word begins here.
        known, shift = self._before + text, len(self._before)
        self._before = known[-1:]
        return self._pattern.sub(lambda found: found[0] if found.start() < shift else self._names[found[0]], known)[
            shift:
        ]
