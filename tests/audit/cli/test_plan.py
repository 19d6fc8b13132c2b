"""`repro-audit plan`, and a planned run from the plan to the verified package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.analysis.sampling.plan_files import load_plan, plan_path
from audit.cli import main
from audit.errors import InputError
from tests.support.made_audit import Made
from tests.support.planned import CLAIM, TASK, follow, prepare, sentences

ROWS = sentences()


@pytest.fixture
def made(tmp_path: Path) -> Made:
    made = prepare(tmp_path, ROWS, "2.1")
    made.write_rows(TASK, ROWS).rename(tmp_path / f"{TASK}.jsonl")
    (made.predictions / f"{TASK}.meta.json").rename(tmp_path / f"{TASK}.meta.json")
    return made


def plan(made: Made, *options: str) -> int:
    study = made.literature / "studies" / "made.yaml"
    return main([
        "plan", TASK, "--study", str(study), "--units", str(made.folder / f"{TASK}.jsonl"),
        "--out", str(made.predictions), "--convention", "verbatim", "--max-words", "40", "--audits", "10", *options,
    ])  # fmt: skip


def test_a_plan_says_what_counts_and_what_it_will_likely_cost(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    assert plan(made, "--seed", "1") == 0
    said = capsys.readouterr().out
    assert "200 units; risk 0.05 in all" in said
    assert "verbatim: risk 1/20, exact, at most 40 words an output" in said
    assert "if it is true: likely" in said
    assert "if it is worse, 5 margins beyond the margin: likely" in said
    assert "cannot be excluded" in said
    found = load_plan(plan_path(made.predictions, TASK)).ordered
    assert len(found.units) == 200
    assert [one.off_by for one in found.plan.expected] == [0, 1, 2, 5]
    needed = [one.median for one in found.plan.expected]
    assert needed == sorted(needed, reverse=True)


def test_what_a_plan_costs_is_simulated_in_its_own_steps(made: Made) -> None:
    """Blocks stop as a whole: with 50 strata of four units, every audit stops after some blocks of 50."""
    assert plan(made, "--strata", "50") == 0
    found = load_plan(plan_path(made.predictions, TASK)).ordered.plan
    assert found.strata == 50
    assert {one.most % 50 for one in found.expected} == {0}


def test_a_run_from_the_plan_to_the_package(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    assert plan(made, "--public-seed", "the block", "--after", "2026-12-01", "--register") == 0
    assert "the order follows from the block" in capsys.readouterr().out.lower()
    drawn = ["plan", TASK, "--out", str(made.predictions), "--draw", "00ff"]
    assert main(drawn) == 2
    assert main([*drawn, "--published", "2026-12-02"]) == 0
    order = load_plan(plan_path(made.predictions, TASK)).ordered
    follow(made, ROWS, order, 12)
    out = made.folder / "out"
    options = ["--study", "made", "--literature", str(made.literature), "--predictions", str(made.predictions)]
    assert main(["run", *options, "--out", str(out), "--no-cache", "--replicates", "0", "--workers", "1"]) == 0
    found = json.loads((out / "audit.json").read_bytes())
    (verdict,) = [v for v in found["verdicts"] if v["claim"] == CLAIM]
    assert verdict["verdict"] == "not-reproduced"
    capsys.readouterr()
    again = ["--predictions", str(made.predictions), "--rescore", "--literature", str(made.literature)]
    code = main(["verify", str(out / "package.zip"), *again])
    said = capsys.readouterr().out
    assert code == 0, said
    assert "published 2026-12-02 by the auditor's word" in said
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "12 of 200 units were scored in the random order of a plan" in page
    assert "is at most 5 %" in page
    assert "bounds over the units" in page
    assert "Sampling plans" in page


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--convention", "nobody"], "has no convention 'nobody'"),
        (["--convention", "verbatim=0"], "not a weight"),
        (["--risk", "0.3"], "above 0 and at most 0.2"),
        (["--risk", "a"], "not a plain decimal number"),
        (["--strata", "0"], "from 1 to the number of units"),
        (["--max-words", "0"], "must be at least 1"),
        (["--seed", " "], "an empty seed"),
        (["--seed", "1", "--public-seed", "x", "--after", "2026-12-01"], "given or public, not both"),
        (["--public-seed", "x"], "when the value will be published is not said"),
        (["--public-seed", "x", "--after", "soon"], "not a date"),
        (["--claim", "two"], "not a plain decimal number"),
        (["--claim", "2", "--metric", "bleu"], "has no metric 'bleu'"),
        (["--timestamp", "http://localhost"], "a time stamp covers a registration"),
        (["--manifest", "x"], "the set is given twice"),
        (["--limit", "10"], "a plan is of the whole set"),
    ],
)
def test_bad_options(made: Made, capsys: pytest.CaptureFixture[str], options: list[str], problem: str) -> None:
    assert plan(made, *options) == 2
    assert problem in capsys.readouterr().err


def test_a_run_has_one_plan(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    assert plan(made) == 0
    assert plan(made) == 2
    assert "the run has a plan already" in capsys.readouterr().err
    assert plan(made, "--run", "two") == 0


def test_a_part_of_the_set_is_no_set(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    made.write_rows(TASK, ROWS[:100]).rename(made.folder / f"{TASK}.jsonl")
    assert plan(made) == 2
    assert "200" in capsys.readouterr().err


def test_units_are_needed(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", TASK, "--claim", "2.1", "--out", str(made.predictions)]) == 2
    assert "the set's units are not known" in capsys.readouterr().err


def test_a_claim_of_a_study_at_hand_brings_its_unit_and_margin(tmp_path: Path) -> None:
    from audit import api
    from audit.pipeline.request import ClaimRequest, PlanRequest
    from tasks.row import Row

    rows = [Row(f"m{n}", None, "cat" if n % 2 else "dog", extra={"choices": ["cat", "dog"]}) for n in range(50)]
    with pytest.raises(InputError, match="50 units; the set"):
        api.plan(PlanRequest("sakura-animal-single", rows, (ClaimRequest("90.0"),), audits=0))
    claims = (ClaimRequest("0.9", "accuracy", margin="0.01"),)
    free = api.plan(PlanRequest("multiple-choice", rows, claims, audits=10))
    (claim,) = free.claims
    assert (claim.unit, claim.direction, claim.margin) == ("fraction", "higher", "0.01")
    assert {one.kind for one in claim.conventions} == {"share"}


def test_infer_needs_a_plan_to_run_until_it_is_settled(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    base = [
        "infer",
        "--task",
        TASK,
        "--model",
        str(tmp_path),
        "--manifest",
        str(tmp_path / "m"),
        "--out",
        str(tmp_path),
    ]
    assert main([*base, "--until-settled"]) == 2
    assert "Give --plan FILE" in capsys.readouterr().err
    assert main([*base, "--plan", "x"]) == 2
    assert "needs --until-settled" in capsys.readouterr().err
    assert main([*base, "--until-settled", "--plan", str(tmp_path / "x"), "--shard", "1/2"]) == 2
    assert "a shard cannot follow a plan" in capsys.readouterr().err
