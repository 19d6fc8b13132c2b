"""Every known way to push a verdict, end to end, with rows that are made up; each with a second of its kind."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit import api
from audit._util.strict_yaml import load
from audit.cli import main
from audit.literature.sets import load_sets
from audit.pipeline.request import AuditRequest
from audit.pipeline.run import Audit, run
from audit.pipeline.scored_sets import set_size
from audit.schema import Agreement, AuditDocument, IdentityState, Measurement, Verdict
from tests.support.made_audit import PROMPT, Made, codes, decision, measurements, row, verdict

JUSTIFYING = {"reproduced", "justified", "exceeds"}
AGREEING = {"reproduced", "justified", "undocumented"}
LABELS = ("Happy", "Sad", "Angry", "Neutral")
EMOTION = "er-iemocap"
EMOTION_PROMPT = "Describe the emotion of the speaker in one word."
IEMOCAP = {"neutral": 384, "happy": 442, "sad": 245, "angry": 170}
CHARACTERS = "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后"
WORDS = (
    "colour", "river", "window", "morning", "paper", "station", "orange", "winter", "garden", "market", "silver", "button",
    "letter", "mountain", "kitchen", "engine", "pocket", "thunder", "basket", "candle", "feather", "harbour", "island",
    "jacket",
)  # fmt: skip


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


@pytest.fixture(scope="module")
def shipped() -> Audit:
    """The audit of the recorded values that come with the project."""
    return run(AuditRequest())


def html(document: AuditDocument) -> str:
    return api.render(document, "html").decode("utf-8")


def emotions(number: int, right: int) -> list[dict[str, Any]]:
    """Rows of four labels, of which the first `right` are answered as they are, the others by another label."""
    gold = [LABELS[n % 4] for n in range(number)]
    return [row(f"u{n:05}", g if n < right else LABELS[(n + 1) % 4], g) for n, g in enumerate(gold)]


def iemocap(right: int, leave_out: int = 0) -> list[dict[str, Any]]:
    """The 1,241 units as the card counts them, or fewer; the first `right` are right."""
    gold = [label.title() for label, number in IEMOCAP.items() for _ in range(number)]
    random.Random(1).shuffle(gold)
    names = [f"Ses05F_impro{n // 200:02}_F{n % 200:03}" for n in range(len(gold))]
    rows = [
        row(name, g if n < right else LABELS[LABELS.index(g) - 1], g, prompt=EMOTION_PROMPT)
        for n, (name, g) in enumerate(zip(names, gold, strict=True))
    ]
    return rows[: len(rows) - leave_out]


def translations(number: int, seed: int = 1, wrong: float = 0.25) -> list[dict[str, Any]]:
    """Chinese references, and outputs with some of the characters replaced."""
    rng = random.Random(seed)
    rows = []
    for n in range(number):
        gold = "".join(rng.choice(CHARACTERS) for _ in range(rng.randint(12, 20)))
        said = "".join(rng.choice(CHARACTERS) if rng.random() < wrong else c for c in gold)
        rows.append(row(f"common_voice_en_{1000 + n}", f"{said}。", f"{gold}。"))
    return rows


def utterances(number: int, seed: int = 1, wrong: float = 0.1, name: str = "1-2-{:04}") -> list[dict[str, Any]]:
    """Upper-case references, and outputs with some words replaced."""
    rng = random.Random(seed)
    rows = []
    for n in range(number):
        gold = [rng.choice(WORDS).upper() for _ in range(20)]
        said = [rng.choice(WORDS).upper() if rng.random() < wrong else w for w in gold]
        rows.append(row(name.format(n), " ".join(said), " ".join(gold)))
    return rows


def bare(
    made: Made, task: str, rows: Sequence[dict[str, Any]], metric: str, *, whole: bool = True
) -> dict[str, Measurement]:
    """The values of the rows by convention, under a claim that nothing meets."""
    made.write_study(made.claim(f"{task}.{metric}", "0.0"))
    if whole:
        made.write_card(task, rows)
    made.write_rows(task, rows)
    found = measurements(made.audit(), f"{task}.{metric}")
    return {m.convention: m for m in found if m.convention is not None}


def shown(value: str | None, places: int = 1) -> str:
    """A value as a paper would print it."""
    assert value is not None
    return format(round(Decimal(value), places), "f")


# A study of another paper takes SALMONN's grades


def test_another_papers_study_has_no_grade_of_salmonns_records(made: Made) -> None:
    rows = translations(50)
    values = bare(made, "st-en-zh", rows, "bleu")
    for convention in ("covost2", "qwen2-audio", "sacrebleu-13a"):
        made.write_study(made.claim("st-en-zh.bleu", shown(values[convention].value, 2)))
        audit = made.audit()
        found = decision(audit, "st-en-zh.bleu")
        assert found.verdict.value in {"justified", "undocumented"}
        assert found.grade in {"C", "D", "E"}
        assert {step.grade for step in found.decisive or ()} <= set("CDE")
        # The first page explains every grade.
        report = html(audit.document).partition('id="claims"')[2]
        assert "the source that the paper cites for this metric says so" not in report
        assert not audit.document.literature.works


def test_a_recorded_value_of_another_study_borrows_no_grade_either(made: Made, shipped: Audit) -> None:
    """The appendix that fixes story-telling's diversity is SALMONN's own: grade A there, and nowhere else."""
    graded = {(c.task, c.metric, c.id): c.grade for c in shipped.document.conventions}
    assert graded["story-audiocaps", "diversity", "appendix-e"] in {"A", "B", "E"}
    name = "story-audiocaps.diversity"
    made.write_study(made.claim(name, "82.57", unit="count"))
    made.write_records(made.recorded(name, "82.57", 4875, 4875, "appendix-e"))
    audit = made.audit(predictions=False)
    assert verdict(audit, name) in {"justified", "undocumented"}
    assert {c.grade for c in audit.document.conventions} <= {*"CDE", None}


# A wide interval


def test_a_claim_inside_a_wide_interval_is_not_met(made: Made) -> None:
    """50 of 50 rows: the value is known exactly, whatever another 50 would give."""
    rows = emotions(50, 25)
    (interval,) = {m.interval for m in bare(made, EMOTION, rows, "accuracy").values()}
    assert interval is not None
    low, high = (shown(end) for end in (interval.low, interval.high))
    assert Fraction(low) < 45
    assert Fraction(high) > 55
    for value in (low, high, "44.0", "56.0"):
        made.write_study(made.claim(f"{EMOTION}.accuracy", value))
        assert verdict(made.audit(), f"{EMOTION}.accuracy") not in AGREEING


def test_a_claim_inside_a_wide_interval_of_translations_is_not_met(made: Made) -> None:
    rows = translations(50)
    interval = bare(made, "st-en-zh", rows, "bleu")["covost2"].interval
    assert interval is not None
    for value in (shown(interval.low), shown(interval.high)):
        made.write_study(made.claim("st-en-zh.bleu", value))
        (found,) = measurements(made.audit(), "st-en-zh.bleu", "covost2")
        assert found.agreement.kind in {Agreement.BETTER, Agreement.WORSE}
        assert found.whole is found.agreement.kind


# Few clusters make a wide interval


@pytest.mark.parametrize(("clusters", "has_interval"), [(2, False), (9, False), (10, True)])
def test_clusters_widen_no_verdict_and_few_give_no_interval(made: Made, clusters: int, has_interval: bool) -> None:
    rows = utterances(40)
    for n, item in enumerate(rows):
        item["extra"] = {"cluster": f"c{n % clusters}"}
    found = bare(made, "asr-librispeech-clean", rows, "wer")
    for m in found.values():
        assert m.units == clusters
        assert (m.interval is not None) is has_interval
        assert has_interval or "independent units are too few" in (m.interval_note or "")
    made.write_study(made.claim("asr-librispeech-clean.wer", "5.0"))
    assert verdict(made.audit(), "asr-librispeech-clean.wer") not in JUSTIFYING


def test_a_cluster_for_each_row_does_not_widen_either(made: Made) -> None:
    rows = utterances(40)
    for n, item in enumerate(rows):
        item["extra"] = {"cluster": "the large one" if n > 8 else f"c{n}"}
    found = bare(made, "asr-librispeech-clean", rows, "wer")
    assert {m.units for m in found.values()} == {10}
    made.write_study(made.claim("asr-librispeech-clean.wer", "2.0"))
    assert verdict(made.audit(), "asr-librispeech-clean.wer") not in JUSTIFYING


# Rows that are repeated


def test_a_hundred_utterances_under_2620_ids_are_not_test_clean(made: Made) -> None:
    few = utterances(100)
    rows = [{**few[n % 100], "id": f"{n // 100}-{n % 7}-{n:04}"} for n in range(2620)]
    made.write_rows("asr-librispeech-clean", rows)
    made.write_study(made.claim("asr-librispeech-clean.wer", "10.0"))
    audit = made.audit()
    assert audit.document.identities[0].state is IdentityState.CONTRADICTED
    found = measurements(audit, "asr-librispeech-clean.wer")
    assert found
    assert all("identity" in {i.code for i in m.invalid} for m in found)
    assert verdict(audit, "asr-librispeech-clean.wer") == "not-comparable"


def test_the_easier_half_given_twice_is_not_the_set(made: Made) -> None:
    whole = utterances(60)
    rows = [{**whole[n % 30], "id": whole[n]["id"]} for n in range(60)]
    value = bare(made, "asr-librispeech-clean", whole[:30], "wer")["slam-llm"].value
    made.write_card("asr-librispeech-clean", whole)
    made.write_rows("asr-librispeech-clean", rows)
    made.write_study(made.claim("asr-librispeech-clean.wer", shown(value, 2)))
    audit = made.audit()
    assert audit.document.identities[0].state is IdentityState.CONTRADICTED
    assert verdict(audit, "asr-librispeech-clean.wer") == "not-comparable"


def test_labels_that_are_counted_right_are_not_the_set_by_that(made: Made) -> None:
    """A hundred right rows under ids of the data set's form, so often that every label has its number of rows."""
    name, whole = f"{EMOTION}.accuracy", [{**r, "prompt": PROMPT} for r in iemocap(right=1241)]
    made.write_study(made.claim(name, "100.0"))
    made.write_rows(EMOTION, whole)
    audit = made.audit()
    assert audit.document.identities[0].state is IdentityState.CONTRADICTED
    assert "ids-differ" in {f.code for f in audit.document.identities[0].findings if f.against}
    assert verdict(audit, name) == "not-comparable"


