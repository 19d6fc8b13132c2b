"""Rows that pay for the difference between two conventions: shares, what happened, planted rules."""

from __future__ import annotations

import dataclasses
import os
import random
from fractions import Fraction
from pathlib import Path

import pytest

import audit
from audit.analysis.paying_rows import PayingRows
from audit.analysis.paying_rows_page import page, publishing
from audit.analysis.row_detective import ANSWER, COUNTING, LENGTH, paying_rows, two_conventions
from audit.errors import InputError, MissingError
from audit.literature.known_tasks import known_tasks
from audit.literature.sets import Terms
from audit.scoring.prediction_meta import PredictionMeta
from audit.scoring.predictions import PredictionSet
from tasks.analysis.word_kinds import KINDS
from tasks.backends.parsed_captions import PATH_VARIABLE as SPICE_CACHE
from tasks.row import Row
from tests.support import planted_rules
from tests.support.multiverse_rows import rows as made_rows
from tests.support.spice import needs_spice

ASR = "asr-librispeech-clean"
TRIALS = int(os.environ.get("REPRO_AUDIT_TRIALS", "40"))


def check_sum(found: PayingRows) -> None:
    if found.method == "exact":
        assert sum(row.share for row in found.rows) == sum(kind.share for kind in found.kinds) == found.gap
        assert found.gap == found.values[1] - found.values[0]
        assert found.remainder == 0
    assert sum(row.share for row in found.rows) + found.remainder == pytest.approx(found.gap)
    for row in found.rows:
        assert sum(row.parts.values()) == pytest.approx(row.share)
        assert row.kind in row.parts
    shares = [abs(float(row.share)) for row in found.rows]
    assert shares == sorted(shares, reverse=True)


def test_words_that_pay() -> None:
    outputs = [
        "The 2 boys didn't answer.",
        "uh a cold lucid indifference",
        "the colour",
        "he was alone",
        "a well-known man",
    ]
    references = [
        "the two boys did not answer",
        "a cold lucid indifference",
        "the color",
        "he was here",
        "a well known man",
    ]
    found = audit.rows("asr", outputs, references, between=("verbatim", "audiobench"))
    check_sum(found)
    kinds = {row.id: row.kind for row in found.rows}
    assert kinds["000001"] == KINDS["filler"]
    assert kinds["000002"] == KINDS["spelling"]
    assert kinds["000004"] == KINDS["hyphen"]
    assert "000003" not in kinds  # its error is counted by both
    first = next(row for row in found.rows if row.id == "000000")
    assert {KINDS["number"], KINDS["contraction"], KINDS["case"]} <= set(first.parts)
    paying = [(word.reference, word.hypothesis, word.kind) for word in first.words[0] if word.pays]
    assert ("two", "2", "number") in paying
    assert not any(word.pays for word in first.words[1])


def test_reference_tokens_are_a_part_of_their_own() -> None:
    """A contraction that is spelled out in both texts adds a reference token and no error."""
    outputs, references = ["it's so", "a b"], ["it's so", "a c"]
    found = audit.rows("asr", outputs, references, between=("verbatim", "audiobench"))
    check_sum(found)
    (row,) = found.rows
    assert row.parts == {LENGTH: found.gap}
    assert found.gap == Fraction(100, 5) - Fraction(100, 4)


def test_a_mean_of_rows_is_counted_in_another_way() -> None:
    found = audit.rows("asr", ["a", "a b c d"], ["b", "a b c d"], between=("au-harness", "au-harness-mean"))
    check_sum(found)
    assert found.gap == Fraction(100, 2) - Fraction(100, 5)
    assert {row.kind for row in found.rows} == {COUNTING}


def test_dropped_rows_and_faults() -> None:
    outputs = ["he hoped</s>", "he", "HH IY1 HH OW1 P T DH EH1 R</s>"]
    found = audit.rows(
        "asr", outputs, ["he hoped", "he hoped so", "he hoped there"], between=("hufs-finished", "audiobench")
    )
    check_sum(found)
    assert found.dropped == 1
    kinds = {row.id: row.kind for row in found.rows}
    assert kinds["000001"] == "dropped by hufs-finished: no end token"
    assert kinds["000002"] == "phones instead of words"
    row = next(row for row in found.rows if row.id == "000001")
    assert row.counts[0] == {}
    assert "not scored" in "\n".join(found.lines())


