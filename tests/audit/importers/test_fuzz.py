"""Mutated input files: every importer and every reader of data sets, manifests and predictions ends in an error of its own.

`REPRO_AUDIT_FUZZ=100000` runs more of them; mutation N is the same in every run, so a failure names the one to repeat:
`REPRO_AUDIT_FUZZ_ONLY=N`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from audit.cli.commands import import_
from audit.cli.import_scores import first_rows
from audit.errors import AuditError
from audit.importers import importers
from audit.importers.interface import Importer
from audit.importers.recognise import matches
from audit.importers.redis_fields import NAMES, Item, rows_of
from audit.importers.sample import sample
from audit.importers.writer import line, write
from audit.inference.model_engines.document import model_hashes, read_engine_model
from audit.inference.model_file import SALMONN, engine_name, open_model_file
from audit.inference.salmonn.config import read_model_config
from audit.literature.known_tasks import known_tasks as tasks
from audit.literature.set_manifest import notes
from audit.literature.sets import SetCard, card_of, load_sets
from audit.scoring.prediction_meta import PredictionMeta
from audit.scoring.predictions import load
from tasks.datasets import manifest as manifests
from tasks.datasets.errors import DatasetError
from tasks.datasets.registry import READERS, Options
from tasks.datasets.registry import read as read_set
from tests.support.import_files import import_files
from tests.support.layouts import LAYOUTS
from tests.support.mutations import Target

COUNT = int(os.environ.get("REPRO_AUDIT_FUZZ", "5000"))
ONLY = os.environ.get("REPRO_AUDIT_FUZZ_ONLY")
SEED = 16

# What is imported: the format, the file's name, the task, its contents, and the options.
ROWS = [{"id": "a", "hypothesis": "x y</s>", "reference": "x z", "prompt": "P", "extra": {"cluster": "c"}},
        {"id": "b", "hypothesis": "[u]", "reference": "['v', \"w\"]", "finished": True, "n": 1}]  # fmt: skip
CHOICES = [{"q": "1", "out": "B", "gold": "B", "options": ["dog", "cat"]},
           {"q": "2", "out": "cat", "gold": "(a)", "options": '["cow", "cat", "dog"]'}]  # fmt: skip
LISTS = [{"id": "a", "hypothesis": "x", "one": "[Music] x", "two": "['y']", "three": ""}]
SLOTS = [{"id": "a", "hypothesis": "x", "reference": {"slot": "s", "value": "v", "transcript": "t"}}]
TABLE = 'id,hypothesis,reference,finished\r\na,"x, ""y""\nz",[Music] z,true\r\nb,u,"[\'v\', ""w""]",\r\n'
JUDGED = {"j_binary": {"judge_score": 50.0, "success_rate": 1.0, "details": [
    {"question": "q", "reference": "Sad.", "model_prediction": "Sad.", "judge_response": "Rating: 1", "rate_score": 1,
     "success": 1}] * 2}}  # fmt: skip
PAIRS = {"wer": 0.5, "sample_wer": [{"reference": "a b", "prediction": "a c", "wer": 0.5}]}
OUTPUTS = [{"text": "p", "answer": "a", "task_type": "AC", "model_prediction": "b"}] * 2
CMI = [{"question": "q", "response": "<s> r</s>", "correct_answer": ["c"], "audioid": "x.wav", "other": ""}]


LLASO = [{"voice": ["a.flac"], "conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "Sad."}],
          "prediction": "Sad"}]  # fmt: skip


def dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def lines_of(values: list[Any]) -> bytes:
    return b"".join(dumped(value) + b"\n" for value in values)


def field(*pairs: str) -> list[str]:
    return [part for pair in pairs for part in ("--field", pair)]


IMPORTS: list[tuple[str, str, str, bytes, list[str]]] = [
    ("jsonl", "in.jsonl", "asr-librispeech-clean", lines_of(ROWS), []),
    ("jsonl", "in.json", "aac-audiocaps", dumped(ROWS), []),
    ("jsonl", "in.jsonl", "ke-inspec", lines_of(ROWS), ["--separator", ";"]),
    ("jsonl", "in.jsonl", "aac-audiocaps", lines_of(LISTS), field("reference=one", "reference=two", "reference=three")),
    ("jsonl", "in.jsonl", "osr-librimix", lines_of(LISTS), field("reference=one", "reference=two")),
    ("jsonl", "in.jsonl", "sf-slurp", lines_of(SLOTS), ["--prompt-field", "id"]),
    ("jsonl", "in.json", "sakura-animal-single", dumped(CHOICES),
     field("id=q", "hypothesis=out", "choices=options", "letter=gold")),
    ("csv", "in.csv", "aac-audiocaps", TABLE.encode(), []),
    ("csv", "in.tsv", "st-en-zh", TABLE.replace(",", "\t").encode(), []),
    ("csv", "in.csv", "asr-gigaspeech", TABLE.encode(), ["--number", "--no-quotes"]),
    ("csv", "in.csv", "sqqa-wikiqa", TABLE.encode(), field("reference.question=id", "reference.answers=reference")),
    ("audiobench", "in.json", "er-iemocap", dumped(JUDGED), []),
    ("audiobench", "in.json", "asr-librispeech-other", dumped(PAIRS), []),
    ("audiobench", "in.json", "aac-audiocaps", dumped(OUTPUTS), []),
    ("cmi-bench", "in.jsonl", "mc-musiccaps", dumped(CMI), ["--cluster-by-audio"]),
    ("llaso", "in.json", "er-iemocap", dumped(LLASO), []),
]  # fmt: skip


def test_every_importer_of_files_is_among_them() -> None:
    # Redis reads hashes, which are changed below.
    files = {kind for kind, *_ in IMPORTS} | {file.kind for file in import_files()}
    missing = {importer.name for importer in importers()} - files - {"redis"}
    assert not missing, "add a small valid file of each format to tests/support/import_files.py, so that it is mutated"


def imports(folder: Path) -> Iterator[Target]:
    parser = argparse.ArgumentParser()
    import_.add_arguments(parser)
    for number, (kind, name, task, valid, options) in enumerate(IMPORTS):
        file = folder / f"{number}-{name}"
        common = ["--task", task, "--model", "M", "--variant", "7b"]
        args = parser.parse_args([kind, str(file), *common, *options])
        yield Target(f"import {kind} {task}", file, valid, importing(args, folder / f"out-{number}"))
    for entry in import_files():
        home = folder / entry.id
        main_file = entry.lay(home)
        source = main_file.parent if entry.kind == "hf-dataset" else main_file
        common = ["--task", entry.task, "--model", "M", "--variant", "7b"]
        args = parser.parse_args([entry.kind, str(source), *common, *entry.arguments(home)])
        call = importing(args, home / "out")
        # The references, the scores and the parts of a data set are read, too.
        for name, valid in {entry.name: entry.raw, **entry.beside}.items():
            yield Target(f"import {entry.id} {name}", home / name, valid, call)


def importing(args: argparse.Namespace, out: Path) -> Callable[[], object]:
    calls = [0]

    def call() -> None:
        importer: Importer = args.importer
        task = tasks()[args.task]
        matches(sample(args.file), importers()) if hasattr(args, "file") else None
        found = importer.read(args, task)
        list(first_rows(found))
        import_._languages(found, task)
        for row in found.rows:
            line(row)
        calls[0] += 1
        if calls[0] % 25 == 1:  # writing takes most of the time
            write(out, task, found.rows, PredictionMeta(task.id, "M", "7b", source=found.source), replace=True)

    return call


def data_sets(folder: Path, cards: dict[str, SetCard]) -> Iterator[Target]:
    """Every label file of every layout; audio files are looked for, not read."""
    seen = set[tuple[str, str]]()
    for task, reader in READERS.items():
        root = folder / task
        root.mkdir()
        options = LAYOUTS[reader](root)
        for path in sorted(root.rglob("*")):
            is_label = path.is_file() and path.suffix not in {".wav", ".flac", ".mp3"}
            if is_label and (reader, path.name) not in seen:
                seen.add((reader, path.name))
                yield Target(f"{task} {path.name}", path, path.read_bytes(), reading(task, root, options, cards))
    for name, text in (
        ("metadata.csv", b'file_name,transcription,query\na.wav,"x, ""y""\nz",q\nb/c.wav,u,\n'),
        ("metadata.jsonl", lines_of([{"file_name": "a.wav", "id": "i", "reference": ["x"], "query": None, "n": 1}])),
    ):
        root = folder / name
        root.mkdir()
        (root / name).write_bytes(text)
        yield Target(f"audiofolder {name}", root / name, text, reading("sac-inhouse", root, Options(), cards))


MODELS = (
    b"""engine: faster-whisper