def test_labels_handed_to_the_outputs_that_suit_them_are_identified_by_nothing(made: Made) -> None:
    """Ids that only number the rows: nobody can tell which unit has which label, so nothing is reproduced."""
    name, rows = f"{EMOTION}.accuracy", emotions(60, 20)
    rows = [{**r, "id": f"{n:06}"} for n, r in enumerate(rows)]
    made.write_card(EMOTION, emotions(60, 60))
    path = made.literature / "sets" / "made-set.yaml"
    card = yaml.safe_load(path.read_text(encoding="utf-8"))
    card["layouts"][0]["texts"][0]["labels"] = dict.fromkeys(LABELS, 15)
    path.write_text(yaml.safe_dump(card, sort_keys=False), encoding="utf-8")
    by_output = sorted(rows, key=lambda r: str(r["hypothesis"]))
    suited = [{**r, "reference": g} for r, g in zip(by_output, sorted(r["reference"] for r in rows), strict=True)]
    made.write_rows(EMOTION, suited)
    made.write_study(made.claim(name, "100.0"))
    audit = made.audit()
    assert all(m.agreement.kind.agrees for m in measurements(audit, name))
    assert audit.document.identities[0].state is IdentityState.UNKNOWN
    assert verdict(audit, name) not in {"reproduced", "exceeds"}


