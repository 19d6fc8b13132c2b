"""run.json: this run on this machine. It differs between runs, so the publication statement covers it, not the root."""

from __future__ import annotations

import datetime as dt
import locale
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from audit.provenance.format.checksums import sha256
from audit.provenance.records import redaction

SCHEMA = "repro-audit/run/1"
# Set by `repro-audit container run`: network, GPUs, limits and user of the container.
CONTAINER_VARIABLE = "REPRO_AUDIT_CONTAINER"
# Only these variables are recorded; everything else in a user's environment is private.
VARIABLES = (
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_VISIBLE_DEVICES",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "LC_NUMERIC",
    "MKL_NUM_THREADS",
    "NVIDIA_TF32_OVERRIDE",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "PYTHONHASHSEED",
    "PYTHONOPTIMIZE",
    "PYTORCH_CUDA_ALLOC_CONF",
    CONTAINER_VARIABLE,
    "SOURCE_DATE_EPOCH",
    "TOKENIZERS_PARALLELISM",
    "TZ",
)
_PLAIN = re.compile(r"[A-Za-z0-9_.:,+/=@ -]{0,80}\Z")
_STARTED = time.time()


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU as reported by nvidia-smi, without its serial number."""

    name: str
    memory: str
    driver: str


@dataclass(frozen=True, slots=True)
class Machine:
    """The hardware and the kernel; None if the system does not report it."""

    architecture: str
    cpu: str | None
    cpus: int | None
    cpus_usable: int | None
    memory_mib: int | None
    kernel: str
    gpus: tuple[Gpu, ...]


@dataclass(frozen=True, slots=True)
class Torch:
    """The build and the determinism settings of torch."""

    version: str
    cuda: str | None
    cudnn: int | None
    deterministic_algorithms: bool
    cudnn_benchmark: bool
    cudnn_deterministic: bool
    float32_matmul_precision: str
    threads: int
    build_sha256: str


@dataclass(frozen=True, slots=True)
class Locale:
    """The encoding of text files and the locale of numbers."""

    encoding: str
    numeric: str


@dataclass(frozen=True, slots=True)
class PythonFlags:
    """The interpreter's flags that could change a result."""

    optimize: int
    hash_randomization: int
    utf8_mode: int


@dataclass(frozen=True, slots=True)
class RunRecord:
    """run.json, of integers, strings and null.

    Attributes:
        command: The command line, cleaned (see `redaction`).
        started: RFC 3339, in UTC; `finished` likewise.
        torch: The build and settings of torch; None if the run has not loaded it.
        variables: Those of `VARIABLES` that are set.
    """

    schema: str
    command: tuple[str, ...]
    started: str
    finished: str
    seconds: int
    machine: Machine
    torch: Torch | None
    locale: Locale
    time_zone: str
    python_flags: PythonFlags
    variables: Mapping[str, str]


def collect(started: float | None = None, arguments: Sequence[str] | None = None) -> RunRecord:
    """The record of this process.

    Args:
        started: When the run started, in seconds since 1970; by default, when this module was imported.
        arguments: The command line; `sys.argv` unless given.
    """
    begin = _STARTED if started is None else started
    end = time.time()
    flags = sys.flags
    return RunRecord(
        schema=SCHEMA,
        command=tuple(redaction.command(sys.argv if arguments is None else arguments)),
        started=utc(begin),
        finished=utc(end),
        seconds=max(0, round(end - begin)),
        machine=Machine(
            architecture=platform.machine(),
            cpu=_cpu(),
            cpus=os.cpu_count(),
            cpus_usable=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
            memory_mib=_memory_mib(),
            kernel=f"{platform.system()} {platform.release()}",
            gpus=_gpus(),
        ),
        torch=_torch(),
        locale=Locale(locale.getpreferredencoding(False), locale.setlocale(locale.LC_NUMERIC)),
        time_zone=time.strftime("%z"),
        python_flags=PythonFlags(flags.optimize, flags.hash_randomization, flags.utf8_mode),
        variables={name: _variable(os.environ[name]) for name in VARIABLES if name in os.environ},
    )


def blinded(found: RunRecord) -> RunRecord:
    """The record without the machine, the command line and what tells of its place: language, time zone, variables."""
    return replace(
        found,
        command=(redaction.WITHHELD,),
        machine=Machine(redaction.WITHHELD, None, None, None, None, redaction.WITHHELD, ()),
        torch=None,
        locale=Locale(redaction.WITHHELD, redaction.WITHHELD),
        time_zone=redaction.WITHHELD,
        variables={},
    )


def utc(seconds: float) -> str:
    """A time as RFC 3339, in UTC, to the second."""
    return dt.datetime.fromtimestamp(int(seconds), dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _variable(value: str) -> str:
    if not _PLAIN.match(value) or value.startswith(("/", ":/", "~")):
        return redaction.WITHHELD
    return redaction.text(value)


def _cpu() -> str | None:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or None
    match = re.search(r"^(?:model name|Model|Hardware)\s*:\s*(.+)$", text, re.MULTILINE)
    return match[1].strip() if match else None


def _memory_mib() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (1 << 20)
    except (OSError, ValueError):
        return None


def _gpus() -> tuple[Gpu, ...]:
    query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    rows = [[cell.strip() for cell in line.split(",")] for line in filter(None, answer.stdout.split("\n"))]
    return tuple(Gpu(*row) for row in rows if len(row) == 3)


def _torch() -> Torch | None:
    """The record of torch if the run has loaded it; never loads it."""
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return None
    cudnn = torch.backends.cudnn
    return Torch(
        version=str(torch.__version__),
        cuda=torch.version.cuda,
        cudnn=cudnn.version() if cudnn.is_available() else None,
        deterministic_algorithms=torch.are_deterministic_algorithms_enabled(),
        cudnn_benchmark=cudnn.benchmark,
        cudnn_deterministic=cudnn.deterministic,
        float32_matmul_precision=torch.get_float32_matmul_precision(),
        threads=torch.get_num_threads(),
        build_sha256=sha256(torch.__config__.show().encode("utf-8")),
    )
