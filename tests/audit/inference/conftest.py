from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support import paths

ASSETS = paths.ASSETS / "salmonn_tiny"


# Tiny tensors gain nothing from a second thread, and lose much when other programs want it; processes inherit this.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    if importlib.util.find_spec("torch") is not None:
        import torch

        torch.set_num_threads(1)


def pytest_configure(config: pytest.Config) -> None:
    # Warnings of the libraries about their own future; those of the project stay errors.
    for line in (
        "ignore:.*is_gradient_checkpointing.*:FutureWarning",
        "ignore::DeprecationWarning:torch.*",
        "ignore::DeprecationWarning:sentencepiece.*",
        # torch 2.9 says so of every use of allow_tf32 (2.11 does no more), which is the one way that 2.7 has.
        "ignore:Please use the new API settings to control TF32:UserWarning",
        "ignore:builtin type .* has no __module__ attribute:DeprecationWarning",
    ):
        config.addinivalue_line("filterwarnings", line)


@pytest.fixture(scope="session")
def golden() -> Any:
    """The reference implementation's numbers."""
    with np.load(ASSETS / "expected.npz") as data:
        return {name: data[name] for name in data.files}


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """model.yaml of the tiny checkpoints."""
    pytest.importorskip("torch")
    from tests.support.inference import tiny

    return tiny.build(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def loaded(tiny_model: Path) -> Any:
    """The tiny model, loaded by the ordinary loading code."""
    from audit.inference.salmonn.checkpoint import load
    from audit.inference.salmonn.config import read_model_config

    return load(read_model_config(tiny_model))


@pytest.fixture(scope="session")
def heard(loaded: Any) -> Any:
    """For each golden WAV its inputs: mel, filter bank and its length as a batch of one."""
    import torch

    from audit.inference.audio import read_clip
    from audit.inference.salmonn.features import fbank, log_mel
    from tests.support.inference import tiny

    inputs = {}
    for name in tiny.WAVS:
        samples = read_clip([ASSETS / f"{name}.wav"]).samples
        bank = torch.from_numpy(fbank(samples))
        mel = torch.from_numpy(log_mel(samples, loaded.extractor))
        inputs[name] = (mel[None], bank[None], torch.tensor([len(bank)]))
    return inputs
