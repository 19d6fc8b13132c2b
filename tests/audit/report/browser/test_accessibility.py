"""What axe-core finds in the page, in both themes, with every tool open: nothing serious, nothing critical."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from audit.report.editions import Edition
from audit.report.page import render
from audit.schema import AuditDocument
from tests.support.browser import Opened, needs_chromium
from tests.support.example_audit import build, document
from tests.support.judges import installed

pytestmark = needs_chromium
Show = Callable[..., Opened]
_RUN = """async (where) => (await axe.run(where || document, {resultTypes: ["violations"]})).violations
  .map((one) => [one.impact, one.id, one.help, one.nodes.slice(0, 3).map((node) => node.html.slice(0, 200))])"""


def findings(opened: Opened, where: str | None = None) -> list[Any]:
    """Serious and critical findings of axe-core."""
    if not opened("typeof axe !== 'undefined'"):
        opened.page.add_script_tag(path=installed("node_modules/axe-core/axe.min.js"))
    return [one for one in opened(_RUN, where) if one[0] in {"serious", "critical"}]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("which", ["scored", "made up"])
def test_the_page_with_its_tools(which: str, scheme: str, show: Show, signed: bytes) -> None:
    installed("node_modules/axe-core/axe.min.js")
    text = signed if which == "scored" else render(document(build()))
    opened = show(text, color_scheme=scheme, bypass_csp=True)
    # Rendered in full: what is skipped because it lies far below has no contrast.
    opened.page.add_style_tag(content="* { content-visibility: visible !important }")
    opened("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    opened.page.locator("button[aria-controls=find]").click()
    opened("() => document.querySelector('table.measurements a.at').click()")
    assert findings(opened) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_dialogs(scheme: str, show: Show, signed: bytes, predictions: Any) -> None:
    installed("node_modules/axe-core/axe.min.js")
    opened = show(signed, color_scheme=scheme, bypass_csp=True)
    opened.page.get_by_role("button", name="Keys").click()
    assert findings(opened, "#help") == []
    opened.page.keyboard.press("Escape")
    for _ in range(2):
        link = opened.page.locator("table.measurements a.at[aria-expanded=false]").first
        link.click()
        opened.page.locator("tr.detail").last.get_by_role("button", name="side").click()
        opened.page.keyboard.press("Escape")
    opened.page.locator("tr.detail").last.get_by_role("button", name="side").click()
    assert findings(opened, "#beside") == []
    opened.page.keyboard.press("Escape")
    opened.page.set_input_files("#row-texts-file", [predictions / "asr-librispeech-clean.jsonl"])
    opened.page.get_by_role("button", name="All rows of the file").click()
    assert findings(opened, "#rows") == []


def test_on_a_telephone(show: Show, signed: bytes) -> None:
    installed("node_modules/axe-core/axe.min.js")
    opened = show(signed, width=390, bypass_csp=True)
    opened.page.locator("button[aria-controls=find]").click()
    assert findings(opened) == []


def test_the_one_page(show: Show, scored: AuditDocument) -> None:
    installed("node_modules/axe-core/axe.min.js")
    assert findings(show(render(scored, Edition.ANSWERS), checked=False, bypass_csp=True)) == []
