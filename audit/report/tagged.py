"""Completes the tags of a PDF: WeasyPrint's structure alone satisfies PDF/A-3a, but not PDF/UA-1.

Numbers of rules are those of veraPDF's profile of PDF/UA-1 (ISO 14289-1), which the tests run:

- 5-1: the metadata identify both standards; PDF/A wants a description of the second identifier's schema.
- 7.1-1, 7.3-1: a drawing that is hidden from screen readers is an artifact; any other has an alternative text, its `<title>`
  and `<desc>`.
- 7.2-19, 7.2-20: a list contains items, an item a label and a body: `<dt>` and `<dd>`.
- 7.18.5-1: every link annotation belongs to a link. WeasyPrint makes one for each box in an `<a>`, one above the other; that
  of the `<a>` itself covers them, and the others go.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pydyf

_SVG = "{http://www.w3.org/2000/svg}"
_IDENTIFIER = b"""\
<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" pdfuaid:part="1" />\
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" \
xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">\
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">\
<pdfaSchema:schema>PDF/UA Universal Accessibility Schema</pdfaSchema:schema>\
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>\
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>\
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">\
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>\
<pdfaProperty:category>internal</pdfaProperty:category>\
<pdfaProperty:description>The part of ISO 14289 to which the file conforms</pdfaProperty:description>\
</rdf:li></rdf:Seq></pdfaSchema:property>\
</rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>\
"""


def tagged_pdf(html: Any, attachments: list[Any], style: Any = None, fonts: Any = None) -> bytes:
    """The PDF of a page, which conforms to PDF/A-3a and PDF/UA-1.

    Args:
        html: The page, a `weasyprint.HTML`.
        attachments: Files to attach.
        style: A style sheet besides those in the page, a `weasyprint.CSS`.
        fonts: The `FontConfiguration` with which the style sheet was read.
    """
    with warnings.catch_warnings():
        # WeasyPrint leaves closing its colour profile to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        pdf: bytes = html.write_pdf(
            pdf_variant="pdf/a-3a",
            finisher=_Finisher(html),
            attachments=attachments,
            stylesheets=[] if style is None else [style],
            font_config=fonts,
        )
    return pdf


class _Finisher:
    """What WeasyPrint calls with the finished PDF before writing it.

    Args:
        html: The page, before its layout: the descriptions of its drawings are added to their titles, of which WeasyPrint
            makes the alternative texts.
    """

    def __init__(self, html: Any) -> None:
        root = html.etree_element
        for drawing in root.iter(f"{_SVG}svg"):
            title, description = drawing.find(f"{_SVG}title"), drawing.find(f"{_SVG}desc")
            if title is not None and description is not None:
                title.text = f"{title.text}. {description.text}"
        #: What a link to a place in the document says, by the place's id: the words of the first link to it.
        self._words: dict[str, str] = {}
        for link in root.iter("a"):
            target, words = link.get("href", ""), " ".join("".join(link.itertext()).split())
            if target.startswith("#") and words:
                self._words.setdefault(target[1:], words)

    def __call__(self, _document: object, pdf: Any) -> None:
        """Complete the tags in place."""
        structure = _Structure(pdf)
        structure.one_annotation_per_link(self._words)
        structure.hide_decorations()
        structure.tag_lists()
        metadata = structure.object(pdf.catalog["Metadata"])
        (packet,) = metadata.stream
        metadata.stream = [packet.replace(b"</rdf:RDF>", _IDENTIFIER + b"</rdf:RDF>")]


