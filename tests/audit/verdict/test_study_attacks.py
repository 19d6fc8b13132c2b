"""Ways to push a verdict by what a study declares: runs, means, parts of a set, cards, records, names, labels."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit._util.strict_yaml import load
from audit.api import render
from audit.errors import InputError
from audit.literature.studies import load_study
from audit.pipeline.request import AuditRequest
from audit.pipeline.run import run
from audit.schema import Agreement, IdentityState
from audit.verdict.model_names import called
from tests.support.made_audit import Made, codes, measurements, row, verdict

ASR = "asr-librispeech-clean"
WER = f"{ASR}.wer"
CHOICE = "sakura-animal-single"
SHARE = f"{CHOICE}.accuracy"
EMOTION = "er-iemocap"
LABELS = ("Happy", "Sad", "Angry", "Neutral")
JUSTIFYING = {"reproduced", "justified", "exceeds"}
WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


def sentences(right: int, of: int = 20, wrong: str = "x x x x") -> list[dict[str, Any]]:
    """Sentences of four words, of which the first `right` are recognised."""
    texts = [f"{WORDS[n % 10]} {WORDS[n // 10]} sentence number{n}" for n in range(of)]
    return [row(f"u{n:03}", text if n < right else wrong, text) for n, text in enumerate(texts)]


def answers(right: int, of: int = 20, **extra: str) -> list[dict[str, Any]]:
    """Questions with two options, of which the first `right` are answered correctly."""
    gold = ["cat" if n % 2 else "dog" for n in range(of)]
    return [
        row(f"q{n:03}", text if n < right else "neither", text, extra={"choices": ["cat", "dog"], **extra})
        for n, text in enumerate(gold)
    ]


def emotions(number: int, right: int) -> list[dict[str, Any]]:
    gold = [LABELS[n % 4] for n in range(number)]
    return [row(f"u{n:05}", g if n < right else LABELS[(n + 1) % 4], g) for n, g in enumerate(gold)]


def edit(path: Path, change: Any) -> None:
    """Change a YAML file by a function on its data."""
    data: Any = load(path).data
    change(data)
    path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), encoding="utf-8")


def study_of(made: Made) -> Path:
    return made.literature / "studies" / "made.yaml"


# Runs


@pytest.mark.parametrize(("copies", "deviation", "decides"), [(3, "5.0", False), (1, "5.0", True), (3, "0.0", True)])
def test_copies_of_the_run_that_agrees_are_no_runs(made: Made, copies: int, deviation: str, decides: bool) -> None:
    """Three copies under other names, of which each file differs in a field that nobody scores."""
    made.write_study(made.claim(WER, "25.0", deviation=deviation, runs=3))
    made.write_card(ASR, sentences(20), official=True)
    for n in range(3):
        rows = [{**r, "extra": {"run": n}} for r in sentences(15 if copies == 3 else 14 + n)]
        made.write_rows(f"{ASR}@{n}", rows)
    found = made.audit()
    assert (verdict(found, WER) in {"reproduced", "justified", "undocumented"}) is decides
    texts = {i.text for m in measurements(found, WER) for i in m.invalid if i.code == "too-few-runs"}
    assert not decides or not texts
    assert decides or all("1 of 3 runs are at hand (the outputs of 2 more are copies)" in text for text in texts)


def test_a_run_given_twice_weighs_once(made: Made) -> None:
    """Two honest runs at 50 and 30, and the one at 30 twice more: the mean is 40, and not 35."""
    made.write_study(made.claim(WER, "35.0", deviation="5.0", runs=2))
    made.write_card(ASR, sentences(20), official=True)
    for run_name, right in (("a", 10), ("b", 14), ("c", 14), ("d", 14)):
        made.write_rows(f"{ASR}@{run_name}", sentences(right))
    found = made.audit()
    assert {m.value for m in measurements(found, WER, "verbatim") if m.parts} == {"40.000000"}
    assert verdict(found, WER) not in JUSTIFYING


def test_one_run_replaces_no_recorded_mean(made: Made) -> None:
    """A team recorded a mean over runs that disagrees; a single run of one's own must not make it disappear."""
    made.write_study(made.claim(WER, "25.0", deviation="1.0", runs=3))
    made.write_card(ASR, sentences(20), official=True)
    made.write_records(made.recorded(WER, "60.0", 20, 20, "verbatim"))
    assert verdict(made.audit(predictions=False), WER) == "not-reproduced"
    made.write_rows(f"{ASR}@a", sentences(15))
    found = made.audit()
    assert not codes(measurements(found, WER, origin="recorded"))
    assert verdict(found, WER) == "not-reproduced"
    # Three runs do: the mean over the whole set is known.
    made.write_rows(f"{ASR}@b", sentences(14))
    made.write_rows(f"{ASR}@c", sentences(16))
    found = made.audit()
    assert codes(measurements(found, WER, origin="recorded")) == {"superseded"}
    assert verdict(found, WER) in {"reproduced", "justified", "undocumented"}


