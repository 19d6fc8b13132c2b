from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit.errors import InputError
from audit.pipeline.request import AuditRequest
from audit.pipeline.rescoring import score_again
from audit.provenance import package
from audit.provenance.errors import RejectedError
from audit.provenance.verification.rescore import Again
from audit.provenance.verification.trust import Trust
from audit.provenance.verification.verify import verify_files
from audit.schema import AuditDocument, Interval, Measurement, Rows
from tasks.statistics.defaults import MOST_REPLICATES
from tests.support.provenance import made


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    return made.write_predictions(tmp_path / "predictions")


@pytest.fixture
def scored(predictions: Path) -> dict[str, bytes]:
    return package.make(
        made.artefacts(predictions), package.Options(key=made.key(), predictions=predictions, command=("x",))
    )


COUNTS = {name: data for name, data in made.TABLES.items() if name.startswith("counts/")}


def scorer(change: Any = None, drop: bool = False, more: bool = False, counts: Any = COUNTS) -> Any:
    """A scorer that gives the audit's own measurements and counts, or others."""

    def score(folder: Path, audit: AuditDocument, carried: Mapping[str, bytes]) -> Again:
        assert folder.is_dir()
        found = list(audit.measurements)
        if change:
            found[0] = replace(found[0], **change)
        if more:
            found.append(replace(found[0], id="another"))
        return Again([] if drop else found, iter(counts.items()))

    return score


def test_equal(scored: dict[str, bytes], predictions: Path) -> None:
    report = verify_files(scored, Trust(predictions=predictions, scorer=scorer()))
    assert report.intact
    assert [check.detail for check in report.checks if check.name == "values"] == ["1 computed again, all equal"]


@pytest.mark.parametrize(
    "other",
    [
        scorer({"value": "2.11"}),
        scorer({"interval": Interval("1", "3", "95", "bootstrap")}),
        scorer({"rows": Rows(3, 2, (), 1, 0)}),
        scorer({"counts": {"hits": 1}}),
        scorer({"id": "renamed"}),
        scorer(drop=True),
        scorer(more=True),
    ],
)
def test_other_values_are_refused(other: Any, scored: dict[str, bytes], predictions: Path) -> None:
    report = verify_files(scored, Trust(predictions=predictions, scorer=other))
    assert [(check.file, check.code) for check in report.failures] == [("audit.json", "value-mismatch")]


@pytest.mark.parametrize(
    ("other", "file", "code"),
    [
        (dict.fromkeys(COUNTS, b"id,errors,words\na,1,3\nb,0,2\n"), min(COUNTS), "value-mismatch"),
        ({}, min(COUNTS), "value-mismatch"),
        (
            COUNTS | {"counts/sv-voxceleb1/accuracy/hufs.csv": b"id\n"},
            "counts/sv-voxceleb1/accuracy/hufs.csv",
            "missing",
        ),
    ],
)
def test_other_counts_are_refused(
    other: dict[str, bytes], file: str, code: str, scored: dict[str, bytes], predictions: Path
) -> None:
    """The values may agree: counts of other rows can have the same sums."""
    report = verify_files(scored, Trust(predictions=predictions, scorer=scorer(counts=other)))
    assert [(check.file, check.code) for check in report.failures] == [(file, code)]


@pytest.mark.parametrize("part", ["verdicts", "claims", "identities"])
def test_a_verdict_that_does_not_follow_is_refused(part: str, scored: dict[str, bytes], predictions: Path) -> None:
    """The signer signed it, and every value is right."""

    def score(folder: Path, audit: AuditDocument, carried: Mapping[str, bytes]) -> Again:
        again = replace(audit, **{part: ("another",)}) if told else audit
        return Again(audit.measurements, COUNTS.items(), again)

    for told in (False, True):
        report = verify_files(scored, Trust(predictions=predictions, scorer=score))
        assert [(check.file, check.code) for check in report.failures] == [("audit.json", "value-mismatch")] * told
        assert not told or part in next(iter(report.failures)).detail


def test_recorded_values_are_not_asked_for(scored: dict[str, bytes], predictions: Path) -> None:
    def score(folder: Path, audit: AuditDocument, carried: Mapping[str, bytes]) -> Again:
        recorded = Measurement("recorded", None, None, "recorded", "1")
        return Again([*audit.measurements, recorded], COUNTS.items())

    assert verify_files(scored, Trust(predictions=predictions, scorer=score)).intact


def test_nothing_is_scored_from_other_predictions(scored: dict[str, bytes], predictions: Path) -> None:
    def never(folder: Path, audit: AuditDocument, carried: Mapping[str, bytes]) -> Again:
        raise AssertionError("scored predictions that are not the audit's")

    path = predictions / "sv-voxceleb1.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("Yes", "No"), encoding="utf-8")
    report = verify_files(scored, Trust(predictions=predictions, scorer=never))
    assert [(check.file, check.code) for check in report.failures] == [
        ("predictions/sv-voxceleb1.jsonl", "digest-mismatch")
    ]


def test_without_predictions_it_is_not_checked(scored: dict[str, bytes]) -> None:
    report = verify_files(scored, Trust())
    assert report.intact
    assert [check.status for check in report.checks if check.name in {"predictions", "values"}] == [
        "not-checked",
        "not-checked",
    ]


def test_a_package_cannot_ask_for_work_without_end(predictions: Path) -> None:
    """A bootstrap of 10**15 replicates would never end."""
    audit = made.document({**made.audit_value(predictions), "bootstrap": {"replicates": 10**15, "seed": 1}})
    with pytest.raises(RejectedError, match="asks for 1000000000000000 bootstrap replicates") as caught:
        score_again(predictions, audit, {})
    assert caught.value.code == "too-large"
    with pytest.raises(InputError, match="too many"):
        AuditRequest(replicates=MOST_REPLICATES + 1)
