"""`repro-audit container`: the image and its runs, on a Docker or Podman engine."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit._util import canonical_json
from audit._util.files import write_atomic
from audit._util.git import image_arguments
from audit._util.paths import ROOT
from audit.cli.json_output import add_json
from audit.errors import InputError

if TYPE_CHECKING:
    from audit.container.archive_reader import Archive
    from audit.container.engine import Engine
    from audit.container.image import Image
    from audit.container.limits import User
    from audit.container.run import Job, Outcome

HELP = """Build the container image, run the audit in it locked down, describe an image, and archive it as a file. Uses
Docker, or Podman's Docker-compatible socket, at DOCKER_HOST."""

RECORD = Path("image.json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    build = _action(actions, "build", "build the image from a checkout and write its record", _build)
    build.add_argument("--target", default="cuda", help="the stage: cuda, or cpu without CUDA (default: %(default)s)")
    build.add_argument("--tag", metavar="NAME:TAG", help="a name for people; runs use the id")
    build.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE",
                       help="a build argument, not a secret: it stays in the image's history (may be repeated)")  # fmt: skip
    build.add_argument("--network", choices=["default", "host", "none"], default="default",
                       help="the network of the build's steps (default: the engine's)")  # fmt: skip
    build.add_argument("--context", type=_path, default=ROOT, metavar="DIR",
                       help="the checkout (default: this program's)")  # fmt: skip
    build.add_argument("--file", type=_path, metavar="FILE", help="the Dockerfile (default: the context's)")
    build.add_argument("--no-cache", action="store_true", help="rebuild every step")
    build.add_argument("--record", type=_path, default=RECORD, metavar="FILE", help="the record (default: %(default)s)")
    build.add_argument("--verbose", action="store_true", help="show every line of the steps' output")

    run_ = _action(actions, "run", "run the audit in the image", _run)
    _image_options(run_)
    run_.add_argument("--weights", type=_path, metavar="DIR", help="the model's weights, at /weights inside")
    run_.add_argument("--data", type=_path, metavar="DIR", help="the data sets, at /data inside")
    run_.add_argument("--predictions", type=_path, metavar="PATH",
                      help="predictions to score, a folder or one of its files, at /predictions inside")  # fmt: skip
    run_.add_argument("--out", type=_path, default=Path("out"), metavar="DIR",
                      help="where the results go; the only folder written to (default: %(default)s)")  # fmt: skip
    run_.add_argument("--key", type=_given, default=os.environ.get("REPRO_AUDIT_KEY") or None, metavar="FILE",
                      help="the signing key (PEM), mounted as a secret (default: $REPRO_AUDIT_KEY)")  # fmt: skip
    run_.add_argument("--passphrase-file", type=_path, metavar="FILE", help="its passphrase, mounted as a secret")
    run_.add_argument("--gpus", default="auto", metavar="auto|all|none|N",
                      help="auto uses all that the engine can pass on (default: %(default)s)")  # fmt: skip
    run_.add_argument("--memory", metavar="SIZE",
                      help="such as 16g, or none (default: nine tenths of the engine's memory)")  # fmt: skip
    run_.add_argument("--pids-limit", type=int, default=4096, metavar="N",
                      help="processes and threads (default: %(default)s)")  # fmt: skip
    run_.add_argument("--tmp-size", default="4g", metavar="SIZE",
                      help="scratch in memory, at /tmp (default: %(default)s)")  # fmt: skip
    run_.add_argument("--out-size", default="100g", metavar="SIZE",
                      help="what it may add to --out before it is killed (default: %(default)s)")  # fmt: skip
    run_.add_argument("--user", metavar="UID:GID", help="the user inside (default: you; for root 65532:65532)")
    run_.add_argument("--network", default="none", metavar="NAME",
                      help="a network of the engine, such as host; it is recorded (default: %(default)s)")  # fmt: skip
    run_.add_argument("--grace", type=int, default=30, metavar="SECONDS",
                      help="time to end after SIGTERM, which Ctrl-C sends (default: %(default)s)")  # fmt: skip
    run_.add_argument("arguments", nargs="*", metavar="-- COMMAND",
                      help="arguments for repro-audit, instead of the image's")  # fmt: skip

    inspect = _action(actions, "inspect", "describe an image or an archive; an archive is checked", _inspect)
    _image_options(inspect).add_argument(
        "--archive", type=_path, metavar="FILE", help="a file written by `container archive`"
    )
    add_json(inspect)

    archive = _action(actions, "archive", "write the image to a file for use without a registry", _archive)
    _image_options(archive)
    archive.add_argument("--output", type=_path, required=True, metavar="FILE.tar", help="the archive")
    archive.add_argument("--name", metavar="NAME:TAG", help="what `load` names it (default: repro-audit:DIGITS)")


