"""Several claims on a task: models, runs, parts of the set, means over claims and over runs."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from audit.errors import InputError
from audit.schema import Measurement, Verdict
from tests.support.made_audit import Made, decision, row, verdict

EN_ZH = "st-en-zh"
CHOICE = "sakura-animal-single"
WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


def sentences(right: int, of: int = 20) -> list[dict[str, Any]]:
    """`of` sentences of four words, of which the first `right` are recognised, the others not at all."""
    texts = [f"{WORDS[n % 10]} {WORDS[n // 10]} sentence number{n}" for n in range(of)]
    return [row(f"u{n:03}", text if n < right else "x x x x", text) for n, text in enumerate(texts)]


def answers(right: int, of: int = 20, **extra: str) -> list[dict[str, Any]]:
    """Questions with two options, of which the first `right` are answered correctly."""
    gold = ["cat" if n % 2 else "dog" for n in range(of)]
    return [
        row(f"q{n:03}", text if n < right else "neither", text, extra={"choices": ["cat", "dog"], **extra})
        for n, text in enumerate(gold)
    ]


def values(made: Made, claim: str, convention: str) -> list[Measurement]:
    found = made.audit().document.measurements
    return [m for m in found if m.claim == claim and m.convention == convention]


def number(item: Measurement) -> Fraction:
    return Fraction(item.value or "")


ASR = "asr-librispeech-clean"
WER = f"{ASR}.wer"


def test_every_claim_is_held_against_its_own_run(made: Made) -> None:
    base = {"model": "base", "id": f"{WER}@base"}
    made.write_study(made.claim(WER, "25.0"), made.claim(WER, "50.0", **base), models={"base": "Base"})
    made.write_card(ASR, sentences(20))
    made.write_rows(ASR, sentences(15))
    made.write_rows(f"{ASR}@base", sentences(10), model="Base 1")
    found = made.audit()
    assert all(decision(found, name).verdict == decision(found, WER).verdict for name in (WER, f"{WER}@base"))
    (ours,) = values(made, WER, "verbatim")
    (theirs,) = values(made, f"{WER}@base", "verbatim")
    assert (number(ours), ours.run, number(theirs), theirs.run) == (25, None, 50, "base")
    assert {i.path for i in found.document.identities} == {f"predictions/{ASR}.jsonl", f"predictions/{ASR}@base.jsonl"}


def test_other_models_without_outputs_are_printed_and_not_audited(made: Made) -> None:
    base = {"model": "base", "id": f"{WER}@base"}
    made.write_study(made.claim(WER, "25.0"), made.claim(WER, "50.0", **base), models={"base": "Base"})
    document = made.audit(predictions=False).document
    assert [c.id for c in document.claims] == [WER] == [d.claim for d in document.verdicts]
    assert [c.id for c in document.others] == [f"{WER}@base"]
    # The value stands beside the audited claim, as another column of the paper's table.
    assert [(c.name, c.value) for c in document.claims[0].other_columns] == [("Base", "50.0")]


def test_outputs_of_a_different_model_are_refused(made: Made) -> None:
    made.write_study(made.claim(WER, "25.0"), names=["Qwen2-Audio"])
    made.write_card(ASR, sentences(20))
    made.write_rows(ASR, sentences(15), model="SALMONN-13B")
    found = made.audit()
    assert verdict(found, WER) == "not-comparable"
    (reason,) = {i.text for m in found.document.measurements for i in m.invalid if i.code == "other-model"}
    assert reason == "The outputs are from SALMONN-13B; the claim is about Qwen2-Audio."
    made.write_rows(ASR, sentences(15), model="qwen2_audio instruct")
    assert verdict(made.audit(), WER) != "not-comparable"


@pytest.mark.parametrize(("printed", "runs", "agrees"), [("25.0", 3, True), ("10.0", 3, False), ("25.0", 4, None)])
def test_a_mean_over_runs_needs_its_runs(made: Made, printed: str, runs: int, agrees: bool | None) -> None:
    made.write_study(made.claim(WER, printed, deviation="5.0", runs=runs))
    made.write_card(ASR, sentences(20), official=True)
    for run, right in (("a", 14), ("b", 15), ("c", 16)):
        made.write_rows(f"{ASR}@{run}", sentences(right))
    found = made.audit()
    verbatim = values(made, WER, "verbatim")
    (mean,) = [m for m in verbatim if m.parts]
    assert number(mean) == 25
    assert mean.note == "Mean over 3 runs: 30, 25, 20."
    assert {m.run for m in verbatim if not m.parts} == {"a", "b", "c"}
    assert all(m.invalid for m in verbatim if not m.parts)
    if agrees is None:
        assert verdict(found, WER) == "not-comparable"
        assert "3 of 4 runs are at hand, which decides nothing; they give 30, 25, 20." in {i.text for i in mean.invalid}
    else:
        assert mean.valid
        assert (mean.agreement.kind.agrees, verdict(found, WER) == "not-reproduced") == (agrees, not agrees)


def test_one_of_several_runs_decides_and_the_others_are_shown(made: Made) -> None:
    made.write_study(made.claim(WER, "30.0"))
    made.write_card(ASR, sentences(20), official=True)
    made.write_rows(ASR, sentences(15))
    made.write_rows(f"{ASR}@lucky", sentences(14))
    found = made.audit()
    # The lucky run prints 30.0, and does not decide.
    assert verdict(found, WER) in {"exceeds", "not-reproduced"}
    lucky = [m for m in found.document.measurements if m.run == "lucky"]
    assert lucky
    assert all({i.code for i in m.invalid} == {"further-run"} for m in lucky)
    assert lucky[0].id.startswith(f"{WER}/recomputed@lucky/")


def test_a_mean_of_claims(made: Made) -> None:
    single, multi = "sakura-animal-single.accuracy", "sakura-animal-multi.accuracy"
    mean = made.claim(single, "60.0", id="mean.accuracy@average", mean_of=[single, multi])
    del mean["task"]
    made.write_study(made.claim(single, "75.0"), made.claim(multi, "45.0"), mean)
    made.write_card(CHOICE, answers(15), official=True)
    made.write_rows(CHOICE, answers(15))
    made.write_rows("sakura-animal-multi", answers(9))
    found = made.audit()
    items = values(made, "mean.accuracy@average", "string-match")
    (item,) = items
    assert (number(item), item.agreement.kind.agrees) == (60, True)
    assert item.parts == (f"{single}/recomputed/string-match", f"{multi}/recomputed/string-match")
    # The second set has no card: the mean is as unknown as its least known part.
    assert item.identity in {"part", "unknown"}
    assert verdict(found, "mean.accuracy@average") != "reproduced"


def test_a_mean_needs_every_part(made: Made) -> None:
    single, multi = "sakura-animal-single.accuracy", "sakura-animal-multi.accuracy"
    mean = made.claim(single, "60.0", id="mean.accuracy@average", mean_of=[single, multi])
    del mean["task"]
    made.write_study(made.claim(single, "75.0"), made.claim(multi, "45.0"), mean)
    made.write_rows(CHOICE, answers(15))
    assert verdict(made.audit(), "mean.accuracy@average") == Verdict.NOT_RUN


def test_a_claim_on_a_part_of_the_set(made: Made) -> None:
    sound = {"id": f"{CHOICE}.accuracy@sound", "subset": "sound", "expected_rows": 10}
    made.write_study(
        made.claim(f"{CHOICE}.accuracy", "75.0"),
        made.claim(f"{CHOICE}.accuracy", "50.0", **sound),
        subsets={CHOICE: {"sound": {"field": "task", "values": ["sound"]}}},
    )
    rows = [
        {**r, "id": f"{part}-{r['id']}"}
        for part, right in (("sound", 5), ("music", 10))
        for r in answers(right, 10, task=part)
    ]
    made.write_card(CHOICE, rows, official=True)
    made.write_rows(CHOICE, rows)
    found = made.audit()
    (whole,) = values(made, f"{CHOICE}.accuracy", "string-match")
    (part,) = values(made, f"{CHOICE}.accuracy@sound", "string-match")
    assert (number(whole), whole.rows and whole.rows.scored, whole.subset) == (75, 20, None)
    assert (number(part), part.rows and part.rows.scored, part.subset) == (50, 10, "sound")
    assert [i.path for i in found.document.identities] == [f"predictions/{CHOICE}.jsonl"]


def test_missing_rows_may_all_belong_to_the_part(made: Made) -> None:
    """Without a stated size of the part, a file that lacks rows leaves its value undecided."""
    sound = {"id": f"{CHOICE}.accuracy@sound", "subset": "sound"}
    made.write_study(
        made.claim(f"{CHOICE}.accuracy", "75.0"),
        made.claim(f"{CHOICE}.accuracy", "50.0", **sound),
        subsets={CHOICE: {"sound": {"field": "task", "values": ["sound"]}}},
    )
    rows = [
        {**r, "id": f"{part}-{r['id']}"}
        for part, right in (("sound", 5), ("music", 10))
        for r in answers(right, 10, task=part)
    ]
    made.write_card(CHOICE, rows, official=True)
    made.write_rows(CHOICE, rows[:-4])
    assert verdict(made.audit(), f"{CHOICE}.accuracy@sound") == "undecided"


@pytest.mark.parametrize(
    ("change", "field", "what"),
    [
        ({"subset": "none"}, "claims[0].subset", "has no subset `none`"),
        ({"model": "none"}, "claims[0].model", "the model `none` is not described"),
        ({"runs": 3}, "claims[0].runs", "belong together"),
        ({"id": "other.wer"}, "claims[0].id", "differs from task and metric"),
        ({"id": f"{WER}@"}, "claims[0].id", "differs from task and metric"),
        ({"metric": "bleu", "id": f"{ASR}.bleu"}, "claims[0].metric", "has no metric `bleu`"),
        ({"mean_of": [WER, "a.b"]}, "claims[0].task", "a mean of claims has no `task`"),
    ],
)
def test_a_claim_that_does_not_fit_is_named(made: Made, change: dict[str, Any], field: str, what: str) -> None:
    made.write_study({**made.claim(WER, "25.0"), **change}, made.claim(f"{EN_ZH}.bleu", "20.0"))
    with pytest.raises(InputError) as caught:
        made.audit(predictions=False)
    assert what in caught.value.what
    assert str(caught.value.where).endswith(f": {field}")
    assert caught.value.fix


@pytest.mark.parametrize("name", ["UPPER", "a b", "", "a@b", "-a"])
def test_a_run_is_named_in_lower_case(made: Made, name: str) -> None:
    made.write_study(made.claim(WER, "25.0"))
    made.write_rows(f"{ASR}@{name}", sentences(15))
    with pytest.raises(InputError, match="invalid name of a run"):
        made.audit()


def test_the_meta_file_of_a_run_stands_beside_it(made: Made) -> None:
    made.write_study(made.claim(WER, "25.0"))
    path = made.write_rows(f"{ASR}@a", sentences(15))
    meta = json.loads(path.with_suffix(".meta.json").read_text(encoding="utf-8"))
    assert meta["task"] == ASR
    assert f"predictions/{ASR}@a.meta.json" in {entry.path for entry in made.audit().document.inputs}