def test_a_further_run_replaces_no_recorded_value(made: Made) -> None:
    made.write_study(made.claim(WER, "25.0"))
    made.write_card(ASR, sentences(20), official=True)
    made.write_records(made.recorded(WER, "60.0", 20, 20, "verbatim"))
    made.write_rows(ASR, sentences(15)[:-1])
    made.write_rows(f"{ASR}@b", sentences(15))
    assert codes(measurements(made.audit(), WER, origin="recorded")) == set()


# Means of claims


def test_a_mean_hides_no_dropped_units_behind_a_missing_row(made: Made) -> None:
    """A part that is worse than its own claim was bounded without the units that its convention drops."""
    name, other, average = f"{EMOTION}.accuracy", f"{EMOTION}.accuracy@two", "mean.accuracy@all"
    mean = made.claim(name, "53.0", id=average, mean_of=[name, other])
    del mean["task"]
    made.margins = {"accuracy": "5.0"}
    rows = emotions(40, 10)
    cut = [{**r, "finished": n < 20} for n, r in enumerate(rows)]
    made.write_card(EMOTION, rows)
    made.write_study(made.claim(name, "99.0"), made.claim(name, "99.0", id=other, run="two"), mean)
    for run_name in (EMOTION, f"{EMOTION}@two"):
        made.write_rows(run_name, [*cut[:19], *cut[20:]])
    found = made.audit()
    (dropping,) = measurements(found, average, "hufs")
    assert dropping.agreement.kind.agrees
    assert dropping.whole is Agreement.UNDECIDED
    assert verdict(found, average) not in {"reproduced", "justified", "undocumented"}


def test_a_mean_is_of_one_variant(made: Made) -> None:
    single, multi = SHARE, "sakura-animal-multi.accuracy"
    mean = made.claim(single, "60.0", id="mean.accuracy@average", mean_of=[single, multi])
    del mean["task"]
    made.write_study(made.claim(single, "75.0"), made.claim(multi, "45.0", variant="7b"), mean)
    edit(study_of(made), lambda data: data["variants"].update({"7b": "Another one."}))
    with pytest.raises(InputError, match="has a different variant"):
        made.audit(predictions=False)


# Parts of a set


def parted(made: Made, value: str, **rule: Any) -> list[dict[str, Any]]:
    """A set with a part of ten questions, five of them answered; the study claims `value` for the part."""
    claim = f"{SHARE}@sound"
    made.write_study(
        made.claim(claim.partition("@")[0], value, id=claim, subset="sound"),
        subsets={CHOICE: {"sound": {"field": "task", "values": ["sound"], **rule}}},
    )
    rows = [
        {**r, "id": f"{part}-{r['id']}"}
        for part, right in (("sound", 5), ("music", 10))
        for r in answers(right, 10, task=part)
    ]
    made.write_card(CHOICE, rows, official=True)
    return rows


