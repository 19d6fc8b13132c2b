from __future__ import annotations

from pathlib import Path

import pytest

from audit.errors import InputError
from audit.provenance.format import layout
from audit.provenance.signing.keys import public_pem
from audit.provenance.verification import countersign
from audit.provenance.verification.trust import Trust
from audit.provenance.verification.verify import verify_files
from tests.support.provenance import made
from tests.support.provenance.attacks import payload, republish

REVIEWER = made.key(77)
WHEN = "2026-11-23T12:00:00Z"


def add(files: dict[str, bytes], **changes: object) -> dict[str, bytes]:
    options = {
        "reviewer": "https://orcid.org/0000-0000-0000-0001",
        "properties": ["RESULTS_REPRODUCED"],
        "comment": None,
        "when": WHEN,
    }
    return files | countersign.add(files, REVIEWER, **{**options, **changes})  # type: ignore[arg-type]


def test_nothing_else_changes(files: dict[str, bytes]) -> None:
    after = add(files)
    assert {name: after[name] for name in files} == files
    assert len(after) == len(files) + 2


def test_accepted_and_by_whom(files: dict[str, bytes]) -> None:
    after = add(files)
    known = verify_files(after, Trust(reviewers=(public_pem(REVIEWER.public),)))
    assert known.intact
    assert [check.status for check in known.checks if check.name == "countersignature"] == ["ok"]
    unknown = verify_files(after, Trust())
    assert unknown.intact
    assert [check.status for check in unknown.checks if check.name == "countersignature"] == ["not-checked"]


def test_one_that_was_taken_away_is_missed_by_who_asks_for_it(files: dict[str, bytes]) -> None:
    report = verify_files(files, Trust(reviewers=(public_pem(REVIEWER.public),)))
    assert [(check.file, check.code) for check in report.failures] == [(layout.COUNTERSIGNATURES, "missing")]


def test_two_reviewers(files: dict[str, bytes]) -> None:
    both = add(files)
    both |= countersign.add(both, made.key(78), reviewer=None, properties=["CHECKED"], comment="Fine.", when=WHEN)
    keys = tuple(public_pem(key.public) for key in (REVIEWER, made.key(78)))
    assert verify_files(both, Trust(reviewers=keys)).intact


def test_the_statement_is_a_simple_verification_result(files: dict[str, bytes]) -> None:
    after = add(files, comment="Run again on our machines.")
    name = next(name for name in after if name.endswith(".sigstore.json") and name.startswith("countersignatures/"))
    value = payload(after, name)
    assert value["predicateType"] == "https://in-toto.io/attestation/svr/v0.2"
    assert value["predicate"]["verifier"] == {"id": "https://orcid.org/0000-0000-0000-0001", "policies": []}
    assert value["predicate"]["timeCreated"] == WHEN
    assert {subject["name"] for subject in value["subject"]} == {layout.AUDIT, layout.PUBLICATION}


def test_a_package_that_was_published_again_has_lost_it(files: dict[str, bytes]) -> None:
    again = republish(add(files), made.key())
    report = verify_files(again, Trust())
    assert [check.code for check in report.failures] == ["wrong-statement"]


@pytest.mark.parametrize("suffix", [".pub.pem", ".sigstore.json"])
def test_half_of_one(suffix: str, files: dict[str, bytes]) -> None:
    half = {
        name: data
        for name, data in add(files).items()
        if not (name.startswith("countersignatures/") and name.endswith(suffix))
    }
    assert [check.code for check in verify_files(half, Trust()).failures] == ["unexpected-file"]


def test_under_another_name(files: dict[str, bytes]) -> None:
    after = {name.replace("countersignatures/", "countersignatures/0"): data for name, data in add(files).items()}
    assert [check.code for check in verify_files(after, Trust()).failures] == ["not-canonical"]


@pytest.mark.parametrize(
    "changes",
    [{"properties": ["lower case"]}, {"properties": [""]}, {"reviewer": "no uri"}, {"reviewer": "javascript:\nx"}],
)
def test_what_cannot_be_said(changes: dict[str, object], files: dict[str, bytes]) -> None:
    with pytest.raises(InputError):
        add(files, **changes)


def test_not_twice_and_not_by_the_auditor(files: dict[str, bytes]) -> None:
    with pytest.raises(InputError, match="already"):
        add(add(files))
    with pytest.raises(InputError, match="signed the package itself"):
        countersign.add(files, made.key(), reviewer=None, properties=["X_Y"], comment=None, when=WHEN)


def test_sigstore_takes_it(files: dict[str, bytes], node_modules: Path, tmp_path: Path) -> None:
    import subprocess

    from tests.audit.provenance.test_flips import NODE

    after = add(files)
    stem = next(
        name for name in after if name.startswith("countersignatures/") and name.endswith(".pub.pem")
    ).removesuffix(".pub.pem")
    (tmp_path / "bundles").mkdir()
    (tmp_path / "node_modules").symlink_to(node_modules)
    (tmp_path / "signer.pub.pem").write_bytes(after[f"{stem}.pub.pem"])
    (tmp_path / "bundles" / "countersignature").write_bytes(after[f"{stem}.sigstore.json"])
    result = subprocess.run(["node", "-"], input=NODE, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.stdout.split() == ["countersignature"], result.stderr