def test_rows_beyond_the_size_that_a_study_states_are_not_the_set(made: Made) -> None:
    name, rows = f"{EMOTION}.accuracy", emotions(60, 30)
    made.no_card(EMOTION)
    more = [{**r, "id": f"x{n:03}"} for n, r in enumerate(rows[:30])]
    made.write_rows(EMOTION, [*rows, *more])
    made.write_study(made.claim(name, "66.7", expected_rows=60))
    audit = made.audit()
    assert verdict(audit, name) == "not-comparable"
    made.write_rows(EMOTION, [*rows[:40], *more[:20]])
    # Rows of no known set: repeated or not, they are at most justified, and the report says so.
    audit = made.audit()
    assert audit.document.identities[0].state is IdentityState.UNKNOWN
    assert verdict(audit, name) not in {"reproduced", "exceeds"}


# Rows of another set


def test_lyrics_are_not_test_clean(made: Made) -> None:
    rows = utterances(2620, seed=9, wrong=0.0)
    made.write_rows("asr-librispeech-clean", rows)
    made.write_study(made.claim("asr-librispeech-clean.wer", "0.0"))
    audit = made.audit()
    (found,) = audit.document.identities
    assert found.state is IdentityState.CONTRADICTED
    assert any(f.against for f in found.findings)
    assert verdict(audit, "asr-librispeech-clean.wer") == "not-comparable"


