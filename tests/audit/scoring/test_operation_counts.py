"""Operation counts of scoring: what is shared is done once, and what is known is not done again."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit.scoring import counting
from audit.scoring.cache import ScoreCache
from audit.scoring.score import score
from tasks.convention import Selection
from tasks.statistics import bootstrap, paired
from tasks.statistics.bootstrap import draws
from tests.audit.scoring.test_shards import CHOSEN, TASK, plain, prediction_set, rows


def test_a_rule_is_asked_once_a_row_however_many_conventions_have_it() -> None:
    asked: Counter[str] = Counter()

    def keep(row: Any) -> bool:
        asked[row.id] += 1
        return bool(row.finished)

    rule = Selection("counted", keep, "why")
    items = rows(40)
    selecting = [(m, replace(c, select=(rule,))) for m, c in CHOSEN if not c.unavailable()]
    assert len(selecting) > 10
    counting.count(items, selecting)
    assert set(asked) == {row.id for row in items}
    assert set(asked.values()) == {1}
    # That the count would show it asked twice:
    asked.clear()
    counting.count(items, [*selecting[:1], (selecting[1][0], replace(selecting[1][1], select=(rule, rule)))])
    assert min(asked.values()) > 1


def test_sets_of_one_size_are_drawn_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[int, int]] = []
    real = bootstrap._lines

    def lines(units: int, seed: int) -> Any:
        drawn.append((units, seed))
        return real(units, seed)

    monkeypatch.setattr(bootstrap, "_lines", lines)
    bootstrap._kept_draws.cache_clear()
    one, again = (list(draws(23, 9, 4)) for _ in range(2))
    assert [chunk.tolist() for chunk in one] == [chunk.tolist() for chunk in again]
    assert drawn == [(23, 4)]
    for digest in ("1", "2"):
        score(prediction_set(rows(31), digest * 64), TASK, replicates=9, seed=4)
    assert drawn == [(23, 4), (31, 4)]
    list(draws(23, 9, 5))
    assert drawn[2:] == [(23, 5)]
    bootstrap._kept_draws.cache_clear()


def test_a_warm_run_draws_nothing_and_folds_no_replicate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items = prediction_set(rows(30))
    cold = plain(score(items, TASK, replicates=20, cache=ScoreCache(tmp_path)))
    done: Counter[str] = Counter()
    kinds = {type(c.metric) for _, c in CHOSEN}
    for target, name in [
        (paired, "draws"),
        (paired._Table, "add"),
        *((kind, name) for kind in kinds for name in ("from_sums", "terms", "count")),
        (ScoreCache, "put"),
    ]:
        real = getattr(target, name)

        def counted(*arguments: Any, real: Any = real, name: str = name, **options: Any) -> Any:
            done[name] += 1
            return real(*arguments, **options)

        monkeypatch.setattr(target, name, counted)
    monkeypatch.setattr("audit.scoring.score.percentile_interval", lambda values: done.update(["interval"]))
    assert plain(score(items, TASK, replicates=20, cache=ScoreCache(tmp_path))) == cold
    assert done == Counter()
    score(items, TASK, replicates=21, cache=ScoreCache(tmp_path))
    assert {"draws", "add", "from_sums", "terms", "count", "put", "interval"} == set(done)
