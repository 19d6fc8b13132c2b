"""Many metrics under one bootstrap: bit by bit what each gives by itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.metrics.accuracy import Accuracy
from tasks.metrics.bleu import Bleu, MeanSentenceBleu, NltkCharacterBleu
from tasks.metrics.error_rate import ErrorRate, MeanErrorRate
from tasks.metrics.metric import Counts, Metric, Sums, Terms
from tasks.metrics.rouge import RougeL
from tasks.statistics import bootstrap, paired
from tasks.statistics.bootstrap import draws, weights
from tasks.statistics.compact import compact
from tasks.statistics.paired import Part, replicates_together
from tasks.step import Value

ROWS, REPLICATES = 97, 60


class Signed(Metric):
    """Terms below zero, and beyond 32 bits."""

    id = "signed"
    columns = ("a", "b")

    @property
    def signature(self) -> str:
        return "signed"

    def count(self, hypotheses: Sequence[Value], references: Sequence[Value]) -> Counts:
        raise NotImplementedError

    def fold(self, counts: Counts) -> float | None:
        return float(counts.sum())

    def terms(self, counts: Counts) -> Terms:
        return counts * np.array([-3, 10**9])

    def from_sums(self, sums: Sums) -> NDArray[np.float64]:
        return np.asarray(sums[:, 0] + sums[:, 1])


def parts() -> list[Part]:
    draw = np.random.default_rng(5)
    metrics: list[tuple[Metric, int, int]] = [
        (ErrorRate(), 4, 30),
        (ErrorRate(), 4, 70_000),
        (MeanErrorRate(), 4, 9),
        (Bleu(), 10, 40),
        (MeanSentenceBleu(), 10, 40),
        (NltkCharacterBleu(), 1, 10**12),
        (RougeL(), len(RougeL().columns), 20),
        (Accuracy(), len(Accuracy().columns), 2),
        (Signed(), 2, 5),
        (ErrorRate(), 4, 1),
    ]
    found = []
    for metric, columns, top in metrics:
        counts = draw.integers(0, top, (ROWS, columns))
        some = np.flatnonzero(draw.random(ROWS) < 0.7)
        found.append(Part(metric, compact(counts), range(ROWS)))
        found.append(Part(metric, compact(counts[some]), [int(n) for n in some]))
    return found


CLUSTERS: list[int | list[str]] = [ROWS, [f"{n % 7}" for n in range(ROWS)], ["one"] * ROWS]


@pytest.mark.parametrize("clusters", CLUSTERS, ids=["rows", "clusters", "one"])
@pytest.mark.parametrize(
    ("units", "lines", "kept", "rows"), [(4096, 128, 2**25, 2**20), (5, 7, 0, 11), (1, 1, 300, ROWS - 1)]
)
def test_together_is_what_each_gives_alone(
    clusters: int | list[str], units: int, lines: int, kept: int, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paired, "_ROWS", rows)
    monkeypatch.setattr(paired, "_BLOCK_UNITS", units)
    monkeypatch.setattr(paired, "_BLOCK_REPLICATES", lines)
    monkeypatch.setattr(bootstrap, "_KEPT_BYTES", kept)
    together = replicates_together(parts(), clusters, REPLICATES, 3)
    (drawn,) = weights(clusters, REPLICATES, 3)
    for part, found in zip(parts(), together, strict=True):
        alone = part.metric.replicate(part.counts.astype(np.int64), drawn[:, list(part.kept)])
        assert found.shape == (REPLICATES,)
        assert found.tobytes() == alone.tobytes()


def test_wide_sums_are_not_rounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond what 32 bits hold exactly; with the test taken out, a bit is lost."""
    counts = np.full((70_000, 4), 255) - np.arange(70_000)[:, None] % 3
    part = Part(ErrorRate(), compact(counts), range(len(counts)))
    monkeypatch.setattr(paired, "_BLOCK_UNITS", 70_000)

    def together() -> NDArray[np.float64]:
        (chunk,) = draws(len(counts), 3, 1)
        table = paired._Table(len(counts))
        table.add(part)
        return table.sums(chunk)

    (drawn,) = weights(len(counts), 3, 1)
    expected = drawn @ counts[:, :1].astype(np.float64)
    assert np.array_equal(together(), expected)
    monkeypatch.setattr(paired, "_EXACT_32", 2**60)
    assert not np.array_equal(together(), expected)


# 255 x FULL is 2**24 - 1: the greatest sum that is below the bound.
FULL = 65_793


