# ruff: noqa: E402 - torch is asked for first
"""The engine `transformers` with tiny random models, held against the library as its documentation calls it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import soundfile
import transformers

from audit.cli import main
from audit.errors import InputError
from audit.inference.model_engines.document import read_engine_model
from audit.inference.model_engines.interface import Heard
from audit.inference.model_file import open_model_file
from tests.support.inference import tiny_transformers

pytestmark = pytest.mark.torch
TASK = "pond-asr"
LENGTHS = (16000, 8000, 24000, 12000)
KINDS = {"whisper": "seq2seq", "wav2vec2": "ctc", "qwen2_audio": "chat"}
MORE = {
    "whisper": "language: en\ntask: transcribe\nmax_new_tokens: 8\n",
    "wav2vec2": "",
    "qwen2_audio": "prompt: Say it.\nmax_new_tokens: 12\n",
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    for name in KINDS:
        getattr(tiny_transformers, name)(root / name)
    return root


def sounds() -> list[Any]:
    return [np.random.RandomState(n).uniform(-0.3, 0.3, n).astype(np.float32) for n in LENGTHS]


@pytest.fixture
def place(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with four clips, their study, and a model file of each model."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clips").mkdir()
    lines = ["file_name,reference"]
    for number, sound in enumerate(sounds()):
        soundfile.write(tmp_path / "clips" / f"c{number}.wav", sound, 16000, subtype="FLOAT")
        lines.append(f"c{number}.wav,some words")
    (tmp_path / "clips" / "metadata.csv").write_text("\n".join(lines) + "\n")
    shown = Path(__file__).parents[3] / "docs" / "tutorial" / "real-model" / "study.yaml"
    (tmp_path / "study.yaml").write_text(shown.read_text("utf-8").replace("harbour-asr", TASK))
    for name, kind in KINDS.items():
        write(tmp_path, models / name, name, f"kind: {kind}\n{MORE[name]}")
    return tmp_path


def write(place: Path, folder: Path, name: str, keys: str) -> None:
    (place / f"{name}.yaml").write_text(f"engine: transformers\nname: Tiny\nmodel: {folder}\n{keys}", "utf-8")


def infer(name: str, *words: str) -> int:
    return main(["infer", "--task", TASK, "--model", f"{name}.yaml", "--data", "clips", *words])


def rows(out: str = "predictions") -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(out, f"{TASK}.jsonl").read_text("utf-8").splitlines()]


def expected(models: Path, name: str) -> list[str]:
    """The texts by the library alone, clip by clip, as its model cards show it."""
    folder = str(models / name)
    processor = transformers.AutoProcessor.from_pretrained(folder)
    found = []
    for sound in sounds():
        with torch.no_grad():
            if name == "whisper":
                model = transformers.WhisperForConditionalGeneration.from_pretrained(folder)
                inputs = processor(sound, sampling_rate=16000, return_tensors="pt")
                ids = model.generate(inputs.input_features, language="en", task="transcribe", max_new_tokens=8)
                text = processor.batch_decode(ids, skip_special_tokens=True)[0]
            elif name == "wav2vec2":
                ctc = transformers.Wav2Vec2ForCTC.from_pretrained(folder)
                inputs = processor(sound, sampling_rate=16000, return_tensors="pt")
                text = processor.batch_decode(ctc(**inputs).logits.argmax(-1))[0]
            else:
                chat = transformers.Qwen2AudioForConditionalGeneration.from_pretrained(folder)
                prompt = (
                    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n"
                    "Audio 1: <|audio_bos|><|AUDIO|><|audio_eos|>\nSay it.<|im_end|>\n<|im_start|>assistant\n"
                )
                inputs = processor(text=prompt, audio=[sound], sampling_rate=16000, return_tensors="pt")
                ids = chat.generate(**inputs, do_sample=False, max_new_tokens=12)[:, inputs.input_ids.shape[1] :]
                text = processor.batch_decode(ids, skip_special_tokens=True)[0]
        found.append(text.strip())
    return found


@pytest.mark.parametrize("name", list(KINDS))
def test_the_texts_are_the_library_s_in_batches_and_shards(models: Path, place: Path, name: str) -> None:
    wanted = expected(models, name)
    assert len(set(wanted)) > 1
    assert infer(name, "--out", "one") == 0
    assert [row["hypothesis"] for row in rows("one")] == wanted
    assert infer(name, "--out", "batch", "--batch-size", "3") == 0
    whole = Path("one", f"{TASK}.jsonl").read_bytes()
    assert Path("batch", f"{TASK}.jsonl").read_bytes() == whole
    for k in (1, 2):
        assert infer(name, "--out", "parts", "--shard", f"{k}/2") == 0
    assert main(["merge", "parts", "--task", TASK]) == 0
    assert Path("parts", f"{TASK}.jsonl").read_bytes() == whole
    meta = json.loads(Path("one", f"{TASK}.meta.json").read_text("utf-8"))
    assert "model.safetensors" in meta["weights"]
    assert meta["decoding"]["libraries"]["transformers"] == transformers.__version__
    assert (meta["decoding"]["kind"], meta["decoding"]["sampling"]) == (KINDS[name], False)
    assert meta["prompt"] == ("Say it." if name == "qwen2_audio" else None)
    assert meta["special_tokens"] == {"end": [{"whisper": "<|endoftext|>", "wav2vec2": "</s>"}.get(name, "<|im_end|>")]}


def test_an_output_that_ended_by_itself_is_told_from_a_cut_one(models: Path, place: Path) -> None:
    """Whisper's generate drops the end token of one clip, and keeps those of a batch."""
    folder = place / "ends"
    shutil.copytree(models / "whisper", folder)
    settings = json.loads((folder / "generation_config.json").read_text("utf-8"))
    tokenizer = transformers.AutoProcessor.from_pretrained(str(folder)).tokenizer
    first = transformers.WhisperForConditionalGeneration.from_pretrained(str(folder))
    features = transformers.WhisperFeatureExtractor()(sounds()[0], sampling_rate=16000, return_tensors="pt")
    ids = first.generate(features.input_features, language="en", max_new_tokens=8)[0].tolist()
    # What was the fifth token ends an output now.
    end = ids[4]
    settings |= {"eos_token_id": end, "pad_token_id": end}
    (folder / "generation_config.json").write_text(json.dumps(settings), "utf-8")
    write(place, folder, "ends", "language: en\nmax_new_tokens: 8\n")
    assert infer("ends", "--out", "one") == 0
    assert infer("ends", "--out", "batch", "--batch-size", "4") == 0
    assert rows("one")[0]["finished"] is True
    assert [row["finished"] for row in rows("one")] == [row["finished"] for row in rows("batch")]
    write(place, folder, "ends", "language: en\nmax_new_tokens: 2\n")
    assert infer("ends", "--out", "cut", "--limit", "1") == 0
    assert rows("cut")[0]["finished"] is (end in ids[:2])
    assert (
        tokenizer.decode(ids[:4]).strip() == rows("one")[0]["hypothesis"].removesuffix(tokenizer.decode([end])).strip()
    )


