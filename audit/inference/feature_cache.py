"""Content-addressed cache of auditory tokens: a clip used with several prompts is encoded once.

The key is a hash of everything that determines the value: the samples and the weights, precision, attention and
batch size of the encoders. Files are written atomically, so workers may share a folder.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING

from audit._util import canonical_json
from audit._util.files import write_atomic
from audit.inference.audio import Samples

if TYPE_CHECKING:
    from torch import Tensor

    from audit.inference.salmonn.checkpoint import ModelRecord

_VERSION = "1"


def model_key(record: ModelRecord, encode_batch: int) -> str:
    """The hash of those fields of a model's record that affect auditory tokens; LoRA does not, because it is applied later."""
    weights = {name: value for name, value in record.weights.items() if not name.startswith("vicuna/tok")}
    parts = {
        "version": _VERSION,
        "weights": weights,
        "encode_batch": encode_batch,
        "precision": record.precision,
        "attention": record.attention,
    }
    return hashlib.sha256(canonical_json.dumps(parts)).hexdigest()


def clip_key(samples: Samples, model: str) -> str:
    """The key of the auditory tokens of a clip."""
    return hashlib.sha256(model.encode() + samples.astype("<f8", copy=False).tobytes()).hexdigest()


class FeatureStore:
    """A folder of tensors; None disables the cache."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def _path(self, key: str) -> Path | None:
        return None if self.folder is None else self.folder / key[:2] / f"{key}.safetensors"

    def has(self, key: str) -> bool:
        """Whether the tokens are cached."""
        path = self._path(key)
        return path is not None and path.is_file()

    def get(self, key: str) -> Tensor | None:
        """The tokens (88, hidden), or None; a damaged file counts as missing."""
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
        """Store the tokens; failure to write is not an error, because they can be computed again."""
        path = self._path(key)
        if path is None:
            return
        from safetensors.torch import save

        buffer = io.BytesIO(save({"tokens": tokens.cpu().contiguous()}))
        try:
            write_atomic(path, buffer.getvalue())
        except OSError:
            self.folder = None
