"""The FLORES-101 SentencePiece tokenizer, loaded from a file with a known hash.

sacreBLEU downloads this model at first use from a public address, without a checksum. Here the user gives its path and hash
in `REPRO_AUDIT_FLORES101` (or puts it into the folder of `repro-audit assets`) and `REPRO_AUDIT_FLORES101_SHA256`, so that a
score identifies the exact model behind it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tasks.backends.assets import ASSETS, place
from tasks.errors import UnavailableError
from tasks.step import Step

PATH_VARIABLE = "REPRO_AUDIT_FLORES101"
HASH_VARIABLE = "REPRO_AUDIT_FLORES101_SHA256"


def flores_unavailable() -> str | None:
    """Why the tokenizer cannot be used here, or None."""
    path, digest = _path(), os.environ.get(HASH_VARIABLE)
    if not path or not digest:
        return f"FLORES-101 model not given (set {PATH_VARIABLE} and {HASH_VARIABLE})"
    if importlib.util.find_spec("sentencepiece") is None:
        return "sentencepiece is not installed (pip install repro-audit[flores])"
    if not Path(path).is_file():
        return f"FLORES-101 model not found: {Path(path).name}"
    if _sha256(path) != digest.lower():
        return f"the hash of FLORES-101 model {Path(path).name} is not {HASH_VARIABLE}"
    return None


def _path() -> str | None:
    """The model's file: the variable's, or the asset's if it is there."""
    named = os.environ.get(PATH_VARIABLE)
    own = place(ASSETS["flores101"]) / ASSETS["flores101"].files[0].name
    return named or (str(own) if own.is_file() else None)


@cache
def _sha256(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def spm_tokens(path: str) -> Callable[[str], tuple[str, ...]]:
    """A tokenizer with the SentencePiece model at `path`, equal to sacreBLEU's `spm` tokenizers."""
    import sentencepiece

    model = sentencepiece.SentencePieceProcessor(model_file=path)
    return lambda text: tuple(" ".join(model.encode(text.rstrip(), out_type=str)).split())


def _load() -> Callable[[str], tuple[str, ...]]:
    reason = flores_unavailable()
    if reason:
        raise UnavailableError(reason)
    path = _path()
    assert path is not None
    return spm_tokens(path)


# The model's hash is part of the signature: a different model makes a different convention.
FLORES101_TOKENS = Step(
    "tok.flores101",
    f"spm-{(os.environ.get(HASH_VARIABLE) or 'unset').lower()[:12]}",
    _load,
    ("module:tasks.steps.flores",),
    "tokens",
)
