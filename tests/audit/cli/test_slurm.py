"""`scripts/slurm`: an array on a real Slurm of one node, with a shard that is lost twice and one that never ends well.

The model is a stand-in that writes what it was asked for; that shards of a real model merge to the same bytes is tested with
torch, in tests/audit/inference.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ecosystem.slurm import one_node
from tests.support.paths import ROOT

pytestmark = pytest.mark.slow

# infer: leaves a file for each call; the shard 2 of `flaky` fails on its first two calls, that of `broken` always.
PROGRAM = """#!/bin/bash
command=$1; shift
echo "$command $*" >> "$CALLS"
if [ "$command" = merge ]; then exit 0; fi
while [ $# -gt 0 ]; do
  case "$1" in
    --shard) shard=${2%/*} ;;
    --out) out=$2 ;;
    --task) task=$2 ;;
  esac
  shift
done
echo x >> "$out/calls"
if [ "$shard" = 2 ] && [ "$task" = broken ]; then exit 1; fi
if [ "$shard" = 2 ] && [ "$task" = flaky ] && [ "$(wc -l < "$out/calls")" -lt 3 ]; then exit 137; fi
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with one_node(tmp_path_factory.mktemp("slurm")) as environment:
        yield environment


def submitted(cluster: dict[str, str], folder: Path, task: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    program = folder / "bin" / "repro-audit"
    program.parent.mkdir(exist_ok=True)
    program.write_text(PROGRAM, "utf-8")
    program.chmod(0o755)
    calls = folder / "calls"
    environment = {**cluster, "PATH": f"{program.parent}:{cluster['PATH']}", "CALLS": str(calls), "SHARDS": "4",
                   "OUT": str(folder / "shards"), "SBATCH_OPTIONS": "--mem=10 --cpus-per-task=1"}  # fmt: skip
    done = subprocess.run(
        ["bash", str(ROOT / "scripts/slurm/run"), task, str(folder / "predictions"), "--model", "m.yaml"],
        env=environment, cwd=folder, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    return done, calls.read_text("utf-8").splitlines()


def test_lost_shards_are_submitted_again(cluster: dict[str, str], tmp_path: Path) -> None:
    done, calls = submitted(cluster, tmp_path, "flaky")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line for line in done.stderr.splitlines() if line.startswith("try")] == [
        "try 1: shards 1,2,3,4",
        "try 2: shards 2",
        "try 3: shards 2",
    ]
    shards = tmp_path / "shards"
    inferred = sorted(line for line in calls if line.startswith("infer"))
    assert inferred == sorted(
        f"infer --shard {n}/4 --out {shards}/{n} --task flaky --model m.yaml" for n in (1, 2, 2, 2, 3, 4)
    )
    assert calls[-1] == (f"merge {shards}/1 {shards}/2 {shards}/3 {shards}/4 --task flaky --out {tmp_path}/predictions")
    # Started again, it computes nothing and merges.
    again, more = submitted(cluster, tmp_path, "flaky")
    assert again.returncode == 0
    assert [line.split()[0] for line in more[len(calls) :]] == ["merge"]


def test_what_stays_lost_is_named_and_nothing_is_merged(cluster: dict[str, str], tmp_path: Path) -> None:
    done, calls = submitted(cluster, tmp_path, "broken")
    assert done.returncode == 1
    assert "shards 2 are lost after 3 tries" in done.stderr
    assert not any(line.startswith("merge") for line in calls)
