"""The verifier's exception: the file at fault, a machine-readable code, and a sentence."""

from __future__ import annotations


class RejectedError(Exception):
    """A file of a package is invalid.

    Args:
        file: The name of the file in the package.
        code: A machine-readable code from the closed list in docs/reference/package.md.
        why: One sentence.
    """

    def __init__(self, file: str, code: str, why: str) -> None:
        super().__init__(f"{file}: {why}")
        self.file = file
        self.code = code
        self.why = why
