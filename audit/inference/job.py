"""Running the model over a task's test set, from what a caller asks for to a predictions file."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from audit.errors import InputError, MissingError

if TYPE_CHECKING:
    from audit.inference.engines.interface import Engine
    from audit.inference.worker import Spec
    from tasks.datasets.manifest import Manifest

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SetOptions:
    """Where a task's test set lies.

    Attributes:
        data: The data set in its official layout; or else `manifest`.
        manifest: A manifest written before.
        labels: Labels that do not come with the audio.
        speech: Spoken questions or abstracts (`ID.wav`).
        tts: A command that speaks them; `{text}` and `{wav}` are filled in.
        limit: The first so many items only, for a trial; noted in the manifest.
        resampler: For files that are not 16 kHz; with `none` they are errors.
    """

    data: Path | None = None
    manifest: Path | None = None
    labels: Path | None = None
    speech: Path | None = None
    tts: str | None = None
    limit: int | None = None
    resampler: str = "none"


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """Which model, and how it decodes; None leaves it to model.yaml or to the task.

    Attributes:
        model: model.yaml, or its folder.
        devices: One worker each; empty for the device that model.yaml names.
        decoding: The beam rule: `transformers-4.28`, or the installed library's (`current`).
        prompt: Another instruction than the task's; noted in the predictions' meta file.
    """

    model: Path
    precision: str | None = None
    lora: str | None = None
    lora_alpha: int | None = None
    attention: str | None = None
    devices: tuple[str, ...] = ()
    decoding: Literal["transformers-4.28", "current"] = "transformers-4.28"
    beams: int = 4
    max_new_tokens: int | None = None
    prompt: str | None = None


@dataclass(frozen=True, slots=True)
class InferenceRequest:
    """A run of the model over test sets.

    Attributes:
        test_set: Where the test set lies.
        model: Which model.
        out: Gets the predictions files.
        batch_size: Clips at a time.
        encode_batch: Clips that the encoders take at once.
        engine: `local`, or `ray` for actors on a cluster.
        workers: Ray actors.
        gpus_per_worker: For Ray; 0.5: two actors share one GPU.
        ray_address: Of a running cluster; None for this machine.
        shard: `K/N`: only this part, to be joined by `merge`.
        prefetch: Processes that read audio ahead.
        features: Folder for the encoders' outputs kept between runs; None keeps nothing.
        who: Who ran it, for the meta file.
    """

    test_set: SetOptions
    model: ModelOptions
    out: Path
    batch_size: int = 1
    encode_batch: int = 1
    engine: str = "local"
    workers: int = 1
    gpus_per_worker: float = 0.0
    ray_address: str | None = None
    shard: str = "1/1"
    prefetch: int = 0
    features: Path | None = None
    who: str | None = None


def need_torch() -> None:
    """Inference cannot do without torch.

    Raises:
        MissingError: It is not installed.
    """
    if importlib.util.find_spec("torch") is None:
        raise MissingError(
            "inference needs torch", fix="pip install 'repro-audit[inference]', or use the image with CUDA"
        )


def infer(
    request: InferenceRequest, task: str, say: Say, note: Say, before: Engine | None = None
) -> tuple[Engine, int]:
    """Run the model over one task's test set, from where an earlier start stopped.

    Args:
        request: What to run.
        task: The task's id.
        say: Takes the line that tells the result.
        note: Takes what the test set has to note.
        before: The engine of the task before; one model serves all tasks on one device.

    Returns:
        The engine, and how many rows are errors.

    Raises:
        MissingError: torch, the weights or the data are missing.
        InputError: What was asked for does not fit.
    """
    need_torch()
    from audit._util.progress import progress
    from audit.inference.plan import parse_shard
    from audit.inference.runner import Job, run

    manifest = read_manifest(request.test_set, task, note)
    spec = make_spec(request, task, manifest)
    job = Job(task, manifest, spec, request.batch_size, request.out, parse_shard(request.shard))
    engine = _engine(request, spec, before)
    with progress(task) as shown:
        outcome = run(job, engine, shown.show, request.who)
    place = outcome.predictions or f"shard {request.shard} is done; `repro-audit merge --task {task}` joins them"
    say(f"{task}: {outcome.rows} rows, {outcome.errors} of them errors: {place}")
    return engine, outcome.errors


def read_manifest(options: SetOptions, task: str, note: Say) -> Manifest:
    """The task's test set, from its layout or a manifest file; what is missing is noted.

    Raises:
        InputError: Neither or both are given, or the data do not have their layout.
    """
    from audit.inference.dataset_errors import explain
    from audit.inference.settings import setting
    from tasks.datasets import manifest as manifests
    from tasks.datasets.errors import DatasetError
    from tasks.datasets.registry import Options, read

    setting(task)
    if (options.data is None) == (options.manifest is None):
        raise InputError("give the test set: either --data FOLDER or --manifest FILE")
    try:
        if options.manifest is not None:
            found = manifests.read(options.manifest)
        else:
            assert options.data is not None
            beside = Options(labels=options.labels, speech=options.speech, tts=options.tts)
            found = manifests.with_hashes(read(task, options.data, beside))
    except DatasetError as error:
        raise explain(error) from None
    if options.limit is not None and options.limit < len(found.items):
        text = f"only the first {options.limit} of {len(found.items)} items"
        found = replace(found, items=found.items[: options.limit], notes=(*found.notes, text))
    for text in found.notes:
        note(f"{task}: note: {text}")
    if found.missing:
        shown = ", ".join(found.missing[:3])
        note(f"{task}: {len(found.missing)} missing: {shown}{' ...' if len(found.missing) > 3 else ''}")
    return found


def make_spec(request: InferenceRequest, task: str, manifest: Manifest) -> Spec:
    """What a worker needs to run this task."""
    from audit.inference.merge import work_folder
    from audit.inference.salmonn.config import read_model_config
    from audit.inference.salmonn.decoding import Decoding
    from audit.inference.salmonn.weights import weight_hashes
    from audit.inference.settings import TaskSetting, setting
    from audit.inference.worker import Spec

    options = request.model
    config = read_model_config(
        options.model,
        device=options.devices[0] if options.devices else None,
        precision=options.precision,
        lora=options.lora,
        lora_alpha=options.lora_alpha,
        attention=options.attention,
    )
    chosen = setting(task)
    if options.prompt is not None:
        chosen = TaskSetting("given", options.prompt, chosen.max_new_tokens)
    return Spec(
        config,
        chosen,
        Decoding(options.decoding, options.beams, options.max_new_tokens or chosen.max_new_tokens),
        manifest.root,
        request.test_set.resampler,
        request.features,
        request.encode_batch,
        request.prefetch,
        weights=weight_hashes(config, work_folder(request.out, task) / "weights.json"),
    )


def _engine(request: InferenceRequest, spec: Spec, before: Engine | None) -> Engine:
    from audit.inference.engines.local import LocalEngine
    from audit.inference.salmonn.checkpoint import load

    if request.engine == "ray":
        from audit.inference.engines.ray_engine import RayEngine

        return RayEngine(request.workers, request.gpus_per_worker, address=request.ray_address)
    devices = request.model.devices
    if len(devices) > 1:
        return LocalEngine(devices)
    if isinstance(before, LocalEngine):
        return before
    return LocalEngine(devices, load(spec.model, spec.weights))
