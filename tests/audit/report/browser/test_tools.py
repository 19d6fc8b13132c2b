"""What the script adds to the page: search, links, details, rows of a reader's file, downloads, keys; in a real Chromium."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit._util.csv_cells import csv_text
from audit._util.paths import TEMPLATES
from audit.report.page import render
from audit.report.script import MODULES, script, sentences
from audit.schema import AuditDocument
from tests.support.browser import Opened, needs_chromium
from tests.support.example_audit import build, document

pytestmark = needs_chromium
Show = Callable[..., Opened]
SHOWN = """[...document.querySelectorAll('table.measurements tbody tr:not(.detail)')]
  .filter((row) => !row.closest('[hidden]')).map((row) => row.id)"""
CLAIMS = "[...document.querySelectorAll('article.claim:not([hidden])')].map((e) => e.id)"
WER = "claim-asr-librispeech-clean.wer"


@pytest.fixture
def opened(show: Show, plain: bytes) -> Opened:
    return show(plain)


def choose(opened: Opened, label: str, value: str) -> None:
    if not opened.page.locator("#find").is_visible():
        opened.page.locator("button[aria-controls=find]").click()
    opened.page.locator("#find label").filter(has_text=re.compile(f"^{label} ")).locator("select").select_option(value)


def ids(scored: AuditDocument, keep: Callable[[Any], bool]) -> set[str]:
    return {f"m-{m.id.replace('/', '-')}" for m in scored.measurements if m.claim is not None and keep(m)}


def plainly(found: list[str]) -> set[str]:
    """Anchors with the characters that they encode."""
    return {re.sub(r"_([0-9a-f]{2})", lambda code: chr(int(code[1], 16)), text) for text in found}


# Search, filters, sorting


def test_the_script_is_small_and_plain() -> None:
    assert len(script().encode()) < 60_000
    assert sum((TEMPLATES / "js" / f"{name}.js").stat().st_size for name in MODULES) < 60_000
    assert {path.stem for path in (TEMPLATES / "js").iterdir()} == set(MODULES)
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|https?://(?!www\.w3\.org)",
        script(),
    )
    assert len(sentences()) > 50


def test_filters_show_what_the_audit_says(opened: Opened, scored: AuditDocument) -> None:
    everything = opened(SHOWN)
    assert plainly(everything) == ids(scored, lambda _: True)
    verdicts = {d.claim: d.verdict for d in scored.verdicts}
    convention = {(c.task, c.metric, c.id): c for c in scored.conventions}

    def of(m: Any, field: str) -> Any:
        found = convention.get((m.task, m.metric, m.convention or ""))
        return getattr(found, field) if found else ()

    work = next(w for c in scored.conventions for w in c.works)
    for label, value, keep in (
        ("Verdict", "undecided", lambda m: verdicts[m.claim] == "undecided"),
        ("Origin", "recorded", lambda m: m.origin == "recorded"),
        ("Grade", "C", lambda m: of(m, "grade") == "C"),
        ("Agreement", "worse", lambda m: m.agreement.kind == "worse"),
        ("Work", work, lambda m: work in of(m, "works")),
    ):
        choose(opened, label, value)
        assert plainly(opened(SHOWN)) == ids(scored, keep), label
        status = opened.page.inner_text("#find output")
        assert f"{len(ids(scored, keep))} of {len(everything)} measurements" in status
        assert f"Find ({len(ids(scored, keep))} of {len(everything)})" in opened.page.inner_text(".chapters")
        choose(opened, label, "")
    choose(opened, "Origin", "recomputed")
    choose(opened, "Agreement", "better")
    assert plainly(opened(SHOWN)) == ids(scored, lambda m: m.origin == "recomputed" and m.agreement.kind == "better")
    opened.page.get_by_role("button", name="Reset").click()
    assert opened(SHOWN) == everything


def test_search_finds_claims_and_measurements(opened: Opened, scored: AuditDocument) -> None:
    opened.page.locator("button[aria-controls=find]").click()
    opened.page.fill("#find input", "librispeech-clean")
    assert WER in opened(CLAIMS)
    opened.page.fill("#find input", "En2De whisper")
    assert opened(CLAIMS) == []
    opened.page.fill("#find input", "speech-clean HUFS")
    assert opened(CLAIMS) == [WER]
    assert {"m-asr-librispeech-clean.wer-recomputed-hufs", "m-asr-librispeech-clean.wer-recorded-hufs"} <= set(
        opened(SHOWN)
    )
    assert len(opened(SHOWN)) < sum(m.claim == "asr-librispeech-clean.wer" for m in scored.measurements)
    assert opened("[...document.querySelectorAll('#summary tbody tr:not([hidden])')].length") == 1
    opened.page.fill("#find input", "")
    assert len(opened(CLAIMS)) == len(scored.claims)


def test_a_claim_without_measurements_is_found_by_its_verdict(opened: Opened, scored: AuditDocument) -> None:
    choose(opened, "Verdict", "not-run")
    assert {f"claim-{d.claim}" for d in scored.verdicts if d.verdict == "not-run"} == set(opened(CLAIMS)) != set()


def test_tables_are_sorted_by_their_headings(opened: Opened) -> None:
    table = opened.page.locator(f"[id='{WER}'] table.measurements")
    values = "(t) => [...t.tBodies[0].rows].map((r) => parseFloat(r.cells[6].textContent.replace('\u2212', '-')))"
    before = table.evaluate(values)
    table.get_by_role("button", name="Difference").click()
    up = table.evaluate(values)
    known = [value for value in up if value is not None]
    assert known == sorted(known)
    assert table.locator("th", has_text="Difference").get_attribute("aria-sort") == "ascending"
    table.get_by_role("button", name="Difference").click()
    assert table.evaluate(values)[: len(known)] == sorted(known, reverse=True)
    table.get_by_role("button", name="No.").click()
    assert table.evaluate(values) == before
    summary = opened.page.locator("table.summary")
    summary.get_by_role("button", name="Verdict").click()
    badges = summary.evaluate("(t) => [...t.tBodies[0].rows].map((r) => r.cells[5].textContent.trim())")
    assert badges == sorted(badges)


# Links and details


def test_every_measurement_and_row_has_an_address(opened: Opened, scored: AuditDocument) -> None:
    found = opened(
        "[...document.querySelectorAll('table.measurements tbody tr')].map((r) => [r.id, r.cells[0].firstChild.hash])"
    )
    assert len(found) == len(ids(scored, lambda _: True))
    assert all(place and link == f"#{place}" for place, link in found)
    rows = opened("[...document.querySelectorAll('tr[data-row]')].map((r) => [r.id, r.querySelector('a.at').hash])")
    assert len(rows) >= 10
    assert all(link == f"#{place}" for place, link in rows)
    assert len({place for place, _ in rows}) == len(rows)


def test_a_link_opens_the_details_of_a_measurement(show: Show, plain: bytes, scored: AuditDocument) -> None:
    one = next(m for m in scored.measurements if m.metric == "wer" and m.fold and m.claim and m.prediction)
    opened = show(plain)
    place = f"m-{one.id.replace('/', '-')}"
    opened("(id) => { location.hash = id; }", place)
    detail = opened.page.locator(f"tr[id='{place}'] + tr.detail")
    detail.wait_for()
    text = detail.inner_text()
    assert one.value is not None
    assert one.prediction is not None
    assert one.counts is not None
    for said in (
        one.value,
        one.prediction.sha256,
        f"substitutions {one.counts['substitutions']}",
        "fold:corpus",
        "kind ratio",
    ):
        assert said in text, said
    link = opened.page.locator(f"tr[id='{place}'] a.at")
    assert link.get_attribute("aria-expanded") == "true"
    link.click()
    assert opened.page.locator("tr.detail").count() == 0
    link.focus()
    opened.page.keyboard.press("Enter")
    assert opened.page.locator("tr.detail").count() == 1
    assert opened("location.hash") == f"#{place}"


def test_a_link_into_closed_details_or_behind_a_filter_opens_them(opened: Opened) -> None:
    opened("""() => {
      const box = document.createElement("details");
      box.innerHTML = "<summary>closed</summary><p id='inside'>inside</p>";
      document.querySelector("main").append(box);
    }""")
    assert not opened.page.locator("#inside").is_visible()
    opened("() => { location.hash = 'inside'; }")
    opened.page.locator("#inside").wait_for(state="visible")
    choose(opened, "Origin", "recorded")
    place = opened("document.querySelector('table.measurements tr[hidden]').id")
    opened("(id) => { location.hash = id; }", place)
    opened.wait("(id) => !document.getElementById(id).hidden", place)
    assert opened("() => document.querySelectorAll('article.claim[hidden]').length") == 0


def test_two_conventions_and_two_runs_stand_side_by_side(opened: Opened, scored: AuditDocument) -> None:
    first, second = (f"asr-librispeech-clean.wer/{origin}/hufs" for origin in ("recomputed", "recomputed@second"))
    values = {m.id: m.value for m in scored.measurements}
    for one in (first, second):
        opened("(id) => { location.hash = ''; location.hash = id; }", f"m-{one.replace('/', '-').replace('@', '_40')}")
        opened.page.locator(
            f"tr[id$='{one.rpartition('.wer/')[2].replace('/', '-').replace('@', '_40')}'] + tr.detail button"
        ).first.click()
        box = opened.page.locator("#beside")
        assert box.is_visible()
        if one == first:
            box.get_by_role("button", name="Close").click()
    text = box.inner_text()
    assert values[first] in text
    assert values[second] in text
    assert "Second minus first: " in text
    lines = box.locator("tbody tr.other th").all_inner_texts()
    assert {"value", "run", "prediction"} <= set(lines)
    assert "signature" not in lines
    box.get_by_label("Second").select_option(next(
        name for name in values if name.startswith("asr-librispeech-clean.wer/recomputed/") and name != first))  # fmt: skip
    assert "signature" in box.locator("tbody tr.other th").all_inner_texts()
    assert "Only in the first: " in box.inner_text()
    opened.page.keyboard.press("Escape")
    assert not box.is_visible()


# Rows of the reader's own file


def test_rows_and_alignments_come_from_a_file_of_the_reader(opened: Opened, predictions: Path) -> None:
    page = opened.page
    page.set_input_files(
        "#row-texts-file",
        [predictions / "asr-librispeech-clean.jsonl", predictions / "asr-librispeech-clean@second.jsonl"],
    )
    opened.wait("document.querySelector('#row-texts [role=status]').textContent.includes('@second')")
    said = page.inner_text("#row-texts [role=status]")
    assert "asr-librispeech-clean.jsonl: 14 rows" in said
    assert said.count("It is a file that was scored.") == 2
    cell = page.locator("table[data-predictions='asr-librispeech-clean'] tr[data-row] .happened").first
    assert "Reference: " in cell.text_content()
    page.get_by_role("button", name="All rows of the file").click()
    box = page.locator("#rows")
    assert box.locator("article").count() == 14
    assert box.locator("article").first.locator(".row-text").count() == 3  # reference, one run, the other
    box.get_by_label("only outputs that differ").check()
    differing = box.locator("article").count()
    assert 0 < differing < 14
    box.get_by_label("Search").fill("0003")
    box.get_by_label("Search").press("Enter")
    assert box.locator("article").count() <= 1
    assert {request.partition(":")[0] for request in opened.requests} <= {"file", "data", "blob"}
    assert (opened.errors, opened.violations) == ([], [])


def test_a_file_that_was_not_scored_is_told_apart(opened: Opened, tmp_path: Path) -> None:
    changed = tmp_path / "asr-librispeech-clean.jsonl"
    row = {
        "id": "<b>1</b>",
        "reference": "the cat sat <img src=x onerror=alert(1)>",
        "hypothesis": "the bat sat </script>",
    }
    changed.write_text(json.dumps(row) + "\n{broken\n\n5\n", encoding="utf-8")
    opened.page.set_input_files("#row-texts-file", [changed])
    opened.wait("document.querySelector('#row-texts [role=status]').textContent.includes('rows')")
    said = opened.page.inner_text("#row-texts [role=status]")
    assert "2 lines are invalid JSON" in said
    assert "No value of this report comes from these bytes." in said
    opened.page.get_by_role("button", name="All rows of the file").click()
    article = opened.page.locator("#rows article").first
    assert article.locator("h3 bdi").inner_text() == "<b>1</b>"
    assert article.locator("del").all_inner_texts() == ["cat", "<img", "src=x", "onerror=alert(1)>"]
    assert article.locator("ins").all_inner_texts() == ["bat", "</script>"]
    assert opened("document.images.length") == 0
    assert (opened.errors, opened.violations) == ([], [])


def test_an_alignment_has_the_fewest_errors(opened: Opened) -> None:
    from rapidfuzz.distance import Levenshtein

    source = (TEMPLATES / "js" / "rows.js").read_text(encoding="utf-8")
    pairs = [
        ("a b c d", "a x c"),
        ("", "a b"),
        ("a b", ""),
        ("A b", "a B"),
        ("a b a b", "b a b a"),
        ("x " * 3, "y x"),
        ("", ""),
    ]
    found = opened(
        """([source, pairs]) => {
          const align = new Function("_", source + "; return align;")((text) => text);
          return pairs.map((pair) => align(...pair));
        }""",
        [source, pairs],
    )
    for (reference, output), (left, right, errors) in zip(pairs, found, strict=True):
        assert [word for _, word in left] == reference.split()
        assert [word for _, word in right] == output.split()
        assert errors == Levenshtein.distance(reference.lower().split(), output.lower().split())
        assert [w.lower() for same, w in left if same] == [w.lower() for same, w in right if same]


# Downloads


def saved(opened: Opened, name: str, number: int = 0) -> tuple[str, str]:
    with opened.page.expect_download() as download:
        opened.page.get_by_role("button", name=name).nth(number).click()
    return download.value.suggested_filename, Path(download.value.path()).read_text(encoding="utf-8")


def test_any_table_is_saved_as_csv(opened: Opened, scored: AuditDocument) -> None:
    assert (
        opened("document.querySelectorAll('main table:not(#check table)').length")
        == opened.page.locator("button[aria-label^='Save as CSV']").count()
    )
    name, text = saved(opened, "Save as CSV: Measurements of ASR on LibriSpeech test-clean: WER, by value")
    assert name == "measurements-of-asr-on-librispeech-test-clean-wer-by-value.csv"
    head, *lines = csv.reader(io.StringIO(text))
    assert head == [
        "No.",
        "Convention, grade",
        "Origin",
        "Value",
        "95 % interval",
        "Rows scored",
        "Difference",
        "Agreement",
    ]
    measured = [m for m in scored.measurements if m.claim == "asr-librispeech-clean.wer"]
    assert len(lines) == len(measured)
    assert all(re.fullmatch(r"[+-]?\d+(\.\d+)?|–", line[6]) for line in lines)
    opened("(id) => { location.hash = id; }", opened(SHOWN)[0])
    choose(opened, "Origin", "recorded")
    _, text = saved(opened, "Save as CSV: Measurements of ASR on LibriSpeech test-clean: WER, by value")
    assert len(list(csv.reader(io.StringIO(text)))) == 1 + sum(m.origin == "recorded" for m in measured)


FORMULAS = (
    "=1+1",
    "+SUM(A1)",
    "-2+3",
    "@x",
    "＝1",
    "－1",
    "\u22122+3",
    "-0.5",
    "+1.25",
    "\u22120.5",
    "2,000",
    'say "no"',
    "plain",
    "",
)


def test_cells_are_guarded_as_the_programs_are(opened: Opened) -> None:
    source = (TEMPLATES / "js" / "tables.js").read_text(encoding="utf-8")
    found = opened(
        "([source, cells]) => { const csvCell = new Function(source + '; return csvCell;')(); return cells.map(csvCell); }",
        [source, list(FORMULAS)],
    )
    for text, cell in zip(FORMULAS, found, strict=True):
        usual = re.sub("\u2212(?=[0-9])", "-", text)
        number = re.fullmatch(r"[-+]?\d+(\.\d+)?", usual)
        (wanted,) = list(csv.reader(io.StringIO(csv_text(["a"], [[usual if number else text]], numbers={"a"}))))[
            1:
        ] or [[""]]
        (got,) = list(csv.reader(io.StringIO(cell))) or [[""]]
        assert got == wanted or (text.startswith("\u2212") and got == [f"'{text}"]), text


def test_any_figure_is_saved_as_svg(opened: Opened) -> None:
    from xml.etree import ElementTree as ET

    figures = opened.page.locator("main figure").count()
    assert figures == opened.page.locator("button[aria-label^='Save as SVG']").count() > 5
    name, text = saved(opened, "Save as SVG: ASR on LibriSpeech test-clean: WER")
    assert name == "asr-on-librispeech-test-clean-wer.svg"
    root = ET.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("viewBox")
    assert "class" not in root.attrib
    assert opened.violations == []


# Keys


def test_keys(opened: Opened) -> None:
    page = opened.page
    top = """(id) => {
      const nodes = [document.getElementById(id), document.querySelector(".chapters")];
      const [one, bar] = nodes.map((node) => node.getBoundingClientRect());
      return Math.round(one.top - bar.bottom);
    }"""
    claims = opened(CLAIMS)
    page.keyboard.press("j")
    assert abs(opened(top, claims[0])) < 40
    assert opened("document.activeElement.textContent") == page.locator(f"[id='{claims[0]}'] h3").text_content()
    page.keyboard.press("j")
    assert abs(opened(top, claims[1])) < 40
    page.keyboard.press("k")
    assert abs(opened(top, claims[0])) < 40
    page.keyboard.press("/")
    assert opened("document.activeElement.type") == "search"
    page.keyboard.type("jk?/")
    assert page.input_value("#find input") == "jk?/"
    page.keyboard.press("Escape")
    assert not page.locator("#find").is_visible()
    page.locator("h1").click()
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.locator("#keys-on").uncheck()
    page.keyboard.press("Escape")
    assert not page.locator("#help").is_visible()
    page.keyboard.press("/")
    assert not page.locator("#find").is_visible()
    page.get_by_role("button", name="Keys").click()
    assert page.locator("#help").is_visible()


# The whole page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_is_wider_than_the_window_with_all_tools_open(
    width: int, scheme: str, show: Show, signed: bytes
) -> None:
    opened = show(signed, width=width, color_scheme=scheme)
    opened.page.locator("button[aria-controls=find]").click()
    opened("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    opened("(id) => { location.hash = id; }", opened(SHOWN)[3])
    opened.page.locator("tr.detail").first.wait_for(state="attached")
    wide = opened("""() => [...document.querySelectorAll("body *")].filter((e) => {
      const box = e.getBoundingClientRect();
      return box.width > 0 && box.right > innerWidth + 1 && !e.closest(".scroll, .chapters ul, .skip, .vh, svg, dialog");
    }).map((e) => e.tagName + "." + e.className)""")
    assert wide == []
    assert opened("document.documentElement.scrollWidth") <= width
    assert (opened.errors, opened.violations) == ([], [])


_CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("which", ["scored", "made up"])
def test_every_text_stands_out_from_its_ground(which: str, scheme: str, show: Show, signed: bytes) -> None:
    """Every verdict, grade and tag occurs in the made-up audit, whose check of itself finds many differences."""
    opened = show(signed if which == "scored" else render(document(build())), color_scheme=scheme)
    opened("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    opened.page.locator("button[aria-controls=find]").click()
    opened("(id) => { location.hash = id; }", opened(SHOWN)[0])
    assert opened(_CONTRAST) == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_figures_stand_out_in_both_themes(scheme: str, show: Show, plain: bytes) -> None:
    opened = show(plain, color_scheme=scheme)
    paper = opened("getComputedStyle(document.documentElement).backgroundColor")
    assert paper == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 24, 28)")
    texts = opened(
        "[...new Set([...document.querySelectorAll('.wide svg text')].map((e) => getComputedStyle(e).fill))]"
    )
    assert texts
    for colour in texts:
        assert ratio(colour, paper) >= 4.5, colour
    marks = opened(
        """[...new Set([...document.querySelectorAll('.wide svg circle, .wide svg path')]
          .flatMap((e) => [getComputedStyle(e).fill, getComputedStyle(e).stroke]))]"""
    )
    assert "rgb(31, 35, 40)" not in marks or scheme == "light"


def ratio(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(value) / 255 for value in re.findall(r"\d+", colour)[:3]]
        linear = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def test_printed_it_is_light_and_opens_everything(show: Show, signed: bytes) -> None:
    opened = show(signed, color_scheme="dark")
    opened("() => window.dispatchEvent(new Event('beforeprint'))")
    assert opened("[...document.querySelectorAll('main details')].every((one) => one.open)")
    opened.page.emulate_media(media="print", color_scheme="light")
    assert opened("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    for hidden in (".chapters", ".saves"):
        assert not opened.page.locator(hidden).first.is_visible()
    assert opened("[...document.querySelectorAll('.why p')].every((e) => getComputedStyle(e).breakInside === 'avoid')")


def test_printed_no_explanation_is_split(show: Show, signed: bytes, tmp_path: Path) -> None:
    """Chromium's own PDF: every paragraph of a verdict's reasons stands on one page."""
    from pypdf import PdfReader

    opened = show(signed)
    wanted = opened("[...document.querySelectorAll('.why p')].map((e) => e.textContent.replace(/\\s+/g, ''))")
    opened.page.pdf(path=tmp_path / "printed.pdf", format="A4")
    pages = ["".join(page.extract_text().split()) for page in PdfReader(tmp_path / "printed.pdf").pages]
    assert len(wanted) > 20
    split = [
        text for text in wanted if len(text) < 1500 and not any(_letters(text) in _letters(page) for page in pages)
    ]
    assert split == []


def _letters(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", text)


def test_without_script_the_page_is_whole(show: Show, signed: bytes, scored: AuditDocument) -> None:
    opened = show(signed, checked=False, java_script_enabled=False)
    assert opened.page.locator("table.measurements tbody tr").count() == len(ids(scored, lambda _: True))
    for absent in ("#check", "#find", ".saves", "dialog", "#check-facts"):
        assert not opened.page.locator(absent).first.is_visible() if opened.page.locator(absent).count() else True


def test_it_asks_for_nothing(show: Show, signed: bytes) -> None:
    opened = show(signed)
    opened.page.locator("button[aria-controls=find]").click()
    opened("(id) => { location.hash = id; }", opened(SHOWN)[0])
    saved(opened, "Save as CSV: All claims")
    assert {request.partition(":")[0] for request in opened.requests} <= {"file", "data", "blob"}
    assert sum(request.startswith("file:") for request in opened.requests) == 1
    policy = opened.page.locator("meta[http-equiv]").get_attribute("content")
    assert policy.startswith("default-src 'none'; ")
    assert opened("fetch('https://example.org/').then(() => 'sent', () => 'refused')") == "refused"
    assert opened.violations == ["connect-src"]


def test_hostile_texts_change_nothing_but_their_own_cell(show: Show) -> None:
    """Script, markup, directions and a word of a million letters in every field of the page that texts reach."""
    evil = (
        "</script><script>window.alerted = 1</script>", "<img src=x onerror='window.alerted = 2'>",
        "</td></tr></table><style>*{display:none}</style>", "\u202eright to left\u2066", "x" * 1_000_000, "{{ 7 * 7 }}",
        "__proto__", "javascript:window.alerted=3",
    )  # fmt: skip
    value = build(claims=4, conventions=len(evil))
    for n, one in enumerate(value["measurements"]):
        text = evil[n % len(evil)]
        one |= {"rule": text, "note": text, "source": text, "conditions": text[:2000]}
    for n, one in enumerate(value["conventions"]):
        one |= {"summary": evil[n % len(evil)], "notes": evil[(n + 1) % len(evil)][:2000]}
    for n, claim in enumerate(value["claims"]):
        claim |= {"notes": evil[n % len(evil)], "dataset": evil[(n + 2) % 4][:200]}
    value["findings"]["probe-odd"] = {"task": {"__proto__": {"polluted": 1}, "constructor": evil[0]}}
    opened = show(render(document(value)), width=390)
    assert opened("typeof window.alerted") == "undefined"
    assert opened("({}).polluted === undefined")
    assert opened("[document.scripts.length, document.images.length, document.styleSheets.length]") == [4, 0, 1]
    assert opened("document.querySelectorAll('table.measurements tbody tr').length") == len(value["measurements"])
    assert opened("document.documentElement.scrollWidth") <= 390
    opened.page.locator("button[aria-controls=find]").click()
    for place in opened(SHOWN)[:8]:
        opened("(id) => { location.hash = id; }", place)
    assert opened.page.locator("tr.detail").count() == 8
    assert opened("typeof window.alerted") == "undefined"
    assert (opened.errors, opened.violations) == ([], [])


# Fields with texts that anybody may have written; others are ids, numbers, hashes, and words of closed vocabularies.
FREE = frozenset({
    "about", "answer", "authors", "authors_first", "conditions", "counting", "data", "dataset", "effect", "found", "found_in",
    "judge", "metric_as_named", "model", "name", "note", "notes", "not_found", "prompt", "prompts_note", "reason", "rule",
    "said", "said_by", "same_data_reason", "source", "split", "statement", "summary", "survey_items", "table", "text", "title",
    "treatment_note", "unavailable", "unverified", "venue", "when", "who",
})  # fmt: skip
EVIL = {
    "script": "</script><script>window.alerted = 1</script><svg onload=alert(1)>",
    "style": "</style><style>*{display:none}</style><link rel=stylesheet href=//example.org>",
    "table": "</td></tr></table></section></main><h1>",
    "directions": "safe \u202e\u2066\u2067\u200f ",
    "word": "safe " + "x" * 5_000 + " ",
    "entities": "&lt;b&gt;&#0;&amp;amp; {{ 7 * 7 }} {% raw %} ",
}
_STRUCTURE = """() => [...document.querySelectorAll("body, body *")].filter((e) => e.localName !== "script")
  .map((e) => e.localName + "#" + e.id + "." + e.classList)"""


def _with(value: Any, before: str, inside: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _with(item, before, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_with(item, before, inside) for item in value]
    return before + value if isinstance(value, str) and inside in FREE else value


@pytest.mark.parametrize("kind", EVIL)
@pytest.mark.parametrize("width", [390, 1280])
def test_a_hostile_text_in_any_field_changes_no_element(kind: str, width: int, show: Show) -> None:
    """The same elements in the same order, whatever stands before every text; only texts differ."""
    value = build(conventions=4, claims=5, hostile=False)
    usual, evil = (show(render(document(_with(value, text))), width=width) for text in ("safe ", EVIL[kind]))
    assert evil(_STRUCTURE) == usual(_STRUCTURE)
    assert evil("typeof window.alerted") == "undefined"
    assert evil("document.styleSheets.length") == 1
    assert evil("document.documentElement.scrollWidth") <= width
    shown = evil("document.body.textContent.length") - usual("document.body.textContent.length")
    assert shown > 20 * (len(EVIL[kind]) - len("safe "))
    assert (evil.errors, evil.violations) == ([], [])
