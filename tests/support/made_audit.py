"""A study, a reproduction, a set card and predictions that are all made up, beside a copy of the project's literature."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from audit._util.paths import LITERATURE
from audit._util.strict_yaml import load
from audit.literature.known_tasks import known_tasks as tasks
from audit.literature.make_set import draft
from audit.pipeline.request import AuditRequest
from audit.pipeline.run import Audit, run
from audit.schema import Decision, Measurement

PROMPT = "Do what a made-up prompt says."
DIRECTIONS = {"wer": "lower", "per": "lower"}


def row(name: str, hypothesis: str | None, reference: Any, **fields: Any) -> dict[str, Any]:
    """A row of a prediction file, asked the claims' prompt and finished."""
    return {"id": name, "hypothesis": hypothesis, "finished": True, "reference": reference, "prompt": PROMPT, "extra": {},
            **fields}  # fmt: skip


@dataclass
class Made:
    """A folder with `literature/` and `predictions/`.

    Attributes:
        study: The made study's id.
        margins: Metric -> margin.
    """

    folder: Path
    study: str = "made"
    margins: dict[str, str] = field(default_factory=dict)
    _cards: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shutil.copytree(LITERATURE, self.literature)
        self.predictions.mkdir()

    @property
    def literature(self) -> Path:
        """Where the study, the reproduction and the cards are."""
        return self.folder / "literature"

    @property
    def predictions(self) -> Path:
        """Where the prediction files are."""
        return self.folder / "predictions"

    def claim(self, name: str, value: str, **fields: Any) -> dict[str, Any]:
        """A claim `TASK.METRIC` as a study writes it."""
        task, _, metric = name.partition(".")
        return {
            "id": name, "task": task, "metric": metric, "value": value, "unit": "percent",
            "direction": DIRECTIONS.get(metric, "higher"), "locator": {"table": "1", "row": task, "column": "ours"},
            "variant": "13b", "dataset": "Made up", "split": "test", "expected_rows": None,
            "expected_rows_reason": "Made up.", "prompt": {"key": "p", "text": PROMPT}, "judge": None, "verified": True,
            "source": "S", "notes": None, **fields,
        }  # fmt: skip

    def write_study(
        self,
        *claims: dict[str, Any],
        models: Mapping[str, str] | None = None,
        names: list[str] | None = None,
        subsets: Mapping[str, dict[str, Any]] | None = None,
    ) -> None:
        """Write the study that makes these claims.

        Args:
            claims: See `claim`.
            models: Other models: id -> name.
            names: What prediction files may call the audited model; by default not stated.
            subsets: Task -> parts of its set.
        """
        margins = {
            m: {"value": self.margins.get(m, "0.3"), "kind": "assumed", "reason": "Made up."}
            for m in sorted({c["metric"] for c in claims})
        }
        named = dict.fromkeys(c["task"] for c in claims if "task" in c)
        value = {
            "schema": "repro-audit/study/2", "id": self.study, "title": "Another model, Table 1", "model": "MADE-UP-13B",
            "paper": {"title": "Another paper", "authors_first": "A. Author", "year": 2026, "venue": "Nowhere", "arxiv": None,
                      "url": None},
            "variants": {"13b": "The only one."}, "sources": {"S": "Made up."}, "prompts_note": "Made up.",
            "tasks": [self._declared(task) | {"subsets": (subsets or {}).get(task, {})} for task in named],
            "models": {key: {"name": name, "role": "baseline"} for key, name in (models or {}).items()},
            "margins": margins, "claims": list(claims),
        }  # fmt: skip
        if names:
            value["names"] = names
        self._yaml("studies", self.study, value)

    def write_records(self, *values: dict[str, Any], study: str | None = None) -> None:
        """Write a reproduction of the study (or of another one) that recorded these values; remove it if there are none."""
        if not values:
            (self.literature / "reproductions" / "made-re-run.yaml").unlink(missing_ok=True)
            return
        value = {
            "schema": "repro-audit/reproduction/1", "id": "made-re-run", "study": study or self.study, "title": "A re-run",
            "origin": "recorded", "team": "Nobody", "repo": "owner/name", "commit": "a" * 40, "variant": "13b",
            "setup": "Made up.", "predictions": None, "findings": [], "recorded": list(values),
        }  # fmt: skip
        self._yaml("reproductions", "made-re-run", value)

    def recorded(
        self, name: str, value: str, kept: int, total: int, convention: str | None, **fields: Any
    ) -> dict[str, Any]:
        """A recorded value of `TASK.METRIC`."""
        task, _, metric = name.partition(".")
        return {"task": task, "metric": metric, "value": value, "kept": kept, "total": total, "convention": convention,
                "rule": "made up", "source": "made up", **fields}  # fmt: skip

    def no_card(self, task: str) -> None:
        """Declare the task without a card."""
        self._name_card(task, None)

    def write_card(self, task: str, rows: Iterable[dict[str, Any]], *, official: bool = False) -> None:
        """Replace the task's card by one of these rows: they are the whole set."""
        pairs = [(r["id"], r["reference"]) for r in rows]
        made = draft(pairs, tasks()[task].reference_type, name="made-set", dataset="Made up", split="test",
                     made="made up")  # fmt: skip
        card = yaml.safe_load(made.card)
        card["called"] = {"name": "made", "split": "test", "other": "train"}
        for layout in card["layouts"]:
            for part in layout["texts"]:
                part["official"] = official
        self._yaml("sets", "made-set", card)
        self._name_card(task, "made-set")
        for name, text in made.units.items():
            (self.literature / "sets" / name).write_text(text, encoding="utf-8")

    def write_rows(self, task: str, rows: Iterable[dict[str, Any]], **meta: Any) -> Path:
        """Write a prediction file of a task, or of TASK@RUN, sorted by id, and its meta file."""
        lines = [json.dumps(r, ensure_ascii=False) for r in sorted(rows, key=lambda r: str(r["id"]))]
        path = self.predictions / f"{task}.jsonl"
        name, task = task, task.partition("@")[0]
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        facts = {
            "schema": "repro-audit/predictions/1",
            "task": task,
            "model": "SALMONN, made up",
            "variant": "13b",
            **meta,
        }
        path.with_name(f"{name}.meta.json").write_text(json.dumps(facts), encoding="utf-8")
        return path

    def audit(self, *, predictions: bool = True, study: str | None = None) -> Audit:
        """Run the audit in this process, with a few bootstrap replicates."""
        return run(self.request(predictions=predictions, study=study))

    def request(self, *, predictions: bool = True, study: str | None = None) -> AuditRequest:
        """What `audit` runs."""
        folder = self.predictions if predictions else None
        return AuditRequest(study or self.study, folder, self.literature, replicates=60, engine="local", workers=1)

    def _declared(self, task: str) -> dict[str, Any]:
        """The task as a study of the literature declares it, with the card of this audit."""
        entries = (entry for _, study in self._studies() for entry in study["tasks"])
        return dict(next(entry for entry in entries if entry["id"] == task)) | self._cards.get(task, {})

    def _name_card(self, task: str, card: str | None) -> None:
        self._cards[task] = {"set": card}
        for name, study in self._studies():
            entries = [entry | self._cards.get(entry["id"], {}) for entry in study["tasks"]]
            if entries != study["tasks"]:
                self._yaml("studies", name, {**study, "tasks": entries})

    def _studies(self) -> list[tuple[str, dict[str, Any]]]:
        paths = sorted((self.literature / "studies").glob("*.yaml"))
        # Read as records are: `no` and `2.10` are texts.
        return [(path.stem, load(path).data) for path in paths]

    def _yaml(self, folder: str, name: str, value: dict[str, Any]) -> None:
        text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
        (self.literature / folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def decision(found: Audit, claim: str) -> Decision:
    """The decision on a claim."""
    return next(d for d in found.document.verdicts if d.claim == claim)


def verdict(found: Audit, claim: str) -> str:
    """The verdict on a claim."""
    return decision(found, claim).verdict.value


def measurements(
    found: Audit, claim: str, convention: str | None = None, origin: str | None = None
) -> list[Measurement]:
    """The measurements for a claim that have a value."""
    return [
        m
        for m in found.document.measurements
        if m.claim == claim
        and m.value is not None
        and convention in {None, m.convention}
        and origin in {None, m.origin}
    ]


def codes(items: Sequence[Measurement]) -> set[str]:
    """Why measurements are invalid."""
    return {i.code for m in items for i in m.invalid}
