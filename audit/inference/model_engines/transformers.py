"""Speech and audio models by transformers: CTC, encoder-decoder, and language models that hear (Qwen2-Audio)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from audit.errors import InputError, MissingError
from audit.inference.audio import MAX_SECONDS, SAMPLE_RATE
from audit.inference.environment import torch_environment
from audit.inference.json_files import read_object
from audit.inference.model_engines.interface import Answer, EngineModel, Heard, ModelEngine
from audit.inference.model_engines.keys import TEXT, Key, choice, whole
from audit.inference.run_records import RunEnvironment

_PLACE = "{prompt}"
_AGAIN = "Get the model's files again."
_KEYS = (
    Key("kind", choice("seq2seq", "ctc", "chat"), "seq2seq",
        "`seq2seq`: speech to text by an encoder and a decoder (Whisper); `ctc`: a CTC model (wav2vec 2.0); `chat`: a "
        "language model that hears, with an instruction (Qwen2-Audio)"),
    Key("language", TEXT, None, "of Whisper-like models: the language of the speech", optional=True),
    Key("task", choice("transcribe", "translate"), None, "of Whisper-like models", optional=True),
    Key("template", TEXT, None, "of `chat`: the whole input, with `{prompt}` and the model's audio token; by default its "
        "chat template", optional=True),
    Key("precision", choice("fp32", "bf16", "fp16"), "fp32", "the weights' number format"),
    Key("attention", choice("sdpa", "eager"), "sdpa", "the attention's implementation"),
    Key("num_beams", whole(1, 100), 1, "beams; 1 is greedy. Nothing is sampled"),
    Key("max_new_tokens", whole(1, 100_000), 200, "the most tokens of an output"),
    Key("longest_seconds", whole(1, 86_400), MAX_SECONDS, "clips are cut to this, and the row says so", optional=True),
)  # fmt: skip
_GENERATES = ("language", "task", "num_beams", "max_new_tokens")
# Keys that a kind does not use.
_UNUSED = {"ctc": (*_GENERATES, "template"), "chat": ("language", "task"), "seq2seq": ("template",)}


class Transformers(ModelEngine):
    """Models of the transformers library; code beside the weights is never run."""

    name = "transformers"
    what = "speech and audio models of transformers: CTC, encoder-decoder, and language models that hear"
    extra = "'repro-audit[inference]'"
    modules = ("torch", "transformers", "soundfile")
    libraries = ("transformers", "torch", "tokenizers", "safetensors", "numpy", "soundfile", "soxr")
    keys = _KEYS
    required = ("config.json",)

    def asks(self, model: EngineModel) -> bool:
        """See `ModelEngine.asks`."""
        return model.options["kind"] == "chat"

    def longest(self, model: EngineModel) -> int | None:
        """See `ModelEngine.longest`."""
        given = model.options["longest_seconds"]
        return given if isinstance(given, int) else None

    def special_tokens(self, model: EngineModel) -> dict[str, list[str]] | None:
        """The end token of the model's tokenizer; outputs are decoded without special tokens."""
        for name in ("tokenizer_config.json", "special_tokens_map.json"):
            path = model.folder / name
            token = read_object(path, _AGAIN).get("eos_token") if path.is_file() else None
            token = token.get("content") if isinstance(token, dict) else token
            if isinstance(token, str) and token.strip() == token != "":
                return {"end": [token]}
        return None

    def decoding(self, model: EngineModel) -> dict[str, str | int | bool]:
        """See `ModelEngine.decoding`; what the model's kind does not use is left out."""
        found = super().decoding(model)
        unused = _UNUSED[str(found["kind"])]
        return {name: value for name, value in found.items() if name not in unused} | {"sampling": False}

    def environment(self, model: EngineModel) -> RunEnvironment:
        """See `ModelEngine.environment`."""
        return torch_environment(model.device, self.libraries)

    def load(self, model: EngineModel) -> Speech:
        """See `ModelEngine.load`."""
        import torch
        import transformers

        if model.device.startswith("cuda") and not torch.cuda.is_available():
            raise MissingError(
                f"the device {model.device} is missing", fix="Give --device cpu, or use another machine."
            )
        options, where = model.options, f"{model.source}: kind"
        kind = _class(model)
        if kind.__name__.endswith("ForCTC") != (options["kind"] == "ctc"):
            raise InputError(f"{kind.__name__} is not of the kind {options['kind']}", where=where)
        if options["kind"] != "ctc" and not kind.can_generate():
            raise InputError(f"{kind.__name__} generates no text", where=where)
        dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[str(options["precision"])]
        local = {"local_files_only": True, "trust_remote_code": False}
        try:
            processor = transformers.AutoProcessor.from_pretrained(str(model.folder), **local)
            loaded = kind.from_pretrained(
                str(model.folder), dtype=dtype, attn_implementation=str(options["attention"]), **local
            )
            loaded = loaded.to(torch.device(model.device)).eval()
        except Exception as error:  # noqa: BLE001 - transformers raises OSError, ValueError, KeyError and others
            first = (str(error).strip() or type(error).__name__).splitlines()[0]
            fix = "The folder must be as `save_pretrained` or the Hub writes it, with its processor."
            raise InputError(f"cannot be loaded: {first}", where=str(model.folder), fix=fix) from None
        if options["kind"] != "ctc" and loaded.config.is_encoder_decoder != (options["kind"] == "seq2seq"):
            raise InputError(f"{kind.__name__} is not of the kind {options['kind']}", where=where)
        self._check_language(model, loaded)
        most = getattr(getattr(processor, "feature_extractor", None), "n_samples", None)
        longest = self.longest(model)
        if isinstance(most, int) and (longest is None or longest * SAMPLE_RATE > most):
            raise InputError(
                f"the model hears at most {most // SAMPLE_RATE} s of a clip",
                where=f"{model.source}: longest_seconds",
                fix=f"Give {most // SAMPLE_RATE} or less: longer clips are cut to it, and the row says so.",
            )
        if type(processor).__name__.endswith("WithLM"):
            fix = "Remove its decoder: only the acoustic model is run."
            raise InputError("the processor brings a language model", where=str(model.folder), fix=fix)
        if options["kind"] == "chat":
            if getattr(processor, "tokenizer", None) is None:
                raise InputError("the processor has no tokenizer", where=str(model.folder))
            if options["template"] is None and not getattr(processor, "chat_template", None):
                fix = "Give `template`: the whole input, with the model's audio token and {prompt}."
                raise InputError("the model has no chat template", where=str(model.folder), fix=fix)
            # Generation goes on at the right end of the inputs.
            processor.tokenizer.padding_side = "left"
        return Speech(loaded, processor, model)

    def check(self, model: EngineModel) -> None:
        """See `ModelEngine.check`: a key that the kind does not use would be ignored."""
        kind = str(model.options["kind"])
        for key in self.keys:
            if key.name in _UNUSED[kind] and model.options[key.name] != key.default:
                raise InputError(
                    f"does not apply to `kind: {kind}`", where=f"{model.source}: {key.name}", fix="Remove the key."
                )
        template = model.options["template"]
        if template is not None and _PLACE not in str(template):
            fix = f"Write {_PLACE} where the instruction belongs."
            raise InputError(
                "the template has no place for the instruction", where=f"{model.source}: template", fix=fix
            )

    def _check_language(self, model: EngineModel, loaded: Any) -> None:
        """Otherwise the library would refuse every clip.

        Raises:
            InputError: The model takes no language or task, or not this one.
        """
        for key, field, mark in (("language", "lang_to_id", "<|{}|>"), ("task", "task_to_id", "{}")):
            given = model.options[key]
            if given is None or model.options["kind"] != "seq2seq":
                continue
            known = getattr(loaded.generation_config, field, None) or {}
            if mark.format(given) not in known:
                every = ", ".join(sorted(name.strip("<|>") for name in known)) or "none; remove the key"
                raise InputError(
                    f"the model does not know the {key} {given!r}",
                    where=f"{model.source}: {key}",
                    fix=f"It knows: {every}.",
                )


