"""No permutation, duplication, subset, padding or relabelling of rows earns what the honest whole set does not.

Here hypothesis chooses rows and tampering; `test_random_audits` has many more audits, and the table's own word for each.
"""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from audit.schema import IdentityState
from audit.verdict.identity import identity
from tasks.row import Row
from tests.support.made_verdicts import MadeAudit, make, prediction_set

# Better words have higher numbers; between the last two and the first nothing is won.
RANK = {"reproduced": 3, "justified": 2}


def carded(seed: int) -> MadeAudit:
    """An audit of rows whose set has a card: the first such seed from this one on."""
    return next(audit for n in range(seed, seed + 60) if (audit := make(n)).card is not None)


SEEDS = st.integers(0, 2**20)


def earns_more(audit: MadeAudit, rows: list[Row]) -> bool:
    honest, tampered = (audit.decide(some)[0].verdict.value for some in (None, rows))
    if tampered == "exceeds":
        return honest != "exceeds"
    return RANK.get(tampered, 0) > RANK.get(honest, 0)


@settings(max_examples=60)
@given(SEEDS, st.data())
def test_order_is_nothing(seed: int, data: st.DataObject) -> None:
    audit = carded(seed)
    rows = data.draw(st.permutations(audit.rows))
    assert audit.decide(rows)[0] == audit.decide()[0]


@settings(max_examples=100)
@given(SEEDS, st.data())
def test_a_subset_earns_nothing(seed: int, data: st.DataObject) -> None:
    audit = carded(seed)
    kept = data.draw(st.lists(st.sampled_from(audit.rows), min_size=1, max_size=len(audit.rows) - 1, unique_by=_id))
    assert not earns_more(audit, kept)


@settings(max_examples=100)
@given(SEEDS, st.data())
def test_duplicates_earn_nothing(seed: int, data: st.DataObject) -> None:
    """Any rows, any number of times, as many as the set has or not, each under an id of its own."""
    audit = carded(seed)
    size = data.draw(st.one_of(st.just(len(audit.rows)), st.integers(1, 2 * len(audit.rows))))
    few = data.draw(st.lists(st.sampled_from(audit.rows), min_size=1, max_size=len(audit.rows) - 1, unique_by=_id))
    rows = [replace(few[n % len(few)], id=f"unit-{n:03}") for n in range(size)]
    assert not earns_more(audit, rows)
    if size >= len(audit.rows) and len(few) < len(audit.rows) // 2:
        assert identity(prediction_set(audit.task, rows), audit.card).state is IdentityState.CONTRADICTED


@settings(max_examples=60)
@given(SEEDS, st.data())
def test_padding_earns_nothing(seed: int, data: st.DataObject) -> None:
    audit = carded(seed)
    more = data.draw(st.lists(st.sampled_from(audit.rows), min_size=1, max_size=20))
    rows = [*audit.rows, *(replace(row, id=f"unit-{900 + n}") for n, row in enumerate(more))]
    assert not earns_more(audit, rows)
    assert identity(prediction_set(audit.task, rows), audit.card).state is IdentityState.CONTRADICTED


@settings(max_examples=60)
@given(SEEDS, st.data())
def test_other_names_for_the_rows_earn_nothing(seed: int, data: st.DataObject) -> None:
    audit = carded(seed)
    names = data.draw(st.permutations([row.id for row in audit.rows]))
    assert not earns_more(audit, [replace(row, id=name) for row, name in zip(audit.rows, names, strict=True)])
    assert not earns_more(audit, [replace(row, id=f"unit-{700 + n}") for n, row in enumerate(audit.rows)])


@settings(max_examples=100)
@given(SEEDS, st.data())
def test_references_under_other_units_earn_nothing(seed: int, data: st.DataObject) -> None:
    audit = carded(seed)
    references = data.draw(st.permutations([row.reference for row in audit.rows]))
    rows = [replace(row, reference=r) for row, r in zip(audit.rows, references, strict=True)]
    assert not earns_more(audit, rows)


@settings(max_examples=100)
@given(SEEDS, st.data())
def test_several_at_once_earn_nothing(seed: int, data: st.DataObject) -> None:
    """Some rows leave, others come in their place under free ids, and references are handed round."""
    audit = carded(seed)
    rng = random.Random(data.draw(st.integers(0, 2**16)))
    rows = rng.sample(audit.rows, rng.randint(1, len(audit.rows)))
    more = [replace(rng.choice(audit.rows), id=f"unit-{500 + n}") for n in range(rng.randint(0, len(audit.rows)))]
    rows = [*rows, *more]
    if rng.random() < 0.5 and len(rows) >= len(audit.rows):
        references = rng.sample([row.reference for row in rows], len(rows))
        rows = [replace(row, reference=r) for row, r in zip(rows, references, strict=True)]
    honest = {row.id: (row.hypothesis, row.reference) for row in audit.rows}
    if {row.id: (row.hypothesis, row.reference) for row in rows} != honest:
        assert not earns_more(audit, rows)


def _id(row: Row) -> str:
    return row.id
