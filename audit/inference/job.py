"""Inference jobs: run a model on the test set of a task and write a predictions file."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from audit.errors import InputError, MissingError

if TYPE_CHECKING:
    from audit._util.strict_yaml import Document
    from audit.inference.engines.interface import Engine, WorkSpec
    from audit.inference.model_engines.interface import EngineModel
    from audit.inference.sampled import SampledRun
    from audit.inference.settings import TaskSetting
    from audit.inference.worker import Spec
    from tasks.datasets.manifest import Manifest
    from tasks.task import Task

Say = Callable[[str], None]
# Fields of `ModelOptions` that apply to SALMONN alone.
_OF_SALMONN = ("precision", "lora", "lora_alpha", "attention", "decoding", "beams", "max_new_tokens")


@dataclass(frozen=True, slots=True)
class SetOptions:
    """The location of a task's test set.

    Attributes:
        data: The data set in its official layout; alternatively `manifest`.
        manifest: An existing manifest file.
        labels: Labels that are distributed separately from the audio.
        speech: Spoken questions or abstracts (`ID.wav`).
        tts: A command that synthesises them, with the placeholders `{text}` and `{wav}`.
        limit: Use only the first items, for a trial; noted in the manifest.
        resampler: The resampler for audio not at 16 kHz; with `none` such files are errors.
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
    """The model and its decoding parameters; None uses the value in model.yaml or of the task.

    The decoding parameters of a model engine stand in its model.yaml alone.

    Attributes:
        model: model.yaml, or its folder.
        devices: One worker per device; empty for the device in model.yaml.
        decoding: SALMONN's beam search: of `transformers-4.28` (the default), or of the installed library (`current`).
        beams: 4 by default.
        prompt: An instruction that replaces the task's; noted in the predictions' meta file.
    """

    model: Path
    precision: str | None = None
    lora: str | None = None
    lora_alpha: int | None = None
    attention: str | None = None
    devices: tuple[str, ...] = ()
    decoding: Literal["transformers-4.28", "current"] | None = None
    beams: int | None = None
    max_new_tokens: int | None = None
    prompt: str | None = None


