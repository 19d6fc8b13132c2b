"""Which selection rules look only at the reference."""

from __future__ import annotations

from tasks.families.classification import LABELLED
from tasks.steps.select import REFERENCE_AFTER_TAGS, REFERENCE_NOT_EMPTY

# As in an official scoring; a selection by output is never the set's.
BY_REFERENCE = frozenset({REFERENCE_AFTER_TAGS.name, REFERENCE_NOT_EMPTY.name, LABELLED})
