"""Running the audit in a locked-down container, with live output and the program's exit code.

No network, a read-only root file system, no capabilities and no way to gain any, a scratch folder in memory, limits on
memory and processes. Inputs are mounted read-only; the program writes to one folder. An interrupt stops the
program with SIGTERM; the container is removed in every case.
"""

from __future__ import annotations

import contextlib
import json
import queue
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from audit._util import clock
from audit.container.engine import Engine, EngineError
from audit.container.image import Image
from audit.container.limits import Gpus, User, words
from audit.container.streams import Interrupted, Pump, Signals
from audit.container.written import Watch
from audit.errors import InputError, MissingError
from audit.provenance.records import environment
from audit.provenance.records.run_record import CONTAINER_VARIABLE
from audit.provenance.signing import keys

KEY = "/run/secrets/repro-audit-key"
PASSPHRASE = "/run/secrets/repro-audit-passphrase"  # noqa: S105  a place
SCRATCH = "/tmp"  # noqa: S108  the container's own
DEFAULT_COMMAND = ("all", "--weights", "/weights", "--data", "/data", "--out", "/out")
# Seconds between SIGTERM and the kill. Finished work is already in the journal.
GRACE = 30
LONGEST_GRACE = 24 * 3600
_RECORDED = 80  # maximum length of a variable in run.json; longer values are withheld there
_LOOK = 0.2  # maximum delay in seconds before a signal is handled
WRITTEN = 100 << 30  # features of all test sets and the results take some ten gigabytes
_SHARED_MEMORY = 1 << 30  # for data exchanged between the processes that read audio


