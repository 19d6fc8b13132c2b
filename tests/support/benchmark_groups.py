"""Made-up groups whose ways print what a test says, in processes of their own."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.environments import PeerError
from benchmarks.groups import COLD, USUAL, WARM, Group, Way


def way(name: str, found: dict[str, Any], log: Path | None = None, *, peer: bool = False, code: int = 0) -> Way:
    """A way that notes its name in a log, prints what was found, and ends with a code."""
    noted = f"open({str(log)!r}, 'a').write({name + chr(10)!r});" if log else ""
    failed = "print('OddError: it is broken', file=sys.stderr)"
    program = f"import sys; {noted} print({json.dumps(found)!r}); {failed}; sys.exit({code})"
    return Way(name, lambda _: [sys.executable, "-c", program], same="all", peer=peer)


def uninstallable(name: str, reason: str) -> Way:
    """A way whose program is not to be had."""

    def command(_: Path) -> list[str]:
        raise PeerError(reason)

    return Way(name, command, same="all", peer=True)


def found(value: float = 1.0, seconds: float = 2.0) -> dict[str, Any]:
    """What a way prints."""
    return {"values": {"wer": value}, "seconds": seconds, "processor": seconds / 2, "peak": 2**20, "rows": 7,
            "versions": {"jiwer": "4.0.0"}}  # fmt: skip


def scoring(make: Callable[[str], Way]) -> Group:
    """The group of the first table."""
    return Group("scoring", "scoring", tuple(make(name) for name in (USUAL, COLD, WARM)))
