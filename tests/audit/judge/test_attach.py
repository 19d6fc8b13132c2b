from __future__ import annotations

import pickle
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from audit.errors import CheckFailedError
from audit.judge.attach import attach
from audit.judge.scores import judged_scores
from audit.literature.known_tasks import known_tasks as tasks
from audit.scoring.cache import ScoreCache
from audit.scoring.predictions import PredictionSet, load
from tasks.availability import needs_judge
from tasks.convention import Convention
from tasks.judging.conventions import find
from tasks.judging.scored import FIELD, scored, with_counts
from tasks.judging.verdict import JudgeVerdict, graded
from tasks.metrics.accuracy import Accuracy
from tasks.row import Row
from tests.support.judge.helpers import FakeServer, judge, questions, write_rows


def count(convention: Convention, rows: list[Row]) -> tuple[int, int, dict[str, int]]:
    """Points, possible points, and skipped rows by reason, by the convention's own parts alone."""
    kept: list[Row] = []
    skipped: dict[str, int] = {}
    for row in rows:
        reason = next((rule.reason for rule in convention.select if not rule.keep(row)), None)
        if reason is None:
            kept.append(row)
        else:
            skipped[reason] = skipped.get(reason, 0) + 1
    taken = [convention.hypothesis_view.take(row) for row in kept]
    counts = convention.metric.count(taken, [convention.reference_view.take(row) for row in kept])
    points, possible = (int(n) for n in counts.sum(axis=0))
    return points, possible, skipped


def test_judgements_become_an_ordinary_convention(serve: Callable[..., FakeServer], tmp_path: Path) -> None:
    rows = questions(40)
    rows[7] |= {"hypothesis": None, "extra": {"error": "unreadable"}}
    path = write_rows(tmp_path, rows)
    server = serve()
    run = ["run", "--task", "sqqa-wikiqa", "--convention", "paper-judge", "--predictions", str(tmp_path)]
    run += ["--model", "tiny-judge", "--base-url", server.url]
    assert judge(*run) == 0
    assert judge(*run, "--variant", "padded") == 0
    task = tasks()["sqqa-wikiqa"]
    loaded = load(path, task).rows
    joined, found = attach(task, loaded, path)
    rules = [("zero", False), ("excluded", False), ("wrong", True)]
    assert [(item.failure, item.own_rule) for item in found if not item.over_followed] == rules
    assert [(item.failure, item.own_rule) for item in found if item.over_followed] == rules
    item = found[4]
    assert (item.metric, item.convention.id, item.model) == ("accuracy", "paper-judge", "tiny-judge-2026")
    assert (item.source_judge, item.fidelity) == ("gpt-3.5", "verbatim")
    points, possible, skipped = count(item.convention, joined)
    assert 0 < points < possible == 39
    assert skipped == {"no judgement": 1}
    assert item.convention.unavailable() is None
    assert item.rating.judge in item.convention.signature
    assert len({other.convention.hash for other in found}) == 6
    other = path.with_name("sqqa-wikiqa.judgements.jsonl")
    text = other.read_text("utf-8")
    other.write_text(text.replace('"attempts":1', '"attempts":2', 1), "utf-8")
    changed = attach(task, loaded, path)[1][4].convention
    assert changed.hash != item.convention.hash
    other.write_text(text, "utf-8")
    assert attach(task, loaded, path)[1][4].convention.hash == item.convention.hash
    assert pickle.loads(pickle.dumps(item.convention)).signature == item.convention.signature
    rows[0]["hypothesis"] = "changed"
    write_rows(tmp_path, rows)
    with pytest.raises(CheckFailedError):
        attach(task, load(path, task).rows, path)


def test_without_judgements_nothing_changes(tmp_path: Path) -> None:
    path = write_rows(tmp_path, questions(2))
    task = tasks()["sqqa-wikiqa"]
    loaded = load(path, task).rows
    assert attach(task, loaded, path) == (list(loaded), [])