@pytest.mark.parametrize(
    "dataset", [{"name": "TED-LIUM", "split": "test"}, {"name": "Made up", "split": "train"}, {"name": "LibriSpeech"}]
)
def test_rows_that_say_which_other_set_they_are_of_are_believed(made: Made, dataset: dict[str, str]) -> None:
    rows = emotions(40, 20)
    made.write_card(EMOTION, rows)
    made.write_study(made.claim(f"{EMOTION}.accuracy", "50.0"))
    made.write_rows(EMOTION, rows, dataset={"name": "Made up", "split": "test"})
    assert verdict(made.audit(), f"{EMOTION}.accuracy") in JUSTIFYING
    made.write_rows(EMOTION, rows, dataset=dataset)
    audit = made.audit()
    assert audit.document.identities[0].state is IdentityState.CONTRADICTED
    assert verdict(audit, f"{EMOTION}.accuracy") == "not-comparable"


def test_as_many_rows_of_other_totals_are_another_set(made: Made) -> None:
    whole, other = utterances(60, seed=1), utterances(60, seed=2)
    made.write_card("asr-librispeech-clean", whole)
    made.write_rows("asr-librispeech-clean", other)
    made.write_study(made.claim("asr-librispeech-clean.wer", "10.0"))
    assert made.audit().document.identities[0].state is IdentityState.CONTRADICTED


# Rows that a recorded value cannot be of


def test_1228_rows_all_wrong_contradict_a_recorded_0_684(made: Made) -> None:
    made.write_rows(EMOTION, iemocap(right=0, leave_out=13))
    audit = made.audit(study="salmonn")
    assert audit.document.identities[0].state is IdentityState.UNKNOWN
    (recorded,) = measurements(audit, f"{EMOTION}.accuracy", "hufs", "recorded")
    assert codes([recorded]) == {"contradicted"}
    assert "13" in recorded.invalid[0].text
    found = decision(audit, f"{EMOTION}.accuracy")
    assert found.verdict is Verdict.NOT_REPRODUCED
    assert found.origin == "recomputed"


@pytest.mark.parametrize(
    ("right", "contradicted"), [(1228, True), (864, True), (849, False), (836, False), (830, True)]
)
def test_a_recorded_value_stands_only_where_the_missing_rows_can_give_it(
    made: Made, right: int, contradicted: bool
) -> None:
    """849 of 1,241 were recorded: 836 to 849 right among 1,228 can become that; the last digit leaves a little more."""
    made.write_rows(EMOTION, iemocap(right=right, leave_out=13))
    audit = made.audit(study="salmonn")
    (recorded,) = measurements(audit, f"{EMOTION}.accuracy", "hufs", "recorded")
    assert (codes([recorded]) == {"contradicted"}) is contradicted


# A part beside a whole


def test_a_part_beside_a_recorded_whole_set_is_shown_and_decides_nothing(made: Made) -> None:
    name, rows = "st-en-zh.bleu", translations(400)
    made.write_card("st-en-zh", rows)
    part = rows[:50]
    value = bare(made, "st-en-zh", part, "bleu", whole=False)["covost2"].value
    made.write_study(made.claim(name, shown(value, 2)))
    made.write_records(made.recorded(name, "12.34", 400, 400, "covost2"))
    alone, beside = made.audit(predictions=False), made.audit()
    assert verdict(beside, name) == verdict(alone, name) == "not-reproduced"
    assert decision(beside, name).origin == "recorded"
    (mine,) = measurements(beside, name, "covost2", "recomputed")
    assert mine.agreement.kind.agrees
    assert mine.whole is Agreement.UNDECIDED
    made.write_records()
    assert verdict(made.audit(), name) == "undecided"


def test_a_part_with_rows_dropped_on_top_does_not_make_it_selective(made: Made) -> None:
    name, rows = "asr-librispeech-clean.wer", utterances(200)
    made.write_card("asr-librispeech-clean", rows)
    part = [dict(r) for r in rows[:50]]
    part[0].update(hypothesis="NOISE " * 100, finished=False)
    value = bare(made, "asr-librispeech-clean", part, "wer", whole=False)["hufs-finished"].value
    made.write_study(made.claim(name, shown(value, 2)))
    made.write_records(made.recorded(name, "77.7", 200, 200, "hufs"))
    audit = made.audit()
    (dropping,) = measurements(audit, name, "hufs-finished", "recomputed")
    assert dropping.agreement.kind.agrees
    assert verdict(audit, name) == "not-reproduced"
    made.write_records()
    assert verdict(made.audit(), name) == "undecided"


# Sizes


