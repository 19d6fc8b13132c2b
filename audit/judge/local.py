"""A local judge: a causal language model in a folder, run with transformers."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audit._util.files import sha256_file
from audit.errors import InputError, MissingError
from audit.judge.interface import JudgeUnavailableError, Message, Params, RefusedError, Reply


def weights_sha256(folder: Path) -> str:
    """A hash over the names and hashes of a model's weight, configuration and tokenizer files.

    Raises:
        InputError: The folder contains no safetensors weights.
    """
    files = sorted(p for p in folder.iterdir() if p.suffix in {".safetensors", ".json", ".model", ".jinja"})
    if not any(p.suffix == ".safetensors" for p in files):
        raise InputError(
            "no safetensors weights found",
            where=str(folder),
            fix="Give a model folder in Hugging Face's layout.",
        )
    listing = "".join(f"{sha256_file(path)}  {path.name}\n" for path in files)
    return hashlib.sha256(listing.encode()).hexdigest()


class LocalModel:
    """Asks a model in a folder, one question at a time.

    Downloads nothing, runs no code from the folder, and reads only safetensors. Decoding is greedy without a
    temperature or with temperature 0; otherwise tokens are sampled with the question's seed (default 0).

    Args:
        folder: A model in Hugging Face's layout.
        device: A torch device.
        dtype: The type of the weights in memory; `auto` keeps the type on disk.

    Raises:
        MissingError: transformers, torch or the folder is missing.
        InputError: The folder does not contain a model.
    """

    concurrency = 1

    def __init__(self, folder: str | Path, *, device: str = "cpu", dtype: str = "auto") -> None:
        try:
            import transformers
        except ImportError:
            raise MissingError(
                "a local judge needs torch and transformers", fix='pip install "repro-audit[inference]"'
            ) from None
        path = Path(folder)
        if not path.is_dir():
            raise MissingError("model not found", where=str(path), fix="Give a model folder with --local.")
        digest = weights_sha256(path)
        self._transformers = transformers
        options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        try:
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(path, **options)
            self._model = transformers.AutoModelForCausalLM.from_pretrained(
                path, use_safetensors=True, dtype=dtype, **options
            )
            self._model.to(device).eval()
        except (OSError, ValueError, ImportError, RuntimeError) as error:
            raise InputError(f"cannot load the model: {error}", where=str(path)) from None
        self.backend = f"transformers:{digest[:16]}"
        self.model = path.resolve().name
        self._device = device
        self._lock = threading.Lock()
        self._reserved = sorted(
            {*self._tokenizer.all_special_tokens, *self._tokenizer.get_added_vocab()}, key=len, reverse=True
        )

    def ask(self, messages: Sequence[Message], params: Params, key: str = "") -> Reply:
        """Ask one question, see `Judge.ask`. The key is ignored."""
        del key
        if params.extra:
            raise JudgeUnavailableError("a local judge does not support extra fields", fix="Omit --extra.")
        with self._lock:
            return self._generate(self._tokens(messages), params)

    def _plain(self, text: str) -> str:
        """The text with this tokenizer's control tokens broken up by spaces."""
        for token in self._reserved:
            if len(token) > 1 and not token.isspace():
                text = text.replace(token, f"{token[0]} {token[1:]}")
        return text

    def _tokens(self, messages: Sequence[Message]) -> Any:
        turns = [{"role": message.role, "content": self._plain(message.content)} for message in messages]
        if self._tokenizer.chat_template:
            text = self._tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        else:
            text = "\n\n".join(turn["content"] for turn in turns) + "\n"
        # A chat template writes the start token itself; without a template the tokenizer must add it.
        special = not self._tokenizer.chat_template
        return self._tokenizer(text, return_tensors="pt", add_special_tokens=special).to(self._device)

    def _generate(self, tokens: Any, params: Params) -> Reply:
        size = int(tokens["input_ids"].shape[1])
        room = getattr(self._model.config, "max_position_embeddings", None)
        if room is not None and size + params.max_tokens > room:
            raise RefusedError(f"{size} tokens and a reply of {params.max_tokens} exceed the model's limit of {room}")
        temperature = float(params.temperature or 0)
        options: dict[str, Any] = {"do_sample": temperature > 0, "max_new_tokens": params.max_tokens}
        if temperature > 0:
            options |= {"temperature": temperature, "top_p": float(params.top_p or 1), "top_k": 0}
        self._transformers.set_seed(params.seed or 0)
        pad = self._tokenizer.pad_token_id
        ends = self._ends()
        output = self._model.generate(
            input_ids=tokens["input_ids"],
            attention_mask=tokens["attention_mask"],
            pad_token_id=pad if pad is not None else next(iter(ends), 0),
            **options,
        )[0, size:]
        made = [int(token) for token in output]
        finished = bool(made) and made[-1] in ends
        return Reply(
            text=self._tokenizer.decode(output, skip_special_tokens=True),
            model=f"{self.model} ({self.backend})",
            finish="stop" if finished else "length",
            prompt_tokens=size,
            completion_tokens=len(made),
        )

    def _ends(self) -> set[int]:
        found = self._model.generation_config.eos_token_id
        if found is None:
            found = self._tokenizer.eos_token_id
        if found is None:
            return set()
        return set(found) if isinstance(found, list) else {int(found)}

    def close(self) -> None:
        """Free the model."""
        del self._model
