"""A function of one large object is computed once for it, and again for an equal one."""

from __future__ import annotations

from audit._util.last_result import kept_for_last


def test_only_the_last_object_is_known() -> None:
    asked: list[tuple[list[int], str]] = []

    @kept_for_last
    def told(value: list[int], word: str) -> str:
        asked.append((value, word))
        return f"{word} {value}"

    one, equal = [1], [1]
    assert [told(one, "a"), told(one, "b"), told(one, "a")] == ["a [1]", "b [1]", "a [1]"]
    assert len(asked) == 2
    assert told(equal, "a") == "a [1]"
    assert len(asked) == 3
    told(one, "a")
    assert len(asked) == 4
