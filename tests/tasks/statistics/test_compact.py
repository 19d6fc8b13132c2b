from __future__ import annotations

import numpy as np
import pytest

from tasks.statistics.compact import compact, wide


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
        ([], np.int64),
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
