"""The FLORES-101 SentencePiece tokenizer, loaded from a file with a known hash.

sacreBLEU downloads this model at first use from a public address, without a checksum. Here the user gives its path and hash in
`REPRO_AUDIT_FLORES101` and `REPRO_AUDIT_FLORES101_SHA256`, so that a score identifies the exact model behind it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tasks.errors import UnavailableError
from tasks.step import Step

PATH_VARIABLE = "REPRO_AUDIT_FLORES101"
HASH_VARIABLE = "REPRO_AUDIT_FLORES101_SHA256"


def flores_unavailable() -> str | None:
    """Why the tokenizer cannot be used here, or None."""
    path, digest = os.environ.get(PATH_VARIABLE), os.environ.get(HASH_VARIABLE)
    if not path or not digest:
        return f"FLORES-101 model not given (set {PATH_VARIABLE} and {HASH_VARIABLE})"
    if importlib.util.find_spec("sentencepiece") is None:
        return "sentencepiece is not installed (pip install repro-audit[flores])"
    if not Path(path).is_file():
        return f"FLORES-101 model not found: {Path(path).name}"
    if _sha256(path) != digest.lower():
        return f"the hash of FLORES-101 model {Path(path).name} is not {HASH_VARIABLE}"
    return None


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
    return spm_tokens(os.environ[PATH_VARIABLE])


# The model's hash is part of the signature: a different model makes a different convention.
FLORES101_TOKENS = Step(
    "tok.flores101",
    f"spm-{(os.environ.get(HASH_VARIABLE) or 'unset').lower()[:12]}",
    _load,
    ("module:tasks.steps.flores",),
    "tokens",
)
