"""`repro-audit infer`: run the model over a task's test set; go on where an earlier start stopped."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit._util.progress import progress
from audit.errors import InputError, MissingError

if TYPE_CHECKING:
    from audit.inference.engines.interface import Engine
    from audit.inference.runner import Job
    from audit.inference.worker import Spec
    from tasks.datasets.manifest import Manifest

HELP = """Run SALMONN over a task's test set and write its predictions.

A run may be stopped or killed at any moment; the same command goes on where it stopped. Clips that cannot be read
become error rows, and the exit code is 1. See docs/how-to/run-inference.md."""


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that say where a test set lies; `probe` has them too."""
    group = parser.add_argument_group("the test set")
    group.add_argument("--data", type=Path, metavar="FOLDER", help="the data set in its official layout")
    group.add_argument("--manifest", type=Path, metavar="FILE", help="a manifest written before, instead of --data")
    group.add_argument("--labels", type=Path, metavar="PATH", help="labels that do not come with the audio")
    group.add_argument("--speech", type=Path, metavar="FOLDER", help="spoken questions or abstracts (ID.wav)")
    group.add_argument("--tts", metavar="COMMAND", help="speak them with this; {text} and {wav} are filled in")
    group.add_argument("--limit", type=int, metavar="N", help="the first N items only, for a trial; noted as such")
    group.add_argument("--resampler", choices=("none", "soxr-hq", "soxr-vhq"), default="none",
                       help="for files that are not 16 kHz; with none (the default) they are errors")  # fmt: skip


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that say which model and how; `probe` has them too."""
    group = parser.add_argument_group("the model")
    group.add_argument("--model", type=Path, required=True, metavar="FILE", help="model.yaml, or its folder")
    group.add_argument("--precision", choices=("fp16", "bf16", "fp32", "int8"), help="default: model.yaml's, or fp16")
    group.add_argument("--lora", choices=("adapter", "merged"), help="default: adapter, as the original")
    group.add_argument("--lora-alpha", type=int, metavar="N", help="default: 32")
    group.add_argument("--attention", choices=("sdpa", "eager"), help="default: sdpa")
    group.add_argument("--device", action="append", metavar="NAME", help="cuda:0, cpu, ...; several: one worker each")
    group.add_argument("--decoding", choices=("transformers-4.28", "current"), default="transformers-4.28",
                       help="the rule of the paper's time (default), or the installed library's")  # fmt: skip
    group.add_argument("--beams", type=int, default=4, metavar="N", help="default: 4")
    group.add_argument("--max-new-tokens", type=int, metavar="N", help="default: the task's (200; phones 500)")
    group.add_argument("--prompt", metavar="TEXT", help="another instruction than the task's; noted as such")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--task", nargs="+", required=True, metavar="ID", help="one task, or several on the same data")
    parser.add_argument("--out", type=Path, default=Path("predictions"), help="default: predictions")
    add_data_arguments(parser)
    add_model_arguments(parser)
    group = parser.add_argument_group("the run")
    group.add_argument(
        "--batch-size", type=int, default=1, metavar="N", help="clips at a time (default 1, the paper's)"
    )
    group.add_argument("--encode-batch", type=int, default=1, metavar="N", help="clips the encoders take at once")
    group.add_argument("--engine", choices=("local", "ray", "vllm"), default="local")
    group.add_argument("--workers", type=int, default=1, metavar="N", help="Ray actors")
    group.add_argument("--gpus-per-worker", type=float, default=0.0, metavar="X", help="for Ray; 0.5: two share one")
    group.add_argument("--ray-address", metavar="ADDRESS", help="of a running cluster; default: this machine")
    group.add_argument("--shard", default="1/1", metavar="K/N", help="only this part; then `repro-audit merge`")
    group.add_argument("--prefetch", type=int, default=0, metavar="N", help="processes that read audio ahead")
    group.add_argument(
        "--features", type=Path, metavar="FOLDER", help="cache of what was heard (default OUT/.features)"
    )
    group.add_argument("--no-features", action="store_true", help="keep nothing of what was heard")
    group.add_argument("--who", metavar="NAME", help="for the meta file")


def run(args: argparse.Namespace) -> int:
    """Run every task; 1 if some rows are errors."""
    engine: Engine | None = None
    errors = 0
    for task in args.task:
        engine, wrong = infer(args, task, engine)
        errors += wrong
    return 1 if errors else 0


def infer(args: argparse.Namespace, task: str, engine: Engine | None) -> tuple[Engine, int]:
    """Run one task; the engine, for the next task of the same model, and how many rows are errors."""
    check_counts(args, ("batch_size", "encode_batch", "workers", "beams", "max_new_tokens", "limit"))
    need_torch()
    from audit.inference.plan import parse_shard
    from audit.inference.runner import Job
    from audit.inference.runner import run as start

    manifest = read_manifest(args, task)
    spec = make_spec(args, task, manifest, args.out)
    job = Job(task, manifest, spec, args.batch_size, args.out, parse_shard(args.shard))
    engine = make_engine(args, spec, engine)
    with progress(f"{task}, rows") as bar:
        outcome = start(job, _checked(engine, args, job), bar.show, args.who)
    place = outcome.predictions or f"shard {args.shard} is done; `repro-audit merge --task {task}` joins them"
    print(f"{task}: {outcome.rows} rows, {outcome.errors} of them errors: {place}", flush=True)
    return engine, outcome.errors


def need_torch() -> None:
    """Inference cannot do without it."""
    if importlib.util.find_spec("torch") is None:
        raise MissingError(
            "inference needs torch", fix="pip install 'repro-audit[inference]', or use the image with CUDA"
        )


def check_counts(args: argparse.Namespace, names: Sequence[str]) -> None:
    """Numbers of things are at least 1."""
    for name in names:
        value = getattr(args, name)
        if value is not None and value < 1:
            raise InputError(f"--{name.replace('_', '-')} must be at least 1, not {value}")


def read_manifest(args: argparse.Namespace, task: str) -> Manifest:
    """The task's test set, from its layout or a manifest file; what is missing is said."""
    from audit.inference.dataset_errors import explain
    from audit.inference.settings import setting
    from tasks.datasets import manifest as manifests
    from tasks.datasets.errors import DatasetError
    from tasks.datasets.registry import Options, read

    setting(task)
    if (args.data is None) == (args.manifest is None):
        raise InputError("give the test set: either --data FOLDER or --manifest FILE")
    try:
        if args.manifest is not None:
            found = manifests.read(args.manifest)
        else:
            options = Options(labels=args.labels, speech=args.speech, tts=args.tts)
            found = manifests.with_hashes(read(task, args.data, options))
    except DatasetError as error:
        raise explain(error) from None
    if args.limit is not None and args.limit < len(found.items):
        note = f"only the first {args.limit} of {len(found.items)} items"
        found = replace(found, items=found.items[: args.limit], notes=(*found.notes, note))
    for note in found.notes:
        print(f"{task}: note: {note}", file=sys.stderr)
    if found.missing:
        shown = ", ".join(found.missing[:3])
        print(
            f"{task}: {len(found.missing)} missing: {shown}{' ...' if len(found.missing) > 3 else ''}", file=sys.stderr
        )
    return found


