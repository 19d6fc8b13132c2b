"""Importers, one per module: convert third-party output files to prediction files."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.importers.interface import Importer


@dataclass(frozen=True, slots=True)
class Format:
    """An importer that is imported at its first use: there are many, and a command uses one.

    Attributes:
        name: The name on the command line.
        place: `module:Class`, in this package.
        help: The help text, one line.
    """

    name: str
    place: str
    help: str

    def load(self) -> Importer:
        """The importer, with this name and help text."""
        module, _, kind = self.place.partition(":")
        found: Importer = getattr(importlib.import_module(f"{__name__}.{module}"), kind)()
        found.name, found.help = self.name, self.help
        return found


# A new importer is one module and one entry here.
FORMATS: tuple[Format, ...] = (
    # Files of any names of fields.
    Format("jsonl", "jsonl:JsonLines", "JSON Lines, or a JSON list of objects, with arbitrary field names"),
    Format("csv", "delimited:Csv", "a CSV or TSV file with a header line and arbitrary column names"),
    Format(
        "parquet",
        "parquet:Parquet",
        "a Parquet file with columns of any names, or lighteval's details; needs the extra `parquet`",
    ),
    Format(
        "hf-dataset",
        "hf_dataset:HfDataset",
        "a Hugging Face data set on disk (save_to_disk); needs the extra `parquet`",
    ),
    Format(
        "parallel",
        "parallel:Parallel",
        "parallel plain text: one output per line, and one or several files of references, as WMT has them",
    ),
    # Evaluation programs.
    Format("lm-eval", "lm_eval:LmEval", "lm-evaluation-harness's samples (--log_samples)"),
    Format("lmms-eval", "lmms_eval:LmmsEval", "lmms-eval's samples (--log_samples)"),
    Format("inspect", "inspect_log:Inspect", "inspect_ai's logs, .eval or .json"),
    Format(
        "ultraeval-audio",
        "ultraeval:UltraEval",
        "UltraEval-Audio's recorder files: events prompt, inference, post_process, eval, error",
    ),
    Format(
        "kimi-audio", "speech_logs:KimiAudio", "Kimi-Audio-Evalkit's outputs: index, answer, prediction and real_prompt"
    ),
    # Benchmarks.
    Format(
        "audiobench", "audiobench:AudioBench", "AudioBench's logs: raw outputs, stored WER pairs or a judge's details"
    ),
    Format(
        "open-asr",
        "speech_logs:OpenAsr",
        "manifests of the Open ASR Leaderboard or of NeMo: text, pred_text and audio_filepath",
    ),
    Format(
        "voicebench", "speech_logs:VoiceBench", "VoiceBench's outputs: prompt, response and the columns of the subset"
    ),
    Format(
        "air-bench",
        "multiple_choice:AirBench",
        "results of AIR-Bench or MMSU: choice_a to choice_d, answer_gt and response",
    ),
    Format("mmau", "multiple_choice:Mmau", "results of MMAU, MMAR or MMAU-Pro: choices, the answer and the output"),
    Format("cmi-bench", "cmi_bench:CmiBench", "CMI-Bench's result files"),
    Format("llaso", "llaso:Llaso", "LLaSO-Eval's result files"),
    Format("coco", "coco:Coco", "COCO caption results; the annotations as a second file"),
    # Speech recognition.
    Format(
        "kaldi",
        "kaldi:Kaldi",
        "Kaldi's `text`: a line per utterance, its id and its words; the references as a second file",
    ),
    Format(
        "trn",
        "trn:Trn",
        "NIST's trn (sclite): a line per utterance, its words and its id in parentheses; the references as a second file",
    ),
    Format("stm", "stm:Stm", "NIST's stm (sclite): segments with times, outputs cut as the references"),
    Format("ctm", "ctm:Ctm", "NIST's ctm (sclite): words with times; the references as an stm or ctm file"),
    Format("sclite", "sclite:Sclite", "sclite's alignments (-o sgml): outputs and references in one file"),
    # Queues.
    Format("redis", "redis:Redis", "a Redis server or a saved dump with hashes task_NAME:ID"),
)
# Each entry point names a class, a subclass of `Importer`, in an installed package.
ENTRY_POINTS = "repro_audit.importers"


def formats() -> tuple[Format | Importer, ...]:
    """All formats by name: this project's, which are not loaded, then those of installed packages.

    Raises:
        InputError: See `installed`.
    """
    return (*FORMATS, *installed())


def loaded(found: Format | Importer) -> Importer:
    """The importer of a format."""
    return found.load() if isinstance(found, Format) else found


def importers() -> tuple[Importer, ...]:
    """All importers, in the order of `formats`.

    Raises:
        InputError: See `installed`.
    """
    return tuple(map(loaded, formats()))


def installed() -> Iterator[Importer]:
    """The importers of installed packages, by the names of their entry points.

    Raises:
        InputError: An entry point cannot be loaded, names something else, or has the name of another importer.
    """
    from importlib.metadata import entry_points

    known = {found.name for found in FORMATS}
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        from audit._util.entry_point import load
        from audit.errors import InputError
        from audit.importers.interface import Importer

        kind, where, fix = load(point)
        if not (isinstance(kind, type) and issubclass(kind, Importer)):
            raise InputError("is not a subclass of audit.importers.interface.Importer", where=where, fix=fix)
        importer = kind()
        if importer.name in known:
            raise InputError(f"there is an importer `{importer.name}` already", where=where, fix=fix)
        known.add(importer.name)
        yield importer