def without_field(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows; those that are wrong have lost the field that says which part they belong to."""
    return [r if r["hypothesis"] != "neither" else {**r, "extra": {"choices": ["cat", "dog"]}} for r in rows]


@pytest.mark.parametrize("rule", [{}, {"units": 10}])
def test_rows_that_lose_their_field_do_not_leave_the_part(made: Made, rule: dict[str, Any]) -> None:
    rows = parted(made, "100.0", **rule)
    made.write_rows(CHOICE, without_field(rows))
    assert verdict(made.audit(), f"{SHARE}@sound") == "undecided"


def test_a_part_of_rows_without_the_field_is_none(made: Made) -> None:
    """`None` is a value, and not the absence of one."""
    rows = parted(made, "0.0")
    edit(study_of(made), lambda data: data["tasks"][0]["subsets"]["sound"].update(values=["None"]))
    made.write_rows(CHOICE, without_field(rows))
    assert not measurements(made.audit(), f"{SHARE}@sound")


@pytest.mark.parametrize(("rule", "claimed"), [({}, "100.0"), ({"units": 10}, "100.0"), ({}, "80.0")])
def test_rows_moved_into_the_part_reproduce_nothing(made: Made, rule: dict[str, Any], claimed: str) -> None:
    """The wrong rows change places with right ones of the other part: the whole set is verified, the part by nothing."""
    rows = parted(made, claimed, **rule)
    wrong = [r["id"] for r in rows if r["hypothesis"] == "neither"]
    right = [r["id"] for r in rows if r["id"].startswith("music")][: len(wrong)]
    kinds = dict.fromkeys(wrong, "music") | dict.fromkeys(right, "sound")
    moved = [{**r, "extra": {**r["extra"], "task": kinds.get(r["id"], r["extra"]["task"])}} for r in rows]
    made.write_rows(CHOICE, moved)
    found = made.audit()
    assert found.document.identities[0].state is IdentityState.VERIFIED
    assert {m.identity for m in measurements(found, f"{SHARE}@sound")} == {IdentityState.UNKNOWN}
    assert "The part sound: rows with task sound. The prediction file alone says which rows these are." in str(
        render(found.document, "html"), "utf-8"
    )
    assert verdict(found, f"{SHARE}@sound") not in {"reproduced", "exceeds"}


def test_more_rows_than_the_part_has_contradict_it(made: Made) -> None:
    rows = parted(made, "75.0", units=10)
    everything = [{**r, "extra": {**r["extra"], "task": "sound"}} for r in rows]
    made.write_rows(CHOICE, everything)
    found = made.audit()
    assert codes(measurements(found, f"{SHARE}@sound")) == {"identity"}
    assert verdict(found, f"{SHARE}@sound") == "not-comparable"


def test_the_cache_holds_no_other_part_of_the_same_name(made: Made) -> None:
    """First the right half is scored as `sound`, then the study gives this name to the other half."""
    rows = parted(made, "50.0")
    made.write_rows(CHOICE, rows)
    values = []
    for part in ("music", "sound"):
        edit(study_of(made), lambda data, part=part: data["tasks"][0]["subsets"]["sound"].update(values=[part]))
        request = AuditRequest(
            "made",
            made.predictions,
            made.literature,
            replicates=60,
            engine="local",
            workers=1,
            cache=made.folder / "cache",
        )
        values.append({m.value for m in measurements(run(request), f"{SHARE}@sound", "string-match")})
    assert values == [{"100.000000"}, {"50.000000"}]


# Names of models


@pytest.mark.parametrize(
    ("model", "is_it"),
    [("Qwen2-Audio", True), ("qwen2_audio 7B", True), ("Qwen2-Audio-Instruct", False), ("Qwen2", False),
     ("not SALMONN", False)],
)  # fmt: skip
def test_the_longest_name_says_which_model_it_is(model: str, is_it: bool) -> None:
    assert called(model, ["qwen2-audio"], ["Qwen2-Audio-Instruct", "qwen2"]) is is_it


def test_outputs_of_a_model_whose_name_contains_the_audited_ones_are_refused(made: Made) -> None:
    made.write_study(made.claim(WER, "25.0"), names=["SALMONN"], models={"omni": "SALMONN-omni"})
    made.write_card(ASR, sentences(20))
    made.write_rows(ASR, sentences(15), model="salmonn omni, 2025")
    found = made.audit()
    assert verdict(found, WER) == "not-comparable"
    assert codes(measurements(found, WER)) == {"other-model"}


# Cards


def test_a_card_beside_the_study_does_not_shrink_a_set_of_the_literature(made: Made) -> None:
    rows, beside = emotions(40, 20), study_of(made).parent / "sets"
    made.write_study(made.claim(f"{EMOTION}.accuracy", "100.0"))
    made.write_card(EMOTION, rows[:20])
    made.write_study(made.claim(f"{EMOTION}.accuracy", "100.0"))
    shutil.copytree(made.literature / "sets", beside)
    made.write_rows(EMOTION, rows[:20])
    assert verdict(made.audit(), f"{EMOTION}.accuracy") in JUSTIFYING  # two copies of one card are no conflict
    made.write_card(EMOTION, rows)
    with pytest.raises(InputError, match="the set card `made-set` differs from the one of the literature") as caught:
        made.audit()
    assert str(caught.value.where) == str(beside / "made-set.yaml")
    assert "different id" in str(caught.value.fix)


# Records


@pytest.mark.parametrize(("work", "what"), [("slam-llm", "is of another paper"), ("nobody", "there is no record")])
def test_the_record_of_another_paper_is_not_the_papers_own(made: Made, work: str, what: str) -> None:
    """Its code would count as the audited paper's, and everything that it documents would have grade A."""
    made.write_study(made.claim(WER, "25.0"))
    edit(study_of(made), lambda data: data["paper"].update(work=work))
    with pytest.raises(InputError, match=what) as caught:
        made.audit(predictions=False)
    assert "paper.work" in str(caught.value.where)


def test_a_study_does_not_take_the_id_of_another_papers(made: Made, tmp_path: Path) -> None:
    """Its records say what SALMONN's authors do: another paper under this id would have their grades."""
    made.write_study(made.claim(WER, "25.0"))
    own = tmp_path / "own" / "study.yaml"
    own.parent.mkdir()
    study_of(made).rename(own)
    edit(own, lambda data: data.update(id="salmonn"))
    request = AuditRequest(str(own), None, made.literature, replicates=60, engine="local", workers=1)
    with pytest.raises(InputError, match="the id `salmonn` is that of the study of another paper: SALMONN"):
        run(request)
    # The same paper under the same id is no other one.
    shutil.rmtree(made.literature / "reproductions")
    (made.literature / "reproductions").mkdir()
    edit(own, lambda data: data["paper"].update(arxiv="2310.13289v2"))
    assert run(request).study.id == "salmonn"


# Conventions


def test_a_study_does_not_exceed_by_what_it_leaves_out(made: Made) -> None:
    """Half of the answers are right in lower case alone; the conventions that see it are left out."""
    name, rows = f"{EMOTION}.accuracy", emotions(40, 40)
    for item in rows[:20]:
        item["hypothesis"] = item["hypothesis"].lower()
    made.write_card(EMOTION, rows)
    made.write_rows(EMOTION, rows)
    made.write_study(made.claim(name, "70.0"))
    found = made.audit()
    assert verdict(found, name) == "not-reproduced"
    worse = sorted({m.convention or "" for m in measurements(found, name) if m.whole is Agreement.WORSE})
    assert worse
    edit(study_of(made), lambda data: data["tasks"][0].update(leave_out=worse))
    found = made.audit()
    assert {m.whole for m in measurements(found, name)} == {Agreement.BETTER}
    assert verdict(found, name) == "not-reproduced"


def test_evidence_that_the_study_gives_itself_is_shown_as_such(made: Made) -> None:
    """Nobody can check that the authors count so; the report says who says it, and where."""

    def declare(data: Any) -> None:
        steps = ["lower", "words"]
        text = {
            "kind": "text",
            "verified": True,
            "section": "Appendix Z",
            "steps": ["all"],
            "verified_by": "a passer-by",
        }
        data["conventions"] = [
            {"id": "mine", "family": "asr", "summary": "Ours.", "metric": "wer", "hypothesis": steps, "reference": list(steps),
             "work": "somebody", "relation": "audited", "study": "made", "evidence": [text]}
        ]  # fmt: skip
        data["tasks"][0]["conventions"] = ["mine"]

    made.write_study(made.claim(WER, "25.0"))
    edit(study_of(made), declare)
    shown = str(render(made.audit(predictions=False).document, "html"), "utf-8")
    said = "Declared in the study itself, with evidence of somebody (audited): text, Appendix Z, opened by a passer-by."
    assert said in shown


# Labels


@pytest.mark.parametrize(
    ("labels", "outside", "field"),
    [
        ({"Happy": [], "Sad": ["happy"]}, [], "labels"),
        ({"Happy": ["Sad."], "Sad": []}, [], "labels"),
        ({"yes": [], "Yes": []}, [], "labels"),
        ({"Happy": [], "Sad": []}, ["SAD"], "outside"),
    ],
)
def test_a_spelling_is_of_one_label(made: Made, labels: dict[str, Any], outside: list[str], field: str) -> None:
    made.write_study(made.claim(f"{EMOTION}.accuracy", "50.0"))
    edit(study_of(made), lambda data: data["tasks"][0]["parameters"].update(labels=labels, outside=outside))
    with pytest.raises(InputError, match="stands for both") as caught:
        load_study(study_of(made))
    assert str(caught.value.where).endswith(f"parameters.{field}")
