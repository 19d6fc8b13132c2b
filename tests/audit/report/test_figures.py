from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit._util.axis import Scale, around, broken
from audit.report.claim_views import claims
from audit.report.figures.columns import columns
from audit.report.figures.spec_curve import NARROW, WIDE, Shape, about, common, draw
from audit.report.figures.steps import choices, matrix
from audit.report.views import ClaimView
from tests.support.example_audit import CLAIMS, build, document

NS = "{http://www.w3.org/2000/svg}"


def figure(audit: dict[str, Any], verdict: str) -> ET.Element:
    return ET.fromstring(draw(next(c for c in claims(document(audit)) if c.verdict.id == verdict)))


def test_every_measurement_is_a_mark_and_marks_ascend(audit: dict[str, Any]) -> None:
    claim = next(c for c in claims(document(audit)) if c.verdict.id == "reproduced")
    root = ET.fromstring(draw(claim))
    circles = list(root.iter(f"{NS}circle"))
    diamonds = [e for e in root.iter(f"{NS}path") if e.get("d", "").endswith("z")]
    crosses = [e for e in root.iter(f"{NS}path") if "m0 -" in e.get("d", "")]
    assert len(circles) + len(diamonds) + len(crosses) == len(claim.measurements)
    assert len(crosses) == sum(bool(m.invalid) for m in claim.measurements) == 1
    placed = sorted((float(e.get("cx", "0")), float(e.get("cy", "0"))) for e in circles)
    assert [y for _, y in placed] == sorted((y for _, y in placed), reverse=True)


def test_recorded_values_are_hollow(audit: dict[str, Any]) -> None:
    claim = next(c for c in claims(document(audit)) if c.verdict.id == "reproduced")
    root = ET.fromstring(draw(claim))
    marks = [g for g in root.iter(f"{NS}g") if g.get("stroke-width") == "1.5"]
    hollow = [e for g in marks if g.get("fill") == "#ffffff" for e in g]
    filled = [e for g in marks if g.get("fill") != "#ffffff" for e in g]
    assert len(hollow) == sum(m.recorded for m in claim.measurements) > 0
    assert len(filled) == sum(not m.recorded for m in claim.measurements) > 0


def test_the_band_is_what_the_reported_digits_stand_for(audit: dict[str, Any]) -> None:
    root = figure(audit, "reproduced")
    band = next(e for e in root.iter(f"{NS}rect") if e.get("fill") == "#f6e3b4")
    texts = [e.text for e in root.iter(f"{NS}text")]
    assert "28.4" in texts
    assert float(band.get("height", "0")) > 0.8


@pytest.mark.parametrize("shape", [WIDE, NARROW])
def test_nothing_is_drawn_outside(shape: Shape) -> None:
    for number in (2, 7, 40, 200):
        every = claims(document(build(conventions=number, hostile=False)))
        drawn = [text for claim in every if (text := draw(claim, shape))]
        assert len(drawn) == len(CLAIMS) - 1  # one was not run
        for text in drawn:
            root = ET.fromstring(text)
            height = float(root.get("height", "0"))
            for e in root.iter():
                for name, limit in (("x", shape.width), ("cx", shape.width), ("y", height), ("cy", height)):
                    assert 0 <= float(e.get(name, "0")) <= limit
            xs = [float(m) for m in re.findall(r"M([-\d.]+) ", text)]
            assert max(xs) <= shape.width
            assert min(xs) >= 0


def test_no_figure_of_one_value() -> None:
    assert all(draw(c) == "" for c in claims(document(build(conventions=1))))


def test_the_matrix_has_the_choices_that_differ_and_the_caption_the_others(audit: dict[str, Any]) -> None:
    found = matrix(["wer|sel:all|hyp:lower,words|ref:lower,words|count:levenshtein|fold:corpus", None,
                    "wer|sel:finished|hyp:words|ref:words,tail|count:levenshtein|fold:mean"])  # fmt: skip
    differing = {(c.group, c.name): c.columns for c in found.differing}
    assert differing == {
        ("rows", "every row"): (0,),
        ("rows", "only finished"): (2,),
        ("steps", "lower"): (0,),
        ("reference", "tail (reference only)"): (2,),
        ("pooling", "fold corpus"): (0,),
        ("pooling", "fold mean"): (2,),
    }
    assert found.common == ("words", "count levenshtein")
    assert found.unknown == (1,)
    claim = next(c for c in claims(document(audit)) if c.verdict.id == "reproduced")
    assert set(common(claim)) >= {"count levenshtein", "fold corpus"}


