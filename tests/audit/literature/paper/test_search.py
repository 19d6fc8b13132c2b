from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from audit.errors import InputError
from audit.literature.paper.layout import table_number
from audit.literature.paper.search import Looked, search
from tests.support.papers import PROSE, claim, pdf, table

pytestmark = pytest.mark.pdf

HEAD = ("Model", "clean", "other")
ROWS = (
    HEAD,
    ("Whisper large v2", "2.7", "5.2"),
    ("Qwen2-Audio", "1.9<sup>1</sup>", "<b>4.1</b> ± 0.2"),
    ("SALMONN", "2.1†", "–"),
)


def look(path: Path, body: str, *claims: object) -> list[Looked]:
    return list(search(pdf(path / "paper.pdf", body), claims).claims)  # type: ignore[arg-type]


def pages(found: list[Looked]) -> list[int | None]:
    return [item.page for item in found]


def test_values_in_their_row_and_column(tmp_path: Path) -> None:
    body = f"<p>{PROSE * 3}</p><p>Table 2: Word error rates in percent.</p>{table(*ROWS)}<p>{PROSE * 3}</p>"
    found = look(
        tmp_path, body,
        claim("2.7", "Whisper large v2", "clean"), claim("1.9", "Qwen2-Audio", "clean"), claim("4.1", "Qwen2-Audio", "other"),
        claim("2.1", "SALMONN", "clean"),
    )  # fmt: skip
    assert pages(found) == [1, 1, 1, 1]
    assert {item.told for item in found} == {"p. 1"}


def test_a_footnote_mark_is_no_digit(tmp_path: Path) -> None:
    body = f"<p>Table 2: Word error rates in percent.</p>{table(*ROWS)}"
    assert pages(look(tmp_path, body, claim("1.91", "Qwen2-Audio", "clean"))) == [None]


@pytest.mark.parametrize(
    ("value", "row", "column", "why"),
    [
        ("5.2", "Qwen2-Audio", "other", "not in the row"),
        ("5.2", "Whisper large v2", "clean", "in another column"),
        ("3.3", "Whisper large v2", "clean", "not in the row"),
        ("2.70", "Whisper large v2", "clean", "not in the row"),
        ("0.2", "Qwen2-Audio", "other", "not in the row"),
        ("2.7", "Whisper large v3", "clean", "no line of Table 2"),
    ],
)
def test_the_string_elsewhere_on_the_page_proves_nothing(
    tmp_path: Path, value: str, row: str, column: str, why: str
) -> None:
    # 3.3 and 2.70 stand in the prose, one of them on a line with the model's name.
    prose = f"{PROSE} Whisper large v2 has 3.3 in our own run. {PROSE} 2.70"
    body = f"<p>{prose}</p><p>Table 2: Word error rates in percent.</p>{table(*ROWS)}<p>{PROSE * 3}</p>"
    (found,) = look(tmp_path, body, claim(value, row, column))
    assert found.page is None
    assert why in found.told


def test_prose_below_the_table_is_no_row_of_it(tmp_path: Path) -> None:
    prose = f"Whisper large v2 has an error rate of 3.3 in a run of our own on a machine with more memory. {PROSE * 2}"
    body = f"<p>{PROSE}</p><p>Table 2: Word error rates in percent.</p>{table(*ROWS)}<p>{prose}</p>"
    found = look(
        tmp_path, body, claim("3.3", "Whisper large v2", "no such column"), claim("2.7", "Whisper large v2", "clean")
    )
    assert pages(found) == [None, 1]


def test_two_columns_of_text(tmp_path: Path) -> None:
    # The right column's prose stands at the height of the table's rows, with the numbers of other rows.
    right = "<br>".join(f"{n}: 3.3 and {n} as in 9.9 of Whisper large v2 and so on here" for n in range(60))
    body = (
        f"<div class=columns><p>{PROSE * 4}</p><p>Table 2: Word error rates in percent.</p>{table(*ROWS)}"
        f"<p>{PROSE * 16}</p><p>{PROSE}</p><p>{right}</p></div>"
    )
    found = look(
        tmp_path, body,
        claim("2.7", "Whisper large v2", "clean"), claim("9.9", "Whisper large v2", "clean"), claim("3.3", "SALMONN", "other"),
    )  # fmt: skip
    assert pages(found) == [1, None, None]