def _given(text: str) -> str:
    """Reject the empty text that an unset shell variable leaves: it would mean the working folder."""
    if not text:
        raise argparse.ArgumentTypeError("must not be empty")
    return text


def _path(text: str) -> Path:
    return Path(_given(text))


def _action(
    actions: Any, name: str, text: str, function: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.add_argument("--host", metavar="URL", help="the engine's address (default: DOCKER_HOST, or Docker's socket)")
    parser.set_defaults(action_run=function)
    return parser


def _image_options(parser: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--image", metavar="REF", help="sha256:... or NAME@sha256:...; a tag is refused, as it can move")
    which.add_argument("--record", type=_path, metavar="FILE",
                       help=f"the record of `container build` (default: {RECORD})")  # fmt: skip
    return which


def run(args: argparse.Namespace) -> int:
    """Run the action; for `run`, return the program's exit code."""
    code: int = args.action_run(args)
    return code


def _build(args: argparse.Namespace) -> int:
    from audit.container import build as container_build

    given: dict[str, str] = {}
    for item in args.build_arg:
        name, equals, value = item.partition("=")
        if not (name and equals):
            raise InputError(f"{item!r} has no value", where="--build-arg", fix="NAME=VALUE")
        given[name] = value
    plan = container_build.Plan(
        context=args.context,
        file=args.file or args.context / "Dockerfile",
        target=args.target,
        arguments={**image_arguments(args.context), **given},
        tag=args.tag,
        network=args.network,
        cache=not args.no_cache,
    )
    with _engine(args) as engine:
        image = container_build.build(engine, plan, verbose=args.verbose)
    container_build.write_record(args.record, image, plan)
    _say(f"wrote {args.record}")
    print(image.id)
    return 0


def _run(args: argparse.Namespace) -> int:
    from audit.container import limits
    from audit.container import run as container

    limits.number(args.pids_limit, "--pids-limit", 1, limits.MOST_PIDS)
    limits.number(args.grace, "--grace", 0, container.LONGEST_GRACE)
    if args.passphrase_file is not None and args.key is None:
        raise InputError("--passphrase-file needs a key", fix="--key FILE")
    with _engine(args) as engine:
        job = _job(engine, args, _chosen(engine, args))
        _say(container.describe(engine, job))
        started = int(time.time())
        outcome = container.run(engine, job, _say)
        if engine.local:
            _write_record(engine, job, outcome, started)
    if outcome.overfull:
        _say(
            f"the container was killed: it wrote more than --out-size {args.out_size} into {args.out}, or a million files"
        )
    elif outcome.out_of_memory:
        _say("the container ran out of memory; raise --memory, or use fewer --workers inside")
    elif outcome.code == 137:
        _say("the program was killed, often by the memory limit (--memory)")
    elif outcome.signal is None and outcome.code:
        _say(f"the program ended with exit code {outcome.code}")
    return outcome.code


def _job(engine: Engine, args: argparse.Namespace, image: Image) -> Job:
    from audit.container import limits
    from audit.container import run as container
    from audit.provenance.signing import keys
    from audit.scoring.prediction_meta import folder_of

    user: User = limits.choose_user(engine, args.user, args.out)
    folder = None if args.predictions is None else folder_of(args.predictions)
    folders = {"/weights": args.weights, "/data": args.data, "/predictions": folder}
    if args.key is not None and args.key.startswith(keys.TOKEN):
        raise InputError(
            "a key in a token cannot be reached from inside the container",
            where="--key",
            fix="Sign outside, afterwards: repro-audit package OUT --key pkcs11:LABEL",
        )
    secrets = {container.KEY: Path(args.key) if args.key else None, container.PASSPHRASE: args.passphrase_file}
    mounts: dict[str, Path] = {}
    for place, path in {**folders, **secrets}.items():
        if path is not None:
            option = {container.KEY: "--key", container.PASSPHRASE: "--passphrase-file"}.get(place, f"--{place[1:]}")
            limits.check_readable(engine, user, path, option, folder=place in folders)
            mounts[place] = path
    if folder is not None:
        limits.check_predictions(engine, folder)
    job = container.Job(
        image=image,
        out=args.out,
        user=user,
        gpus=limits.choose_gpus(engine, args.gpus),
        memory=limits.choose_memory(engine, args.memory),
        pids=args.pids_limit,
        scratch=limits.amount(args.tmp_size, "--tmp-size", least=1 << 20),
        network=args.network,
        mounts=mounts,
        arguments=tuple(args.arguments) or None,
        grace=args.grace,
        written=limits.amount(args.out_size, "--out-size", least=1 << 20),
        predictions=args.predictions.name if args.predictions is not None and args.predictions.is_file() else None,
    )
    limits.prepare_out(engine, user, args.out)
    return job


def _write_record(engine: Engine, job: Job, outcome: Outcome, started: int) -> None:
    """OUT/container.json: what ran, how, and how it ended."""
    from audit.provenance.records.redaction import command
    from audit.provenance.records.run_record import utc

    record = {
        "schema": "repro-audit/container/1",
        "image": job.image.record(),
        "engine": engine.name,
        # Paths inside are not secret; what the user gave may be.
        "command": job.command() if job.arguments is None else command(["repro-audit", *job.arguments])[1:],
        "network": job.network,
        "gpus": str(job.gpus),
        "memory": job.memory,
        "pids": job.pids,
        "scratch": job.scratch,
        "user": str(job.user),
        "mounts": sorted(job.mounts),
        "started": utc(started),
        "finished": utc(time.time()),
        "exit_code": outcome.code,
        "signal": outcome.signal,
        "out_of_memory": outcome.out_of_memory,
        "written": job.written,
        "overfull": outcome.overfull,
    }
    try:
        write_atomic(job.out / "container.json", canonical_json.dumps(record) + b"\n")
    except OSError as error:
        _say(f"{job.out / 'container.json'} cannot be written ({error.strerror}): the folder belongs to {job.user}")


def _inspect(args: argparse.Namespace) -> int:
    from audit.container import archive_reader

    archive = None
    if args.archive is not None:
        archive = archive_reader.read(args.archive)
        image = archive.image
    else:
        with _engine(args) as engine:
            image = _chosen(engine, args)
    if args.json:
        more = {"name": archive.name, "size": archive.size} if archive else {}
        sys.stdout.write(json.dumps(image.record(**more), indent=1, ensure_ascii=False) + "\n")
    else:
        print(_readable(image, archive))
    return 0


def _archive(args: argparse.Namespace) -> int:
    from audit.container import archive as container_archive

    with _engine(args) as engine:
        image = _chosen(engine, args)
        _say(f"saving {image.id}; this temporarily takes twice its size beside {args.output}")
        found = container_archive.write(engine, image, args.output, args.name)
    beside = args.output.with_name(f"{args.output.name}.json")
    about = {"name": args.output.name, "sha256": found.sha256, "size": found.size, "load_as": found.name}
    write_atomic(beside, canonical_json.dumps(found.image.record(archive=about)) + b"\n")
    print(_readable(found.image, found))
    print(f"wrote {args.output} and {beside}")
    return 0


def _chosen(engine: Engine, args: argparse.Namespace) -> Image:
    """The image that the options name."""
    from audit.container import image as container_image

    if args.image is not None:
        return container_image.find(engine, args.image)
    record: Path = args.record or RECORD
    if args.record is None and not record.is_file():
        raise InputError(
            "no image is named",
            fix=f"--image sha256:..., or --record FILE; without them {RECORD} of `container build` is read.",
        )
    return container_image.find_recorded(engine, record)


def _readable(image: Image, archive: Archive | None) -> str:
    unknown = "not known to the engine"
    lines = [
        f"id        {image.id}",
        f"config    {image.config or unknown}",
        f"manifest  {image.manifest or unknown}",
        f"created   {image.created or 'unknown'}",
        f"platform  {image.platform}",
        *(f"layer     {layer}" for layer in image.layers),
        *(f"label     {name}={value}" for name, value in image.labels.items()),
        *(f"tag       {tag}" for tag in image.tags),
        *([f"name      {archive.name}", f"size      {archive.size}"] if archive else []),
    ]
    return "\n".join(lines)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def _engine(args: argparse.Namespace) -> Iterator[Engine]:
    """The engine that the options name; its connections are closed at the block's end."""
    from audit.container.engine import connect

    engine = connect(args.host)
    try:
        yield engine
    finally:
        engine.client.close()
