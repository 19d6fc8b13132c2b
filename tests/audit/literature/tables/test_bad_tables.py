r"""Tables that cannot be read: what is wrong, where, and what to do; and shapes that must not lose a number in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import InputError
from audit.literature.tables.read import read_tables
from audit.literature.tables.table import Table


def read(path: Path, text: str, suffix: str = ".tex") -> tuple[Table, ...]:
    file = path / f"table{suffix}"
    file.write_text(text, encoding="utf-8")
    return read_tables(file)


def body(rows: str, spec: str = "lcc") -> str:
    head = f"\\begin{{tabular}}{{{spec}}}\n\\toprule\nModel & WER & CER \\\\\n\\midrule\n"
    return f"{head}{rows}\n\\bottomrule\n\\end{{tabular}}\n"


GOOD = body("Whisper & 2.7 & 1.1 \\\\")


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        (GOOD.replace("\\end{tabular}", ""), 1, r"\begin{tabular} is not closed"),
        ("\\begin{table}\n" + GOOD, 1, r"\begin{table} is not closed"),
        ("\\begin{table}\n\\begin{center}\n" + GOOD + "\\end{table}\n", 2, r"\begin{center} is closed by \end{table}"),
        ("text\n\\end{tabular}\n", 2, r"\end{tabular} without \begin{tabular}"),
        (body("Whisper & {2.7 & 1.1 \\\\"), 5, "open brace is not closed"),
        (body("Whisper & $2.7 & 1.1 \\\\"), 5, 'math mode "$" is not closed'),
        (body("Whisper & \\textbf{2.7 & 1.1 \\\\"), 5, 'arguments of macro "textbf" is not closed'),
        ("\n\\newcommand{\\x}{a\n" + GOOD, 2, "`{` is not closed"),
        ("\\newcommand{\\best}[1]{\\textbf{#1}}\n" + body("W & \\best{2.7 & 1 \\\\"), 6, "`{` is not closed"),
    ],
)
def test_latex_that_does_not_close(tmp_path: Path, text: str, line: int, what: str) -> None:
    with pytest.raises(InputError) as raised:
        read(tmp_path, text)
    assert raised.value.where == f"{tmp_path / 'table.tex'}:{line}"
    assert what in raised.value.what
    assert raised.value.fix


def test_macros_without_end(tmp_path: Path) -> None:
    for definition in ("\\newcommand{\\a}{\\a\\a}", "\\def\\a{\\b}\\def\\b{\\a}"):
        with pytest.raises(InputError, match="expand without end"):
            read(tmp_path, definition + "\n\\a\n" + GOOD)


@pytest.mark.parametrize(
    ("suffix", "text"), [(".tex", "no table"), (".md", "no | table"), (".csv", "one\ntwo\n"), (".csv", "")]
)
def test_a_file_without_a_table(tmp_path: Path, suffix: str, text: str) -> None:
    with pytest.raises(InputError, match="no table with cells"):
        read(tmp_path, text, suffix)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        read_tables(tmp_path / "none.tex")
    (tmp_path / "latin.tex").write_bytes(b"a\n\xe4")
    with pytest.raises(InputError, match="invalid UTF-8") as raised:
        read_tables(tmp_path / "latin.tex")
    assert raised.value.where == f"{tmp_path / 'latin.tex'}:2"
    with pytest.raises(InputError, match="extension"):
        read(tmp_path, "", ".docx")
    with pytest.raises(InputError, match="invalid CSV") as raised:
        read(tmp_path, 'a,b\n"open,1\n2,3\n', ".csv")
    assert raised.value.where == f"{tmp_path / 'table.csv'}:2"
    with pytest.raises(InputError, match="tabularray"):
        read(tmp_path, "\\begin{tblr}{lc} a & 1 \\\\ \\end{tblr}")


def test_what_surrounds_tables_may_hold_anything(tmp_path: Path) -> None:
    before = (
        "\\newcommand{\\be}{\\begin{equation}}\n\\newcommand{\\ee}{\\end{equation}}\n\\be x_{1 $ \\ee\n"
        "% \\begin{tabular}{l} 9.9 \\\\\n\\begin{verbatim}\n\\begin{tabular}{l} { $ \\\\\n\\end{verbatim}\n"
        "\\iffalse\n\\begin{table}\n\\fi\n"
    )
    (table,) = read(tmp_path, before + GOOD)
    assert [cell.value for cell in table.cells] == ["2.7", "1.1"]
    assert table.where == f"{tmp_path / 'table.tex'}:11"


def test_an_undefined_macro_is_named(tmp_path: Path) -> None:
    (table,) = read(tmp_path, body("Whisper & \\best{2.7} & 1.1 \\\\ Qwen & \\best{2.2} & 1.0 \\\\"))
    assert [(cell.value, cell.reason) for cell in table.cells] == [
        (None, "unknown-macro"), ("1.1", None), (None, "unknown-macro"), ("1.0", None),
    ]  # fmt: skip
    assert "\\best2.7" in table.cells[0].why


def test_macros_of_other_files(tmp_path: Path) -> None:
    file = tmp_path / "table.tex"
    file.write_text("\\newcommand{\\second}[1]{\\emph{#1}}\n" + body("\\ours & \\best{2.7} & \\second{1.1} \\\\"))
    preamble = tmp_path / "preamble.tex"
    preamble.write_text("\\newcommand{\\best}[1]{\\textbf{#1}}\\def\\ours{Robin}\n\\newcommand{\\second}[1]{never}\n")
    (table,) = read_tables(file, [preamble])
    assert [(cell.row, cell.value) for cell in table.cells] == [(("Robin",), "2.7"), (("Robin",), "1.1")]
    preamble.write_text("\n\\newcommand{\\best}[1]{")
    with pytest.raises(InputError) as raised:
        read_tables(file, [preamble])
    assert raised.value.where == f"{preamble}:2"


@pytest.mark.parametrize(
    "row",
    [
        "Whisper & \\multicolumn{2}{c}{2.7} \\\\",
        "\\multirow{2}{*}{Whisper} & \\multirow{2}{*}{2.7} & 1.1 \\\\ & & 1.2 \\\\",
    ],
)
def test_a_number_under_several_labels_is_no_claim(tmp_path: Path, row: str) -> None:
    (table,) = read(tmp_path, body(row))
    assert [cell.reason for cell in table.cells if cell.text == "2.7"] == ["several-labels"]


def test_a_heading_above_the_header_heads_rows(tmp_path: Path) -> None:
    text = """\\begin{tabular}{lcc} \\toprule