def test_a_table_over_both_columns(tmp_path: Path) -> None:
    wide = table(
        ("Model", *(f"language number {n}" for n in range(6))), ("Whisper", "1.0", "2.0", "3.0", "4.0", "5.0", "6.0")
    )
    body = (
        f"<p style='text-align: center'>Table 2: Error rates for six languages.</p>{wide}"
        f"<div class=columns style='height: 15cm'><p>{PROSE * 8}</p><p>{PROSE * 6}</p></div>"
    )
    found = look(
        tmp_path, body, claim("6.0", "Whisper", "language number 5"), claim("6.0", "Whisper", "language number 0")
    )
    assert pages(found) == [1, None]


def test_the_table_of_that_number_and_no_other(tmp_path: Path) -> None:
    other = table(HEAD, ("Whisper large v2", "9.1", "9.2"))
    body = (
        f"<p>Table 1: Baselines, as reported.</p>{other}<p>{PROSE * 3} See\nTable 2 shows the rest.</p>"
        f"<p>Table 2: Word error rates in percent.</p>{table(*ROWS)}"
        f"<p>Table 3: Once more, with another decoder.</p>{table(HEAD, ('Whisper large v2', '8.1', '8.2'))}"
    )
    found = look(
        tmp_path, body,
        claim("2.7", "Whisper large v2", "clean"), claim("9.1", "Whisper large v2", "clean"),
        claim("8.1", "Whisper large v2", "clean"),
        claim("9.1", "Whisper large v2", "clean", "Table 1"), claim("8.2", "Whisper large v2", "other", "Table 3"),
        claim("8.2", "Whisper large v2", "other", "Table 4"), claim("8.2", "Whisper large v2", "other", "the leaderboard"),
    )  # fmt: skip
    assert pages(found) == [1, None, None, 1, 1, None, None]
    assert found[5].told == "not found: no caption of Table 4"
    assert "names no numbered table" in found[6].told


def test_captions_below_their_tables(tmp_path: Path) -> None:
    body = (
        f"<p>{PROSE * 3}</p>{table(HEAD, ('Whisper large v2', '9.1', '9.2'), ('SALMONN', '9.3', '9.4'))}"
        "<p>Table 1: Baselines.</p>"
        f"<p>{PROSE * 5}</p>{table(*ROWS)}<p>Table 2: Word error rates in percent.</p><p>{PROSE * 5}</p>"
    )
    found = look(tmp_path, body, claim("2.7", "Whisper large v2", "clean"), claim("9.1", "Whisper large v2", "clean"))
    assert pages(found) == [1, None]


def test_rows_under_headings(tmp_path: Path) -> None:
    rows = (
        HEAD, ("Open models", "", ""), ("Whisper", "1.1", "1.2"), ("SALMONN", "2.1", "2.2"),
        ("Closed models", "", ""), ("Whisper", "3.1", "3.2"), ("SALMONN", "4.1", "4.2"),
    )  # fmt: skip
    body = f"<p>Table 2: Word error rates in percent.</p>{table(*rows)}<p>{PROSE * 3}</p>"
    found = look(
        tmp_path, body,
        claim("2.1", "Open models, SALMONN", "clean"), claim("4.1", "Open models, SALMONN", "clean"),
        claim("4.2", "Closed models, SALMONN", "other"), claim("3.1", "Closed models, Whisper", "clean"),
        claim("1.1", "Closed models, Whisper", "clean"),
    )  # fmt: skip
    assert pages(found) == [1, None, 1, 1, None]


