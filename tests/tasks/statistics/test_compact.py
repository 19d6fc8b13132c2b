from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tasks.statistics.compact import compact, placed, wide


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0, 255], np.uint8),
        ([0, 256], np.uint16),
        ([-1, 127], np.int8),
        ([-128, 127], np.int8),
        ([-1, 128], np.int16),
        ([-129, 0], np.int16),
        ([0, 2**16], np.uint32),
        ([-1, 2**15], np.int32),
        ([0, 2**32], np.int64),
        ([-1, 2**31], np.int64),
        ([0, 10**12], np.int64),
        ([], np.uint8),
    ],
)
def test_counts_take_the_fewest_bytes_and_lose_nothing(values: list[int], kind: type) -> None:
    given = np.array(values, dtype=np.int64).reshape(-1, 1)
    small = compact(given)
    assert small.dtype == kind
    assert wide(small).dtype == np.int64
    assert np.array_equal(wide(small), given)


def test_wide_counts_are_not_copied() -> None:
    given = np.array([[1, 2]], dtype=np.int64)
    assert wide(given) is given


def test_rows_are_placed_in_the_array_itself_if_they_fit() -> None:
    whole = np.zeros((4, 2), dtype=np.uint8)
    assert placed(whole, np.array([3, 1]), np.array([[255, 1], [2, 3]], dtype=np.uint8)) is whole
    assert placed(whole, slice(0, 1), np.array([[4, 5]], dtype=np.uint8)) is whole
    assert whole.tolist() == [[4, 5], [2, 3], [0, 0], [255, 1]]


@pytest.mark.parametrize(
    ("other", "kind"), [(np.int8, np.int16), (np.uint16, np.uint16), (np.uint32, np.uint32), (np.int64, np.int64)]
)
def test_rows_that_need_more_bytes_widen_the_array(other: Any, kind: type) -> None:
    whole = np.array([[0], [255], [7]], dtype=np.uint8)
    low, high = int(np.iinfo(other).min), int(np.iinfo(other).max)
    found = placed(whole, np.array([2, 0]), np.array([[low], [high]], dtype=other))
    assert found.dtype == kind
    assert found.tolist() == [[high], [255], [low]]
    assert whole.tolist() == [[0], [255], [7]]
