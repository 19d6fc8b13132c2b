"""How much a container has written: no engine limits a folder that is mounted into it."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

# The folder is looked through this often, or as seldom as ten times as long as that takes.
_EVERY = 5.0
# A run writes a few thousand files; a million is the end of many file systems' inodes.
MOST_FILES = 1_000_000


@dataclass
class Watch:
    """A limit on what a folder grows by.

    Args:
        folder: The folder.
        most: The most bytes.
        most_files: The most files and folders.

    Attributes:
        passed: Whether it has grown by more.
    """

    folder: Path
    most: int
    most_files: int = MOST_FILES
    _before: tuple[int, int] = field(init=False)
    _next: float = field(init=False, default=0.0)
    passed: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._before = self._size((1 << 62, 1 << 62))

    def exceeded(self, now: float | None = None) -> bool:
        """Whether the folder is now seen to have grown by more, once; looks only if the last look was long enough ago.

        Args:
            now: A monotonic time in seconds, by default the clock's.
        """
        start = time.monotonic() if now is None else now
        if self.passed or start < self._next:
            return False
        size, files = self._size((self._before[0] + self.most, self._before[1] + self.most_files))
        took = time.monotonic() - start if now is None else 0.0
        self._next = start + max(_EVERY, 10 * took)
        self.passed = size - self._before[0] > self.most or files - self._before[1] > self.most_files
        return self.passed

    def _size(self, enough: tuple[int, int]) -> tuple[int, int]:
        """Bytes on the disk and number of entries; counted no further than `enough`. Links are not followed."""
        size = files = 0
        pending = [self.folder]
        while pending and size <= enough[0] and files <= enough[1]:
            with contextlib.suppress(OSError), os.scandir(pending.pop()) as entries:  # the program may have removed it
                for entry in entries:
                    with contextlib.suppress(OSError):
                        status = entry.stat(follow_symlinks=False)
                        size += status.st_blocks * 512
                        files += 1
                        if entry.is_dir(follow_symlinks=False):
                            pending.append(Path(entry.path))
        return size, files
