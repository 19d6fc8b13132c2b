"""The blind edition of the audit that comes with the project, and of one with outputs: no file names their team."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from audit._util.paths import LITERATURE
from audit.analysis.sampling.plan_files import plan_path
from audit.pipeline.outputs import write
from audit.pipeline.plan_registration import register
from audit.pipeline.request import AuditRequest
from audit.pipeline.rescoring import score_again
from audit.pipeline.run import run
from audit.provenance.blinding import secret
from audit.provenance.format import archive
from audit.provenance.signing import keys
from audit.provenance.verification.trust import Trust
from audit.provenance.verification.verify import verify
from tests.support import run_files
from tests.support.paths import ROOT
from tests.support.planned import TASK, follow, planned, prepare, sentences
from tests.support.provenance import independent_search, named

# The team of the records in literature/, as anybody may spell it.
SPELLINGS = (
    "hufs", "h.u.f.s", "hankuk", "foreign studies", "choi jaewon", "jaewon choi", "jongchan", "jaeeewon", "project-multimodal",
    "repr_salmonn", "d9e5d17", "dist_eval", "eval_wer.py", "ppts/", "redis_250929", "fbb3599",
)  # fmt: skip


def files_below(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
@pytest.mark.pdf
def test_run_blind(tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [
        sys.executable,
        "-m",
        "audit",
        "run",
        "--blind",
        "--no-outputs",
        "--no-cache",
        "--slides",
        "--out",
        str(out),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    named_files = {name: data for name, data in files_below(out).items() if not name.startswith("blind/")}
    assert {spelling for _, spelling in independent_search.found(named_files, SPELLINGS)} >= set(SPELLINGS) - {
        "jaewon choi",
        "h.u.f.s",
    }
    assert independent_search.found(files_below(out / "blind"), SPELLINGS) == []
    report = verify(out / "blind" / "package.zip", Trust(render=True))
    assert report.intact, report.as_text()
    assert not any(path.suffix in {".html", ".pdf", ".zip"} for path in out.iterdir())
    assert (out / "blind" / "slides" / "slides.pdf").is_file()
    assert not (out / "slides").exists()


def test_values_and_verdicts_of_a_blind_edition_are_computed_again(tmp_path: Path) -> None:
    """The program knows the team's conventions by their own names, and finds them by their hashes."""
    rows = [
        {
            "id": f"{number:04}",
            "hypothesis": ("Happy", "Sad", "Neutral", "happy.")[number % 4],
            "reference": ("Happy", "Sad", "Neutral", "Angry")[number % 4],
        }
        for number in range(24)
    ]
    predictions = run_files.write(tmp_path / "p", "er-iemocap", rows, variant="13b").parent
    out = tmp_path / "out"
    write(run(AuditRequest(predictions=predictions, replicates=0)), out, ())
    named.make(out, predictions=predictions)
    package = out / "blind" / "package"
    audit = json.loads((package / "audit.json").read_bytes())
    assert "er-iemocap.accuracy/recomputed/team-1" in {item["id"] for item in audit["measurements"]}
    assert independent_search.found(archive.read(package), SPELLINGS) == []
    report = verify(package, Trust(predictions=predictions, scorer=score_again))
    assert report.intact, report.as_text()
    told = {check.name: check.detail for check in report.checks if check.status == "ok"}
    assert "decided again, all equal" in told["verdicts"]
    assert "files made again, all equal" in told["counts"]


def test_a_planned_run(tmp_path: Path) -> None:
    """The plan, its registration and the key of who registered it stay with the team; the values are computed again."""
    rows = sentences()
    prepared = prepare(tmp_path / "planned", rows, "2.1")
    order = planned(prepared, rows)
    registered = keys.ephemeral()
    register(plan_path(prepared.predictions, TASK), registered)
    follow(prepared, rows, order, 12)
    out = tmp_path / "out"
    write(prepared.audit(), out, ())
    assert (out / "plans").is_dir()
    named.make(out, predictions=prepared.predictions)
    package = archive.read(out / "blind" / "package")
    assert not [name for name in package if name.startswith("plans/")]
    assert ".plan." not in package["predictions.sha256"].decode()
    assert independent_search.found(package, [keys.fingerprint(registered.public)]) == []
    report = verify(out / "blind" / "package", Trust(predictions=prepared.predictions, scorer=score_again))
    assert report.intact, report.as_text()
    (line,) = [check for check in report.checks if check.name == f"plan of {TASK}"]
    assert (line.status, "withheld in the blind edition" in line.detail) == ("not-checked", True)
    (sealed,) = secret.read(out / "unblind.json").packages.values()
    assert {one.name for one in sealed if one.kind == "original"} >= {f"plans/{TASK}.plan.json"}


def test_the_records_of_the_literature_name_their_team() -> None:
    """If the records change, the spellings above must."""
    text = "".join(path.read_text(encoding="utf-8").casefold() for path in LITERATURE.rglob("hufs*.yaml"))
    assert all(spelling in text for spelling in SPELLINGS if spelling not in {"h.u.f.s", "jaewon choi"})
