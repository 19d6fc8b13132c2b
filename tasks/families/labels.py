"""Gold labels: the spellings in which data sets and teams write them, mapped to a task's labels by a table.

A gold label that is in no table would make every output wrong in silence, so it cannot be read: its row is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tasks.errors import ScoringError
from tasks.row import Row
from tasks.steps.characters import plain_words

SOURCES = ("module:tasks.steps.characters", "module:tasks.steps.long_texts", "unicode:", "version:regex")


@dataclass(frozen=True, slots=True)
class Labels:
    """The gold labels of a task.

    Attributes:
        spellings: Label -> its other spellings; case and punctuation do not matter.
        outside: Labels of the data set that are not the task's; their rows are not in the set.
    """

    spellings: Mapping[str, tuple[str, ...]]
    outside: tuple[str, ...] = ()
    _table: dict[str, str | None] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        for label, others in self.spellings.items():
            self._table.update({plain_words(text).strip(): label for text in (label, *others)})
        self._table.update({plain_words(text).strip(): None for text in self.outside})

    def read(self, row: Row) -> str | None:
        """The gold label of a row; None if the label is not the task's. A label in another case stays as written.

        Raises:
            ScoringError: The label is in no table.
        """
        written = str(row.reference)
        words = plain_words(written).strip()
        if words not in self._table:
            known = ", ".join(self.spellings)
            raise ScoringError(f"unknown gold label {written!r} (labels: {known})", row=row.id)
        label = self._table[words]
        return written if label is not None and written.lower() == label.lower() else label

    def inside(self, row: Row) -> bool:
        """Whether a row's gold label is one of the task's; also True for a label that is in no table."""
        return self._table.get(plain_words(str(row.reference)).strip(), "") is not None


# Trial lists write 1 and 0, or target and nontarget.
SAME_SPEAKER = Labels(
    {
        "Yes": ("1", "true", "same", "target", "same speaker"),
        "No": ("0", "false", "different", "nontarget", "non-target", "impostor", "imposter", "different speakers"),
    }
)