name: Whisper
model: m
language: en
temperatures: ["0", "0.2"]
patience: "1.5"
log_prob_threshold: null
vad_filter: true
sha256: {model.bin: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855}
""",
    b"""engine: transformers
kind: chat
name: Qwen
variant: 7b
model: m
device: cuda:0
max_new_tokens: 9
prompts: {a: "Say {}."}
""",
    b"variant: custom\nwhisper: w\nbeats: b.pt\nvicuna: v\nsalmonn: s.pth\nlora_alpha: 28\nprecision: fp16\n",
)


def model_files(folder: Path) -> Iterator[Target]:
    """model.yaml of every engine; the model's own files are empty."""
    (folder / "m").mkdir()
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (folder / "m" / name).write_bytes(b"")
    (folder / "m" / "tokenizer_config.json").write_text('{"eos_token": {"content": "</s>"}}')
    for number, text in enumerate(MODELS):
        file = folder / f"{number}.yaml"
        file.write_bytes(text)
        yield Target(f"model {number}", file, text, describing(file))
    file = folder / "m" / "tokenizer_config.json"
    (folder / "3.yaml").write_bytes(MODELS[1])
    yield Target("tokenizer_config.json", file, file.read_bytes(), describing(folder / "3.yaml"))


def describing(file: Path) -> Callable[[], object]:
    def call() -> None:
        document = open_model_file(file)
        if engine_name(document) == SALMONN:
            read_model_config(file)
            return
        engine, model = read_engine_model(document)
        model_hashes(engine, model)
        engine.decoding(model)
        engine.special_tokens(model)

    return call


