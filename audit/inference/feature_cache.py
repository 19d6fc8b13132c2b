"""Auditory tokens by content: a clip that several prompts ask about is heard once.

The key is the hash of everything that decides the value: the samples, the encoders' weights, precision, attention and
the batch size of the encoders. A file is written whole or not at all, so workers may share a folder.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit._util import canonical_json
from audit._util.files import write_atomic
from audit.inference.salmonn.audio import Samples

if TYPE_CHECKING:
    from torch import Tensor

_VERSION = "1"


def model_key(record: Mapping[str, Any], encode_batch: int) -> str:
    """What of a model's record decides auditory tokens: not LoRA, which comes after them."""
    weights = {name: value for name, value in record["weights"].items() if not name.startswith("vicuna/tok")}
    parts = {"version": _VERSION, "weights": weights, "encode_batch": encode_batch}
    parts |= {name: record[name] for name in ("precision", "attention")}
    return hashlib.sha256(canonical_json.dumps(parts)).hexdigest()


def clip_key(samples: Samples, model: str) -> str:
    """The key of one clip's auditory tokens."""
    return hashlib.sha256(model.encode() + samples.astype("<f8", copy=False).tobytes()).hexdigest()


class FeatureStore:
    """A folder of tensors; without a folder nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def _path(self, key: str) -> Path | None:
        return None if self.folder is None else self.folder / key[:2] / f"{key}.safetensors"

    def has(self, key: str) -> bool:
        """Whether the tokens are there."""
        path = self._path(key)
        return path is not None and path.is_file()

    def get(self, key: str) -> Tensor | None:
        """The tokens (88, hidden), or None; a damaged file counts as absent."""
        path = self._path(key)
        if path is None or not path.is_file():
            return None
        from safetensors import SafetensorError
        from safetensors.torch import load

        try:
            return load(path.read_bytes())["tokens"]
        except (SafetensorError, KeyError, OSError):
            return None

    def put(self, key: str, tokens: Tensor) -> None:
        """Keep the tokens; a full disk only means that they are computed again another time."""
        path = self._path(key)
        if path is None:
            return
        from safetensors.torch import save

        buffer = io.BytesIO(save({"tokens": tokens.cpu().contiguous()}))
        try:
            write_atomic(path, buffer.getvalue())
        except OSError:
            self.folder = None