def make_spec(args: argparse.Namespace, task: str, manifest: Manifest, out: Path) -> Spec:
    """What a worker needs, from the options."""
    from audit.inference.merge import work_folder
    from audit.inference.salmonn.config import read_model_config
    from audit.inference.salmonn.decoding import Decoding
    from audit.inference.salmonn.weights import weight_hashes
    from audit.inference.settings import TaskSetting, setting
    from audit.inference.worker import Spec

    names = ("precision", "lora", "lora_alpha", "attention")
    overrides: dict[str, Any] = {name: getattr(args, name) for name in names}
    config = read_model_config(args.model, device=(args.device or [None])[0], **overrides)
    chosen = setting(task)
    if args.prompt is not None:
        chosen = TaskSetting("given", args.prompt, chosen.max_new_tokens)
    decoding = Decoding(args.decoding, args.beams, args.max_new_tokens or chosen.max_new_tokens)
    features = None if getattr(args, "no_features", True) else (args.features or out / ".features")
    return Spec(
        config,
        chosen,
        decoding,
        manifest.root,
        args.resampler,
        features,
        getattr(args, "encode_batch", 1),
        getattr(args, "prefetch", 0),
        weights=weight_hashes(config, work_folder(out, task) / "weights.json"),
    )


def make_engine(args: argparse.Namespace, spec: Spec, before: Engine | None) -> Engine:
    """The engine that was asked for; one model serves all tasks of a command on one device."""
    from audit.inference.engines.local import LocalEngine
    from audit.inference.salmonn.checkpoint import load

    if args.engine == "ray":
        from audit.inference.engines.ray_engine import RayEngine

        return RayEngine(args.workers, args.gpus_per_worker, address=args.ray_address)
    if args.engine == "vllm":
        from audit.inference.engines.vllm_engine import VllmEngine

        return VllmEngine()
    devices = tuple(args.device or ())
    if len(devices) > 1:
        return LocalEngine(devices)
    if isinstance(before, LocalEngine):
        return before
    return LocalEngine(devices, load(spec.model, spec.weights))


def _checked(engine: Engine, args: argparse.Namespace, job: Job) -> Engine:
    """An engine whose arithmetic is another library's must give the reference's tokens first."""
    if args.engine != "vllm":
        return engine
    from audit.inference.engines.equality import check_equality
    from audit.inference.engines.local import LocalEngine
    from audit.inference.runner import sample_batches

    check_equality(engine, LocalEngine(tuple(args.device or ())), job.spec, sample_batches(job))
    return engine
