"""A signer who changes what can be derived: `package` refuses it, and `verify` refuses what was signed all the same."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from audit import api
from audit._util import canonical_json
from audit.cli import main
from audit.provenance import package
from audit.report.requirements import pdf_problem
from tests.support.provenance import made

pytestmark = pytest.mark.skipif(pdf_problem() is not None, reason="needs the libraries of the PDF")


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("honest") / "out"
    assert main(["run", "--out", str(out), "--no-package", "--replicates", "0"]) == 0
    return out


def tampered(honest: Path, out: Path) -> Path:
    """All verdicts set to `reproduced`, one claim's value and one recorded value changed; the reports rendered again."""
    shutil.copytree(honest, out)
    value: dict[str, Any] = json.loads((out / "audit.json").read_bytes())
    for decision in value["verdicts"]:
        decision["verdict"] = "reproduced"
    value["claims"][2]["value"] = "11.6"
    next(m for m in value["measurements"] if m["claim"] == "er-iemocap.accuracy")["value"] = "0.69"
    (out / "audit.json").write_bytes(canonical_json.dumps(value))
    assert main(["report", str(out / "audit.json"), "--out", str(out)]) == 0
    return out


def test_what_does_not_follow_is_neither_signed_nor_accepted(
    honest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tampered(honest, tmp_path / "out")
    assert main(["package", str(out)]) == 2
    said = capsys.readouterr().err
    assert "verdicts: " in said or "claims: " in said
    assert "is 10.0" in said or "'10.0', not '11.6'" in said
    assert not (out / "package").exists()

    # With the checks taken out of the program that signs, the reader's program still finds it.
    signed = package.build(out, package.Options(key=made.key()))
    for options in ({}, {"predictions": tmp_path, "rescore": True}):
        (tmp_path / "er-iemocap.txt").write_text("", "utf-8")
        report = api.verify(signed, **options)  # type: ignore[arg-type]
        assert not report.intact
        (found,) = (check for check in report.checks if check.name == "derivation")
        assert (found.status, found.code) == ("failed", "does-not-follow")
        assert "and " in found.detail


def test_an_honest_package_says_what_was_derived(
    honest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    shutil.copytree(honest, out)
    assert main(["package", str(out)]) == 0
    capsys.readouterr()
    assert main(["verify", str(out / "package")]) == 0
    assert "23 verdicts follow from the counts and the literature" in capsys.readouterr().out