@pytest.mark.slow
def test_sizes_come_from_set_cards_not_from_an_invalid_record(made: Made) -> None:
    """975 clips with five captions each: the right protocol, beside a record of 4,411 rows that is marked invalid."""
    rng = random.Random(3)
    captions = [[" ".join(rng.choice(WORDS) for _ in range(10)) for _ in range(5)] for _ in range(975)]
    prompt = "Please describe the audio."
    rows = [row(f"clip{n:04}", "a dog barks", c, prompt=prompt) for n, c in enumerate(captions)]
    made.write_rows("aac-audiocaps", rows)
    audit = made.audit(study="salmonn")
    (found,) = audit.document.identities
    assert (found.rows, found.expected) == (975, 975)
    sizes = {m.rows.expected for m in audit.document.measurements
             if m.task == "aac-audiocaps" and not m.recorded and m.rows}  # fmt: skip
    assert sizes == {975}


@pytest.mark.parametrize(
    ("task", "total", "size"),
    [
        ("aac-audiocaps", 975, 975),
        ("aac-audiocaps", 4411, 4875),
        ("mc-musiccaps", 2828, 2858),
        ("story-audiocaps", 4411, 4875),
        ("asr-librispeech-clean", 2617, 2620),
        ("er-iemocap", 50, 1241),
    ],
)
def test_the_size_of_a_set_is_its_cards_whatever_was_recorded(
    shipped: Audit, made: Made, task: str, total: int, size: int
) -> None:
    assert set_size(shipped.study, task, load_sets(made.literature / "sets"), total) == size


@pytest.mark.parametrize(
    "claim", ["mc-musiccaps.rouge-l", "story-audiocaps.diversity", "story-audiocaps.following-rate"]
)
def test_most_of_the_set_is_not_the_set(shipped: Audit, claim: str) -> None:
    """2,828 of 2,858 clips, 4,411 of 4,875 caption rows: the values agree, and what is missing could undo it."""
    found = decision(shipped, claim)
    assert found.verdict is Verdict.UNDECIDED
    deciding = next(m for m in shipped.document.measurements if m.id == found.measurement)
    assert deciding.agreement.kind.agrees
    assert deciding.bounds is not None
    assert deciding.bounds.unscored in {30, 464}


def test_all_but_one_row_is_not_the_set_either(made: Made) -> None:
    name = "st-en-zh.bleu"
    made.write_study(made.claim(name, "33.1"))
    made.write_records(made.recorded(name, "33.1", 15_530, 15_530, "qwen2-audio"))
    assert verdict(made.audit(predictions=False), name) == "undecided"
    made.write_records(made.recorded(name, "33.1", 15_531, 15_531, "qwen2-audio"))
    assert verdict(made.audit(predictions=False), name) in AGREEING


def test_a_study_cannot_shrink_a_set_that_has_a_card(made: Made) -> None:
    name = f"{EMOTION}.accuracy"
    made.write_study(made.claim(name, "100.0", expected_rows=50))
    made.write_rows(EMOTION, [{**r, "prompt": PROMPT} for r in iemocap(right=1241)[:50]])
    audit = made.audit()
    assert audit.document.identities[0].state is IdentityState.UNKNOWN
    assert {m.rows.expected for m in measurements(audit, name) if m.rows} == {1241}
    assert verdict(audit, name) == "undecided"
    made.write_records(made.recorded(name, "100.0", 50, 50, "iemocap-4way"))
    assert verdict(made.audit(predictions=False), name) == "undecided"


# Dropping a few rows


