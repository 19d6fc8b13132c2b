"""Gold labels: mapped by a table or refused, in every classification and verification task."""

from __future__ import annotations

import pytest

from audit.literature.known_tasks import known_tasks as tasks
from tasks.errors import ScoringError
from tasks.families.classification import label_set
from tasks.families.labels import SAME_SPEAKER
from tasks.row import Row

# As the study of SALMONN declares them.
IEMOCAP = label_set(tasks()["er-iemocap"].parameters).table


@pytest.mark.parametrize(
    ("written", "label"),
    [("Happy", "Happy"), ("happy", "happy"), ("HAPPY", "HAPPY"), ("excited", "Happy"), ("exc", "Happy"), ("Excited.", "Happy"),
     ("hap", "Happy"), ("ANG", "Angry"), ("neu", "Neutral"), ("sadness", "Sad"), ("frustrated", None), ("xxx", None),
     ("sur", None)],
)  # fmt: skip
def test_emotions(written: str, label: str | None) -> None:
    row = Row("1", "", written)
    assert IEMOCAP.read(row) == label
    assert IEMOCAP.inside(row) == (label is not None)


@pytest.mark.parametrize(
    ("written", "label"),
    [("Yes", "Yes"), ("yes", "yes"), ("1", "Yes"), ("0", "No"), ("target", "Yes"), ("non-target", "No")],
)
def test_trials(written: str, label: str) -> None:
    assert SAME_SPEAKER.read(Row("1", "", written)) == label


@pytest.mark.parametrize("written", ["bored", "", "happy and sad", "2", "maybe"])
def test_an_unknown_label_names_its_row(written: str) -> None:
    for labels in (IEMOCAP, SAME_SPEAKER):
        with pytest.raises(ScoringError, match=f"row 7: unknown gold label {written!r}"):
            labels.read(Row("7", "", written))
        assert labels.inside(Row("7", "", written))  # an error, not a row outside the set


def test_every_convention_reads_its_labels_by_the_table() -> None:
    for task, view in (("er-iemocap", "label@"), ("sv-voxceleb1", "same-speaker-label")):
        for convention in tasks()[task].conventions["accuracy"]:
            if convention.unavailable() is None:
                assert convention.reference_view.name.startswith(view)
