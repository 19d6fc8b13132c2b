"""Whether a claim's string can occur at all: which counts it could be over which set, and the proof if it cannot."""

from __future__ import annotations

from collections.abc import Sequence

from audit.literature.studies import Claim
from audit.verdict.measurements import Measurement
from audit.verdict.rules import ENOUGH
from tasks.statistics.feasibility import Feasibility, Kind, feasibility

# Accuracies that are a number of rows over all rows. A keyphrase score's denominator is no number of rows.
_OVER_ROWS = frozenset({"accuracy", "following-rate"})
_NOT_OVER_ROWS = frozenset({"ke-inspec"})
_ERROR_RATES = frozenset({"wer", "per"})


def possibility(claim: Claim, measurements: Sequence[Measurement]) -> Feasibility | None:
    """Test the reported string against whole numbers over the claim's set.

    A share is tested over the set's size, if it is stated. An error rate is tested over the number of reference tokens,
    which only predictions show: over the range that the conventions with the whole set scored count. None where neither is
    known.
    """
    if claim.unit == "count":
        return None
    if claim.metric in _OVER_ROWS and claim.task not in _NOT_OVER_ROWS and claim.expected_rows:
        return _test(claim, "share", claim.expected_rows)
    if claim.metric in _ERROR_RATES:
        sizes = [
            counts["substitutions"] + counts["deletions"] + counts["hits"]
            for m in measurements
            if m.valid and m.coverage >= ENOUGH and (counts := m.data["counts"]) and "hits" in counts
        ]
        if sizes and min(sizes):
            return _test(claim, "error-rate", (min(sizes), max(sizes)))
    return None


def _test(claim: Claim, kind: Kind, size: int | tuple[int, int]) -> Feasibility | None:
    assert claim.unit != "count"
    return feasibility(claim.value, unit=claim.unit, kind=kind, n=size)