def test_several_workers_and_ray_give_the_same_bytes(place: Path) -> None:
    assert infer("wav2vec2", "--out", "one") == 0
    assert infer("wav2vec2", "--out", "two", "--device", "cpu", "--device", "cpu") == 0
    whole = Path("one", f"{TASK}.jsonl").read_bytes()
    assert Path("two", f"{TASK}.jsonl").read_bytes() == whole
    pytest.importorskip("ray")
    assert infer("wav2vec2", "--out", "ray", "--engine", "ray", "--workers", "2") == 0
    assert Path("ray", f"{TASK}.jsonl").read_bytes() == whole


def test_template_and_beams(models: Path, place: Path) -> None:
    template = "template: '<|audio_bos|><|AUDIO|><|audio_eos|>{prompt}'\n"
    write(place, models / "qwen2_audio", "base", f"kind: chat\n{template}{MORE['qwen2_audio']}num_beams: 2\n")
    assert infer("base") == 0
    processor = transformers.AutoProcessor.from_pretrained(str(models / "qwen2_audio"))
    model = transformers.Qwen2AudioForConditionalGeneration.from_pretrained(str(models / "qwen2_audio"))
    text = "<|audio_bos|><|AUDIO|><|audio_eos|>Say it."
    inputs = processor(text=text, audio=[sounds()[0]], sampling_rate=16000, return_tensors="pt")
    ids = model.generate(**inputs, do_sample=False, num_beams=2, max_new_tokens=12)[:, inputs.input_ids.shape[1] :]
    assert rows()[0]["hypothesis"] == processor.batch_decode(ids, skip_special_tokens=True)[0].strip()


