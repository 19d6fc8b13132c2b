"""Mutation testing with mutmut: every mutant is killed by a test, or listed in survivors.toml with the reason.

    python tests/mutation/run.py --folder SCRATCH [--jobs N] [--keep | PACKAGE ...]

What may be mutated and which tests are run stands in pyproject.toml, [tool.mutmut]; PACKAGE (tasks/metrics, ...) takes a part
of it. The mutants are made and run in a copy of the checkout, in SCRATCH. Exit code 1 if a mutant is neither killed nor
listed, or listed and killed.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SURVIVORS = Path(__file__).resolve().with_name("survivors.toml")


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """A mutant: the function, its lines that were changed, and what they became; lines are stripped and joined by spaces."""

    function: str
    line: str
    mutant: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a mutant: `killed`, `timeout`, or how it survived."""

    name: str
    file: str
    change: Change
    status: str

    @property
    def dead(self) -> bool:
        """Whether the tests noticed it; one that makes a test run forever is noticed."""
        return self.status in {"killed", "timeout", "segfault"}


def read_survivors(path: Path = SURVIVORS) -> dict[Change, str]:
    """The listed mutants with their reasons.

    Raises:
        ValueError: An entry has no reason, or a mutant is listed twice.
    """
    found: dict[Change, str] = {}
    for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("equivalent", []):
        if not entry["why"].strip():
            raise ValueError(f"{path.name}: no reason for {entry['function']}: {entry['line']}")
        for mutant in entry["mutants"]:
            change = Change(entry["function"], entry["line"], mutant)
            if change in found:
                raise ValueError(f"{path.name}: listed twice: {change}")
            found[change] = entry["why"]
    return found


def line_of(source: str, function: str, line: str) -> int | None:
    """The number of the first line of `line` in a function (`Class.name` or `name`) of a module; None if it is not there."""
    nodes: list[ast.AST] = [ast.parse(source)]
    for part in function.split("."):
        nodes = [
            child
            for node in nodes
            for child in ast.iter_child_nodes(node)
            if isinstance(child, ast.ClassDef | ast.FunctionDef) and child.name == part
        ]
    lines = source.splitlines()
    for node in nodes:
        assert isinstance(node, ast.ClassDef | ast.FunctionDef)
        assert node.end_lineno is not None
        for number in range(node.lineno, node.end_lineno + 1):
            text = lines[number - 1].strip()
            if text and (line == text or line.startswith(f"{text} ")):
                return number
    return None


def compare(results: list[Result], listed: dict[Change, str]) -> tuple[list[Result], list[Change]]:
    """(survivors that are not listed, listed mutants that did not survive)."""
    survived = {result.change for result in results if not result.dead}
    modules = {result.change.function.rpartition(".")[0] for result in results}
    seen = {change for change in listed if any(change.function.startswith(f"{module}.") for module in modules)}
    return [r for r in results if not r.dead and r.change not in listed], sorted(seen - survived)


def copy_checkout(folder: Path) -> None:
    """The checkout's files, as git knows them, in a folder."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )  # fmt: skip
    for name in filter(None, os.fsdecode(listing.stdout).split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def forget_survivors(folder: Path) -> None:
    """Of an earlier run only what was killed stays; which test reaches what is found out anew."""
    (folder / "mutants" / "mutmut-stats.json").unlink(missing_ok=True)
    for meta in (folder / "mutants").rglob("*.py.meta"):
        known = json.loads(meta.read_text(encoding="utf-8"))
        codes = known["exit_code_by_key"]
        known["exit_code_by_key"] = {name: 1 if code == 1 else None for name, code in codes.items()}
        meta.write_text(json.dumps(known), encoding="utf-8")


def run(folder: Path, packages: list[str], jobs: int) -> list[Result]:
    """Make the mutants, run the tests on each, and read the results back."""
    patterns = [f"{package.removesuffix('.py').strip('/').replace('/', '.')}.*" for package in packages]
    subprocess.run(
        [sys.executable, "-m", "mutmut", "run", "--max-children", str(jobs), *patterns], cwd=folder, check=True
    )
    return read_results(folder, patterns)


def read_results(folder: Path, patterns: list[str]) -> list[Result]:
    """The results of a run in a folder, of the mutants whose names match; one that was not run is `not checked`."""
    from mutmut.mutation.diff_apply import get_diff_for_mutant
    from mutmut.stats import status_by_exit_code
    from mutmut.utils.format_utils import get_module_from_key, orig_function_and_class_names_from_key

    results = []
    os.chdir(folder)  # where mutmut looks for its files
    for meta in sorted(Path("mutants").rglob("*.py.meta")):
        file = meta.relative_to("mutants").with_suffix("")
        for name, code in json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"].items():
            if patterns and not any(fnmatchcase(name, pattern) for pattern in patterns):
                continue
            function, owner = orig_function_and_class_names_from_key(name)
            where = ".".join(filter(None, [get_module_from_key(name), owner, function]))
            change = Change(where, "", "")
            if status_by_exit_code[code] != "killed":
                lines = get_diff_for_mutant(name, path=file).split("\n")[3:]
                old, new = (" ".join(x[1:].strip() for x in lines if x[:1] == sign) for sign in "-+")
                change = Change(where, old, new)
            results.append(Result(name, file.as_posix(), change, status_by_exit_code[code]))
    return results


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help="a folder or module of what is configured")
    parser.add_argument("--folder", type=Path, required=True, help="where the copy is made")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="mutants at a time (default: one a CPU)")
    parser.add_argument("--keep", action="store_true", help="go on from the last run in this folder")
    args = parser.parse_args()
    folder = args.folder.resolve()
    if args.keep:
        if args.packages:
            parser.error("--keep runs all packages")  # mutmut runs again whatever is named
        forget_survivors(folder)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    copy_checkout(folder)
    results = run(folder, args.packages, args.jobs)
    unlisted, stale = compare(results, read_survivors())
    for result in unlisted:
        function = result.change.function.removeprefix(f"{result.file.removesuffix('.py').replace('/', '.')}.")
        source = (ROOT / result.file).read_text(encoding="utf-8")
        print(f"\n{result.file}:{line_of(source, function, result.change.line)}: {result.status}: {result.name}")
        print(f"  function = {json.dumps(result.change.function, ensure_ascii=False)}")
        print(f"  line = {json.dumps(result.change.line, ensure_ascii=False)}")
        print(f"  mutant = {json.dumps(result.change.mutant, ensure_ascii=False)}")
    for change in stale:
        print(
            f"\nlisted in {SURVIVORS.name}, but killed or gone: {change.function}\n  {change.line}\n  {change.mutant}"
        )
    table = Counter((result.file.rpartition("/")[0], result.dead) for result in results)
    print()
    for package in (*sorted({package for package, _ in table}), ""):
        dead, alive = (
            sum(n for (p, d), n in table.items() if d is flag and package in {p, ""}) for flag in (True, False)
        )
        left = sum(r.file.rpartition("/")[0] == package or not package for r in unlisted)
        print(f"{package or 'all':<20} {dead + alive:>5} mutants, {dead} killed ({100 * dead / max(dead + alive, 1):.1f} %), "
              f"{alive - left} listed as equivalent, {left} unexplained")  # fmt: skip
    return 1 if unlisted or stale or not results else 0


if __name__ == "__main__":
    sys.exit(main())
