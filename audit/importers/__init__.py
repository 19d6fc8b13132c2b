"""Importers, one per module: convert third-party output files to prediction files."""

from __future__ import annotations

from audit.importers.audiobench import AudioBench
from audit.importers.cmi_bench import CmiBench
from audit.importers.delimited import Csv
from audit.importers.interface import Importer
from audit.importers.jsonl import JsonLines
from audit.importers.redis import Redis

# A new importer is one module and one entry here.
IMPORTERS: tuple[Importer, ...] = (JsonLines(), Csv(), AudioBench(), CmiBench(), Redis())
