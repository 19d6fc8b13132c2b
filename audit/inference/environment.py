"""What a run runs on: the libraries, the machine, the device and the numeric settings of this process."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version

from audit.inference.run_records import RunEnvironment, Tf32

LIBRARIES = ("torch", "transformers", "peft", "numpy", "soundfile", "soxr", "sentencepiece", "safetensors")


def plain_environment(device: str, threads: int, libraries: Sequence[str]) -> RunEnvironment:
    """The environment of a model that runs without torch.

    Args:
        device: Its name.
        threads: Threads of the library that runs the model.
        libraries: Distributions whose versions count; those that are not installed are left out.
    """
    packages = {}
    for name in libraries:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            continue
    return RunEnvironment(
        python=platform.python_version(),
        platform=platform.platform(),
        packages=packages,
        device=device,
        threads=threads,
        cublas_workspace=os.environ.get("CUBLAS_WORKSPACE_CONFIG"),
    )


def torch_environment(device: str, libraries: Sequence[str] = LIBRARIES) -> RunEnvironment:
    """The environment of a model that runs by torch; `device` is torch's name."""
    import torch

    found = replace(
        plain_environment(device, torch.get_num_threads(), libraries),
        tf32=Tf32(torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32),
        deterministic_algorithms=torch.are_deterministic_algorithms_enabled(),
    )
    if not (device.startswith("cuda") and torch.cuda.is_available()):
        return found
    properties = torch.cuda.get_device_properties(torch.device(device))
    return replace(
        found,
        device=properties.name,
        compute_capability=f"{properties.major}.{properties.minor}",
        cuda=torch.version.cuda,
        cudnn=torch.backends.cudnn.version(),
    )
