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


def test_ray_has_all_shards_before_the_first_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a set that is begun ahead would only begin when it is waited for."""
    handed: list[Any] = []
    asked: list[Any] = []
    ray: Any = ModuleType("ray")
    ray.is_initialized = lambda: True
    ray.remote = lambda _function: Remote(handed)
    ray.get = lambda reference: asked.append(reference) or {"shard": reference}
    monkeypatch.setitem(sys.modules, "ray", ray)
    with pool.engine("ray", 2) as (mapping, _):
        found = mapping(iter([1, 2, 3]))  # type: ignore[arg-type]
        assert handed == [1, 2, 3]
        assert asked == []
        assert next(found) == {"shard": 1}
        assert asked == [1]
        assert list(found) == [{"shard": 2}, {"shard": 3}]