@dataclass(frozen=True, slots=True)
class Job:
    """A run in a container.

    Attributes:
        image: The image.
        out: The output folder.
        user: The user it runs as.
        gpus: The GPUs.
        memory: The memory limit in bytes; None for no limit.
        pids: The maximum number of processes and threads.
        scratch: The size of /tmp in bytes.
        network: `none`, or a network of the engine.
        mounts: Path inside to file or folder outside, read-only.
        arguments: The program's arguments; None for the image's default, extended for the mounts.
        grace: Seconds between SIGTERM and the kill.
        predictions: The name of the one file in /predictions to use; None for the folder.
        written: The most bytes that it may add to the output folder.

    Raises:
        InputError: The network's name is too long for the record of the run.
    """

    image: Image
    out: Path
    user: User
    gpus: Gpus
    memory: int | None
    pids: int
    scratch: int
    network: str = "none"
    mounts: Mapping[str, Path] = field(default_factory=dict)
    arguments: tuple[str, ...] | None = None
    grace: int = GRACE
    predictions: str | None = None
    written: int = WRITTEN

    def __post_init__(self) -> None:
        # Only the network's name is unbounded; all other conditions always fit.
        beyond = len(self.conditions()) - _RECORDED
        if beyond > 0:
            raise InputError(
                f"the name of {len(self.network)} characters is too long by {beyond} for the record of the run",
                where=f"--network {self.network}",
                fix="Give the first digits of the network's id (docker network ls), which are then recorded.",
            )

    def command(self) -> list[str]:
        """The program's arguments."""
        if self.arguments is not None:
            return list(self.arguments)
        place = "/predictions" if self.predictions is None else f"/predictions/{self.predictions}"
        more = ["--predictions", place] if "/predictions" in self.mounts else []
        more += ["--passphrase-file", PASSPHRASE] if PASSPHRASE in self.mounts else []
        return [*(self.image.command or DEFAULT_COMMAND), *more]

    def variables(self) -> dict[str, str]:
        """The environment variables set in addition to the image's."""
        found = {
            environment.IMAGE_VARIABLE: json.dumps(
                self.image.environment().as_json(), sort_keys=True, separators=(",", ":")
            ),
            CONTAINER_VARIABLE: self.conditions(),
            # The image's default, /dev/shm, is small and `noexec`; /tmp has the requested size.
            "TMPDIR": SCRATCH,
            "HOME": SCRATCH,
        }
        if KEY in self.mounts:
            found[keys.VARIABLE] = KEY
        epoch = clock.given_epoch()
        if epoch is not None:
            found[clock.VARIABLE] = str(epoch)
        if self.gpus.count == 0:
            # If NVIDIA's runtime is the engine's default, the image's own variable would add all GPUs.
            found["NVIDIA_VISIBLE_DEVICES"] = "void"
        return found

    def conditions(self) -> str:
        """A summary of the conditions, for the record of the run."""
        memory = "none" if self.memory is None else f"{self.memory >> 20}m"
        return f"network={self.network},gpus={self.gpus},memory={memory},pids={self.pids},user={self.user}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a run.

    Attributes:
        code: The exit code: the program's, or 128 plus the number of the signal that stopped the run.
        out_of_memory: Whether a process was killed by the memory limit.
        signal: The signal that stopped the run; None if it ended by itself.
        overfull: Whether it was killed because it wrote more into the output folder than it may.
    """

    code: int
    out_of_memory: bool
    signal: int | None = None
    overfull: bool = False


def run(
    engine: Engine,
    job: Job,
    say: Callable[[str], None],
    stdout: BinaryIO | None = None,
    stderr: BinaryIO | None = None,
) -> Outcome:
    """Run the job until it ends or a signal arrives; see the module's docstring.

    Args:
        engine: The engine.
        job: The job.
        say: Receives messages for the user.
        stdout: Receives the program's output; by default this process's standard output.
        stderr: Receives the program's errors; by default this process's standard error.

    Raises:
        EngineError: The engine refused a request, or disconnected.
        MissingError: The engine cannot provide the GPUs.
        BrokenPipeError: The reader closed the output; the container has been stopped.
    """
    name = f"repro-audit-{secrets.token_hex(6)}"
    signals = Signals()
    pump = Pump(stdout or sys.stdout.buffer, stderr or sys.stderr.buffer, {"/out": job.out, **job.mounts})
    left = f"Start it again; the container may be left over: docker rm --force {name}"
    with signals.installed():
        try:
            stopped = None
            watch = Watch(job.out, job.written)
            # Creation is not interrupted: the engine might finish it later, and nobody would remove the container.
            _create(engine, job, name, pump, left)
            try:
                with signals.heeded():
                    _start(engine, name, left)
                    code = _wait(engine, name, left, watch)
            except Interrupted:
                stopped = signals.number or signal.SIGINT
                _stop(engine, job, name, signals, say, left)
                code = 128 + stopped
            pump.join(20 if stopped is None else 5)
            full = watch.passed
            return Outcome(code, code == 137 and not full and _out_of_memory(engine, name), stopped, overfull=full)
        finally:
            _remove(engine, name, say)


def _create(engine: Engine, job: Job, name: str, pump: Pump, left: str) -> None:
    with engine.asked("create the container"):
        client = engine.client
        host = client.create_host_config(**_host(engine, job))
        if job.user.keep_id:
            host["UsernsMode"] = "keep-id"  # Podman only; the package accepts only Docker's values
        configuration = client.create_container_config(
            image=job.image.id,
            command=job.command(),
            user=str(job.user),
            environment=job.variables(),
            labels={"org.repro-audit.run": "1"},
            host_config=host,
            # The image's health check is for long-lived containers; here it would only slow the run down.
            healthcheck={"test": ["NONE"]},
        )
        client.create_container_from_config(configuration, name=name)
    # Attach before starting, so that no output is missed.
    with engine.asked("attach to the container", left):
        stream = client.attach(name, stdout=True, stderr=True, stream=True, logs=False, demux=True)
    pump.start(stream, lambda: client.kill(name))


def _start(engine: Engine, name: str, left: str) -> None:
    try:
        with engine.asked("start the container", left):
            engine.client.start(name)
    except EngineError as error:
        if "could not select device driver" in error.what or "nvidia.com/gpu" in error.what:
            raise MissingError(
                f"the engine cannot pass GPUs through: {error.what}",
                where="--gpus",
                fix="Install NVIDIA's container toolkit (`nvidia-ctk runtime configure`), or use --gpus none.",
            ) from None
        raise


def _host(engine: Engine, job: Job) -> dict[str, Any]:
    """The engine's host configuration of the container."""
    from docker.types import DeviceRequest, LogConfig, Mount

    mounts = [Mount("/out", _outside(job.out), type="bind", read_only=False)]
    mounts += [Mount(place, _outside(path), type="bind", read_only=True) for place, path in sorted(job.mounts.items())]
    settings: dict[str, Any] = {
        "network_mode": job.network,
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "init": True,
        "mounts": mounts,
        # Not `noexec`: Java libraries and GPU kernel compilers run code that they unpack there.
        "tmpfs": {SCRATCH: f"rw,exec,nosuid,nodev,size={job.scratch},mode=1777"},
        "shm_size": _SHARED_MEMORY,
        # The output is copied as it comes; the engine's own copy must not fill its disk.
        "log_config": LogConfig(type=LogConfig.types.JSON, config={"max-size": "16m", "max-file": "1"}),
    }
    # An engine without the memory controller (often a rootless one) refuses the limit or silently ignores it.
    if job.memory is not None and engine.limits("Memory"):
        settings |= {"mem_limit": job.memory}
        if engine.limits("Swap"):
            settings |= {"memswap_limit": job.memory}
    if engine.limits("Pids"):
        settings |= {"pids_limit": job.pids}
    if job.gpus.count:
        settings |= {
            "device_requests": [
                DeviceRequest(driver="cdi", device_ids=job.gpus.devices())
                if job.gpus.cdi
                else DeviceRequest(count=job.gpus.count, capabilities=[["gpu"]])
            ]
        }
    return settings


