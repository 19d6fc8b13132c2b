"""User errors: what is wrong, where, and the remedy.

Each has the exit code of `repro-audit`; `audit.cli` prints them without a traceback.
"""

from __future__ import annotations


class AuditError(Exception):
    """An error with a message for the user.

    Args:
        what: What is wrong, in one sentence.
        where: The location: a file, or file, line and field (`predictions/x.jsonl:12: hypothesis`).
        fix: The remedy.
    """

    exit_code = 2

    def __init__(self, what: str, *, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix

    @property
    def told(self) -> str:
        """Location and error, without the remedy."""
        return f"{self.where}: {self.what}" if self.where else self.what

    def __str__(self) -> str:
        return f"{self.told}\n  {self.fix}" if self.fix else self.told


class InputError(AuditError):
    """Bad input or usage (exit code 2)."""

    exit_code = 2


class MissingError(AuditError):
    """A requirement is missing: a program, a library, a server, a model (exit code 3)."""

    exit_code = 3


class CheckFailedError(AuditError):
    """The command completed, but a requested check failed (exit code 1)."""

    exit_code = 1
