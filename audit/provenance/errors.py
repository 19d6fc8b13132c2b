"""What a verifier raises: the file that is wrong, a code for machines and a sentence for people."""

from __future__ import annotations


class RejectedError(Exception):
    """A file of a package that is not what it should be.

    Args:
        file: The file in the package, as the package names it.
        code: A word for machines; the closed list is in docs/reference/package.md.
        why: One sentence.
    """

    def __init__(self, file: str, code: str, why: str) -> None:
        super().__init__(f"{file}: {why}")
        self.file = file
        self.code = code
        self.why = why