def test_a_long_clip_is_cut_and_the_row_says_so(models: Path, place: Path) -> None:
    write(place, models / "wav2vec2", "short", "kind: ctc\nlongest_seconds: 1\n")
    assert infer("short") == 0
    assert [row["extra"].get("audio") for row in rows()] == [None, None, {"cut_samples": 8000}, None]


@pytest.mark.parametrize(
    ("name", "keys", "says"),
    [
        ("whisper", "kind: ctc\n", "WhisperForConditionalGeneration is not of the kind ctc"),
        ("wav2vec2", "kind: seq2seq\n", "Wav2Vec2ForCTC is not of the kind seq2seq"),
        ("whisper", "longest_seconds: 60\n", "the model hears at most 30 s"),
        ("whisper", "longest_seconds: null\n", "the model hears at most 30 s"),
        ("whisper", "language: fr\n", "the model does not know the language 'fr'"),
        ("whisper", "language: '<|en|>'\n", "the model does not know the language"),
        ("qwen2_audio", "kind: seq2seq\n", "Qwen2AudioForConditionalGeneration is not of the kind seq2seq"),
        ("whisper", "kind: chat\nprompt: a\n", "WhisperForConditionalGeneration is not of the kind chat"),
    ],
)
def test_a_model_that_does_not_fit_the_keys(models: Path, place: Path, name: str, keys: str, says: str) -> None:
    write(place, models / name, "bad", keys)
    engine, model = read_engine_model(open_model_file("bad.yaml"))
    with pytest.raises(InputError, match=says):
        engine.load(model)


def test_code_beside_the_weights_is_not_run(models: Path, place: Path) -> None:
    folder = place / "evil"
    shutil.copytree(models / "wav2vec2", folder)
    (folder / "code.py").write_text(f"open({str(place / 'ran')!r}, 'w')\nclass Evil: pass\n")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    for change in (
        {"architectures": ["Evil"], "auto_map": {"AutoModelForCTC": "code.Evil", "AutoConfig": "code.Evil"}},
        {"auto_map": {"AutoModelForCTC": "code.Evil", "AutoConfig": "code.Evil", "AutoProcessor": "code.Evil"}},
        {"architectures": ["os.system"]},
        {"architectures": ["AutoModelForCTC"]},
        {"architectures": None},
    ):
        (folder / "config.json").write_text(json.dumps({**config, **change}), "utf-8")
        write(place, folder, "evil", "kind: ctc\n")
        code = infer("evil", "--out", "evil-out")
        assert code in {0, 2}
        assert not (place / "ran").exists()
        shutil.rmtree("evil-out", ignore_errors=True)


def test_broken_files_are_explained(models: Path, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = place / "broken"
    shutil.copytree(models / "whisper", folder)
    write(place, folder, "broken", MORE["whisper"])
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    assert infer("broken") == 2
    assert "cannot be loaded" in capsys.readouterr().err
    (folder / "config.json").write_text("{")
    assert infer("broken") == 2
    assert "not strict JSON" in capsys.readouterr().err


def test_no_cuda_device_is_a_missing_requirement(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    assert infer("whisper", "--device", "cuda:0") == 3
    assert "the device cuda:0 is missing" in capsys.readouterr().err


def test_batches_keep_their_instructions(models: Path, place: Path) -> None:
    """Prompts of different lengths are padded on the left."""
    engine, model = read_engine_model(open_model_file("qwen2_audio.yaml"))
    loaded = engine.load(model)
    prompts = ("a", "What was said, word by word?", "b c", "")
    clips = [Heard(sound, prompt) for sound, prompt in zip(sounds(), prompts, strict=True)]
    assert loaded.answer(clips) == [loaded.answer([clip])[0] for clip in clips]
