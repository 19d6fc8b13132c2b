from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit._util.csv_cells import csv_text, plain_cell, quoted_cells


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n"])
def test_what_a_spreadsheet_takes_for_a_formula_gets_an_apostrophe(first: str) -> None:
    text = f"{first}HYPERLINK(1)"
    assert plain_cell(text) == f"'{text}"
    assert plain_cell(first) == f"'{first}"
    assert cells(csv_text(["a", text], [[text, text]], numbers={"a"})) == [["a", f"'{text}"], [f"'{text}", f"'{text}"]]


@pytest.mark.parametrize("text", ["", "a", "1=1", "a-b", "'=1", " x", "12.5", "文-", "a\n=1"])
def test_other_texts_stay(text: str) -> None:
    assert plain_cell(text) == text


def test_numbers_keep_their_sign_where_a_column_holds_numbers() -> None:
    text = csv_text(
        ["note", "value"], [["-1", "-1.50"], ["+2", "+2"], ["-1", "-1+1"], ["3", None], ["=1", -4]], numbers={"value"}
    )
    assert text == "note,value\n'-1,-1.50\n'+2,+2\n'-1,'-1+1\n3,\n'=1,-4\n"


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2), max_size=4))
def test_every_text_is_read_back_whole(rows: list[list[str]]) -> None:
    for end in ("\n", "\r\n"):
        assert cells(csv_text(["a", "b"], rows, line_end=end))[1:] == [
            [plain_cell(cell) for cell in row] for row in rows
        ]


@given(st.lists(st.text()))
def test_quoted_cells_are_those_of_a_table_of_whole_numbers(texts: list[str]) -> None:
    lines = [f"{cell},-3\n" for cell in quoted_cells(texts)]
    assert "".join(["a,b\n", *lines]) == csv_text(["a", "b"], [[text, -3] for text in texts])
