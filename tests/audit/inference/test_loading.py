# ruff: noqa: E402 - torch is asked for first
from __future__ import annotations

import importlib.util
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from audit.errors import InputError, MissingError
from audit.inference.salmonn.checkpoint import load
from audit.inference.salmonn.config import read_model_config
from audit.inference.salmonn.decoding import Decoding, generate
from tests.support.inference import tiny

pytestmark = pytest.mark.torch


@pytest.fixture
def model_folder(tiny_model: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    shutil.copytree(tiny_model.parent, folder)
    return folder


def edit_json(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def edit_torch(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    data = torch.load(path, weights_only=True)
    change(data)
    torch.save(data, path)


def drop(data: dict[str, Any]) -> None:
    del data["model"]["speech_llama_proj.bias"]


def extra(data: dict[str, Any]) -> None:
    data["model"]["speech_Qformer.bert.more"] = torch.zeros(1)


def reshape(data: dict[str, Any]) -> None:
    data["model"]["speech_query_tokens"] = torch.zeros(1, 2, 768)


def halve_lora(data: dict[str, Any]) -> None:
    data["model"] = {k: v for k, v in data["model"].items() if "layers.1." not in k or "lora" not in k}


def drop_beats(data: dict[str, Any]) -> None:
    del data["model"]["patch_embedding.weight"]


def widen_beats(data: dict[str, Any]) -> None:
    data["cfg"]["encoder_embed_dim"] = 96


@pytest.mark.parametrize(
    ("file", "change", "says"),
    [
        ("salmonn.pth", drop, "1 missing: speech_llama_proj.bias"),
        ("salmonn.pth", extra, "1 unexpected: speech_Qformer.bert.more"),
        ("salmonn.pth", reshape, r"speech_query_tokens is \(1, 2, 768\), not \(1, 1, 768\)"),
        ("salmonn.pth", halve_lora, "4 LoRA tensors, not 8"),
        ("salmonn.pth", lambda data: data.pop("model"), "it lacks `model`"),
        ("beats.pt", drop_beats, "1 missing: patch_embedding.weight"),
        ("beats.pt", widen_beats, "mis-shaped"),
        ("beats.pt", lambda data: data.pop("cfg"), "it lacks `cfg`"),
        (
            "vicuna/pytorch_model.bin",
            lambda data: data.pop("lm_head.weight"),
            "1 missing keys: lm_head.weight",
        ),
    ],
)
def test_parameters_that_do_not_fit_are_named(
    model_folder: Path, file: str, change: Callable[[dict[str, Any]], None], says: str
) -> None:
    edit_torch(model_folder / file, change)
    with pytest.raises(InputError, match=says) as caught:
        load(read_model_config(model_folder))
    assert caught.value.fix is not None
    assert "download" in caught.value.fix
    assert str(model_folder) in str(caught.value.where)


@pytest.mark.parametrize(
    ("part", "changes", "says"),
    [
        ("whisper", {"num_mel_bins": 128}, "num_mel_bins is 128, not 80"),
        ("whisper", {"model_type": "wav2vec2"}, "model_type is wav2vec2"),
        ("vicuna", {"vocab_size": 385}, "vocab_size is 385, not 384"),
    ],
)
def test_another_model_is_named(model_folder: Path, part: str, changes: dict[str, Any], says: str) -> None:
    edit_json(model_folder / part / "config.json", **changes)
    with pytest.raises(InputError, match=says):
        load(read_model_config(model_folder))


def test_published_variants_say_what_to_download(model_folder: Path) -> None:
    config = read_model_config(model_folder, variant="13b")
    with pytest.raises(InputError, match="384 pieces, not 32000") as caught:
        load(config)
    assert "vicuna-13b-v1.1" in str(caught.value)


@pytest.mark.parametrize(
    ("variant", "changes", "says"),
    [
        (
            "13b",
            {"max_position_embeddings": 4096, "rms_norm_eps": 1e-5},
            "max_position_embeddings is 4096, not 2048",
        ),
        (
            "7b",
            {"max_position_embeddings": 2048, "rms_norm_eps": 1e-6},
            "max_position_embeddings is 2048, not 4096",
        ),
    ],
)
def test_the_other_vicuna_is_recognised_by_its_config(
    model_folder: Path, variant: str, changes: dict[str, Any], says: str
) -> None:
    from audit.inference.salmonn import checkpoint
    from audit.inference.salmonn.config import VARIANTS
    from audit.inference.salmonn.tokenizer import Tokenizer

    published = VARIANTS[variant]
    right = {"vocab_size": 32000, "hidden_size": published.hidden_size, "num_hidden_layers": published.layers}
    edit_json(model_folder / "vicuna" / "config.json", **right, **changes)
    tokenizer = Tokenizer(model_folder / "vicuna" / "tokenizer.model")
    with pytest.raises(InputError, match=says) as caught:
        checkpoint._vicuna(read_model_config(model_folder), published, tokenizer, torch.device("cpu"))
    assert published.vicuna in str(caught.value)


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch pwned",)


@pytest.mark.parametrize("file", ["salmonn.pth", "beats.pt", "vicuna/pytorch_model.bin"])
def test_no_pickle_is_executed(model_folder: Path, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(model_folder)
    data = torch.load(model_folder / file, weights_only=True)
    torch.save({**data, "config": Evil()}, model_folder / file)
    with pytest.raises(InputError, match=r"Python objects|cannot load the weights"):
        load(read_model_config(model_folder))
    assert not (model_folder / "pwned").exists()


@pytest.mark.parametrize(
    "file",
    [
        "salmonn.pth",
        "beats.pt",
        "vicuna/pytorch_model.bin",
        "whisper/model.safetensors",
        "vicuna/tokenizer.model",
    ],
)
@pytest.mark.parametrize("left", [0, 1000])
def test_a_cut_off_file_is_an_error_that_names_it(model_folder: Path, file: str, left: int) -> None:
    path = model_folder / file
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(InputError) as caught:
        load(read_model_config(model_folder))
    assert str(path.parent if "/" in file and "tokenizer" not in file else path) in str(caught.value)


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 4294967296\n"


def test_every_file_that_is_a_git_lfs_pointer_says_so(model_folder: Path) -> None:
    """Tokenizer, configurations and weights of all four parts, and what `doctor` says of them."""
    from audit.inference.checks import check

    files = [path for path in sorted(model_folder.rglob("*")) if path.is_file()]
    config = read_model_config(model_folder)
    folders = [path for pattern in ("config.json", "*.safetensors", "*.bin") for folder in (config.whisper, config.vicuna)
               for path in folder.glob(pattern)]  # fmt: skip
    read = {config.beats, config.salmonn, config.vicuna / "tokenizer.model", *folders}
    assert len(read) == 7
    assert read <= set(files)
    for path in sorted(read):
        whole = path.read_bytes()
        path.write_text(POINTER)
        with pytest.raises(InputError, match="a Git LFS pointer") as caught:
            load(config)
        assert caught.value.where == str(path)
        assert "git lfs pull" in str(caught.value.fix)
        found = [item.detail for item in check(model_folder / "model.yaml", ()) if not item.ok]
        if path in {config.beats, config.salmonn, config.vicuna / "tokenizer.model"}:
            assert any("a Git LFS pointer" in text for text in found), path
        path.write_bytes(whole)
    (model_folder / "model.yaml").write_text(POINTER)
    with pytest.raises(InputError, match="a Git LFS pointer"):
        read_model_config(model_folder)


def test_a_missing_file_is_an_error_that_names_it(model_folder: Path) -> None:
    says = {
        "salmonn.pth": "no such checkpoint",
        "beats.pt": "no such checkpoint",
        "vicuna/tokenizer.model": "tokenizer.model not found",
        "whisper/config.json": "no Hugging Face model folder",
    }
    for file, what in says.items():
        kept = (model_folder / file).read_bytes()
        (model_folder / file).unlink()
        with pytest.raises(InputError, match=what) as caught:
            load(read_model_config(model_folder))
        assert str((model_folder / file).parent) in str(caught.value)
        (model_folder / file).write_bytes(kept)


def test_safetensors_and_training_files_give_the_same_model(model_folder: Path, loaded: Any, heard: Any) -> None:
    from safetensors.torch import save_file

    beats = torch.load(model_folder / "beats.pt", weights_only=True)
    save_file(beats["model"], model_folder / "beats.safetensors")
    (model_folder / "beats.json").write_text(json.dumps(beats["cfg"]))
    edit_torch(
        model_folder / "salmonn.pth",
        lambda data: data.update(optimizer={"state": {0: torch.ones(1)}}, config={"run": {"seed": 42}}, epoch=3),
    )
    edit_torch(
        model_folder / "salmonn.pth",
        lambda data: data["model"].update(
            {
                "llama_model.base_model.model.model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(8),
                "speech_Qformer.bert.embeddings.position_ids": torch.ones(1, 512),
                "speech_Qformer.bert.encoder.layer.0.intermediate.dense.weight": torch.ones(1),
            }
        ),
    )
    config = read_model_config(model_folder)
    other = load(replace(config, beats=model_folder / "beats.safetensors"))
    assert len(other.record.ignored_parameters) == 3
    ours, theirs = loaded.model.state_dict(), other.model.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())
    assert other.record.weights["vicuna/pytorch_model.bin"] == loaded.record.weights["vicuna/pytorch_model.bin"]
    save_file(
        torch.load(model_folder / "salmonn.pth", weights_only=True)["model"],
        model_folder / "salmonn.safetensors",
    )
    third = load(replace(config, salmonn=model_folder / "salmonn.safetensors"))
    assert torch.equal(third.model.encode(*heard["short_0.5s"]), loaded.model.encode(*heard["short_0.5s"]))


def test_the_shared_position_table_is_the_one_loaded_last(loaded: Any) -> None:
    table = loaded.model.beats.encoder.layers[0].self_attn.relative_attention_bias.weight
    last = "encoder.layers.1.self_attn.relative_attention_bias.weight"
    assert torch.equal(table, tiny.tensor("beats", last, tiny.MANIFEST["beats"][last]))


@pytest.mark.parametrize(
    ("options", "near"),
    [
        ({"precision": "fp16"}, 0.02),
        ({"precision": "bf16"}, 0.2),
        ({"lora": "merged"}, 1e-4),
        ({"attention": "eager"}, 1e-4),
    ],
)
def test_options_run_and_are_recorded(
    model_folder: Path, loaded: Any, heard: Any, options: dict[str, str], near: float
) -> None:
    other = load(read_model_config(model_folder, **options))
    assert options.items() <= asdict(other.record).items()
    wanted = loaded.model.encode(*heard["mid_3.3s"])
    found = other.model.encode(*heard["mid_3.3s"])
    assert found.dtype == {"fp16": torch.float16, "bf16": torch.bfloat16}.get(
        options.get("precision", ""), torch.float32
    )
    assert (found.float() - wanted).abs().max() < near
    ids = [other.tokenizer.prompt(tiny.PROMPTS["asr"])]
    for rule in ("transformers-4.28", "current"):
        out = generate(other.model, found, ids, Decoding(rule, max_new_tokens=8))[0]
        assert 1 <= len(out.ids) <= 9
    if near <= 1e-4:
        decoding = Decoding(max_new_tokens=16)
        assert generate(other.model, found, ids, decoding) == generate(loaded.model, wanted, ids, decoding)


def test_lora_alpha_changes_the_model_and_is_recorded(model_folder: Path, loaded: Any, heard: Any) -> None:
    other = load(read_model_config(model_folder, lora_alpha=28))
    assert other.record.lora_alpha == 28
    audio = loaded.model.encode(*heard["short_0.5s"])
    ids = [loaded.tokenizer.prompt("x")]
    embeds, _ = loaded.model.assemble(audio, ids)
    positions = torch.arange(embeds.shape[1])[None]
    from audit.inference.salmonn.beam_cache import beam_attention

    logits = []
    for model in (loaded.model, other.model):
        with beam_attention(model.decoder):
            logits.append(model.logits(embeds, positions, None, None, last=1))
    assert (logits[0] - logits[1]).abs().max() > 1e-3


def test_eight_bits_without_the_library_is_said(model_folder: Path) -> None:
    if importlib.util.find_spec("bitsandbytes") is not None:
        pytest.skip("bitsandbytes is installed here")
    with pytest.raises(MissingError, match="bitsandbytes"):
        load(read_model_config(model_folder, precision="int8"))


@pytest.mark.filterwarnings("ignore")
def test_eight_bits_run_and_are_recorded(model_folder: Path, loaded: Any, heard: Any) -> None:
    pytest.importorskip("bitsandbytes")
    other = load(read_model_config(model_folder, precision="int8"))
    kinds = {type(module).__name__ for module in other.model.decoder.modules()}
    assert "Linear8bitLt" in kinds
    assert other.record.precision == "int8"
    audio = other.model.encode(*heard["mid_3.3s"])
    assert (audio.float() - loaded.model.encode(*heard["mid_3.3s"])).abs().max() < 0.02
    out = generate(other.model, audio, [other.tokenizer.prompt("x")], Decoding(max_new_tokens=6))[0]
    assert 2 <= len(out.ids) <= 7


def test_a_missing_device_is_said(model_folder: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    with pytest.raises(MissingError, match="no CUDA device"):
        load(read_model_config(model_folder, device="cuda:0"))
    with pytest.raises(InputError, match="no such device"):
        load(read_model_config(model_folder, device="gpu"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[1]", "not a mapping"),
        ("variant: [", "invalid YAML"),
        ("variant: 13b", "missing fields: whisper, beats, vicuna, salmonn"),
        ("variant: 14b\nwhisper: a\nbeats: b\nvicuna: c\nsalmonn: d", "variant must be one of"),
        ("variant: 13b\nwhisper: a\nbeats: b\nvicuna: c\nsalmonn: d\nlora_alpha: 0", "lora_alpha"),
        (
            "variant: 13b\nwhisper: a\nbeats: b\nvicuna: c\nsalmonn: d\nprecison: fp16",
            "unknown fields: precison",
        ),
    ],
)
def test_a_bad_model_file_is_explained(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "model.yaml").write_text(text)
    with pytest.raises(InputError, match=says):
        read_model_config(tmp_path)
    with pytest.raises(InputError, match=r"model.yaml not found"):
        read_model_config(tmp_path / "nowhere")


def test_the_raw_text_keeps_special_tokens_as_the_original_prints_them(loaded: Any) -> None:
    tokenizer = loaded.tokenizer
    ids = tokenizer.encode("the date")
    assert tokenizer.decode([1, *ids, 2]) == "<s> the date</s>"
    assert tokenizer.decode([*ids, 2]) == "the date</s>"
    assert tokenizer.decode([1, 2]) == "<s></s>"
    assert tokenizer.decode([1, *ids, tokenizer.pad_id]).endswith("[PAD]")
    with pytest.raises(InputError, match="special token"):
        tokenizer.encode("say </s> now")
