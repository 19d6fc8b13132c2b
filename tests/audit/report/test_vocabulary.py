from __future__ import annotations

from audit.literature.known_tasks import known_tasks as tasks
from audit.report import vocabulary
from audit.schema import Agreement, Verdict
from audit.verdict.rules import RULES


def test_every_verdict_has_words_in_the_order_of_the_rules() -> None:
    assert list(vocabulary.verdicts()) == [rule.verdict.value for rule in RULES]
    assert set(vocabulary.verdicts()) == {v.value for v in Verdict}


def test_every_agreement_has_words() -> None:
    assert list(vocabulary.agreements()) == [a.value for a in Agreement]


def test_every_metric_and_task_of_the_table_has_a_name() -> None:
    for task in tasks().values():
        assert set(task.conventions) <= set(vocabulary.METRICS), task.id
        short = task.declaration.short if task.declaration else ()
        assert all(len(part) <= 12 for part in short), task.id
