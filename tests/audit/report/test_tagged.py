"""What `tagged` makes of WeasyPrint's structure; veraPDF judges the whole in `test_judges`."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

from audit.report.requirements import missing_libraries
from audit.report.tagged import tagged_pdf

pytestmark = [pytest.mark.pdf, pytest.mark.skipif(bool(missing_libraries()), reason="needs Pango")]

PAGE = """<html lang="en"><title>Title</title><style>nav a {{ display: block }} nav a::after {{ content: " page" }}</style>
<nav><a href="#end">The end</a></nav><h1>Heading</h1>
<p>See <a href="#end"><svg viewBox="0 0 1 1" width="9" height="9" aria-hidden="true"><path d="M0 0H1V1z"/></svg><b>here</b></a>
and <a href="https://example.org/">there</a>.</p>
<figure><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1" width="9" height="9" role="img"><title>Two values</title>
<desc>From 1 to 2.</desc><path d="M0 0H1V1z"/></svg></figure>
<dl><div><dt>Term</dt><dd>Description</dd></div></dl>
<ul><li>One <b>bold</b></li><li>Two<ul><li>Nested</li></ul></li></ul>
<ul style="list-style: none"><li style="display: inline-block">a</li> <li style="display: inline-block">b</li></ul>
<p id="end">End</p>{more}</html>"""


@pytest.fixture(scope="module")
def reader() -> Any:
    import pypdf

    return pypdf.PdfReader(io.BytesIO(made()))


def made(more: str = "") -> bytes:
    import weasyprint

    return tagged_pdf(weasyprint.HTML(string=PAGE.format(more=more)), [])


def elements(node: Any) -> Iterator[Any]:
    """Every element of the structure, in the order of reading."""
    kids = node.get("/K", [])
    for kid in kids if isinstance(kids, list) else [kids]:
        found = kid.get_object()
        if isinstance(found, dict) and "/S" in found:
            assert found["/P"].get_object() == node.get_object()
            yield found
            yield from elements(found)


def tags(node: Any) -> list[Any]:
    """The structure below an element: tag, or (tag, those below), without spans."""
    found: list[Any] = []
    for kid in node["/K"]:
        element = kid.get_object()
        if isinstance(element, dict) and "/S" in element and element["/S"] != "/Span":
            below = tags(element)
            found.append((element["/S"], below) if below else element["/S"])
    return found


def of(reader: Any, tag: str) -> list[Any]:
    return [e for e in elements(reader.trailer["/Root"]["/StructTreeRoot"]) if e["/S"] == tag]


def test_a_figure_is_told_by_its_own_words_and_a_decoration_is_none(reader: Any) -> None:
    assert [figure["/Alt"] for figure in of(reader, "/Figure")] == ["Two values. From 1 to 2."]
    # The decoration is drawn as an artifact.
    contents = reader.pages[0].get_contents().get_data()
    assert contents.count(b"/Figure") == 1
    assert b"/Artifact\nBMC" in contents


def test_a_link_has_one_annotation_with_the_words_of_its_target(reader: Any) -> None:
    annotations = [annotation.get_object() for annotation in reader.pages[0]["/Annots"]]
    assert [annotation["/Contents"] for annotation in annotations] == ["The end", "The end", "https://example.org/"]
    parents = reader.trailer["/Root"]["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    named = dict(zip(parents[::2], parents[1::2], strict=True))
    assert [named[annotation["/StructParent"]].get_object()["/S"] for annotation in annotations] == ["/Link"] * 3
    assert len(of(reader, "/Link")) == 3


def test_lists_have_items_with_labels_and_bodies(reader: Any) -> None:
    terms, outer, inline = (tags(e) for e in of(reader, "/L") if e["/P"].get_object()["/S"] != "/L")
    assert terms == [("/LI", ["/Lbl", "/LBody"])]
    assert [tag for tag, _ in outer] == ["/LI", "/LI", "/L"]
    for _, parts in (outer[0], outer[1], outer[2][1][0]):
        assert [part if isinstance(part, str) else part[0] for part in parts] == ["/Lbl", "/LBody"]
    assert inline == [("/LI", ["/LBody"])] * 2


def test_every_marked_content_is_in_the_structure_or_an_artifact(reader: Any) -> None:
    import re

    contents = reader.pages[0].get_contents().get_data()
    marked = {int(n) for n in re.findall(rb"/MCID (\d+)", contents)}
    kids = [
        kid for e in elements(reader.trailer["/Root"]["/StructTreeRoot"]) for kid in e["/K"] if isinstance(kid, int)
    ]
    assert sorted(kids) == sorted(marked)
    parents = reader.trailer["/Root"]["/StructTreeRoot"]["/ParentTree"]["/Nums"][1]
    assert {number for number, parent in enumerate(parents) if parent.get_object() is not None} >= marked


def test_the_same_page_gives_the_same_bytes() -> None:
    assert made() == made()
    assert made() != made("<p>more")


def test_a_decoration_that_is_not_on_its_page_is_a_fault_of_ours() -> None:
    from audit.report.tagged import _with_artifacts

    with pytest.raises(AssertionError, match="not on their page"):
        list(_with_artifacts(["/Span", {"MCID": 1}, b"BDC"], {2}))
