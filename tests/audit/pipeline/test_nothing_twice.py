"""A second run with the same cache counts and analyses nothing again, and one run makes nothing twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from audit.analysis import differences as gaps_of
from audit.analysis import row_detective
from audit.analysis.kept_analyses import FOLDER
from audit.document.write import to_bytes
from audit.pipeline import count_files as counts
from audit.pipeline import differences as of_claims
from audit.pipeline import outputs
from audit.pipeline.run import Audit, run
from audit.report import shared_views
from audit.report.formats import RENDERERS
from audit.scoring import score as scoring
from tasks.analysis import detectors
from tests.support.made_audit import Made, row
from tests.support.multiverse_rows import rows

CLEAN, OTHER = "asr-librispeech-clean", "asr-librispeech-other"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Two sets of outputs, and a study that claims a value of each."""
    made = Made(tmp_path_factory.mktemp("twice"))
    for seed, task in enumerate((CLEAN, OTHER)):
        made.no_card(task)
        made.write_rows(task, [row(r.id, r.hypothesis, r.reference) for r in rows(40, seed)])
    made.write_study(made.claim(f"{CLEAN}.wer", "50.0"), made.claim(f"{OTHER}.wer", "50.0"))
    return made


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the functions that count and analyse were called."""
    found: Counter[str] = Counter()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1763856000")

    def watch(module: Any, name: str, label: str | None = None) -> None:
        function: Callable[..., Any] = getattr(module, name)

        @wraps(function)
        def called(*given: Any, **named: Any) -> Any:
            found[label or name] += 1
            return function(*given, **named)

        monkeypatch.setattr(module, name, called)

    watch(gaps_of, "universe")
    watch(of_claims, "paying_rows")
    watch(detectors, "detect")
    watch(scoring, "count")
    watch(row_detective, "count", "counted for the rows that pay")
    watch(counts, "_csv")
    for name in ("claims", "differences", "answers"):
        watch(shared_views, name)
    return found


def audit(made: Made, cache: Path, **fields: Any) -> Audit:
    return run(replace(made.request(), cache=cache, **fields))


def test_a_second_run_counts_and_analyses_nothing(made: Made, tmp_path: Path, calls: Counter[str]) -> None:
    first = audit(made, tmp_path)
    assert calls["universe"] == calls["paying_rows"] == calls["detect"] == 2
    assert calls["count"] >= 2
    assert not calls["counted for the rows that pay"]
    calls.clear()
    second = audit(made, tmp_path)
    files = calls.pop("_csv")
    assert calls == Counter()
    assert files == len(second.counts.hashes) > 2
    assert to_bytes(second.document) == to_bytes(first.document)
    assert first.document.differences
    assert first.document.paying
    assert second.document.phrases == first.document.phrases


def test_other_rows_or_replicates_are_analysed_again(made: Made, tmp_path: Path, calls: Counter[str]) -> None:
    audit(made, tmp_path)
    calls.clear()
    audit(made, tmp_path, replicates=30)
    assert calls["universe"] == calls["detect"] == 2
    calls.clear()
    path = made.predictions / f"{CLEAN}.jsonl"
    whole = path.read_bytes()
    try:
        path.write_bytes(whole.replace(b'"finished": true', b'"finished": false', 1))
        assert path.read_bytes() != whole
        audit(made, tmp_path)
    finally:
        path.write_bytes(whole)
    assert calls["universe"] == calls["detect"] == 1


def test_a_damaged_entry_is_made_again(made: Made, tmp_path: Path, calls: Counter[str]) -> None:
    first = audit(made, tmp_path)
    kept = [path for path in (tmp_path / FOLDER).rglob("*") if path.is_file()]
    assert len(kept) == 6
    for path in kept:
        path.write_bytes(path.read_bytes()[:-1])
    calls.clear()
    assert to_bytes(audit(made, tmp_path).document) == to_bytes(first.document)
    assert calls["universe"] == calls["paying_rows"] == calls["detect"] == 2
    calls.clear()
    audit(made, tmp_path)
    assert not calls["universe"] + calls["paying_rows"] + calls["detect"]


def test_files_of_counts_and_views_are_made_once(made: Made, tmp_path: Path, calls: Counter[str]) -> None:
    found = audit(made, tmp_path)
    chosen = [name for name in RENDERERS if name.endswith((".html", ".tex", ".csv"))]
    outputs.write(found, tmp_path / "out", chosen)
    written = {path.relative_to(tmp_path / "out").as_posix(): path.read_bytes()
               for path in (tmp_path / "out" / "counts").rglob("*.csv")}  # fmt: skip
    assert calls["_csv"] == len(written) == len(found.counts.hashes)
    assert written == dict(counts.count_files(found.scored))
    assert {one.path: one.sha256 for one in found.counts.hashes} == {
        name: counts.hashlib.sha256(data).hexdigest() for name, data in written.items()
    }
    assert {name for name in chosen if name.endswith(".html")} == {"answers.html", "report.html"}
    assert calls["claims"] == calls["differences"] == calls["answers"] == 1
