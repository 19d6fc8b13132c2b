"""The page in Korean, in a real Chromium: it checks itself, says so in Korean, fits every width and breaks no word."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from audit.document.write import to_bytes
from audit.provenance.records import page_seal
from audit.report.language import Language
from audit.report.page import render
from audit.schema import AuditDocument
from tests.audit.report.browser.conftest import SIGNER
from tests.support.browser import Opened, needs_chromium

pytestmark = needs_chromium
Show = Callable[..., Opened]
_HANGUL = re.compile("[\uac00-\ud7a3]")
# Words of a paragraph that begin on one line and end on another.
_BROKEN = """() => [...document.querySelectorAll("main p")].flatMap((p) => {
  const walker = document.createTreeWalker(p, NodeFilter.SHOW_TEXT), found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    for (const word of node.data.matchAll(/[\\uac00-\\ud7a3]+/g)) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      if (new Set([...range.getClientRects()].map((r) => Math.round(r.top))).size > 1) { found.push(word[0]); }
    }
  }
  return found;
})"""


@pytest.fixture(scope="module")
def korean(scored: AuditDocument) -> bytes:
    page = render(scored, language=Language.KOREAN).encode()
    return page_seal.sign(page, to_bytes(scored), SIGNER)


def test_it_checks_itself_and_speaks_korean(show: Show, scored: AuditDocument, korean: bytes) -> None:
    opened = show(korean)
    folds = sum(m.fold is not None for m in scored.measurements)
    assert f"이 브라우저에서 검증함: 값 {folds}개 중 {folds}개 재계산" in opened.line
    assert opened("document.documentElement.dataset.checked") == "agrees"
    assert (opened.differences, opened.errors, opened.violations) == ([], [], [])
    assert opened("document.documentElement.lang") == "ko"
    buttons = opened.page.eval_on_selector_all("button", "all => all.map((b) => b.ariaLabel || b.textContent.trim())")
    spoken = [text for text in buttons if re.search("[A-Za-z]{2}", text) and not _HANGUL.search(text)]
    # What a column or a value is called by others, and formats of files.
    assert {text for text in spoken if " " in text} == set()


@pytest.mark.parametrize("width", [390, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_breaks_no_word(show: Show, korean: bytes, width: int, scheme: str) -> None:
    opened = show(korean, width=width, color_scheme=scheme)
    assert opened("document.documentElement.scrollWidth") <= width
    assert opened(_BROKEN) == []