def test_versions_stay_in_the_table_of_conventions() -> None:
    assert choices("bleu|sel:all|hyp:tok.zh@sacrebleu-2.6.0|ref:tok.zh@sacrebleu-2.6.0|smooth:exp") == [
        ("rows", "every row"), ("steps", "tok.zh"), ("counting", "smooth exp"),
    ]  # fmt: skip


_NUMBER = st.decimals(-1000, 1000, places=4)


@given(st.lists(_NUMBER, min_size=1, max_size=20))
def test_a_scale_holds_its_values_in_order_with_few_round_ticks(numbers: list[Decimal]) -> None:
    scale = around(numbers, 100.0, 0.0)
    placed = [scale(n) for n in sorted(numbers)]
    assert all(0 <= y <= 100 for y in placed)
    assert placed == sorted(placed, reverse=True)
    ticks = scale.ticks()
    assert 1 <= len(ticks) <= 6
    assert all(scale.low <= t <= scale.high for t in ticks)
    assert len({b - a for a, b in itertools.pairwise(ticks)}) <= 1


def test_ticks_are_round() -> None:
    assert Scale(Decimal("3.1"), Decimal("4.2"), 0.0, 1.0).ticks() == [Decimal("3.5"), Decimal("4.0")]


def reproduced(conventions: int) -> ClaimView:
    every = claims(document(build(conventions=conventions, hostile=False)))
    return next(claim for claim in every if claim.verdict.id == "reproduced")


def changed(claim: ClaimView, **by_place: Any) -> ClaimView:
    """The claim with other values of some measurements: `m5={"bounds": ...}`."""
    items = list(claim.measurements)
    for name, fields in by_place.items():
        items[int(name[1:])] = replace(items[int(name[1:])], **fields)
    return replace(claim, measurements=tuple(items))


def words(svg: str) -> list[str]:
    return [e.text or "" for e in ET.fromstring(svg).iter(f"{NS}text")]


@pytest.mark.parametrize(("number", "most"), [(40, 36), (200, 36), (200, 15), (36, 36), (3, 15)])
def test_many_measurements_share_columns(number: int, most: int) -> None:
    items = [m for m in reproduced(number).measurements if m.position is not None]
    found = columns(items, most)
    assert len(found) == min(number, most)
    assert [m for column in found for m in column.items] == items
    assert [place for column in found for place in column.places] == list(range(len(items)))
    for column in found:
        assert len({m.agrees for m in column.items}) == 1
        assert len(column.items) == 1 or not column.deciding
    # Neighbours that differ least are joined: no column is wider than the range would allow with equal shares.
    whole = found[-1].high - found[0].low
    assert all(column.high - column.low <= whole / 4 for column in found)


def test_values_that_print_alike_are_joined_first() -> None:
    claim = reproduced(40)
    same = {f"m{n}": {"position": claim.measurements[20].position, "value": claim.measurements[20].value,
                      "recorded": False, "partial": False, "invalid": ()} for n in range(20, 30)}  # fmt: skip
    items = [m for m in changed(claim, **same).measurements if m.position is not None]
    found = columns(items, 36)
    joined = [column for column in found if len(column.items) > 1]
    assert sum(len(column.items) - 1 for column in joined) == 4
    assert all(column.low == column.high for column in joined)


