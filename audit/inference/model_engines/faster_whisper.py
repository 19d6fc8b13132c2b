"""Whisper by faster-whisper, which runs it by CTranslate2, without torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from audit.errors import InputError
from audit.inference.environment import plain_environment
from audit.inference.model_engines.interface import Answer, EngineModel, Heard, ModelEngine
from audit.inference.model_engines.keys import DECIMAL, DECIMALS, FLAG, TEXT, Key, choice, whole
from audit.inference.run_records import RunEnvironment

_TYPES = ("float32", "float16", "bfloat16", "int16", "int8", "int8_float32", "int8_float16", "int8_bfloat16")
# The defaults are the library's, except for the number format, which it takes from the file, and that it does not fall back to
# sampling: CTranslate2 seeds a thread once, so that a sampled text depends on the clips before it.
_KEYS = (
    Key("task", choice("transcribe", "translate"), "transcribe", "`translate` into English"),
    Key("language", TEXT, None, "the language of the speech (`en`); by default detected for each clip", optional=True),
    Key("compute_type", choice(*_TYPES), "float32", "CTranslate2's number format"),
    Key("beam_size", whole(1, 100), 5, "beams; 1 is greedy"),
    Key("patience", DECIMAL, "1", "patience of the beam search"),
    Key("length_penalty", DECIMAL, "1", "exponent of the length penalty"),
    Key("repetition_penalty", DECIMAL, "1", "above 1, repetitions cost"),
    Key("no_repeat_ngram_size", whole(0, 100), 0, "n-grams of this size are not repeated; 0 allows all"),
    Key("temperatures", DECIMALS, ("0",),
        "temperatures that are tried in turn while a text fails the thresholds; above 0 the decoder samples, and texts "
        "differ from run to run and between shards"),
    Key("best_of", whole(1, 100), 5, "samples at a temperature above 0"),
    Key("compression_ratio_threshold", DECIMAL, "2.4", "a text that compresses better fails", optional=True),
    Key("log_prob_threshold", DECIMAL, "-1.0", "a text with a lower mean log probability fails", optional=True),
    Key("no_speech_threshold", DECIMAL, "0.6", "above it, a failed text is silence", optional=True),
    Key("condition_on_previous_text", FLAG, True, "whether a window of 30 s sees the text of the one before"),
    Key("initial_prompt", TEXT, None, "a text that the first window sees as the text before", optional=True),
    Key("without_timestamps", FLAG, False, "whether time stamps are left out of the decoded sequence"),
    Key("vad_filter", FLAG, False, "whether Silero VAD removes what is not speech"),
    Key("threads", whole(1, 1024), None, "threads of a CPU; by default all processors, at most 4", recorded=False),
)  # fmt: skip
_NUMBERS = ("patience", "length_penalty", "repetition_penalty", "compression_ratio_threshold", "log_prob_threshold",
            "no_speech_threshold")  # fmt: skip
_PLAIN = ("task", "language", "beam_size", "no_repeat_ngram_size", "best_of", "condition_on_previous_text",
          "initial_prompt", "without_timestamps", "vad_filter")  # fmt: skip


def _threads(model: EngineModel) -> int:
    given = model.options["threads"]
    return int(given) if isinstance(given, int) else min(4, os.cpu_count() or 1)


class FasterWhisper(ModelEngine):
    """Whisper models that were converted for CTranslate2."""

    name = "faster-whisper"
    what = "Whisper models converted for CTranslate2; no torch"
    extra = "'repro-audit[whisper]'"
    modules = ("faster_whisper", "ctranslate2", "soundfile")
    libraries = ("faster-whisper", "ctranslate2", "tokenizers", "onnxruntime", "numpy", "soundfile", "soxr")
    keys = _KEYS
    # Without its tokenizer the library would ask the Hub for one.
    required = ("model.bin", "config.json", "tokenizer.json")

    def load(self, model: EngineModel) -> Whisper:
        """See `ModelEngine.load`."""
        from faster_whisper import WhisperModel

        device, _, index = model.device.partition(":")
        try:
            loaded = WhisperModel(
                str(model.folder),
                device=device,
                device_index=int(index or 0),
                compute_type=str(model.options["compute_type"]),
                cpu_threads=_threads(model),
                local_files_only=True,
            )
        except Exception as error:  # noqa: BLE001 - CTranslate2 and the tokenizer raise RuntimeError, ValueError, Exception
            fix = "Check `compute_type` and `device`, and get the model's files again."
            raise InputError(f"cannot be loaded: {error}", where=str(model.folder), fix=fix) from None
        language = model.options["language"]
        if isinstance(language, str) and language not in loaded.supported_languages:
            raise InputError(
                f"the model does not know the language {language!r}",
                where=f"{model.source}: language",
                fix=f"Languages: {', '.join(sorted(loaded.supported_languages))}.",
            )
        if model.options["task"] == "translate" and not loaded.model.is_multilingual:
            raise InputError("the model knows English alone, and translates nothing", where=f"{model.source}: task")
        return Whisper(loaded, model)

    def special_tokens(self, model: EngineModel) -> dict[str, list[str]]:  # noqa: ARG002 - all its models have the same
        """Whisper's own; the library removes them."""
        return {"end": ["<|endoftext|>"], "other": ["<|startoftranscript|>"]}

    def decoding(self, model: EngineModel) -> dict[str, str | int | bool]:
        """See `ModelEngine.decoding`; and whether a text may be sampled."""
        temperatures = model.options["temperatures"]
        assert isinstance(temperatures, tuple)
        return {**super().decoding(model), "sampling": any(float(one) > 0 for one in temperatures)}

    def environment(self, model: EngineModel) -> RunEnvironment:
        """See `ModelEngine.environment`."""
        return plain_environment(model.device, _threads(model), self.libraries)


@dataclass(frozen=True, slots=True)
class Whisper:
    """A loaded Whisper."""

    library: Any
    model: EngineModel

    def answer(self, clips: Sequence[Heard]) -> list[Answer]:
        """See `LoadedModel.answer`; one clip after the other, so that no text depends on the batch."""
        return [self._transcribe(clip) for clip in clips]

    def _transcribe(self, clip: Heard) -> Answer:
        options = self.model.options
        temperatures = options["temperatures"]
        assert isinstance(temperatures, tuple)
        numbers = {name: None if options[name] is None else float(str(options[name])) for name in _NUMBERS}
        segments, info = self.library.transcribe(
            clip.samples,
            temperature=[float(one) for one in temperatures],
            **numbers,
            **{name: options[name] for name in _PLAIN},
        )
        said = list(segments)
        extra: dict[str, Any] = {"ids": [int(token) for segment in said for token in segment.tokens]}
        if options["language"] is None:
            extra["language"] = str(info.language)
        # Every segment begins with the space that its first word has.
        return Answer("".join(segment.text for segment in said).strip(), None, extra)