def test_labels_that_span_rows(tmp_path: Path) -> None:
    body = """<p>Table 2: Captions by two metrics, for two sets.</p><table>
      <tr><td>Set</td><td>Metric</td><td>Ours</td></tr>
      <tr><td rowspan=2>AudioCaps</td><td>METEOR</td><td>24.1</td></tr><tr><td>SPIDEr</td><td>41.2</td></tr>
      <tr><td rowspan=2>Clotho</td><td>METEOR</td><td>17.3</td></tr><tr><td>SPIDEr</td><td>26.4</td></tr></table>"""
    found = look(
        tmp_path, body,
        claim("24.1", "AudioCaps, METEOR", "Ours"), claim("26.4", "Clotho, SPIDEr", "Ours"),
        claim("17.3", "Clotho, METEOR", "Ours"), claim("24.1", "Clotho, METEOR", "Ours"),
        claim("26.4", "AudioCaps, SPIDEr", "Ours"),
    )  # fmt: skip
    assert pages(found) == [1, 1, 1, None, None]


@pytest.mark.parametrize("align", ["top", "middle"])
@pytest.mark.parametrize("sizes", [(3, 3), (2, 3, 2), (1, 3), (4, 2)])
def test_labels_beside_rows_on_the_first_or_in_the_middle(tmp_path: Path, align: str, sizes: tuple[int, ...]) -> None:
    rows, claims, wrong = [], [], []
    for group, size in enumerate(sizes):
        for n in range(size):
            span = f"<td rowspan={size} style='vertical-align: {align}'>Set {'ABC'[group]}</td>" if n == 0 else ""
            rows.append(f"<tr>{span}<td>model-{'xyzw'[n]}</td><td>{group}{n}.5</td></tr>")
            claims.append(
                claim(
                    f"{group}{n}.5".lstrip("0") if group else f"0{n}.5", f"Set {'ABC'[group]}, model-{'xyzw'[n]}", "WER"
                )
            )
            wrong.append(claim(f"{group}{n}.5", f"Set {'ABC'[group - 1]}, model-{'xyzw'[n]}", "WER"))
    body = (
        f"<p>Table 2: Results by set.</p><table><tr><td>Set</td><td>Model</td><td>WER</td></tr>{''.join(rows)}</table>"
    )
    found = look(tmp_path, body, *claims)
    assert pages(found).count(1) >= len(claims) - (2 if sizes == (1, 3) else 0), [item.told for item in found]
    assert set(pages(look(tmp_path, body, *wrong))) == {None}


def test_values_as_papers_print_them(tmp_path: Path) -> None:
    rows = (("Model", "F1", "clips", "Δ", "clean / other"), ("BLSP", ".853", "1,000", "−1.2", "1.6/3.6"))
    body = f"<p>TABLE II</p><p>Results of every kind.</p>{table(*rows)}<p>{PROSE}</p>"
    found = look(
        tmp_path, body, claim("0.853", "BLSP", "F1"), claim("1000", "BLSP", "clips"), claim("-1.2", "BLSP", "Δ"),
        claim("3.6", "BLSP", "clean / other [other]"), claim("1.2", "BLSP", "Δ"),
    )  # fmt: skip
    assert pages(found) == [1, 1, 1, 1, None]


def test_the_second_page_and_the_hash(tmp_path: Path) -> None:
    body = f"<p>{PROSE}</p><p style='page-break-before: always'>Table 2: Word error rates in percent.</p>{table(*ROWS)}"
    path = pdf(tmp_path / "paper.pdf", body)
    found = search(path, [claim("2.7", "Whisper large v2", "clean")])
    assert found.claims[0].page == 2
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("raw", [b"", b"%PDF-1.7\nnonsense", b"\x89PNG"])
def test_a_file_that_cannot_be_read(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "paper.pdf"
    path.write_bytes(raw)
    with pytest.raises(InputError, match="not a readable PDF"):
        search(path, [])
    with pytest.raises(InputError, match="cannot read"):
        search(tmp_path / "none.pdf", [])


def test_a_pdf_without_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no text"):
        search(pdf(tmp_path / "paper.pdf", "<p></p>"), [])


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Table 2", "2"),
        ("TABLE IV", "4"),
        ("Tab. A1, left", "A1"),
        ("Table 10b", "10b"),
        ("the leaderboard", None),
        ("Tables", None),
    ],
)
def test_numbers_of_tables(text: str, number: str | None) -> None:
    assert table_number(text) == number