def test_a_figure_of_many_columns_says_so_and_no_words_touch() -> None:
    for shape in (WIDE, NARROW):
        root = ET.fromstring(draw(reproduced(200), shape))
        assert "drawn in" in (root.find(f"{NS}desc").text or "")  # type: ignore[union-attr]
        lines: dict[str, list[tuple[float, float]]] = {}
        for e in root.iter(f"{NS}text"):
            if e.get("text-anchor") == "middle":
                half, x = 2.5 * len(e.text or ""), float(e.get("x", "0"))
                lines.setdefault(e.get("y", ""), []).append((x - half, x + half))
        assert len(lines) == 3
        for places in lines.values():
            assert all(a[1] <= b[0] for a, b in itertools.pairwise(sorted(places)))
    assert "Neighbouring values share a column" in about(reproduced(200))
    assert about(reproduced(7)) == ""


@pytest.mark.parametrize("shape", [WIDE, NARROW])
def test_labels_are_not_cut(shape: Shape) -> None:
    claim = reproduced(7)
    long = "normaliser-of-a-leaderboard-with-a-very-long-name.and-a-variant-of-it-that-is-longer-still"
    first = claim.measurements[0]
    assert first.convention is not None
    signature = first.convention.signature.replace("|hyp:", f"|hyp:{long},")
    claim = changed(claim, m0={"convention": replace(first.convention, signature=signature)})
    assert not any("\u2026" in word for word in words(draw(claim, shape)))
    assert long in "".join(words(draw(claim, shape)))


def test_an_outlier_breaks_the_axis_and_the_others_stay_apart() -> None:
    claim = reproduced(40)
    plain = ET.fromstring(draw(claim))
    far = draw(changed(claim, m39={"position": Decimal(816), "value": "816", "bounds": None}))
    assert "break" in words(far)
    assert "break" not in words(draw(claim))
    assert "The axis of values is broken once." in far
    assert "broken at the jagged lines" in about(changed(claim, m39={"position": Decimal(816), "bounds": None}))

    def spread(root: ET.Element) -> float:
        ys = sorted(float(e.get("cy", "0")) for e in root.iter(f"{NS}circle"))
        return ys[-1] - ys[2]

    assert spread(ET.fromstring(far)) > spread(plain) / 2


def test_an_interval_that_leaves_the_frame_ends_in_an_arrow() -> None:
    claim = reproduced(7)
    wide = changed(claim, m2={"bounds": (Decimal(-500), Decimal(900))})
    svg = draw(wide)
    arrows = [e.get("d", "") for e in ET.fromstring(svg).iter(f"{NS}path") if e.get("stroke") == "none"]
    assert sum(d.count("z") for d in arrows) == 2
    assert "1 interval reaches beyond the frame, marked by arrows." in svg
    assert "An arrow marks an interval" in about(wide)
    assert 'stroke="none"' not in draw(claim)


_POINTS = st.lists(st.decimals(-1000, 1000, places=3), min_size=1, max_size=15)


@given(_POINTS, _POINTS, st.sampled_from([(200.0, 10.0), (0.0, 300.0)]))
def test_a_broken_axis_keeps_the_order_and_stays_inside(
    points: list[Decimal], others: list[Decimal], ends: tuple[float, float]
) -> None:
    axis = broken(points, others, *ends)
    placed = [axis(point) for point in sorted({*points, *others})]
    assert all(min(ends) - 1e-6 <= y <= max(ends) + 1e-6 for y in placed)
    assert placed == sorted(placed, reverse=ends[0] > ends[1])
    assert not any(axis.beyond(point) for point in points)
    assert len(axis.breaks) == len(axis.parts) - 1 <= 2
    ticks = [axis(tick) for tick in axis.ticks()]
    assert all(not min(span) < y < max(span) for y in ticks for span in axis.breaks)


def test_an_axis_is_broken_only_where_it_helps() -> None:
    near = [Decimal(n) for n in (10, 11, 12, 13)]
    assert len(broken([*near, Decimal("2.1")], [], 0.0, 190.0).parts) == 1
    assert len(broken([*near, Decimal(816)], [], 0.0, 190.0).parts) == 2
    assert len(broken([*near, Decimal(816), Decimal(-900)], [], 0.0, 190.0).parts) == 3
    assert len(broken([Decimal(1), Decimal(816)], [], 0.0, 190.0).parts) == 1