def test_labels_are_another_answer() -> None:
    outputs = ["The speaker sounds happy.", "Sad"]
    found = audit.rows("er-iemocap", outputs, ["Happy", "Sad"], between=("iemocap-4way", "fairmllm"), metric="accuracy")
    check_sum(found)
    assert [(row.id, row.kind, row.share) for row in found.rows] == [("000000", ANSWER, Fraction(1, 2))]


def test_translations_state_the_remainder() -> None:
    outputs = ["Hallo , Welt und alle anderen .", "Das ist ein Haus .", "Wir gehen heute nach Hause ."] * 3
    references = ["Hallo, Welt und alle anderen.", "Das ist mein Haus.", "Wir gehen heute nach Hause."] * 3
    rules = [c.id for c in planted_rules.known_tasks()["st-en-de"].conventions["bleu"] if c.unavailable() is None]
    found = audit.rows("st-en-de", outputs, references, between=(rules[0], rules[1]), metric="bleu")
    check_sum(found)
    assert found.method in {"path", "leave one out"}
    text = "\n".join(found.lines())
    assert "not attributed to rows" in text


@pytest.mark.parametrize("pair", [("verbatim", "audiobench"), ("hufs-finished", "cmi-bench"), ("llaso", "au-harness-mean"),
                                  ("open-asr-leaderboard", "verbatim")])  # fmt: skip
def test_every_pair_sums(pair: tuple[str, str]) -> None:
    rows = [dataclasses.asdict(row) for row in made_rows(80)]
    found = audit.rows(ASR, rows, between=pair)
    check_sum(found)
    back = audit.rows(ASR, rows, between=(pair[1], pair[0]))
    assert {row.id: row.share for row in back.rows} == {row.id: -row.share for row in found.rows}


def test_a_pipeline_of_the_multiverse_is_a_convention() -> None:
    rows = [dataclasses.asdict(row) for row in made_rows(30)]
    ids = [o.pipeline.id for o in audit.multiverse(ASR, rows).known]
    found = audit.rows(ASR, rows, between=(ids[0], ids[-1]))
    check_sum(found)
    assert [rule.id for rule in found.conventions] == [ids[0], ids[-1]]


@pytest.mark.parametrize(
    ("between", "metric", "what"),
    [
        (("verbatim", "verbatim"), None, "needs two different conventions"),
        (("verbatim", "nobody"), None, "has no convention 'nobody'"),
        (("verbatim", "all/nothing"), None, "has no convention 'all/nothing'"),
        (("verbatim", "audiobench"), "bleu", "has no metric 'bleu'"),
    ],
)
def test_bad_names(between: tuple[str, str], metric: str | None, what: str) -> None:
    with pytest.raises(InputError, match=what):
        audit.rows(ASR, ["a"], ["a"], between=between, metric=metric)


def test_no_value_and_what_cannot_be_computed() -> None:
    with pytest.raises(InputError, match="verbatim has no value on these rows: it scores 1 of 1"):
        audit.rows(ASR, ["a"], [""], between=("verbatim", "audiobench"))
    with pytest.raises(MissingError, match="diva-eval cannot be computed here"):
        audit.rows("er-iemocap", ["a"], ["Sad"], between=("hufs", "diva-eval"), metric="accuracy")


def test_one_row_and_no_difference() -> None:
    found = audit.rows(ASR, ["a b"], ["a b"], between=("verbatim", "audiobench"))
    assert (found.gap, found.rows, found.kinds) == (0, (), ())
    assert "0 rows count differently" in "\n".join(found.lines())
    assert found.table().count("\n") == 1
    (row,) = audit.rows(ASR, ["A b"], ["a b"], between=("verbatim", "audiobench")).rows
    assert row.share == Fraction(-100, 2)


def test_a_terminal_is_not_controlled_by_texts() -> None:
    found = audit.rows(ASR, ["A\x1b[2J b"], ["a b"], between=("verbatim", "audiobench"), ids=["\x1b[31mx"])
    assert "\x1b" not in "\n".join(found.lines())
    coloured = "\n".join(found.lines(colour=True))
    assert "\x1b[1;31m" in coloured
    assert "\x1b[2J" not in coloured


