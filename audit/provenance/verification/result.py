"""The result of a verification: all checks with their outcomes, including checks not done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from audit._util.terminal import in_a_line
from audit.provenance.errors import RejectedError

SCHEMA = "repro-audit/verification/1"
Status = Literal["ok", "failed", "not-checked"]
Result = TypeVar("Result")
_MARKS: dict[Status, str] = {"ok": "ok     ", "failed": "FAILED ", "not-checked": "not    "}


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Args:
        name: The name of the check, for messages.
        status: The outcome.
        file: The checked file; None for the whole package.
        code: For a failure, a code from the closed list in docs/reference/package.md; otherwise empty.
        detail: One sentence.
    """

    name: str
    status: Status
    file: str | None = None
    code: str = ""
    detail: str = ""


@dataclass(slots=True)
class Report:
    """All checks of a verification, in order.

    Args:
        package: The name of the package.
        fingerprint: SHA-256 of the signing key, in hex; empty until known.
        checks: The checks.
        finished: Whether every check was reached.
        signer_known: Whether the reader named the key, or somebody who may have it, and it is the one.
    """

    package: str
    fingerprint: str = ""
    checks: list[Check] = field(default_factory=list)
    finished: bool = False
    signer_known: bool = False

    @property
    def failures(self) -> list[Check]:
        """The checks that failed."""
        return [check for check in self.checks if check.status == "failed"]

    @property
    def intact(self) -> bool:
        """Whether the verification completed and nothing failed: unchanged since somebody signed it."""
        return self.finished and not self.failures

    @property
    def accepted(self) -> bool:
        """Whether it is intact and signed by whom the reader expects."""
        return self.intact and self.signer_known

    def ok(self, name: str, detail: str = "", file: str | None = None) -> None:
        """Record that a check passed."""
        self.checks.append(Check(name, "ok", file, "", detail))

    def skip(self, name: str, detail: str, file: str | None = None) -> None:
        """Record that something was not checked, and why."""
        self.checks.append(Check(name, "not-checked", file, "", detail))

    def fail(self, name: str, error: RejectedError) -> None:
        """Record a failure."""
        self.checks.append(Check(name, "failed", error.file, error.code, error.why))

    def run(self, name: str, action: Callable[[], Result], detail: str = "", file: str | None = None) -> Result | None:
        """Run a check; returns None if it failed.

        What a check reads was typed before, also what is signed: any other exception is a fault of the program.
        """
        try:
            result = action()
        except RejectedError as error:
            self.fail(name, error)
            return None
        self.ok(name, detail, file)
        return result

    def as_json(self) -> dict[str, Any]:
        """The result as JSON."""
        return {
            "schema": SCHEMA,
            "package": self.package,
            "accepted": self.accepted,
            "intact": self.intact,
            "key_sha256": self.fingerprint or None,
            "checks": [
                {
                    "name": one.name,
                    "status": one.status,
                    "file": one.file,
                    "code": one.code or None,
                    "detail": one.detail or None,
                }
                for one in self.checks
            ],
        }

    def as_text(self) -> str:
        """The result as text: the checks, then the outcome in one line."""
        lines = []
        for check in self.checks:
            place = f"{check.file}: " if check.file and check.status == "failed" else ""
            text = f"{check.name}" + (f": {place}{check.detail}" if check.detail else "")
            # A quoted error must not look like a line of ours.
            lines.append(f"  {_MARKS[check.status]}{in_a_line(text)}")
        if self.fingerprint:
            lines.append(f"  key    {self.fingerprint}")
        unknown = "intact, but its signer is not known" if self.intact else "REJECTED"
        lines.append(f"{in_a_line(self.package)}: " + ("accepted" if self.accepted else unknown))
        return "\n".join(lines) + "\n"
