"""The SALMONN model: two encoders, norms, windows, Q-Former, projection, language model, LoRA.

Source: R models/salmonn.py:46-273 and 400-421; the attribute names are those of the released checkpoints.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from audit.errors import InputError
from audit.inference.salmonn.beam_cache import BeamCache
from audit.inference.salmonn.beats import Beats
from audit.inference.salmonn.config import Precision
from audit.inference.salmonn.qformer import QFormer, QFormerConfig, windows


@dataclass(frozen=True, slots=True)
class Beginnings:
    """What prompts of a batch have in common: the ids before a clip, and the clip.

    Attributes:
        embeds: (U, P', hidden), each once.
        owner: (B,), for each prompt the row of `embeds` that it begins with.
    """

    embeds: Tensor
    owner: Tensor


class Salmonn(nn.Module):
    """The neural network: log-mel and filter bank in, auditory tokens or logits out."""

    def __init__(self, speech_encoder: Any, beats: Beats, llama: Any, precision: Precision = "fp32") -> None:
        super().__init__()
        speech, audio = speech_encoder.config.d_model, beats.config.encoder_embed_dim
        self.speech_encoder = speech_encoder
        self.ln_speech = nn.LayerNorm(speech)
        self.beats = beats
        self.ln_audio = nn.LayerNorm(audio)
        self.qformer_config = QFormerConfig(encoder_width=speech + audio)
        self.speech_Qformer = QFormer(self.qformer_config)
        self.speech_query_tokens = nn.Parameter(torch.zeros(1, 1, self.qformer_config.hidden_size))
        self.speech_llama_proj = nn.Linear(self.qformer_config.hidden_size, llama.config.hidden_size)
        self.llama_model = llama
        self.precision: Precision = precision
        if llama.config.num_key_value_heads != llama.config.num_attention_heads:
            raise InputError("the language model uses grouped-query attention, which SALMONN's Vicuna does not")

    @property
    def decoder(self) -> Any:
        """The LlamaForCausalLM, unwrapped from peft if necessary."""
        model = self.llama_model
        return model.base_model.model if hasattr(model, "base_model") and hasattr(model, "peft_config") else model

    @property
    def device(self) -> torch.device:
        """The model's device."""
        return self.speech_query_tokens.device

    def autocast(self) -> AbstractContextManager[Any]:
        """The autocast context of the model's precision (R cli_inference.py:57)."""
        dtype = {"fp16": torch.float16, "bf16": torch.bfloat16, "int8": torch.float16}.get(self.precision)
        return nullcontext() if dtype is None else torch.autocast(self.device.type, dtype=dtype)

    @torch.inference_mode()
    def encode(self, mel: Tensor, fbank: Tensor, frames: Tensor) -> Tensor:
        """The auditory tokens of a batch; each row is computed as if alone.

        Args:
            mel: (B, 80, 3000) log-mel of 30 s.
            fbank: (B, F, 128) filter banks, rows padded to the longest.
            frames: (B,) true number of filter bank frames.

        Returns:
            (B, 88, hidden) in the language model's dtype.
        """
        with self.autocast():
            speech = self.ln_speech(self.speech_encoder(mel).last_hidden_state)  # (B, 1500, 1280)
            audio = self.ln_audio(self.beats(fbank, frames))  # (B, T, 768)
            # As for a single clip, zeros are appended after the norm (R models/salmonn.py:225).
            lengths = self.beats.lengths(frames)
            beyond = torch.arange(audio.shape[1], device=audio.device)[None] >= lengths[:, None]
            audio = audio.masked_fill(beyond[..., None], 0.0)
            longest = max(speech.shape[1], int(lengths.max()))  # 30 s give 1500 and 1496: always Whisper's
            speech = nn.functional.pad(speech, (0, 0, 0, longest - speech.shape[1]))
            audio = nn.functional.pad(audio, (0, 0, 0, longest - audio.shape[1]))  # negative padding truncates
            both = windows(torch.cat([speech, audio.to(speech.dtype)], dim=-1))  # (B, 88, 17, 2048)
            batch, count = both.shape[:2]
            queries = self.speech_query_tokens.expand(batch * count, -1, -1)
            out = self.speech_Qformer(queries, both.flatten(0, 1))  # (B * 88, 1, 768)
            tokens: Tensor = self.speech_llama_proj(out).view(batch, count, -1)  # (B, 88, hidden)
        return tokens.to(self.embedding.weight.dtype)

    @property
    def embedding(self) -> Any:
        """The language model's token embedding."""
        return self.decoder.model.embed_tokens

    @torch.inference_mode()
    def assemble(self, audio: Tensor, prompts: Sequence[tuple[list[int], list[int]]]) -> tuple[Tensor, Tensor | None]:
        """Prompt embeddings of a batch, padded on the left.

        Args:
            audio: (B, 88, hidden).
            prompts: For each row, the ids before (BOS first) and after the auditory tokens.

        Returns:
            (B, P, hidden), and a mask (B, P), false for padding, or None if no row is padded.
        """
        rows = []
        for tokens, (left, right) in zip(audio, prompts, strict=True):
            ids = torch.tensor([*left, *right], device=self.device)
            text = self.embedding(ids)
            rows.append(torch.cat([text[: len(left)], tokens.to(text.dtype), text[len(left) :]]))
        return self._padded(rows)

    def _padded(self, rows: Sequence[Tensor]) -> tuple[Tensor, Tensor | None]:
        longest = max(len(row) for row in rows)
        if all(len(row) == longest for row in rows):
            return torch.stack(rows), None
        padded = torch.stack([nn.functional.pad(row, (0, 0, longest - len(row), 0)) for row in rows])
        lengths = torch.tensor([len(row) for row in rows], device=self.device)
        mask = torch.arange(longest, device=self.device)[None] >= (longest - lengths)[:, None]
        return padded, mask

    @torch.inference_mode()
    def assemble_rests(
        self, audio: Tensor, prompts: Sequence[tuple[list[int], list[int]]]
    ) -> tuple[Beginnings, Tensor, Tensor | None] | None:
        """The common beginnings of a batch, and what follows in each prompt; None if no two neighbours begin alike.

        A clip with several questions has as many rows, one after another, with equal auditory tokens.

        Args:
            audio: (B, 88, hidden).
            prompts: As in `assemble`.

        Returns:
            The beginnings; the rests (B, R, hidden), padded on the left; and a mask (B, R), false for padding, or None if no
            row is padded.
        """
        left = prompts[0][0]
        if len(prompts) < 2 or any(before != left or not after for before, after in prompts):
            return None
        again = (audio[1:] == audio[:-1]).flatten(1).all(dim=1).tolist()
        if not any(again):
            return None
        new = [True, *(not same for same in again)]
        firsts = torch.tensor([i for i, is_new in enumerate(new) if is_new], device=self.device)
        owner = torch.tensor(new, device=self.device).cumsum(0) - 1
        text = self.embedding(torch.tensor(left, device=self.device)).expand(len(firsts), -1, -1)
        begun = torch.cat([text, audio[firsts].to(text.dtype)], dim=1)
        rests = [self.embedding(torch.tensor(after, device=self.device)) for _, after in prompts]
        return Beginnings(begun, owner), *self._padded(rests)

    @torch.inference_mode()
    def logits(
        self, embeds: Tensor, positions: Tensor, cache: BeamCache | None, mask: Tensor | None, last: int
    ) -> Tensor:
        """Run the language model on `embeds`.

        Args:
            embeds: (N, L, hidden).
            positions: (N, L) rotary positions.
            cache: The key-value cache; None for no cache.
            mask: (N or 1, 1, L, cached and L) true where a position may attend; None: causal, or a single step.
            last: The number of final positions for which logits are computed.

        Returns:
            (N, last, vocabulary) float32.
        """
        inner = self.decoder.model
        with self.autocast():
            hidden = embeds
            rotary = inner.rotary_emb(hidden, position_ids=positions)
            for layer in inner.layers:
                hidden = layer(
                    hidden,
                    attention_mask=mask,
                    position_ids=positions,
                    past_key_values=cache,
                    use_cache=cache is not None,
                    position_embeddings=rotary,
                )
            out: Tensor = self.decoder.lm_head(inner.norm(hidden[:, -last:]))
        return out.float()


def prompt_positions(
    mask: Tensor | None, rows: int, length: int, device: torch.device, before: int = 0
) -> tuple[Tensor, Tensor | None]:
    """Rotary positions and the mask of a batch of prompts.

    Args:
        mask: (B, P), false for padding on the left; None if there is none.
        rows: B.
        length: P.
        device: Where.
        before: The number of cached positions before these, which all may attend to.

    Returns:
        (B, P), counted from each row's first non-padding position; and (B or 1, 1, P, before + P), or None if causal.
    """
    if mask is None and not before:
        return torch.arange(length, device=device).expand(rows, length), None
    causal = torch.ones(length, length, dtype=torch.bool, device=device).tril()[None]
    if mask is None:
        positions = torch.arange(length, device=device).expand(rows, length)
    else:
        positions = (mask.long().cumsum(-1) - 1).clamp(min=0)
        # Padded positions attend to themselves, so that no row of the softmax is empty.
        causal = (causal & mask[:, None, :]) | torch.eye(length, dtype=torch.bool, device=device)[None]
    return positions + before, torch.nn.functional.pad(causal, (before, 0), value=True)[:, None]
