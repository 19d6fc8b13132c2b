from __future__ import annotations

import copy
import csv
import io
from typing import Any

import pytest

from audit.errors import InputError
from audit.report.csv import COLUMNS, render_csv
from audit.report.latex import escape, render_tex
from audit.report.page import render
from tests.support.example_audit import document


def rows(audit: dict[str, Any]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render_csv(document(audit)), newline="")))


def test_every_measurement_is_a_line_and_a_claim_without_any_has_one(audit: dict[str, Any]) -> None:
    found = rows(audit)
    assert len(found) == len(audit["measurements"]) + 1
    assert [r["measurement"] for r in found][:-1] == [m["id"] for m in audit["measurements"]]
    assert (found[-1]["claim"], found[-1]["value"], found[-1]["verdict"]) == ("sac-inhouse.accuracy", "", "not-run")
    assert tuple(found[0]) == COLUMNS


def test_values_are_not_rounded(audit: dict[str, Any]) -> None:
    for row, item in zip(rows(audit)[:-1], audit["measurements"], strict=True):
        assert row["value"] == item["value"]
        assert row["difference"] == item["agreement"]["difference"]
        assert row["origin"] == item["origin"]


def test_rows_add_up(audit: dict[str, Any]) -> None:
    for row in rows(audit)[:-1]:
        assert sum(int(row[k]) for k in ("scored", "skipped", "missing", "error")) == int(row["expected"])


def test_one_measurement_decides_each_claim_that_was_run(audit: dict[str, Any]) -> None:
    deciding = [r["claim"] for r in rows(audit) if r["decides"] == "yes"]
    assert deciding == [v["claim"] for v in audit["verdicts"] if v["measurement"]]


def test_no_text_is_a_formula(audit: dict[str, Any]) -> None:
    value = copy.deepcopy(audit)
    for item, text in zip(value["measurements"], ("=1+1", "+1", "-1", "@x", "\tx", "\rx"), strict=False):
        item["note"] = text
    assert [r["note"] for r in rows(value)[:6]] == ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "'\rx"]


@pytest.mark.parametrize("column", ["variant"])
def test_no_column_of_a_claim_is_a_formula(audit: dict[str, Any], column: str) -> None:
    value = copy.deepcopy(audit)
    value["claims"][0][column] = "-1+HYPERLINK(2)"
    claim = value["claims"][0]["id"]
    assert {r[column] for r in rows(value) if r["claim"] == claim} == {"'-1+HYPERLINK(2)"}


def test_a_unit_that_is_none_is_refused_before_it_is_written(audit: dict[str, Any]) -> None:
    value = copy.deepcopy(audit)
    value["claims"][0]["unit"] = "-1+HYPERLINK(2)"
    with pytest.raises(InputError, match="'percent', 'fraction', 'of-5' or 'count'"):
        rows(value)


@pytest.mark.parametrize("number", ["-0.25", "+3", "12"])
def test_a_number_with_a_sign_is_a_number(audit: dict[str, Any], number: str) -> None:
    value = copy.deepcopy(audit)
    value["measurements"][0]["value"] = number
    assert rows(value)[0]["value"] == number


def test_a_metric_that_the_paper_does_not_report_keeps_its_line(audit: dict[str, Any]) -> None:
    value = copy.deepcopy(audit)
    value["measurements"].append({**value["measurements"][0], "id": "x", "claim": None, "task": "t", "metric": "m"})
    last = next(r for r in rows(value) if r["measurement"] == "x")
    assert (last["claim"], last["task"], last["metric"], last["verdict"]) == ("", "t", "m", "")


def test_it_can_be_written_as_utf_8(audit: dict[str, Any]) -> None:
    render_csv(document(audit)).encode("utf-8")
    render_tex(document(audit)).encode("utf-8")


def test_latex_has_a_line_a_claim_with_marks(audit: dict[str, Any]) -> None:
    lines = [line for line in render_tex(document(audit)).splitlines() if line.endswith(r" \\")]
    assert len(lines) == len(audit["claims"]) + 1
    assert lines[1] == r"ASR & WER & 3.4 & -- & 3.400 & \texttt{c00} & justified \\"
    assert lines[2].startswith(r"ASR & WER & 7.9$^{\dagger}$ &")
    assert lines[8] == r"SAC & Accuracy & 0.50$^{\dagger}$ & -- & -- &  & not run \\"
    assert all(line.count("&") == 6 for line in lines)


def test_latex_shows_the_recorded_value_under_the_convention_of_the_row(audit: dict[str, Any]) -> None:
    value = copy.deepcopy(audit)
    recorded = next(m for m in value["measurements"] if m["origin"] == "recorded" and m["value"] == "3.98")
    recorded["convention"] = "c00"
    assert r"ASR & WER & 3.4 & 3.98$^{*}$ & 3.400 & \texttt{c00} & justified" in render_tex(document(value))


def test_latex_shows_no_value_that_is_not_comparable(audit: dict[str, Any]) -> None:
    value = copy.deepcopy(audit)
    for item in value["measurements"]:
        item["invalid"] = [{"code": "protocol", "text": "A different set."}]
    lines = [line for line in render_tex(document(value)).splitlines() if line.endswith(r" \\")][1:]
    assert {tuple(line.split(" & ")[3:5]) for line in lines} == {("--", "--")}


def test_latex_commands_are_written_out() -> None:
    assert escape(r"50 % of $x_1$ \& {y}~^#") == (
        r"50 \% of \$x\_1\$ \textbackslash{}\& \{y\}\textasciitilde{}\textasciicircum{}\#"
    )


def test_a_title_cannot_leave_its_comment(audit: dict[str, Any]) -> None:
    value = copy.deepcopy(audit)
    value["study"]["title"] = "a\n\\input{secret}"
    assert "\n\\input" not in render_tex(document(value))


def test_unread_outputs_stand_in_the_table_and_in_the_small_print(audit: dict[str, Any]) -> None:
    value = copy.deepcopy(audit)
    chosen = [m for m in value["measurements"] if m["claim"]][:3]
    for item, number in zip(chosen, (0, 1, 1234), strict=True):
        item["counts"] = {"correct": 1, "total": 1, "unread": number}
    found = {row["measurement"]: row["unread"] for row in rows(value)}
    assert [found[item["id"]] for item in chosen] == ["0", "1", "1234"]
    assert {found[m["id"]] for m in value["measurements"] if m not in chosen} == {""}
    page = render(document(value))
    assert "1 output without a readable answer" in page
    assert "1,234 outputs without a readable answer" in page
    assert page.count("without a readable answer") == 2