class _Structure:
    """The structure tree of a PDF by WeasyPrint; objects are named by their references (`b"7 0 R"`)."""

    def __init__(self, pdf: Any) -> None:
        self._pdf = pdf
        typed: list[Any] = [o for o in pdf.objects if isinstance(o, dict) and "Type" in o]
        self._elements = {o.reference: o for o in typed if o["Type"] == "/StructElem"}
        self._link_objects = {o.reference: o for o in typed if o["Type"] == "/OBJR"}
        self._pages = [o for o in typed if o["Type"] == "/Page"]
        numbers = self.object(self.object(pdf.catalog["StructTreeRoot"])["ParentTree"])["Nums"]
        #: The elements of each page's marked contents, and the element of each annotation, by the number in either.
        self._parents = dict(zip(numbers[::2], numbers[1::2], strict=True))
        self._numbers = numbers

    def object(self, reference: bytes) -> Any:
        """The object of a reference."""
        return self._pdf.objects[int(reference.split()[0])]

    def one_annotation_per_link(self, words: dict[str, str]) -> None:
        """Keep the outermost of annotations with one target, each in a `Link`, and describe it in words."""
        owners: dict[bytes, list[Any]] = {}  # the element of a link -> its annotations
        for reference, element in self._elements.items():
            owned = [self.object(self._link_objects[kid]["Obj"]) for kid in element["K"] if kid in self._link_objects]
            if owned:
                owners[reference] = owned
        dropped = set()
        for reference, owned in owners.items():
            element = self._elements[reference]
            for annotation in owned:
                above = (a for parent in self._ancestors(element) for a in owners.get(parent, ()))
                if any(_target(a) == _target(annotation) for a in above):
                    dropped.add(annotation.reference)
                    continue
                element["S"] = "/Link"
                if "Dest" in annotation:
                    target = annotation["Dest"].string
                    annotation["Contents"] = pydyf.String(words.get(target, target))
        gone = {reference for reference, found in self._link_objects.items() if found["Obj"] in dropped}
        for element in self._elements.values():
            kept = [kid for kid in element["K"] if kid not in gone]
            if len(kept) < len(element["K"]):
                element["K"][:] = kept
            if element["S"] == "/Link" and not any(kid in self._link_objects for kid in kept):
                element["S"] = "/Span"
        for page in self._pages:
            if "Annots" in page:
                page["Annots"][:] = [a for a in page["Annots"] if a not in dropped]
                if not page["Annots"]:
                    del page["Annots"]
        for reference in gone:
            annotation = self.object(self._link_objects[reference]["Obj"])
            del self._parents[annotation["StructParent"]]
            for item in (annotation, self._link_objects.pop(reference)):
                item.clear()  # pydyf cannot leave out an object of a compressed file
        self._numbers[:] = [item for pair in sorted(self._parents.items()) for item in pair]

    def hide_decorations(self) -> None:
        """Make a drawing without an alternative text an artifact, and so the blanks between items of a list in one line."""
        blanks = {kid for element in self._elements.values() if element["S"] == "/L" for kid in element["K"]}
        hidden: dict[bytes, set[int]] = {}
        for reference, element in list(self._elements.items()):
            drawn = element["S"] == "/Figure" and "Alt" not in element
            if drawn or (element["S"] == "/Span" and reference in blanks):
                hidden.setdefault(element["Pg"], set()).update(element["K"])
                self._elements[element["P"]]["K"].remove(reference)
                self._forget(element)
        for reference, contents in hidden.items():
            page = self.object(reference)
            parents = self._parents[page["StructParents"]]
            for number in contents:
                parents[number] = "null"
            stream = self.object(page["Contents"])
            stream.stream = list(_with_artifacts(stream.stream, contents))

    def tag_lists(self) -> None:
        """Give each list items only, and each item a label and bodies."""
        for element in [e for e in self._elements.values() if e["S"] == "/L"]:
            for reference in element["K"]:
                item = self._elements[reference]
                if item["S"] in {"/Div", "/NonStruct"}:
                    self._as_item(item)
                self._with_body(item)

    def _as_item(self, group: Any) -> None:
        """Make a group of a term and its descriptions one item; WeasyPrint makes an item of each."""
        parts: list[bytes] = []
        for reference in group["K"]:
            kid = self._elements[reference]
            parts += kid["K"] if kid["S"] == "/LI" else [reference]
            if kid["S"] == "/LI":
                self._forget(kid)
        for number, reference in enumerate(parts):
            part = self._elements[reference]
            part["P"] = group.reference
            if part["S"] == "/LBody" and number == 0 and len(parts) > 1:
                part["S"] = "/Lbl"
        group["S"] = "/LI"
        group["K"][:] = parts

    def _with_body(self, item: Any) -> None:
        """Put what is in an item beside its label into a body."""
        if item["S"] != "/LI":
            return
        loose = [kid for kid in item["K"] if self._elements[kid]["S"] not in {"/Lbl", "/LBody"}]
        if loose:
            body = pydyf.Dictionary({
                "Type": "/StructElem", "S": "/LBody", "K": pydyf.Array(loose), "Pg": item["Pg"], "P": item.reference,
            })  # fmt: skip
            self._pdf.add_object(body)
            self._elements[body.reference] = body
            for kid in loose:
                self._elements[kid]["P"] = body.reference
            item["K"][:] = [kid for kid in item["K"] if kid not in loose] + [body.reference]

    def _ancestors(self, element: Any) -> Iterator[bytes]:
        while (parent := element["P"]) in self._elements:
            yield parent
            element = self._elements[parent]

    def _forget(self, element: Any) -> None:
        del self._elements[element.reference]
        element.clear()


def _target(annotation: Any) -> object:
    return annotation["Dest"].string if "Dest" in annotation else annotation["A"]["URI"].string


def _with_artifacts(stream: list[Any], contents: set[int]) -> Iterator[Any]:
    """A page's operators, some of its marked contents made artifacts.

    WeasyPrint writes the start of a marked content as three items: its tag, a dictionary with its number, `BDC`.
    """
    number = 0
    while number < len(stream):
        following = stream[number + 1] if number + 1 < len(stream) else None
        if isinstance(following, dict) and following.get("MCID") in contents:
            yield from ("/Artifact", b"BMC")
            contents = contents - {following["MCID"]}
            number += 3
        else:
            yield stream[number]
            number += 1
    if contents:
        raise AssertionError(f"marked contents {sorted(contents)} are not on their page")