@dataclass(frozen=True, slots=True)
class InferenceRequest:
    """A run of a model on test sets.

    Attributes:
        test_set: The location of the test set.
        model: The model and its decoding parameters.
        out: The folder for the predictions files.
        batch_size: Clips per batch.
        encode_batch: The batch size of the encoders.
        engine: `local`, or `ray` for actors on a cluster.
        workers: The number of Ray actors.
        gpus_per_worker: For Ray; with 0.5, two actors share one GPU.
        ray_address: The address of a running cluster; None for this machine.
        shard: `K/N`: run only this part, to be joined by `merge`.
        prefetch: The number of processes that read audio ahead.
        features: A folder that caches SALMONN's encoder outputs between runs; None for no cache.
        who: Who ran it, for the meta file.
        name: The run's name: it is written to `TASK@NAME.jsonl`; None for `TASK.jsonl`.
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
    name: str | None = None


def need_libraries(model: Path) -> None:
    """Check that what runs the model of a model file is installed.

    Raises:
        MissingError: It is not.
        InputError: The model file is missing, invalid, or names an unknown engine.
    """
    from audit.inference.model_file import SALMONN, engine_name, open_model_file

    document = open_model_file(model)
    if engine_name(document) == SALMONN:
        need_torch()
        return
    from audit.inference.model_engines import engine_named

    engine_named(engine_name(document), document.where(("engine",))).need()


def need_torch() -> None:
    """Check that torch is installed.

    Raises:
        MissingError: torch is not installed.
    """
    if importlib.util.find_spec("torch") is None:
        raise MissingError(
            "inference needs torch", fix="pip install 'repro-audit[inference]', or use the image with CUDA"
        )


def infer(
    request: InferenceRequest,
    task: str,
    say: Say,
    note: Say,
    before: Engine | None = None,
    sampled: SampledRun | None = None,
    known: Mapping[str, Task] | None = None,
) -> tuple[Engine, int]:
    """Run the model on the test set of a task, or resume an interrupted run.

    Args:
        request: The run.
        task: The task's id.
        say: Receives the line with the result.
        note: Receives notes about the test set.
        before: The engine of the previous task; on one device, the loaded model is reused.
        sampled: The sampling plan that the run follows.
        known: The tasks that there are; None for those of the study in the current folder and of all studies at hand.

    Returns:
        The engine, and the number of error rows.

    Raises:
        MissingError: A library, the weights or the data are missing.
        InputError: The request is invalid.
        CheckFailedError: A file of the model is not the one that model.yaml names by its hash.
    """
    need_libraries(request.model.model)
    from audit._util.progress import progress
    from audit.inference.plan import parse_shard
    from audit.inference.runner import Job, run

    manifest = read_manifest(request.test_set, task, note, known)
    spec = make_spec(request, task, manifest)
    job = Job(task, manifest, spec, request.batch_size, request.out, parse_shard(request.shard), sampled, request.name)
    engine = _engine(request, spec, before)
    with progress(task) as shown:
        outcome = run(job, engine, shown.show, request.who)
    place = (
        outcome.predictions
        or f"shard {request.shard} is done; join the shards with `repro-audit merge --task {job.stem}`"
    )
    say(f"{task}: {outcome.rows} rows, {outcome.errors} of them errors: {place}")
    return engine, outcome.errors


def read_manifest(options: SetOptions, task: str, note: Say, known: Mapping[str, Task] | None = None) -> Manifest:
    """The task's test set: from its official layout, from a folder with a `metadata.csv`, or from a manifest file.

    Missing files, and every difference from the task's set card, are noted.

    Raises:
        InputError: Neither or both are given, or the data do not have the official layout.
    """
    from audit.inference.dataset_errors import explain
    from audit.literature.set_manifest import notes as differences
    from audit.literature.sets import card_of, load_sets
    from tasks.datasets import manifest as manifests
    from tasks.datasets.errors import DatasetError
    from tasks.datasets.registry import Options, read

    declared = _task(task, known)
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
    remarks = (*found.notes, *differences(found, card_of(declared, load_sets())))
    found = replace(found, notes=tuple(dict.fromkeys(remarks)))  # a manifest file may hold them already
    if options.limit is not None and options.limit < len(found.items):
        text = f"only the first {options.limit} of {len(found.items)} items"
        found = replace(found, items=found.items[: options.limit], notes=(*found.notes, text))
    for text in found.notes:
        note(f"{task}: note: {text}")
    if found.missing:
        shown = ", ".join(found.missing[:3])
        note(f"{task}: {len(found.missing)} missing: {shown}{' ...' if len(found.missing) > 3 else ''}")
    return found


def _task(name: str, known: Mapping[str, Task] | None) -> Task:
    """A task of those that there are, by default of the study in the current folder and of all studies at hand.

    Raises:
        InputError: No study declares it.
    """
    from audit._util.suggest import did_you_mean
    from audit.literature.known_tasks import tasks_here

    known = tasks_here() if known is None else known
    if name not in known:
        every = f"Declare it in study.yaml of this folder (`repro-audit study new`). Tasks: {', '.join(known)}."
        raise InputError(f"unknown task {name!r}", fix=did_you_mean(name, known, every))
    return known[name]


def make_spec(request: InferenceRequest, task: str, manifest: Manifest) -> WorkSpec:
    """The worker specification for this task.

    Raises:
        InputError: model.yaml is invalid, or an option does not apply to its model.
        MissingError: The model's folder or a file in it is missing.
        CheckFailedError: A file of the model is not the one that model.yaml names by its hash.
    """
    from audit.inference.model_file import SALMONN, engine_name, open_model_file

    document = open_model_file(request.model.model)
    if engine_name(document) == SALMONN:
        return salmonn_spec(request, task, manifest)
    return _engine_spec(request, task, manifest, document)


def salmonn_spec(request: InferenceRequest, task: str, manifest: Manifest) -> Spec:
    """The specification of a SALMONN worker.

    Raises:
        InputError: model.yaml is invalid or of another model, or the task has no instruction.
    """
    from audit.inference.merge import work_folder
    from audit.inference.salmonn.config import read_model_config
    from audit.inference.salmonn.decoding import Decoding
    from audit.inference.salmonn.weights import weight_hashes
    from audit.inference.settings import TaskSetting, setting
    from audit.inference.worker import Spec
    from audit.scoring.predictions import file_stem

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
        Decoding(
            options.decoding or "transformers-4.28", options.beams or 4, options.max_new_tokens or chosen.max_new_tokens
        ),
        manifest.root,
        request.test_set.resampler,
        request.features,
        request.encode_batch,
        request.prefetch,
        weights=weight_hashes(config, work_folder(request.out, file_stem(task, request.name)) / "weights.json"),
    )


def _engine_spec(request: InferenceRequest, task: str, manifest: Manifest, document: Document) -> WorkSpec:
    from audit.inference.merge import work_folder
    from audit.inference.model_engines.clips import ClipSpec
    from audit.inference.model_engines.document import model_hashes, read_engine_model
    from audit.scoring.predictions import file_stem

    options = request.model
    given = [name for name in _OF_SALMONN if getattr(options, name) is not None]
    if request.encode_batch != 1:
        given.append("encode_batch")
    engine, model = read_engine_model(document, options.devices[0] if options.devices else None)
    if options.prompt is not None and not engine.asks(model):
        given.append("prompt")
    if given:
        raise InputError(
            f"does not apply to the engine {engine.name}",
            where=f"--{given[0].replace('_', '-')}",
            fix=f"Omit it; decoding parameters stand in {document.path}.",
        )
    return ClipSpec(
        model,
        _instruction(options.prompt, model, task) if engine.asks(model) else None,
        manifest.root,
        model_hashes(engine, model, work_folder(request.out, file_stem(task, request.name)) / "weights.json"),
        request.test_set.resampler,
        request.prefetch,
    )


def _instruction(given: str | None, model: EngineModel, task: str) -> TaskSetting:
    """The instruction for a task: of the command line, the model file, or SALMONN's.

    Raises:
        InputError: There is none.
    """
    from audit.inference.settings import SETTINGS, TaskSetting

    if given is not None:
        return TaskSetting("given", given)
    own = model.prompts.get(task, model.prompt)
    if own is not None:
        return TaskSetting("model.yaml", own)
    if task not in SETTINGS:
        raise InputError(
            f"there is no instruction for the task {task}",
            where=model.source,
            fix=f"Add `prompts: {{{task}: TEXT}}`, or give --prompt.",
        )
    return SETTINGS[task]


def _engine(request: InferenceRequest, spec: WorkSpec, before: Engine | None) -> Engine:
    from audit.inference.engines.local import LocalEngine

    if request.engine == "ray":
        from audit.inference.engines.ray_engine import RayEngine

        return RayEngine(request.workers, request.gpus_per_worker, address=request.ray_address)
    devices = request.model.devices
    if len(devices) > 1:
        return LocalEngine(devices)
    if isinstance(before, LocalEngine):
        return before
    return LocalEngine(devices, spec.load())
