"""Tiny models of transformers with random weights, in the layout that `save_pretrained` writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers.pre_tokenizers import ByteLevel

# A letter for each byte.
LETTERS = {letter: index for index, letter in enumerate(sorted(ByteLevel.alphabet()))}


def _save(folder: Path, model: Any, processor: Any) -> Path:
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def whisper(folder: Path) -> Path:
    """An encoder-decoder: Whisper, whose tokens are bytes."""
    torch.manual_seed(1)
    special = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|de|>", "<|transcribe|>", "<|translate|>",
               "<|notimestamps|>"]  # fmt: skip
    tokenizer = transformers.WhisperTokenizerFast(
        vocab={**LETTERS, "<|endoftext|>": 256}, merges=[], additional_special_tokens=special[1:]
    )
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in special}
    config = transformers.WhisperConfig(
        vocab_size=len(tokenizer), d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32, max_target_positions=64, init_std=0.5,
        pad_token_id=256, bos_token_id=256, eos_token_id=256, decoder_start_token_id=ids["<|startoftranscript|>"],
        suppress_tokens=[], begin_suppress_tokens=[],
    )  # fmt: skip
    model = transformers.WhisperForConditionalGeneration(config).eval()
    settings = model.generation_config
    settings.is_multilingual = True
    settings.lang_to_id = {"<|en|>": ids["<|en|>"], "<|de|>": ids["<|de|>"]}
    settings.task_to_id = {"transcribe": ids["<|transcribe|>"], "translate": ids["<|translate|>"]}
    settings.no_timestamps_token_id = ids["<|notimestamps|>"]
    settings.max_length = 60
    # Otherwise loading would make it from config.json again.
    settings._from_model_config = False
    processor = transformers.WhisperProcessor(transformers.WhisperFeatureExtractor(), tokenizer)
    return _save(folder, model, processor)


def wav2vec2(folder: Path) -> Path:
    """A CTC model, whose tokens are letters."""
    torch.manual_seed(2)
    folder.mkdir(parents=True)
    names = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ'"]
    (folder / "vocab.json").write_text(json.dumps({name: index for index, name in enumerate(names)}))
    tokenizer = transformers.Wav2Vec2CTCTokenizer(str(folder / "vocab.json"))
    extractor = transformers.Wav2Vec2FeatureExtractor(return_attention_mask=True, do_normalize=True)
    config = transformers.Wav2Vec2Config(
        vocab_size=len(names), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        conv_dim=(16, 16), conv_kernel=(10, 8), conv_stride=(5, 64), num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2, feat_extract_norm="layer", do_stable_layer_norm=True, initializer_range=0.5,
    )  # fmt: skip
    model = transformers.Wav2Vec2ForCTC(config).eval()
    return _save(folder, model, transformers.Wav2Vec2Processor(extractor, tokenizer))


def qwen2_audio(folder: Path) -> Path:
    """A language model that hears: Qwen2-Audio, whose tokens are bytes."""
    torch.manual_seed(3)
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|audio_bos|>", "<|AUDIO|>", "<|audio_eos|>"]
    tokenizer = transformers.Qwen2TokenizerFast(
        vocab={**LETTERS, "<|endoftext|>": 256}, merges=[], eos_token="<|im_end|>", pad_token="<|endoftext|>",
        additional_special_tokens=special[1:],
    )  # fmt: skip
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in special}
    text = {"vocab_size": len(tokenizer), "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
            "num_key_value_heads": 2, "intermediate_size": 32, "initializer_range": 0.5, "model_type": "qwen2"}  # fmt: skip
    hearing = {"model_type": "qwen2_audio_encoder", "num_mel_bins": 128, "d_model": 16, "encoder_layers": 1,
               "encoder_attention_heads": 2, "encoder_ffn_dim": 32, "init_std": 0.5}  # fmt: skip
    config = transformers.Qwen2AudioConfig(audio_config=hearing, text_config=text, audio_token_index=ids["<|AUDIO|>"])
    model = transformers.Qwen2AudioForConditionalGeneration(config).eval()
    model.generation_config.eos_token_id = [ids["<|im_end|>"], ids["<|endoftext|>"]]
    model.generation_config.pad_token_id = ids["<|endoftext|>"]
    extractor = transformers.WhisperFeatureExtractor(feature_size=128)
    return _save(folder, model, transformers.Qwen2AudioProcessor(extractor, tokenizer))
