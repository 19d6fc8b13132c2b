"""The names of a specification's axes are known without what can be computed here."""

from __future__ import annotations

import pytest

from audit.literature.known_tasks import known_tasks
from tasks.analysis.specifications import axis_names, specification

TASKS = known_tasks()


@pytest.mark.parametrize("name", sorted(TASKS))
def test_the_names_are_those_of_the_axes(name: str) -> None:
    task = TASKS[name]
    for metric in task.conventions:
        assert axis_names(task, metric) == tuple(axis.name for axis in specification(task, metric).axes)


def test_a_metric_that_the_task_does_not_have() -> None:
    with pytest.raises(KeyError, match="bleurt"):
        axis_names(TASKS["asr-gigaspeech"], "bleurt")
