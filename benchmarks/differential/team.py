"""The HUFS team's scripts for single tasks, run on rows in place of their server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.differential.labels import Score, by_parts
from benchmarks.differential.outputs import Output, Values
from benchmarks.differential.programs import Program, Redis, inside, script, stand_ins
from tests.support.source_rows import MadeRow, made

_HUFS = ("jaeeewon/project-multimodal", "d9e5d172c6cfd426ce1a85f989ecb2a968c5d733")
_SERVER = "the script, with the rows in place of its server"


def hufs_tasks(checkouts: Path) -> list[Output]:
    def program(path: str) -> Program:
        return Program(checkouts, *_HUFS, f"dist_eval/{path}")

    target = program("").checkout("dist_eval")

    def run(path: str, rows: list[dict[str, Any]]) -> dict[str, Any] | None:
        with stand_ins("qwen3", "slurp", "wiki_qa", redis=Redis(rows).module()), inside(target):
            try:
                return script(target / "dist_eval" / path)
            except ZeroDivisionError:
                return None

    def share(path: str, top: str, bottom: str, fields: Callable[[MadeRow], dict[str, Any]]) -> Score:
        def score(rows: Sequence[MadeRow]) -> float | None:
            found = run(path, [{"infer": row["hypothesis"], **fields(row)} for row in rows])
            return None if found is None else found[top] / found[bottom]

        return score

    emotion = {"Neutral": "neu", "Happy": "exc", "Sad": "sad", "Angry": "ang"}
    found = []
    tasks: tuple[tuple[str, str, str, str, str, Callable[[MadeRow], dict[str, Any]]], ...] = (
        (
            "eval_er.py",
            "er-iemocap accuracy hufs",
            "emotions",
            "correct",
            "total",
            lambda r: {"emotion": emotion[r["reference"]]},
        ),
        ("eval_sv.py", "sv-voxceleb1 accuracy hufs", "trials", "correct", "total", lambda _: {}),
        (
            "eval_ke.py",
            "ke-inspec accuracy hufs",
            "keyphrases",
            "correct",
            "total",
            lambda r: {"keyphrases": "; ".join(r["reference"])},
        ),
        (
            "eval_sqqa.py",
            "sqqa-wikiqa following-rate hufs-answers",
            "questions",
            "followed",
            "total_tasks",
            lambda r: {
                "answer": "; ".join(c["text"] for c in r["reference"]["candidates"]),
                "accuracy-judge-qwen3": "",
            },
        ),
    )
    for path, name, kind, top, bottom, fields in tasks:
        found.append(
            Output(program(path), name, kind, "hypothesis", _SERVER, by_parts(kind, share(path, top, bottom, fields)))
        )

    def following(rows: Sequence[MadeRow]) -> float:
        recordings: dict[str, dict[str, Any]] = {}
        for row in rows:
            one = recordings.setdefault(row["extra"]["recording"], {"slots": [], "infer": [], **row["reference"]})
            one["slots"].append(f"{row['reference']['slot']}={row['reference']['value']}")
            one["infer"].append(f"{row['reference']['slot']}={row['hypothesis'].strip()}")
        joined = [
            {**one, "slots": "; ".join(one["slots"]), "infer": "; ".join(one["infer"])} for one in recordings.values()
        ]
        made_run = run("eval_sf.py", joined)
        assert made_run is not None
        return float(made_run["followed"] / made_run["total_tasks"])

    name = "sf-slurp following-rate hufs"
    found.append(Output(program("eval_sf.py"), name, "slots", "hypothesis", _SERVER, by_parts("slots", following, 3)))

    def overlap(rows: Sequence[MadeRow]) -> float | None:
        fields = [{"infer": r["hypothesis"], "ans1": r["reference"][0], "ans2": r["reference"][1]} for r in rows]
        try:
            got = run("eval_osr.py", fields)
        except ValueError:
            return None  # no row was kept
        import jiwer

        return None if got is None else 100 * float(jiwer.wer(got["answers"], got["inferences"]))

    found.append(
        Output(
            program("eval_osr.py"),
            "osr-librimix wer hufs",
            "overlaps",
            "hypothesis",
            _SERVER,
            by_parts("overlaps", overlap, 20),
        )
    )
    stories = [{"infer": r["hypothesis"]} for r in made("stories")]
    parts = [run("eval_story.py", stories[i : i + 20]) for i in range(0, len(stories), 20)]
    whole = run("eval_story.py", stories)
    for metric, top in (("diversity", "diversities"), ("following-rate", "follow")):
        counted = Values(
            20,
            [part[top] / part["total"] if part else None for part in parts],
            whole[top] / whole["total"] if whole else None,
        )
        found.append(
            Output(
                program("eval_story.py"),
                f"story-audiocaps {metric} appendix-e",
                "stories",
                "hypothesis",
                _SERVER,
                counted,
            )
        )
    return found


PROGRAMS = (hufs_tasks,)
