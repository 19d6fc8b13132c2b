from __future__ import annotations

import base64
import copy
import hashlib
import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from audit.document.read import parse_document
from audit.document.write import to_bytes
from audit.report.editions import Edition
from audit.report.page import render
from audit.report.vocabulary import verdicts
from tests.support.example_audit import CLAIMS, build, document

VOID = {"meta", "br", "input", "link", "hr", "img", "path", "circle", "rect"}
# The elements that a start tag ends, and an end tag as well, for whose own end tags may be left out.
CELLS, ROWS = {"td", "th"}, {"td", "th", "tr"}
ENDED = {"td": CELLS, "th": CELLS, "tr": ROWS, "tbody": ROWS, "thead": ROWS, "table": ROWS}


class Page(HTMLParser):
    """Collects what the tests ask for, and fails on elements that do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.hrefs: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "a" and given.get("href"):
            self.hrefs.append(str(given["href"]))
        if tag not in VOID:
            self.end(tag)
            self.open.append(tag)

    def end(self, tag: str) -> None:
        while self.open and self.open[-1] in ENDED.get(tag, ()) and tag != "table":
            self.open.pop()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            while tag not in ROWS and self.open[-1] in ROWS:
                self.open.pop()
            assert self.open, tag
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["script"]:
            self.text.append(data)


@pytest.fixture(scope="module")
def parsed(page: str) -> Page:
    return Page(page)


def render_html(value: dict[str, Any]) -> str:
    """The page for a screen of the audit.json with this value."""
    return render(document(value))


def visible(page: Page) -> str:
    return " ".join(" ".join(page.text).split())


def test_same_document_same_bytes_and_the_document_is_left_alone(audit: dict[str, Any], page: str) -> None:
    read = document(audit)
    before = copy.deepcopy(read)
    assert render(read) == page
    assert read == before
    shuffled = {key: audit[key] for key in reversed(list(audit))}
    assert render_html(shuffled) == page


def test_elements_nest_and_every_inner_link_leads_somewhere(parsed: Page) -> None:
    assert len(parsed.ids) == len(set(parsed.ids))
    inner = {h[1:] for h in parsed.hrefs if h.startswith("#")}
    assert len(inner) > 20
    assert inner <= set(parsed.ids)


def test_nothing_is_loaded_and_only_its_own_script_may_run(parsed: Page, page: str) -> None:
    outer = {h for h in parsed.hrefs if not h.startswith("#")}
    assert outer
    assert all(h.startswith("https://") for h in outer)
    for tag, given in parsed.tags:
        assert tag not in {"img", "link", "iframe", "object", "embed", "base", "form"}
        assert "src" not in given
        assert "style" not in given
        assert not any(name.startswith("on") for name in given)
    style = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert (len(style), len(script)) == (1, 1)
    loaded = re.findall(r"""url\(\s*["']?([^"')]*)""", style[0], re.IGNORECASE)
    assert loaded
    assert {address.partition(",")[0] for address in loaded} == {"data:font/woff2;base64"}
    assert "@import" not in style[0].lower()
    assert "http" not in style[0]
    assert "http" not in script[0]
    policy = next(g["content"] for t, g in parsed.tags if g.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    for text in (style[0], script[0]):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


def test_hostile_texts_are_shown_and_do_nothing(parsed: Page, page: str) -> None:
    assert page.count("<script") == 4  # linked data, audit.json, the place for its signature, and the script itself
    text = visible(parsed)
    assert "</script><script>alert(1)</script>" in text
    assert "{{ 7 * 7 }} {% raw %} & < > \" '" in text
    assert "a non-character \ufffd and a control \ufffd" in text
    assert "\u202e" not in page
    assert "javascript:" not in re.sub(r'<script type="application/json" id="audit-json">.*?</script>', "", page)
    page.encode("utf-8")


def test_a_lone_surrogate_is_shown_as_such_and_the_same_as_from_the_file(audit: dict[str, Any]) -> None:
    """The text of an output may hold one; no UTF-8 can."""
    read = document(audit)
    broken = replace(read, study=replace(read.study, title="half a pair \ud83d"))
    shown = render(broken)
    assert "half a pair \ufffd" in visible(Page(shown))
    shown.encode("utf-8")
    assert shown == render(parse_document(to_bytes(broken), "audit.json"))


def test_every_claim_measurement_and_verdict_is_there(parsed: Page, audit: dict[str, Any]) -> None:
    text = visible(parsed)
    for claim in audit["claims"]:
        assert f"claim-{claim['id']}" in parsed.ids
        assert claim["value"] in text
    for verdict in verdicts().values():
        assert verdict.label in text
        assert verdict.meaning in text
    assert [rule["verdict"] for rule in audit["rules"]] == list(verdicts())
    for rule in audit["rules"]:
        assert f"{rule['when'][:1].upper()}{rule['when'][1:]}." in text
    for convention in audit["conventions"]:
        assert convention["hash"] in text
        assert convention["signature"] in text
    for item in audit["inputs"]:
        assert item["sha256"] in text


def test_recorded_values_are_marked_wherever_they_stand_in_a_table(page: str, audit: dict[str, Any]) -> None:
    rows = re.findall(r'<tr id="m-[^>]*><td>\d+<th .*?\n', page)
    assert len(rows) == len(audit["measurements"])
    marked = [row for row in rows if "<td><em>recorded</em>" in row]
    assert len(marked) == sum(m["origin"] == "recorded" for m in audit["measurements"])
    for row in marked:
        assert re.search(r'<td><em>(<span class="[di]\d">)?[^<]+(</span>)?</em><td>', row)
    for row in set(rows) - set(marked):
        assert "<td>recomputed<" in row


def test_unverified_values_are_marked(page: str, audit: dict[str, Any]) -> None:
    unverified = sum(not c["verified"] for c in audit["claims"])
    assert unverified
    assert page.count("unverified: seen in one transcription only") == unverified
    assert page.count("verified: independent transcriptions agree") == len(audit["claims"]) - unverified


def test_findings_are_tables_and_unknown_kinds_are_shown(parsed: Page) -> None:
    text = visible(parsed)
    assert "the prompt comes back" in text
    assert "3 of 900" in text
    assert "nothing found by loop" in text
    assert "0.25 0.2 to 0.3" in text or "0.2500 0.2000 to 0.3000" in text
    assert "with probability 0.0005 or less (1,999 permutations" in text
    assert "500 of 2,000" in text
    assert "Probe determinism" in text
    assert "Outputs change with the batch." in text


def test_the_bibliography_is_there(parsed: Page) -> None:
    assert "\u0141uczak, A.: Alpha. Invented, 2025. arxiv.org/abs/3101.00000" in visible(parsed)


def test_figures_have_a_name_and_a_description(parsed: Page) -> None:
    figures = [g for t, g in parsed.tags if t == "svg" and g.get("role") == "img"]
    # Each claim that was run has one for wide and one for narrow screens.
    assert len(figures) == 2 * (len(CLAIMS) - 1)
    assert len({str(given["aria-labelledby"]) for given in figures}) == len(figures)
    for given in figures:
        names = str(given["aria-labelledby"]).split()
        assert len(names) == 2
        assert set(names) <= set(parsed.ids)
    hidden = [g for t, g in parsed.tags if t == "svg" and g.get("class", "") != "" and g.get("role") is None]
    assert hidden
    assert all(g.get("aria-hidden") == "true" for g in hidden)


def test_headings_go_down_one_step_at_a_time(parsed: Page) -> None:
    levels = [int(t[1]) for t, _ in parsed.tags if re.fullmatch(r"h[1-6]", t)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_table_heads_have_a_scope(parsed: Page) -> None:
    heads = [g for t, g in parsed.tags if t == "th"]
    assert heads
    assert all(g.get("scope") in {"col", "row"} for g in heads)


def test_a_document_with_nothing_in_it(audit: dict[str, Any]) -> None:
    empty = {
        "schema": audit["schema"],
        "source_date_epoch": 0,
        "study": {"id": "empty"},
        **{key: [] for key in ("claims", "conventions", "measurements", "verdicts")},
    }
    text = visible(Page(render_html(empty)))
    assert "Reproducibility audit: empty" in text
    assert "other works" not in text


def test_optional_parts_may_be_missing(audit: dict[str, Any]) -> None:
    bare = copy.deepcopy(audit)
    for key in ("findings", "literature", "software", "inputs", "project", "rules"):
        del bare[key]
    for item in bare["measurements"]:
        for key in (
            "interval",
            "rows",
            "rule",
            "invalid",
            "note",
            "source",
            "prediction",
            "conditions",
            "judge",
            "agreement",
        ):
            del item[key]
    for claim in bare["claims"]:
        for key in ("rounding", "locator", "prompt", "other_columns", "notes", "dataset", "expected_rows"):
            del claim[key]
    Page(render_html(bare))


@pytest.mark.parametrize(("edition", "most"), [(Edition.REPORT, 12), (Edition.ANNEX, 50)])
def test_paper_shows_the_nearest_of_very_many_and_says_so(edition: Edition, most: int) -> None:
    value = build(conventions=60, claims=1, hostile=False)
    text = render(document(value), edition)
    assert f"The {most} nearest of 60 measurements" in text
    assert len(re.findall(r"<tr[^>]*><td>\d+<th ", text)) == most
    assert 'class="deciding"' in text
    reported = float(value["claims"][0]["value"])
    gaps = sorted(abs(float(m["value"]) - reported) for m in value["measurements"])
    shown = [
        float(v)
        for v in re.findall(r'<td>(?:<em>)?(?:<span class="[di]\d">)?([0-9.]+)(?:</span>)?(?:</em>)?<td>', text)
    ]
    assert max(abs(v - reported) for v in shown) <= gaps[most - 1] + 0.001
    assert all((c["hash"] in text) == (edition is Edition.ANNEX) for c in value["conventions"])
    assert "nearest of" not in render_html(value)


def test_two_hundred_conventions_for_each_of_23_claims_stay_below_five_megabytes() -> None:
    value = build(conventions=200, claims=23, hostile=False)
    assert len(value["measurements"]) > 3_900
    assert len(render_html(value).encode()) < 5_000_000
