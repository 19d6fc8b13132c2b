"""Values scored from predictions as measurements: every field, the bounds of the whole set, what makes a value unusable."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from audit.analysis.selections import BY_REFERENCE
from audit.facts import Claim, Grade, Margin, ModelFacts, Prompt, StudyFacts
from audit.literature.grades import Grading, Support
from audit.literature.known_tasks import known_tasks as tasks
from audit.literature.studies import Study
from audit.literature.works import Evidence
from audit.schema import (
    Agreement,
    Bounds,
    Comparison,
    DecisiveStep,
    Fold,
    IdentityState,
    Interval,
    Invalid,
    Measurement,
    PredictionFile,
    Rows,
    Sample,
    Skipped,
)
from audit.scoring.account import Account
from audit.scoring.account import Skipped as SkippedRows
from audit.scoring.predictions import PredictionSet
from audit.scoring.score import Score
from audit.verdict import measurements
from audit.verdict.agreement import Target, in_unit, unit_factor
from audit.verdict.bounds import Range
from audit.verdict.identity import Identity, IdentityReason
from audit.verdict.measurements import (
    Measured,
    Names,
    as_bounds,
    as_interval,
    as_text,
    documented,
    recomputed,
    target,
)
from audit.verdict.planned import Settled
from audit.verdict.problems import set_problems
from audit.verdict.rules import Candidate
from tasks.convention import Convention, View
from tasks.row import Row
from tasks.statistics.bootstrap import stored
from tests.support.sets import predictions

EMOTION = tasks()["er-iemocap"]
WORDS = tasks()["asr-librispeech-clean"]
OURS, FINISHED = (EMOTION.convention("accuracy", name) for name in ("iemocap-4way", "hufs"))
RATE = WORDS.convention("wer", "hufs")
LABELLED = SkippedRows("labelled", "without a label", 3)
UNFINISHED = SkippedRows("finished", "cut off", 3)
CLAIM = Claim("er-iemocap.accuracy", EMOTION.id, "accuracy", "0.70", unit="fraction", variant="13b",
              family="classification", prompt=Prompt("er", "Say the emotion."))  # fmt: skip
WER = Claim("asr.wer", WORDS.id, "wer", "2.1", direction="lower", variant="13b", family="asr")
KNOWN = Identity(IdentityState.CONSISTENT, "made-set", "rows", 20, 20, ())


def study(**facts: Any) -> Study:
    margins = {"accuracy": Margin("0.01"), "wer": Margin("0.2")}
    return Study(StudyFacts("made", margins=margins, **facts), (CLAIM, WER), Path("made.yaml"))


def rows(count: int = 20, **fields: Any) -> list[Row]:
    return [Row(f"u{n:02}", "Sad", "Sad", **fields) for n in range(count)]


def made(items: list[Row] | None = None, **meta: Any) -> PredictionSet:
    return predictions(rows() if items is None else items, task=EMOTION.id, **meta)


def scored(
    exact: Fraction | float | None = Fraction(7, 10),
    *,
    kept: int = 20,
    missing: int = 0,
    error: int = 0,
    skipped: tuple[SkippedRows, ...] = (),
    convention: Convention = OURS,
    **facts: Any,
) -> Score:
    """A score of the first `kept` rows."""
    size = kept + missing + error + sum(s.rows for s in skipped)
    account = Account(size, kept, skipped, missing, error, "made")
    ids = tuple(f"u{n:02}" for n in range(kept))
    metric = "accuracy" if convention is not RATE else "wer"
    value = None if exact is None else stored(exact)
    return Score(convention, metric, exact, value, None, account, None, ids, **facts)


def measured(
    score: Score, claim: Claim | None = CLAIM, undropped: Fraction | float | None = None, **facts: Any
) -> Measured:
    """The measurement of a score; without dropping units, its convention gives the value `undropped`."""
    given = {"predictions": made(), "study": study(), "grading": None, "names": Names(), "identity": KNOWN, **facts}
    without = None if undropped is None else scored(undropped)
    return recomputed(score, claim=claim, undropped=without, **given)


def graded(axis: str, grade: Grade) -> Grading:
    support = Support("a-work", 0, grade, Evidence("code", verified=True, steps=(axis,)))
    return Grading((axis, "other"), (support,))


# What the decision reads


def test_what_the_rules_read() -> None:
    record = Measurement("an-id", CLAIM.id, "c", "recomputed", "0.5", agreement=Comparison(Agreement.WORSE),
                         whole=Agreement.UNDECIDED, identity=IdentityState.PART)  # fmt: skip
    item = Measured(record, Fraction(1, 2), graded("case", "B"), drops=True, complete=False, decisive=(("case", "x"),))
    assert item.candidate(CLAIM) == Candidate(
        "an-id",
        scored=Agreement.WORSE,
        whole=Agreement.UNDECIDED,
        grade="B",
        overall="E",
        drops=True,
        identified=True,
        valid=True,
        recomputed=True,
        complete=False,
        distance=Fraction(1, 5),
        convention="c",
    )
    assert item.steps == (DecisiveStep("case", "x", "B", "a-work"),)
    assert replace(item, exact=None).candidate(CLAIM) is None
    above = replace(item, exact=Decimal("0.9"), drops=False, complete=True, decisive=None)
    assert above.candidate(CLAIM) == Candidate(
        "an-id", Agreement.WORSE, Agreement.UNDECIDED, "E", "E", distance=Fraction(1, 5), convention="c")  # fmt: skip
    weak = Support("b-work", 0, "D", Evidence("text", verified=True, steps=("answer",)))
    known = Grading(("case", "answer"), (*graded("case", "B").support, weak))
    found = replace(item, grading=known).candidate(CLAIM)
    assert found is not None
    assert (found.grade, found.overall) == ("B", "D")
    ungraded = replace(item, grading=None, decisive=()).candidate(CLAIM)
    assert ungraded is not None
    assert (ungraded.grade, ungraded.overall) == ("E", "E")


@pytest.mark.parametrize(
    ("fields", "identified", "valid", "whole"),
    [
        ({"identity": IdentityState.VERIFIED}, True, True, Agreement.EXACT),
        ({"identity": IdentityState.UNKNOWN}, False, True, Agreement.EXACT),
        ({"identity": None}, False, True, Agreement.EXACT),
        ({"origin": "recorded"}, True, True, Agreement.EXACT),
        ({"origin": "recorded", "identity": IdentityState.UNKNOWN}, True, True, Agreement.EXACT),
        ({"identity": IdentityState.PART, "invalid": (Invalid("a", "b"),)}, True, False, Agreement.EXACT),
        ({"identity": IdentityState.PART, "whole": Agreement.WORSE}, True, True, Agreement.WORSE),
    ],
)
def test_whose_rows_are_known_and_what_is_usable(
    fields: dict[str, Any], identified: bool, valid: bool, whole: Agreement
) -> None:
    given = {"origin": "recomputed", "agreement": Comparison(Agreement.EXACT), **fields}
    record = Measurement("an-id", CLAIM.id, None, value="0.7", **given)
    found = Measured(record, Fraction(7, 10)).candidate(CLAIM)
    assert found is not None
    assert (found.identified, found.valid, found.whole, found.convention) == (identified, valid, whole, None)
    assert found.recomputed == (given["origin"] == "recomputed")


def test_names_are_unique() -> None:
    names = Names()
    assert [names.name("a.wer", "recorded", "x") for _ in range(3)] == [
        "a.wer/recorded/x",
        "a.wer/recorded/x~2",
        "a.wer/recorded/x~3",
    ]
    assert names.name("a.wer", "recorded", None) == "a.wer/recorded/unnamed"
    assert names.name("a.wer", "recomputed", "x") == "a.wer/recomputed/x"


def test_values_are_compared_with_the_printed_one_in_the_metrics_direction_and_margin() -> None:
    assert target(CLAIM, study()) == Target("0.70", "higher", "0.01")
    assert target(WER, study()) == Target("2.1", "lower", "0.2")


def test_intervals_bounds_and_values_as_text() -> None:
    assert as_interval(None, "bootstrap") is None
    found = as_interval((Decimal("0.1234567"), Decimal(2)), "bootstrap")
    assert found == Interval("0.123457", "2.000000", "95", "bootstrap")
    assert as_bounds(Range(Fraction(1, 3), None), 4) == Bounds("0.333333", None, 4)
    assert as_bounds(Range(None, Fraction(2)), 0) == Bounds(None, "2.000000", 0)
    assert as_text(None) is None
    assert as_text(Fraction(0)) == "0.000000"
    assert as_text(Decimal("1.5")) == "1.500000"


def test_dropping_is_documented_by_the_paper_or_the_sets_official_scoring() -> None:
    assert not documented(None, 10, None)
    assert documented(None, 10, 10)
    assert not documented(None, 10, 11)
    assert not documented(None, None, None)
    assert documented(graded("selection", "A"), None, None)
    assert not documented(graded("selection", "B"), None, None)
    assert not documented(graded("case", "A"), None, None)
    assert documented(graded("selection", "A"), 10, 11)


def test_units() -> None:
    assert unit_factor(None, 100) == 1
    assert unit_factor(CLAIM, 100) == Decimal("0.01")
    assert unit_factor(CLAIM, 1) == 1
    assert unit_factor(WER, 1) == 100
    assert unit_factor(replace(CLAIM, unit="of-5"), 1) == 5
    assert unit_factor(replace(CLAIM, unit="count"), 100) == 1


def test_a_value_in_the_unit_of_the_claim() -> None:
    assert in_unit(None, Decimal(2)) is None
    assert in_unit(Fraction(1, 3), Decimal(100)) == Fraction(100, 3)
    kept = in_unit(0.1234567, Decimal(100))
    assert (kept, type(kept)) == (Decimal("12.3457"), Decimal)


# A value scored from predictions


def test_a_scored_value_has_every_field() -> None:
    score = replace(
        scored(Fraction(2, 3), kept=15, missing=2, error=1, skipped=(LABELLED,)),
        interval=(Decimal("0.5"), Decimal("0.8")),
        counts=np.array([[1, 1, 0]] * 10 + [[0, 1, 0]] * 4 + [[0, 1, 1]], dtype=np.uint8),
        unreadable=(("u07", "two labels"),),
    )
    rows_of = replace(
        made(who="somebody", when="2025-11-01", model="SALMONN-13B", prompt="Say the emotion."), run="a", part="clean"
    )
    grading = graded("case", "B")
    problem = Invalid("one-class", "All the same.")
    found = measured(
        score, predictions=rows_of, grading=grading, decisive=(("case", "x"),), undropped=Fraction(3, 5),
        problems=(problem,), judge="tiny", note="A note.",
    )  # fmt: skip
    assert found.record == Measurement(
        id="er-iemocap.accuracy/recomputed@a/iemocap-4way",
        claim="er-iemocap.accuracy",
        convention="iemocap-4way",
        origin="recomputed",
        value="0.666667",
        task="er-iemocap",
        metric="accuracy",
        interval=Interval("0.500000", "0.800000", "95", "bootstrap"),
        rows=Rows(21, 15, (Skipped("labelled", "without a label", 3),), 2, 1),
        counts={"correct": 10, "total": 15, "unread": 1},
        agreement=Comparison(Agreement.WORSE, "-0.033333"),
        whole=Agreement.WORSE,  # 3 / 5 of 18 rows without dropping, and 3 rows that may all be right
        bounds=Bounds("0.514286", "0.657143", 3),
        without_dropping="0.600000",
        identity=IdentityState.CONSISTENT,
        units=15,
        invalid=(problem,),
        note="A note. Row u07 cannot be read and counts as an error: two labels.",
        judge="tiny",
        prediction=PredictionFile(
            "predictions/er-iemocap.jsonl", "0" * 64, "1" * 64, "SALMONN-13B", "13b", "somebody", "2025-11-01"
        ),
        run="a",
        subset="clean",
        fold=Fold("ratio", 1, ("correct",), ("total",)),
    )
    assert (found.exact, found.grading, found.drops, found.complete) == (Fraction(2, 3), grading, True, False)
    assert (found.decisive, found.outputs) == ((("case", "x"),), None)


def test_a_value_without_a_claim_is_shown() -> None:
    found = measured(replace(scored(), interval=(Decimal("0.5"), Decimal("0.8"))), None)
    assert found.record == Measurement(
        id="er-iemocap.accuracy/recomputed/iemocap-4way",
        claim=None,
        convention="iemocap-4way",
        origin="recomputed",
        value="0.700000",
        task="er-iemocap",
        metric="accuracy",
        interval=Interval("0.500000", "0.800000", "95", "bootstrap"),
        rows=Rows(20, 20, (), 0, 0),
        identity=IdentityState.CONSISTENT,
        units=20,
        prediction=PredictionFile("predictions/er-iemocap.jsonl", "0" * 64, "1" * 64, "SALMONN-13B", "13b", None, None),
    )
    assert (found.exact, found.drops, found.complete, found.outputs) == (Fraction(7, 10), False, True, None)
    other = measured(scored(), None, predictions=made(model="Qwen", variant="7b"))
    assert other.record.valid


def test_what_could_not_be_computed_says_why() -> None:
    score = Score(OURS, "accuracy", None, None, None, None, None, (), "needs a judge")
    found = measured(score)
    assert found.record == Measurement(
        id="er-iemocap.accuracy/recomputed/iemocap-4way",
        claim="er-iemocap.accuracy",
        convention="iemocap-4way",
        origin="recomputed",
        value=None,
        task="er-iemocap",
        metric="accuracy",
        identity=IdentityState.CONSISTENT,
        prediction=PredictionFile("predictions/er-iemocap.jsonl", "0" * 64, "1" * 64, "SALMONN-13B", "13b"),
        unavailable="needs a judge",
    )
    assert (found.exact, found.drops, found.complete) == (None, False, False)
    # An account without a value is not compared, either; a value without an account shows no agreement.
    nothing = measured(scored(None))
    assert (nothing.exact, nothing.record.agreement, nothing.record.whole) == (None, Comparison(), None)
    bare = measured(replace(score, exact=Fraction(7, 10), value=Decimal("0.7"), unavailable=None))
    assert (bare.exact, bare.record.agreement, bare.record.whole) == (Fraction(7, 10), Comparison(), None)
    assert (bare.record.rows, bare.record.units, bare.complete) == (None, None, False)


def test_values_are_told_in_the_unit_of_the_claim() -> None:
    score = replace(scored(Fraction(1, 3)), interval=(Decimal("0.2"), Decimal("0.4")))
    percent = measured(score, replace(CLAIM, unit="percent", value="33.3"), undropped=Fraction(1, 4)).record
    assert (percent.value, percent.without_dropping) == ("33.333300", "25.000000")
    assert percent.interval == Interval("20.000000", "40.000000", "95", "bootstrap")
    assert percent.agreement == Comparison(Agreement.EXACT, "+0.033333")
    # The least that six decimals hold, in the smaller unit: written without an exponent.
    least = replace(scored(Fraction(1, 10**5), convention=RATE), value=Decimal("0.000010"))
    assert measured(least, replace(WER, unit="fraction", value="0.1")).record.value == "0.00000010"
    float_value = measured(scored(0.5), replace(CLAIM, unit="percent", value="50"), undropped=0.25)
    assert (float_value.exact, float_value.record.without_dropping) == (Decimal(50), "25.000000")


def test_outputs_are_named_where_a_mean_over_runs_needs_them() -> None:
    files = made()
    found = measured(scored(), replace(CLAIM, runs=3), predictions=files)
    assert found.outputs == files.outputs
    assert measured(scored(), CLAIM, predictions=files).outputs is None
    assert measured(scored(), None, predictions=files).outputs is None


@pytest.mark.parametrize(
    ("run", "of", "middle"),
    [
        (None, None, "recomputed"),
        ("a", None, "recomputed@a"),
        ("a", "a", "recomputed"),
        ("a", "b", "recomputed@a"),
        (None, "b", "recomputed"),
    ],
)
def test_a_run_that_the_claim_does_not_name_is_in_the_id(run: str | None, of: str | None, middle: str) -> None:
    files = replace(made(), run=run)
    found = measured(scored(), replace(CLAIM, run=of), predictions=files).record
    assert (found.id, found.run) == (f"er-iemocap.accuracy/{middle}/iemocap-4way", run)
    of_part = replace(CLAIM, id="er-iemocap.accuracy@clean", run=run)
    assert (
        measured(scored(), of_part, predictions=files).record.id == "er-iemocap.accuracy@clean/recomputed/iemocap-4way"
    )
    alone = measured(scored(), None, predictions=files).record
    assert alone.id == f"er-iemocap.accuracy/{'recomputed@a' if run else 'recomputed'}/iemocap-4way"


# Bounds


@pytest.mark.parametrize(
    ("score", "facts", "whole", "bounds", "drops", "complete"),
    [
        (scored(), {}, "exact", None, False, True),
        (scored(kept=19, missing=1), {}, "undecided", Bounds("0.665000", "0.715000", 1), False, False),
        (scored(kept=19, error=1), {}, "undecided", Bounds("0.665000", "0.715000", 1), False, False),
        (scored(kept=17, missing=1, error=2), {}, "undecided", Bounds("0.595000", "0.745000", 3), False, False),
        (scored(Fraction(1), kept=16, missing=4), {}, "better", Bounds("0.800000", "1.000000", 4), False, False),
        (scored(Fraction(0), kept=16, missing=4), {}, "worse", Bounds("0.000000", "0.200000", 4), False, False),
        # Dropping by a rule that nothing documents: what the dropped units may be counts.
        (scored(kept=17, skipped=(UNFINISHED,)), {}, "undecided", Bounds("0.595000", "0.745000", 3), True, True),
        (scored(kept=17, skipped=(UNFINISHED,)), {"undropped": Fraction(7, 10)}, "exact", None, True, True),
        (scored(kept=17, skipped=(UNFINISHED,)), {"undropped": Fraction(1, 2)}, "worse", None, True, True),
        (
            scored(kept=16, missing=1, skipped=(UNFINISHED,)),
            {},
            "undecided",
            Bounds("0.560000", "0.760000", 4),
            True,
            False,
        ),
        (
            scored(kept=16, missing=1, skipped=(UNFINISHED,)),
            {"undropped": Fraction(7, 10)},
            "undecided",
            Bounds("0.665000", "0.715000", 1),
            True,
            False,
        ),
        # Documented: as if the set had no such units.
        (scored(kept=17, skipped=(LABELLED,)), {"official": 17}, "exact", None, False, True),
        (scored(kept=17, skipped=(UNFINISHED,)), {"grading": graded("selection", "A")}, "exact", None, False, True),
        (
            scored(kept=16, missing=1, skipped=(LABELLED,)),
            {"official": 16},
            "undecided",
            Bounds("0.658824", "0.717647", 1),
            False,
            False,
        ),
        # Not documented: another number of units, or outputs that chose them.
        (scored(kept=17, skipped=(LABELLED,)), {"official": 16}, "undecided", Bounds("0.595000", "0.745000", 3), True, True),
        (scored(kept=17, skipped=(UNFINISHED,)), {"official": 17}, "undecided", Bounds("0.595000", "0.745000", 3), True, True),
        (
            scored(kept=14, skipped=(LABELLED, UNFINISHED)),
            {"official": 14},
            "undecided",
            Bounds("0.490000", "0.790000", 6),
            True,
            True,
        ),
        # Worse with dropping is worse, whatever the dropped units give back.
        (scored(Fraction(1, 2), kept=17, skipped=(UNFINISHED,)), {"undropped": Fraction(9, 10)}, "worse", None, True, True),
        (
            scored(Fraction(1, 2), kept=16, missing=1, skipped=(UNFINISHED,)),
            {"undropped": Fraction(9, 10)},
            "worse",
            Bounds("0.470588", "0.529412", 1),
            True,
            False,
        ),
        # Better only where the value with dropping must be better, too.
        (scored(Fraction(9, 10), kept=17, skipped=(UNFINISHED,)), {"undropped": Fraction(9, 10)}, "better", None, True, True),
        (
            scored(Fraction(9, 10), kept=16, missing=1, skipped=(UNFINISHED,)),
            {"undropped": Fraction(9, 10)},
            "better",
            Bounds("0.855000", "0.905000", 1),
            True,
            False,
        ),
        (
            scored(Fraction(7, 10), kept=10, missing=2, skipped=(UNFINISHED,)),
            {"undropped": Fraction(9, 10)},
            "undecided",
            Bounds("0.780000", "0.913333", 2),
            True,
            False,
        ),
        (scored(Fraction(7, 10), kept=17, skipped=(UNFINISHED,)), {"undropped": Fraction(9, 10)}, "better", None, True, True),
    ],
)  # fmt: skip
def test_agreement_on_the_whole_set(
    score: Score, facts: dict[str, Any], whole: str, bounds: Bounds | None, drops: bool, complete: bool
) -> None:
    found = measured(score, **facts)
    assert (found.record.whole, found.record.bounds) == (Agreement(whole), bounds)
    assert (found.drops, found.complete) == (drops, complete)


def test_an_official_scoring_may_skip_by_every_rule_that_reads_references_alone() -> None:
    rules = tuple(SkippedRows(name, "by its reference", 1) for name in sorted(BY_REFERENCE))
    found = measured(scored(kept=17, skipped=rules), official=17)
    assert (found.record.whole, found.record.bounds, found.drops) == (Agreement.EXACT, None, False)
    assert measured(scored(kept=16, skipped=(*rules, replace(UNFINISHED, rows=1))), official=16).drops


def test_bounds_are_those_of_the_family_the_metric_and_the_unit() -> None:
    phrases = measured(scored(kept=19, missing=1), replace(CLAIM, family="keyphrases")).record
    assert phrases.bounds == Bounds("0.000000", "1.000000", 1)
    rate = measured(scored(Fraction(2), kept=19, missing=1, convention=RATE), WER).record
    assert rate.bounds == Bounds("0.000000", None, 1)
    percent = measured(scored(kept=19, missing=1), replace(CLAIM, unit="percent", value="70.0")).record
    assert percent.bounds == Bounds("66.500000", "71.500000", 1)


# Units, counts, and what a reader must know


def clustered(sizes: tuple[int, ...]) -> list[Row]:
    names = [f"speaker {n}" for n, size in enumerate(sizes) for _ in range(size)]
    return [replace(row, extra={"cluster": name}) for row, name in zip(rows(len(names)), names, strict=True)]


def test_units_are_rows_or_clusters_of_scored_rows() -> None:
    assert measured(scored(kept=12, missing=8)).record.units == 12
    several = made(clustered((2,) * 10))
    assert measured(scored(), predictions=several).record.units == 10
    # The first eleven rows are of six clusters.
    assert measured(scored(kept=11, error=9), predictions=several).record.units == 6


@pytest.mark.parametrize(
    ("items", "note"),
    [
        (clustered((1,) * 9 + (11,)), None),
        (clustered((1,) * 8 + (12,)), "No interval: 9 independent units are too few; at least 10 are needed."),
        (clustered((20,)), "No interval: 1 independent unit is too few; at least 10 are needed."),
        (clustered((10, 10)), "No interval: 2 independent units are too few; at least 10 are needed."),
    ],
)
def test_an_interval_needs_ten_units(items: list[Row], note: str | None) -> None:
    with_interval = replace(scored(), interval=(Decimal("0.5"), Decimal("0.8")))
    found = measured(with_interval, predictions=made(items)).record
    assert (found.interval is None, found.interval_note) == (note is not None, note)
    without = measured(scored(), predictions=made(items)).record
    assert (without.interval, without.interval_note) == (None, None)


@pytest.mark.parametrize(
    ("unreadable", "note", "text"),
    [
        ((), None, None),
        ((), "A note.", "A note."),
        ((("u1", "why"),), None, "Row u1 cannot be read and counts as an error: why."),
        ((("u1", "why"), ("u2", "x")), None, "Row u1 cannot be read and counts as an error: why; 1 more row likewise."),
        (
            (("u1", "why"), ("u2", "x"), ("u3", "y")),
            "A note.",
            "A note. Row u1 cannot be read and counts as an error: why; 2 more rows likewise.",
        ),
    ],
)
def test_rows_that_a_convention_cannot_read_are_named(
    unreadable: tuple[tuple[str, str], ...], note: str | None, text: str | None
) -> None:
    assert measured(replace(scored(), unreadable=unreadable), note=note).record.note == text


def test_counts_are_summed_by_their_names() -> None:
    # More than one byte holds.
    counts = np.array([[200, 100, 0, 3], [100, 100, 1, 4]], dtype=np.uint8)
    found = measured(replace(scored(kept=2, convention=RATE), counts=counts), WER).record.counts
    assert found == {"substitutions": 300, "deletions": 200, "insertions": 1, "hits": 7}
    assert found is not None
    assert {type(number) for number in found.values()} == {int}


@pytest.mark.parametrize("columns", [2, 4])
def test_counts_that_do_not_fit_their_names_are_refused(columns: int) -> None:
    with pytest.raises(ValueError, match=r"zip\(\) argument 2"):
        measured(replace(scored(kept=2), counts=np.ones((2, columns), dtype=np.uint8)))


def test_every_rule_that_skips_rows_is_told() -> None:
    found = measured(scored(kept=14, skipped=(LABELLED, UNFINISHED))).record.rows
    assert found == Rows(
        20, 14, (Skipped("labelled", "without a label", 3), Skipped("finished", "cut off", 3)), 0, 0)  # fmt: skip


# Why a value justifies nothing


def test_rows_that_contradict_the_set() -> None:
    reasons = (
        IdentityReason("other-dataset", "A different set.", against=True),
        IdentityReason("totals-above", "Too many words.", against=True),
        IdentityReason("no-totals", "No totals."),
    )
    contradicted = Identity(IdentityState.CONTRADICTED, "made-set", None, 20, None, reasons)
    found = measured(scored(), identity=contradicted).record
    assert found.invalid == (Invalid("identity", "A different set."), Invalid("identity", "Too many words."))
    assert found.identity is IdentityState.CONTRADICTED
    assert measured(scored(), identity=replace(contradicted, state=IdentityState.PART)).record.valid


def test_texts_that_the_same_rule_has_normalised_before() -> None:
    normalised = made(normalised="iemocap-4way")
    text = "The normaliser of iemocap-4way has changed the stored texts before."
    assert measured(scored(), predictions=normalised).record.invalid == (Invalid("normalised-twice", text),)
    assert measured(scored(convention=FINISHED), predictions=normalised).record.valid


def test_outputs_of_a_different_model_variant_or_prompt() -> None:
    facts = study(names=("SALMONN", "salmonn-13b"), models={"omni": ModelFacts("Omni", "reference", ("SALMONN-omni",))})
    asked = [Row(f"u{n:02}", "Sad", "Sad", prompt="Say the emotion." if n else "Sing.") for n in range(20)]
    good = made(asked[1:])
    assert measured(scored(kept=19), study=facts, predictions=good).record.valid
    bad = made(asked, model="SALMONN omni", variant="7b")
    problems = (
        Invalid("other-model", "The outputs are from SALMONN omni; the claim is about SALMONN."),
        Invalid("other-variant", "The outputs are from variant 7b; the claim is about 13b."),
        Invalid("other-prompt", "1 of 20 outputs used a prompt other than the claim's."),
    )
    assert measured(scored(), study=facts, predictions=bad).record.invalid == problems
    of_omni = replace(CLAIM, model="omni", variant="")
    assert measured(scored(), of_omni, study=facts, predictions=bad).record.invalid == problems[2:]
    ours = Invalid("other-model", "The outputs are from SALMONN-13B; the claim is about SALMONN-omni.")
    assert measured(scored(kept=19), of_omni, study=facts, predictions=good).record.invalid == (ours,)


def test_reasons_are_told_in_one_order() -> None:
    contradicted = Identity(
        IdentityState.CONTRADICTED, None, None, 20, None, (IdentityReason("x", "Not the set.", against=True),))  # fmt: skip
    files = made(variant="7b", normalised="iemocap-4way")
    found = measured(scored(), predictions=files, identity=contradicted, problems=iter([Invalid("one-class", "x")]))
    assert [i.code for i in found.record.invalid] == ["one-class", "identity", "other-variant", "normalised-twice"]


# Runs that follow a sampling plan


SAMPLE = Sample("plans/x.json", 19, 20, "1/20", "0.05", exact=True, registered=True, low="0.8", high="0.9")


def sampled(
    monkeypatch: pytest.MonkeyPatch, settled: Settled | None, score: Score, *, partial: bool = True, **facts: Any
) -> tuple[Measured, Any, list[Any]]:
    """The measurement of a run whose plan says this, the run, and what the plan was asked."""
    asked: list[Any] = []

    def say(*given: Any, **named: Any) -> Settled | None:
        asked.append((given, named))
        return settled

    def uncounted(claim: Claim, score: Score) -> tuple[Invalid, ...]:
        return (Invalid("not-planned", f"{claim.id} {score.convention.id}"),)

    run: Any = SimpleNamespace(partial=partial, uncounted=uncounted)
    monkeypatch.setattr(measurements, "settle", say)
    return measured(score, following=run, **facts), run, asked


def test_a_plan_is_asked_for_the_claim_the_score_and_what_they_are_held_against(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    score = scored(kept=19, missing=1)
    found, run, asked = sampled(monkeypatch, Settled(Agreement.BETTER, SAMPLE), score)
    assert asked == [((run, CLAIM, score, target(CLAIM, study()), Decimal(1)), {"twin": None, "free": False})]
    assert (found.record.whole, found.record.sample, found.sure) == (Agreement.BETTER, SAMPLE, True)
    assert found.record.bounds == Bounds("0.665000", "0.715000", 1)
    assert found.record.invalid == (Invalid("not-planned", "er-iemocap.accuracy iemocap-4way"),)
    dropping = scored(kept=16, missing=1, skipped=(LABELLED,))
    _, _, asked = sampled(monkeypatch, None, dropping, undropped=Fraction(3, 5), official=16)
    assert asked[0][1] == {"twin": scored(Fraction(3, 5)), "free": True}


def test_a_sample_that_is_not_sure_is_told_to_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    score, unregistered = scored(kept=19, missing=1), replace(SAMPLE, registered=False)
    found, _, _ = sampled(monkeypatch, Settled(Agreement.BETTER, unregistered), score)
    read = found.candidate(CLAIM)
    assert read is not None
    assert (found.record.whole, found.sure, read.sure) == (Agreement.BETTER, False, False)
    unbounded, _, _ = sampled(monkeypatch, Settled(None, unregistered), score)
    assert (unbounded.record.whole, unbounded.record.sample, unbounded.sure) == (
        Agreement.UNDECIDED, unregistered, True)  # fmt: skip
    nothing, _, _ = sampled(monkeypatch, None, score)
    assert (nothing.record.whole, nothing.record.sample, nothing.sure) == (Agreement.UNDECIDED, None, True)
    # All units were drawn: the value decides.
    whole, _, _ = sampled(monkeypatch, Settled(Agreement.BETTER, unregistered), scored(), partial=False)
    assert (whole.record.whole, whole.record.sample, whole.sure) == (Agreement.EXACT, unregistered, True)


def test_a_value_without_a_claim_asks_no_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    found, _, asked = sampled(monkeypatch, Settled(Agreement.BETTER, SAMPLE), scored(), claim=None)
    assert (asked, found.record.sample, found.record.invalid, found.sure) == ([], None, (), True)


# Accuracies on rows of one class


def test_accuracy_on_rows_of_one_class_means_nothing() -> None:
    text = "In this set all 20 gold answers are 'sad': a constant answer scores 1."
    assert set_problems(made(), EMOTION) == (Invalid("one-class", text),)
    assert set_problems(made([*rows(3), Row("v", "Sad", "Happy")]), EMOTION) == ()
    assert set_problems(made(), WORDS) == ()


def test_the_labels_are_those_that_a_convention_reads_which_can_be_computed() -> None:
    judge = tasks()["sqqa-wikiqa"].convention("accuracy", "paper-judge")
    assert judge.unavailable() is not None
    one = View("one", lambda row: "one")
    unavailable, usable = (
        replace(judge, reference_view=one),
        replace(OURS, reference_view=View("id", lambda row: row.id)),
    )
    task = replace(EMOTION, declaration=None, conventions={"accuracy": (unavailable, usable)})
    assert set_problems(made(), task) == ()
    alone = replace(task, conventions={"accuracy": (unavailable,)})
    assert [i.code for i in set_problems(made(), alone)] == ["one-class"]
    first = replace(task, conventions={"accuracy": (replace(OURS, id="first", reference_view=one), usable)})
    assert [i.code for i in set_problems(made(), first)] == ["one-class"]