def test_the_page_escapes_texts_and_says_what_may_be_published() -> None:
    found = audit.rows(ASR, ["<script>alert(1)</script> A"], ["a"], between=("verbatim", "audiobench"), ids=["<b>"])
    text = page(found, None)
    assert "<script>" not in text
    assert "&lt;b&gt;" in text
    assert "keep it to yourself" in text
    yes, no, unknown = (Terms(state, "CC BY 4.0.", ()) for state in ("yes", "no", "unknown"))  # type: ignore[arg-type]
    assert publishing(yes).endswith("The set's licence allows publishing its texts: CC BY 4.0.")
    assert "does not allow publishing its texts (CC BY 4.0): keep it to yourself" in publishing(no)
    assert "is not known to allow" in publishing(unknown)


def test_json_has_no_texts_and_exact_shares() -> None:
    found = audit.rows(ASR, ["Zebra b", "c"], ["a b", "d"], between=("verbatim", "audiobench"))
    made = found.as_json()
    assert "zebra" not in str(made).lower()
    assert sum(Fraction(row["share"]) for row in made["rows"]) == Fraction(made["difference"])


def test_a_text_too_long_to_read_still_pays() -> None:
    words = " ".join(f"W{n}" for n in range(6000))
    found = audit.rows(ASR, [words, "a"], [words.lower(), "a"], between=("verbatim", "audiobench"))
    check_sum(found)
    (row,) = found.rows
    assert row.words == ((), ())
    assert row.share == Fraction(-600_000, 6001)


@pytest.mark.parametrize("name", ["2024", "2025"])
def test_the_rows_of_a_planted_rule_stand_at_the_top(shared_real: Path, tmp_path: Path, name: str) -> None:
    """Real rows, an ordinary difference between two conventions, and a rule planted on 1 to 15 of 600 rows.

    All of the rule's rows have to be in the top 20, under its name, in 95 % of the trials.
    """
    from audit.cli import main

    source = shared_real / "audiobench" / f"librispeech_test_clean_wer_score.{name}.json"
    assert main(["import", "audiobench", str(source), "--task", ASR, "--model", "SALMONN-7B", "--variant", "7b",
                 "--out", str(tmp_path)]) == 0  # fmt: skip
    run = audit.load_predictions(tmp_path, ASR)
    every = planted_rules.without_faults(run.rows)
    top = named = 0
    for seed in range(TRIALS):
        sample = sorted(random.Random(seed).sample(every, 600), key=lambda row: row.id)
        trial = planted_rules.plant(sample, seed)
        found = paying_rows(planted_rules.TASK, dataclasses.replace(run, rows=trial.rows), "wer", trial.pair)
        check_sum(found)
        first = {row.id: row for row in found.rows[:20]}
        top += trial.planted <= set(first)
        named += all(trial.kind in first[name].parts for name in trial.planted if name in first)
    print(f"all planted rows in the top 20: {top} of {TRIALS} trials; under the rule's name: {named}")
    assert top >= 0.95 * TRIALS
    assert named >= 0.95 * TRIALS


@needs_spice
@pytest.mark.java
def test_rows_of_spice_show_the_tuples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tuples of the output with a match, without one, and those that only the captions have."""
    monkeypatch.setenv(SPICE_CACHE, str(tmp_path / "kept"))
    task = known_tasks()["aac-audiocaps"]
    items = (
        Row("r1", "a red car stops", ["a red car", "a dog barks"], True),
        Row("r2", "rain", ["heavy rain falls", "thunder"], True),
    )
    run = PredictionSet(task.id, items, PredictionMeta(task.id, "m", "13b"), Path("x.jsonl"), "0" * 64, "0" * 64)
    name, first, second = two_conventions(task, ["coco", "coco-one"], "spice")
    found = paying_rows(task, run, name, (first, second))
    row = next(row for row in found.rows if row.id == "r1")
    tuples = {(word.reference, word.hypothesis) for word in row.words[0] if "(" in word.reference + word.hypothesis}
    assert ("(car)", "(car)") in tuples
    assert ("(car, red)", "(car, red)") in tuples
    assert ("(dog)", "") in tuples
    assert ("", "(car, stop)") in tuples
