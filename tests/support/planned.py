"""A made-up set of speech, a claim about it, a plan, and runs that follow the plan as far as one likes."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from audit.analysis.sampling.plan import Ordered, Plan
from audit.analysis.sampling.plan_files import load_plan, plan_path
from audit.literature.studies import load_study
from audit.pipeline.plan_design import make_plan, write_plan
from audit.pipeline.request import PlanRequest
from tasks.row import Row
from tests.support.made_audit import Made, row

TASK = "asr-librispeech-clean"
CLAIM = f"{TASK}.wer"
# Both count the same here: the texts have neither capitals nor punctuation.
CONVENTIONS = (("verbatim", 1), ("audiobench", 1))
WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def sentences(units: int = 200, wrong: float = 0.5, seed: int = 1) -> list[dict[str, Any]]:
    """Sentences of 5 to 12 words, of which a share is misheard."""
    chance = random.Random(seed)
    found = []
    for number in range(units):
        words = [chance.choice(WORDS) for _ in range(chance.randint(5, 12))] + [f"mark{number}"]
        said = ["zzz" if chance.random() < wrong else word for word in words]
        found.append(row(f"u{number:04}", " ".join(said), " ".join(words)))
    return found


def prepare(folder: Path, rows: list[dict[str, Any]], value: str, margin: str = "0.3") -> Made:
    """A study with one claim, whose card says that these rows are the whole set."""
    made = Made(folder, margins={"wer": margin})
    made.write_study(made.claim(CLAIM, value))
    made.write_card(TASK, rows)
    made.write_study(made.claim(CLAIM, value))
    return made


def plan(made: Made, rows: list[dict[str, Any]], **options: Any) -> Plan:
    """A plan of the study's claim."""
    study = load_study(made.literature / "studies" / "made.yaml")
    units = [Row(item["id"], None, item["reference"]) for item in rows]
    request = {"conventions": CONVENTIONS, "cap": 40, "seed": "1", "audits": 0, **options}
    return make_plan(PlanRequest(TASK, units, study=study, **request))


def planned(made: Made, rows: list[dict[str, Any]], **options: Any) -> Ordered:
    """The same, written beside the predictions that will follow it, with its order."""
    write_plan(plan(made, rows, **options), made.predictions)
    return load_plan(plan_path(made.predictions, TASK)).ordered


def follow(made: Made, rows: list[dict[str, Any]], order: Ordered, units: int, *without: str, **meta: Any) -> Path:
    """Predictions for the first units of a plan, except for those named."""
    first = set(order.units[:units]) - set(without)
    return made.write_rows(TASK, [item for item in rows if item["id"] in first], **meta)


def edit(path: Path, **changes: Any) -> None:
    """Change fields of a plan's file, canonically."""
    from audit._util import canonical_json

    data = json.loads(path.read_bytes())
    path.write_bytes(canonical_json.dumps({**data, **changes}) + b"\n")
