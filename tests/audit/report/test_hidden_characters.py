"""What cannot be seen in a text of others is named, in pages, LaTeX and by the page's script; spreadsheets run nothing."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup

from audit._util.csv_cells import FORMULA, plain_cell
from audit._util.html_templates import printable
from audit._util.paths import TEMPLATES
from audit.literature.export import table_csv
from audit.literature.works import Entry, load_works
from audit.report.csv import render_csv
from audit.report.editions import Edition
from audit.report.latex import render_tex
from audit.report.page import render
from tests.support.example_audit import build, document

HIDDEN = {
    "bidi": "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c",
    "zero width": "\u200b\u2060\u2061\u2062\u2063\u2064\ufeff\xad\u180e\u115f\u3164\uffa0",
    "tags": "".join(map(chr, range(0xE0020, 0xE0080))) + "\U000e0001",
    "selectors": "\U000e0100\U000e01ef",
    "annotations": "\ufff9\ufffa\ufffb",
}


def named(text: str) -> str:
    return "".join(f"[U+{ord(c):04X}]" for c in text)


@pytest.mark.parametrize("kind", HIDDEN)
def test_hidden_characters_are_named(kind: str) -> None:
    for character in HIDDEN[kind]:
        assert printable(f"a{character}b") == f"a{named(character)}b"
        assert printable(Markup("<b>{}</b>").format(f"a{character}")) in {
            Markup(f"<b>a{named(character)}</b>"),
            Markup(f"<b>a{character}</b>") if character in "\u2068\u2069" else "",
        }


def test_joiners_stay_where_they_shape_letters() -> None:
    for text in (
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0915\u094d\u200d\u0937",
        "\U0001f469\u200d\U0001f4bb\ufe0f",
    ):
        assert printable(text) == text
    assert printable("pay\u200dpal") == "pay[U+200D]pal"
    assert printable("\u200cx") == "[U+200C]x"


@pytest.mark.parametrize("kind", HIDDEN)
def test_in_every_page_and_in_latex(kind: str) -> None:
    value = build(conventions=3, claims=2, hostile=False)
    text = f"safe{HIDDEN[kind]}text"
    value["study"]["title"] = value["claims"][0]["task_name"] = text
    value["claims"][0]["task_short"] = [text]
    value["findings"]["prompts"]["st-en-zh"][0]["prompts"][0]["prompt"] = text
    audit = document(value)
    for edition in (Edition.ANSWERS, Edition.HTML, Edition.REPORT, Edition.ANNEX):
        page = re.sub(r"<script.*?</script>", "", render(audit, edition), flags=re.DOTALL)
        assert not set(page) & set(HIDDEN[kind]), edition
        if edition is not Edition.REPORT:
            assert named(HIDDEN[kind]) in page
    table = render_tex(audit)
    assert not set(table) & set(HIDDEN[kind])


def script(name: str) -> str:
    return (TEMPLATES / "js" / f"{name}.js").read_text(encoding="utf-8")


def test_the_script_knows_the_same_formulas() -> None:
    assert FORMULA in script("tables")


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_script_names_the_same_characters_and_makes_the_same_cells(tmp_path: Path) -> None:
    """Every assigned format character but joiners and the few with a width of their own, in Python and in the script."""
    seen = next(line for line in script("core").splitlines() if line.startswith("const seen"))
    cell = re.search(r"function csvCell.*?\n}", script("tables"), re.DOTALL)
    assert cell is not None
    texts = [f"a{c}b" for kind in HIDDEN for c in HIDDEN[kind] if unicodedata.category(c) == "Cf"]
    cells = [
        f"{before}{sign}1+1"
        for before in ("", " ", "\u00a0", "\u200b", "\ufeff", "x")
        for sign in "=+-@\uff1d\uff0b\uff0d\uff20"
    ]
    cells += ["\t1", "\r1", "\n1", " x", "1", "a=1"]
    made_of = f"[{json.dumps(texts)}.map(seen), {json.dumps(cells)}.map(csvCell)]"
    program = f"{seen}\n{cell[0]}\nconsole.log(JSON.stringify({made_of}));"
    made = subprocess.run(["node", "-e", program], capture_output=True, text=True, check=True, timeout=60)
    found, written = json.loads(made.stdout)
    assert found == [printable(text) for text in texts]
    read = [next(csv.reader(io.StringIO(text, newline=""))) for text in written]
    assert read == [[plain_cell(text)] for text in cells]


STARTS = [
    "=",
    "+",
    "-",
    "@",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
    "\t=",
    "\r=",
    "\n=",
    " =",
    "\u00a0+",
    "\ufeff@",
    "\u200b=",
]  # fmt: skip


def formulas(text: str, delimiter: str = ",") -> list[str]:
    """The cells that a spreadsheet would run: numbers are none."""
    cells = [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) for cell in row]
    return [cell for cell in cells if re.match(FORMULA, cell) and not re.fullmatch(r"[-+]?[0-9.]+", cell)]


@pytest.mark.parametrize("start", STARTS)
def test_no_column_of_the_measurements_is_a_formula(start: str) -> None:
    value = build(conventions=3, claims=3, hostile=False)

    def evil(item: Any, keys: frozenset[str]) -> Any:
        if isinstance(item, dict):
            return {
                k: f"{start}HYPERLINK(1)" if k in keys and isinstance(v, str) else evil(v, keys)
                for k, v in item.items()
            }
        return [evil(part, keys) for part in item] if isinstance(item, list) else item

    free = frozenset({"variant", "rule", "note", "source", "text", "method", "dataset"})
    text = render_csv(document({**value, **{k: evil(value[k], free) for k in ("claims", "measurements")}}))
    assert not formulas(text)
    assert text.count("HYPERLINK(1)") > 20
    audit = document(value)
    first = audit.measurements[0]
    odd = f"{start}1+1"
    changed = replace(first, id=odd, convention=odd, task=odd, metric=odd, value=odd, claim=None)
    assert not formulas(render_csv(replace(audit, measurements=(changed, *audit.measurements[1:]))))


@pytest.mark.parametrize("start", STARTS)
def test_no_column_of_the_works_is_a_formula(start: str) -> None:
    text = f"{start}HYPERLINK(1)"

    def entry(one: Entry) -> Entry:
        return replace(one, metric_as_named=text, data=text, split=text, same_data_reason=text, value=text)

    works = [
        replace(work, title=text, venue=text, variant=text, unverified=(text,), tasks=tuple(map(entry, work.tasks)))
        for work in load_works()[:20]
    ]
    made = table_csv(works)
    assert not formulas(made)
    assert made.count("HYPERLINK(1)") > 100


def test_there_is_one_writer_of_cells() -> None:
    root = TEMPLATES.parent / "audit"
    writers = [
        path.name for path in root.rglob("*.py") if re.search(r"csv\.(writer|DictWriter)", path.read_text("utf-8"))
    ]
    assert writers == ["csv_cells.py"]
