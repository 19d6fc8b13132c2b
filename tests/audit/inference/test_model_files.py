"""model.yaml of a model engine: what is refused, and how; no model is needed."""

from __future__ import annotations

import hashlib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from audit.cli import main
from audit.errors import AuditError, CheckFailedError, InputError, MissingError
from audit.inference import model_engines
from audit.inference.model_engines import ENGINES, engine_named
from audit.inference.model_engines.document import COMMON, model_hashes, read_engine_model
from audit.inference.model_engines.interface import EngineModel
from audit.inference.model_engines.keys import names
from audit.inference.model_file import open_model_file
from tests.support.inference import made_engine

HEAD = "engine: faster-whisper\nname: Whisper\nmodel: whisper\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "whisper"
    place.mkdir()
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"):
        (place / name).write_text(name)
    (place / "README.md").write_text("not a part of the model")
    return tmp_path


def read(folder: Path, text: str, device: str | None = None) -> EngineModel:
    (folder / "model.yaml").write_text(text)
    return read_engine_model(open_model_file(folder), device)[1]


def test_a_short_file_is_enough(folder: Path) -> None:
    model = read(folder, HEAD)
    assert (model.engine, model.name, model.variant, model.device) == ("faster-whisper", "Whisper", "released", "cpu")
    assert model.folder == folder / "whisper"
    engine = engine_named("faster-whisper")
    decoding = engine.decoding(model)
    # What the defaults leave to the model is not stated, and neither is what does not determine the rows.
    assert (decoding["beam_size"], decoding["temperatures"], decoding["sampling"]) == (5, "0", False)
    assert not {"language", "initial_prompt", "threads"} & set(decoding)
    assert set(engine.files(model)) == {"model.bin", "config.json", "tokenizer.json", "vocabulary.txt"}


def test_values_are_kept_as_written(folder: Path) -> None:
    text = (
        'log_prob_threshold: null\npatience: "1.50"\nlength_penalty: 2\ntemperatures: ["0", "0.20"]\ndevice: cuda:1\n'
    )
    model = read(folder, HEAD + text)
    assert model.options["log_prob_threshold"] is None
    assert (model.options["patience"], model.options["length_penalty"]) == ("1.50", "2")
    decoding = engine_named("faster-whisper").decoding(model)
    assert (decoding["temperatures"], decoding["sampling"]) == ("0, 0.20", True)
    assert model.device == "cuda:1"
    assert read(folder, HEAD, device="cuda:0").device == "cuda:0"


