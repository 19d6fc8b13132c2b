"""Engines hand shards out at once and give what comes back in order."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from audit.scoring import pool


class Remote:
    """Ray's function: what is handed over, and when."""

    def __init__(self, handed: list[Any]) -> None:
        self.handed = handed

    def options(self, **_options: Any) -> Remote:
        return self

    def remote(self, item: Any) -> Any:
        self.handed.append(item)
        return item


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A cluster of one processor that hands back what it was given; `handed` and `asked` say what and when."""
    made: Any = ModuleType("ray")
    made.handed, made.asked = [], []
    made.is_initialized = lambda: True
    made.cluster_resources = lambda: {"CPU": 1.0}
    made.remote = lambda _function: Remote(made.handed)
    made.get = lambda reference: made.asked.append(reference) or {"shard": reference}
    monkeypatch.setitem(sys.modules, "ray", made)
    return made


def work(number: int) -> list[Any]:
    return [("a task", (), (n,)) for n in range(number)]


def test_ray_has_the_shards_before_the_first_is_asked_for(ray: Any) -> None:
    """Else a set that is begun ahead would only begin when it is waited for."""
    with pool.engine("ray", 2) as (mapping, _):
        found = mapping(iter(work(3)))
        assert ray.handed == work(3)
        assert ray.asked == []
        assert next(found) == {"shard": work(3)[0]}
        assert ray.asked == work(1)
        assert list(found) == [{"shard": one} for one in work(3)[1:]]


def test_ray_has_no_more_shards_than_keep_it_busy(ray: Any) -> None:
    """Else all rows of a large file would be in memory at once."""
    with pool.engine("ray", 2) as (mapping, _):
        found = mapping(iter(work(20)))
        assert ray.handed == work(8)
        next(found)
        assert ray.handed == work(9)
        assert [one["shard"] for one in found] == work(20)[1:]  # type: ignore[comparison-overlap]
        assert ray.handed == work(20)
