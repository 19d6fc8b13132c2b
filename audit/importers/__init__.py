"""Importers, one per module: convert third-party output files to prediction files."""

from __future__ import annotations

from importlib.metadata import entry_points

from audit.errors import InputError
from audit.importers.audiobench import AudioBench
from audit.importers.cmi_bench import CmiBench
from audit.importers.delimited import Csv
from audit.importers.interface import Importer
from audit.importers.jsonl import JsonLines
from audit.importers.llaso import Llaso
from audit.importers.redis import Redis

# A new importer is one module and one entry here.
IMPORTERS: tuple[Importer, ...] = (JsonLines(), Csv(), AudioBench(), CmiBench(), Llaso(), Redis())
# Each entry point names a class, a subclass of `Importer`, in an installed package.
ENTRY_POINTS = "repro_audit.importers"


def importers() -> tuple[Importer, ...]:
    """All importers: this project's, then those of installed packages by the names of their entry points.

    Raises:
        InputError: An entry point cannot be loaded, names something else, or has the name of another importer.
    """
    found = {importer.name: importer for importer in IMPORTERS}
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        where = f"entry point {point.name} = {point.value} ({ENTRY_POINTS})"
        fix = f"Update or remove the package {point.dist.name if point.dist else point.module}."
        try:
            loaded = point.load()
        except Exception as error:  # a foreign package may raise anything
            raise InputError(f"cannot be loaded: {error}", where=where, fix=fix) from error
        if not (isinstance(loaded, type) and issubclass(loaded, Importer)):
            raise InputError("is not a subclass of audit.importers.interface.Importer", where=where, fix=fix)
        importer = loaded()
        if importer.name in found:
            raise InputError(f"there is an importer `{importer.name}` already", where=where, fix=fix)
        found[importer.name] = importer
    return tuple(found.values())
