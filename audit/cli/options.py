"""Options shared by several commands, and the values built from them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from audit._util.paths import LITERATURE, user_cache
from audit.errors import InputError, MissingError
from audit.report.language import Language

if TYPE_CHECKING:
    from audit.inference.job import ModelOptions, SetOptions


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """Where rows are counted and what is cached between runs; for every command that scores."""
    parser.add_argument("--engine", choices=["auto", "local", "ray"], default="auto",
                        help="count rows in local processes or on a Ray cluster (default: local processes)")  # fmt: skip
    parser.add_argument("--workers", type=int, metavar="N", help="processes (default: one per processor)")
    parser.add_argument("--cache", type=Path, default=default_cache(), metavar="DIR",
                        help="cache of counts and analyses; may be deleted at any time (default: %(default)s)")  # fmt: skip
    parser.add_argument("--no-cache", action="store_const", const=None, dest="cache", help="cache nothing between runs")
    add_spice_argument(parser)


def add_spice_argument(parser: argparse.ArgumentParser) -> None:
    """The longest sentence that SPICE parses; for every command that counts captions."""
    parser.add_argument("--spice-limit", type=int, metavar="WORDS",
                        help="longest sentence that SPICE parses (default: 180); beyond it a row is an error")  # fmt: skip


@contextmanager
def spice_settings(args: argparse.Namespace) -> Iterator[None]:
    """What the options say of SPICE, in the environment, where the metric and every process find it.

    Raises:
        InputError: The limit is out of range.
    """
    from tasks.backends.parsed_captions import PATH_VARIABLE
    from tasks.backends.spice_parser import LIMIT_VARIABLE, LONGEST
    from tasks.backends.user_cache import OFF

    said: dict[str, str] = {}
    limit = getattr(args, "spice_limit", None)
    if limit is not None:
        if not 1 <= limit <= LONGEST:
            raise InputError(f"must be from 1 to {LONGEST}, not {limit}", where="--spice-limit")
        said[LIMIT_VARIABLE] = str(limit)
    # Captions are kept where counts are; an environment variable that names a folder wins.
    if "cache" in args and "engine" in args:
        if args.cache is None:
            said[PATH_VARIABLE] = OFF
        elif args.cache != default_cache() and PATH_VARIABLE not in os.environ:
            said[PATH_VARIABLE] = str(args.cache / "spice")
    before = {name: os.environ.get(name) for name in said}
    os.environ.update(said)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def add_language_argument(parser: argparse.ArgumentParser) -> None:
    """The language of the reports; for every command that renders them."""
    parser.add_argument("--lang", type=Language, choices=list(Language), default=Language.ENGLISH,
                        help="language of the reports: en (English) or ko (Korean); default: %(default)s")  # fmt: skip


def add_slides_argument(parser: argparse.ArgumentParser) -> None:
    """Whether slides are made as well; for every command that renders reports of claims."""
    parser.add_argument("--slides", action="store_true",
                        help="slides/ as well: a 16:9 PDF and PNG of each claim, and all in one deck")  # fmt: skip


def default_cache() -> Path:
    """Where counts are kept between runs."""
    return user_cache("scores")


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that locate a test set; `probe` shares them."""
    group = parser.add_argument_group("the test set")
    group.add_argument("--data", type=Path, metavar="FOLDER",
                       help="the data set in its official layout, or for other tasks a folder with metadata.csv")  # fmt: skip
    group.add_argument("--manifest", type=Path, metavar="FILE", help="an existing manifest, instead of --data")
    group.add_argument("--labels", type=Path, metavar="PATH", help="labels that do not come with the audio")
    group.add_argument("--speech", type=Path, metavar="FOLDER", help="spoken questions or abstracts (ID.wav)")
    group.add_argument("--tts", metavar="COMMAND", help="synthesise them with this; {text} and {wav} are filled in")
    group.add_argument("--limit", type=int, metavar="N", help="only the first N items, for a trial; noted as such")
    group.add_argument("--resampler", choices=("none", "soxr-hq", "soxr-vhq"), default="none",
                       help="for files that are not 16 kHz; with none (the default) they are errors")  # fmt: skip


