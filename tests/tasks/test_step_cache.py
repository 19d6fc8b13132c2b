"""Work that conventions share is done once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from audit.literature.known_tasks import known_tasks as tasks
from tasks.catalogue.steps import STEPS
from tasks.convention import HYPOTHESIS, REFERENCE
from tasks.errors import UnavailableError
from tasks.row import Row
from tasks.step import Step, step
from tasks.step_cache import ChainCache


def test_a_text_goes_through_a_step_once() -> None:
    calls: list[str] = []

    def note(text: str) -> str:
        calls.append(text)
        return text.upper()

    shared, other = step("note", note), step("other", lambda text: text.strip())
    cache = ChainCache([Row("1", "a", "r"), Row("2", "a", "r"), Row("3", "b", "r"), Row("4", None, "r")])
    assert cache.values(HYPOTHESIS, (shared,)) == ["A", "A", "B", None]
    assert cache.values(HYPOTHESIS, (shared, other)) == ["A", "A", "B", None]
    assert calls == ["a", "b"]
    assert cache.computed[shared] == 2
    assert cache.values(REFERENCE, ()) == ["r"] * 4


def test_chains_go_on_together_where_steps_change_nothing() -> None:
    def same(texts: Sequence[str]) -> list[str]:
        return [text.strip() for text in texts]

    upper = step("upper", lambda text: text.upper())
    strip, again = (step(name, lambda text: text.strip(), batch=same) for name in ("strip", "again"))
    cache = ChainCache([Row("1", "a", "a"), Row("2", "b", "b"), Row("3", "a", "c")])
    assert cache.values(HYPOTHESIS, (strip,)) is cache.values(HYPOTHESIS, (again,))
    assert cache.values(HYPOTHESIS, (strip, upper)) is cache.values(HYPOTHESIS, (again, upper))
    assert cache.values(HYPOTHESIS, (strip, again, upper)) == ["A", "B", "A"]
    assert cache.values(REFERENCE, (strip, upper)) == ["A", "B", "C"]
    assert (cache.computed[strip], cache.computed[upper]) == (3, 3)


def test_a_light_step_is_done_again_instead_of_looked_up() -> None:
    """What follows it is still shared: equal lists are one list."""
    lower = step("lower", lambda text: text.lower(), light=True)
    upper = step("upper", lambda text: text.upper())
    strip = step("strip", lambda text: text.strip())
    cache = ChainCache([Row("1", "A", "A "), Row("2", "A", "A"), Row("3", "B", "b")])
    first, second = (cache.values(view, (strip, lower)) for view in (HYPOTHESIS, REFERENCE))
    assert first is second
    assert first == ["a", "a", "b"]
    assert cache.values(HYPOTHESIS, (strip, lower, upper)) == cache.values(REFERENCE, (lower, strip, upper))
    assert (cache.computed[lower], cache.computed[upper]) == (9, 2)
    some = ChainCache([Row("1", None, ["A", "A"]), Row("2", "A", ["B", "A"])])
    assert some.values(HYPOTHESIS, (lower,)) == [None, "a"]
    assert some.values(REFERENCE, (lower,)) == [["a", "a"], ["b", "a"]]
    assert some.computed[lower] == 2


def test_light_steps_never_fail_and_make_texts() -> None:
    """A failure would not name its row, and what is not a text would be taken for one."""
    light = [one.step for one in STEPS.values() if one.step.light]
    assert {"lower", "rstrip", "special", "end-token"} <= {one.name for one in light}
    texts = ["", " ", "a", "A\ud800", "</s>", "<think>", "<think>a", "9" * 5000, "\0", "é" * 3, "٣½", "<s>" * 9]
    for one in light:
        assert one.kind == "text"
        assert all(isinstance(one(text), str) for text in texts), one.name


def test_a_step_may_make_nothing_or_a_list_of_a_text() -> None:
    found = step("found", lambda text: {"a": None, "b": ["x", "y"]}.get(text, text))
    upper = step("upper", lambda text: text.upper())
    cache = ChainCache([Row("1", "a", "c"), Row("2", "b", "d")])
    assert cache.values(HYPOTHESIS, (found, upper)) == [None, ["X", "Y"]]
    assert cache.values(REFERENCE, (found, upper)) == ["C", "D"]


def test_lists_are_mapped_item_by_item() -> None:
    split = step("split", lambda text: text.split("."), kind="split")
    words = step("words", lambda text: tuple(text.split()), kind="tokens")
    cache = ChainCache([Row("1", "a b.c", ["x y", "z"])])
    assert cache.values(HYPOTHESIS, (split, words)) == [[("a", "b"), ("c",)]]
    assert cache.values(REFERENCE, (words,)) == [[("x", "y"), ("z",)]]


def test_the_chains_of_a_task_share_their_beginnings() -> None:
    rows = [Row(str(i), f"Text number {i} <s>.</s>", f"TEXT NUMBER {i}") for i in range(20)]
    cache = ChainCache(rows)
    chains = [c for c in tasks()["asr-librispeech-clean"].conventions["wer"] if not c.unavailable()]
    for convention in chains:
        cache.values(convention.hypothesis_view, convention.hypothesis)
    steps = {step for c in chains for step in c.hypothesis}
    assert set(cache.computed) == steps
    applied = sum(len(c.hypothesis) for c in chains)
    assert sum(cache.computed.values()) < 20 * applied / 2


def test_a_program_is_started_once_for_all_chains() -> None:
    starts: list[list[str]] = []

    def started(texts: list[str]) -> list[str]:
        starts.append(list(texts))
        return [text.upper() for text in texts]

    program = Step("program", "1", lambda: str.upper, (), batch=started, program=True)
    first = step("first", lambda text: text.replace("a", "b"), batch=lambda texts: [t.replace("a", "b") for t in texts])
    chains = [
        (HYPOTHESIS, (program,)),
        (HYPOTHESIS, (first, program)),
        (REFERENCE, (program, first)),
        (REFERENCE, (first,)),
    ]
    cache = ChainCache([Row("1", "a", ["c", "a"]), Row("2", None, ["d"])])
    cache.together(chains)
    assert starts == [["a", "b", "c", "d"]]
    assert [cache.values(*chain) for chain in chains] == [
        ["A", None], ["B", None], [["C", "A"], ["D"]], [["c", "b"], ["d"]],
    ]  # fmt: skip
    cache.together(chains)
    assert len(starts) == 1
    assert cache.computed[program] == 4


def test_a_program_that_fails_is_left_to_each_chain() -> None:
    def missing(texts: list[str]) -> list[str]:
        raise UnavailableError("no program")

    program = Step("program", "1", lambda: str.upper, (), batch=missing, program=True)
    cache = ChainCache([Row("1", "a", "b")])
    cache.together([(HYPOTHESIS, (program,))])
    with pytest.raises(UnavailableError, match="no program"):
        cache.values(HYPOTHESIS, (program,))
