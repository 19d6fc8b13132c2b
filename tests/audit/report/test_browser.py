from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit.schema import AttributedGap, AttributedStep, GapRow, PayingRowsOfGap
from tests.support.example_audit import build, document

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
]

# The page is the inside of a frame, so that its width can be that of a phone and its content can be asked from outside.
_FRAME = """<!DOCTYPE html><meta charset="utf-8"><body><iframe id="f" style="width:{width}px;height:900px;border:0"
 srcdoc="{page}"></iframe><script>
var violations = [];
document.getElementById("f").addEventListener("load", function () {{
  var d = this.contentDocument, w = this.contentWindow;
  d.addEventListener("securitypolicyviolation", function (e) {{ violations.push(e.violatedDirective); }});
  var result = (function () {{ {probe} }})();
  result.violations = violations;
  document.body.setAttribute("data-result", JSON.stringify(result));
}});
</script>"""


def ask(page: str, probe: str, tmp_path: Path, *, width: int = 1280) -> dict[str, Any]:
    """What a probe (JavaScript with the page's document `d` and window `w`) returns in a real browser."""
    assert CHROMIUM is not None
    outer = tmp_path / "outer.html"
    outer.write_text(_FRAME.format(width=width, page=html.escape(page), probe=probe), encoding="utf-8")
    ran = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--host-rules=MAP * ~NOTFOUND",
         f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=4000", "--dump-dom", outer.as_uri()],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    found = re.search(r'data-result="([^"]*)"', ran.stdout)
    assert found, ran.stderr[-2000:]
    result: dict[str, Any] = json.loads(html.unescape(found[1]))
    return result


_OVERFLOW = """
  var wide = [];
  d.querySelectorAll("body *").forEach(function (e) {
    var box = e.getBoundingClientRect();
    if (box.right > w.innerWidth + 1 && box.width > 0 && !e.closest(".scroll, .chapters, .skip, .vh, svg")) {
      wide.push(e.tagName + "." + e.className);
    }
  });
  d.querySelectorAll("table.summary, table.measurements, table.conventions").forEach(function (t) {
    var box = t.parentElement;
    if (box.scrollWidth > box.clientWidth && w.innerWidth <= 400) { wide.push("inside " + t.className); }
  });
  return {wide: wide, scroll: d.documentElement.scrollWidth, width: w.innerWidth};
"""


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_window(page: str, tmp_path: Path, width: int) -> None:
    found = ask(page, _OVERFLOW, tmp_path, width=width)
    assert found["width"] == width
    assert found["wide"] == []
    assert found["scroll"] <= width
    assert found["violations"] == []


@pytest.mark.parametrize("width", [390, 500])
def test_nor_is_the_audit_that_comes_with_the_project(tmp_path: Path, width: int) -> None:
    """Its survey is wider than the examples'."""

    from audit.pipeline.request import AuditRequest
    from audit.pipeline.run import run
    from audit.report.page import render

    found = ask(render(run(AuditRequest(replicates=0)).document, paged=False), _OVERFLOW, tmp_path, width=width)
    assert found["wide"] == []
    assert found["scroll"] <= width


def test_the_matrix_can_be_filtered_and_sorted(page: str, tmp_path: Path) -> None:
    probe = """
      var rows = function () {
        return Array.prototype.filter.call(d.querySelectorAll("#matrix tbody tr"), function (r) { return !r.hidden; })
          .map(function (r) { return r.cells[0].textContent.trim(); });
      };
      var fire = function (e, name) { e.dispatchEvent(new w.Event(name)); };
      var all = rows();
      var search = d.querySelector("#survey-controls input");
      search.value = "bet"; fire(search, "input");
      var one = rows(), said = d.querySelector("#survey-controls output").textContent;
      search.value = ""; fire(search, "input");
      var code = d.querySelectorAll("#survey-controls select")[1];
      code.value = "yes"; fire(code, "change");
      var coded = rows();
      code.value = ""; fire(code, "change");
      var year = d.querySelectorAll("#matrix button.sort")[1];
      year.click(); year.click();
      var head = year.closest("th").getAttribute("aria-sort");
      return {all: all, one: one, said: said, coded: coded, sorted: rows(), head: head,
              labels: Array.prototype.every.call(d.querySelectorAll("#survey-controls select"),
                                                 function (s) { return s.labels.length === 1; })};
    """
    found = ask(page, probe, tmp_path)
    assert found["all"] == ["Alpha", "Beta"]
    assert (found["one"], found["said"]) == (["Beta"], "1 of 2 works")
    assert found["coded"] == ["Alpha"]
    assert found["sorted"] == ["Beta", "Alpha"]
    assert found["head"] == "descending"
    assert found["labels"]
    assert found["violations"] == []


def test_without_the_script_the_matrix_is_whole(page: str, tmp_path: Path) -> None:
    quiet = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    probe = """
      return {rows: d.querySelectorAll("#matrix tbody tr").length,
              controls: w.getComputedStyle(d.getElementById("survey-controls")).display};
    """
    found = ask(quiet, probe, tmp_path)
    assert found["rows"] == 2
    assert found["controls"] == "none"


def test_hostile_texts_run_nothing(page: str, tmp_path: Path) -> None:
    found = ask(
        page, "return {alerts: typeof w.alerted, scripts: d.scripts.length, images: d.images.length};", tmp_path
    )
    assert found == {"alerts": "undefined", "scripts": 1, "images": 0, "violations": []}


_CONTRAST = """
  function channel(v) { v /= 255; return v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); }
  function rgb(text) { return text.match(/[\\d.]+/g).map(Number); }
  function light(c) { return 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]); }
  var poor = {};
  d.querySelectorAll("body *:not(script)").forEach(function (e) {
    var own = Array.prototype.some.call(e.childNodes, function (n) { return n.nodeType === 3 && n.data.trim(); });
    if (!own || e.closest("svg, .vh, .skip")) { return; }
    var back = [255, 255, 255];
    for (var p = e; p; p = p.parentElement) {
      var c = rgb(w.getComputedStyle(p).backgroundColor);
      if (c.length === 3 || c[3] > 0.9) { back = c; break; }
    }
    var a = light(rgb(w.getComputedStyle(e).color)), b = light(back);
    var ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) { poor[e.tagName + "." + e.className] = ratio; }
  });
  return {poor: poor};
"""


def test_every_text_stands_out_from_its_ground(page: str, tmp_path: Path) -> None:
    assert ask(page, _CONTRAST, tmp_path)["poor"] == {}


_TEXTS = """
  var box = d.getElementById("row-texts"), cell = d.querySelector("tr[data-row='u1'] .happened");
  var lines = JSON.stringify({id: "u1", reference: "the cat sat down", hypothesis: "The bat <img src=x> sat down"}) + "\\n"
    + JSON.stringify({id: "u9", reference: "x", hypothesis: "x"}) + "\\n{broken\\n";
  var said = box.showRows(FILE, lines), other = box.showRows("nothing.jsonl", lines);
  box.showRows(FILE, lines);
  function of(tag) { return Array.prototype.map.call(cell.querySelectorAll(tag), function (e) { return e.textContent; }); }
  return {hidden: box.hidden, said: said, other: other, paragraphs: cell.querySelectorAll(".row-text").length,
          wrong: of("del"), right: of("ins"), images: cell.querySelectorAll("img").length,
          kept: cell.firstChild.textContent, input: box.querySelector("input").type};
"""


def test_rows_show_their_texts_from_a_file_of_the_reader(tmp_path: Path) -> None:
    from audit.report.page import render

    example = document(build(hostile=False))
    claim = example.claims[0]
    step = AttributedStep(("normaliser",), "lower", "", "-1/3", None)
    gap = AttributedGap(claim.task, claim.metric, "c00", "c01", "5", "14/3", (step,), (), (9, 9), 9, claim=claim.id)
    rows = PayingRowsOfGap(
        claim.id, "c00", "c01", "-1/3", (GapRow("u1", "-1/4", "number"), GapRow("u2", "0", "loop")), 2
    )
    page = render(replace(example, differences=(gap,), paying=(rows,)), paged=False)
    found = ask(page, _TEXTS.replace("FILE", json.dumps(f"{claim.task}.jsonl")), tmp_path)
    assert found.pop("violations") == []
    assert found == {
        "hidden": False,
        "said": f"{claim.task}.jsonl: texts of 1 of 2 rows; 1 lines are invalid JSON.",
        "other": "nothing.jsonl: no table of this report is about this file.",
        "paragraphs": 2,  # shown once, however often the file is opened
        "wrong": ["cat"],
        "right": ["bat", "<img", "src=x>"],
        "images": 0,
        "kept": "number",
        "input": "file",
    }
    for text in ("The bat", "sat down"):
        assert text not in page