def _class(model: EngineModel) -> Any:
    """The model's class, as its config.json names it, of the library itself.

    Raises:
        InputError: The library has no such class.
    """
    import transformers

    path = model.folder / "config.json"
    named = read_object(path, _AGAIN).get("architectures")
    name = named[0] if isinstance(named, list) and named else None
    found = getattr(transformers, name, None) if isinstance(name, str) and name.isidentifier() else None
    if not (isinstance(found, type) and issubclass(found, transformers.PreTrainedModel)):
        raise InputError(
            f"transformers {transformers.__version__} has no model class {name!r}",
            where=f"{path}: architectures",
            fix="Install a version that has it; code in a model's folder is not run.",
        )
    return found


@dataclass(frozen=True, slots=True)
class Speech:
    """A loaded model with its processor."""

    library: Any
    processor: Any
    model: EngineModel

    def answer(self, clips: Sequence[Heard]) -> list[Answer]:
        """See `LoadedModel.answer`."""
        import torch

        options = self.model.options
        if options["kind"] == "ctc":
            # One by one: the frames of a shorter clip's padding would be decoded, too.
            return [self._ctc(clip) for clip in clips]
        inputs = self._inputs(clips)
        with torch.inference_mode():
            chosen = {name: options[name] for name in _GENERATES if options[name] is not None}
            if options["kind"] == "chat":
                chosen = {name: chosen[name] for name in ("num_beams", "max_new_tokens")}
            # As an object: the bare tensor of Whisper lacks the end token, unless a longer output is in the batch.
            found = self.library.generate(**inputs, do_sample=False, return_dict_in_generate=True, **chosen)
        # A decoder begins with a token of its own, which may be the end token.
        begin = inputs["input_ids"].shape[1] if options["kind"] == "chat" else 1
        made = found.sequences[:, begin:]
        ends = self.library.generation_config.eos_token_id
        ends = set(ends) if isinstance(ends, list) else {ends}
        rows = made.tolist()
        texts = self.processor.batch_decode(made, skip_special_tokens=True)
        return [Answer(text.strip(), not ends.isdisjoint(ids)) for text, ids in zip(texts, rows, strict=True)]

    def _ctc(self, clip: Heard) -> Answer:
        """The most probable token of each frame, which the tokenizer joins."""
        import torch

        with torch.inference_mode():
            ids = self.library(**self._inputs([clip])).logits.argmax(-1)
        return Answer(self.processor.batch_decode(ids)[0].strip(), True)

    def _inputs(self, clips: Sequence[Heard]) -> dict[str, Any]:
        audio = [clip.samples for clip in clips]
        common = {"sampling_rate": SAMPLE_RATE, "return_tensors": "pt"}
        if self.model.options["kind"] == "chat":
            found = self.processor(text=[self._text(clip) for clip in clips], audio=audio, padding=True, **common)
        elif self.model.options["kind"] == "ctc":
            found = self.processor(audio, **common)
        else:
            # Whisper pads to 30 s by itself, and others to the longest clip; the mask tells them apart.
            found = self.processor(audio, return_attention_mask=True, **common)
        weights = next(self.library.parameters())
        # Masks and ids keep their type; sounds take that of the weights.
        return {
            name: value.to(weights.device, weights.dtype if value.is_floating_point() else value.dtype)
            for name, value in found.items()
        }

    def _text(self, clip: Heard) -> str:
        prompt, template = str(clip.prompt), self.model.options["template"]
        if template is not None:
            return str(template).replace(_PLACE, prompt)
        content = [{"type": "audio", "audio_url": "clip.wav"}, {"type": "text", "text": prompt}]
        turns = [{"role": "user", "content": content}]
        return str(self.processor.apply_chat_template(turns, add_generation_prompt=True, tokenize=False))
