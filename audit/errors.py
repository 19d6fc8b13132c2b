"""Errors that a user can mend: what is wrong, where, and what to do about it.

Each carries the exit code that `repro-audit` ends with; `audit.cli` prints them without a traceback.
"""

from __future__ import annotations


class AuditError(Exception):
    """An error with a message for people.

    Args:
        what: What is wrong, in one sentence.
        where: The place: a file, or file and line and field (`predictions/x.jsonl:12: hypothesis`).
        fix: What the user can do about it.
    """

    exit_code = 2

    def __init__(self, what: str, *, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix

    @property
    def told(self) -> str:
        """Place and fault, without the remedy."""
        return f"{self.where}: {self.what}" if self.where else self.what

    def __str__(self) -> str:
        return f"{self.told}\n  {self.fix}" if self.fix else self.told


class InputError(AuditError):
    """Bad input or usage (exit code 2)."""

    exit_code = 2


class MissingError(AuditError):
    """Something that is needed is not there: a program, a library, a server, a model (exit code 3)."""

    exit_code = 3


class CheckFailedError(AuditError):
    """The work was done, and a check that the user asked for failed (exit code 1)."""

    exit_code = 1