@pytest.mark.parametrize(
    ("text", "line", "says", "fix"),
    [
        (
            HEAD.replace("faster-whisper", "fast-whisper"),
            "1: engine",
            "unknown engine 'fast-whisper'",
            "faster-whisper",
        ),
        (HEAD.replace("faster-whisper", "vllm"), "1: engine", "unknown engine 'vllm'", "salmonn, faster-whisper"),
        (HEAD + "beam_sise: 5\n", "4: beam_sise", "unknown key", "Did you mean beam_size"),
        (HEAD + "kind: ctc\n", "4: kind", "unknown key", "Keys of faster-whisper"),
        (HEAD.replace("name: Whisper\n", ""), "1", "the key `name` is missing", "engines.md"),
        (HEAD.replace("model: whisper\n", ""), "1", "the key `model` is missing", "engines.md"),
        (HEAD.replace("name: Whisper", "name: [a]"), "2: name", "must be a text, not a list", ""),
        (HEAD + "beam_size: 0\n", "4: beam_size", "must be a whole number from 1 to 100, not 0", ""),
        (HEAD + "beam_size: true\n", "4: beam_size", "must be a whole number", ""),
        (HEAD + 'beam_size: "5"\n', "4: beam_size", "must be a whole number", ""),
        (HEAD + "beam_size: null\n", "4: beam_size", "must be a whole number", ""),
        (HEAD + "vad_filter: yes\n", "4: vad_filter", "must be true or false, not 'yes'", ""),
        (HEAD + "patience: 1.5\n", "4: patience", "1.5 is a float", "quotes"),
        (HEAD + "patience: '1e400'\n", "4: patience", "must be a decimal number", ""),
        (HEAD + "patience: 'nan'\n", "4: patience", "must be a decimal number", ""),
        (HEAD + "temperatures: []\n", "4: temperatures", "must be a list of decimal numbers", ""),
        (HEAD + "temperatures: ['0', x]\n", "4: temperatures", "must be a list of decimal numbers", ""),
        (HEAD + "log_prob_threshold: x\n", "4: log_prob_threshold", "must be a decimal number in quotes, or null", ""),
        (HEAD + "compute_type: fp16\n", "4: compute_type", "must be one of float32", ""),
        (HEAD + "device: cuda:x\n", "4: device", "must be cpu, cuda", ""),
        (HEAD + "prompt: Transcribe.\n", "4: prompt", "takes no instruction", "Remove"),
        (HEAD + "prompts: {a: Transcribe.}\n", "4: prompts", "takes no instruction", "Remove"),
        (HEAD + "prompts: [a]\n", "4: prompts", "must be a mapping of texts", ""),
        (HEAD + "prompts: {a: 1}\n", "4: prompts.a", "must be a text", ""),
        (HEAD + "sha256: {model.bin: abc}\n", "4: sha256.model.bin", "not a SHA-256", ""),
        (HEAD + "sha256: abc\n", "4: sha256", "must be a mapping", ""),
        (HEAD + "name: Again\n", "4: name", "duplicate key", ""),
        (HEAD + "language: &a en\n", "4: language", "anchors and aliases are not allowed", ""),
        (HEAD + "language: !!python/name:os.system x\n", "4: language", "the tag", ""),
    ],
)
def test_a_bad_file_is_explained(folder: Path, text: str, line: str, says: str, fix: str) -> None:
    with pytest.raises(InputError) as caught:
        read(folder, text)
    assert says in caught.value.what
    assert caught.value.where == f"{folder / 'model.yaml'}:{line}"
    assert fix in (caught.value.fix or "")


