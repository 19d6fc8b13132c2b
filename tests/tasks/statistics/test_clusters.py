from __future__ import annotations

from tasks.row import Row
from tasks.statistics.clusters import cluster_keys, clusters, dominated


def rows(*names: str, **extra: str) -> list[Row]:
    return [Row(name, "", "", extra=extra) for name in names]


def test_rows_without_a_cluster_are_units_of_their_own() -> None:
    assert clusters(rows("a", "b")) == 2
    assert cluster_keys(rows("a", "b")) == ["row a", "row b"]
    assert clusters([]) == 0


def test_a_named_cluster_counts_and_other_rows_are_units() -> None:
    found = [*rows("a", "b", cluster="x"), *rows("c")]
    assert clusters(found) == ["x", "x", "row c"] == cluster_keys(found)
    assert clusters([Row("a", "", "", extra={"cluster": None})]) == 1


def test_mixtures_that_share_an_utterance_are_one_cluster_even_through_others() -> None:
    names = ["1-1-0001_2-1-0001", "3-1-0001_4-1-0001", "9-1-0001_8-1-0001", "2-1-0001_3-1-0001"]
    assert clusters(rows(*names)) == ["1-1-0001", "1-1-0001", "8-1-0001", "1-1-0001"]
    paths = [f"test/mix_clean/{name}.wav" for name in names]
    assert clusters(rows(*paths)) == clusters(rows(*names))
    assert clusters(rows(*names, "other"))[-1:] == ["row other"]  # type: ignore[index]


def test_utterances_are_not_mixtures() -> None:
    assert clusters(rows("1-1-0001", "1-1-0002")) == 2


def test_a_named_cluster_comes_before_the_id() -> None:
    assert clusters(rows("1-1-0001_2-1-0001", "2-1-0001_3-1-0001", cluster="x")) == ["x", "x"]


def test_one_cluster_with_more_than_half_of_the_rows_dominates() -> None:
    assert dominated(["x", "x", "y"])
    assert not dominated(["x", "x", "y", "z"])
    assert not dominated(3)
    assert not dominated([])


def test_mixtures_that_are_one_cluster_have_no_interval() -> None:
    from audit.literature.known_tasks import known_tasks as tasks
    from audit.scoring.rows_in_memory import prediction_set
    from audit.scoring.score import score

    task = tasks()["osr-librimix"]

    def intervals(names: list[str]) -> set[bool]:
        found = [{"id": name, "hypothesis": f"A B {n}", "reference": ["A B", f"C {n}"]} for n, name in enumerate(names)]
        scores = score(prediction_set(task, found), task, metrics=["wer"], replicates=50)
        return {item.interval is not None for item in scores if item.exact is not None}

    chain = [f"{n}-1-0001_{n + 1}-1-0001" for n in range(12)]
    apart = [f"{2 * n}-1-0001_{2 * n + 1}-1-0001" for n in range(12)]
    assert intervals(chain) == {False}
    assert intervals(apart) == {True}
