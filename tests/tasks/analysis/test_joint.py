"""One convention for several claims: the planted one is found, and the odds of a joint match are exact."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from audit.literature.known_tasks import known_tasks as tasks
from tasks.analysis.joint import JointSpecification, explain_jointly, joint_chance, joint_specification
from tasks.analysis.multiverse import Outcome, universe
from tasks.analysis.specifications import specification
from tasks.convention import Convention
from tasks.row import Row
from tasks.statistics.bootstrap import decimal
from tasks.statistics.odds import odds
from tasks.statistics.printed import prints
from tests.support.multiverse_rows import rows

TASKS = tasks()
SPEECH = ("asr-librispeech-clean", "asr-librispeech-other", "asr-gigaspeech")
LANGUAGES = ("st-en-zh", "st-en-de", "st-en-ja")


def together(names: tuple[str, ...], metric: str) -> JointSpecification:
    found = joint_specification(
        [specification(TASKS[name], metric) for name in names], [TASKS[name].conventions[metric] for name in names]
    )
    assert found is not None
    return found


@pytest.fixture(scope="module")
def speech() -> tuple[JointSpecification, list[list[Outcome]]]:
    spec = together(SPEECH, "wer")
    return spec, [universe(rows(50, seed), spec.to_count(n)).outcomes() for n, seed in enumerate((3, 4, 5))]


def test_a_planted_way_of_counting_is_found_over_three_sets(
    speech: tuple[JointSpecification, list[list[Outcome]]],
) -> None:
    spec, outcomes = speech
    values = [{o.pipeline.convention.signature: o.value for o in items} for items in outcomes]
    rng = random.Random(8)
    alone, listed = 0, []
    for _ in range(25):
        planted = rng.choice(spec.pipelines)
        own = [items[signature] for items, signature in zip(values, planted.signatures, strict=True)]
        if None in own:
            continue
        printed = [str(decimal(Fraction(value or 0), 2)) for value in own]
        found = explain_jointly(spec, outcomes, printed)
        assert planted in [match.pipeline for match in found.matches]
        assert found.best == ()
        assert found.chance is not None
        assert found.chance < Fraction(1, 100)
        for match in found.matches:
            assert all(prints(value or 0, text) for value, text in zip(match.values, printed, strict=True))
        # Whoever else prints them is as good as the same: equal on all three sets, or nearly.
        same = [m for m in found.matches if list(m.values) == own]
        alone += len(same) == len(found.matches)
        listed.append(len(found.matches))
    assert len(listed) > 20
    assert alone > 0.9 * len(listed)
    assert sum(listed) / len(listed) < 30


def test_if_nothing_prints_all_the_nearest_are_told(speech: tuple[JointSpecification, list[list[Outcome]]]) -> None:
    spec, outcomes = speech
    whisper = next(p for p in spec.pipelines if "audiobench" in p.known_as)
    values = [{o.pipeline.convention.signature: o.value for o in items} for items in outcomes]
    own = [str(decimal(Fraction(v[s] or 0), 3)) for v, s in zip(values, whisper.signatures, strict=True)]
    found = explain_jointly(spec, outcomes, [*own[:2], "99.999"])
    assert found.matches == ()
    assert found.best[0].met == (True, True, False)
    assert len({outcome.values for outcome in found.best}) == len(found.best) == 10
    names = {name for outcome in found.registered for name in outcome.pipeline.known_as}
    assert {"audiobench", "hufs", "llaso"} <= names


def test_an_option_of_one_task_is_applied_to_the_others() -> None:
    spec = together(SPEECH, "wer")
    tags = [p for p in spec.pipelines if p.id == "reference-after-tags/special/lower/words/corpus"]
    assert len(tags) == 1
    assert all("sel:reference-after-tags" in signature for signature in tags[0].signatures)


def test_what_belongs_to_a_language_has_one_name() -> None:
    spec = together(LANGUAGES, "bleu")
    (own,) = [p for p in spec.pipelines if p.id == "all/special/verbatim/own-language/corpus"]
    assert ["tok.zh" in own.signatures[0], "tok.13a" in own.signatures[1], "tok.ja-mecab" in own.signatures[2]] == [
        True
    ] * 3
    assert "qwen2-audio" in own.known_as
    (plain,) = [p for p in spec.pipelines if p.id == "all/special/verbatim/13a/corpus"]
    assert all("tok.13a" in signature for signature in plain.signatures)
    (right,) = [p for p in spec.pipelines if p.id == "no-other-language/special/verbatim/own-language/corpus"]
    assert len(set(right.signatures)) == 3
    assert not [p.id for p in spec.pipelines if "ja-mecab" in p.id.split("/")]
    # A convention of one language alone is none of all.
    assert not [p for p in spec.pipelines if "hufs-char-kana" in p.known_as]


def test_no_way_of_counting_stands_twice() -> None:
    for names, metric in ((SPEECH, "wer"), (LANGUAGES, "bleu")):
        spec = together(names, metric)
        assert len({p.signatures for p in spec.pipelines}) == len(spec.pipelines)
        assert all(p.signatures[n] in spec.conventions[n] for p in spec.pipelines for n in range(len(names)))


def test_tasks_with_different_axes_share_nothing() -> None:
    specs = [specification(TASKS["asr-gigaspeech"], "wer"), specification(TASKS["osr-librimix"], "wer")]
    assert joint_specification(specs, [(), ()]) is None


def test_what_is_not_available_in_one_task_is_left_out() -> None:
    def missing(convention: Convention) -> bool:
        return convention.unavailable() is not None

    absent = {c.id for c in TASKS[SPEECH[0]].conventions["wer"] if missing(c)}
    assert absent
    names = {name for p in together(SPEECH, "wer").pipelines for name in p.known_as}
    assert not absent & names


def test_odds_of_one_claim_are_those_of_a_single_one() -> None:
    rng = random.Random(3)
    for _ in range(50):
        values = [Fraction(rng.randint(0, 400), 7) for _ in range(rng.randint(2, 30))]
        text = rng.choice(["1", "1.5", "1.25"])
        assert joint_chance([[value] for value in values], [text]) == odds(values, text).chance


def test_joint_odds_are_the_share_of_random_values_that_are_met() -> None:
    rng = random.Random(5)
    for _ in range(6):
        lines = [[Fraction(rng.randint(0, 90), 10) for _ in range(2)] for _ in range(12)]
        chance = joint_chance(lines, ["1", "1"])
        assert chance is not None
        ends = [(float(min(c)), float(max(c))) for c in zip(*lines, strict=True)]
        met = 0
        for _ in range(4000):
            texts = [f"{rng.uniform(*end):.0f}" for end in ends]
            met += any(all(prints(v, t) for v, t in zip(line, texts, strict=True)) for line in lines)
        assert met / 4000 == pytest.approx(float(chance), abs=0.03)


def test_without_a_spread_there_are_no_odds() -> None:
    assert joint_chance([], ["1"]) is None
    assert joint_chance([[Fraction(1), Fraction(2)]] * 3, ["1", "2"]) is None
    # A claim on which all agree says nothing; the other one does.
    assert joint_chance([[Fraction(1), Fraction(2)], [Fraction(1), Fraction(8)]], ["1", "2"]) == Fraction(1, 6)


def test_rows_without_a_value_are_no_match() -> None:
    spec = together(SPEECH[:2], "wer")
    unknown = [Row("1", "a b", "a b", finished=False)]
    outcomes = [universe(unknown, spec.to_count(n)).outcomes() for n in range(2)]
    found = explain_jointly(spec, outcomes, ["0.0", "0.0"])
    assert all(None not in match.values for match in found.matches)
    assert found.tried < len(spec.pipelines)
