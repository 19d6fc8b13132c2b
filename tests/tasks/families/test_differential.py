"""Conventions against the programs that they are named after: equal values on 240 made rows each, part by part.

A difference is either mended or declared with its cause, in the convention's summary or notes and in the table
(`benchmarks/differential/table.py`), which the documentation shows.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.literature import works
from audit.literature.known_tasks import conventions_of as conventions
from benchmarks.differential.table import DECLARED, NOT_RUN, PAGE, compared, equal, files, page
from tests.support.paths import ROOT
from tests.support.source_rows import KINDS, SIZE, digest, made

FILES = files()
every_file = pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])


@every_file
def test_the_source_gives_the_same_values(path: Path) -> None:
    found = compared(path)
    if found.unavailable:
        pytest.skip(found.unavailable)
    expected, why = DECLARED.get(path.stem, (0, ""))
    assert len(found.different) == expected, (why, found.different[:5])


@every_file
def test_a_stored_output_says_where_it_comes_from_and_covers_the_rows(path: Path) -> None:
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert digest(made(stored["rows"])) == stored["rows_sha256"]
    assert len(stored["commit"]) == 40
    assert stored["command"].startswith("python -m benchmarks.differential --checkouts DIR ")
    assert len(stored["parts"]) * stored["size"] == len(made(stored["rows"])) == SIZE >= 200
    assert sum(value is not None for value in stored["parts"]) >= 0.7 * len(stored["parts"])
    assert len({value for value in stored["parts"] if value is not None}) > 1


def test_values_that_differ_are_told_apart() -> None:
    assert equal(10.0, 10.0000005, None)
    assert not equal(10.0, 10.001, None)
    assert not equal(None, 0.0, None)
    assert equal(12.34564, 12.3456, 4)
    assert not equal(12.3457, 12.3456, 4)


def test_every_convention_named_after_public_code_was_compared_or_says_why_not() -> None:
    """Code that a record cites for a convention: by the work that the convention is named after.

    A record of any other work may name the convention too; it need not be compared once more.
    """
    known = conventions()
    wanted = {
        (metric, name)
        for work in works.load_works(ROOT / "literature" / "works")
        for item in work.tasks
        if any(evidence.kind == "code" and evidence.verified for evidence in item.evidence)
        for metric in item.metrics
        for name in item.conventions
        if any((task, metric, name) in known for task in item.ids) and _named_after(name, work.id)
    }
    run = {tuple(json.loads(path.read_text(encoding="utf-8"))["convention"].split(" ")[1:]) for path in FILES}
    assert len(wanted) > 50
    assert wanted - run - set(NOT_RUN) == set(), (
        "run the program with benchmarks/differential, or say in NOT_RUN (benchmarks/differential/table.py) why not"
    )
    assert not run & set(NOT_RUN)
    assert set(NOT_RUN) <= {(metric, name) for _, metric, name in known}, "it names a convention that is gone"


def _named_after(convention: str, work: str) -> bool:
    """Whether a convention's id begins with the first word of a work's: `nota-v1.0`, `nota-audiolm-evaluator`."""
    return convention.split("-", maxsplit=1)[0] == work.split("-", maxsplit=1)[0]


def test_the_documentation_shows_the_comparison() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_made_rows_are_hostile(kind: str) -> None:
    rows = made(kind)
    assert len({row["id"] for row in rows}) == SIZE
    assert any(row["hypothesis"].startswith("<s>") for row in rows)
    assert any(not row["hypothesis"].endswith("</s>") for row in rows)
