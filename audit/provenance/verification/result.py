"""The result of a verification: all checks with their outcomes, including checks not done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

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
    """

    package: str
    fingerprint: str = ""
    checks: list[Check] = field(default_factory=list)
    finished: bool = False

    @property
    def failures(self) -> list[Check]:
        """The checks that failed."""
        return [check for check in self.checks if check.status == "failed"]

    @property
    def accepted(self) -> bool:
        """Whether the verification completed and nothing failed."""
        return self.finished and not self.failures

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

        A signed statement may still contain anything; an exception that it causes is a failure of the check, not of
        the program.
        """
        try:
            result = action()
        except RejectedError as error:
            self.fail(name, error)
            return None
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
            self.fail(
                name,
                RejectedError(file or name, "malformed", f"malformed ({type(error).__name__}: {error})"),
            )
            return None
        self.ok(name, detail, file)
        return result

    def as_json(self) -> dict[str, Any]:
        """The result as JSON."""
        return {
            "schema": SCHEMA,
            "package": self.package,
            "accepted": self.accepted,
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
            lines.append(f"  {_MARKS[check.status]}{check.name}" + (f": {place}{check.detail}" if check.detail else ""))
        if self.fingerprint:
            lines.append(f"  key    {self.fingerprint}")
        lines.append(f"{self.package}: " + ("accepted" if self.accepted else "REJECTED"))
        # File names and quoted errors must not contain terminal control characters.
        return "".join(map(_printable, "\n".join(lines))) + "\n"


def _printable(character: str) -> str:
    return character if character.isprintable() or character == "\n" else "\N{REPLACEMENT CHARACTER}"
