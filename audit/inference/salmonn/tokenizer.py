"""The slow LLaMA tokenizer of transformers 4.28, which treats spaces differently from current versions.

Source: transformers v4.28.0 `models/llama/tokenization_llama.py`; R models/salmonn.py:109-111, 275-315, 436.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audit._util.files import refuse_pointer_file
from audit.errors import InputError, MissingError
from audit.inference.salmonn.config import SPEECH_MARK, SPEECH_PREFIX, TEMPLATE, Variant

BOS, EOS, UNK = 1, 2, 0
PAD_TOKEN = "[PAD]"  # noqa: S105 - a token of text
SPECIAL = {UNK: "<unk>", BOS: "<s>", EOS: "</s>"}

# The ids of the template's ends under LLaMA's SentencePiece model (also printed in vLLM's LLaVA documentation).
_LLAMA_HEAD = (3148, 1001, 29901)  # "USER:"
_LLAMA_TAIL = (13, 22933, 9047, 13566, 29901)  # "\nASSISTANT:"


class Tokenizer:
    """Converts text to ids and back; `[PAD]`, which SALMONN adds, is the id after the last piece."""

    def __init__(self, path: str | Path) -> None:
        try:
            import sentencepiece
        except ImportError:
            fix = "pip install 'repro-audit[inference]'"
            raise MissingError("the Python package sentencepiece is not installed", fix=fix) from None
        self.path = Path(path)
        if not self.path.is_file():
            fix = "it is part of Vicuna's Hugging Face folder; tokenizer.json alone is not enough"
            raise InputError("tokenizer.model not found", where=str(path), fix=fix)
        refuse_pointer_file(self.path)
        try:
            self.model: Any = sentencepiece.SentencePieceProcessor(model_file=str(self.path))
        except (RuntimeError, OSError) as error:
            raise InputError(f"not a SentencePiece model: {error}", where=str(path)) from None
        found = (self.model.unk_id(), self.model.bos_id(), self.model.eos_id())
        if found != (UNK, BOS, EOS):
            fix = "download tokenizer.model of the Vicuna that the model was trained with"
            raise InputError(f"unk, bos, eos are {found}, not {(UNK, BOS, EOS)}", where=str(path), fix=fix)
        self.pad_id: int = self.model.get_piece_size()

    def encode(self, text: str) -> list[int]:
        """The ids of a text; every call adds a leading space (`legacy` behaviour).

        Raises:
            InputError: The text contains a special token (`<s>`, `</s>`, `<unk>`, `[PAD]`), which would be encoded as
                such.
        """
        for special in (*SPECIAL.values(), PAD_TOKEN):
            if special in text:
                raise InputError(f"a prompt must not contain the special token {special}", where=repr(text))
        ids: list[int] = self.model.encode(text, out_type=int)
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """The raw text including special tokens, as the original prints it: `<s> Hello</s>`."""
        out = ""
        pending: list[int] = []
        after_special = False
        for token in ids:
            name = PAD_TOKEN if token == self.pad_id else SPECIAL.get(token)
            if name is None:
                pending.append(token)
                after_special = False
                continue
            if out and not after_special:
                out += " "
            out += self.model.decode(pending) + name
            pending, after_special = [], True
        return out + str(self.model.decode(pending))

    def prompt(self, instruction: str) -> tuple[list[int], list[int]]:
        """The ids before (BOS first) and after the auditory tokens."""
        left, right = TEMPLATE.format(SPEECH_PREFIX + instruction).split(SPEECH_MARK)
        return [BOS, *self.encode(left)], self.encode(right)

    def check(self, variant: Variant) -> None:
        """Check the template's ids against LLaMA's.

        Raises:
            InputError: The vocabulary has the wrong size, or the template's ids are not LLaMA's.
        """
        left, right = self.prompt("")
        where, fix = str(self.path), f"download tokenizer.model of {variant.vicuna}"
        if variant.vocab_size is not None:
            if self.pad_id != variant.vocab_size:
                raise InputError(f"{self.pad_id} pieces, not {variant.vocab_size}", where=where, fix=fix)
            if tuple(left[1:4]) != _LLAMA_HEAD or tuple(right[-5:]) != _LLAMA_TAIL:
                raise InputError(f"the template's ids are {left} and {right}: not LLaMA's", where=where, fix=fix)