\\multicolumn{3}{l}{Recognition} \\\\
Set & WER & CER \\\\ \\midrule
clean & 2.7 & 1.1 \\\\
\\multicolumn{3}{l}{Translation} \\\\
En--De & \\multicolumn{2}{c}{12k} \\\\ \\bottomrule
\\end{tabular}"""
    (table,) = read(tmp_path, text)
    assert [(cell.row, cell.column, cell.reason) for cell in table.cells] == [
        (("Recognition", "clean"), ("WER",), None), (("Recognition", "clean"), ("CER",), None),
        (("Translation", "En–De"), ("WER",), "several-labels"),
    ]  # fmt: skip


def test_a_rule_between_panels_makes_no_header_of_results(tmp_path: Path) -> None:
    text = """\\begin{tabular}{lcc}
 & \\multicolumn{2}{c}{LibriSpeech} \\\\
 & WER & CER \\\\
Whisper & 2.7 & 1.1 \\\\
SALMONN & 2.1 & .9 \\\\ \\hline
 & PER & SER \\\\
Whisper & 4.7 & 21.1 \\\\
\\end{tabular}"""
    (table,) = read(tmp_path, text)
    assert [(cell.row[-1], cell.column, cell.value) for cell in table.cells] == [
        ("Whisper", ("LibriSpeech", "WER"), "2.7"), ("Whisper", ("LibriSpeech", "CER"), "1.1"),
        ("SALMONN", ("LibriSpeech", "WER"), "2.1"), ("SALMONN", ("LibriSpeech", "CER"), "0.9"),
        ("Whisper", ("LibriSpeech", "PER"), "4.7"), ("Whisper", ("LibriSpeech", "SER"), "21.1"),
    ]  # fmt: skip


# Digits that occur nowhere else in the table, so that each is one cell.
NUMBERS = st.lists(st.integers(100, 999), min_size=6, max_size=6, unique=True)
SHAPES = [
    "{}",
    "\\textbf{{{}}}",
    "${}$",
    "{}\\%",
    "{}$^\\dagger$",
    "{{{}}}",
    "\\underline{{{}}}",
    "{}\\,$\\pm$\\,0.1",
    "\\makecell{{{}}}",
]


@given(
    NUMBERS,
    st.lists(st.sampled_from(SHAPES), min_size=6, max_size=6),
    st.sampled_from(["", "\\hline", "\\midrule", "\\cmidrule{2-3}"]),
)
def test_no_number_is_lost(numbers: list[int], shapes: list[str], rule: str) -> None:
    from audit.literature.tables.grid import build
    from audit.literature.tables.latex import tables

    cells = [shape.format(f"{number / 10:.1f}") for shape, number in zip(shapes, numbers, strict=True)]
    rows = "\n".join(f"M{i} & {cells[2 * i]} & {cells[2 * i + 1]} \\\\ {rule}" for i in range(3))
    (table,) = map(build, tables(body(rows), "made"))
    assert [cell.value for cell in table.cells] == [f"{number / 10:.1f}" for number in numbers]
    assert [cell.row for cell in table.cells[::2]] == [("M0",), ("M1",), ("M2",)]
    assert {cell.column for cell in table.cells} == {("WER",), ("CER",)}
