"""A blind edition in this program's own names, where the team's conventions have neutral ids that it does not know.

The conventions are found by their hashes. What this program computes is compared under the neutral names, or the audit is
read under the program's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from audit._util.files import write_atomic
from audit._util.strict_json import loads
from audit.document.read import structure
from audit.document.write import to_bytes
from audit.literature.studies import load_study
from audit.provenance.blinding.document import in_order
from audit.provenance.blinding.edition import field_names
from audit.provenance.blinding.names import Identity, Names
from audit.schema import AuditDocument


@dataclass(frozen=True)
class OwnNames:
    """What this program calls the conventions of a blind edition.

    Attributes:
        pairs: (this program's name, the neutral one): what is left of two ids without their common end, so that
            `team-1-finished` and `x-finished` give `x` and `team-1`.
    """

    pairs: tuple[tuple[str, str], ...]

    @property
    def back(self) -> Names:
        """Puts this program's names for the neutral ones."""
        return Names((Identity("record", neutral, own) for own, neutral in self.pairs), field_names())

    @property
    def forth(self) -> Names:
        """Puts the neutral names for this program's."""
        return Names((Identity("record", own, neutral) for own, neutral in self.pairs), field_names())

    def literature(self, carried: Mapping[str, bytes]) -> dict[str, bytes]:
        """The literature of a blind package with this program's names; also in the files' names."""
        names = self.back
        return {names.text(path): names.bytes(data) for path, data in carried.items()}

    def audit(self, audit: AuditDocument) -> AuditDocument:
        """A blind audit with this program's names, its lists in the order of these."""
        value = self.back.json(loads(to_bytes(audit), "refused"))
        in_order(value)
        return structure(value, "the blind audit.json")

    def neutral(self, audit: AuditDocument) -> AuditDocument:
        """What this program has computed, with the neutral names."""
        return structure(self.forth.json(loads(to_bytes(audit), "refused")), "computed again")


def own_names(audit: AuditDocument, carried: Mapping[str, bytes]) -> OwnNames:
    """What this program calls the conventions of an audit; nothing for one that is not blind.

    Args:
        audit: The audit.
        carried: The package's literature, by the names below `literature/`.

    Raises:
        InputError: The study in the package is invalid.
    """
    name = f"studies/{audit.study.id}.yaml"
    if audit.blind is None or name not in carried:
        return OwnNames(())
    with tempfile.TemporaryDirectory(prefix="repro-audit-") as folder:
        for path, data in carried.items():
            write_atomic(Path(folder) / path, data)
        tasks = load_study(Path(folder) / name).tasks
    here = {
        (task.id, metric, item.id): item.hash
        for task in tasks.values()
        for metric, items in task.conventions.items()
        for item in items
    }
    stated = {(item.task, item.metric, item.id): item.hash for item in audit.conventions}
    free = {(key[:2], digest): key[2] for key, digest in here.items() if key not in stated}
    found = {
        _stems(free[key[:2], digest], key[2]): None
        for key, digest in stated.items()
        if key not in here and (key[:2], digest) in free
    }
    return OwnNames(tuple(pair for pair in found if all(pair)))


def _stems(own: str, neutral: str) -> tuple[str, str]:
    left, right = own.split("-"), neutral.split("-")
    while len(left) > 1 and len(right) > 1 and left[-1] == right[-1]:
        left.pop()
        right.pop()
    return "-".join(left), "-".join(right)