@pytest.mark.parametrize(
    ("full", "ones", "most", "total", "kind"),
    [
        (FULL, 0, 1, 2**24 - 1, np.float32),
        (FULL, 1, 1, 2**24, np.float64),
        (FULL, 2, 1, 2**24 + 1, np.float64),
        (FULL // 3, 0, 3, 2**24 - 1, np.float32),
        (FULL // 3, 1, 3, 2**24 + 2, np.float64),
        (FULL // 3, 2, 3, 2**24 + 5, np.float64),
    ],
)
def test_the_narrow_sums_end_where_they_would_be_rounded(
    full: int, ones: int, most: int, total: int, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On either side of 2**24, and with units drawn three times; beyond it, an odd sum in 32 bits is another number."""
    units = full + ones
    monkeypatch.setattr(paired, "_BLOCK_UNITS", units)
    column = np.array([255] * full + [1] * ones, dtype=np.uint8)
    table = paired._Table(units)
    table._place(column)
    chunk = np.full((2, units), most, dtype=np.uint8)
    chunk[1] = 0
    chosen = paired._kind

    def sums() -> list[list[float]]:
        return table.sums(chunk).tolist()

    assert chosen(column[None], most) is kind
    assert sums() == [[total], [0]]
    odd = total > 2**24 and total % 2 == 1
    monkeypatch.setattr(paired, "_EXACT_32", 2**25)
    assert chosen(column[None], most) is np.float32
    assert (sums() != [[total], [0]]) is odd
    monkeypatch.undo()
    monkeypatch.setattr(paired, "_BLOCK_UNITS", units)
    monkeypatch.setattr(paired, "_kind", lambda block, most: chosen(block, 1))
    assert (sums() != [[total], [0]]) is (odd and most > 1)


def test_equal_columns_are_multiplied_once() -> None:
    table = paired._Table(ROWS)
    counts = np.arange(4 * ROWS).reshape(ROWS, 4) % 200
    first = table.add(Part(ErrorRate(), compact(counts), range(ROWS)))
    assert table.add(Part(ErrorRate(), compact(counts[:, ::-1]), range(ROWS))) == first[::-1]
    assert len(table._columns) == 4


def test_draws_are_those_of_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    (expected,) = weights(50, 40, 9)
    for kept, chunk in ((2**20, 2**20), (0, 50 * 3), (0, 1)):
        monkeypatch.setattr(bootstrap, "_KEPT_BYTES", kept)
        monkeypatch.setattr(bootstrap, "_CHUNK_BYTES", chunk)
        found = list(draws(50, 40, 9))
        assert np.array_equal(np.concatenate(found), expected)
        assert all(part.dtype == np.uint8 for part in found)


def test_a_unit_drawn_more_often_than_a_byte_holds() -> None:
    lines = iter([np.array([3, 1]), np.array([255, 0]), np.array([256, 1]), np.array([0, 2])])
    found = bootstrap._chunk(lines, 4, 2)
    assert found.tolist() == [[3, 1], [255, 0], [256, 1], [0, 2]]
    assert found.dtype == np.uint32
    assert bootstrap._chunk(iter([np.array([255, 0])]), 1, 2).dtype == np.uint8


def test_nothing_to_draw() -> None:
    assert list(draws(0, 10, 1)) == []
    empty = Part(ErrorRate(), compact(np.zeros((0, 4), dtype=np.int64)), [])
    assert [len(values) for values in replicates_together([empty], 5, 8, 1)] == [8]
    zero = Part(ErrorRate(), compact(np.zeros((5, 4), dtype=np.int64)), range(5))
    assert np.isnan(replicates_together([zero], 5, 8, 1)[0]).all()


def test_terms_of_both_signs() -> None:
    counts = np.array([[1, 0], [-2, 300], [5, -70_000], [0, 4]])
    part = Part(Signed(), compact(counts), range(4))
    [found] = replicates_together([part], 4, 50, 2)
    (drawn,) = weights(4, 50, 2)
    assert found.tolist() == (drawn @ (counts * np.array([-3, 10**9])).sum(axis=1)).tolist()


def test_no_units_and_no_replicates() -> None:
    nothing = Part(ErrorRate(), compact(np.zeros((0, 4), dtype=np.int64)), [])
    assert [values.shape for values in replicates_together([nothing, nothing], 0, 8, 1)] == [(0,), (0,)]
    assert [values.shape for values in replicates_together([nothing], [], 8, 1)] == [(0,)]
    some = Part(ErrorRate(), compact(np.ones((3, 4), dtype=np.int64)), range(3))
    assert [values.shape for values in replicates_together([some], 3, 0, 1)] == [(0,)]


def test_sums_stay_narrow_column_by_column() -> None:
    block = np.full((3, FULL), 255, dtype=np.uint8)
    assert paired._kind(block, 1) is np.float32


def test_small_draws_are_kept_and_large_ones_made_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    def same(units: int, replicates: int) -> bool:
        (one,), (other,) = (list(draws(units, replicates, 1)) for _ in range(2))
        return one is other

    monkeypatch.setattr(bootstrap, "_KEPT_BYTES", 20)
    assert same(5, 4)
    assert same(1, 1)
    assert not same(7, 3)
    monkeypatch.setattr(bootstrap, "_CHUNK_BYTES", 1)
    assert [len(part) for part in draws(7, 30, 1)] == [16, 14]  # a few at a time, however many units
    monkeypatch.setattr(bootstrap, "_LEAST_REPLICATES", 1)
    assert [len(part) for part in draws(7, 3, 1)] == [1, 1, 1]
    monkeypatch.setattr(bootstrap, "_CHUNK_BYTES", 15)
    assert [len(part) for part in draws(7, 3, 1)] == [2, 1]
    assert list(draws(7, 0, 1)) == []
