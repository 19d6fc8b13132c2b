"""COCO caption results: a JSON list of `{"image_id", "caption"}`, held against annotations with several captions each.

The annotations are an object with `images` and `annotations` (`{"image_id", "id", "caption"}`), as pycocotools 2.0.11 reads
them. Ids must have the same type in both files, and one image has one result.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.errors import InputError
from audit.importers.interface import Imported, Importer, with_finished
from audit.importers.joined import two_files
from audit.importers.records import Record, decode, items, named, parse
from audit.importers.references import reference_of
from audit.importers.sample import Sample
from tasks.row import Row

if TYPE_CHECKING:
    from tasks.task import Task


class Coco(Importer):
    """Only images with a result are rows, as in COCO's own scorer; the others are counted in a note."""

    example = "results.json --references annotations.json"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        parser.add_argument("file", type=Path, help="the results, a JSON list; - is standard input")
        parser.add_argument("--references", type=Path, required=True, metavar="FILE", help="the annotations")

    def recognises(self, source: Sample) -> bool:
        """A list of objects with `image_id` and `caption`."""
        return isinstance(source.document, list) and source.has("image_id", "caption")

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        outputs, references = two_files(options)
        captions = _captions(options.references, references)
        found = items(parse(decode(outputs, str(options.file)), str(options.file)), str(options.file))
        rows: list[Row] = []
        seen: dict[tuple[str, Any], str] = {}
        for record in found:
            key = _key(record, "image_id")
            if key in seen:
                raise InputError(
                    f"a second caption of image {key[1]!r}, the first at {seen[key]}",
                    where=record.where,
                    fix="Keep one caption for each image.",
                )
            seen[key] = record.where
            if key not in captions:
                other = {"int": "str", "str": "int"}[key[0]]
                hint = (
                    " (it has the id as another type)"
                    if any(k == (other, _as(key[1], other)) for k in captions)
                    else ""
                )
                raise InputError(
                    f"the annotations have no image {key[1]!r}{hint}",
                    where=f"{record.where}: image_id",
                    fix='Give the annotations of these images; 1 and "1" are two ids.',
                )
            gold = reference_of(captions[key], task, record.where)
            rows.append(Row(str(key[1]), record.text("caption"), gold, extra=record.others("image_id", "caption")))
        without = len(captions) - len(seen)
        digest = hashlib.sha256(references).hexdigest()
        source = f"{named('coco', options.file, outputs)}; annotations {options.references.name}, sha256 {digest}"
        notes = (f"{without} images of the annotations have no result; they are not scored, as in COCO's own scorer",)
        return Imported(
            with_finished(rows), len(rows), len(rows), (), source, "captions", notes if without else ()
        )  # fmt: skip


def _captions(path: Path, raw: bytes) -> dict[tuple[str, Any], list[str]]:
    value = parse(decode(raw, str(path)), str(path))
    if not isinstance(value, dict) or "annotations" not in value:
        raise InputError(
            "not annotations: an object with `images` and `annotations`", where=str(path), fix="Give COCO annotations."
        )
    found: dict[tuple[str, Any], list[str]] = {}
    for record in items(value["annotations"], f"{path}: annotations"):
        found.setdefault(_key(record, "image_id"), []).append(record.text("caption"))
    return found


def _key(record: Record, name: str) -> tuple[str, Any]:
    value = record.value(name)
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise InputError("must be a number or a text", where=f"{record.where}: {name}", fix="Correct it.")
    return type(value).__name__, value


def _as(value: Any, kind: str) -> Any:
    if kind == "str":
        return str(value)
    return int(value) if str(value).isdigit() and len(str(value)) < 20 else None
