from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.errors import ScoringError
from tasks.families.caption_clips import clips, join_clips
from tasks.row import Row

CLIPS = {"x": ["a dog", "a dog barks"], "y": ["wind", "a dog barks"], "z": ["rain", "rain"]}


def test_join() -> None:
    rows = [
        Row("1", "h", "a dog "),
        Row("2", "h", ["wind"]),
        Row("3", "h", "a dog barks"),
        Row("4", "h", "sea"),
        Row("5", "h", "rain"),
    ]
    joined = join_clips(rows, CLIPS)
    assert [(row.id, row.reference, row.extra["cluster"]) for row in joined.rows] == [
        ("1", CLIPS["x"], "x"),
        ("2", CLIPS["y"], "y"),
        ("5", CLIPS["z"], "z"),
    ]
    assert (joined.ambiguous, joined.unknown) == (("3",), ("4",))


def test_clips() -> None:
    pairs = [(clip, text) for clip, texts in CLIPS.items() for text in texts]
    assert clips(pairs, 2) == CLIPS
    with pytest.raises(ScoringError, match="1 clips do not have 2 captions; the first is z with 1"):
        clips(pairs[:-1], 2)
    with pytest.raises(ScoringError, match="the first is x with 3"):
        clips([*pairs, ("x", "more")], 2)


def test_a_row_with_several_captions_is_refused() -> None:
    with pytest.raises(ScoringError, match="row 1: the reference must be a single caption"):
        join_clips([Row("1", "h", ["a", "b"])], CLIPS)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["p", "q", "r", "s"])), max_size=12),
    st.lists(st.sampled_from("pqrst"), max_size=8),
)
def test_every_row_ends_in_one_place(pairs: list[tuple[str, str]], captions: list[str]) -> None:
    found = clips(pairs)
    rows = [Row(str(i), "", text) for i, text in enumerate(captions)]
    joined = join_clips(rows, found)
    assert sorted([*(r.id for r in joined.rows), *joined.ambiguous, *joined.unknown]) == sorted(r.id for r in rows)
    for row in joined.rows:
        assert captions[int(row.id)] in row.reference
        assert sum(captions[int(row.id)] in texts for texts in found.values()) == 1
