"""Hugging Face data sets as `Dataset.save_to_disk` writes them: a folder of Arrow files with `state.json`."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.errors import InputError
from audit.importers import mapping
from audit.importers.arrow import columns, pyarrow, reading
from audit.importers.arrow import records as records_of
from audit.importers.interface import Imported, Importer
from audit.importers.records import decode, parse, read_bytes
from audit.importers.sample import Sample

if TYPE_CHECKING:
    from tasks.task import Task

_STATE = "state.json"
_SPLITS = "dataset_dict.json"


class HfDataset(Importer):
    """One row per line of the data set; unmapped columns are kept in `extra`."""

    example = "outputs/ --split test --field hypothesis=pred --field reference=text"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """See `Importer.add_arguments`."""
        parser.add_argument("file", type=Path, metavar="folder", help="the folder with state.json or dataset_dict.json")
        parser.add_argument("--split", help="the split, if the folder has several")
        mapping.add_arguments(parser)

    def recognises(self, source: Sample) -> bool:
        """A folder with `state.json`, or with `dataset_dict.json`."""
        path = source.path
        return not source.raw and path.is_dir() and any((path / name).is_file() for name in (_STATE, _SPLITS))

    def read(self, options: argparse.Namespace, task: Task) -> Imported:
        """See `Importer.read`."""
        arrow = pyarrow()
        folder = _split(options.file, options.split)
        tables, digests = [], []
        for path in _files(folder):
            raw = read_bytes(path)
            digests.append(f"{path.name}, sha256 {hashlib.sha256(raw).hexdigest()}")
            with reading(str(path), "an Arrow stream"):
                table = arrow.ipc.open_stream(arrow.BufferReader(raw)).read_all()
                # Arrow trusts a stream's offsets; wrong ones would end the process.
                table.validate(full=True)
                # Bytes of sounds are left out; their place stays. Names are decoded when they are asked for.
                for name in columns(table.schema)[1]:
                    paths = [one for chunk in table.column(name).chunks for one in chunk.field("path").to_pylist()]
                    table = table.set_column(table.column_names.index(name), name, arrow.array(paths, arrow.string()))
            tables.append(table)
        with reading(str(folder), "one table"):
            joined = arrow.concat_tables(tables)
        found, notes = records_of(joined, str(folder))
        fields = mapping.field_map(options, joined.column_names, str(folder), task)
        imported = mapping.to_rows(found, fields, task, f"hf-dataset: {folder.name}: {'; '.join(digests)}", "rows")
        return mapping.with_notes(imported, notes)


def _split(folder: Path, split: str | None) -> Path:
    if not folder.is_dir():
        raise InputError("not a folder", where=str(folder), fix="Give the folder that save_to_disk wrote.")
    if not (folder / _SPLITS).is_file():
        if split is not None:
            raise InputError("the folder has one split", where="--split", fix="Leave --split out.")
        return folder
    path = folder / _SPLITS
    value: Any = parse(decode(read_bytes(path), str(path)), str(path))
    splits = value.get("splits") if isinstance(value, dict) else None
    if not isinstance(splits, list) or not all(isinstance(name, str) and Path(name).name == name for name in splits):
        raise InputError("must name the splits", where=str(path), fix="Give the folder as save_to_disk wrote it.")
    chosen = splits[0] if split is None and len(splits) == 1 else split
    if chosen is None or chosen not in splits:
        raise InputError(
            "the folder has several splits" if chosen is None else f"no split {chosen!r}",
            where=str(folder),
            fix=f"Give --split with one of: {', '.join(splits)}.",
        )
    return folder / str(chosen)


def _files(folder: Path) -> list[Path]:
    path = folder / _STATE
    value: Any = parse(decode(read_bytes(path), str(path)), str(path))
    listed = value.get("_data_files") if isinstance(value, dict) else None
    names = [one.get("filename") for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    # A name with a folder in it could lead out of the data set.
    if not names or not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise InputError(
            "must list the data files in _data_files", where=str(path), fix="Give the folder as save_to_disk wrote it."
        )
    if value.get("_indices_data_files"):
        raise InputError(
            "the rows are selected by an index", where=str(path), fix="Call flatten_indices() before save_to_disk."
        )
    return [folder / str(name) for name in names]
