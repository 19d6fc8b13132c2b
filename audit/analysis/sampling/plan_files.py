"""The files of a sampling plan: where they lie, and reading them together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from audit._util.files import read_limited
from audit.analysis.sampling.plan import (
    DRAW_SUFFIX,
    FIX,
    KEY_SUFFIX,
    STATEMENT_SUFFIX,
    SUFFIX,
    Draw,
    Ordered,
    Plan,
    Sampled,
    ordered,
    parse_draw,
    parse_plan,
)
from audit.errors import InputError

# Ids of 25,619 units are about a megabyte.
_MOST_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class PlanFiles:
    """A plan and the files beside it; None where there is none."""

    path: Path
    ordered: Ordered
    statement: bytes | None = None
    key: bytes | None = None


def beside(path: Path, suffix: str) -> Path:
    """A file beside a plan: `TASK.plan.json` -> `TASK.plan.sigstore.json`."""
    return path.with_name(path.name.removesuffix(SUFFIX) + suffix)


def read_plan(path: Path) -> tuple[Plan, Draw | None]:
    """A plan's file, with its draw if there is one; the order is not looked at.

    Raises:
        InputError: A file cannot be read or is invalid.
    """
    plan = parse_plan(read_limited(path, _MOST_BYTES, "a plan", FIX), str(path))
    other = beside(path, DRAW_SUFFIX)
    draw = parse_draw(read_limited(other, 2**20, "a draw", FIX), str(other)) if other.is_file() else None
    return plan, draw


def load_plan(path: Path) -> PlanFiles:
    """A plan with its order, its draw and its registration.

    Raises:
        InputError: A file is invalid, or the seed is not drawn yet.
    """
    plan, draw = read_plan(path)
    statement, key = (
        file.read_bytes() if (file := beside(path, suffix)).is_file() else None
        for suffix in (STATEMENT_SUFFIX, KEY_SUFFIX)
    )
    return PlanFiles(path, ordered(plan, draw, str(path)), statement, key)


def plan_path(folder: Path, stem: str, sampled: Sampled = "outputs") -> Path:
    """Where the plan of a run lies: `FOLDER/TASK.plan.json`, `FOLDER/TASK@RUN.judgements.plan.json`."""
    return folder / f"{stem}{'.judgements' if sampled == 'judgements' else ''}{SUFFIX}"


def find_plan(folder: Path, stem: str, sampled: Sampled = "outputs") -> Path | None:
    """The plan of a run in a folder; None if there is none.

    Args:
        folder: The folder of predictions.
        stem: `TASK` or `TASK@RUN`.
        sampled: What is sampled.

    Raises:
        InputError: There are two plans for this run.
    """
    wanted = plan_path(folder, stem, sampled)
    others = [
        path
        for path in sorted(folder.glob(f"{glob_escape(stem)}.*plan.json"))
        if path != wanted and path.name != plan_path(folder, stem, _other(sampled)).name
    ]
    if others:
        raise InputError(
            f"two plans for one run: {wanted.name} is the plan of {stem}",
            where=str(others[0]),
            fix="A run follows one plan. Keep the one that was made before the run, and move the other away.",
        )
    return wanted if wanted.is_file() else None


def _other(sampled: Sampled) -> Sampled:
    return "outputs" if sampled == "judgements" else "judgements"


def glob_escape(text: str) -> str:
    """Text for a glob pattern, matched literally."""
    return re.sub(r"([*?[])", r"[\1]", text)