def set_options(args: argparse.Namespace) -> SetOptions:
    """The test set that the options name."""
    from audit.inference.job import SetOptions

    return SetOptions(
        data=args.data,
        manifest=args.manifest,
        labels=args.labels,
        speech=args.speech,
        tts=args.tts,
        limit=args.limit,
        resampler=args.resampler,
    )


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Options for the model and its decoding; `probe` shares them."""
    group = parser.add_argument_group(
        "the model",
        "a model of an engine has its number format, decoding and instructions in model.yaml; these are for SALMONN",
    )
    group.add_argument(
        "--model",
        type=Path,
        required=True,
        metavar="FILE",
        help="model.yaml, or its folder; its `engine` says what runs it",
    )
    group.add_argument("--precision", choices=("fp16", "bf16", "fp32", "int8", "int8-cpu"),
                       help="default: model.yaml's, or fp16; int8-cpu is for a CPU alone")  # fmt: skip
    group.add_argument("--lora", choices=("adapter", "merged"), help="default: adapter, as in the original")
    group.add_argument("--lora-alpha", type=int, metavar="N", help="default: 32")
    group.add_argument("--attention", choices=("sdpa", "eager"), help="default: sdpa")
    group.add_argument("--device", action="append", metavar="NAME", help="cuda:0, cpu, ...; repeat for one worker each")
    group.add_argument("--decoding", choices=("transformers-4.28", "current"),
                       help="the paper's beam rule (transformers-4.28, the default), or the installed library's")  # fmt: skip
    group.add_argument("--beams", type=int, metavar="N", help="default: 4")
    group.add_argument("--max-new-tokens", type=int, metavar="N", help="default: the task's (200; phones 500)")
    group.add_argument("--prompt", metavar="TEXT", help="an instruction to use instead of the task's; noted as such")


def model_options(args: argparse.Namespace) -> ModelOptions:
    """The model and its decoding that the options name."""
    from audit.inference.job import ModelOptions

    return ModelOptions(
        model=args.model,
        precision=args.precision,
        lora=args.lora,
        lora_alpha=args.lora_alpha,
        attention=args.attention,
        devices=tuple(args.device or ()),
        decoding=args.decoding,
        beams=args.beams,
        max_new_tokens=args.max_new_tokens,
        prompt=args.prompt,
    )


def rows_of(predictions: Path | None, task: str) -> Path:
    """The predictions file of a task; without `--predictions` and without a file of the team, one made from public outputs.

    Whoever reads the result must know whose outputs these are, so a line on standard error says so.
    """
    from audit.scoring.predictions import file_of

    path = file_of(predictions, task)
    if predictions is not None or path.exists():
        return path
    from audit.literature.known_tasks import tasks_here
    from audit.literature.outputs.store import Store, default_folder
    from audit.pipeline.public_outputs import stand_in

    known = tasks_here().get(task)
    found = None if known is None else stand_in(known, LITERATURE, Store(default_folder()))
    if found is None:
        return path
    path, record = found
    variant = f", variant {record.variant}" if record.variant else ""
    print(
        f"note: there is no {task}.jsonl; these are public outputs of {record.system}{variant} ({record.id})",
        file=sys.stderr,
    )
    return path


def check_counts(args: argparse.Namespace, *names: str) -> None:
    """Check that these options are at least 1.

    Raises:
        InputError: An option is smaller.
    """
    for name in names:
        value = getattr(args, name)
        if value is not None and value < 1:
            raise InputError(f"--{name.replace('_', '-')} must be at least 1, not {value}")


def read_file(path: Path | None) -> bytes | None:
    """The bytes of a file that an option names; None without the option.

    Raises:
        MissingError: It cannot be read.
    """
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise MissingError(f"cannot be read ({error.strerror})", where=str(path), fix="check the path") from None