def with_bad(rows: list[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    """The rows, of which some ran away and were cut."""
    bad = {r["id"] for r in random.Random(5).sample(rows, number)}
    return [{**r, "hypothesis": "NOISE " * 60, "finished": False} if r["id"] in bad else r for r in rows]


def test_dropping_the_worst_rows_is_selective_even_above_99_percent(made: Made) -> None:
    name, rows = "asr-librispeech-clean.wer", with_bad(utterances(300), 2)
    values = bare(made, "asr-librispeech-clean", rows, "wer")
    dropped, kept = Fraction(values["hufs-finished"].value or 0), Fraction(values["hufs"].value or 0)
    assert kept > dropped + 1
    made.write_study(made.claim(name, shown(values["hufs-finished"].value, 2)))
    audit = made.audit()
    (found,) = measurements(audit, name, "hufs-finished")
    assert found.agreement.kind.agrees
    assert found.without_dropping == values["hufs"].value
    assert verdict(audit, name) == "selective"


def test_removing_the_worst_rows_from_the_file_is_undecided(made: Made) -> None:
    name, rows = "asr-librispeech-clean.wer", with_bad(utterances(300), 2)
    good = [r for r in rows if r["finished"]]
    value = bare(made, "asr-librispeech-clean", good, "wer")["slam-llm"].value
    made.write_card("asr-librispeech-clean", rows)
    made.write_study(made.claim(name, shown(value, 2)))
    audit = made.audit()
    assert audit.document.identities[0].state is IdentityState.PART
    assert verdict(audit, name) == "undecided"


def test_a_value_made_better_by_dropping_does_not_exceed(made: Made) -> None:
    """Only the convention that drops has evidence, and by dropping it is better than printed."""
    name, rows = "ke-inspec.accuracy", []
    for n in range(60):
        bad = n % 3 == 0
        rows.append(row(f"{n:04}", "nothing" if bad else WORDS[n % 20], [WORDS[n % 20]], finished=not bad))
    values = bare(made, "ke-inspec", rows, "accuracy")
    assert Fraction(values["hufs-finished"].value or 0) == 100
    assert 60 < Fraction(values["hufs"].value or 0) < 70
    made.write_study(made.claim(name, "80.0"))
    audit = made.audit()
    assert verdict(audit, name) not in JUSTIFYING
    (dropping,) = measurements(audit, name, "hufs-finished")
    assert dropping.agreement.kind is Agreement.BETTER
    assert dropping.whole is Agreement.WORSE


def test_as_many_rows_as_the_official_scoring_keeps_are_not_its_selection(made: Made) -> None:
    """A rule on outputs leaves exactly the official number of rows: it is still a choice of the outputs that count."""
    name, task = "asr-gigaspeech.wer", "asr-gigaspeech"
    rows = utterances(60, name="POD1_S{:07}")
    rows = [{**r, "hypothesis": "NOISE " * 40, "finished": False} if n < 20 else r for n, r in enumerate(rows)]
    path = made.literature / "sets" / "gigaspeech-test.yaml"
    card = yaml.safe_load(path.read_text(encoding="utf-8"))
    for layout in card["layouts"]:
        layout["units"] = {"segments": 60, "scored": 40}[layout["id"]]
        layout["texts"][0].update(count=layout["units"], words=20 * layout["units"])
    card["layouts"][0]["texts"][0].update(count=60, words=1200)
    path.write_text(yaml.safe_dump(card, sort_keys=False), encoding="utf-8")
    value = bare(made, task, rows, "wer", whole=False)["hufs-filtered"].value
    made.write_study(made.claim(name, shown(value, 2)))
    audit = made.audit()
    assert audit.document.identities[0].state is not IdentityState.CONTRADICTED
    (found,) = measurements(audit, name, "hufs-filtered")
    assert found.rows is not None
    assert found.rows.scored == 40
    assert found.agreement.kind.agrees
    assert verdict(audit, name) == "selective"


# Intervals that are none


@pytest.mark.parametrize("number", [1, 2, 9])
def test_a_few_rows_give_no_interval_and_say_why(made: Made, number: int) -> None:
    for rows, task, metric in (
        (emotions(number, number), EMOTION, "accuracy"),
        (utterances(number), "asr-librispeech-clean", "wer"),
    ):
        for m in bare(made, task, rows, metric, whole=False).values():
            assert m.interval is None
            assert m.units == number
            assert m.interval_note is not None
            assert f"{number} independent" in m.interval_note


def test_ten_rows_give_one(made: Made) -> None:
    assert all(m.interval for m in bare(made, EMOTION, emotions(10, 5), "accuracy", whole=False).values())


# One piece of evidence lifts a chain


def salmonns(folder: Path) -> Made:
    """A study with SALMONN's id, so that grades A and B of the records hold for it."""
    made = Made(folder, study="salmonn")
    for path in (made.literature / "reproductions").glob("*.yaml"):
        path.unlink()
    return made


def test_the_cited_source_fixes_the_classes_not_exact_matching_with_case(tmp_path: Path) -> None:
    """Half of the answers are right in lower case alone: case decides, and nobody documents it."""
    made, name = salmonns(tmp_path), f"{EMOTION}.accuracy"
    rows = emotions(60, 30)
    for item in rows[:15]:
        item["hypothesis"] = item["hypothesis"].lower()
    value = bare(made, EMOTION, rows, "accuracy")["iemocap-4way"].value
    assert Fraction(value or 0) == 25
    made.write_study(made.claim(name, "25.0"))
    audit = made.audit()
    grading = {c.id: c.grade for c in audit.document.conventions if c.task == EMOTION}
    assert grading["iemocap-4way"] == "E"
    # Another work's code counts so, too: that is grade C, and not the cited source's B.
    found = decision(audit, name)
    assert found.verdict is Verdict.JUSTIFIED
    assert found.grade == "C"
    # The same rows, where no step decides: nothing needs evidence.
    plain = emotions(60, 30)
    made.write_card(EMOTION, plain)
    made.write_rows(EMOTION, plain)
    made.write_study(made.claim(name, "50.0"))
    found = decision(made.audit(), name)
    assert (found.verdict, found.decisive, found.grade) == (Verdict.REPRODUCED, (), None)


@pytest.mark.parametrize("claim", ["er-iemocap.accuracy", "story-audiocaps.diversity", "osr-librimix.wer"])
def test_no_recorded_value_stands_on_one_piece_of_evidence(shipped: Audit, claim: str) -> None:
    """Every step of a recorded value's convention decides; whoever fixes one of them fixes no other."""
    assert verdict(shipped, claim) not in JUSTIFYING


# Evidence that cannot be opened


def add_evidence(made: Made, **evidence: Any) -> None:
    """SALMONN's record says that its authors count emotions by the team's own convention."""
    path = made.literature / "works" / "salmonn.yaml"
    data: Any = load(path).data
    entry = next(e for e in data["tasks"] if EMOTION in e["ids"])
    entry["conventions"] = [*entry["conventions"], "fairmllm"]
    entry["evidence"] = [*entry["evidence"], {"kind": "code", "verified": True, "steps": ["all"], **evidence}]
    path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), encoding="utf-8")


