"""Scoring: values, intervals, the states of rows, and the sum check."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from audit.errors import InputError
from audit.literature.known_tasks import known_tasks as tasks
from audit.scoring.account import Account, Skipped
from audit.scoring.prediction_meta import PredictionMeta
from audit.scoring.predictions import PredictionSet
from audit.scoring.score import score
from tasks.convention import Convention
from tasks.metrics.accuracy import Accuracy
from tasks.row import Row
from tasks.task import Task

TASK = tasks()["asr-librispeech-clean"]
ROWS = (
    Row("a", "one two three</s>", "one two three", True),
    Row("b", "one five three</s>", "one two three", True),
    Row("c", "one two two two", "one two three", False),
    Row("d", None, "one two three", extra={"error": "no audio"}),
)


def prediction_set(rows: tuple[Row, ...] = ROWS, task: Task = TASK) -> PredictionSet:
    return PredictionSet(task.id, rows, PredictionMeta(task.id, "made up", "13b"), Path("x.jsonl"), "0" * 64, "0" * 64)


def test_a_score_without_a_value_says_why() -> None:
    def reason(*rows: Row, convention: str = "hufs", task: Task = TASK) -> str | None:
        (found,) = score(prediction_set(rows, task), task, conventions=[convention], expected=len(rows))
        return found.no_value

    assert reason(ROWS[0]) is None
    assert reason(ROWS[0], convention="ltu-as") == "needs an external recogniser's transcripts"
    assert reason(ROWS[3]) == "not defined: no row was scored; 1 with an error"
    unfinished = reason(ROWS[2], ROWS[3], convention="hufs-finished")
    assert unfinished == "not defined: no row was scored; 1 dropped (no end token), 1 with an error"
    silent = reason(Row("a", "</s>", "", True))
    assert silent is not None
    assert silent.startswith("not defined: of the scored rows, ")
    assert "add up to 0" in silent


def test_every_row_ends_in_one_state() -> None:
    by_id = {s.convention.id: s for s in score(prediction_set(), TASK, expected=6)}
    for item in by_id.values():
        if item.account is None:
            assert item.unavailable
            continue
        account = item.account
        total = account.scored + sum(s.rows for s in account.skipped) + account.missing + account.error
        assert total == account.expected == 6
        assert (account.missing, account.error) == (2, 1)
    assert by_id["hufs"].exact == Fraction(300, 9)  # one substitution, and one substitution and one insertion, of nine
    assert by_id["hufs-finished"].exact == Fraction(100, 6)
    assert by_id["hufs-finished"].account is not None
    assert by_id["hufs-finished"].account.skipped == (Skipped("finished", "no end token", 1),)
    assert by_id["hufs-finished"].ids == ("a", "b")
    assert by_id["ltu-as"].unavailable == "needs an external recogniser's transcripts"


def test_more_rows_than_the_set_has_stop_the_audit() -> None:
    with pytest.raises(
        InputError, match=r"scored 3 \+ skipped 0 \+ missing -1 \+ error 1 is not the size of the set, 3"
    ):
        score(prediction_set(), TASK, expected=3)


@pytest.mark.parametrize(("scored", "missing", "error"), [(4, 0, 0), (2, 0, 0), (4, -1, 0), (3, 1, -1)])
def test_an_account_that_does_not_add_up_is_refused(scored: int, missing: int, error: int) -> None:
    with pytest.raises(InputError, match="is not the size of the set"):
        Account(3, scored, (), missing, error, "x.jsonl")


def test_all_conventions_see_the_same_draws() -> None:
    """Paired: a convention that counts the same way on the same rows has the same interval to the last digit."""
    rows = tuple(Row(f"{i:03}", f"w{i % 7}{' x' * (i % 11)}</s>", f"w0{' x' * (i % 11)}", True) for i in range(200))
    items = {s.convention.id: s for s in score(prediction_set(rows), TASK)}
    assert items["hufs"].interval == items["hufs-finished"].interval == items["slam-llm"].interval
    assert items["hufs"].interval is not None
    low, high = items["hufs"].interval
    assert low < items["hufs"].value < high  # type: ignore[operator]
    again = {s.convention.id: s.interval for s in score(prediction_set(rows), TASK)}
    assert again == {name: item.interval for name, item in items.items()}
    other = {s.convention.id: s.interval for s in score(prediction_set(rows), TASK, seed=1)}
    assert other["hufs"] != items["hufs"].interval


def test_clusters_widen_the_interval() -> None:
    def made(cluster: bool) -> tuple[Row, ...]:
        return tuple(
            Row(
                f"{i:03}",
                "x x x" if i // 20 % 2 else "a b c",
                "a b c",
                extra={"cluster": str(i // 20)} if cluster else {},
            )
            for i in range(200)
        )

    def width(rows: tuple[Row, ...]) -> float:
        (item,) = score(prediction_set(rows), TASK, conventions=["verbatim"])
        assert item.interval is not None
        return float(item.interval[1] - item.interval[0])

    assert width(made(cluster=True)) > 2 * width(made(cluster=False))


def test_no_rows_left_give_no_value() -> None:
    rows = (Row("a", "one", "one", False),)
    (item,) = score(prediction_set(rows), TASK, conventions=["hufs-finished"])
    assert item.value is None
    assert item.interval is None
    assert item.account is not None
    assert item.account.scored == 0


def test_an_unavailable_convention_says_why_and_the_others_go_on() -> None:
    broken = Convention("broken", "Made for this test.", Accuracy(), unavailable=lambda: "Java not found")
    task = Task(
        "er-iemocap",
        "ER",
        "",
        TASK.reference_type,
        {"accuracy": (broken, *tasks()["er-iemocap"].conventions["accuracy"])},
    )
    rows = (Row("a", "Happy</s>", "Happy"),)
    items = score(prediction_set(rows, task), task)
    assert items[0].unavailable == "Java not found"
    assert items[0].value is None
    assert items[1].exact == 1


def test_counts_are_whole_numbers() -> None:
    counted = [item.counts for item in score(prediction_set(), TASK) if item.counts is not None]
    assert len(counted) > 10
    for counts in counted:
        assert np.issubdtype(counts.dtype, np.integer)