@pytest.mark.parametrize(
    ("keys", "field", "says"),
    [
        ("template: '{prompt}'\n", "template", "does not apply to `kind: seq2seq`"),
        ("kind: ctc\nnum_beams: 2\n", "num_beams", "does not apply to `kind: ctc`"),
        ("kind: ctc\nlanguage: en\n", "language", "does not apply to `kind: ctc`"),
        ("kind: chat\nprompt: a\ntask: transcribe\n", "task", "does not apply to `kind: chat`"),
        ("kind: chat\nprompt: a\ntemplate: no place\n", "template", "no place for the instruction"),
        ("kind: ctc\nprompt: a\n", "prompt", "takes no instruction"),
    ],
)
def test_keys_that_do_not_fit_the_kind(folder: Path, keys: str, field: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        read(folder, f"engine: transformers\nname: x\nmodel: whisper\n{keys}")
    assert str(caught.value.where).endswith(f": {field}")


def test_a_device_that_is_none(folder: Path) -> None:
    with pytest.raises(InputError, match="not a device: 'gpu; rm'") as caught:
        read(folder, HEAD, device="gpu; rm")
    assert caught.value.where == "--device"


@pytest.mark.parametrize("absent", ["", "model.bin", "tokenizer.json"])
def test_a_missing_model_ends_with_3(folder: Path, absent: str) -> None:
    text = HEAD
    if absent:
        (folder / "whisper" / absent).unlink()
    else:
        text = HEAD.replace("model: whisper", "model: nowhere")
    with pytest.raises(MissingError) as caught:
        read(folder, text)
    assert (absent or "there is no folder") in caught.value.what
    assert caught.value.where == f"{folder / 'model.yaml'}:3: model"
    assert caught.value.exit_code == 3


def test_a_folder_that_no_file_system_can_hold_ends_with_3(folder: Path) -> None:
    for name in ("m" * 300, '"m\\0"'):
        with pytest.raises(MissingError, match="there is no folder"):
            read(folder, HEAD.replace("model: whisper", f"model: {name}"))


def test_a_file_with_another_hash_ends_with_1(folder: Path) -> None:
    right = hashlib.sha256(b"model.bin").hexdigest()
    engine = engine_named("faster-whisper")
    found = model_hashes(engine, read(folder, HEAD + f"sha256: {{model.bin: {right.upper()}}}\n"))
    assert found["model.bin"] == right
    with pytest.raises(CheckFailedError, match=f"its SHA-256 is {right}, not {'0' * 64}") as caught:
        model_hashes(engine, read(folder, HEAD + f"sha256: {{model.bin: {'0' * 64}}}\n"))
    assert caught.value.exit_code == 1
    assert caught.value.where == str(folder / "whisper" / "model.bin")
    with pytest.raises(InputError, match=r"no file 'modell\.bin'"):
        model_hashes(engine, read(folder, HEAD + f"sha256: {{modell.bin: {right}}}\n"))
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 145217532\n"
    (folder / "whisper" / "vocabulary.txt").write_text(pointer)
    with pytest.raises(InputError, match="a Git LFS pointer") as pointed:
        model_hashes(engine, read(folder, HEAD))
    assert pointed.value.where == str(folder / "whisper" / "vocabulary.txt")
    (folder / "whisper" / "vocabulary.txt").write_text("vocabulary.txt")
    # A hash is remembered only while the file is the same.
    memory = folder / "weights.json"
    assert model_hashes(engine, read(folder, HEAD), memory) == found
    (folder / "whisper" / "model.bin").write_text("another model")
    assert model_hashes(engine, read(folder, HEAD), memory)["model.bin"] != right


def test_the_command_ends_with_the_codes(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made_engine.register(monkeypatch)
    monkeypatch.chdir(folder)
    infer = ["infer", "--task", "asr-librispeech-clean", "--model", "model.yaml", "--data", "."]
    (folder / "model.yaml").write_text("engine: vllm\nname: x\nmodel: y\n")
    assert main(infer) == 2
    assert "model.yaml:1: engine: unknown engine 'vllm'" in capsys.readouterr().err
    assert main(["probe", "determinism", *infer[1:]]) in {2, 3}  # 3 without torch, which a probe of SALMONN needs
    assert main([*infer[:-2], "--manifest", "nowhere"]) == 2


def test_every_key_has_a_sense() -> None:
    for engine in ENGINES:
        every = names((*COMMON, *engine.keys))
        assert len(every) == len(set(every)), engine.name
        for key in engine.keys:
            assert key.what, key
            # A default is a value that the key itself would read, in YAML's types.
            written = list(key.default) if isinstance(key.default, tuple) else key.default
            assert key.default is None or key.kind.read(written) == key.default, key


def _found(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    point = EntryPoint("own", value, "repro_audit.engines")
    monkeypatch.setattr(model_engines, "entry_points", lambda group: [point] if group == point.group else [])


def test_an_installed_package_may_bring_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made_engine.Made, "name", "own")
    _found(monkeypatch, "tests.support.inference.made_engine:Made")
    assert isinstance(engine_named("own"), made_engine.Made)
    with pytest.raises(InputError, match="unknown engine 'other'") as caught:
        engine_named("other")
    assert "own" in str(caught.value.fix)


@pytest.mark.parametrize(
    ("value", "says"),
    [("tests.nowhere:X", "cannot be loaded"), ("pathlib:Path", "is not a subclass"),
     ("tests.support.inference.made_engine:Made", "with the name 'own'")],
)  # fmt: skip
def test_a_package_that_brings_none_is_named(monkeypatch: pytest.MonkeyPatch, value: str, says: str) -> None:
    _found(monkeypatch, value)
    with pytest.raises(AuditError, match=says) as caught:
        engine_named("own")
    assert "entry point own" in str(caught.value.where)