@pytest.mark.parametrize(
    ("evidence", "lifted"),
    [
        ({"repo": "made-up/nowhere", "path": "score.py"}, False),
        ({"repo": "made-up/nowhere", "path": "score.py", "commit": None}, False),
        ({"repo": "made-up/nowhere", "commit": "a" * 40}, False),
        ({"repo": "o/n", "commit": "a" * 40, "path": "score.py", "lines": "1-9", "verified": False}, False),
        ({"repo": "o/n", "commit": "a" * 40, "path": "score.py", "lines": "1-9", "verified_by": "a test, 2026"}, True),
    ],
)
def test_a_made_up_repository_lifts_no_grade(tmp_path: Path, evidence: dict[str, Any], lifted: bool) -> None:
    made, name = salmonns(tmp_path), f"{EMOTION}.accuracy"
    made.write_study(made.claim(name, "50.0"))
    made.write_records(made.recorded(name, "50.0", 1241, 1241, "fairmllm"))
    before = decision(made.audit(predictions=False), name)
    add_evidence(made, **evidence)
    after = decision(made.audit(predictions=False), name)
    assert after.verdict is (Verdict.REPRODUCED if lifted else before.verdict)
    assert after.grade == ("A" if lifted else before.grade)
    assert before.grade not in {"A", "B"}


@pytest.mark.parametrize("evidence", [{"repo": "made-up/nowhere", "path": "score.py", "commit": None},
                                      {"repo": "made-up/nowhere", "commit": "a" * 40}])  # fmt: skip