def test_accuracy_over_followed_rows(
    serve: Callable[..., FakeServer], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = questions(30)
    for row in rows[:12]:
        row["hypothesis"] = row["reference"]["question"] + "</s>"  # it writes down the question and answers nothing
    path = write_rows(tmp_path, rows)
    run = ["--task", "sqqa-wikiqa", "--convention", "paper-judge", "--predictions", str(tmp_path)]
    assert judge("run", *run, "--model", "tiny-judge", "--base-url", serve(reply='{"Correct": True}').url) == 0
    task = tasks()["sqqa-wikiqa"]
    joined, found = attach(task, load(path, task).rows, path)
    whole, over = (next(i for i in found if i.own_rule and i.over_followed == flag) for flag in (False, True))
    assert over.convention.id == whole.convention.id == "paper-judge"
    assert over.convention.signature != whole.convention.signature
    assert count(whole.convention, joined) == (30, 30, {})
    assert count(over.convention, joined) == (18, 18, {"the instruction was not followed": 12})
    judge("status", "--predictions", str(tmp_path))
    judge("agreement", *run)
    assert capsys.readouterr().out.count("over followed") == 2


def test_excluded_rows_and_groups_are_accounted_for() -> None:
    judged = find("co-reasoning", "jasco-judge")
    assert judged is not None
    base = Convention("jasco-judge", "x", Accuracy(), unavailable=needs_judge)
    rows = [
        Row(name, "x", {"clip": clip}) for name, clip in [("1", "a"), ("2", "a"), ("3", "b"), ("4", "b"), ("5", "c")]
    ]
    verdicts = {"1": [graded(1)], "2": [graded(2)], "3": [JudgeVerdict(None, "unparsed")], "4": [graded(0)]}
    for failure, expected in (
        ("zero", (2, 4, {"no judgement": 1, "another output for the same clip counts": 2})),
        (
            "excluded",
            (
                2,
                4,
                {
                    "no judgement": 1,
                    "another output for the same clip counts": 1,
                    "the judge's reply could not be parsed": 1,
                },
            ),
        ),
    ):
        rule = next(f for f in ("zero", "excluded") if f == failure)
        joined = with_counts(rows, judged, verdicts, "k", rule)
        convention = scored(base, judged, "k", "m", rule)
        assert count(convention, joined) == expected
    assert FIELD not in rows[0].extra


def test_several_judges_stand_side_by_side() -> None:
    judged = find("spoken-qa", "paper-judge")
    assert judged is not None
    rows = [Row("1", "x", {"question": "q", "answers": ["a"]})]
    first = with_counts(rows, judged, {"1": [graded(1)]}, "a", "wrong")
    both = with_counts(first, judged, {"1": [graded(0)]}, "b", "wrong")
    assert both[0].extra[FIELD] == {"a": [1, 1], "b": [0, 1]}


def _stored(folder: Path, replies: list[str]) -> PredictionSet:
    rows = [
        {"id": f"e{n:05d}", "hypothesis": "sad", "reference": "sad", "prompt": "?", "extra": {"judge_response": reply}}
        for n, reply in enumerate(replies)
    ]
    path = write_rows(folder, rows, "er-iemocap")
    options = ["--task", "er-iemocap", "--convention", "audiobench-judge", "--predictions", str(folder)]
    assert judge("import-replies", *options, "--judge", "llama") == 0
    return load(path, tasks()["er-iemocap"])


def test_each_failure_rule_selects_rows_of_its_own(tmp_path: Path) -> None:
    """Rules of selection have the same names under every failure rule."""
    found = judged_scores(
        tasks()["er-iemocap"],
        _stored(tmp_path, ["Rating: 5", "I cannot say"]),
        expected=2,
        replicates=0,
        cache=ScoreCache(None),
    )
    values = {item.attached.failure: (item.score.exact, item.score.account) for item in found}
    assert values["zero"][0] == Fraction(1, 2)
    assert values["excluded"][0] == 1
    assert values["excluded"][1] is not None
    assert values["excluded"][1].scored == 1


def test_more_rows_than_a_shard_are_judged_in_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task with judgements cannot be built again from its declaration."""
    monkeypatch.setattr("audit.scoring.score.SHARD_ROWS", 3)
    rows = _stored(tmp_path, ["Rating: 4"] * 10)
    found = judged_scores(tasks()["er-iemocap"], rows, expected=10, replicates=0, cache=ScoreCache(None))
    assert {item.score.exact for item in found} == {Fraction(4, 5)}
