"""SPICE against its bare jar, a second system on the same references, all conventions at once, and memory; one command.

    python benchmarks/spice.py [--rows N] [--json FILE]

Needs ../shared/real, `repro-audit assets fetch corenlp rhino`, and CoreNLP's whole models for the bare jar, which Maven
keeps in its folder. Every measurement is a process of its own. Seconds are of this machine as it was; ratios are of
processor seconds of the process and all its children, which do not depend on what others had of the machine meanwhile.
Memory is the largest sum over all processes of a run, looked at ten times a second.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tasks.backends.assets import ASSETS  # noqa: E402
from tasks.backends.java import jar, java, settings  # noqa: E402
from tasks.backends.parsed_captions import PATH_VARIABLE  # noqa: E402
from tasks.backends.spice_jars import JAR, MODELS_JAR, PARSER_JAR, engine  # noqa: E402
from tasks.backends.spice_parser import DEFAULT_LIMIT, memory_bound  # noqa: E402

SET = ROOT.parent / "shared/real/captions/conette_clotho_eval.csv"
MAVEN = Path.home() / ".m2/repository/edu/stanford/nlp/stanford-corenlp/3.6.0"
TASK = "aac-audiocaps"
# Packages that the libraries of the bare jar look into, and Java closes.
OPENED = ("java.lang", "java.math", "java.nio", "java.text", "java.util", "java.util.concurrent", "sun.nio.ch")


def rows(number: int) -> list[dict[str, Any]]:
    """Rows spread over Clotho's evaluation set, with a published SPICE."""
    with SET.open(encoding="utf-8", newline="") as file:
        every = list(csv.DictReader(file))
    return [
        {"id": f"{n:04}", "hypothesis": row["candidate"], "finished": True, "prompt": None, "extra": {},
         "reference": [row[f"ref_{k}"] for k in range(1, 6)]}
        for n in range(number) for row in (every[len(every) * n // number],)
    ]  # fmt: skip


def second_system(first: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Outputs that the first system did not give, of the same length or two words longer."""
    return [{**row, "hypothesis": f"{row['hypothesis'].replace('a ', 'one ', 1)} nearby"} for row in first]


def write(folder: Path, found: list[dict[str, Any]]) -> Path:
    """A predictions folder."""
    folder.mkdir(parents=True)
    (folder / f"{TASK}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in found), encoding="utf-8")
    meta = {"schema": "repro-audit/predictions/1", "task": TASK, "model": "CoNeTTE", "variant": "x"}
    (folder / f"{TASK}.meta.json").write_text(json.dumps(meta), encoding="utf-8")
    return folder


def descendants(root: int) -> list[int]:
    """The processes below one."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found, todo = [], [root]
    while todo:
        todo += (children := parents.get(todo.pop(), []))
        found += children
    return found


def resident(processes: list[int]) -> int:
    """Bytes of memory that processes hold."""
    total = 0
    for one in processes:
        try:
            total += int(Path(f"/proc/{one}/statm").read_text(encoding="ascii").split()[1])
        except (OSError, IndexError):
            continue
    return total * os.sysconf("SC_PAGE_SIZE")


def timed(command: list[str], **variables: str) -> dict[str, Any]:
    """Run a program: seconds, processor seconds with all children, most memory of all its processes, and what it printed."""
    before, began, most = os.times(), time.monotonic(), 0
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True, env={**os.environ, **variables}
        )
        over = threading.Event()

        def watch() -> None:
            nonlocal most
            while not over.wait(0.1):
                most = max(most, resident([process.pid, *descendants(process.pid)]))

        watcher = threading.Thread(target=watch)
        watcher.start()
        said, _ = process.communicate()
        over.set()
        watcher.join()
        errors.seek(0)
        assert process.returncode == 0, errors.read()[-2000:]
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return {"seconds": time.monotonic() - began, "processor": cpu, "memory": most, "said": said}


def score(folder: Path, cache: Path, *words: str, processors: int | None = None) -> dict[str, Any]:
    """`repro-audit score`, on this machine's processors or as many simulated ones."""
    simulated = "" if processors is None else f"os.sched_getaffinity = lambda pid: set(range({processors}))\n"
    code = f"import os, sys\n{simulated}from audit.cli import main\nsys.exit(main(sys.argv[1:]))"
    found = timed(
        [sys.executable, "-c", code, "score", TASK, "--predictions", str(folder), "--replicates", "0", "--json",
         "--cache", str(cache / "scores"), *words],
        **{PATH_VARIABLE: str(cache / "spice"), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    found["values"] = {f"{one['metric']}/{one['convention']}": one["value"] for one in json.loads(found["said"])}
    return found


def bare(found: list[dict[str, Any]], scratch: Path) -> dict[str, Any]:
    """The jar's own program, as its wrapper calls it, with an engine on the class path."""
    asked, answered = scratch / "in.json", scratch / "out.json"
    items = [{"image_id": n, "test": row["hypothesis"], "refs": row["reference"]} for n, row in enumerate(found)]
    asked.write_text(json.dumps(items), encoding="utf-8")
    program = jar(JAR)
    models = [MAVEN / name for name in (PARSER_JAR, MODELS_JAR)]
    path = ":".join(map(str, (program, program.parent / "lib" / "*", *models, engine())))
    command = [java(), *settings(), "-Xmx8G", *(f"--add-opens=java.base/{one}=ALL-UNNAMED" for one in OPENED), "-cp", path,
               "edu.anu.spice.SpiceScorer", str(asked), "-out", str(answered), "-silent"]  # fmt: skip
    done = timed(command)
    scores = [one["scores"]["All"]["f"] for one in json.loads(answered.read_text(encoding="utf-8"))]
    return {**done, "value": 100 * sum(scores) / len(scores)}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200, metavar="N", help="of 1,045 (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    results: dict[str, dict[str, Any]] = {}

    def note(name: str, found: dict[str, Any]) -> dict[str, Any]:
        results[name] = {key: value for key, value in found.items() if key != "said"}
        print(f"{name}: {found['seconds']:.0f} s, {found['processor']:.0f} processor s, "
              f"{found['memory'] / 1e6:.0f} MB", flush=True)  # fmt: skip
        return found

    spice = ("--metric", "spice", "--convention", "coco")
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        first = rows(options.rows)
        one, other = write(scratch / "first", first), write(scratch / "second", second_system(first))
        print(f"{options.rows} rows, {platform.processor() or platform.machine()}, {os.cpu_count()} processors, load "
              f"{os.getloadavg()[0]:.1f}; {ASSETS['corenlp'].what}")  # fmt: skip
        jar_alone = note("bare jar", bare(first, scratch))
        cold = note("ours, cold", score(one, scratch / "a", *spice))
        again = note("ours, second system on the same references", score(other, scratch / "a", *spice))
        warm = note("ours, the first again, scores not cached", score(one, scratch / "a", *spice, "--seed", "7"))
        alone = {
            convention: note(f"SPIDEr {convention} alone", score(one, scratch / convention, "--metric", "spider",
                "--convention", convention))
            for convention in ("coco", "nota-v1.1")
        }  # fmt: skip
        together = note("all conventions of the task", score(one, scratch / "all"))
        two = note("all conventions, two processors", score(one, scratch / "two", processors=2))
        sixteen = note("all conventions, sixteen processors", score(one, scratch / "sixteen", processors=16))
    assert two["said"] == sixteen["said"] == together["said"], "the same bytes on any number of processors"
    assert abs(float(cold["values"]["spice/coco"]) - jar_alone["value"]) < 1e-5
    assert warm["values"] == cold["values"]
    slowest = max(found["processor"] for found in alone.values())
    bound = memory_bound(DEFAULT_LIMIT)
    print(f"bare jar / ours cold: {jar_alone['processor'] / cold['processor']:.2f}")
    print(f"first system / second: {cold['processor'] / again['processor']:.1f}")
    print(f"all conventions / the slowest alone: {together['processor'] / slowest:.2f}")
    print(f"SPICE's Java: at most {bound:,} MB by its settings")
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
