from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

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

    found = ask(render(run(AuditRequest(replicates=0)).document), _OVERFLOW, tmp_path, width=width)
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
    assert found == {"alerts": "undefined", "scripts": 4, "images": 0, "violations": []}
