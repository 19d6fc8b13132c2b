"""Counts beside an audit.json that are those of another run."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.errors import InputError
from audit.pipeline.outputs import write
from audit.pipeline.request import AuditRequest
from audit.pipeline.run import run
from audit.provenance import package
from audit.provenance.verification.trust import Trust
from audit.provenance.verification.verify import verify
from audit.report.formats import FORMATS
from tests.support import run_files
from tests.support.provenance import made

FILE = "counts/asr-librispeech-clean/wer/hufs.csv"


@pytest.fixture(scope="module")
def outs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two runs on different outputs."""
    found = []
    for seed in (1, 2):
        folder = tmp_path_factory.mktemp(f"run{seed}")
        predictions = run_files.write(folder / "p", "asr-librispeech-clean", run_files.speech(12, seed)).parent
        audit = run(AuditRequest(predictions=predictions, replicates=0))
        write(audit, folder / "out", tuple(FORMATS.values()))
        found.append(folder / "out")
    return found[0], found[1]


@pytest.mark.pdf
def test_counts_of_another_run_are_not_signed(outs: tuple[Path, Path]) -> None:
    """As a kill leaves them: the new audit.json and reports, the old counts."""
    old, new = outs
    options = package.Options(key=made.key(), name="Test Auditor")
    folder = package.build(new, options)
    report = verify(folder, Trust())
    assert report.intact, report.as_text()
    told = {check.name: check.detail for check in report.checks}
    assert told["count files"].endswith("files, as audit.json lists them")
    mine = (new / FILE).read_bytes()
    (new / FILE).write_bytes((old / FILE).read_bytes())
    with pytest.raises(InputError, match="not the counts that belong") as caught:
        package.build(new, options)
    assert str(new / FILE) in str(caught.value.where)
    (new / FILE).unlink()
    with pytest.raises(InputError, match="lists these counts"):
        package.build(new, options)
    (new / FILE).write_bytes(mine)
    (new / FILE).with_name("more.csv").write_bytes(mine)
    with pytest.raises(InputError, match="does not list these counts"):
        package.build(new, options)
    (new / FILE).with_name("more.csv").unlink()
    package.build(new, options)
