"""Weight files: safe reading, checking of names and shapes, hashing."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from audit._util.files import refuse_pointer_file
from audit.errors import InputError
from audit.inference.file_hashes import file_hashes
from audit.inference.salmonn.config import VARIANTS, ModelConfig

# Unused parameters: Whisper's decoder, buffers saved by old library versions, and BERT's text branch, which SALMONN sets to
# None (R models/salmonn.py:174-181).
UNUSED = re.compile(
    r"^(decoder|proj_out)\.|(rotary_emb\.inv_freq|position_ids)$|^speech_Qformer\.(cls\.|bert\.embeddings\.(word|position)_embeddings\."
    r"|bert\.encoder\.layer\.\d+\.(intermediate|output)\.)"
)
WEIGHT_FILES = ("*.safetensors", "*.bin")


def read_tensors(path: Path, fix: str) -> dict[str, Any]:
    """Read a `.safetensors`, `.pt` or `.pth` file; pickled objects other than tensors are refused.

    Raises:
        InputError: The file is missing, truncated or damaged, or contains pickled objects.
    """
    where = str(path)
    if not path.is_file():
        raise InputError("no such checkpoint", where=where, fix=f"download {fix}")
    refuse_pointer_file(path)
    if path.suffix == ".safetensors":
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return dict(load_file(path))
        except (SafetensorError, OSError, ValueError) as error:
            raise InputError(
                f"damaged or truncated safetensors file: {error}", where=where, fix=f"download {fix} again"
            ) from None
    try:
        data = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"contains Python objects, which are not executed, or is damaged: {reason}",
            where=where,
            fix=f"download {fix} again; if the file is your own, save only its tensors, as .safetensors",
        ) from None
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"damaged or truncated checkpoint: {reason}", where=where, fix=f"download {fix} again"
        ) from None
    if not isinstance(data, dict):
        raise InputError("not a checkpoint: it does not contain a dictionary", where=where, fix=f"download {fix}")
    return data


def check_names(
    found: Mapping[str, Tensor],
    wanted: Mapping[str, Tensor],
    where: str,
    fix: str,
    unused: re.Pattern[str] | None = None,
) -> list[str]:
    """Check the names and shapes of a checkpoint's parameters; returns the names of unused ones.

    Raises:
        InputError: Parameters are missing, unexpected or mis-shaped; the message names the first few.
    """
    ignored = sorted(name for name in found if name not in wanted and unused is not None and unused.search(name))
    missing = sorted(set(wanted) - set(found))
    unexpected = sorted(set(found) - set(wanted) - set(ignored))
    shapes = [
        f"{name} is {tuple(found[name].shape)}, not {tuple(wanted[name].shape)}"
        for name in sorted(set(found) & set(wanted))
        if found[name].shape != wanted[name].shape
    ]
    problems = []
    for title, names in (("missing", missing), ("unexpected", unexpected), ("mis-shaped", shapes)):
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            problems.append(f"{len(names)} {title}: {', '.join(names[:3])}{more}")
    if problems:
        raise InputError(f"parameter mismatch: {'; '.join(problems)}", where=where, fix=f"download {fix}")
    return ignored


def weight_files(config: ModelConfig) -> dict[str, Path]:
    """All weight files and the tokenizer, by `part/name`."""
    files = {"beats": [config.beats], "salmonn": [config.salmonn]}
    for part, folder in (("whisper", config.whisper), ("vicuna", config.vicuna)):
        files[part] = sorted(file for pattern in WEIGHT_FILES for file in folder.glob(pattern))
    files["vicuna"].append(config.vicuna / "tokenizer.model")
    return {f"{part}/{file.name}": file for part, listed in sorted(files.items()) for file in listed}


def weight_hashes(config: ModelConfig, memory: Path | None = None) -> dict[str, str]:
    """SHA-256 of every weight file, by `part/name`.

    Args:
        config: The files.
        memory: A JSON file that keeps hashes by path, size and modification time.

    Raises:
        InputError: A file is missing.
    """
    return file_hashes(weight_files(config), f"download {VARIANTS[config.variant].salmonn}", memory)