def _outside(path: Path) -> str:
    return str(path.absolute())


def _wait(engine: Engine, name: str, left: str, watch: Watch) -> int:
    """Wait for the exit code; kill the container once it has written too much.

    A thread does the blocking read; otherwise a signal that arrives just before it would be handled only afterwards.
    """
    from docker.errors import APIError

    found: queue.SimpleQueue[int | EngineError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            with engine.asked("say how the container ended", left):
                found.put(int(engine.client.wait(name)["StatusCode"]))
        except EngineError as error:
            found.put(error)

    threading.Thread(target=ask, daemon=True).start()
    while True:
        with contextlib.suppress(queue.Empty):
            answer = found.get(timeout=_LOOK)
            if isinstance(answer, EngineError):
                raise answer
            return answer
        if watch.exceeded():
            with engine.asked("kill the container", left), contextlib.suppress(APIError):  # it has just ended
                engine.client.kill(name)


def _stop(engine: Engine, job: Job, name: str, signals: Signals, say: Callable[[str], None], left: str) -> None:
    """Stop the container with SIGTERM, and kill it after the grace period or at a second signal."""
    from docker.errors import APIError

    say(f"stopping; it will be killed after {job.grace} seconds (interrupt again to kill it now)")
    with engine.asked("stop the container", left):
        try:
            with signals.heeded():
                engine.client.stop(name, timeout=job.grace)
        except Interrupted:
            with contextlib.suppress(APIError):  # it has just ended
                engine.client.kill(name)


def _out_of_memory(engine: Engine, name: str) -> bool:
    """Whether the engine reports an out-of-memory kill, which may arrive shortly after the exit."""
    with engine.asked("say how the container ended"):
        for _ in range(5):
            if engine.client.inspect_container(name)["State"].get("OOMKilled"):
                return True
            time.sleep(0.1)
    return False


def _remove(engine: Engine, name: str, say: Callable[[str], None]) -> None:
    from docker.errors import NotFound

    failing = sys.exc_info()[1] is not None  # that error is then the one to report
    try:
        with engine.asked("remove the container"), contextlib.suppress(NotFound):
            engine.client.remove_container(name, force=True, v=True)
    except EngineError as error:
        if not failing:
            say(f"the container {name} may be left over ({error.what}): docker rm --force {name}")


def describe(engine: Engine, job: Job) -> str:
    """A description of the run, in lines of at most 80 characters except for names and paths."""
    tags = f" ({', '.join(job.image.tags[:3])})" if job.image.tags else ""
    memory = words(job.memory) if engine.limits("Memory") else "no limit (the engine has none)"
    user = f"{job.user} ({job.user.reason})" if job.user.reason else str(job.user)
    return "\n".join(
        (
            f"image    {job.image.id}{tags}",
            f"engine   {engine.name} at {engine.where}",
            f"user     {user}",
            f"gpus     {job.gpus}: {job.gpus.reason}",
            f"limits   memory {memory}, {job.pids} processes, /tmp {words(job.scratch)}",
            f"network  {job.network}",
        )
    )