def reading(task: str, root: Path, options: Options, cards: dict[str, SetCard]) -> Callable[[], object]:
    def call() -> None:
        found = read_set(task, root, options)
        found.text()
        notes(found, card_of(tasks()[task], cards))

    return call


def files(folder: Path) -> Iterator[Target]:
    """Manifests and prediction files."""
    root = folder / "m"
    LAYOUTS["slurp"](root)
    manifest = folder / "manifest.jsonl"
    text = manifests.with_hashes(read_set("sf-slurp", root, Options())).text()
    yield Target("manifest", manifest, text.encode(), lambda: manifests.read(manifest))
    for task, rows in (("asr-librispeech-clean", ROWS[:1]), ("sf-slurp", SLOTS)):
        path = folder / f"{task}.jsonl"
        meta = dumped({"schema": "repro-audit/predictions/1", "task": task, "model": "M", "variant": "7b",
                       "dataset": {"name": "d", "split": None}, "decoding": {"beams": 4}})  # fmt: skip
        path.write_bytes(lines_of(rows))
        path.with_suffix(".meta.json").write_bytes(meta)
        for file in (path, path.with_suffix(".meta.json")):
            yield Target(f"predictions {file.name}", file, file.read_bytes(), loading(path, task))


def loading(path: Path, task: str) -> Callable[[], object]:
    return lambda: load(path, tasks()[task])


HASH = {"infer": "date=a; time=b", "status": "done", "sentence": "s", "translation": "t", "caption": "c", "text": "AA0",
        "emotion": "neu", "keyphrases": "a; b", "ans1": "x", "ans2": "y", "question": "q", "answer": "a; b",
        "slots": "date=x; time=y", "transcript": "t"}  # fmt: skip


def hashes(rng: random.Random) -> None:
    """A hash of a Redis queue; starting a server for every mutated dump would test the server."""
    task = rng.choice([task for task in tasks().values() if task.id in NAMES])
    fields = dict(HASH)
    for _ in range(rng.choice((1, 2, 3))):
        name = rng.choice(list(fields))
        texts = ("", "x", "; ", "=", "a=b", "date=" * 40, "date=a; " * 300, "\u2028", "exc", "xxx", "(b)", "\x00")
        if rng.random() < 0.3:
            del fields[name]
        else:
            fields[name] = rng.choice(texts) + (fields[name] if rng.random() < 0.5 else "")
    constant = rng.choice((None, None, "yes", ""))
    rows_of(
        Item(f"task_n:{rng.randrange(9)}", fields), task, "n", rng.choice((None, "text")), constant,
        prompt_field=rng.choice((None, "text", "none")),
    )  # fmt: skip


def test_no_mutation_ends_in_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # nothing of this has to survive a power failure
    for name in ("imports", "sets", "files", "models"):
        (tmp_path / name).mkdir()
    targets = [*imports(tmp_path / "imports"), *data_sets(tmp_path / "sets", load_sets()), *files(tmp_path / "files"),
               *model_files(tmp_path / "models")]  # fmt: skip
    ends = Counter[str]()
    for number in [int(ONLY)] if ONLY else range(COUNT):
        rng = random.Random(f"{SEED}:{number}")
        target = rng.choice([None, *targets])
        name = "redis hash" if target is None else target.name
        try:
            hashes(rng) if target is None else target.run(rng)
            ends["read"] += 1
        except (AuditError, DatasetError) as error:
            ends[type(error).__name__ if str(error) else "without words"] += 1
        except Exception:  # noqa: BLE001
            pytest.fail(f"mutation {number} of {name} ends in a traceback:\n{traceback.format_exc()[-3000:]}")
    with capsys.disabled(), suppress(OSError):
        if COUNT > 5000:
            print(f"\n{COUNT} mutations of {len(targets) + 1} targets: {dict(ends)}")
    assert not ends["without words"]
    if not ONLY:
        # The mutations reach behind the first check: many are read, and many are refused.
        assert min(ends["read"], ends["InputError"], ends["DatasetError"]) > COUNT // 20