def test_lint_refuses_code_that_cannot_be_opened(
    tmp_path: Path, evidence: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    made = Made(tmp_path)
    add_evidence(made, **evidence)
    works = made.literature / "works"
    assert main(["literature", "--works", str(works), "lint"]) == 1
    assert "salmonn.yaml" in capsys.readouterr().out


# Unknown prompts


@pytest.mark.parametrize("prompt", [None, "", "<Speech><SpeechHere></Speech> "])
def test_an_unknown_prompt_is_shown_as_unknown(made: Made, prompt: str | None) -> None:
    name, rows = f"{EMOTION}.accuracy", emotions(40, 20)
    made.write_card(EMOTION, rows)
    made.write_study(made.claim(name, "50.0"))
    made.write_rows(EMOTION, rows)
    known = made.audit()
    assert known.document.identities[0].prompts == "same"
    made.write_rows(EMOTION, [{**r, "prompt": prompt} for r in rows])
    unknown = made.audit()
    assert unknown.document.identities[0].prompts == "unknown"
    text = html(unknown.document).lower()
    assert "prompt" in text
    assert html(known.document) != html(unknown.document)
    # Nothing else depends on how an importer writes what it does not know.
    assert verdict(unknown, name) == verdict(known, name)


def test_rows_without_a_prompt_hide_no_row_with_another_one(made: Made) -> None:
    name, rows = f"{EMOTION}.accuracy", emotions(40, 20)
    made.write_card(EMOTION, rows)
    made.write_study(made.claim(name, "50.0"))
    made.write_rows(EMOTION, [{**r, "prompt": "Guess!" if n == 7 else None} for n, r in enumerate(rows)])
    audit = made.audit()
    assert audit.document.identities[0].prompts == "mixed"
    assert codes(measurements(audit, name)) == {"other-prompt"}
    assert verdict(audit, name) == "not-comparable"


# A model of another size


@pytest.mark.parametrize(
    ("model", "refused"), [("SALMONN-7B", True), ("salmonn 7 b", True), ("SALMONN-13B", False), ("SALMONN", False)]
)
def test_a_model_of_another_size_is_not_the_variant(made: Made, model: str, refused: bool) -> None:
    name, rows = f"{EMOTION}.accuracy", emotions(40, 20)
    made.write_card(EMOTION, rows)
    made.write_study(made.claim(name, "50.0"))
    made.write_rows(EMOTION, rows, model=model)
    assert (verdict(made.audit(), name) == "not-comparable") is refused


def test_another_variant_that_calls_itself_by_the_claims_model_is_not_it(made: Made) -> None:
    name, rows = f"{EMOTION}.accuracy", emotions(40, 20)
    made.write_card(EMOTION, rows)
    made.write_study(made.claim(name, "50.0"))
    made.write_rows(EMOTION, rows, model="MADE-UP-13B", variant="7b")
    assert verdict(made.audit(), name) == "not-comparable"


# Better than printed


def test_better_under_every_documented_convention_exceeds(made: Made) -> None:
    name, rows = f"{EMOTION}.accuracy", emotions(40, 30)
    values = bare(made, EMOTION, rows, "accuracy")
    assert {m.value for m in values.values()} == {"75.000000"}
    made.write_study(made.claim(name, "50.0"))
    audit = made.audit()
    assert verdict(audit, name) == "exceeds"
    report = html(audit.document)
    assert "better" in report.lower()
    made.write_study(made.claim(name, "90.0"))
    worse = made.audit()
    assert verdict(worse, name) == "not-reproduced"
    assert "i.e. worse" in html(worse.document)


def test_a_recorded_value_under_a_documented_convention_exceeds_and_an_undocumented_one_does_not(made: Made) -> None:
    name = "st-en-zh.bleu"
    made.write_study(made.claim(name, "33.1"))
    for convention, expected in (("qwen2-audio", "exceeds"), ("hufs-char-normalised-eos", "not-reproduced")):
        made.write_records(made.recorded(name, "33.47", 15_531, 15_531, convention))
        assert verdict(made.audit(predictions=False), name) == expected
    made.write_records(made.recorded(name, "33.47", 15_473, 15_531, "qwen2-audio"))
    assert verdict(made.audit(predictions=False), name) not in JUSTIFYING


def test_overlapped_speech_is_not_reproduced_and_better(shipped: Audit) -> None:
    """22.1 beside 23.0, grade E, 2,683 of 3,000 mixtures."""
    found = decision(shipped, "osr-librimix.wer")
    assert found.verdict is Verdict.NOT_REPRODUCED
    deciding = next(m for m in shipped.document.measurements if m.id == found.measurement)
    assert deciding.agreement.kind is Agreement.BETTER
    text = html(shipped.document)
    assert "0.9 below the reported 23.0, i.e. better" in text


# What leads a row


def test_a_run_of_another_variant_leads_no_row() -> None:
    audit = run(AuditRequest(study="sakura"))
    for found in audit.document.verdicts:
        leading = next((m for m in audit.document.measurements if m.id == found.measurement), None)
        assert leading is None or leading.valid
        assert set(found.supporting) <= {m.id for m in audit.document.measurements if m.valid}


def test_a_comparable_value_leads_whatever_lies_nearer(made: Made) -> None:
    name = f"{EMOTION}.accuracy"
    made.write_study(made.claim(name, "50.0"))
    made.write_records(
        made.recorded(name, "50.0", 1241, 1241, "iemocap-4way", variant="7b"),
        made.recorded(name, "20.0", 1241, 1241, "iemocap-4way"),
    )
    found = decision(made.audit(predictions=False), name)
    assert found.verdict is Verdict.NOT_REPRODUCED
    assert found.measurement == f"{name}/recorded/iemocap-4way~2"
    made.write_records(made.recorded(name, "50.0", 1241, 1241, "iemocap-4way", variant="7b"))
    found = decision(made.audit(predictions=False), name)
    assert (found.verdict, found.measurement) == (Verdict.NOT_COMPARABLE, None)
