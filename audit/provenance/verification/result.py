"""What a verification found: every check with its outcome, and what was not checked."""

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
        name: What was checked, for people.
        status: Its outcome.
        file: The file it is about; None if it is about the package.
        code: For a failure, a word of the closed list in docs/reference/package.md; else empty.
        detail: One sentence.
    """

    name: str
    status: Status
    file: str | None = None
    code: str = ""
    detail: str = ""


@dataclass(slots=True)
class Report:
    """All checks of one verification, in the order they were made.

    Args:
        package: What the package is called.
        fingerprint: SHA-256 of the key that signed, in hex; empty until it is known.
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
        """Whether the verification came to its end and nothing failed: what was not reached was not accepted."""
        return self.finished and not self.failures

    def ok(self, name: str, detail: str = "", file: str | None = None) -> None:
        """Note that a check passed."""
        self.checks.append(Check(name, "ok", file, "", detail))

    def skip(self, name: str, detail: str, file: str | None = None) -> None:
        """Note that something was not checked, and why."""
        self.checks.append(Check(name, "not-checked", file, "", detail))

    def fail(self, name: str, error: RejectedError) -> None:
        """Note a failure."""
        self.checks.append(Check(name, "failed", error.file, error.code, error.why))

    def run(self, name: str, action: Callable[[], Result], detail: str = "", file: str | None = None) -> Result | None:
        """Do one check; None if it failed.

        A statement that its key signed may still hold anything; whatever it makes this program stumble over is a
        failure of that check, not of the program.
        """
        try:
            result = action()
        except RejectedError as error:
            self.fail(name, error)
            return None
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
            self.fail(
                name,
                RejectedError(
                    file or name, "malformed", f"not of the form that it must have ({type(error).__name__}: {error})"
                ),
            )
            return None
        self.ok(name, detail, file)
        return result

    def as_json(self) -> dict[str, Any]:
        """For machines."""
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
        """For people: the checks, then the verdict in one line."""
        lines = []
        for check in self.checks:
            place = f"{check.file}: " if check.file and check.status == "failed" else ""
            lines.append(f"  {_MARKS[check.status]}{check.name}" + (f": {place}{check.detail}" if check.detail else ""))
        if self.fingerprint:
            lines.append(f"  key    {self.fingerprint}")
        lines.append(f"{self.package}: " + ("accepted" if self.accepted else "REJECTED"))
        # A damaged file's name or an error that quotes it must not steer the terminal.
        return "".join(map(_printable, "\n".join(lines))) + "\n"


def _printable(character: str) -> str:
    return character if character.isprintable() or character == "\n" else "\N{REPLACEMENT CHARACTER}"
