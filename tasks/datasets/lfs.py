"""Git LFS pointers: the few lines that a checkout without Git LFS has in place of a file."""

from __future__ import annotations

# https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md: the first line of every pointer.
FIRST_LINE = b"version https://git-lfs.github.com/spec/v1"
WHAT = "a Git LFS pointer, not the file itself"
FIX = "fetch the file: git lfs pull"


def is_pointer(head: bytes) -> bool:
    """Whether a file that begins with these bytes is a pointer."""
    return head.startswith(FIRST_LINE)
