"""Mutations of every file of others that a command reads (`tests/support/untrusted_files.py`): an error or a result.

5,000 in one process; `REPRO_AUDIT_FUZZ` sets another number, `nox -s long` 100,000. Mutation N is the same in every run:
`REPRO_AUDIT_FUZZ_ONLY=N` repeats the one that a failure names.
"""

from __future__ import annotations

import os
import random
import traceback
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from audit.errors import AuditError
from audit.judge.interface import TransientError
from audit.provenance.errors import RejectedError
from tasks.datasets.errors import DatasetError
from tasks.errors import ScoringError
from tests.support.untrusted_files import targets

COUNT = int(os.environ.get("REPRO_AUDIT_FUZZ", "5000"))
ONLY = os.environ.get("REPRO_AUDIT_FUZZ_ONLY")
SEED = 20261130
# The errors that a command tells in a line or two.
FORESEEN = (AuditError, RejectedError, DatasetError, ScoringError, TransientError)


def test_no_mutation_of_any_file_ends_in_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # nothing of this has to survive a power failure
    found = list(targets(tmp_path))
    for target in found:
        target.call()  # the valid file is read
    weights = [target.weight for target in found]
    ends = Counter[str]()
    refused, read = set[str](), set[str]()
    for number in [int(ONLY)] if ONLY else range(COUNT):
        if number and number % 10_000 == 0:
            with capsys.disabled():
                print(f"\n{number}: {dict(ends)}", flush=True)
        rng = random.Random(f"{SEED}:{number}")
        (target,) = rng.choices(found, weights)
        try:
            target.run(rng)
            read.add(target.name)
            ends["read"] += 1
        except FORESEEN as error:
            refused.add(target.name)
            ends[type(error).__name__ if str(error) else "without words"] += 1
        except Exception:  # noqa: BLE001
            ends["traceback"] += 1
            if not os.environ.get("REPRO_AUDIT_FUZZ_ALL"):
                pytest.fail(
                    f"mutation {number} of {target.name} ends in a traceback:\n{traceback.format_exc()[-3000:]}"
                )
            with capsys.disabled():
                print(f"\n## {number} {target.name}\n{traceback.format_exc()[-900:]}")
    with capsys.disabled(), suppress(OSError):
        if COUNT > 5000 or os.environ.get("REPRO_AUDIT_FUZZ_ALL"):
            print(f"\n{COUNT} mutations of {len(found)} files: {dict(ends)}")
    assert not ends["traceback"]
    assert not ends["without words"]
